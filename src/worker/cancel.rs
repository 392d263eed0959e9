//! Ends running attempts that a person wants to end: told by a notice, and by looking now and then.

use super::running::Running;
use crate::store::listen::Listener;
use crate::store::{Pool, Result, attempts};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often is looked without being told.
const LOOK: Duration = Duration::from_secs(2);

/// Watches until `stop`.
pub(super) async fn watch(
    pool: Pool,
    listener: Listener,
    running: Running,
    stop: CancellationToken,
) {
    let mut asked = listener.cancels();
    let mut tick = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = asked.changed() => {}
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = once(&pool, &running).await {
            tracing::warn!(%error, "Jobs that are to be cancelled could not be looked for");
        }
    }
}

async fn once(pool: &Pool, running: &Running) -> Result<()> {
    let jobs = running.jobs_being_run();
    if jobs.is_empty() {
        return Ok(());
    }
    for job in attempts::to_cancel(&mut *pool.get().await?, &jobs).await? {
        if running.stop(&job) {
            tracing::info!(job.id = job, "Job {job} is cancelled: its process group is ended");
        }
    }
    Ok(())
}
