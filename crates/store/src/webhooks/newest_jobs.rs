//! What each webhook did last: its newest jobs, and how long they took. For fifty webhooks at most,
//! since a page shows no more: the query reads twenty rows of an index for each of them.

use crate::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::job::JobState;
use signalbox_core::listing::Total;
use signalbox_core::webhook::{ProjectId, webhook_label};

/// So many webhooks at most.
pub const MOST: i64 = 50;
/// So many jobs of each.
pub const NEWEST: i64 = 20;

/// A webhook and its newest jobs.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the webhook's columns")]
pub struct WebhookJobs {
    pub id: i64,
    pub label: String,
    pub enabled: bool,
    pub is_pending: bool,
    /// Its newest jobs, the oldest of them first.
    pub jobs: Vec<NewestJob>,
    /// How long those that ended by themselves ran, in seconds: the median.
    pub p50: Option<f64>,
    /// The 95th percentile.
    pub p95: Option<f64>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestJob {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub state: JobState,
    /// When it was started last, or queued.
    pub at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    repo_name: String,
    #[diesel(sql_type = Text)]
    object_kind: String,
    #[diesel(sql_type = BigInt)]
    project_id: i64,
    #[diesel(sql_type = Bool)]
    enabled: bool,
    #[diesel(sql_type = Array<Text>)]
    ids: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    states: Vec<String>,
    #[diesel(sql_type = Array<Timestamptz>)]
    times: Vec<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Double>)]
    p50: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    p95: Option<f64>,
}

/// The webhooks of which a job failed in the last 24 hours, the latest failure first; then those
/// that ran last; then those that never did. Failures are looked for among the newest
/// [`Total::CAP`].
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_newest_jobs(conn: &mut Conn) -> Result<Vec<WebhookJobs>> {
    let stored: Vec<Stored> = diesel::sql_query(
        "WITH failed AS (SELECT webhook_id, max(finished_at) AS failed_at FROM \
           (SELECT webhook_id, finished_at FROM jobs WHERE state = 'failed' \
            AND finished_at >= now() - interval '24 hours' \
            ORDER BY finished_at DESC LIMIT $1) AS newest GROUP BY webhook_id), \
         chosen AS (SELECT webhooks.id, name, repo_name, object_kind, project_id, enabled, \
           failed_at, last_job_id FROM webhooks LEFT JOIN failed ON webhook_id = webhooks.id \
           ORDER BY failed_at DESC NULLS LAST, last_job_id DESC NULLS LAST, webhooks.id LIMIT $2) \
         SELECT chosen.*, ids, states, times, p50, p95 FROM chosen CROSS JOIN LATERAL \
           (SELECT coalesce(array_agg(id ORDER BY id), '{}') AS ids, \
            coalesce(array_agg(state ORDER BY id), '{}') AS states, \
            coalesce(array_agg(coalesce(started_at, queued_at) ORDER BY id), '{}') AS times, \
            percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS p50, \
            percentile_cont(0.95) WITHIN GROUP (ORDER BY took) AS p95 FROM \
              (SELECT id, state, started_at, queued_at, \
               CASE WHEN state IN ('succeeded', 'failed') \
                 THEN extract(epoch FROM finished_at - started_at)::float8 END AS took \
               FROM jobs WHERE webhook_id = chosen.id ORDER BY id DESC LIMIT $3) AS newest) AS jobs \
         ORDER BY failed_at DESC NULLS LAST, last_job_id DESC NULLS LAST, chosen.id",
    )
    .bind::<BigInt, _>(Total::CAP)
    .bind::<BigInt, _>(MOST)
    .bind::<BigInt, _>(NEWEST)
    .load(conn)
    .await?;
    Ok(stored.into_iter().map(WebhookJobs::from_stored).collect())
}

impl WebhookJobs {
    fn from_stored(row: Stored) -> Self {
        let jobs = row.ids.into_iter().zip(row.states).zip(row.times);
        let jobs = jobs.filter_map(|((id, state), at)| {
            Some(NewestJob { id, state: JobState::parse(&state)?, at })
        });
        Self {
            id: row.id,
            label: webhook_label(&row.name, &row.repo_name, &row.object_kind),
            enabled: row.enabled,
            is_pending: ProjectId::from_raw(row.project_id).is_pending(),
            jobs: jobs.collect(),
            p50: row.p50,
            p95: row.p95,
        }
    }
}
