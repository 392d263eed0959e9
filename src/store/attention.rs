//! What on the start page needs a person: repositories whose deliveries no record wanted, records
//! that nobody registered or that hear nothing, jobs that failed. Each query reads a bounded part
//! of an index, however large the tables.

use super::webhooks::{Filter, Sort, list};
use super::{Conn, Result};
use crate::core::listing::{ListQuery, Total};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

/// Groups that are shown of each kind; one more is read, to know whether there are more.
pub const GROUPS: usize = 5;

/// So long a record may wait for its Test.
pub const PENDING_FOR: TimeDelta = TimeDelta::hours(1);

/// So long a record may hear nothing.
pub const QUIET_FOR: TimeDelta = TimeDelta::days(30);

/// A repository whose deliveries of the last seven days no record wanted.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "of the newest of these deliveries")]
pub struct Unmatched {
    #[diesel(sql_type = Text)]
    pub repo_name: String,
    /// How many; counting stops at [`Total::CAP`] of all repositories together.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    #[diesel(sql_type = Timestamptz)]
    pub received_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Text)]
    pub repo_url: String,
    #[diesel(sql_type = Text)]
    pub object_kind: String,
    #[diesel(sql_type = Text)]
    pub event: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub project_id: Option<i64>,
}

/// A record of whose jobs some failed in the last 24 hours.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "of the newest of these jobs")]
pub struct Failed {
    #[diesel(sql_type = Nullable<BigInt>)]
    pub webhook_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    #[diesel(sql_type = Text)]
    pub webhook_label: String,
    #[diesel(sql_type = Timestamptz)]
    pub finished_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub error: String,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Attention {
    /// Repositories, the latest delivery first.
    pub unmatched: Vec<Unmatched>,
    /// Records with failed jobs, the latest failure first.
    pub failed: Vec<Failed>,
    /// Records that have waited for their Test longer than [`PENDING_FOR`].
    pub pending: Option<Total>,
    /// Enabled records that heard nothing for longer than [`QUIET_FOR`].
    pub quiet: Option<Total>,
}

/// What needs a person now.
///
/// # Errors
/// Those of the database.
pub async fn load(conn: &mut Conn) -> Result<Attention> {
    let groups = i32::try_from(GROUPS + 1).unwrap_or(i32::MAX);
    let unmatched = diesel::sql_query(
        "WITH newest AS MATERIALIZED (SELECT repo_name, repo_url, object_kind, event, project_id, \
         id, received_at FROM deliveries WHERE verdict = 'unmatched' AND repo_name <> '' \
         AND received_at >= now() - interval '7 days' ORDER BY received_at DESC LIMIT $1), \
         counted AS (SELECT repo_name, count(*) AS count FROM newest GROUP BY repo_name), \
         latest AS (SELECT DISTINCT ON (repo_name) * FROM newest ORDER BY repo_name, id DESC) \
         SELECT * FROM latest JOIN counted USING (repo_name) ORDER BY id DESC LIMIT $2",
    )
    .bind::<BigInt, _>(Total::CAP)
    .bind::<Integer, _>(groups)
    .load(conn)
    .await?;
    let failed = diesel::sql_query(
        "WITH newest AS MATERIALIZED (SELECT webhook_id, webhook_label, finished_at, error \
         FROM jobs WHERE state = 'failed' AND finished_at >= now() - interval '24 hours' \
         ORDER BY finished_at DESC LIMIT $1), \
         counted AS (SELECT webhook_id, count(*) AS count FROM newest GROUP BY webhook_id), \
         latest AS (SELECT DISTINCT ON (webhook_id) * FROM newest \
         ORDER BY webhook_id, finished_at DESC) \
         SELECT latest.*, counted.count FROM latest \
         JOIN counted ON counted.webhook_id IS NOT DISTINCT FROM latest.webhook_id \
         ORDER BY finished_at DESC LIMIT $2",
    )
    .bind::<BigInt, _>(Total::CAP)
    .bind::<Integer, _>(groups)
    .load(conn)
    .await?;
    let pending = Filter { pending_for: Some(PENDING_FOR), ..Filter::default() };
    let quiet = Filter { quiet_for: Some(QUIET_FOR), ..Filter::default() };
    Ok(Attention {
        unmatched,
        failed,
        pending: Some(count(conn, pending).await?),
        quiet: Some(count(conn, quiet).await?),
    })
}

/// As many as the list says with this filter.
async fn count(conn: &mut Conn, filter: Filter) -> Result<Total> {
    let query = ListQuery::<Sort, Filter> { filter, ..ListQuery::everything(0) };
    Ok(list(conn, &query).await?.matching)
}
