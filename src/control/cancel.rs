//! Cancel: a job that waits ends at once; of one that runs, the worker is asked to end it.

use super::{Act, ControlError, log_job};
use signalbox_core::ids::JobId;
use signalbox_core::job::JobState;
use signalbox_store::audit::Verb;
use signalbox_store::{Conn, attempts, lanes, run_transaction, transitions};

/// What became of a request to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The job waited, and has ended.
    Done,
    /// Its worker is told; the job ends when its processes are gone.
    Stopping,
}

/// Ends a job, or asks for its end.
///
/// # Errors
/// [`ControlError::NotNow`] if it has ended, [`ControlError::Already`] if its end was asked for,
/// [`ControlError::Gone`] if it does not exist.
pub async fn cancel_job(
    conn: &mut Conn,
    act: Act<'_>,
    job: &JobId,
) -> Result<Cancelled, ControlError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let lane = lanes::lock_of(conn, job).await?;
        let row = attempts::lock_job(conn, job).await?;
        let state = row.state;
        let by = &act.actor.username;
        let cancelled = match state {
            JobState::Running if row.is_cancelled() => {
                return Err(ControlError::Already(row.cancelled_by));
            }
            JobState::Running => {
                transitions::ask_to_cancel(conn, job, by, act.now).await?;
                Cancelled::Stopping
            }
            JobState::Queued | JobState::Scheduled | JobState::Retrying => {
                transitions::cancel_waiting(conn, job, by, act.now).await?;
                lanes::advance_lane(conn, &lane, act.now).await?;
                Cancelled::Done
            }
            JobState::Succeeded | JobState::Failed | JobState::Cancelled | JobState::Superseded => {
                return Err(ControlError::NotNow(state));
            }
        };
        let after = match cancelled {
            Cancelled::Done => JobState::Cancelled.as_str(),
            Cancelled::Stopping => "stopping",
        };
        log_job(conn, act, (Verb::Cancel, &row), (state.as_str(), after)).await?;
        Ok(cancelled)
    })
    .await
}
