//! What on the start page needs a person: repositories whose deliveries no webhook wanted, webhooks
//! whose jobs failed. The query reads a bounded part of two indexes, however large the tables.

use super::search::last_id_before_ago;
use super::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::failure::Failure as Why;
use signalbox_core::listing::Total;

/// Groups that are shown of each kind; one more is read, to know whether there are more.
pub const GROUPS: usize = 5;

/// A repository whose deliveries of the last seven days no webhook wanted.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "of the newest of these deliveries")]
pub struct Unmatched {
    pub repo_name: String,
    /// How many; counting stops at [`Total::CAP`] of all repositories together.
    pub count: i64,
    pub received_at: DateTime<Utc>,
    pub id: String,
    pub repo_url: String,
    pub object_kind: String,
    pub event: String,
    pub project_id: Option<i64>,
    /// Whether a webhook of this name waits for its Test, or one knows the project under another.
    pub has_webhook: bool,
}

/// A webhook of whose jobs some failed in the last 24 hours.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "of the newest of these jobs")]
pub struct Failed {
    pub webhook_id: Option<i64>,
    pub count: i64,
    pub webhook_label: String,
    pub finished_at: DateTime<Utc>,
    pub error: String,
    /// The same with its values; none of a job of before.
    pub failure: Option<Why>,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Attention {
    /// Repositories, the latest delivery first.
    pub unmatched: Vec<Unmatched>,
    /// Webhooks with failed jobs, the latest failure first.
    pub failed: Vec<Failed>,
}

/// A group of either kind, as the one query reads it.
#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Bool)]
    is_failed: bool,
    #[diesel(sql_type = Text)]
    label: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    repo_url: String,
    #[diesel(sql_type = Text)]
    object_kind: String,
    #[diesel(sql_type = Text)]
    event: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
    #[diesel(sql_type = Text)]
    error: String,
    #[diesel(sql_type = Nullable<Jsonb>)]
    failure: Option<serde_json::Value>,
    #[diesel(sql_type = Bool)]
    has_webhook: bool,
}

const GROUPED: &str = "WITH lost AS MATERIALIZED (SELECT repo_name, repo_url, object_kind, event, \
     project_id, id, received_at FROM deliveries WHERE verdict = 'unmatched' AND repo_name <> '' \
     AND received_at >= now() - interval '7 days' AND id >= $3 ORDER BY id DESC LIMIT $1), \
     lost_of AS (SELECT repo_name, count(*) AS count FROM lost GROUP BY repo_name), \
     last_lost AS (SELECT DISTINCT ON (repo_name) * FROM lost ORDER BY repo_name, id DESC), \
     failed AS MATERIALIZED (SELECT id, webhook_id, webhook_label, finished_at, \
     error FROM jobs WHERE state = 'failed' AND finished_at >= now() - interval '24 hours' \
     ORDER BY finished_at DESC LIMIT $1), \
     failed_of AS (SELECT webhook_id, count(*) AS count FROM failed GROUP BY webhook_id), \
     last_failed AS (SELECT DISTINCT ON (webhook_id) * FROM failed \
     ORDER BY webhook_id, finished_at DESC) \
     (SELECT false AS is_failed, repo_name AS label, count, received_at AS at, id, repo_url, \
     object_kind, event, project_id AS number, '' AS error, NULL::jsonb AS failure, \
     EXISTS (SELECT 1 FROM webhooks WHERE (webhooks.project_id = last_lost.project_id \
     AND webhooks.repo_name NOT IN ('', last_lost.repo_name)) \
     OR (webhooks.project_id = -1 AND webhooks.repo_name = last_lost.repo_name)) AS has_webhook \
     FROM last_lost JOIN lost_of USING (repo_name) ORDER BY id DESC LIMIT $2) \
     UNION ALL (SELECT true, webhook_label, count, finished_at, '', '', '', '', \
     last_failed.webhook_id, error, (SELECT failure FROM job_attempts a \
     WHERE a.job_id = last_failed.id AND a.error = last_failed.error \
     ORDER BY number DESC LIMIT 1), false FROM last_failed \
     JOIN failed_of ON failed_of.webhook_id IS NOT DISTINCT FROM last_failed.webhook_id \
     ORDER BY finished_at DESC LIMIT $2)";

/// What needs a person now: the groups. How many webhooks wait or are quiet, [`super::overview`]
/// counts.
///
/// # Errors
/// Those of the database.
pub async fn load_attention(conn: &mut Conn) -> Result<Attention> {
    let groups = i32::try_from(GROUPS + 1).unwrap_or(i32::MAX);
    let stored: Vec<Stored> = diesel::sql_query(GROUPED)
        .bind::<BigInt, _>(Total::CAP)
        .bind::<Integer, _>(groups)
        .bind::<Text, _>(last_id_before_ago(TimeDelta::days(7)))
        .load(conn)
        .await?;
    let mut attention = Attention::default();
    for group in stored {
        if group.is_failed {
            attention.failed.push(Failed {
                webhook_id: group.number,
                count: group.count,
                webhook_label: group.label,
                finished_at: group.at,
                failure: group.failure.as_ref().and_then(Why::from_stored),
                error: group.error,
            });
        } else {
            attention.unmatched.push(Unmatched {
                repo_name: group.label,
                count: group.count,
                received_at: group.at,
                id: group.id,
                repo_url: group.repo_url,
                object_kind: group.object_kind,
                event: group.event,
                project_id: group.number,
                has_webhook: group.has_webhook,
            });
        }
    }
    Ok(attention)
}
