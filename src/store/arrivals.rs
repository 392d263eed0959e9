//! What one batch of deliveries writes: deliveries, their claims on keys, their jobs.
//!
//! Called inside `crate::intake`'s one transaction, before `store::queue` adds the queue rows.

use super::schema::{deliveries, idempotency_keys, jobs};
use super::{Conn, Result};
use crate::core::ids::DeliveryId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

/// A delivery to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = deliveries)]
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
pub async fn insert(conn: &mut Conn, rows: &[NewDelivery<'_>]) -> Result<()> {
    diesel::insert_into(deliveries::table).values(rows).execute(conn).await?;
    Ok(())
}

/// A job to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = jobs)]
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
pub async fn insert_jobs(conn: &mut Conn, rows: &[NewJob<'_>]) -> Result<()> {
    if !rows.is_empty() {
        diesel::insert_into(jobs::table).values(rows).execute(conn).await?;
    }
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
    conn: &mut Conn,
    keys: &[&ScopedKey],
    now: DateTime<Utc>,
) -> Result<HashMap<ScopedKey, String>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let values: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
    let found: Vec<(String, String, String)> = idempotency_keys::table
        .filter(idempotency_keys::key.eq_any(values))
        .filter(idempotency_keys::expires_at.gt(now))
        .select((idempotency_keys::endpoint, idempotency_keys::key, idempotency_keys::delivery))
        .load(conn)
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
pub async fn claim(conn: &mut Conn, claims: &[Claim], now: DateTime<Utc>) -> Result<usize> {
    if claims.is_empty() {
        return Ok(0);
    }
    let endpoints: Vec<&str> = claims.iter().map(|claim| claim.key.endpoint.as_str()).collect();
    let keys: Vec<&str> = claims.iter().map(|claim| claim.key.key.as_str()).collect();
    let deliveries: Vec<&str> = claims.iter().map(|claim| claim.delivery.as_str()).collect();
    let expiries: Vec<DateTime<Utc>> = claims.iter().map(|claim| claim.expires_at).collect();
    Ok(diesel::sql_query(
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
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?)
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
