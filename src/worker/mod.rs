//! Turns queue rows into attempts.
//!
//! apalis fetches the rows and keeps the heartbeat; `attempt.rs` makes one attempt; `rescue.rs`
//! gives up those whose worker died; `upkeep.rs` takes away what was kept long enough. What follows an attempt is `crate::core::job`'s to say.
//!
//! A worker's name is new each time one starts: a name used again would hide the dead one.

mod attempt;
mod begin;
mod cancel;
mod output;
mod rescue;
mod running;
pub mod setup;
pub mod upkeep;

use crate::actions::Catalogue;
use crate::clock;
use crate::config::RetentionSettings;
use crate::core::ids::JobId;
use crate::store::listen::Listener;
use crate::store::workers::{self, Worker};
use crate::store::{Pool, queue};
use apalis::layers::WorkerBuilderExt;
use apalis::prelude::{PollWith, TaskId, WorkerBuilder};
use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy};
use apalis_postgres::{Config, PostgresStorage, Pubsub};
use attempt::{Follow, Runner};
use futures_util::Stream;
use running::Running;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// How often a worker gives a sign of life.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// How many may be missed before it is taken for dead.
pub const MISSED_HEARTBEATS: u32 = 3;
/// How often the queue is looked at without being told to: for retries that have become due.
const POLL: Duration = Duration::from_millis(250);
/// How long a broken worker waits before a new one takes its place.
const RESTART: Duration = Duration::from_secs(1);

/// What a worker needs.
#[derive(Clone)]
pub struct Deps {
    /// The database.
    pub pool: Pool,
    /// What is told of other processes.
    pub notices: Listener,
    /// The same, as an address for apalis' own connections.
    pub database_url: String,
    /// What can be run.
    pub catalogue: Catalogue,
    /// Attempts made at once.
    pub concurrency: usize,
    /// How long running attempts may go on once the worker is told to stop.
    pub grace: Duration,
    /// How long things are kept.
    pub retention: RetentionSettings,
}

/// A queue row was not finished: apalis is to offer it again when its time has come.
#[derive(Debug, thiserror::Error)]
#[error("the job runs again later")]
struct Again;

/// Runs jobs until `stop`; then lets running attempts finish within the grace, ends the rest and
/// puts them back.
pub async fn run(deps: Deps, stop: CancellationToken) {
    let rescue = tokio::spawn(rescue::run(deps.pool.clone(), stop.clone()));
    let upkeep = tokio::spawn(upkeep::run(deps.pool.clone(), deps.retention, stop.clone()));
    while !stop.is_cancelled() {
        let name = name();
        match work(&deps, &name, &stop).await {
            Ok(()) => tracing::info!(worker = name, "Worker {name} stopped"),
            Err(error) => {
                tracing::error!(worker = name, "Worker {name} broke off: {error:#}");
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

fn name() -> String {
    format!("{}-{}-{}", host(), std::process::id(), clock::unique())
}

fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// One worker from registration to retirement.
async fn work(deps: &Deps, name: &str, stop: &CancellationToken) -> anyhow::Result<()> {
    let pool = setup::connect(&deps.database_url).await?;
    let running = Running::default();
    let abort = CancellationToken::new();
    let runner = Runner {
        pool: deps.pool.clone(),
        catalogue: deps.catalogue.clone(),
        worker: name.to_owned(),
        running: running.clone(),
        abort: abort.clone(),
    };
    introduce(deps, name).await?;
    let watching = CancellationToken::new();
    let watch =
        cancel::watch(deps.pool.clone(), deps.notices.clone(), running.clone(), watching.clone());
    tokio::spawn(watch);
    let _watching = watching.drop_guard();
    tracing::info!(worker = name, concurrency = deps.concurrency, "Worker {name} started");
    let outcome = lease(deps, &pool, name, runner, stop).await;
    // From here on apalis gives no signs of life for us, so that we do, until nothing runs.
    drain(deps, name, &running, (&abort, stop)).await;
    let retired = retire(deps, name).await;
    pool.close().await;
    outcome.and(retired)
}

/// Takes jobs until told to stop; attempts that run then go on by themselves.
async fn lease(
    deps: &Deps,
    pool: &sqlx::PgPool,
    name: &str,
    runner: Runner,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let config = Config::default()
        .queue(queue::QUEUE)
        .batch_size(1)
        .heartbeat_interval(HEARTBEAT)
        .missed_heartbeats(usize::try_from(MISSED_HEARTBEATS)?);
    let storage = PostgresStorage::<()>::new(pool).with_config(config);
    let wake = Wake::new(Pubsub::new(pool.clone(), queue::QUEUE.to_owned()));
    let worker = WorkerBuilder::new(name)
        .backend(PollWith::new(storage, wake))
        .concurrency(deps.concurrency)
        .build(move |(): (), task: TaskId| {
            let runner = runner.clone();
            async move { handle(runner, task).await }
        });
    tokio::select! {
        ended = worker.run() => Ok(ended?),
        () = stop.cancelled() => Ok(()),
    }
}

/// Makes one attempt in a task of its own: a worker that breaks off does not tear it.
async fn handle(runner: Runner, task: TaskId) -> Result<(), Again> {
    let Ok(job) = task.to_string().parse::<JobId>() else {
        tracing::error!(task = %task, "A queue row's id is no job's id");
        return Ok(());
    };
    let attempt = tokio::spawn(async move { runner.attempt(&job).await });
    match attempt.await {
        Ok(Follow::Done) => Ok(()),
        Ok(Follow::Again) | Err(_) => Err(Again),
    }
}

/// Lets attempts finish, and gives signs of life meanwhile. Told to stop, it ends those that are
/// still running when the grace is over.
async fn drain(
    deps: &Deps,
    name: &str,
    running: &Running,
    (abort, stop): (&CancellationToken, &CancellationToken),
) {
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(deps.grace).await;
    };
    let mut beat = tokio::time::interval(HEARTBEAT);
    tokio::pin!(grace);
    loop {
        tokio::select! {
            () = running.idle() => return,
            () = &mut grace, if !abort.is_cancelled() => {
                tracing::warn!(worker = name, attempts = running.len(), "The grace is over: running attempts are ended");
                abort.cancel();
            }
            _ = beat.tick() => if let Err(error) = keep_alive(deps, name).await {
                tracing::error!(worker = name, %error, "No sign of life could be given: running attempts are ended");
                abort.cancel();
            },
        }
    }
}

async fn keep_alive(deps: &Deps, name: &str) -> crate::store::Result<()> {
    queue::keep_alive(&mut *deps.pool.get().await?, name).await
}

/// Writes down who this worker is, for the page that lists them.
async fn introduce(deps: &Deps, name: &str) -> anyhow::Result<()> {
    let worker = Worker {
        name: name.to_owned(),
        host: host(),
        pid: std::process::id().into(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        concurrency: i32::try_from(deps.concurrency)?,
        started_at: clock::now(),
        ended_at: None,
    };
    Ok(workers::insert(&mut *deps.pool.get().await?, &worker).await?)
}

async fn retire(deps: &Deps, name: &str) -> anyhow::Result<()> {
    let mut conn = deps.pool.get().await?;
    queue::retire_worker(&mut conn, name).await?;
    Ok(workers::end(&mut conn, name, clock::now()).await?)
}

/// What makes apalis look for work: each notice of a new row, and the clock.
struct Wake {
    inserted: Pubsub,
    tick: Interval,
}

impl Wake {
    fn new(inserted: Pubsub) -> Self {
        let mut tick = tokio::time::interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { inserted, tick }
    }
}

impl PollStrategy for Wake {
    fn poll_drive(&mut self, cx: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        // Both are polled until they have nothing, so that both wake this task next time.
        while let Poll::Ready(Some(_)) = Pin::new(&mut self.inserted).poll_next(cx) {}
        while self.tick.poll_tick(cx).is_ready() {}
        Poll::Pending
    }
}
