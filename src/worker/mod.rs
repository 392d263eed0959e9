//! Runs jobs: takes those that are due, makes their attempts, writes down how they ended.
//!
//! `fetch.rs` is the queue that apalis takes its tasks from, `turns.rs` whose turn it is,
//! `rhythm.rs` how often to look, `begin.rs` the turn of a job in a lane, `attempt.rs` one attempt,
//! `ender.rs` the ends of many; `rescue.rs` gives up those whose worker is lost; `upkeep.rs` takes away
//! what was kept long enough. What follows an attempt is `signalbox_core::job`'s to say.
//!
//! A worker's name is new each time one starts: a name used again would hide the lost one.

mod attempt;
mod begin;
mod cancel;
mod ender;
mod fetch;
mod output;
mod rescue;
mod rhythm;
mod running;
mod turns;
pub mod upkeep;

use crate::clock;
use crate::config::RetentionSettings;
use apalis::prelude::WorkerBuilder;
use attempt::Runner;
use ender::Ender;
use fetch::Leased;
use running::Running;
use signalbox_actions::Catalogue;
use signalbox_core::job::HEARTBEAT;
use signalbox_store::listen::Listener;
use signalbox_store::workers::{self, Worker};
use signalbox_store::{Pool, Result};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long the heartbeat may fail before running attempts are ended: long enough before others
/// take the worker for lost that its processes are gone by then.
const HEARTBEAT_PATIENCE: Duration = Duration::from_secs(8);
/// How soon a heartbeat that failed is tried again.
const HEARTBEAT_RETRY: Duration = Duration::from_secs(1);
/// How long a broken worker waits before a new one takes its place.
const RESTART: Duration = Duration::from_secs(1);

/// What a worker needs.
#[derive(Clone)]
pub struct Deps {
    /// The database.
    pub pool: Pool,
    /// The same, for the few statements that take jobs and end them.
    pub taking: Pool,
    /// What is told of other processes.
    pub notices: Listener,
    /// What can be run.
    pub catalogue: Catalogue,
    /// Attempts made at once.
    pub concurrency: usize,
    /// How long running attempts may go on once the worker is told to stop.
    pub grace: Duration,
    /// How long things are kept.
    pub retention: RetentionSettings,
}

/// Runs jobs until `stop`; then lets running attempts finish within the grace, ends the rest and
/// puts them back.
pub async fn run_worker(deps: Deps, stop: CancellationToken) {
    let rescue = tokio::spawn(rescue::run_rescue(deps.pool.clone(), stop.clone()));
    let upkeep = tokio::spawn(upkeep::run_upkeep(deps.pool.clone(), deps.retention, stop.clone()));
    while !stop.is_cancelled() {
        let name = worker_name();
        match work_until_stopped(&deps, &name, &stop).await {
            Ok(()) => tracing::info!(worker = name, "Worker {name} stopped"),
            Err(error) => {
                tracing::error!(worker = name, %error, "Worker {name} failed: {error:#}; restarting it");
                tokio::select! {
                    () = tokio::time::sleep(RESTART) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    }
    // Both end with `stop`; a panic in one has been logged already.
    let _ = tokio::join!(rescue, upkeep);
}

fn worker_name() -> String {
    format!("{}-{}-{}", host_name(), std::process::id(), clock::unique_id())
}

fn host_name() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// One worker from registration to retirement.
async fn work_until_stopped(
    deps: &Deps,
    name: &str,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let running = Running::default();
    let abort = CancellationToken::new();
    let runner = Runner {
        pool: deps.pool.clone(),
        taking: deps.taking.clone(),
        ender: Ender::start_ender(deps.taking.clone(), deps.notices.clone()),
        notices: deps.notices.clone(),
        catalogue: deps.catalogue.clone(),
        worker: name.to_owned(),
        running: running.clone(),
        abort: abort.clone(),
    };
    register_worker(deps, name).await?;
    let retired = CancellationToken::new();
    let _retired = retired.clone().drop_guard();
    tokio::spawn(cancel::watch_cancels(
        deps.pool.clone(),
        deps.notices.clone(),
        running.clone(),
        retired.clone(),
    ));
    let fetching = stop.child_token();
    let silence = Silence { abort: abort.clone(), fetching: fetching.clone() };
    tokio::spawn(keep_beating(deps.pool.clone(), name.to_owned(), silence, retired));
    tokio::spawn(end_after_grace(
        deps.grace,
        name.to_owned(),
        running.clone(),
        abort,
        stop.clone(),
    ));
    tracing::info!(worker = name, concurrency = deps.concurrency, "Worker {name} started");
    // Whatever ends it, it takes no more jobs, and is there until its attempts have ended.
    let queue =
        fetch::start_fetching(runner.clone(), &deps.notices, deps.concurrency, fetching.clone());
    let worker = WorkerBuilder::new(name).backend(queue).build(move |leased: Leased| {
        let runner = runner.clone();
        async move { handle_job(runner, leased).await }
    });
    let outcome = worker.run().await;
    fetching.cancel();
    running.wait_until_idle().await;
    workers::end_worker(&mut *deps.pool.get_conn().await?, name, clock::now()).await?;
    Ok(outcome?)
}

/// Makes one attempt in a task of its own: a worker that breaks off does not tear it.
async fn handle_job(runner: Runner, leased: Leased) {
    let Leased { begun, mark, slot } = leased;
    let attempt = tokio::spawn(async move {
        runner.make_attempt(begun, &mark).await;
        drop((mark, slot));
    });
    // A panic in it has been logged already.
    let _ = attempt.await;
}

/// What ends when no heartbeat can be given: others are about to make these attempts again.
struct Silence {
    abort: CancellationToken,
    fetching: CancellationToken,
}

/// Gives heartbeats until the worker has retired.
async fn keep_beating(pool: Pool, name: String, silence: Silence, retired: CancellationToken) {
    let mut last = Instant::now();
    let mut wait = HEARTBEAT;
    while retired.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
        match beat_once(&pool, &name).await {
            Ok(()) => (last, wait) = (Instant::now(), HEARTBEAT),
            Err(error) => {
                wait = HEARTBEAT_RETRY;
                tracing::error!(worker = name, %error, "Heartbeat of worker {name} failed: {error}");
                if last.elapsed() > HEARTBEAT_PATIENCE && !silence.abort.is_cancelled() {
                    tracing::error!(
                        worker = name,
                        "Stopping running attempts: without heartbeats, other workers may run them again"
                    );
                    silence.fetching.cancel();
                    silence.abort.cancel();
                }
            }
        }
    }
}

async fn beat_once(pool: &Pool, name: &str) -> Result<()> {
    workers::write_heartbeat(&mut *pool.get_conn().await?, name).await
}

/// Ends what still runs when the grace is over after a stop.
async fn end_after_grace(
    grace: Duration,
    name: String,
    running: Running,
    abort: CancellationToken,
    stop: CancellationToken,
) {
    stop.cancelled().await;
    if abort.run_until_cancelled(tokio::time::sleep(grace)).await.is_some() {
        tracing::warn!(
            worker = name,
            attempts = running.len(),
            "Grace period expired: running attempts of worker {name} are ended"
        );
        abort.cancel();
    }
}

/// Writes down who this worker is.
async fn register_worker(deps: &Deps, name: &str) -> anyhow::Result<()> {
    let now = clock::now();
    let worker = Worker {
        name: name.to_owned(),
        host: host_name(),
        pid: std::process::id().into(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        concurrency: i32::try_from(deps.concurrency)?,
        started_at: now,
        ended_at: None,
        last_seen_at: Some(now),
    };
    let mut conn = deps.pool.get_conn().await?;
    workers::insert_worker(&mut conn, &worker).await?;
    // By the database's clock, like all that follow: with a late one of its own it were lost already.
    Ok(workers::write_heartbeat(&mut conn, name).await?)
}
