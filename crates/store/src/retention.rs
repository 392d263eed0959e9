//! Takes away what has been kept long enough, a batch at a time, one process at a time. What is
//! old enough, the caller says. A delivery with a job that has not ended keeps its body and row.

use super::search::first_id_after;
use super::{Conn, Result, schema};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz};
use diesel_async::RunQueryDsl;

/// The advisory lock that lets one process at a time remove things.
const LOCK: i64 = 0x5167_6e61_6c50_726e;

/// Rows removed at a time: a batch holds its locks for milliseconds.
pub const BATCH: usize = 500;

const UNFINISHED: &str = "EXISTS (SELECT 1 FROM jobs j WHERE j.delivery_id = d.id \
    AND j.state IN ('queued', 'scheduled', 'running', 'retrying'))";

/// Takes the lock for this transaction, unless another process has it.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn try_lock(conn: &mut Conn) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Locked {
        #[diesel(sql_type = Bool)]
        locked: bool,
    }
    let locked: Locked = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked")
        .bind::<BigInt, _>(LOCK)
        .get_result(conn)
        .await?;
    Ok(locked.locked)
}

/// Waits for the lock, for this transaction.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn lock_retention(conn: &mut Conn) -> Result<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
        .bind::<BigInt, _>(LOCK)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes bodies of deliveries received before then; answers how many.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_bodies(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    remove_batch(
        conn,
        &format!(
            "UPDATE deliveries SET body = NULL WHERE id IN (SELECT id FROM deliveries d \
             WHERE body IS NOT NULL AND received_at < $1 AND NOT {UNFINISHED} \
             ORDER BY received_at LIMIT $2)"
        ),
        before,
    )
    .await
}

/// Removes deliveries received before then, which their ids tell too; answers how many.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_deliveries(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    remove_batch(
        conn,
        &format!(
            "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries d \
             WHERE received_at < $1 AND id < '{}' AND NOT {UNFINISHED} ORDER BY id LIMIT $2)",
            first_id_after(before)
        ),
        before,
    )
    .await
}

/// Removes idempotency keys that expired before then; answers how many.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_keys(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    remove_batch(
        conn,
        "DELETE FROM idempotency_keys WHERE (endpoint, key, webhook_id) IN \
         (SELECT endpoint, key, webhook_id FROM idempotency_keys WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
    )
    .await
}

/// Removes sessions that expired before then; answers how many.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_sessions(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    remove_batch(
        conn,
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
         WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
    )
    .await
}

/// Removes what jobs printed before then, and notes when it did; answers how many pieces. Jobs' ids
/// tell when they were made, so that only the oldest are looked at; of one that ran again, the new
/// output stays.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_output(
    conn: &mut Conn,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<usize> {
    #[derive(QueryableByName)]
    struct Gone {
        #[diesel(sql_type = BigInt)]
        gone: i64,
    }
    let ms = u64::try_from(before.timestamp_millis()).unwrap_or_default();
    let gone: Gone = diesel::sql_query(
        "WITH gone AS (DELETE FROM job_output WHERE (job_id, attempt, seq) IN \
         (SELECT job_id, attempt, seq FROM job_output WHERE job_id < $3 AND at < $1 \
         ORDER BY job_id, attempt, seq LIMIT $2) RETURNING job_id, attempt), \
         noted AS (UPDATE job_attempts a SET output_pruned_at = $4 \
         FROM (SELECT DISTINCT job_id, attempt FROM gone) g \
         WHERE a.job_id = g.job_id AND a.number = g.attempt) \
         SELECT count(*) AS gone FROM gone",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(i64::try_from(BATCH).unwrap_or(i64::MAX))
    .bind::<Text, _>(ulid::Ulid::from_parts(ms, 0).to_string())
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .await?;
    Ok(usize::try_from(gone.gone).unwrap_or_default())
}

/// Removes jobs that ended before then, with their attempts; answers how many.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_jobs(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    remove_batch(
        conn,
        "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs \
         WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)",
        before,
    )
    .await
}

/// Removes messages that were sent or given up, made before then; answers how many.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_messages(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    remove_batch(
        conn,
        &format!(
            "DELETE FROM notification_messages WHERE id IN (SELECT id FROM notification_messages \
             WHERE created_at < $1 AND id < '{}' AND due_at IS NULL ORDER BY id LIMIT $2)",
            first_id_after(before)
        ),
        before,
    )
    .await
}

/// Removes workers that stopped, or were last heard of, before then.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_workers(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    use schema::workers;
    Ok(diesel::delete(workers::table)
        .filter(workers::last_seen_at.lt(before))
        .filter(workers::ended_at.is_null().or(workers::ended_at.lt(before)))
        .execute(conn)
        .await?)
}

/// Removes calls of GitLab's API made before then; answers how many.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn remove_calls(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    remove_batch(
        conn,
        "DELETE FROM gitlab_calls WHERE id IN (SELECT id FROM gitlab_calls \
         WHERE at < $1 ORDER BY at LIMIT $2)",
        before,
    )
    .await
}

async fn remove_batch(conn: &mut Conn, sql: &str, before: DateTime<Utc>) -> Result<usize> {
    Ok(diesel::sql_query(sql)
        .bind::<Timestamptz, _>(before)
        .bind::<BigInt, _>(i64::try_from(BATCH).unwrap_or(i64::MAX))
        .execute(conn)
        .await?)
}
