//! What a person wants a connection to be, and its three writes, each with its audit entry.

use crate::webhooks::{Act, SecretChange};
use secrecy::ExposeSecret;
use signalbox_core::change::{Change, Snapshot, Value, diff_snapshots};
use signalbox_core::seal::{CannotOpen, seal_bytes};
use signalbox_core::sentence::Sentence;
use signalbox_gitlab::read_base_url;
use signalbox_outbound::{PemFault, Roots};
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::gitlab::{self, Connection, ConnectionValues};
use signalbox_store::secret_key::Place;
use signalbox_store::{Conn, StoreError, run_transaction};
use url::Url;

/// A connection as it is asked for, nothing checked yet.
#[derive(Default)]
#[expect(missing_docs, reason = "the form's fields")]
pub struct ConnectionDraft {
    pub name: String,
    pub base_url: String,
    pub token: SecretChange,
    pub ca_pem: String,
    pub allow_private_network: bool,
}

/// A connection as it may be saved.
pub struct ConnectionInput {
    draft: ConnectionDraft,
    base_url: Url,
}

/// Why a connection was not saved or deleted.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// There is one of this address.
    #[error("there is a connection of this address")]
    AddressTaken,
    /// Its token could not be sealed.
    #[error(transparent)]
    Seal(#[from] CannotOpen),
    /// It changed, is gone, or the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConnectionInput {
    /// Checks what was asked for.
    ///
    /// # Errors
    /// Each field that is wrong, with what is.
    pub fn check_draft(
        mut draft: ConnectionDraft,
        has_token: bool,
    ) -> Result<Self, Vec<(&'static str, Sentence)>> {
        let mut faults = Vec::new();
        let base_url = read_base_url(&draft.base_url);
        match &base_url {
            None => faults.push((
                "base_url",
                "Enter the address of GitLab’s start page, for example https://gitlab.example.com."
                    .into(),
            )),
            Some(url) if url.scheme() == "http" && !draft.allow_private_network => faults.push((
                "base_url",
                "Use https: over http, anyone on the way could read the token. In a private \
                 network, allow private networks below."
                    .into(),
            )),
            Some(_) => {}
        }
        if draft.name.is_empty() {
            // The host says it.
            base_url
                .as_ref()
                .and_then(Url::host_str)
                .unwrap_or_default()
                .clone_into(&mut draft.name);
        }
        if draft.name.chars().count() > 100 || draft.name.chars().any(char::is_control) {
            faults.push(("name", "Use at most 100 characters, in one line.".into()));
        }
        match &draft.token {
            SecretChange::Set(token) => {
                let token = token.expose_secret();
                let is_plain = token.chars().all(|letter| letter.is_ascii_graphic());
                if !is_plain || token.len() > 500 {
                    faults.push((
                        "access_token",
                        "Copy the token again: it has letters, digits and signs, and no space."
                            .into(),
                    ));
                }
            }
            SecretChange::Keep if has_token => {}
            SecretChange::Keep | SecretChange::Remove => {
                faults.push(("access_token", "Enter an access token.".into()));
            }
        }
        if let Some(fault) = ca_fault(&draft.ca_pem) {
            faults.push(("ca_pem", fault));
        }
        match base_url {
            Some(base_url) if faults.is_empty() => Ok(Self { draft, base_url }),
            _ => Err(faults),
        }
    }
}

fn ca_fault(pem: &str) -> Option<Sentence> {
    if pem.is_empty() {
        return None;
    }
    match Roots::from_pem(pem.as_bytes()).err()? {
        PemFault::NotPem(error) => {
            Some(Sentence::new("This is not PEM: {error}").with("error", error))
        }
        PemFault::Unusable(error) => {
            Some(Sentence::new("A certificate is unusable: {error}").with("error", error))
        }
        PemFault::Empty => {
            Some("Paste certificates in PEM: “-----BEGIN CERTIFICATE-----” and so on.".into())
        }
    }
}

/// Saves a connection: a new one, or one that had this version when its form was opened.
///
/// # Errors
/// It is stale or gone, or another one has its address.
pub async fn save_connection(
    conn: &mut Conn,
    act: &Act<'_>,
    target: Option<(i64, i32)>,
    input: &ConnectionInput,
) -> Result<Connection, ConnectionError> {
    let ConnectionInput { draft, base_url } = input;
    let token = match &draft.token {
        SecretChange::Set(token) => {
            let (purpose, plain) = (Place::GitlabConnections.purpose(), token.expose_secret());
            Some(seal_bytes(&act.keys.seal, act.nonce, purpose, plain.as_bytes())?)
        }
        SecretChange::Keep | SecretChange::Remove => None,
    };
    let values = ConnectionValues {
        name: &draft.name,
        base_url: base_url.as_str(),
        ca_pem: &draft.ca_pem,
        allow_private_network: draft.allow_private_network,
        token,
    };
    let saved = run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        let (before, after) = match target {
            None => (None, gitlab::insert_connection(conn, &values, act.now).await?),
            Some((id, version)) => (
                Some(gitlab::find_connection(conn, id).await?),
                gitlab::update_connection(conn, (id, version), &values, act.now).await?,
            ),
        };
        let old = before.as_ref().map(take_snapshot);
        let mut changes = diff_snapshots(old.as_ref(), Some(&take_snapshot(&after)));
        if values.token.is_some() {
            changes.push(Change::of_secret("access_token"));
        }
        let verb = if before.is_some() { Verb::Change } else { Verb::Add };
        if !changes.is_empty() {
            log_connection(conn, act, verb, (&after, changes)).await?;
        }
        Ok(after)
    })
    .await;
    saved.map_err(|error| match error {
        StoreError::Constraint(broken) if broken == "gitlab_connections_base_url_key" => {
            ConnectionError::AddressTaken
        }
        error => error.into(),
    })
}

/// Deletes a connection; answers its name.
///
/// # Errors
/// It is gone; the database.
pub async fn delete_connection(
    conn: &mut Conn,
    act: &Act<'_>,
    id: i64,
) -> Result<String, StoreError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let before = gitlab::delete_connection(conn, id).await?;
        let changes = diff_snapshots(Some(&take_snapshot(&before)), None);
        log_connection(conn, act, Verb::Delete, (&before, changes)).await?;
        Ok(before.name)
    })
    .await
}

fn take_snapshot(connection: &Connection) -> Snapshot {
    Snapshot::from([
        ("name", Value::Text(connection.name.clone())),
        ("base_url", Value::Text(connection.base_url.clone())),
        ("ca_pem", Value::Text(connection.ca_pem.clone())),
        ("allow_private_network", Value::Bool(connection.allow_private_network)),
    ])
}

async fn log_connection(
    conn: &mut Conn,
    act: &Act<'_>,
    verb: Verb,
    (connection, changes): (&Connection, Vec<Change>),
) -> Result<(), StoreError> {
    let entry = Entry {
        at: act.now,
        actor: act.actor,
        verb,
        object_type: object::CONNECTION,
        object_id: &connection.id.to_string(),
        object_name: &connection.name,
        changes,
        remote_addr: act.remote_addr,
    };
    audit::record_entry(conn, entry).await
}
