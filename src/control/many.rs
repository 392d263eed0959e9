//! The same for many jobs of a list.
//!
//! Each job is a transaction of its own, so that a long list locks nothing for long, and one that
//! may not be touched stops no other.

use super::{Act, Cancelled, ControlError, cancel_job, delete_ended_job, run_again};
use signalbox_core::ids::JobId;
use signalbox_store::{Conn, StoreError};

/// What became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Carried out.
    pub done: usize,
    /// Asked for: it is done when the worker has done it.
    pub stopping: usize,
    /// Left as they are, since their state does not allow it or they are gone.
    pub skipped: usize,
}

/// Cancels all of these that may be cancelled, oldest first.
///
/// # Errors
/// Any [`StoreError`] of the database; what was done until then stays done.
pub async fn cancel_many(
    conn: &mut Conn,
    act: Act<'_>,
    jobs: Vec<JobId>,
) -> Result<Done, StoreError> {
    let cancel = async |conn: &mut Conn, job: &JobId| cancel_job(conn, act, job).await;
    for_each_job(conn, jobs, cancel).await
}

/// Runs all of these again that may be run again, in the order they were made.
///
/// # Errors
/// Any [`StoreError`] of the database; what was done until then stays done.
pub async fn run_again_many(
    conn: &mut Conn,
    act: Act<'_>,
    jobs: Vec<JobId>,
) -> Result<Done, StoreError> {
    let run_again = async |conn: &mut Conn, job: &JobId| {
        run_again(conn, act, job).await.map(|()| Cancelled::Done)
    };
    for_each_job(conn, jobs, run_again).await
}

/// Deletes all of these that have ended, oldest first.
///
/// # Errors
/// Any [`StoreError`] of the database; what was done until then stays done.
pub async fn delete_many(
    conn: &mut Conn,
    act: Act<'_>,
    jobs: Vec<JobId>,
) -> Result<Done, StoreError> {
    let delete = async |conn: &mut Conn, job: &JobId| {
        delete_ended_job(conn, act, job).await.map(|()| Cancelled::Done)
    };
    for_each_job(conn, jobs, delete).await
}

/// Does it to each, oldest first, and counts what came of it.
async fn for_each_job(
    conn: &mut Conn,
    jobs: Vec<JobId>,
    work: impl AsyncFn(&mut Conn, &JobId) -> Result<Cancelled, ControlError>,
) -> Result<Done, StoreError> {
    let mut done = Done::default();
    for job in oldest_first(jobs) {
        match work(conn, &job).await {
            Ok(Cancelled::Done) => done.done += 1,
            Ok(Cancelled::Stopping) => done.stopping += 1,
            Err(ControlError::Store(error)) => return Err(error),
            Err(_) => done.skipped += 1,
        }
    }
    Ok(done)
}

fn oldest_first(mut jobs: Vec<JobId>) -> Vec<JobId> {
    jobs.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    jobs.dedup_by(|a, b| a.as_str() == b.as_str());
    jobs
}
