//! A job deleted from history: with its attempts and their output, and for good. What has not ended
//! stays, so that nothing runs of which there is no trace.

use super::{Act, ControlError};
use signalbox_core::change::{Change, Value};
use signalbox_core::ids::JobId;
use signalbox_store::audit::{self, Entry, Verb};
use signalbox_store::{Conn, attempts, jobs, run_transaction};

/// Deletes a job that has ended. Its delivery stays, and the log keeps what it was.
///
/// # Errors
/// [`ControlError::NotNow`] for a job that has not ended; [`ControlError::Gone`].
pub async fn delete_ended_job(
    conn: &mut Conn,
    act: Act<'_>,
    job: &JobId,
) -> Result<(), ControlError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let row = attempts::lock_job(conn, job).await?;
        let state = row.state;
        if !state.is_final() {
            return Err(ControlError::NotNow(state));
        }
        jobs::delete_job(conn, job).await?;
        let was = |field: &str, value: &str| Change {
            field: field.to_owned(),
            before: Some(Value::Text(value.to_owned())),
            after: None,
            secret: false,
        };
        let entry = Entry {
            at: act.now,
            actor: Some(act.actor),
            verb: Verb::Delete,
            object_type: audit::object::JOB,
            object_id: &row.id,
            object_name: &row.webhook_label,
            changes: vec![
                was("state", state.as_str()),
                was("action", &row.action),
                was("delivery", &row.delivery_id),
            ],
            remote_addr: act.remote_addr,
        };
        Ok(audit::record_entry(conn, entry).await?)
    })
    .await
}
