//! Upkeep: takes away what has been kept long enough. Every process with a worker tries now and
//! then; an advisory lock lets one of them act. `signalbox prune` does the same at once.
//!
//! Each batch is a transaction of its own, so that nothing waits long for its locks.

use crate::clock;
use crate::config::RetentionSettings;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_store::{Conn, Pool, Result, StoreError, retention, run_transaction};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked for.
const EVERY: Duration = Duration::from_mins(10);
/// How long other work goes first between two batches.
const PAUSE: Duration = Duration::from_millis(50);

/// How many of each were taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Bodies of deliveries.
    pub bodies: usize,
    /// Deliveries.
    pub deliveries: usize,
    /// Idempotency keys.
    pub keys: usize,
    /// Sessions.
    pub sessions: usize,
    /// Jobs.
    pub jobs: usize,
    /// Pieces of output.
    pub output: usize,
    /// Workers that ended.
    pub workers: usize,
    /// Calls of GitLab's API.
    pub calls: usize,
    /// Messages that were sent or given up.
    pub messages: usize,
}

/// Who goes first where two processes meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// Leave it to the other.
    GiveWay,
    /// Wait until the other has done its batch.
    Wait,
}

/// One kind of thing to take away. Another kind is another variant and its arms.
#[derive(Debug, Clone, Copy)]
enum Step {
    Bodies,
    Deliveries,
    Keys,
    Sessions,
    Output,
    Jobs,
    Workers,
    Calls,
    Messages,
}

const STEPS: [Step; 9] = [
    Step::Bodies,
    Step::Deliveries,
    Step::Keys,
    Step::Sessions,
    Step::Output,
    Step::Jobs,
    Step::Workers,
    Step::Calls,
    Step::Messages,
];

/// How long what nobody looks at is kept: workers that ended.
const TRACES: TimeDelta = TimeDelta::days(1);
/// How long calls of GitLab's API are kept: as long as GitLab keeps its log.
const CALLS: TimeDelta = TimeDelta::days(7);

pub(super) async fn run_upkeep(pool: Pool, keep: RetentionSettings, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        let done = tokio::select! {
            done = remove_expired(&pool, keep, Meeting::GiveWay) => done,
            () = stop.cancelled() => return,
        };
        match done {
            Ok(None) => {
                tracing::info!("Upkeep runs in another process; checking again later");
            }
            Ok(Some(removed)) if removed == Removed::default() => {}
            Ok(Some(removed)) => tracing::info!(
                bodies = removed.bodies,
                deliveries = removed.deliveries,
                keys = removed.keys,
                sessions = removed.sessions,
                jobs = removed.jobs,
                output = removed.output,
                workers = removed.workers,
                messages = removed.messages,
                "Upkeep removed {} bodies, {} deliveries and {} jobs",
                removed.bodies,
                removed.deliveries,
                removed.jobs
            ),
            Err(error) => tracing::warn!(%error, "Failed to do upkeep: {error}; trying again"),
        }
    }
}

/// Takes away everything that is old enough now; none if another process is at it.
///
/// # Errors
/// Any [`StoreError`] of the database; what was removed before stays removed.
pub async fn remove_expired(
    pool: &Pool,
    keep: RetentionSettings,
    meeting: Meeting,
) -> Result<Option<Removed>> {
    let mut removed = Removed::default();
    let now = clock::now();
    for step in STEPS {
        loop {
            // A connection per batch: upkeep holds none while it pauses.
            let mut conn = pool.get_conn().await?;
            let Some(count) = remove_batch(&mut conn, step, keep, now, meeting).await? else {
                return Ok((removed != Removed::default()).then_some(removed));
            };
            drop(conn);
            removed.add_removed(step, count);
            if count < retention::BATCH {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(Some(removed))
}

/// One batch; none if another process is at it.
async fn remove_batch(
    conn: &mut Conn,
    step: Step,
    keep: RetentionSettings,
    now: DateTime<Utc>,
    meeting: Meeting,
) -> Result<Option<usize>> {
    run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        match meeting {
            Meeting::Wait => retention::lock_retention(conn).await?,
            Meeting::GiveWay if !retention::try_lock(conn).await? => return Ok(None),
            Meeting::GiveWay => {}
        }
        let removed = match step {
            Step::Bodies => retention::remove_bodies(conn, now - keep.body).await?,
            Step::Deliveries => retention::remove_deliveries(conn, now - keep.delivery).await?,
            Step::Keys => retention::remove_keys(conn, now).await?,
            Step::Sessions => retention::remove_sessions(conn, now).await?,
            Step::Output => retention::remove_output(conn, now - keep.output, now).await?,
            Step::Jobs => retention::remove_jobs(conn, now - keep.job).await?,
            Step::Workers => retention::remove_workers(conn, now - TRACES).await?,
            Step::Calls => retention::remove_calls(conn, now - CALLS).await?,
            Step::Messages => retention::remove_messages(conn, now - keep.job).await?,
        };
        Ok(Some(removed))
    })
    .await
}

impl Removed {
    fn add_removed(&mut self, step: Step, count: usize) {
        let sum = match step {
            Step::Bodies => &mut self.bodies,
            Step::Deliveries => &mut self.deliveries,
            Step::Keys => &mut self.keys,
            Step::Sessions => &mut self.sessions,
            Step::Output => &mut self.output,
            Step::Jobs => &mut self.jobs,
            Step::Workers => &mut self.workers,
            Step::Calls => &mut self.calls,
            Step::Messages => &mut self.messages,
        };
        *sum += count;
    }
}
