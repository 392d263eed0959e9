//! Reset registration: a webhook forgets its project and waits for a Test again.

use super::save::log_webhook;
use super::{Act, SaveError, snapshot};
use signalbox_core::change::diff_snapshots;
use signalbox_core::ids::WebhookId;
use signalbox_store::audit::Verb;
use signalbox_store::webhooks::{self, Row};
use signalbox_store::{Conn, StoreError, run_transaction};

/// Sets a webhook's project back to "pending registration". One that waits already stays as it is.
///
/// # Errors
/// [`SaveError::Stale`] when someone else changed it since that version, [`SaveError::Gone`] when
/// it was deleted.
pub async fn reset_logged(
    conn: &mut Conn,
    act: &Act<'_>,
    id: WebhookId,
    version: i32,
) -> Result<Row, SaveError> {
    let reset = run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        let before = webhooks::find_for_update(conn, id).await?;
        if before.version != version {
            return Err(StoreError::Stale);
        }
        if before.is_pending() {
            return Ok(before);
        }
        let after = webhooks::reset_registration(conn, id, version, act.now).await?;
        let changes = diff_snapshots(
            Some(&snapshot::take_snapshot(&before)),
            Some(&snapshot::take_snapshot(&after)),
        );
        log_webhook(conn, act, Verb::Change, &after, changes).await?;
        Ok(after)
    })
    .await?;
    Ok(reset)
}
