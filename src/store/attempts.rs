//! Jobs and their attempts as the worker moves them: begin, finish, lose.
//!
//! What follows an attempt is `crate::core::job`'s to say; these functions only write it down,
//! and write nothing when somebody else moved the job in the meantime.

use super::schema::{deliveries, job_attempts, jobs, webhooks};
use super::{Conn, Result, listen};
use crate::core::ids::JobId;
use crate::core::job::{AttemptOutcome, JobState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// A job as an attempt needs it.
#[derive(Debug, Clone, Queryable, Selectable)]
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
    pub state: String,
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
pub async fn open(conn: &mut Conn, job: Option<&JobId>) -> Result<Vec<OpenAttempt>> {
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

/// Begins attempt `number` of a job.
///
/// # Errors
/// [`StoreError::Constraint`](super::StoreError::Constraint) if that attempt exists.
pub async fn begin(
    conn: &mut Conn,
    job: &JobId,
    number: i32,
    worker: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(job_attempts::table)
        .values((
            job_attempts::job_id.eq(job.as_str()),
            job_attempts::number.eq(number),
            job_attempts::worker.eq(worker),
            job_attempts::started_at.eq(now),
            job_attempts::error.eq(""),
        ))
        .execute(conn)
        .await?;
    diesel::update(jobs::table.find(job.as_str()))
        .set((
            jobs::state.eq(JobState::Running.as_str()),
            jobs::attempts.eq(number),
            jobs::started_at.eq(now),
            jobs::finished_at.eq(None::<DateTime<Utc>>),
            jobs::held.eq(""),
        ))
        .execute(conn)
        .await?;
    note_state(conn, job, JobState::Running).await
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct End<'a> {
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
    /// Why it failed, in words; empty if it did not.
    pub error: &'a str,
}

/// Ends an attempt; false if it had ended already (it was given up as lost).
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn end(
    conn: &mut Conn,
    job: &JobId,
    number: i32,
    end: &End<'_>,
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
            job_attempts::error.eq(end.error),
        ))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Where a job stands after an attempt.
#[derive(Debug, Clone)]
pub struct After<'a> {
    /// Its state.
    pub state: JobState,
    /// Tries it has used.
    pub tries_used: i32,
    /// Attempts it has lost.
    pub tries_lost: i32,
    /// When it runs again, if it does.
    pub run_at: Option<DateTime<Utc>>,
    /// The last failure in words.
    pub error: &'a str,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Writes where a job stands.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn settle(conn: &mut Conn, job: &JobId, after: &After<'_>) -> Result<()> {
    let finished = after.state.is_final().then_some(after.at);
    diesel::update(jobs::table.find(job.as_str()))
        .set((
            jobs::state.eq(after.state.as_str()),
            jobs::tries_used.eq(after.tries_used),
            jobs::tries_lost.eq(after.tries_lost),
            jobs::finished_at.eq(finished),
            jobs::error.eq(after.error),
        ))
        .execute(conn)
        .await?;
    if let Some(run_at) = after.run_at {
        diesel::update(jobs::table.find(job.as_str()))
            .set(jobs::run_at.eq(run_at))
            .execute(conn)
            .await?;
    }
    note_state(conn, job, after.state).await
}

/// Makes an ended job ready to run again, its tries counted anew.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn reopen(
    conn: &mut Conn,
    job: &JobId,
    requested_by: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(jobs::table.find(job.as_str()))
        .set((
            jobs::state.eq(JobState::Queued.as_str()),
            jobs::tries_used.eq(0),
            jobs::tries_lost.eq(0),
            jobs::error.eq(""),
            jobs::run_at.eq(now),
            jobs::queued_at.eq(now),
            jobs::finished_at.eq(None::<DateTime<Utc>>),
            jobs::requested_by.eq(requested_by),
            jobs::cancel_requested_at.eq(None::<DateTime<Utc>>),
            jobs::cancelled_by.eq(""),
            jobs::superseded_by.eq(None::<String>),
            jobs::held.eq(""),
        ))
        .execute(conn)
        .await?;
    note_state(conn, job, JobState::Queued).await
}

/// Notes that a person asks for the end of a running job, and tells the workers.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn ask_to_cancel(
    conn: &mut Conn,
    job: &JobId,
    by: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(jobs::table.find(job.as_str()))
        .set((jobs::cancel_requested_at.eq(now), jobs::cancelled_by.eq(by)))
        .execute(conn)
        .await?;
    listen::tell(conn, listen::Topic::Cancel, job.as_str()).await?;
    listen::tell(conn, listen::Topic::Job, job.as_str()).await
}

/// Ends a job that waits.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn cancel(conn: &mut Conn, job: &JobId, by: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(jobs::table.find(job.as_str()))
        .set((
            jobs::state.eq(JobState::Cancelled.as_str()),
            jobs::cancel_requested_at.eq(now),
            jobs::cancelled_by.eq(by),
            jobs::held.eq(""),
            jobs::finished_at.eq(now),
        ))
        .execute(conn)
        .await?;
    note_state(conn, job, JobState::Cancelled).await
}

/// Lets a job that waits for its time run now.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn hasten(conn: &mut Conn, job: &JobId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(jobs::table.find(job.as_str()))
        .set((jobs::run_at.eq(now), jobs::held.eq("")))
        .execute(conn)
        .await?;
    listen::tell(conn, listen::Topic::Job, job.as_str()).await
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

/// Tells who watches where a job stands now, and shows it on its record's row if it is that
/// record's last job.
pub(super) async fn note_state(conn: &mut Conn, job: &JobId, state: JobState) -> Result<()> {
    diesel::update(webhooks::table.filter(webhooks::last_job_id.eq(job.as_str())))
        .filter(
            webhooks::id.nullable().eq_any(jobs::table.find(job.as_str()).select(jobs::webhook_id)),
        )
        .set(webhooks::last_job_state.eq(state.as_str()))
        .execute(conn)
        .await?;
    listen::tell(conn, listen::Topic::Job, job.as_str()).await
}
