//! Gives up attempts whose worker died, so that pages say so before the job runs again.
//!
//! Each process looks at every heartbeat; the job's row is locked, so that one of them acts. The
//! queue row of a job that runs again is put back at once; apalis would do the same later. Lanes in
//! which somebody waits are looked at too, should a wake-up have been lost.

use super::HEARTBEAT;
use super::attempt::{give_up, is_alive};
use crate::clock;
use crate::core::ids::JobId;
use crate::core::job::Next;
use crate::store::attempts::{self, OpenAttempt};
use crate::store::{Conn, Pool, Result, StoreError, lanes, queue, transaction};
use tokio_util::sync::CancellationToken;

pub(super) async fn run(pool: Pool, stop: CancellationToken) {
    let mut tick = tokio::time::interval(HEARTBEAT);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = once(&pool).await {
            tracing::warn!(%error, "Attempts of dead workers could not be looked for");
        }
    }
}

async fn once(pool: &Pool) -> Result<()> {
    let mut pooled = pool.get().await?;
    let conn: &mut Conn = &mut pooled;
    let open = attempts::open(conn, None).await?;
    let mut workers: Vec<String> = open.iter().map(|attempt| attempt.worker.clone()).collect();
    workers.sort_unstable();
    workers.dedup();
    let dead = queue::dead_of(conn, &workers, super::attempt::lost_after_s()).await?;
    for attempt in open.into_iter().filter(|attempt| dead.contains(&attempt.worker)) {
        rescue(conn, &attempt).await?;
    }
    for lane in lanes::waited_for(conn).await? {
        transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
            lanes::lock(conn, &lane).await?;
            lanes::settle(conn, &lane, clock::now()).await
        })
        .await?;
    }
    Ok(())
}

async fn rescue(conn: &mut Conn, lost: &OpenAttempt) -> Result<()> {
    let Ok(job) = lost.job_id.parse::<JobId>() else { return Ok(()) };
    transaction(conn, async |conn: &mut Conn| {
        let lane = match lanes::lock_of(conn, &job).await {
            Err(StoreError::NotFound) => return Ok(()),
            other => other?,
        };
        let mut row = match attempts::lock_job(conn, &job).await {
            Err(StoreError::NotFound) => return Ok(()),
            other => other?,
        };
        // Looked at again under the lock: it may have ended, or been given up, just now.
        let still_open = attempts::open(conn, Some(&job)).await?;
        if !still_open.iter().any(|open| open.number == lost.number)
            || is_alive(conn, &lost.worker).await?
        {
            return Ok(());
        }
        let now = clock::now();
        if give_up(conn, &mut row, lost.number, now).await? == Next::RunAgain {
            queue::requeue(conn, &job).await?;
        }
        lanes::settle(conn, &lane, now).await?;
        Ok(())
    })
    .await
}
