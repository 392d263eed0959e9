//! What jobs did in a period: how many ended when and how, how long they waited and ran, and why
//! they failed. Each number is a count of rows that `store::jobs` lists under the same filters.

use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::ids::WebhookId;

/// A span of time: from (included) to (left out).
pub type Span = (DateTime<Utc>, DateTime<Utc>);

/// Why a job's newest attempt ended as it did, as a word: `exit:3`, `signal:9`, `http:502`,
/// `timed_out`, `lost`, `cancelled`, or `other` (it could not be started). Of a row `jobs`.
pub(super) const REASON: &str = "coalesce((SELECT CASE \
     WHEN a.outcome IN ('timed_out', 'lost', 'cancelled') THEN a.outcome \
     WHEN a.exit_code IS NOT NULL THEN 'exit:' || a.exit_code \
     WHEN a.signal IS NOT NULL THEN 'signal:' || a.signal \
     WHEN a.http_status IS NOT NULL THEN 'http:' || a.http_status \
     ELSE 'other' END \
     FROM job_attempts a WHERE a.job_id = jobs.id ORDER BY a.number DESC LIMIT 1), 'other')";

/// How many jobs ended in one part of the period in one state.
#[derive(Debug, Clone, QueryableByName)]
pub struct Bucket {
    /// Which part, from 0.
    #[diesel(sql_type = BigInt)]
    pub part: i64,
    /// The state.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub jobs: i64,
}

/// How many jobs ended, by the parts between these bounds and by state.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn load_throughput(conn: &mut Conn, bounds: &[DateTime<Utc>]) -> Result<Vec<Bucket>> {
    Ok(diesel::sql_query(
        "SELECT (width_bucket(finished_at, $1) - 1)::bigint AS part, state, count(*) AS jobs \
         FROM jobs WHERE finished_at >= $1[1] AND finished_at < $1[cardinality($1)] \
         GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .bind::<Array<Timestamptz>, _>(bounds)
    .load(conn)
    .await?)
}

/// How many of a webhook's newest jobs are looked at for its own chart.
const OF_ONE: i64 = 10_000;

/// The same for the newest jobs of one webhook, by the parts between these bounds.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn of_webhook(
    conn: &mut Conn,
    webhook: WebhookId,
    bounds: &[DateTime<Utc>],
) -> Result<Vec<Bucket>> {
    Ok(diesel::sql_query(
        "SELECT part::bigint, state, count(*) AS jobs \
         FROM (SELECT width_bucket(finished_at, $1) - 1 AS part, state \
           FROM (SELECT finished_at, state FROM jobs WHERE webhook_id = $2 \
             ORDER BY id DESC LIMIT $3) AS newest) AS binned \
         WHERE part >= 0 AND part < cardinality($1) - 1 GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .bind::<Array<Timestamptz>, _>(bounds)
    .bind::<BigInt, _>(webhook.0)
    .bind::<BigInt, _>(OF_ONE)
    .load(conn)
    .await?)
}

/// What the jobs of one webhook did. Times are in seconds, of those that ended by themselves.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "numbers that are named by what they count")]
pub struct WebhookStats {
    #[diesel(sql_type = Nullable<BigInt>)]
    pub webhook_id: Option<i64>,
    #[diesel(sql_type = Text)]
    pub label: String,
    #[diesel(sql_type = BigInt)]
    pub ended: i64,
    #[diesel(sql_type = BigInt)]
    pub failed: i64,
    #[diesel(sql_type = Nullable<Double>)]
    pub wait_p50: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub wait_p95: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub run_p50: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub run_p95: Option<f64>,
}

/// The hundred webhooks of which most jobs ended in the period, the busiest first. The wait is that
/// before the first attempt, the run that of the last one. Times are put in order for those
/// hundred alone: that is what takes long where there are many.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn webhook_stats(conn: &mut Conn, span: Span) -> Result<Vec<WebhookStats>> {
    let (from, to) = span;
    Ok(diesel::sql_query(
        "WITH busiest AS (SELECT webhook_id, max(webhook_label) AS label, count(*) AS ended, \
           count(*) FILTER (WHERE state = 'failed') AS failed \
           FROM jobs WHERE finished_at >= $1 AND finished_at < $2 \
           GROUP BY webhook_id ORDER BY ended DESC, label LIMIT 100), \
         timed AS (SELECT webhook_id, \
           percentile_cont(0.5) WITHIN GROUP (ORDER BY wait) AS wait_p50, \
           percentile_cont(0.95) WITHIN GROUP (ORDER BY wait) AS wait_p95, \
           percentile_cont(0.5) WITHIN GROUP (ORDER BY run) AS run_p50, \
           percentile_cont(0.95) WITHIN GROUP (ORDER BY run) AS run_p95 \
           FROM (SELECT webhook_id, finished_at - started_at AS run, \
             CASE WHEN attempts = 1 AND started_at >= queued_at THEN started_at \
               ELSE (SELECT min(a.started_at) FROM job_attempts a \
                 WHERE a.job_id = jobs.id AND a.started_at >= jobs.queued_at) END \
             - queued_at AS wait FROM jobs \
             WHERE webhook_id IN (SELECT webhook_id FROM busiest) \
             AND finished_at >= $1 AND finished_at < $2 AND state IN ('succeeded', 'failed') \
           ) AS by_themselves GROUP BY webhook_id) \
         SELECT webhook_id, label, ended, failed, \
           extract(epoch FROM wait_p50)::float8 AS wait_p50, \
           extract(epoch FROM wait_p95)::float8 AS wait_p95, \
           extract(epoch FROM run_p50)::float8 AS run_p50, \
           extract(epoch FROM run_p95)::float8 AS run_p95 \
         FROM busiest LEFT JOIN timed USING (webhook_id) ORDER BY ended DESC, label",
    )
    .bind::<Timestamptz, _>(from)
    .bind::<Timestamptz, _>(to)
    .load(conn)
    .await?)
}

/// How many jobs of one webhook failed for one reason.
#[derive(Debug, Clone, QueryableByName)]
pub struct Failures {
    /// The webhook.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub webhook_id: Option<i64>,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub jobs: i64,
}

/// Why jobs failed in the period.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn list_failures(conn: &mut Conn, span: Span) -> Result<Vec<Failures>> {
    let (from, to) = span;
    Ok(diesel::sql_query(format!(
        "SELECT webhook_id, {REASON} AS reason, count(*) AS jobs FROM jobs \
         WHERE state = 'failed' AND finished_at >= $1 AND finished_at < $2 \
         GROUP BY 1, 2 ORDER BY 2, 1"
    ))
    .bind::<Timestamptz, _>(from)
    .bind::<Timestamptz, _>(to)
    .load(conn)
    .await?)
}
