//! Deleting a webhook: first what goes and what stays, then the deed with its audit entry.

use super::save::log_webhook;
use super::{Act, SaveError, snapshot};
use signalbox_core::change::diff_snapshots;
use signalbox_core::ids::WebhookId;
use signalbox_store::audit::Verb;
use signalbox_store::webhooks::{self, Row};
use signalbox_store::{Conn, StoreError, jobs, run_transaction};

/// What deleting a webhook means.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The webhook that goes.
    pub row: Row,
    /// How many of its jobs have not ended; they are still run.
    pub unfinished_jobs: i64,
}

/// Says what deleting a webhook means.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn plan_deletion(conn: &mut Conn, id: WebhookId) -> Result<Plan, StoreError> {
    let row = webhooks::find_webhook(conn, id).await?;
    let unfinished_jobs = jobs::unfinished_of_webhook(conn, id).await?;
    Ok(Plan { row, unfinished_jobs })
}

/// Deletes a webhook; its deliveries and jobs stay, and so does its history.
///
/// # Errors
/// [`SaveError::Gone`] when it was deleted already.
pub async fn delete_logged(
    conn: &mut Conn,
    act: &Act<'_>,
    id: WebhookId,
) -> Result<Row, SaveError> {
    let deleted = run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        let row = webhooks::find_for_update(conn, id).await?;
        webhooks::delete_webhook(conn, id).await?;
        log_webhook(
            conn,
            act,
            Verb::Delete,
            &row,
            diff_snapshots(Some(&snapshot::take_snapshot(&row)), None),
        )
        .await?;
        Ok(row)
    })
    .await?;
    Ok(deleted)
}
