//! A connection's client: its token opened, its certificates read, every call written down.

use crate::clock;
use secrecy::SecretString;
use signalbox_core::failure::Failure;
use signalbox_core::seal::{Keys, open_sealed};
use signalbox_core::sentence::Sentence;
use signalbox_gitlab::projects::Project;
use signalbox_gitlab::{ApiFailure, CallRecord, Client, ClientOptions, Recorder, read_base_url};
use signalbox_outbound::{PrivateNetwork, Roots};
use signalbox_store::Pool;
use signalbox_store::gitlab::{self, Call, Connection};
use signalbox_store::secret_key::Place;
use std::sync::Arc;

/// What a private address without leave is answered with.
const REFUSED: &str =
    "{address} is of a private network or this machine: tick “Allow private networks” to call it";

/// A client of a connection.
///
/// # Errors
/// If its token cannot be opened, or this machine trusts nobody.
pub(super) fn open_client(
    pool: &Pool,
    keys: &Keys,
    connection: &Connection,
) -> Result<Client, ApiFailure> {
    let unusable = |why| ApiFailure::NoAnswer { why, temporary: false };
    let not_sent = |pattern| unusable(Failure::NotSent { reason: Sentence::new(pattern) });
    let token = open_sealed(&keys.seal, Place::GitlabConnections.purpose(), &connection.token)
        .ok()
        .and_then(|plain| String::from_utf8(plain).ok())
        .ok_or_else(|| not_sent("the stored token cannot be opened"))?;
    let base = read_base_url(&connection.base_url)
        .ok_or_else(|| not_sent("its address cannot be read"))?;
    let roots = if connection.ca_pem.is_empty() {
        Roots::of_this_machine().map_err(unusable)?
    } else {
        Roots::from_pem(connection.ca_pem.as_bytes())
            .map_err(|_| not_sent("its certificates cannot be read"))?
    };
    Ok(Client::new(ClientOptions {
        base,
        token: SecretString::from(token),
        private_network: if connection.allow_private_network {
            PrivateNetwork::Allowed
        } else {
            PrivateNetwork::Refused(REFUSED)
        },
        roots,
        recorder: call_recorder(pool.clone(), connection.id),
    }))
}

/// The projects of a connection whose webhooks its token may change.
///
/// # Errors
/// Why GitLab did not say.
pub async fn search_projects(
    pool: &Pool,
    keys: &Keys,
    connection: &Connection,
    words: &str,
) -> Result<Vec<Project>, ApiFailure> {
    open_client(pool, keys, connection)?.search_projects(words).await
}

/// Writes calls down, beside whoever made them: a call that cannot be written down was made all the same.
fn call_recorder(pool: Pool, connection: i64) -> Recorder {
    Arc::new(move |record| {
        let (pool, at) = (pool.clone(), clock::now());
        tokio::spawn(async move {
            let written = async {
                let mut conn = pool.get_conn().await?;
                gitlab::insert_call(&mut conn, &call_row(connection, &record, at)).await
            };
            if let Err(error) = written.await {
                tracing::warn!(connection.id = connection, %error, "Failed to write down a call of GitLab: {error}");
            }
        });
    })
}

fn call_row(
    connection_id: i64,
    record: &CallRecord,
    at: chrono::DateTime<chrono::Utc>,
) -> Call<'_> {
    Call {
        connection_id,
        at,
        method: &record.method,
        path: &record.path,
        status: record.status.map(i32::from),
        took_ms: i64::try_from(record.took.as_millis()).unwrap_or(i64::MAX),
        tries: i32::try_from(record.tries).unwrap_or(i32::MAX),
        failure: record.failure.as_ref().map(ApiFailure::to_stored),
    }
}
