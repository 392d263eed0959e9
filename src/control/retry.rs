//! Run again: an ended job gets its tries back and a place in the queue.

use crate::core::actor::Actor;
use crate::core::change::{Change, Value};
use crate::core::ids::JobId;
use crate::core::job::JobState;
use crate::store::audit::{self, Entry, Verb};
use crate::store::{Conn, StoreError, attempts, queue, transaction};
use chrono::{DateTime, Utc};

/// Why a job was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such job.
    #[error("there is no such job")]
    Gone,
    /// The job's state does not allow it; another's click may have come first.
    #[error("the job is {}: this is not possible now", .0.as_str())]
    NotNow(JobState),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::Gone,
            other => Self::Store(other),
        }
    }
}

/// Puts an ended job back into the queue.
///
/// # Errors
/// [`ControlError::NotNow`] if it has not ended, [`ControlError::Gone`] if it does not exist.
pub async fn run_again(
    conn: &mut Conn,
    (actor, remote_addr): (&Actor, &str),
    job: &JobId,
    now: DateTime<Utc>,
) -> Result<(), ControlError> {
    transaction(conn, async |conn: &mut Conn| {
        let row = attempts::lock_job(conn, job).await?;
        let state = JobState::parse(&row.state).unwrap_or(JobState::Running);
        if !state.may_run_again() {
            return Err(ControlError::NotNow(state));
        }
        attempts::reopen(conn, job, &actor.username, now).await?;
        queue::requeue(conn, job).await?;
        let text = |state: JobState| Some(Value::Text(state.as_str().to_owned()));
        let change = Change {
            field: "state".to_owned(),
            before: text(state),
            after: text(JobState::Queued),
            secret: false,
        };
        let entry = Entry {
            at: now,
            actor: Some(actor),
            verb: Verb::RunAgain,
            object_type: audit::object::JOB,
            object_id: job.as_str(),
            object_name: &row.webhook_label,
            changes: vec![change],
            remote_addr,
        };
        Ok(audit::record(conn, entry).await?)
    })
    .await
}
