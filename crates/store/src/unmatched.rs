//! Unmatched deliveries by repository: how many, when last, and what a webhook would need.

use super::search::last_id_before;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

/// Most deliveries looked at: the newest.
pub const MOST: i64 = 10_000;

/// The unmatched deliveries of one repository and project.
#[derive(Debug, Clone, QueryableByName)]
pub struct Group {
    /// The repository's name; may be empty.
    #[diesel(sql_type = Text)]
    pub repo_name: String,
    /// GitLab's id of the project.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub project_id: Option<i64>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// When the newest came.
    #[diesel(sql_type = Timestamptz)]
    pub last_at: DateTime<Utc>,
    /// The newest.
    #[diesel(sql_type = Text)]
    pub last_id: String,
    /// The newest one's address of the repository.
    #[diesel(sql_type = Text)]
    pub repo_url: String,
    /// The newest one's header.
    #[diesel(sql_type = Text)]
    pub event: String,
    /// The newest one's kind.
    #[diesel(sql_type = Text)]
    pub object_kind: String,
    /// Whether a webhook of this name waits for its Test, or one knows the project under another
    /// name: then no new one is missing.
    #[diesel(sql_type = Bool)]
    pub has_webhook: bool,
    /// Every header that came.
    #[diesel(sql_type = Array<Text>)]
    pub events: Vec<String>,
}

/// Groups the newest [`MOST`] unmatched deliveries since then, newest group first.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn by_repository(conn: &mut Conn, since: DateTime<Utc>) -> Result<Vec<Group>> {
    Ok(diesel::sql_query(
        "WITH newest AS (\
           SELECT id, received_at, repo_name, repo_url, project_id, event, object_kind \
           FROM deliveries WHERE verdict = 'unmatched' AND received_at >= $1 AND id >= $3 \
           ORDER BY id DESC LIMIT $2) \
         SELECT repo_name, project_id, count(*) AS count, max(received_at) AS last_at, \
           max(id) AS last_id, (array_agg(repo_url ORDER BY id DESC))[1] AS repo_url, \
           (array_agg(event ORDER BY id DESC))[1] AS event, \
           (array_agg(object_kind ORDER BY id DESC))[1] AS object_kind, \
           EXISTS (SELECT 1 FROM webhooks WHERE (webhooks.project_id = newest.project_id \
             AND webhooks.repo_name NOT IN ('', newest.repo_name)) \
     OR (webhooks.project_id = -1 AND webhooks.repo_name = newest.repo_name)) AS has_webhook, \
           array_agg(DISTINCT event) AS events \
         FROM newest GROUP BY repo_name, project_id ORDER BY max(id) DESC LIMIT 200",
    )
    .bind::<Timestamptz, _>(since)
    .bind::<BigInt, _>(MOST)
    .bind::<Text, _>(last_id_before(since))
    .load(conn)
    .await?)
}
