//! One attempt that has begun, top to bottom: run the action, write down how it ended.

use super::ender::{self, Ender};
use super::output::{Tail, Writer};
use super::running::{Mark, Running};
use crate::clock;
use crate::metrics;
use chrono::{DateTime, Utc};
use signalbox_actions::{self as actions, Catalogue, Ended, RunRequest};
use signalbox_core::action::EventFacts;
use signalbox_core::event::Event;
use signalbox_core::failure::Failure;
use signalbox_core::ids::JobId;
use signalbox_core::job::{AttemptOutcome, Next, decide_next};
use signalbox_core::retry::Policy;
use signalbox_store::attempts::{self, Begun, DeliveryRow, End, JobRow, Tally};
use signalbox_store::listen::Listener;
use signalbox_store::transitions::{self, Finish};
use signalbox_store::{Conn, Pool, StoreError, lanes, output, run_transaction};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How often the end of an attempt is tried to be written once the worker is stopping.
const LAST_TRIES: u32 = 30;
/// How long apart it is tried.
const WRITE_PAUSE: Duration = Duration::from_secs(1);
/// Chunks that may wait to be stored before the program is made to wait.
const CHUNKS_WAITING: usize = 64;

/// What making attempts needs.
#[derive(Clone)]
pub(super) struct Runner {
    pub pool: Pool,
    /// Where jobs are taken.
    pub taking: Pool,
    pub ender: Ender,
    pub notices: Listener,
    pub catalogue: Catalogue,
    pub worker: String,
    pub running: Running,
    /// Ends running attempts: the worker is stopping.
    pub abort: CancellationToken,
}

/// An attempt, and what of its job its end depends on: nobody changes that while it runs.
struct Made {
    job: JobId,
    number: i32,
    action: String,
    tally: Tally,
    max_attempts: i32,
    /// Whether it stands in no lane.
    is_alone: bool,
}

impl Runner {
    /// Marks an attempt as one of this worker's, as soon as it has begun.
    pub(super) fn mark_begun(&self, begun: &Begun) -> Mark {
        self.running.mark_running(&begun.job.id, begun.number, self.abort.child_token())
    }

    pub(super) async fn make_attempt(&self, begun: Begun, mark: &Mark) {
        let Ok(job) = begun.job.id.parse::<JobId>() else { return };
        let made = Made {
            job,
            number: begun.number,
            action: begun.job.action.clone(),
            tally: begun.job.tally_tries(),
            max_attempts: begun.job.max_attempts,
            is_alone: begun.job.lane.is_empty(),
        };
        let Made { job, number, action, .. } = &made;
        tracing::info!(
            job.id = %job, attempt = number, action,
            "Job {job}: attempt {number} begins"
        );
        let (started, running) = (Instant::now(), metrics::count_running());
        let (ended, tail) = self.run_action(job, begun, mark.stop.clone()).await;
        drop(running);
        if let Some(outcome) = self.finish_attempt(&made, &ended, tail).await {
            metrics::count_attempt(action, outcome, started.elapsed());
        }
    }

    async fn run_action(
        &self,
        job: &JobId,
        begun: Begun,
        stop: CancellationToken,
    ) -> (Ended, Tail) {
        let attempt = begun.number;
        let request = match build_request(&self.catalogue, begun) {
            Ok(request) => request,
            Err(failure) => return (failed_outcome(failure), Tail::default()),
        };
        let (chunks, waiting) = mpsc::channel(CHUNKS_WAITING);
        let (pool, notices) = (self.pool.clone(), self.notices.clone());
        let writer = Writer { pool, notices, job: job.clone(), attempt };
        let run = actions::run_attempt(request, chunks, stop);
        // The writer ends when the action's end of the channel is dropped.
        let run = tokio::spawn(run);
        let tail = writer.run_writer(waiting).await;
        let lost = |_| failed_outcome(Failure::Internal);
        (run.await.unwrap_or_else(lost), tail)
    }

    /// How long an action's failed jobs wait, as its entry says now.
    fn waits_of(&self, action: &str) -> Policy {
        self.catalogue.get(action).map(|spec| spec.retry.clone()).unwrap_or_default()
    }

    /// Writes the end down, again and again while the database is away: the attempt is over and must
    /// not be made a second time for want of a note. Answers as what it was written, if it was.
    async fn finish_attempt(
        &self,
        made: &Made,
        ended: &Ended,
        tail: Tail,
    ) -> Option<AttemptOutcome> {
        let (job, number) = (&made.job, made.number);
        let jitter = clock::random_jitter();
        let tail = match self.finish_with_others(made, ended, tail, jitter).await {
            Ok(outcome) => return Some(outcome),
            Err(tail) => tail,
        };
        let mut last_tries = 0;
        while last_tries < LAST_TRIES {
            match self.write_end(made, ended, &tail, jitter).await {
                Ok(outcome) => {
                    self.notices.tell_of_jobs([job.as_str()]);
                    return outcome;
                }
                Err(error) => tracing::error!(
                    job.id = %job, attempt = number, %error,
                    "Failed to write the end of attempt {number} of job {job}: {error}; trying again"
                ),
            }
            last_tries += u32::from(self.abort.is_cancelled());
            tokio::time::sleep(WRITE_PAUSE).await;
        }
        None
    }

    /// Most attempts end without anybody else in the matter; gives the tail back if that is not so.
    async fn finish_with_others(
        &self,
        made: &Made,
        ended: &Ended,
        tail: Tail,
        jitter: f64,
    ) -> Result<AttemptOutcome, Tail> {
        if !made.is_alone || ended.outcome == AttemptOutcome::Cancelled {
            return Err(tail);
        }
        let (end, tally) = (end_of(ended, false), made.tally.with_try());
        let (outcome, error) = (end.outcome, end.error_text());
        let at = clock::now();
        let next = self.decide_next(made, ended, tally, (at, jitter));
        let (job, number) = (made.job.clone(), made.number);
        let to_write = ender::Ended { job, number, at, end, next, tally, tail };
        if let Some(not_written) = self.ender.write_end(to_write).await {
            return Err(not_written.tail);
        }
        log_end(&made.job, number, outcome, next, &error);
        Ok(outcome)
    }

    /// Writes the end and what follows; none if the attempt had been given up meanwhile.
    async fn write_end(
        &self,
        made: &Made,
        ended: &Ended,
        tail: &Tail,
        jitter: f64,
    ) -> Result<Option<AttemptOutcome>, StoreError> {
        let mut pooled = self.pool.get_conn().await?;
        let conn: &mut Conn = &mut pooled;
        let (job, number, now) = (&made.job, made.number, clock::now());
        run_transaction(conn, async |conn: &mut Conn| {
            let lane = lanes::lock_of(conn, job).await?;
            let row = attempts::lock_job(conn, job).await?;
            output::insert_chunks(conn, &tail.to_rows(job, number)).await?;
            // A stop of the worker, unless a person wanted the job's end.
            let interrupted = ended.outcome == AttemptOutcome::Cancelled && !row.is_cancelled();
            let end = end_of(ended, interrupted);
            // A stop is nobody's failure and costs no try.
            let (next, tally) = if interrupted {
                (Next::RunAgain, row.tally_tries())
            } else {
                let tally = row.tally_tries().with_try();
                let next = self.decide_next(made, ended, tally, (now, jitter));
                (next.unless_cancelled(row.is_cancelled()), tally)
            };
            let finish = Finish { job, number, end: &end, next, tally, now };
            if !transitions::finish_attempt(conn, finish).await? {
                return Ok(None);
            }
            lanes::advance_lane(conn, &lane, now).await?;
            log_end(job, number, end.outcome, next, &end.error_text());
            Ok(Some(end.outcome))
        })
        .await
    }

    /// What follows an attempt that ended by itself.
    fn decide_next(
        &self,
        made: &Made,
        ended: &Ended,
        tally: Tally,
        (now, jitter): (DateTime<Utc>, f64),
    ) -> Next {
        let retry = ended.temporary.then(|| self.waits_of(&made.action));
        decide_next(ended.outcome, retry.as_ref(), tally.of_at_most(made.max_attempts), now, jitter)
    }
}

/// The attempt's end as it is written.
fn end_of(ended: &Ended, interrupted: bool) -> End {
    End {
        outcome: if interrupted { AttemptOutcome::Lost } else { ended.outcome },
        exit_code: ended.exit_code,
        http_status: ended.http_status,
        signal: ended.signal,
        cpu_ms: ended.usage.and_then(|usage| usage.cpu.as_millis().try_into().ok()),
        peak_memory_kib: ended.usage.and_then(|usage| usage.peak_memory_kib.try_into().ok()),
        failure: if interrupted { Some(Failure::WorkerStopped) } else { ended.failure.clone() },
        argv: ended.argv.clone(),
    }
}

/// Marks an attempt whose worker is lost, and moves its job on.
pub(super) async fn give_up(
    conn: &mut Conn,
    job: &JobId,
    row: &JobRow,
    number: i32,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let end = End {
        outcome: AttemptOutcome::Lost,
        exit_code: None,
        http_status: None,
        signal: None,
        cpu_ms: None,
        peak_memory_kib: None,
        failure: Some(Failure::WorkerLost),
        argv: None,
    };
    let tally = row.tally_tries();
    let tally = Tally { lost: tally.lost + 1, ..tally };
    let next =
        decide_next(AttemptOutcome::Lost, None, tally.of_at_most(row.max_attempts), now, 0.0);
    let next = next.unless_cancelled(row.is_cancelled());
    transitions::finish_attempt(conn, Finish { job, number, end: &end, next, tally, now }).await?;
    log_end(job, number, AttemptOutcome::Lost, next, &end.error_text());
    Ok(())
}

fn log_end(job: &JobId, number: i32, outcome: AttemptOutcome, next: Next, error: &str) {
    let (outcome, state) = (outcome.as_str(), next.resulting_state().as_str());
    tracing::info!(
        job.id = %job, attempt = number, outcome, state, error,
        "Job {job}: attempt {number} {outcome}, the job is {state}"
    );
}

fn failed_outcome(failure: Failure) -> Ended {
    Ended {
        outcome: AttemptOutcome::Failed,
        temporary: false,
        exit_code: None,
        signal: None,
        http_status: None,
        usage: None,
        failure: Some(failure),
        argv: None,
    }
}

/// Puts together what the action needs; Err is why the attempt fails.
fn build_request(catalogue: &Catalogue, begun: Begun) -> Result<RunRequest, Failure> {
    let Begun { number, job, delivery, webhook_url } = begun;
    let spec = catalogue.get(&job.action).ok_or_else(|| catalogue.why_missing(&job.action))?;
    let Some(DeliveryRow { event: header, body: Some(body) }) = delivery else {
        return Err(Failure::BodyGone);
    };
    let event = Event::from_body(&header, &body)
        .map_err(|error| Failure::BodyUnreadable { because: Box::new(error.reason()) })?;
    let params: BTreeMap<String, String> = serde_json::from_value(job.action_params)
        .map_err(|error| Failure::ParametersUnreadable { error: error.to_string() })?;
    let limit_s = job.timeout_s.and_then(|s| u32::try_from(s).ok()).unwrap_or(spec.timeout_s);
    // A webhook may ask for less time than its entry allows, never for more.
    let timeout = Duration::from_secs(limit_s.min(spec.timeout_s).into());
    let facts = EventFacts::from_event(event, &webhook_url, &job.delivery_id, &job.id, number);
    Ok(RunRequest { spec, params, facts, body: body.into(), timeout })
}
