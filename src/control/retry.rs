//! Run again: an ended job gets its tries back and a place in the queue. Run now: one that waits
//! for its time waits no longer.

use super::{Act, ControlError, log_job};
use signalbox_core::ids::JobId;
use signalbox_core::job::JobState;
use signalbox_store::audit::Verb;
use signalbox_store::{Conn, attempts, lanes, run_transaction, transitions};

/// Puts an ended job back into the queue.
///
/// # Errors
/// [`ControlError::NotNow`] if it has not ended, [`ControlError::Gone`] if it does not exist.
pub async fn run_again(conn: &mut Conn, act: Act<'_>, job: &JobId) -> Result<(), ControlError> {
    run_transaction(conn, async |conn: &mut Conn| {
        lanes::lock_of(conn, job).await?;
        let row = attempts::lock_job(conn, job).await?;
        let state = row.state;
        if !state.may_run_again() {
            return Err(ControlError::NotNow(state));
        }
        transitions::run_again(conn, job, &act.actor.username, act.now).await?;
        lanes::join_lane(conn, job).await?;
        let words = (state.as_str(), JobState::Queued.as_str());
        Ok(log_job(conn, act, (Verb::RunAgain, &row), words).await?)
    })
    .await
}

/// Lets a job run now that waits for its time. Its tries stay counted.
///
/// # Errors
/// [`ControlError::NotNow`] if it does not wait for a time, [`ControlError::Gone`] if it does not
/// exist.
pub async fn run_now(conn: &mut Conn, act: Act<'_>, job: &JobId) -> Result<(), ControlError> {
    run_transaction(conn, async |conn: &mut Conn| {
        lanes::lock_of(conn, job).await?;
        let row = attempts::lock_job(conn, job).await?;
        let state = row.state;
        if !state.may_run_now() {
            return Err(ControlError::NotNow(state));
        }
        transitions::run_now(conn, job, act.now).await?;
        let words = (state.as_str(), JobState::Queued.as_str());
        Ok(log_job(conn, act, (Verb::RunNow, &row), words).await?)
    })
    .await
}
