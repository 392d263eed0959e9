//! Ends running attempts that a person, or a newer job of their ref, wants to end: told by a notice,
//! and by looking now and then.

use super::running::Running;
use crate::clock;
use signalbox_core::lane;
use signalbox_store::lanes::{self, Overtaken};
use signalbox_store::listen::Listener;
use signalbox_store::{Conn, Pool, Result, StoreError, attempts, run_transaction};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often is looked without being told.
const LOOK: Duration = Duration::from_secs(2);

/// Watches until `stop`.
pub(super) async fn watch_cancels(
    pool: Pool,
    listener: Listener,
    running: Running,
    stop: CancellationToken,
) {
    let mut asked = listener.watch_cancels();
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = asked.wait_for_change() => {}
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = look_once(&pool, &running).await {
            tracing::warn!(%error, "Failed to look for jobs to cancel: {error}");
        }
    }
}

async fn look_once(pool: &Pool, running: &Running) -> Result<()> {
    let jobs = running.jobs_being_run();
    if jobs.is_empty() {
        return Ok(());
    }
    let mut conn = pool.get_conn().await?;
    // The newer one may wait for the very worker that runs the other, and so cannot see to it.
    for overtaken in lanes::with_newer(&mut conn, &jobs).await? {
        end_overtaken(&mut conn, &overtaken).await?;
    }
    for job in attempts::to_cancel(&mut conn, &jobs).await? {
        if running.stop_attempt(&job) {
            tracing::info!(job.id = job, "Job {job} was cancelled: stopping its processes");
        }
    }
    Ok(())
}

async fn end_overtaken(conn: &mut Conn, Overtaken { lane, action }: &Overtaken) -> Result<()> {
    run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
        lanes::lock_lane(conn, lane).await?;
        if lane::is_of_host(lane) {
            lanes::adopt_waiting(conn, action, lane).await?;
        }
        lanes::advance_lane(conn, lane, clock::now()).await?;
        Ok(())
    })
    .await
}
