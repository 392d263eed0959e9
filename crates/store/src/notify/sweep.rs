//! What a sweep over the ends of jobs reads and notes: the ends since its cursor that it has not seen,
//! and how many jobs of a webhook failed one after the other.
//!
//! The time of an end is given before its transaction commits, and by the clock of its own host: a sweep
//! looks a while behind its cursor, and knows by `notification_ends` what it has seen there.

use crate::schema::{
    job_output, notification_ends as ends, notification_streaks as streaks, settings,
};
use crate::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

/// The advisory lock that lets one process at a time sweep.
const LOCK: i64 = 0x5167_6e61_6c4e_6f74;
/// The cursor, among the settings.
const CURSOR: &str = "notified_until";

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Takes the lock for this transaction, unless another process has it.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn try_lock(conn: &mut Conn) -> Result<bool> {
    let lock = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked");
    let Locked { locked } = lock.bind::<BigInt, _>(LOCK).get_result(conn).await?;
    Ok(locked)
}

/// Up to when the ends of jobs were swept; none = never.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn load_cursor(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    let one = settings::table.find(CURSOR).select(settings::updated_at);
    Ok(one.first(conn).await.optional()?)
}

/// Moves the cursor, and forgets the ends that lie too far behind it.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn move_cursor(conn: &mut Conn, to: DateTime<Utc>, forget: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(settings::table)
        .values((settings::name.eq(CURSOR), settings::value.eq(""), settings::updated_at.eq(to)))
        .on_conflict(settings::name)
        .do_update()
        .set(settings::updated_at.eq(to))
        .execute(conn)
        .await?;
    diesel::delete(ends::table.filter(ends::finished_at.lt(forget))).execute(conn).await?;
    Ok(())
}

/// Forgets every streak: nobody looked for a while.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn forget_streaks(conn: &mut Conn) -> Result<()> {
    diesel::delete(streaks::table).execute(conn).await?;
    Ok(())
}

/// The end of a job.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns, explained by the migrations")]
pub struct End {
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Timestamptz)]
    pub finished_at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    pub failed: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub webhook_id: Option<i64>,
    #[diesel(sql_type = Text)]
    pub webhook_label: String,
    #[diesel(sql_type = Text)]
    pub repo_name: String,
    #[diesel(sql_type = Text)]
    pub git_ref: String,
    #[diesel(sql_type = Text)]
    pub action: String,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Text)]
    pub error: String,
    #[diesel(sql_type = Text)]
    pub title: String,
    #[diesel(sql_type = Text)]
    pub sha: String,
    #[diesel(sql_type = Text)]
    pub user_name: String,
    #[diesel(sql_type = Text)]
    pub web_url: String,
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub failure: Option<serde_json::Value>,
    /// How many jobs of the webhook failed before, as it is stored.
    #[diesel(sql_type = BigInt)]
    pub streak: i64,
}

/// Notes the oldest ends after `since` that were not seen, and reads them: of jobs that failed, and of
/// those that succeeded after failures of their webhook, or among them. The others are nobody's news, and
/// are not read: through `jobs_failed_idx`, and only while a webhook fails through
/// `jobs_finished_at_idx`.
const TAKE: &str = "\
    WITH failed AS (\
      SELECT id, finished_at, webhook_id FROM jobs WHERE state = 'failed' AND finished_at > $1 \
        AND NOT EXISTS (SELECT FROM notification_ends e \
          WHERE e.finished_at = jobs.finished_at AND e.job_id = jobs.id) \
        ORDER BY finished_at LIMIT $2), \
    failing AS (SELECT webhook_id FROM failed UNION SELECT webhook_id FROM notification_streaks), \
    found AS (\
      SELECT id, finished_at FROM failed \
      UNION ALL \
      (SELECT id, finished_at FROM jobs \
        WHERE state = 'succeeded' AND finished_at > $1 AND EXISTS (SELECT FROM failing) \
        AND webhook_id IN (SELECT webhook_id FROM failing) \
        AND finished_at > coalesce((SELECT s.last_failed_at FROM notification_streaks s \
          WHERE s.webhook_id = jobs.webhook_id), '-infinity') \
        AND NOT EXISTS (SELECT FROM notification_ends e \
          WHERE e.finished_at = jobs.finished_at AND e.job_id = jobs.id) \
        ORDER BY finished_at LIMIT $2)), \
    noted AS (INSERT INTO notification_ends (job_id, finished_at) \
      SELECT id, finished_at FROM found ORDER BY finished_at, id LIMIT $2 RETURNING *) \
    SELECT j.id, j.finished_at, j.state = 'failed' AS failed, j.webhook_id, j.webhook_label, \
      j.repo_name, j.ref AS git_ref, j.action, j.attempts, j.error, j.title, \
      coalesce(d.sha, '') AS sha, coalesce(d.user_name, '') AS user_name, \
      coalesce(d.web_url, '') AS web_url, a.failure, coalesce(s.failures, 0) AS streak \
    FROM noted JOIN jobs j ON j.id = noted.job_id \
    LEFT JOIN deliveries d ON d.id = j.delivery_id \
    LEFT JOIN notification_streaks s ON s.webhook_id = j.webhook_id \
    LEFT JOIN LATERAL (SELECT failure FROM job_attempts \
      WHERE job_id = j.id ORDER BY number DESC LIMIT 1) AS a ON true \
    ORDER BY j.finished_at, j.id";

/// Takes the ends that nobody has seen, the oldest first, `most` at most.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn take_ends(conn: &mut Conn, since: DateTime<Utc>, most: i64) -> Result<Vec<End>> {
    Ok(diesel::sql_query(TAKE)
        .bind::<Timestamptz, _>(since)
        .bind::<BigInt, _>(most)
        .load(conn)
        .await?)
}

/// Stores how many jobs of a webhook have failed one after the other, the last of them then.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn put_streak(
    conn: &mut Conn,
    webhook: i64,
    failures: i64,
    at: DateTime<Utc>,
) -> Result<()> {
    if failures == 0 {
        diesel::delete(streaks::table.find(webhook)).execute(conn).await?;
        return Ok(());
    }
    let values = (streaks::failures.eq(failures), streaks::last_failed_at.eq(at));
    diesel::insert_into(streaks::table)
        .values((streaks::webhook_id.eq(webhook), values))
        .on_conflict(streaks::webhook_id)
        .do_update()
        .set(values)
        .execute(conn)
        .await?;
    Ok(())
}

/// The last pieces of what a job's newest attempt printed, the oldest of them first.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn last_output(conn: &mut Conn, job: &str, attempt: i32) -> Result<Vec<Vec<u8>>> {
    /// Enough for the lines that a message shows.
    const PIECES: i64 = 20;
    let mut pieces: Vec<Vec<u8>> = job_output::table
        .filter(job_output::job_id.eq(job))
        .filter(job_output::attempt.eq(attempt))
        .order(job_output::seq.desc())
        .limit(PIECES)
        .select(job_output::bytes)
        .load(conn)
        .await?;
    pieces.reverse();
    Ok(pieces)
}
