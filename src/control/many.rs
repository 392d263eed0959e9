//! The same for many jobs: those that were ticked, or all that a list was narrowed to.
//!
//! Each job is a transaction of its own, so that a long list locks nothing for long, and one that
//! may not be touched stops no other.

use super::{Act, Cancelled, ControlError, cancel, run_again};
use crate::core::ids::JobId;
use crate::core::listing::{ListQuery, Part};
use crate::store::jobs::{self, Filter};
use crate::store::{Conn, StoreError};

/// Rows read at once.
const BATCH: i64 = 200;

/// The jobs meant.
#[derive(Debug, Clone)]
pub enum Selection {
    /// These.
    Ids(Vec<JobId>),
    /// All that equal a list's filter and search words, as of now.
    Filter(Filter, Vec<String>),
}

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

/// Cancels all of a selection that may be cancelled.
///
/// # Errors
/// Any [`StoreError`] of the database; what was done until then stays done.
pub async fn cancel_many(
    conn: &mut Conn,
    act: Act<'_>,
    selection: &Selection,
) -> Result<Done, StoreError> {
    let mut done = Done::default();
    for job in jobs_of(conn, selection).await? {
        match cancel(conn, act, &job).await {
            Ok(Cancelled::Done) => done.done += 1,
            Ok(Cancelled::Stopping) => done.stopping += 1,
            Err(ControlError::Store(error)) => return Err(error),
            Err(_) => done.skipped += 1,
        }
    }
    Ok(done)
}

/// Runs all of a selection again that may be run again, in the order they were made.
///
/// # Errors
/// Any [`StoreError`] of the database; what was done until then stays done.
pub async fn run_again_many(
    conn: &mut Conn,
    act: Act<'_>,
    selection: &Selection,
) -> Result<Done, StoreError> {
    let mut done = Done::default();
    for job in jobs_of(conn, selection).await? {
        match run_again(conn, act, &job).await {
            Ok(()) => done.done += 1,
            Err(ControlError::Store(error)) => return Err(error),
            Err(_) => done.skipped += 1,
        }
    }
    Ok(done)
}

/// The jobs of a selection, oldest first: read before anything is done, since that changes what
/// the filter finds.
async fn jobs_of(conn: &mut Conn, selection: &Selection) -> Result<Vec<JobId>, StoreError> {
    let mut found = match selection {
        Selection::Ids(ids) => ids.clone(),
        Selection::Filter(filter, terms) => {
            let mut found = Vec::new();
            let mut part = Part::FIRST;
            loop {
                let query = ListQuery {
                    terms: terms.clone(),
                    order: Vec::new(),
                    filter: filter.clone(),
                    part,
                    limit: BATCH,
                };
                let ids = jobs::ids(conn, &query).await?;
                let Some(last) = ids.last().cloned() else { break };
                found.extend(ids.iter().filter_map(|id| id.parse().ok()));
                part = Part::Older(last);
            }
            found
        }
    };
    found.sort_by(|a: &JobId, b| a.as_str().cmp(b.as_str()));
    found.dedup_by(|a, b| a.as_str() == b.as_str());
    Ok(found)
}
