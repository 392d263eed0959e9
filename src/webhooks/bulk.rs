//! Many webhooks at once: deleted, switched on or off, or waiting for a Test again. Each call is one transaction with an
//! audit entry for every webhook; a selection that is larger comes in several calls.

use super::{Act, snapshot};
use signalbox_core::change::{Snapshot, diff_snapshots};
use signalbox_core::ids::WebhookId;
use signalbox_core::webhook::ProjectId;
use signalbox_store::audit::{self, Entry, Verb, object};
use signalbox_store::webhooks::{self, Row};
use signalbox_store::{Conn, StoreError, run_transaction};

/// What switching webhooks came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switched {
    /// Webhooks that are now as asked for.
    pub changed: usize,
    /// Webhooks that already were.
    pub already: usize,
    /// Webhooks that stay off, since they have neither secret token nor signing token.
    pub without_secret: usize,
}

/// Deletes webhooks; answers how many of them were still there.
///
/// # Errors
/// Those of the database: nothing of this call is then done.
pub async fn delete_many(
    conn: &mut Conn,
    act: &Act<'_>,
    ids: &[WebhookId],
) -> Result<usize, StoreError> {
    run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        let rows = webhooks::find_many_for_update(conn, ids).await?;
        let found: Vec<i64> = rows.iter().map(|row| row.id).collect();
        webhooks::delete_many(conn, &found).await?;
        log_all(conn, act, Verb::Delete, &rows, |before| (Some(before), None)).await?;
        Ok(rows.len())
    })
    .await
}

/// Switches webhooks on or off. A webhook without any secret stays off, unless `allow_no_secret`.
///
/// # Errors
/// Those of the database: nothing of this call is then done.
pub async fn switch_many(
    conn: &mut Conn,
    act: &Act<'_>,
    ids: &[WebhookId],
    enabled: bool,
    allow_no_secret: bool,
) -> Result<Switched, StoreError> {
    run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        let rows = webhooks::find_many_for_update(conn, ids).await?;
        let mut switched = Switched::default();
        let mut changed = Vec::new();
        for row in rows {
            let bare = !row.has_secret_token && !row.has_signing_token;
            if row.enabled == enabled {
                switched.already += 1;
            } else if enabled && bare && !allow_no_secret {
                switched.without_secret += 1;
            } else {
                changed.push(row);
            }
        }
        switched.changed = changed.len();
        let found: Vec<i64> = changed.iter().map(|row| row.id).collect();
        webhooks::set_enabled(conn, &found, enabled, act.now).await?;
        log_all(conn, act, Verb::Change, &changed, |before| {
            let mut after = before.clone();
            after.insert("enabled", signalbox_core::change::Value::Bool(enabled));
            (Some(before), Some(after))
        })
        .await?;
        Ok(switched)
    })
    .await
}

/// Lets webhooks wait for a Test again; answers how many of them were registered.
///
/// # Errors
/// Those of the database: nothing of this call is then done.
pub async fn reset_many(
    conn: &mut Conn,
    act: &Act<'_>,
    ids: &[WebhookId],
) -> Result<usize, StoreError> {
    run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        let mut rows = webhooks::find_many_for_update(conn, ids).await?;
        rows.retain(|row| !row.is_pending());
        let found: Vec<i64> = rows.iter().map(|row| row.id).collect();
        webhooks::reset_many(conn, &found, act.now).await?;
        log_all(conn, act, Verb::Change, &rows, |before| {
            let mut after = before.clone();
            after.insert("project_id", signalbox_core::change::Value::Number(ProjectId::PENDING));
            (Some(before), Some(after))
        })
        .await?;
        Ok(rows.len())
    })
    .await
}

async fn log_all(
    conn: &mut Conn,
    act: &Act<'_>,
    verb: Verb,
    rows: &[Row],
    change: impl Fn(Snapshot) -> (Option<Snapshot>, Option<Snapshot>),
) -> Result<(), StoreError> {
    let names: Vec<_> = rows.iter().map(|row| (row.id.to_string(), row.label())).collect();
    let entries = rows.iter().zip(&names).map(|(row, (id, name))| {
        let (before, after) = change(snapshot::take_snapshot(row));
        Entry {
            at: act.now,
            actor: act.actor,
            verb,
            object_type: object::WEBHOOK,
            object_id: id,
            object_name: name,
            changes: diff_snapshots(before.as_ref(), after.as_ref()),
            remote_addr: act.remote_addr,
        }
    });
    audit::record_all(conn, &entries.collect::<Vec<_>>()).await
}
