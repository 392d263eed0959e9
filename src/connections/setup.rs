//! Makes GitLab's webhook of a project, or takes over the one there is, and asks for a Test.
//!
//! What GitLab is to have is committed before it is asked for: whatever dies in between, the next
//! look at the webhook finishes it. There is one webhook a project, told by our URL, so that asking
//! twice makes none twice.

use super::client::open_client;
use crate::clock;
use crate::intake::IntakeError;
use crate::webhooks::{self, Act, SaveError};
use secrecy::{ExposeSecret, SecretString};
use signalbox_core::event::repository::{RepositoryUrl, same_repository};
use signalbox_core::ids::WebhookId;
use signalbox_core::seal::{CannotOpen, Keys, open_sealed, seal_bytes};
use signalbox_core::sentence::Sentence;
use signalbox_gitlab::hooks::{Drift, Hook as GitlabHook, Owner, Trigger, Wanted};
use signalbox_gitlab::projects::Project;
use signalbox_gitlab::{ApiFailure, Client};
use signalbox_store::gitlab::{self, Connection, Hook};
use signalbox_store::secret_key::Place;
use signalbox_store::webhooks::Row;
use signalbox_store::{Conn, Pool, StoreError, run_transaction};

/// How long tokens that GitLab's webhook had before stay valid here.
pub(super) const KEEP_DAYS: i64 = 7;

/// What became of GitLab's webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether GitLab had none before.
    pub is_new: bool,
    /// What became of the Test.
    pub test: Test,
}

/// What became of a Test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Nobody asked for one.
    NotAsked,
    /// It was sent, and we took it.
    Sent,
    /// GitLab did not send it, or did not like our answer.
    Failed(ApiFailure),
}

/// Why a webhook was not set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// What GitLab says.
    #[error("{}", .0.sentence())]
    Gitlab(ApiFailure),
    /// What a person can mend.
    #[error("{0}")]
    Refused(Sentence),
    /// Another process, or person, is at it.
    #[error("somebody else is setting it up")]
    Busy,
    /// An event could not be stored.
    #[error("{0}")]
    Intake(#[from] IntakeError),
    /// The database, or a webhook that changed meanwhile.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl From<ApiFailure> for SetupError {
    fn from(failure: ApiFailure) -> Self {
        Self::Gitlab(failure)
    }
}

impl From<StoreError> for SetupError {
    fn from(error: StoreError) -> Self {
        Self::Save(error.into())
    }
}

impl From<CannotOpen> for SetupError {
    fn from(error: CannotOpen) -> Self {
        Self::Save(error.into())
    }
}

/// The secret token that a project's webhook is to have: the one it has, or a new one.
///
/// # Errors
/// Those of the database; a token that cannot be opened.
pub async fn project_token(
    conn: &mut Conn,
    keys: &Keys,
    connection: i64,
    project: i64,
) -> Result<SecretString, SaveError> {
    match gitlab::find_hook_of_project(conn, connection, project).await? {
        Some(hook) => Ok(open_token(keys, &hook)?),
        None => Ok(clock::secret_text().into()),
    }
}

pub(super) fn open_token(keys: &Keys, hook: &Hook) -> Result<SecretString, CannotOpen> {
    let plain = open_sealed(&keys.seal, Place::GitlabHooks.purpose(), &hook.token)?;
    String::from_utf8(plain).map(SecretString::from).map_err(|_| CannotOpen)
}

/// A token as it is stored.
pub(super) fn seal_token(keys: &Keys, token: &SecretString) -> Result<Vec<u8>, CannotOpen> {
    let plain = token.expose_secret().as_bytes();
    seal_bytes(&keys.seal, clock::random_bytes(), Place::GitlabHooks.purpose(), plain)
}

/// Sets a webhook up in GitLab: its project's webhook is made, or taken over, and sends its events
/// with tokens that both know.
///
/// # Errors
/// What GitLab says, or what a person can mend. What is known stays written down, to be finished.
pub async fn set_up_webhook(
    pool: &Pool,
    act: &Act<'_>,
    (id, connection): (WebhookId, i64),
    url: &str,
    with_test: bool,
) -> Result<Outcome, SetupError> {
    let (row, connection) = {
        let mut conn = pool.get_conn().await?;
        let row = signalbox_store::webhooks::find_webhook(&mut conn, id).await?;
        (row, gitlab::find_connection(&mut conn, connection).await?)
    };
    let trigger = trigger_of(&row).ok_or_else(|| {
        SetupError::Refused(
            Sentence::new("A project’s webhook in GitLab does not send {kind} events.")
                .with("kind", &row.object_kind),
        )
    })?;
    if row.is_pending() && !row.register_on_first_event {
        return Err(SetupError::Refused(
            "This webhook registers at the registration endpoint only. Let it register at the main \
             endpoint, then set it up."
                .into(),
        ));
    }
    let client = open_client(pool, act.keys, &connection)?;
    let project = find_project(&client, &row).await?;
    let found = find_ours(&client, project.id, url).await?;
    let hook = {
        let mut conn = pool.get_conn().await?;
        prepare_hook(&mut conn, act, (&row, connection.id), (project.id, url), found.is_some())
            .await?
    };
    let written = write_hook(pool, act.keys, &client, hook.id, false).await?;
    let test = if with_test {
        match client.test_hook(Owner::Project(project.id), written.id, trigger).await {
            Ok(()) => Test::Sent,
            Err(failure) => Test::Failed(failure),
        }
    } else {
        Test::NotAsked
    };
    Ok(Outcome { is_new: found.is_none() && hook.hook_id.is_none(), test })
}

/// Makes a project's webhook what it is to be, branch filter and template included.
///
/// # Errors
/// As [`set_up_webhook`].
pub async fn fix_hook(
    pool: &Pool,
    keys: &Keys,
    connection: &Connection,
    hook: &Hook,
) -> Result<(), SetupError> {
    let client = open_client(pool, keys, connection)?;
    let fixed = write_hook(pool, keys, &client, hook.id, true).await?;
    if fixed.is_disabled() {
        super::health::enable_hook(pool, &client, hook, fixed.id).await?;
    }
    Ok(())
}

fn trigger_of(row: &Row) -> Option<Trigger> {
    Trigger::of_event(&row.object_kind, &row.http_x_gitlab_event)
}

/// What GitLab's webhook is to listen for.
pub(super) fn linked_triggers(webhooks: &[Row]) -> Vec<Trigger> {
    let mut triggers: Vec<Trigger> = webhooks.iter().filter_map(trigger_of).collect();
    triggers.sort_unstable();
    triggers.dedup();
    triggers
}

/// GitLab's webhook as it was seen last.
pub(super) fn last_seen(hook: &Hook) -> Option<GitlabHook> {
    serde_json::from_value(hook.seen.clone()?).ok()
}

/// In what GitLab's webhook differs from what it is to be, as it was seen last.
pub fn find_drift(hook: &Hook, webhooks: &[Row]) -> Vec<Drift> {
    last_seen(hook)
        .map(|seen| seen.find_drift(&hook.url, &linked_triggers(webhooks)))
        .unwrap_or_default()
}

/// The webhook's project: by its number where it is known, else by its repository.
async fn find_project(client: &Client, row: &Row) -> Result<Project, SetupError> {
    let project = if row.project_id > 0 {
        client.fetch_project(row.project_id).await?
    } else {
        let path = RepositoryUrl::parse(&row.repo_url).path().to_owned();
        client.find_project(&path).await?
    };
    let addresses = [&project.ssh_url_to_repo, &project.http_url_to_repo, &project.web_url];
    if addresses.into_iter().any(|address| same_repository(address, &row.repo_url)) {
        return Ok(project);
    }
    Err(SetupError::Refused(
        Sentence::new(
            "The project that this GitLab has is {path}, and its repository is not this webhook’s.",
        )
        .with("path", project.path_with_namespace),
    ))
}

/// The project's webhook that sends to us, if there is one: whatever its query.
async fn find_ours(
    client: &Client,
    project: i64,
    url: &str,
) -> Result<Option<GitlabHook>, ApiFailure> {
    let hooks = client.list_hooks(Owner::Project(project)).await?;
    Ok(hooks.into_iter().find(|hook| hook.url.trim_end_matches('/') == url))
}

/// Writes down what GitLab is to have, and gives the webhooks that it serves its tokens: this one, and
/// where GitLab's webhook is taken over, those that it serves already.
async fn prepare_hook(
    conn: &mut Conn,
    act: &Act<'_>,
    (row, connection): (&Row, i64),
    (project, url): (i64, &str),
    takes_over: bool,
) -> Result<Hook, SetupError> {
    let token = project_token(conn, act.keys, connection, project).await?;
    let sealed = seal_token(act.keys, &token)?;
    run_transaction::<_, SetupError, _>(conn, async |conn: &mut Conn| {
        let hook =
            gitlab::insert_hook(conn, (connection, project), (url, &sealed), act.now).await?;
        // Somebody may have been first.
        let token = open_token(act.keys, &hook)?;
        let mut served = vec![WebhookId(row.id)];
        if takes_over && hook.hook_id.is_none() {
            // Projects of two instances may have one number.
            let known = gitlab::list_unlinked(conn, project).await?;
            let same = known.iter().filter(|other| same_repository(&other.repo_url, &row.repo_url));
            served.extend(same.map(|other| WebhookId(other.id)));
            served.sort_unstable();
            served.dedup();
        }
        for id in &served {
            webhooks::set_tokens(conn, act, *id, &token, KEEP_DAYS).await?;
        }
        gitlab::link_webhooks(conn, hook.id, &served).await?;
        Ok(hook)
    })
    .await
}

/// Makes GitLab's webhook what it is to be: URL and tokens in one call, or one that is new.
pub(super) async fn write_hook(
    pool: &Pool,
    keys: &Keys,
    client: &Client,
    id: i64,
    whole: bool,
) -> Result<GitlabHook, SetupError> {
    let claimed = gitlab::claim_hook(&mut *pool.get_conn().await?, id, clock::now()).await?;
    let Some(hook) = claimed else { return Err(SetupError::Busy) };
    let written = write_claimed(pool, keys, client, &hook, whole).await;
    let mut conn = pool.get_conn().await?;
    match &written {
        Ok(seen) => {
            note_seen(&mut conn, id, seen).await?;
            gitlab::note_written(&mut conn, &hook).await?;
        }
        Err(SetupError::Gitlab(failure)) => {
            gitlab::note_hook_failure(&mut conn, id, &failure.to_stored(), clock::now()).await?;
        }
        Err(_) => {}
    }
    gitlab::release_hook(&mut conn, id).await?;
    written
}

/// Notes what GitLab says of a webhook.
pub(super) async fn note_seen(
    conn: &mut Conn,
    id: i64,
    seen: &GitlabHook,
) -> Result<(), StoreError> {
    let stored = serde_json::to_value(seen).unwrap_or_default();
    gitlab::note_hook_seen(conn, id, (seen.id, &stored), clock::now()).await
}

/// Gives the webhooks here the tokens that GitLab is about to have, and answers those webhooks: one that
/// had a signing token of its own would refuse what comes next.
async fn share_tokens(
    conn: &mut Conn,
    keys: &Keys,
    hook: &Hook,
    token: &SecretString,
) -> Result<Vec<Row>, SetupError> {
    let act = own_act(keys);
    run_transaction::<_, SetupError, _>(conn, async |conn: &mut Conn| {
        let served = gitlab::hook_webhooks(conn, hook.id).await?;
        for row in &served {
            webhooks::set_tokens(conn, &act, WebhookId(row.id), token, KEEP_DAYS).await?;
        }
        Ok(served)
    })
    .await
}

/// What nobody asked for.
pub(super) fn own_act(keys: &Keys) -> Act<'_> {
    Act { actor: None, remote_addr: "", keys, nonce: clock::random_bytes(), now: clock::now() }
}

async fn write_claimed(
    pool: &Pool,
    keys: &Keys,
    client: &Client,
    hook: &Hook,
    whole: bool,
) -> Result<GitlabHook, SetupError> {
    let token = open_token(keys, hook)?;
    let served = share_tokens(&mut *pool.get_conn().await?, keys, hook, &token).await?;
    let triggers = linked_triggers(&served);
    let signing_token = webhooks::signing_token_beside(keys, &token);
    let wanted = Wanted {
        url: &hook.url,
        token: &token,
        signing_token: &signing_token,
        triggers: &triggers,
        whole,
    };
    let owner = Owner::Project(hook.project_id);
    let known = match hook.hook_id {
        Some(id) => match client.fetch_hook(owner, id).await {
            Ok(known) => Some(known),
            // Somebody deleted it.
            Err(ApiFailure::NotFound) => find_ours(client, hook.project_id, &hook.url).await?,
            Err(failure) => return Err(failure.into()),
        },
        None => find_ours(client, hook.project_id, &hook.url).await?,
    };
    Ok(match &known {
        Some(known) => client.edit_hook(owner, known, &wanted).await?,
        None => client.create_hook(owner, &wanted).await?,
    })
}
