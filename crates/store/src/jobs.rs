//! The table of jobs, with attempts and output, as the panel reads them: the list, tabs, one job
//! with all its attempts. Its states are written by `store::attempts` and `store::queue`.

mod list;

pub use list::{Filter, Sort, count_jobs, list_jobs, select_ids};

use super::schema::{job_attempts, job_output, jobs, webhooks};
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use signalbox_core::failure::Failure;
use signalbox_core::ids::{DeliveryId, JobId, WebhookId};
use signalbox_core::job::{AttemptOutcome, JobState, Tries, most_attempts};
use signalbox_core::webhook::Concurrency;
use std::collections::HashMap;

/// One job as the list shows it: with who set it off and how its newest attempt ended. Serialises
/// under the names that JSON and CSV show.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// The header of the event that asked for it.
    pub event: String,
    /// Who caused that event.
    pub user_name: String,
    /// The commit that it points at.
    pub sha: String,
    /// The newest attempt's exit code.
    pub exit_code: Option<i32>,
    /// The signal that ended the newest attempt.
    pub signal: Option<i32>,
}

impl Row {
    /// Who asked for it: a person, or else whoever caused the event.
    pub fn person(&self) -> &str {
        if self.job.requested_by.is_empty() { &self.user_name } else { &self.job.requested_by }
    }
}

/// One job.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = jobs, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Job {
    pub id: String,
    #[serde(rename = "delivery")]
    pub delivery_id: String,
    #[serde(rename = "webhook")]
    pub webhook_id: Option<i64>,
    pub webhook_label: String,
    pub repo_name: String,
    #[serde(rename = "ref")]
    pub git_ref: String,
    pub action: String,
    pub action_params: serde_json::Value,
    pub timeout_s: Option<i32>,
    pub state: JobState,
    pub attempts: i32,
    pub tries_used: i32,
    pub tries_lost: i32,
    pub max_attempts: i32,
    pub error: String,
    pub run_at: DateTime<Utc>,
    pub queued_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub requested_by: String,
    pub cancel_requested_at: Option<DateTime<Utc>>,
    pub cancelled_by: String,
    pub concurrency: Concurrency,
    pub lane: String,
    pub held: String,
    pub superseded_by: Option<String>,
    #[serde(skip)]
    pub cancels_running: bool,
    pub title: String,
}

impl Job {
    /// The most attempts that it may come to.
    pub fn most_attempts(&self) -> i32 {
        let tries = Tries { used: self.tries_used, max: self.max_attempts, lost: self.tries_lost };
        most_attempts(self.attempts, self.state, tries)
    }
}

/// One attempt of a job.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = job_attempts, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Attempt {
    pub job_id: String,
    pub number: i32,
    pub worker: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub outcome: Option<AttemptOutcome>,
    pub exit_code: Option<i32>,
    pub http_status: Option<i32>,
    pub signal: Option<i32>,
    pub error: String,
    pub cpu_ms: Option<i64>,
    pub peak_memory_kib: Option<i64>,
    pub output_pruned_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub failure: Option<serde_json::Value>,
    #[serde(skip)]
    pub argv: Option<serde_json::Value>,
}

impl Attempt {
    /// Why it failed; none if it did not, or is of a version that stored the sentence alone.
    pub fn typed_failure(&self) -> Option<Failure> {
        Failure::from_stored(self.failure.as_ref()?)
    }
}

/// A piece of an attempt's output, in the order it was written.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = job_output, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Chunk {
    pub seq: i32,
    pub stream: String,
    pub at: DateTime<Utc>,
    pub bytes: Vec<u8>,
    pub notice: Option<serde_json::Value>,
}

/// What other tables know of a job.
#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    event: String,
    #[diesel(sql_type = Text)]
    user_name: String,
    #[diesel(sql_type = Text)]
    sha: String,
    #[diesel(sql_type = Nullable<Integer>)]
    exit_code: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    signal: Option<i32>,
}

/// Adds what other tables know: who set each job off, how its newest attempt ended.
async fn add_context(conn: &mut Conn, rows: Vec<Job>) -> Result<Vec<Row>> {
    let ids: Vec<&str> = rows.iter().map(|job| job.id.as_str()).collect();
    let told: Vec<Told> = diesel::sql_query(
        "SELECT jobs.id, coalesce(event, '') AS event, coalesce(user_name, '') AS user_name, \
         coalesce(sha, '') AS sha, exit_code, signal FROM jobs \
         LEFT JOIN deliveries ON deliveries.id = jobs.delivery_id \
         LEFT JOIN LATERAL (SELECT exit_code, signal FROM job_attempts \
         WHERE job_id = jobs.id ORDER BY number DESC LIMIT 1) AS newest ON true \
         WHERE jobs.id = ANY($1)",
    )
    .bind::<Array<Text>, _>(ids)
    .load(conn)
    .await?;
    let mut told: HashMap<String, Told> =
        told.into_iter().map(|told| (told.id.clone(), told)).collect();
    Ok(rows
        .into_iter()
        .map(|job| match told.remove(&job.id) {
            Some(Told { event, user_name, sha, exit_code, signal, .. }) => {
                Row { job, event, user_name, sha, exit_code, signal }
            }
            None => Row {
                job,
                event: String::new(),
                user_name: String::new(),
                sha: String::new(),
                exit_code: None,
                signal: None,
            },
        })
        .collect())
}

/// Whether there is a job with this id.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn job_exists(conn: &mut Conn, id: &JobId) -> Result<bool> {
    let one = jobs::table.find(id.as_str());
    Ok(diesel::select(diesel::dsl::exists(one)).get_result(conn).await?)
}

/// One job.
///
/// # Errors
/// [`crate::StoreError::NotFound`] when there is none with this id.
pub async fn find_job(conn: &mut Conn, id: &JobId) -> Result<Job> {
    Ok(jobs::table.find(id.as_str()).select(Job::as_select()).first(conn).await?)
}

/// The jobs a delivery asked for, in the order they were made.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn of_delivery(conn: &mut Conn, delivery: &DeliveryId) -> Result<Vec<Row>> {
    let made = jobs::table
        .filter(jobs::delivery_id.eq(delivery.as_str()))
        .order(jobs::id)
        .select(Job::as_select())
        .load(conn)
        .await?;
    add_context(conn, made).await
}

/// A webhook's newest jobs.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn of_webhook(conn: &mut Conn, webhook: WebhookId, most: i64) -> Result<Vec<Row>> {
    let newest = jobs::table
        .filter(jobs::webhook_id.assume_not_null().eq(webhook.0))
        .order(jobs::id.desc())
        .limit(most)
        .select(Job::as_select())
        .load(conn)
        .await?;
    add_context(conn, newest).await
}

/// The jobs of a webhook on both sides of one of its own.
#[derive(Debug, Default, QueryableByName)]
pub struct Neighbours {
    /// The newest of those before it.
    #[diesel(sql_type = Nullable<Text>)]
    pub previous: Option<String>,
    /// The oldest of those after it.
    #[diesel(sql_type = Nullable<Text>)]
    pub next: Option<String>,
}

/// What stands beside a job among its webhook's.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn find_neighbours(
    conn: &mut Conn,
    webhook: WebhookId,
    job: &JobId,
) -> Result<Neighbours> {
    let found = diesel::sql_query(
        "SELECT (SELECT max(id) FROM jobs WHERE webhook_id = $1 AND id < $2) AS previous, \
         (SELECT min(id) FROM jobs WHERE webhook_id = $1 AND id > $2) AS next",
    );
    Ok(found.bind::<BigInt, _>(webhook.0).bind::<Text, _>(job.as_str()).get_result(conn).await?)
}

/// How many jobs of a webhook have not ended yet.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn unfinished_of_webhook(conn: &mut Conn, webhook: WebhookId) -> Result<i64> {
    let words: Vec<&str> =
        JobState::ALL.into_iter().filter(|state| !state.is_final()).map(JobState::as_str).collect();
    Ok(jobs::table
        .filter(jobs::webhook_id.is_not_distinct_from(webhook.0))
        .filter(jobs::state.eq_any(words))
        .count()
        .get_result(conn)
        .await?)
}

/// The attempts of a job, newest first.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn attempts_of(conn: &mut Conn, job: &JobId) -> Result<Vec<Attempt>> {
    Ok(job_attempts::table
        .filter(job_attempts::job_id.eq(job.as_str()))
        .order(job_attempts::number.desc())
        .select(Attempt::as_select())
        .load(conn)
        .await?)
}

/// The last `limit` pieces of an attempt's output, in order.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn output_of(
    conn: &mut Conn,
    job: &JobId,
    attempt: i32,
    limit: i64,
) -> Result<Vec<Chunk>> {
    let mut chunks: Vec<Chunk> = job_output::table
        .filter(job_output::job_id.eq(job.as_str()))
        .filter(job_output::attempt.eq(attempt))
        .order(job_output::seq.desc())
        .limit(limit)
        .select(Chunk::as_select())
        .load(conn)
        .await?;
    chunks.reverse();
    Ok(chunks)
}

/// The pieces of an attempt's output after one of them (-1 = from the first), in order.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn output_after(
    conn: &mut Conn,
    job: &JobId,
    attempt: i32,
    after: i32,
    limit: i64,
) -> Result<Vec<Chunk>> {
    Ok(job_output::table
        .filter(job_output::job_id.eq(job.as_str()))
        .filter(job_output::attempt.eq(attempt))
        .filter(job_output::seq.gt(after))
        .order(job_output::seq)
        .limit(limit)
        .select(Chunk::as_select())
        .load(conn)
        .await?)
}

/// When upkeep took away what an attempt printed, if nothing of it is left.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn pruned_at(
    conn: &mut Conn,
    job: &JobId,
    attempt: i32,
) -> Result<Option<DateTime<Utc>>> {
    let left = job_output::table
        .filter(job_output::job_id.eq(job.as_str()))
        .filter(job_output::attempt.eq(attempt));
    let pruned: Option<Option<DateTime<Utc>>> = job_attempts::table
        .find((job.as_str(), attempt))
        .filter(diesel::dsl::not(diesel::dsl::exists(left)))
        .select(job_attempts::output_pruned_at)
        .first(conn)
        .await
        .optional()?;
    Ok(pruned.flatten())
}

/// Removes a job, with its attempts and output; no webhook's list leads to it any more.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn delete_job(conn: &mut Conn, job: &JobId) -> Result<()> {
    diesel::update(webhooks::table.filter(webhooks::last_job_id.eq(job.as_str())))
        .set((
            webhooks::last_job_id.eq(None::<String>),
            webhooks::last_job_state.eq(None::<String>),
        ))
        .execute(conn)
        .await?;
    diesel::delete(jobs::table.find(job.as_str())).execute(conn).await?;
    Ok(())
}
