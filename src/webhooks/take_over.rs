//! A project was renamed or moved: its webhooks take over its new name and address.

use super::save::log_webhook;
use super::{Act, SaveError, snapshot};
use signalbox_core::change::diff_snapshots;
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::project::Move;
use signalbox_store::audit::Verb;
use signalbox_store::webhooks::{self, Row};
use signalbox_store::{Conn, StoreError, run_transaction};

/// Gives webhooks their new name and address, all of them or none.
///
/// # Errors
/// [`SaveError::Stale`] when someone else changed or deleted one since it was looked at.
pub async fn take_over(
    conn: &mut Conn,
    act: &Act<'_>,
    moves: &[Move],
) -> Result<Vec<Row>, SaveError> {
    let taken = run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        let ids: Vec<WebhookId> = moves.iter().map(|step| step.id).collect();
        let rows = webhooks::find_many_for_update(conn, &ids).await?;
        let mut rows_after = Vec::new();
        for step in moves {
            let before = rows.iter().find(|row| row.id == step.id.0).ok_or(StoreError::Stale)?;
            let place = (step.repo_name.as_str(), step.repo_url.as_str());
            let after =
                webhooks::rename_repository(conn, (step.id, step.version), place, act.now).await?;
            let changes = diff_snapshots(
                Some(&snapshot::take_snapshot(before)),
                Some(&snapshot::take_snapshot(&after)),
            );
            log_webhook(conn, act, Verb::Change, &after, changes).await?;
            rows_after.push(after);
        }
        Ok(rows_after)
    })
    .await?;
    Ok(taken)
}
