//! apalis' tables: the only place that names them.
//!
//! A job's queue row carries the job's own id. It is inserted in the transaction that inserts the
//! job, so there is no outbox and no second write. Source: the schema apalis-postgres 1.0 sets up.

use super::{Conn, Result};
use crate::core::ids::JobId;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Double, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

/// The queue's name (apalis' `job_type`).
pub const QUEUE: &str = "signalbox";

/// Tries apalis may make of one row. Ours are counted in `jobs`; apalis' must never run out first.
const APALIS_TRIES: i32 = 1_000_000;

/// What a queue row carries besides its id: nothing a worker does not find under that id.
const PAYLOAD: &[u8] = b"null";

/// Puts jobs into the queue, to run at once.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn enqueue(conn: &mut Conn, jobs: &[&str]) -> Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority) \
         SELECT id, $2, $3, 'Pending', 0, $4, now(), 0 FROM unnest($1) AS id",
    )
    .bind::<Array<Text>, _>(jobs)
    .bind::<Text, _>(QUEUE)
    .bind::<Binary, _>(PAYLOAD)
    .bind::<diesel::sql_types::Integer, _>(APALIS_TRIES)
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a job back into the queue, whatever became of its row, and wakes the workers. Of several in
/// one transaction, the earlier come first.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn requeue(conn: &mut Conn, job: &JobId) -> Result<()> {
    diesel::sql_query(
        "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority) \
         VALUES ($1, $2, $3, 'Pending', 0, $4, clock_timestamp(), 0) \
         ON CONFLICT (id) DO UPDATE SET status = 'Pending', attempts = 0, \
         run_at = excluded.run_at, \
         lock_by = NULL, lock_at = NULL, done_at = NULL",
    )
    .bind::<Text, _>(job.as_str())
    .bind::<Text, _>(QUEUE)
    .bind::<Binary, _>(PAYLOAD)
    .bind::<diesel::sql_types::Integer, _>(APALIS_TRIES)
    .execute(conn)
    .await?;
    diesel::sql_query(
        "SELECT pg_notify('apalis::job::insert', \
         json_build_object('job_type', $1, 'id', $2, 'run_at', now())::text)",
    )
    .bind::<Text, _>(QUEUE)
    .bind::<Text, _>(job.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds a job back until a time: the durable back-off. The row stays its worker's until apalis
/// has noted the failure.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn postpone(conn: &mut Conn, job: &JobId, run_at: DateTime<Utc>) -> Result<()> {
    diesel::sql_query("UPDATE apalis.jobs SET run_at = $2 WHERE id = $1")
        .bind::<Text, _>(job.as_str())
        .bind::<Timestamptz, _>(run_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes a job out of the queue: it ended without a worker. A row that a worker holds stays; what
/// it finds tells it that there is nothing to do.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn withdraw(conn: &mut Conn, job: &JobId) -> Result<()> {
    diesel::sql_query(
        "UPDATE apalis.jobs SET status = 'Done', done_at = now() \
         WHERE id = $1 AND status IN ('Pending', 'Failed')",
    )
    .bind::<Text, _>(job.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes rows that were done before then and whose job has ended or is gone; answers how many.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn prune(conn: &mut Conn, before: DateTime<Utc>, most: usize) -> Result<usize> {
    Ok(diesel::sql_query(
        "DELETE FROM apalis.jobs WHERE id IN (SELECT q.id FROM apalis.jobs q \
         LEFT JOIN jobs j ON j.id = q.id \
         WHERE q.job_type = $1 AND q.status IN ('Done', 'Killed') AND q.done_at < $2 \
         AND (j.id IS NULL OR j.state IN ('succeeded', 'failed', 'cancelled', 'superseded')) \
         ORDER BY q.done_at LIMIT $3)",
    )
    .bind::<Text, _>(QUEUE)
    .bind::<Timestamptz, _>(before)
    .bind::<diesel::sql_types::BigInt, _>(i64::try_from(most).unwrap_or(i64::MAX))
    .execute(conn)
    .await?)
}

/// A worker as its heartbeat tells.
#[derive(Debug, Clone, QueryableByName)]
pub struct WorkerRow {
    /// Its name, unique to one run of one process.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// When it last gave a sign of life.
    #[diesel(sql_type = Timestamptz)]
    pub last_seen: DateTime<Utc>,
    /// When it began, if apalis says so.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub started_at: Option<DateTime<Utc>>,
}

/// A worker that gave no sign of life for longer is taken for dead; `worker::rescue` does so.
pub const SILENCE: TimeDelta = TimeDelta::seconds(15);

impl WorkerRow {
    /// Whether it gave a sign of life lately.
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        now.signed_duration_since(self.last_seen) <= SILENCE
    }
}

/// Every worker that ever registered, the latest sign of life first.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn workers(conn: &mut Conn) -> Result<Vec<WorkerRow>> {
    Ok(diesel::sql_query(
        "SELECT id, last_seen, started_at FROM apalis.workers WHERE worker_type = $1 \
         ORDER BY last_seen DESC, id LIMIT 200",
    )
    .bind::<Text, _>(QUEUE)
    .load(conn)
    .await?)
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Of these workers, those whose last sign of life is older than `after_s` seconds or that are
/// not known at all.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn dead_of(conn: &mut Conn, workers: &[String], after_s: f64) -> Result<Vec<String>> {
    let dead: Vec<Name> = diesel::sql_query(
        "SELECT name FROM unnest($1) AS name WHERE NOT EXISTS (SELECT 1 FROM apalis.workers w \
         WHERE w.id = name AND w.last_seen > now() - make_interval(secs => $2))",
    )
    .bind::<Array<Text>, _>(workers)
    .bind::<Double, _>(after_s)
    .load(conn)
    .await?;
    Ok(dead.into_iter().map(|row| row.name).collect())
}

/// Gives a sign of life for a worker.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn keep_alive(conn: &mut Conn, worker: &str) -> Result<()> {
    diesel::sql_query("UPDATE apalis.workers SET last_seen = now() WHERE id = $1")
        .bind::<Text, _>(worker)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes a worker that stopped in good order, so that its rows are free at once and nobody
/// takes it for one that died.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn retire_worker(conn: &mut Conn, worker: &str) -> Result<()> {
    diesel::sql_query(
        "UPDATE apalis.jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL \
         WHERE lock_by = $1 AND status IN ('Queued', 'Running')",
    )
    .bind::<Text, _>(worker)
    .execute(conn)
    .await?;
    diesel::sql_query("UPDATE apalis.jobs SET lock_by = NULL WHERE lock_by = $1")
        .bind::<Text, _>(worker)
        .execute(conn)
        .await?;
    diesel::sql_query("DELETE FROM apalis.workers WHERE id = $1")
        .bind::<Text, _>(worker)
        .execute(conn)
        .await?;
    Ok(())
}
