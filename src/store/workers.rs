//! What workers say of themselves: written when one starts and when it stops in good order. Their
//! signs of life are in `store::queue`.

use super::schema::{job_attempts, jobs, workers};
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

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
}

/// Writes a worker down.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn insert(conn: &mut Conn, worker: &Worker) -> Result<()> {
    diesel::insert_into(workers::table).values(worker).execute(conn).await?;
    Ok(())
}

/// Notes that a worker stopped in good order.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn end(conn: &mut Conn, name: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(workers::table.find(name)).set(workers::ended_at.eq(now)).execute(conn).await?;
    Ok(())
}

/// The newest workers, those that still run first.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn newest(conn: &mut Conn, most: i64) -> Result<Vec<Worker>> {
    Ok(workers::table
        .order((workers::ended_at.is_null().desc(), workers::started_at.desc()))
        .limit(most)
        .select(Worker::as_select())
        .load(conn)
        .await?)
}

/// An attempt under way: its worker, job, number, the record's name, and when it began.
pub type Busy = (String, String, i32, String, DateTime<Utc>);

/// The attempts under way.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn busy(conn: &mut Conn) -> Result<Vec<Busy>> {
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
