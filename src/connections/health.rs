//! Looks every few minutes at each connection and at GitLab's webhooks, in one process at a time:
//! what an interrupted set-up left is finished, what is disabled is tested and so enabled again,
//! renamed projects are followed, what GitLab could not deliver is taken from its log, and what differs
//! from what it is to be is noted for the pages, or fixed where a person said so.

use super::check::check_connection;
use super::client::open_client;
use super::follow::follow_project;
use super::setup::{SetupError, linked_triggers, note_seen, write_hook};
use super::take::CatchUp;
use crate::clock;
use crate::intake::{Intake, Policy};
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::seal::Keys;
use signalbox_gitlab::hooks::{Drift, Hook as GitlabHook, Owner, Trigger};
use signalbox_gitlab::{ApiFailure, Client};
use signalbox_store::Pool;
use signalbox_store::gitlab::{self, Connection, Hook, heads};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// How often a process looks whether something is due.
const LOOK: Duration = Duration::from_secs(5);
/// How often each connection is looked at.
const EVERY: TimeDelta = TimeDelta::minutes(5);
/// After so long without a look, GitLab may have sent and logged nothing for a while.
const AWAY: TimeDelta = TimeDelta::minutes(15);
/// How long branches that were compared are good for.
const COMPARED: TimeDelta = TimeDelta::hours(12);

/// Keeps connections and webhooks in order until `stop`. Where the main endpoint's address is set,
/// webhooks are to send there, whatever it was before.
pub async fn keep_healthy(
    pool: Pool,
    keys: Arc<Keys>,
    (intake, policy): (Intake, Policy),
    endpoint: Option<String>,
    stop: CancellationToken,
) {
    let deps = CatchUp { pool: &pool, keys: &keys, intake: &intake, policy };
    let look = async {
        let mut tick = ticker();
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let look = Box::pin(look_at_due(deps, endpoint.as_deref()));
            warn(stop.run_until_cancelled(look).await);
        }
    };
    let push = async {
        let mut tick = ticker();
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            warn(stop.run_until_cancelled(Box::pin(deps.make_pushes())).await);
        }
    };
    // Beside each other: a push that is due waits for no check.
    tokio::join!(look, push);
}

fn ticker() -> Interval {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

fn warn(done: Option<Result<(), SetupError>>) {
    if let Some(Err(error)) = done {
        tracing::warn!(%error, "Failed to look at GitLab’s webhooks: {error}; trying again");
    }
}

async fn look_at_due(deps: CatchUp<'_>, endpoint: Option<&str>) -> Result<(), SetupError> {
    let CatchUp { pool, keys, .. } = deps;
    let now = clock::now();
    let due = gitlab::claim_due_connections(&mut *pool.get_conn().await?, now - EVERY, now).await?;
    for connection in due {
        let learned = check_connection(pool, keys, &connection).await?;
        // A token that is refused is refused of everything.
        if learned.is_ok() {
            if let Some(url) = endpoint {
                gitlab::move_hooks(&mut *pool.get_conn().await?, connection.id, url).await?;
            }
            check_hooks(deps, &connection).await?;
        }
    }
    Ok(())
}

/// Looks at each webhook of a connection.
async fn check_hooks(deps: CatchUp<'_>, connection: &Connection) -> Result<(), SetupError> {
    let CatchUp { pool, keys, .. } = deps;
    let hooks = gitlab::list_hooks(&mut *pool.get_conn().await?, connection.id).await?;
    if hooks.is_empty() {
        return Ok(());
    }
    let client = open_client(pool, keys, connection)?;
    for hook in hooks {
        match check_hook(deps, &client, &hook).await {
            Ok(()) | Err(SetupError::Busy) => {}
            Err(SetupError::Gitlab(failure)) => {
                let mut conn = pool.get_conn().await?;
                gitlab::note_hook_failure(&mut conn, hook.id, &failure.to_stored(), clock::now())
                    .await?;
            }
            // One that somebody is changing, or that cannot be followed, keeps no other from its check.
            Err(error) => tracing::warn!(
                gitlab.project = hook.project_id,
                "Failed to look at GitLab’s webhook of project {}: {error}; trying again",
                hook.project_id
            ),
        }
    }
    Ok(())
}

async fn check_hook(deps: CatchUp<'_>, client: &Client, hook: &Hook) -> Result<(), SetupError> {
    let CatchUp { pool, keys, .. } = deps;
    let Some(hook_id) = hook.hook_id.filter(|_| !hook.unwritten) else {
        write_hook(pool, keys, client, hook.id, false).await?;
        return Ok(());
    };
    let now = clock::now();
    let was_away = hook.checked_at.is_none_or(|at| at < now - AWAY);
    let is_old = hook.heads_at.is_none_or(|at| at < now - COMPARED);
    // Written down before GitLab is asked: whoever goes on knows it.
    if was_away || is_old {
        heads::mark_heads_due(&mut *pool.get_conn().await?, hook.id).await?;
    }
    let followed = match client.fetch_project(hook.project_id).await {
        Ok(project) => follow_project(&mut *pool.get_conn().await?, keys, hook, &project).await,
        Err(failure) => return Err(failure.into()),
    };
    let (seen, cared) = care_for_hook(deps, client, (hook, hook_id)).await?;
    // Whatever keeps GitLab from sending, its log and the branches are read.
    let done = deps.catch_up(client, (hook, seen.id), false).await?;
    let hook = gitlab::find_hook(&mut *pool.get_conn().await?, hook.id).await?;
    if hook.heads_due && !done.waits {
        deps.compare_branches(client, &hook, false).await?;
    }
    followed?;
    cared
}

/// Looks at a webhook in GitLab, fixes it where that is wanted, and has it enabled again; how that went
/// comes with what GitLab says of it.
async fn care_for_hook(
    deps: CatchUp<'_>,
    client: &Client,
    (hook, hook_id): (&Hook, i64),
) -> Result<(GitlabHook, Result<(), SetupError>), SetupError> {
    let CatchUp { pool, keys, .. } = deps;
    let seen = match client.fetch_hook(Owner::Project(hook.project_id), hook_id).await {
        Err(ApiFailure::NotFound) if hook.auto_fix => {
            heads::mark_heads_due(&mut *pool.get_conn().await?, hook.id).await?;
            write_hook(pool, keys, client, hook.id, true).await?
        }
        seen => seen?,
    };
    if seen.is_disabled() {
        heads::mark_heads_due(&mut *pool.get_conn().await?, hook.id).await?;
    }
    let mut conn = pool.get_conn().await?;
    note_seen(&mut conn, hook.id, &seen).await?;
    let served = gitlab::hook_webhooks(&mut conn, hook.id).await?;
    drop(conn);
    let differs = |drift: &Drift| !matches!(drift, Drift::Disabled { .. });
    let seen = if hook.auto_fix
        && seen.find_drift(&hook.url, &linked_triggers(&served)).iter().any(differs)
    {
        let fixed = write_hook(pool, keys, client, hook.id, true).await?;
        tracing::info!(
            gitlab.project = hook.project_id,
            "GitLab’s webhook of project {} differed; it is what it should be",
            hook.project_id
        );
        fixed
    } else {
        seen
    };
    let cared = if seen.is_disabled() && seen.url == hook.url {
        enable_hook(pool, client, hook, seen.id).await
    } else {
        Ok(())
    };
    Ok((seen, cared))
}

/// Has a disabled webhook tested, by events that run nothing here where there are such: GitLab
/// enables it again when a test succeeds.
pub(super) async fn enable_hook(
    pool: &Pool,
    client: &Client,
    hook: &Hook,
    hook_id: i64,
) -> Result<(), SetupError> {
    let served = gitlab::hook_webhooks(&mut *pool.get_conn().await?, hook.id).await?;
    let wanted = linked_triggers(&served);
    let owner = Owner::Project(hook.project_id);
    let mut last = None;
    for trigger in Trigger::harmless(&wanted) {
        match client.test_hook(owner, hook_id, trigger).await {
            Ok(()) => {
                let seen = client.fetch_hook(owner, hook_id).await?;
                note_seen(&mut *pool.get_conn().await?, hook.id, &seen).await?;
                tracing::info!(
                    gitlab.project = hook.project_id,
                    "GitLab’s webhook of project {} was disabled; a test enabled it",
                    hook.project_id
                );
                return Ok(());
            }
            // The project has no such thing to make a test of: another one may do.
            Err(failure @ ApiFailure::NotAccepted { .. }) => last = Some(failure),
            Err(failure) => return Err(failure.into()),
        }
    }
    last.map_or(Ok(()), |failure| Err(failure.into()))
}

/// Whether a token ends soon, and when.
pub fn ends_soon(connection: &Connection, now: DateTime<Utc>) -> bool {
    let ends = connection.token_expires_on;
    ends.is_some_and(|ends| ends <= now.date_naive() + TimeDelta::days(14))
}
