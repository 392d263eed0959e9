//! Adding and changing a webhook: one transaction, the audit entry inside.

use super::input::WebhookInput;
use super::secrets::{New, rotate_secrets};
use super::shared::{Sharer, lock_sharers};
use super::{Act, SaveError, secrets, snapshot};
use chrono::{DateTime, Utc};
use signalbox_core::change::{Change, Value, diff_snapshots};
use signalbox_core::ids::WebhookId;
use signalbox_core::lane;
use signalbox_core::webhook::Concurrency;
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::webhooks::{self, Row, Secrets, Tokens, Values};
use signalbox_store::{Conn, StoreError, lanes, run_transaction, webhook_actions};

/// What is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A new webhook.
    Add,
    /// A change of a webhook as it was when its form was opened.
    Change {
        /// Which one.
        id: WebhookId,
        /// Its version then.
        version: i32,
    },
}

/// What was saved.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The webhook.
    pub row: Row,
    /// The webhooks that got the same new tokens.
    pub sharers: Vec<Row>,
}

/// Saves a webhook. A change that changes nothing writes nothing.
///
/// # Errors
/// [`SaveError::Stale`] when someone else saved it first, [`SaveError::Gone`] when it was deleted.
pub async fn save_webhook(
    conn: &mut Conn,
    act: &Act<'_>,
    target: Target,
    input: &WebhookInput,
) -> Result<Saved, SaveError> {
    let secrets = secrets::new(input, act)?;
    let saved = run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        save_within(conn, act, target, input, &secrets).await
    })
    .await?;
    apply_max_concurrent(conn, act.now, &saved.row).await?;
    Ok(saved)
}

/// Makes the jobs that wait heed how many may run at once. In a transaction after the change: by then
/// no event that met the webhook as it was is still being stored, and jobs are locked before webhooks.
pub(super) async fn apply_max_concurrent(
    conn: &mut Conn,
    now: DateTime<Utc>,
    webhook: &Row,
) -> Result<(), StoreError> {
    if webhook.concurrency != Concurrency::Parallel {
        return Ok(());
    }
    let id = WebhookId(webhook.id);
    // Without a limit, those that it still holds are released.
    let lane = lane::own_lane(id);
    run_transaction(conn, async |conn: &mut Conn| {
        lanes::lock_lane(conn, &lane).await?;
        if webhook.max_concurrent_jobs.is_some() {
            lanes::adopt_parallel(conn, id, &lane).await?;
        }
        lanes::advance_lane(conn, &lane, now).await.map(|_| ())
    })
    .await
}

/// Saves a webhook in a transaction that has begun.
pub(super) async fn save_within(
    conn: &mut Conn,
    act: &Act<'_>,
    target: Target,
    input: &WebhookInput,
    secrets: &New,
) -> Result<Saved, StoreError> {
    match target {
        Target::Add => {
            let row = add_webhook(conn, act, input, secrets).await?;
            Ok(Saved { row, sharers: Vec::new() })
        }
        Target::Change { id, version } => {
            change_webhook(conn, act, (id, version), (input, secrets)).await
        }
    }
}

async fn add_webhook(
    conn: &mut Conn,
    act: &Act<'_>,
    input: &WebhookInput,
    secrets: &New,
) -> Result<Row, StoreError> {
    let holder = find_holder(conn, input).await?;
    let written = written_secrets(secrets, holder.as_ref(), Tokens::default(), act);
    let row =
        webhooks::insert_webhook(conn, &column_values(input, None, act), &written, act.now).await?;
    webhook_actions::note_fingerprint(conn, row.id, &input.action_fingerprint).await?;
    let mut changes = diff_snapshots(None, Some(&snapshot::take_snapshot(&row)));
    changes.extend(token_changes(secrets, holder));
    log_webhook(conn, act, Verb::Add, &row, changes).await?;
    Ok(row)
}

async fn change_webhook(
    conn: &mut Conn,
    act: &Act<'_>,
    (id, version): (WebhookId, i32),
    (input, secrets): (&WebhookInput, &New),
) -> Result<Saved, StoreError> {
    let sharers = if input.rotate_shared && secrets.is_shared() {
        lock_sharers(conn, act.keys, id).await?
    } else {
        Vec::new()
    };
    if let Some(holder) = input.share_with {
        webhooks::find_many_for_update(conn, &[id, holder]).await?;
    }
    let before = webhooks::find_for_update(conn, id).await?;
    if before.version != version {
        return Err(StoreError::Stale);
    }
    let values = column_values(input, Some(&before), act);
    let holder = find_holder(conn, input).await?;
    let stored = webhooks::find_tokens(conn, id).await?;
    let written = written_secrets(secrets, holder.as_ref(), stored, act);
    let after = webhooks::update_webhook(conn, (id, version), &values, &written, act.now).await?;
    webhook_actions::note_fingerprint(conn, after.id, &input.action_fingerprint).await?;
    let mut changes = diff_snapshots(
        Some(&snapshot::take_snapshot(&before)),
        Some(&snapshot::take_snapshot(&after)),
    );
    changes.extend(token_changes(secrets, holder));
    if !changes.is_empty() {
        log_webhook(conn, act, Verb::Change, &after, changes).await?;
    }
    let mut saved = Saved { row: after, sharers: Vec::new() };
    for sharer in sharers {
        saved.sharers.push(rotate_sharer(conn, act, secrets, sharer).await?);
    }
    Ok(saved)
}

/// Gives a webhook the new tokens of the one whose tokens it shares.
async fn rotate_sharer(
    conn: &mut Conn,
    act: &Act<'_>,
    secrets: &New,
    sharer: Sharer,
) -> Result<Row, StoreError> {
    let new = secrets.of_sharer(&sharer);
    let stored = webhooks::find_tokens(conn, sharer.id).await?;
    let before = webhooks::find_webhook(conn, sharer.id).await?;
    let written = rotate_secrets(&new, stored, act);
    let after = webhooks::write_tokens(conn, sharer.id, &written, act.now).await?;
    let mut changes = diff_snapshots(
        Some(&snapshot::take_snapshot(&before)),
        Some(&snapshot::take_snapshot(&after)),
    );
    changes.extend(new.list_changes());
    log_webhook(conn, act, Verb::Change, &after, changes).await?;
    Ok(after)
}

/// The tokens that are taken over, their webhook locked.
async fn find_holder(conn: &mut Conn, input: &WebhookInput) -> Result<Option<Tokens>, StoreError> {
    let Some(id) = input.share_with else { return Ok(None) };
    if webhooks::find_many_for_update(conn, &[id]).await?.is_empty() {
        // It is not the webhook itself that is gone.
        return Err(StoreError::Stale);
    }
    Ok(Some(webhooks::find_tokens(conn, id).await?))
}

fn written_secrets(new: &New, holder: Option<&Tokens>, stored: Tokens, act: &Act<'_>) -> Secrets {
    match holder {
        Some(tokens) => tokens.clone().into(),
        None => rotate_secrets(new, stored, act),
    }
}

/// What the audit log says of the tokens.
fn token_changes(new: &New, holder: Option<Tokens>) -> Vec<Change> {
    let from = |tokens: Tokens| Change {
        field: "share_with".to_owned(),
        before: None,
        after: Some(Value::Text(tokens.label())),
        secret: false,
    };
    new.list_changes().into_iter().chain(holder.map(from)).collect()
}

fn column_values<'a>(
    input: &'a WebhookInput,
    before: Option<&'a Row>,
    act: &Act<'_>,
) -> Values<'a> {
    Values {
        name: &input.name,
        repo_name: &input.repo_name,
        repo_url: &input.repo_url,
        object_kind: &input.object_kind,
        project_id: input.project_id,
        http_x_gitlab_event: &input.http_x_gitlab_event,
        enabled: input.enabled,
        ref_filter: &input.ref_filter,
        path_filter: &input.path_filter,
        condition: &input.condition,
        obey_skip: input.obey_skip,
        concurrency: input.concurrency.as_str(),
        debounce_s: input.debounce_s,
        cancel_running: input.cancel_running,
        max_concurrent_jobs: input.max_concurrent_jobs,
        require_signature: input.require_signature,
        register_on_first_event: input.register_on_first_event,
        action: &input.action,
        action_params: serde_json::json!(input.action_params),
        max_attempts: input.max_attempts,
        timeout_s: input.timeout_s,
        notes: &input.notes,
        registered_at: match before {
            _ if input.project_id == -1 => None,
            Some(row) if row.is_pending() => Some(act.now),
            Some(row) => row.registered_at,
            None => None,
        },
        pending_since: match before {
            Some(row) if row.is_pending() || input.project_id != -1 => row.pending_since,
            _ => act.now,
        },
    }
}

/// Writes the audit entry of a webhook.
pub(super) async fn log_webhook(
    conn: &mut Conn,
    act: &Act<'_>,
    verb: Verb,
    row: &Row,
    changes: Vec<Change>,
) -> Result<(), StoreError> {
    audit::record_entry(
        conn,
        Entry {
            at: act.now,
            actor: act.actor,
            verb,
            object_type: object::WEBHOOK,
            object_id: &row.id.to_string(),
            object_name: &row.label(),
            changes,
            remote_addr: act.remote_addr,
        },
    )
    .await
}
