//! One attempt, top to bottom: begin it, run the action, write down how it ended.
//!
//! The job's row is locked whenever it is moved, and an attempt is only begun when no other is
//! under way: apalis may offer a row twice, a job runs once at a time.

use super::begin::{Begin, Started};
use super::output;
use super::running::Running;
use super::{HEARTBEAT, MISSED_HEARTBEATS};
use crate::actions::{self, Catalogue, Ended, RunRequest};
use crate::clock;
use crate::core::action::EventFacts;
use crate::core::event::Event;
use crate::core::ids::JobId;
use crate::core::job::{AttemptOutcome, JobState, Next, Tries, next};
use crate::core::retry::Policy;
use crate::metrics;
use crate::store::attempts::{self, After, DeliveryRow, End, JobRow};
use crate::store::{Conn, Pool, StoreError, lanes, queue, transaction};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How often, and how long apart, the end of an attempt is tried to be written.
const WRITE_TRIES: u32 = 30;
/// How long a row waits that could not be begun, before apalis offers it again.
const PAUSE: Duration = Duration::from_secs(1);
const WRITE_PAUSE: Duration = Duration::from_secs(1);
/// Chunks that may wait to be stored before the program is made to wait.
const CHUNKS_WAITING: usize = 64;
/// Stands for a worker whose heartbeat stopped.
const LOST: &str = "The worker died before the attempt ended";
const INTERRUPTED: &str = "The worker was stopped before the attempt ended";

/// What apalis is to do with the queue row.
pub(super) enum Follow {
    /// Nothing more.
    Done,
    /// Offer it again when its time has come.
    Again,
}

/// What making attempts needs.
#[derive(Clone)]
pub(super) struct Runner {
    pub pool: Pool,
    pub catalogue: Catalogue,
    pub worker: String,
    pub running: Running,
    /// Ends running attempts: the worker is stopping.
    pub abort: CancellationToken,
}

impl Runner {
    pub(super) async fn attempt(&self, job: &JobId) -> Follow {
        let stop = self.abort.child_token();
        let Some(_mark) = self.running.mark(job.as_str(), stop.clone()) else {
            // Offered twice to one process: the first of them sees to it.
            tokio::time::sleep(PAUSE).await;
            return Follow::Again;
        };
        let started = match self.begin(job).await {
            Ok(Begin::Started(started)) => started,
            Ok(Begin::Nothing) => return Follow::Done,
            Ok(Begin::Later) => return Follow::Again,
            Err(error) => {
                tracing::error!(job.id = %job, %error, "Job {job} could not be begun");
                tokio::time::sleep(PAUSE).await;
                return Follow::Again;
            }
        };
        let number = started.number;
        tracing::info!(
            job.id = %job, attempt = number, action = started.job.action,
            "Job {job}: attempt {number} begins"
        );
        let action = started.job.action.clone();
        let (begun, running) = (Instant::now(), metrics::running());
        let ended = self.run(job, *started, stop).await;
        drop(running);
        self.finish(job, number, (ended, &action, begun.elapsed())).await
    }

    async fn run(&self, job: &JobId, started: Started, stop: CancellationToken) -> Ended {
        let number = started.number;
        let request = match request(&self.catalogue, started) {
            Ok(request) => request,
            Err(sentence) => return failed(sentence),
        };
        let (chunks, waiting) = mpsc::channel(CHUNKS_WAITING);
        let writer = output::write(self.pool.clone(), job.clone(), number, waiting);
        let run = actions::run(request, chunks, stop);
        // The writer ends when the action's end of the channel is dropped.
        let run = tokio::spawn(run);
        writer.await;
        run.await.unwrap_or_else(|_| failed("Signalbox failed while it ran the action".to_owned()))
    }

    /// How long an action's failed jobs wait, as its entry says now.
    fn waits_of(&self, action: &str) -> Policy {
        self.catalogue.get(action).map(|spec| spec.retry.clone()).unwrap_or_default()
    }

    /// Writes the end down, again and again if the database is away for a while: the attempt is
    /// over and must not run a second time for want of a note.
    async fn finish(
        &self,
        job: &JobId,
        number: i32,
        (ended, action, took): (Ended, &str, Duration),
    ) -> Follow {
        let jitter = clock::jitter();
        for _ in 0..WRITE_TRIES {
            match self.write_end(job, number, &ended, jitter).await {
                Ok((follow, outcome)) => {
                    if let Some(outcome) = outcome {
                        metrics::attempt(action, outcome, took);
                    }
                    return follow;
                }
                Err(error) => tracing::error!(
                    job.id = %job, attempt = number, %error,
                    "The end of attempt {number} of job {job} could not be written; trying again"
                ),
            }
            tokio::time::sleep(WRITE_PAUSE).await;
        }
        Follow::Again
    }

    /// Says what follows, and as what the end was written; none if another attempt goes on.
    async fn write_end(
        &self,
        job: &JobId,
        number: i32,
        ended: &Ended,
        jitter: f64,
    ) -> Result<(Follow, Option<AttemptOutcome>), StoreError> {
        let mut pooled = self.pool.get().await?;
        let conn: &mut Conn = &mut pooled;
        let now = clock::now();
        transaction(conn, async |conn: &mut Conn| {
            let lane = lanes::lock_of(conn, job).await?;
            let row = attempts::lock_job(conn, job).await?;
            // A stop of the worker, unless a person wanted the job's end.
            let interrupted = ended.outcome == AttemptOutcome::Cancelled && !row.is_cancelled();
            let end = End {
                outcome: if interrupted { AttemptOutcome::Lost } else { ended.outcome },
                exit_code: ended.exit_code,
                http_status: ended.http_status,
                signal: ended.signal,
                cpu_ms: ended.usage.and_then(|usage| usage.cpu.as_millis().try_into().ok()),
                peak_memory_kib: ended
                    .usage
                    .and_then(|usage| usage.peak_memory_kib.try_into().ok()),
                error: if interrupted { INTERRUPTED } else { &ended.error },
            };
            if !attempts::end(conn, job, number, &end, now).await? {
                // Given up as lost in the meantime: another attempt may be under way.
                return Ok((Follow::Done, None));
            }
            let tries =
                Tries { used: row.tries_used + 1, max: row.max_attempts, lost: row.tries_lost };
            // A stop is nobody's failure and costs no try.
            let (next, used) = if interrupted {
                (Next::RunAgain, row.tries_used)
            } else {
                let retry = ended.temporary.then(|| self.waits_of(&row.action));
                let next = next(ended.outcome, retry.as_ref(), tries, now, jitter);
                (next.unless_cancelled(row.is_cancelled()), tries.used)
            };
            let follow =
                settle(conn, job, &after(&next, (used, tries.lost), &ended.error, now)).await?;
            lanes::settle(conn, &lane, now).await?;
            log(job, number, end.outcome, &next, &ended.error);
            Ok((follow, Some(end.outcome)))
        })
        .await
    }
}

/// Marks an attempt whose worker died, and says where its job stands now.
pub(super) async fn give_up(
    conn: &mut Conn,
    row: &mut JobRow,
    number: i32,
    now: DateTime<Utc>,
) -> Result<Next, StoreError> {
    let Ok(job) = row.id.parse::<JobId>() else { return Err(StoreError::NotFound) };
    let end = End {
        outcome: AttemptOutcome::Lost,
        exit_code: None,
        http_status: None,
        signal: None,
        cpu_ms: None,
        peak_memory_kib: None,
        error: LOST,
    };
    attempts::end(conn, &job, number, &end, now).await?;
    row.tries_lost += 1;
    let tries = Tries { used: row.tries_used, max: row.max_attempts, lost: row.tries_lost };
    let next = next(AttemptOutcome::Lost, None, tries, now, 0.0);
    let next = next.unless_cancelled(row.is_cancelled());
    settle(conn, &job, &after(&next, (row.tries_used, row.tries_lost), LOST, now)).await?;
    log(&job, number, AttemptOutcome::Lost, &next, LOST);
    state_of(&next).as_str().clone_into(&mut row.state);
    Ok(next)
}

pub(super) async fn is_alive(conn: &mut Conn, worker: &str) -> Result<bool, StoreError> {
    let dead = queue::dead_of(conn, &[worker.to_owned()], lost_after_s()).await?;
    Ok(dead.is_empty())
}

/// Seconds without a sign of life after which a worker is taken for dead.
pub(super) fn lost_after_s() -> f64 {
    (HEARTBEAT * MISSED_HEARTBEATS).as_secs_f64()
}

fn state_of(next: &Next) -> JobState {
    match next {
        Next::End(state) => *state,
        Next::RetryAt(_) => JobState::Retrying,
        Next::RunAgain => JobState::Queued,
    }
}

/// Where a job stands after an attempt, in the terms of its row.
fn after<'a>(
    next: &Next,
    (tries_used, tries_lost): (i32, i32),
    error: &'a str,
    now: DateTime<Utc>,
) -> After<'a> {
    let state = state_of(next);
    let run_at = match next {
        Next::RetryAt(at) => Some(*at),
        Next::RunAgain => Some(now),
        Next::End(_) => None,
    };
    let error = if state == JobState::Succeeded { "" } else { error };
    After { state, tries_used, tries_lost, run_at, error, at: now }
}

async fn settle(conn: &mut Conn, job: &JobId, after: &After<'_>) -> Result<Follow, StoreError> {
    attempts::settle(conn, job, after).await?;
    if let (JobState::Retrying, Some(run_at)) = (after.state, after.run_at) {
        queue::postpone(conn, job, run_at).await?;
    }
    Ok(if after.state.is_final() { Follow::Done } else { Follow::Again })
}

fn log(job: &JobId, number: i32, outcome: AttemptOutcome, next: &Next, error: &str) {
    let (outcome, state) = (outcome.as_str(), state_of(next).as_str());
    tracing::info!(
        job.id = %job, attempt = number, outcome, state, error,
        "Job {job}: attempt {number} {outcome}, the job is {state}"
    );
}

fn failed(error: String) -> Ended {
    Ended {
        outcome: AttemptOutcome::Failed,
        temporary: false,
        exit_code: None,
        signal: None,
        http_status: None,
        usage: None,
        error,
    }
}

/// Puts together what the action needs; Err is the sentence the attempt fails with.
fn request(catalogue: &Catalogue, started: Started) -> Result<RunRequest, String> {
    let Started { number, job, delivery } = started;
    let spec = catalogue.get(&job.action).ok_or_else(|| catalogue.why_missing(&job.action))?;
    let Some(DeliveryRow { event: header, body: Some(body) }) = delivery else {
        return Err("The delivery's body is not kept any more".to_owned());
    };
    let event = Event::read(&header, &body).map_err(|error| error.to_string())?;
    let params: BTreeMap<String, String> = serde_json::from_value(job.action_params)
        .map_err(|error| format!("The action's parameters are unreadable: {error}"))?;
    let limit_s = job.timeout_s.and_then(|s| u32::try_from(s).ok()).unwrap_or(spec.timeout_s);
    // A record may ask for less time than its entry allows, never for more.
    let timeout = Duration::from_secs(limit_s.min(spec.timeout_s).into());
    let facts = EventFacts::of(event, (&job.delivery_id, &job.id), number);
    Ok(RunRequest { spec, params, facts, body: body.into(), timeout })
}
