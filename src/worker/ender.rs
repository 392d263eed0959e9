//! Writes the ends of attempts, as many at once as have come while the last were written.
//!
//! An end with which somebody else has to do (a lane, a cancel, a rescue), or one that could not be
//! written with the others, goes back to its attempt, which sees to it alone (`attempt.rs`).

use super::output::Tail;
use chrono::{DateTime, Utc};
use signalbox_core::ids::JobId;
use signalbox_core::job::Next;
use signalbox_store::attempts::{End, Tally};
use signalbox_store::listen::Listener;
use signalbox_store::transitions::{Ending, Finish, end_many};
use signalbox_store::{Pool, Result};
use std::collections::HashSet;
use tokio::sync::{mpsc, oneshot};

/// Most ends in one statement.
const MOST: usize = 200;
/// Ends that may wait for it.
const WAITING: usize = 1_000;

/// An attempt's end and what it depends on.
pub(super) struct Ended {
    pub job: JobId,
    pub number: i32,
    /// When it ended.
    pub at: DateTime<Utc>,
    pub end: End,
    pub next: Next,
    pub tally: Tally,
    pub tail: Tail,
}

impl Ended {
    fn as_ending(&self) -> Ending<'_> {
        let Self { job, number, at, end, next, tally, tail } = self;
        Ending {
            finish: Finish { job, number: *number, end, next: *next, tally: *tally, now: *at },
            output: tail.to_rows(job, *number),
        }
    }
}

struct Waiting {
    ended: Ended,
    /// Gets the end back, unless it was written.
    answer: oneshot::Sender<Option<Ended>>,
}

/// Who writes them. Cheap to clone.
#[derive(Clone)]
pub(super) struct Ender(mpsc::Sender<Waiting>);

impl Ender {
    /// Writes until every clone is dropped.
    pub(super) fn start_ender(pool: Pool, notices: Listener) -> Self {
        let (sender, mut waiting) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, MOST).await > 0 {
                write_batch(&pool, &notices, std::mem::take(&mut batch)).await;
            }
        });
        Self(sender)
    }

    /// Writes an end; gives it back if that is its attempt's own business.
    pub(super) async fn write_end(&self, ended: Ended) -> Option<Ended> {
        let (answer, written) = oneshot::channel();
        match self.0.send(Waiting { ended, answer }).await {
            Ok(()) => written.await.unwrap_or_default(),
            Err(refused) => Some(refused.0.ended),
        }
    }
}

async fn write_batch(pool: &Pool, notices: &Listener, batch: Vec<Waiting>) {
    let written = try_write(pool, &batch).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "Failed to write ends of attempts in one statement: {error}; writing each alone");
        HashSet::new()
    });
    notices.tell_of_jobs(written.iter().map(String::as_str));
    for Waiting { ended, answer } in batch {
        let is_written = written.contains(ended.job.as_str());
        // Its attempt waits for it.
        let _ = answer.send((!is_written).then_some(ended));
    }
}

async fn try_write(pool: &Pool, batch: &[Waiting]) -> Result<HashSet<String>> {
    let endings: Vec<_> = batch.iter().map(|waiting| waiting.ended.as_ending()).collect();
    end_many(&mut *pool.get_conn().await?, &endings).await
}
