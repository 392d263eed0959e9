//! How things stand, for `/metrics`: what all processes of an installation share, read when it is
//! asked for.

use super::{Conn, Result, pauses, workers};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double};
use diesel_async::RunQueryDsl;
use signalbox_core::job::JobState;

/// The most jobs of one state that are counted.
const MOST: i64 = 100_000;
/// The most workers that are looked at, the newest first.
const MOST_WORKERS: i64 = 1_000;

/// How things stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauges {
    /// Jobs that have not ended, by state; beyond 100,000 no further.
    pub jobs: [(JobState, i64); 4],
    /// For how long the oldest job has waited that could run, in seconds.
    pub oldest_due_s: f64,
    /// Workers that gave a sign of life lately.
    pub workers: usize,
    /// Pauses in force.
    pub pauses: usize,
}

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = BigInt)]
    running: i64,
    #[diesel(sql_type = BigInt)]
    queued: i64,
    #[diesel(sql_type = BigInt)]
    scheduled: i64,
    #[diesel(sql_type = BigInt)]
    retrying: i64,
    #[diesel(sql_type = Double)]
    oldest_due_s: f64,
}

/// Reads them.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn load_gauges(conn: &mut Conn, now: DateTime<Utc>) -> Result<Gauges> {
    let count = |state: &str| {
        format!(
            "(SELECT count(*) FROM (SELECT FROM jobs WHERE state = '{state}' LIMIT {MOST}) s) \
             AS {state}"
        )
    };
    let counts = ["running", "queued", "scheduled", "retrying"].map(count).join(", ");
    let read: Read = diesel::sql_query(format!(
        "SELECT {counts}, (SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 FROM jobs \
          WHERE due_at <= now()) \
         AS oldest_due_s"
    ))
    .get_result(conn)
    .await?;
    let workers = workers::newest_workers(conn, MOST_WORKERS).await?;
    Ok(Gauges {
        jobs: [
            (JobState::Running, read.running),
            (JobState::Queued, read.queued),
            (JobState::Scheduled, read.scheduled),
            (JobState::Retrying, read.retrying),
        ],
        oldest_due_s: read.oldest_due_s,
        workers: workers.iter().filter(|row| row.is_alive(now)).count(),
        pauses: pauses::list_pauses(conn).await?.len(),
    })
}
