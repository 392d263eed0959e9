//! What one batch of deliveries writes: deliveries, their claims on keys, their jobs.
//!
//! Called inside `crate::intake`'s one transaction.

use super::cached::cached;
use super::schema::{deliveries, idempotency_keys};
use super::{Conn, Result};
use crate::core::ids::DeliveryId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Bytea, Int4, Int8, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

/// One column of all rows.
fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// A delivery to insert.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct NewDelivery<'a> {
    pub id: &'a str,
    pub received_at: DateTime<Utc>,
    pub endpoint: &'a str,
    pub verdict: &'a str,
    pub summary: &'a str,
    pub reason: serde_json::Value,
    pub http_status: i32,
    pub event: &'a str,
    pub object_kind: &'a str,
    pub project_id: Option<i64>,
    pub repo_name: &'a str,
    pub repo_url: &'a str,
    pub git_ref: &'a str,
    pub sha: &'a str,
    pub user_id: Option<i64>,
    pub user_name: &'a str,
    pub user_email: &'a str,
    pub headers: serde_json::Value,
    pub body: Option<&'a [u8]>,
    pub body_size: i64,
    pub body_sha256: &'a [u8],
    pub idempotency_key: &'a str,
    pub duplicate_of: Option<&'a str>,
    pub replay_of: Option<&'a str>,
    pub remote_addr: &'a str,
    pub token_digest: Option<&'a [u8]>,
    pub judged_at: Option<DateTime<Utc>>,
    pub source: &'a str,
    pub made_by: &'a str,
    pub replay_run: Option<&'a str>,
}

/// Inserts deliveries.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn insert(mut conn: &Conn, rows: &[NewDelivery<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let insert = diesel::sql_query(
        "INSERT INTO deliveries (id, received_at, endpoint, verdict, summary, reason, http_status, event, \
           object_kind, project_id, repo_name, repo_url, ref, sha, user_id, user_name, \
           user_email, headers, body, body_size, body_sha256, idempotency_key, \
           duplicate_of, replay_of, remote_addr, token_digest, judged_at, source, \
           made_by, replay_run) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
           $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)",
    )
    .bind::<Array<Text>, _>(column(rows, |row| row.id))
    .bind::<Array<Timestamptz>, _>(column(rows, |row| row.received_at))
    .bind::<Array<Text>, _>(column(rows, |row| row.endpoint))
    .bind::<Array<Text>, _>(column(rows, |row| row.verdict))
    .bind::<Array<Text>, _>(column(rows, |row| row.summary))
    .bind::<Array<Jsonb>, _>(column(rows, |row| row.reason.clone()))
    .bind::<Array<Int4>, _>(column(rows, |row| row.http_status))
    .bind::<Array<Text>, _>(column(rows, |row| row.event))
    .bind::<Array<Text>, _>(column(rows, |row| row.object_kind))
    .bind::<Array<Nullable<Int8>>, _>(column(rows, |row| row.project_id))
    .bind::<Array<Text>, _>(column(rows, |row| row.repo_name))
    .bind::<Array<Text>, _>(column(rows, |row| row.repo_url))
    .bind::<Array<Text>, _>(column(rows, |row| row.git_ref))
    .bind::<Array<Text>, _>(column(rows, |row| row.sha))
    .bind::<Array<Nullable<Int8>>, _>(column(rows, |row| row.user_id))
    .bind::<Array<Text>, _>(column(rows, |row| row.user_name))
    .bind::<Array<Text>, _>(column(rows, |row| row.user_email))
    .bind::<Array<Jsonb>, _>(column(rows, |row| row.headers.clone()))
    .bind::<Array<Nullable<Bytea>>, _>(column(rows, |row| row.body))
    .bind::<Array<Int8>, _>(column(rows, |row| row.body_size))
    .bind::<Array<Bytea>, _>(column(rows, |row| row.body_sha256))
    .bind::<Array<Text>, _>(column(rows, |row| row.idempotency_key))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.duplicate_of))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.replay_of))
    .bind::<Array<Text>, _>(column(rows, |row| row.remote_addr))
    .bind::<Array<Nullable<Bytea>>, _>(column(rows, |row| row.token_digest))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| row.judged_at))
    .bind::<Array<Text>, _>(column(rows, |row| row.source))
    .bind::<Array<Text>, _>(column(rows, |row| row.made_by))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.replay_run));
    cached(insert).execute(&mut conn).await?;
    Ok(())
}

/// A job to insert.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct NewJob<'a> {
    pub id: &'a str,
    pub delivery_id: &'a str,
    pub webhook_id: Option<i64>,
    pub webhook_label: &'a str,
    pub repo_name: &'a str,
    pub git_ref: &'a str,
    pub action: &'a str,
    pub action_params: serde_json::Value,
    pub timeout_s: Option<i32>,
    pub state: &'a str,
    pub attempts: i32,
    pub tries_used: i32,
    pub tries_lost: i32,
    pub max_attempts: i32,
    pub error: &'a str,
    pub run_at: DateTime<Utc>,
    pub queued_at: DateTime<Utc>,
    pub requested_by: &'a str,
    pub concurrency: &'a str,
    pub lane: String,
    pub cancels_running: bool,
}

/// Inserts jobs.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn insert_jobs(mut conn: &Conn, rows: &[NewJob<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let insert = diesel::sql_query(
        "INSERT INTO jobs (id, delivery_id, webhook_id, webhook_label, repo_name, ref, action, \
           action_params, timeout_s, state, attempts, tries_used, tries_lost, \
           max_attempts, error, run_at, queued_at, requested_by, concurrency, lane, \
           cancels_running) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
           $18, $19, $20, $21)",
    )
    .bind::<Array<Text>, _>(column(rows, |row| row.id))
    .bind::<Array<Text>, _>(column(rows, |row| row.delivery_id))
    .bind::<Array<Nullable<Int8>>, _>(column(rows, |row| row.webhook_id))
    .bind::<Array<Text>, _>(column(rows, |row| row.webhook_label))
    .bind::<Array<Text>, _>(column(rows, |row| row.repo_name))
    .bind::<Array<Text>, _>(column(rows, |row| row.git_ref))
    .bind::<Array<Text>, _>(column(rows, |row| row.action))
    .bind::<Array<Jsonb>, _>(column(rows, |row| row.action_params.clone()))
    .bind::<Array<Nullable<Int4>>, _>(column(rows, |row| row.timeout_s))
    .bind::<Array<Text>, _>(column(rows, |row| row.state))
    .bind::<Array<Int4>, _>(column(rows, |row| row.attempts))
    .bind::<Array<Int4>, _>(column(rows, |row| row.tries_used))
    .bind::<Array<Int4>, _>(column(rows, |row| row.tries_lost))
    .bind::<Array<Int4>, _>(column(rows, |row| row.max_attempts))
    .bind::<Array<Text>, _>(column(rows, |row| row.error))
    .bind::<Array<Timestamptz>, _>(column(rows, |row| row.run_at))
    .bind::<Array<Timestamptz>, _>(column(rows, |row| row.queued_at))
    .bind::<Array<Text>, _>(column(rows, |row| row.requested_by))
    .bind::<Array<Text>, _>(column(rows, |row| row.concurrency))
    .bind::<Array<Text>, _>(column(rows, |row| row.lane.as_str()))
    .bind::<Array<Bool>, _>(column(rows, |row| row.cancels_running));
    cached(insert).execute(&mut conn).await?;
    Ok(())
}

/// A key of a delivery, at the address it came to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopedKey {
    /// The address: keys of the two do not meet.
    pub endpoint: String,
    /// The key.
    pub key: String,
}

/// Which of these keys are held, and by which delivery.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn holders(
    mut conn: &Conn,
    keys: &[&ScopedKey],
    now: DateTime<Utc>,
) -> Result<HashMap<ScopedKey, String>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let mut endpoints: Vec<&str> = keys.iter().map(|key| key.endpoint.as_str()).collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    let values: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
    // The primary key begins with the endpoint: without it, every key that is kept would be read.
    let found: Vec<(String, String, String)> = idempotency_keys::table
        .filter(idempotency_keys::endpoint.eq_any(endpoints))
        .filter(idempotency_keys::key.eq_any(values))
        .filter(idempotency_keys::expires_at.gt(now))
        .select((idempotency_keys::endpoint, idempotency_keys::key, idempotency_keys::delivery))
        .load(&mut conn)
        .await?;
    let scoped = |(endpoint, key, delivery)| (ScopedKey { endpoint, key }, delivery);
    Ok(found.into_iter().map(scoped).collect())
}

/// A claim on a key.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The key.
    pub key: ScopedKey,
    /// Who claims it.
    pub delivery: DeliveryId,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Claims keys; answers how many could be. Fewer than asked for means that another server holds
/// one: the caller must judge anew. Claims are made in order of the keys, so that two servers
/// wait for each other and never in a circle.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn claim(mut conn: &Conn, claims: &[Claim], now: DateTime<Utc>) -> Result<usize> {
    if claims.is_empty() {
        return Ok(0);
    }
    let endpoints: Vec<&str> = claims.iter().map(|claim| claim.key.endpoint.as_str()).collect();
    let keys: Vec<&str> = claims.iter().map(|claim| claim.key.key.as_str()).collect();
    let deliveries: Vec<&str> = claims.iter().map(|claim| claim.delivery.as_str()).collect();
    let expiries: Vec<DateTime<Utc>> = claims.iter().map(|claim| claim.expires_at).collect();
    let claim = diesel::sql_query(
        "INSERT INTO idempotency_keys (endpoint, key, delivery, expires_at) \
         SELECT * FROM unnest($1, $2, $3, $4) AS c (endpoint, key, delivery, expires_at) \
         ORDER BY 1, 2 \
         ON CONFLICT ON CONSTRAINT idempotency_keys_pkey DO UPDATE \
         SET delivery = excluded.delivery, expires_at = excluded.expires_at \
         WHERE idempotency_keys.expires_at <= $5",
    )
    .bind::<Array<Text>, _>(endpoints)
    .bind::<Array<Text>, _>(keys)
    .bind::<Array<Text>, _>(deliveries)
    .bind::<Array<Timestamptz>, _>(expiries)
    .bind::<Timestamptz, _>(now);
    Ok(cached(claim).execute(&mut conn).await?)
}

/// Writes how many deliveries a counting row stands for.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn set_counted(
    conn: &mut Conn,
    delivery: &DeliveryId,
    summary: &str,
    reason: serde_json::Value,
) -> Result<()> {
    diesel::update(deliveries::table.find(delivery.as_str()))
        .set((deliveries::summary.eq(summary), deliveries::reason.eq(reason)))
        .execute(conn)
        .await?;
    Ok(())
}
