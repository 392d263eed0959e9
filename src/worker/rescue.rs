//! Gives up attempts whose worker is lost, so that their jobs run again.
//!
//! Each process looks at every heartbeat; the job's row is locked, so that one of them acts. Whoever
//! waits for a lane or a pause is looked at too, should a release have been missed. And a worker gives
//! up attempts of its own that it knows nothing of: its connection broke between commit and answer.

use super::attempt::{Runner, give_up};
use crate::clock;
use signalbox_core::ids::JobId;
use signalbox_core::job::HEARTBEAT;
use signalbox_core::pause::find_holding;
use signalbox_store::attempts::{self, OpenAttempt};
use signalbox_store::audit::{self, Entry, Verb};
use signalbox_store::pauses::{self, Side};
use signalbox_store::transitions::{self, Held};
use signalbox_store::{Conn, Pool, Result, StoreError, lanes, listen, run_transaction, workers};
use tokio_util::sync::CancellationToken;

/// The most held jobs that are looked at.
const MOST_HELD: i64 = 1_000;

pub(super) async fn run_rescue(pool: Pool, stop: CancellationToken) {
    let mut tick = tokio::time::interval(HEARTBEAT);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = rescue_once(&pool).await {
            tracing::warn!(%error, "Failed to look for attempts of lost workers: {error}");
        }
    }
}

async fn rescue_once(pool: &Pool) -> Result<()> {
    let mut pooled = pool.get_conn().await?;
    let conn: &mut Conn = &mut pooled;
    let open = attempts::list_open(conn, None).await?;
    let mut names: Vec<String> = open.iter().map(|attempt| attempt.worker.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let lost = workers::lost_among(conn, &names).await?;
    for attempt in open.into_iter().filter(|attempt| lost.contains(&attempt.worker)) {
        rescue_attempt(conn, &attempt, async |conn| is_lost(conn, &attempt.worker).await).await?;
    }
    for lane in lanes::waited_for(conn).await? {
        run_transaction::<_, StoreError, _>(conn, async |conn: &mut Conn| {
            lanes::lock_lane(conn, &lane).await?;
            lanes::advance_lane(conn, &lane, clock::now()).await
        })
        .await?;
    }
    end_pauses(conn).await?;
    release_unpaused(conn).await
}

/// Ends pauses whose time is up. They hold nothing from that moment on; one process says so in the log.
async fn end_pauses(conn: &mut Conn) -> Result<()> {
    run_transaction(conn, async |conn: &mut Conn| {
        for pause in pauses::delete_ended(conn).await? {
            let name = if pause.note.name.is_empty() { "Everything" } else { &pause.note.name };
            let entry = Entry {
                at: clock::now(),
                actor: None,
                verb: Verb::Resume,
                object_type: audit::object::PAUSE,
                object_id: &pause.scope.to_word(),
                object_name: name,
                changes: Vec::new(),
                remote_addr: "",
            };
            audit::record_entry(conn, entry).await?;
        }
        Ok(())
    })
    .await
}

/// Releases jobs that are held by a pause that is no more.
async fn release_unpaused(conn: &mut Conn) -> Result<()> {
    let held = pauses::list_held(conn, MOST_HELD).await?;
    if held.is_empty() {
        return Ok(());
    }
    run_transaction(conn, async |conn: &mut Conn| {
        pauses::lock_pauses(conn, Side::Begin).await?;
        let pauses = pauses::list_pauses(conn).await?;
        for job in
            held.iter().filter(|job| find_holding(&pauses, job.webhook_id, &job.lane).is_none())
        {
            let Ok(id) = job.id.parse::<JobId>() else { continue };
            transitions::release_job(conn, &id, Held::Paused).await?;
        }
        Ok(())
    })
    .await
}

/// Gives up this worker's attempts that were begun without its knowledge. Nobody may begin any of them
/// meanwhile.
pub(super) async fn rescue_unknown(runner: &Runner) -> Result<()> {
    let mut pooled = runner.pool.get_conn().await?;
    let conn: &mut Conn = &mut pooled;
    // Before the question: what ends meanwhile is open no more.
    let known = runner.running.attempts_being_made();
    let of_ours = attempts::list_open_of(conn, &runner.worker).await?;
    let unknown = |open: &&OpenAttempt| !known.contains(&(open.job_id.clone(), open.number));
    for attempt in of_ours.iter().filter(unknown) {
        tracing::warn!(
            job.id = attempt.job_id,
            attempt = attempt.number,
            "Job {}: attempt {} was begun when the connection broke; giving it up",
            attempt.job_id,
            attempt.number
        );
        rescue_attempt(conn, attempt, async |_| Ok(true)).await?;
    }
    Ok(())
}

async fn is_lost(conn: &mut Conn, worker: &str) -> Result<bool> {
    let of_it = workers::lost_among(conn, &[worker.to_owned()]).await?;
    Ok(!of_it.is_empty())
}

/// Gives an attempt up if, under the job's lock, it is still to be.
async fn rescue_attempt(
    conn: &mut Conn,
    lost: &OpenAttempt,
    is_lost: impl AsyncFnOnce(&mut Conn) -> Result<bool>,
) -> Result<()> {
    let Ok(job) = lost.job_id.parse::<JobId>() else { return Ok(()) };
    run_transaction(conn, async |conn: &mut Conn| {
        let lane = match lanes::lock_of(conn, &job).await {
            Err(StoreError::NotFound) => return Ok(()),
            other => other?,
        };
        let row = match attempts::lock_job(conn, &job).await {
            Err(StoreError::NotFound) => return Ok(()),
            other => other?,
        };
        // Looked at again under the lock: it may have ended, or been given up, just now.
        let still_open = attempts::list_open(conn, Some(&job)).await?;
        if !still_open.iter().any(|open| open.number == lost.number) || !is_lost(conn).await? {
            return Ok(());
        }
        let now = clock::now();
        give_up(conn, &job, &row, lost.number, now).await?;
        lanes::advance_lane(conn, &lane, now).await?;
        listen::wake_workers(conn).await
    })
    .await
}
