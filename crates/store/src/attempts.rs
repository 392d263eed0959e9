//! Attempts, and the jobs they are made of, as the worker reads them. The job's own state is moved
//! by `store::transitions`.

use super::schema::{deliveries, job_attempts, jobs, webhooks};
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::failure::Failure;
use signalbox_core::ids::JobId;
use signalbox_core::job::{AttemptOutcome, JobState, Tries};

/// A job as an attempt needs it.
#[derive(Debug, Clone, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = jobs, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct JobRow {
    pub id: String,
    pub delivery_id: String,
    pub webhook_id: Option<i64>,
    pub webhook_label: String,
    pub action: String,
    pub action_params: serde_json::Value,
    pub timeout_s: Option<i32>,
    pub state: JobState,
    pub attempts: i32,
    pub tries_used: i32,
    pub tries_lost: i32,
    pub max_attempts: i32,
    pub run_at: DateTime<Utc>,
    pub cancel_requested_at: Option<DateTime<Utc>>,
    pub cancelled_by: String,
    pub lane: String,
    pub held: String,
}

impl JobRow {
    /// Whether a person has asked for its end.
    pub fn is_cancelled(&self) -> bool {
        self.cancel_requested_at.is_some()
    }

    /// Whether a worker may take it.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        JobState::WAITING.contains(&self.state) && self.held.is_empty() && self.run_at <= now
    }

    /// The tries that it has used and lost.
    pub fn tally_tries(&self) -> Tally {
        Tally { used: self.tries_used, lost: self.tries_lost }
    }
}

/// Tries of a job since it was last asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Attempts that ended by themselves.
    pub used: i32,
    /// Attempts whose worker was lost.
    pub lost: i32,
}

impl Tally {
    /// With one more attempt that ended by itself.
    #[must_use]
    pub fn with_try(self) -> Self {
        Self { used: self.used + 1, ..self }
    }

    /// The same beside the most that there may be.
    pub fn of_at_most(self, max: i32) -> Tries {
        Tries { used: self.used, max, lost: self.lost }
    }
}

/// An attempt that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The attempt's number, from 1.
    pub number: i32,
    /// Its job.
    pub job: JobRow,
    /// What it came from, unless that is gone.
    pub delivery: Option<DeliveryRow>,
    /// The address of its webhook's repository; empty if the webhook is gone.
    pub webhook_url: String,
}

impl Begun {
    /// The attempt that the job's row counts last.
    pub fn new(job: JobRow, delivery: Option<DeliveryRow>, webhook_url: Option<String>) -> Self {
        let webhook_url = webhook_url.unwrap_or_default();
        Self { number: job.attempts, job, delivery, webhook_url }
    }
}

/// Loads a job and locks it until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`](super::StoreError::NotFound) if it is gone.
pub async fn lock_job(conn: &mut Conn, job: &JobId) -> Result<JobRow> {
    Ok(jobs::table.find(job.as_str()).select(JobRow::as_select()).for_update().first(conn).await?)
}

/// What of its delivery an attempt needs.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deliveries, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct DeliveryRow {
    pub event: String,
    pub body: Option<Vec<u8>>,
}

/// The delivery a job came from.
///
/// # Errors
/// [`StoreError::NotFound`](super::StoreError::NotFound) if it is gone.
pub async fn delivery_of(conn: &mut Conn, delivery: &str) -> Result<DeliveryRow> {
    Ok(deliveries::table.find(delivery).select(DeliveryRow::as_select()).first(conn).await?)
}

/// The address of the repository of a job's webhook.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn webhook_url(conn: &mut Conn, webhook: Option<i64>) -> Result<Option<String>> {
    let Some(webhook) = webhook else { return Ok(None) };
    Ok(webhooks::table.find(webhook).select(webhooks::repo_url).first(conn).await.optional()?)
}

/// An attempt that has not ended.
#[derive(Debug, Clone, Queryable)]
pub struct OpenAttempt {
    /// Its job.
    pub job_id: String,
    /// Its number, from 1.
    pub number: i32,
    /// Who makes it.
    pub worker: String,
}

/// The open attempts of a job (`Some`) or of all jobs.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn list_open(conn: &mut Conn, job: Option<&JobId>) -> Result<Vec<OpenAttempt>> {
    let mut query = job_attempts::table
        .filter(job_attempts::outcome.is_null())
        .select((job_attempts::job_id, job_attempts::number, job_attempts::worker))
        .order((job_attempts::job_id, job_attempts::number))
        .into_boxed();
    if let Some(job) = job {
        query = query.filter(job_attempts::job_id.eq(job.as_str()));
    }
    Ok(query.load(conn).await?)
}

/// The open attempts of a worker.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn list_open_of(conn: &mut Conn, worker: &str) -> Result<Vec<OpenAttempt>> {
    Ok(job_attempts::table
        .filter(job_attempts::outcome.is_null().and(job_attempts::worker.eq(worker)))
        .select((job_attempts::job_id, job_attempts::number, job_attempts::worker))
        .load(conn)
        .await?)
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct End {
    /// The outcome.
    pub outcome: AttemptOutcome,
    /// The program's exit code.
    pub exit_code: Option<i32>,
    /// The answer's status.
    pub http_status: Option<i32>,
    /// The signal that ended the program.
    pub signal: Option<i32>,
    /// Processor time that it used, in milliseconds.
    pub cpu_ms: Option<i64>,
    /// The most memory that it held at once, in KiB.
    pub peak_memory_kib: Option<i64>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// Program and arguments, if it started one.
    pub argv: Option<Vec<String>>,
}

impl End {
    /// Why it failed, in English, for programs and logs; empty if it did not.
    pub fn error_text(&self) -> String {
        self.failure.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

/// Ends an attempt; false if it had ended already (it was given up as lost).
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn end_attempt(
    conn: &mut Conn,
    job: &JobId,
    number: i32,
    end: &End,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = diesel::update(job_attempts::table.find((job.as_str(), number)))
        .filter(job_attempts::outcome.is_null())
        .set((
            job_attempts::outcome.eq(end.outcome.as_str()),
            job_attempts::finished_at.eq(now),
            job_attempts::exit_code.eq(end.exit_code),
            job_attempts::http_status.eq(end.http_status),
            job_attempts::signal.eq(end.signal),
            job_attempts::cpu_ms.eq(end.cpu_ms),
            job_attempts::peak_memory_kib.eq(end.peak_memory_kib),
            job_attempts::error.eq(end.error_text()),
            job_attempts::failure.eq(end.failure.as_ref().map(Failure::to_stored)),
            job_attempts::argv.eq(end.argv.as_ref().map(|argv| serde_json::json!(argv))),
        ))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Which of these jobs a person wants to end.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn to_cancel(conn: &mut Conn, running: &[String]) -> Result<Vec<String>> {
    if running.is_empty() {
        return Ok(Vec::new());
    }
    Ok(jobs::table
        .filter(jobs::id.eq_any(running))
        .filter(jobs::cancel_requested_at.is_not_null())
        .select(jobs::id)
        .load(conn)
        .await?)
}
