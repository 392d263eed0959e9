//! Workers: written when one starts, with every heartbeat, and when it stops in good order.

use super::schema::{job_attempts, jobs, workers};
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Double, Text};
use diesel_async::RunQueryDsl;
use signalbox_core::job::WORKER_TIMEOUT;

/// A worker.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = workers, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Worker {
    pub name: String,
    pub host: String,
    pub pid: i64,
    pub version: String,
    pub concurrency: i32,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub last_seen_at: Option<DateTime<Utc>>,
}

impl Worker {
    /// Whether it works, by its last heartbeat.
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        let is_heard = |at: DateTime<Utc>| now.signed_duration_since(at) <= WORKER_TIMEOUT;
        self.ended_at.is_none() && self.last_seen_at.is_some_and(is_heard)
    }
}

/// Writes a worker down.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn insert_worker(conn: &mut Conn, worker: &Worker) -> Result<()> {
    diesel::insert_into(workers::table).values(worker).execute(conn).await?;
    Ok(())
}

/// Notes a worker's heartbeat, by the database's clock.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn write_heartbeat(conn: &mut Conn, name: &str) -> Result<()> {
    diesel::update(workers::table.find(name))
        .set(workers::last_seen_at.eq(diesel::dsl::now))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that a worker stopped in good order: nothing of it runs any more.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn end_worker(conn: &mut Conn, name: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(workers::table.find(name)).set(workers::ended_at.eq(now)).execute(conn).await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Of these workers, those that are lost: they stopped, are not known, or their last heartbeat is
/// older than [`WORKER_TIMEOUT`], by the database's clock.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn lost_among(conn: &mut Conn, names: &[String]) -> Result<Vec<String>> {
    let lost: Vec<Name> = diesel::sql_query(
        "SELECT name FROM unnest($1) AS name WHERE NOT EXISTS (SELECT FROM workers \
         WHERE workers.name = name.name AND ended_at IS NULL \
         AND last_seen_at > now() - make_interval(secs => $2))",
    )
    .bind::<Array<Text>, _>(names)
    .bind::<Double, _>(WORKER_TIMEOUT.as_seconds_f64())
    .load(conn)
    .await?;
    Ok(lost.into_iter().map(|row| row.name).collect())
}

/// The newest workers, those that have not stopped first.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn newest_workers(conn: &mut Conn, most: i64) -> Result<Vec<Worker>> {
    Ok(workers::table
        .order((workers::ended_at.is_null().desc(), workers::started_at.desc()))
        .limit(most)
        .select(Worker::as_select())
        .load(conn)
        .await?)
}

/// An attempt under way: its worker, job, number, the webhook's name, and when it began.
pub type Busy = (String, String, i32, String, DateTime<Utc>);

/// The attempts under way.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn list_busy(conn: &mut Conn) -> Result<Vec<Busy>> {
    Ok(job_attempts::table
        .inner_join(jobs::table)
        .filter(job_attempts::outcome.is_null())
        .order((job_attempts::worker, job_attempts::started_at))
        .select((
            job_attempts::worker,
            job_attempts::job_id,
            job_attempts::number,
            jobs::webhook_label,
            job_attempts::started_at,
        ))
        .load(conn)
        .await?)
}
