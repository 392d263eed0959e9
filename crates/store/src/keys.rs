//! Idempotency keys: who holds one, and claims on them.

use super::cached::{Statement, cached, column_of};
use super::schema::idempotency_keys;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Int8, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::ids::{DeliveryId, WebhookId};
use signalbox_core::verdict::Endpoint;
use std::collections::HashMap;

/// A key of a delivery, at the address it came to, for the webhook that it proved itself to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopedKey {
    /// The address: keys of the two do not meet.
    pub endpoint: String,
    /// The key.
    pub key: String,
    /// The webhook: whoever holds the secret of one cannot take a key of another. None of a form's
    /// number, and of the keys that were stored before: those count for all webhooks.
    pub webhook: Option<WebhookId>,
}

impl ScopedKey {
    /// A key at the main address, for a webhook or for all.
    pub fn at_main(key: &str, webhook: Option<WebhookId>) -> Self {
        Self { endpoint: Endpoint::Main.as_str().to_owned(), key: key.to_owned(), webhook }
    }
}

/// What stands for no webhook in the database.
const OF_ALL: i64 = 0;

/// Who holds these keys: for each webhook that holds one, by which delivery.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn find_holders(
    mut conn: &Conn,
    keys: &[&ScopedKey],
    now: DateTime<Utc>,
) -> Result<HashMap<ScopedKey, String>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    // One by one by the primary key: of two lists of values, the plan may use the endpoint alone.
    let held = diesel::sql_query(
        "SELECT k.endpoint, k.key, k.webhook_id, k.delivery, k.expires_at \
         FROM unnest($1, $2) AS s (endpoint, key) \
         JOIN idempotency_keys k ON k.endpoint = s.endpoint AND k.key = s.key",
    )
    .bind::<Array<Text>, _>(column_of(keys, |key| key.endpoint.as_str()))
    .bind::<Array<Text>, _>(column_of(keys, |key| key.key.as_str()));
    let rows: Vec<HeldKey> = cached(held).load(&mut conn).await?;
    let held = rows.into_iter().filter(|row| row.expires_at > now);
    let scoped = |HeldKey { endpoint, key, webhook_id, delivery, .. }| {
        let webhook = (webhook_id != OF_ALL).then_some(WebhookId(webhook_id));
        (ScopedKey { endpoint, key, webhook }, delivery)
    };
    Ok(held.map(scoped).collect())
}

#[derive(QueryableByName)]
#[diesel(table_name = idempotency_keys)]
struct HeldKey {
    endpoint: String,
    key: String,
    webhook_id: i64,
    delivery: String,
    expires_at: DateTime<Utc>,
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

/// The claims of `bind_claims`: a key is free where nobody holds it, or not any more.
macro_rules! claim_keys {
    () => {
        "INSERT INTO idempotency_keys (endpoint, key, webhook_id, delivery, expires_at) \
         SELECT * FROM unnest($1, $2, $3, $4, $5) \
         AS c (endpoint, key, webhook_id, delivery, expires_at) \
         ORDER BY 1, 2, 3 ON CONFLICT ON CONSTRAINT idempotency_keys_pkey DO UPDATE \
         SET delivery = excluded.delivery, expires_at = excluded.expires_at \
         WHERE idempotency_keys.expires_at <= $6"
    };
}
pub(super) use claim_keys;

/// Claims keys; answers how many could be. Fewer than asked for means that another server holds
/// one: the caller must judge anew. Claims are made in order of the keys, so that two servers
/// wait for each other and never in a circle.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn try_claim(mut conn: &Conn, claims: &[Claim], now: DateTime<Utc>) -> Result<usize> {
    if claims.is_empty() {
        return Ok(0);
    }
    let statement = bind_claims(diesel::sql_query(claim_keys!()).into_boxed(), claims, now);
    Ok(cached(statement).execute(&mut conn).await?)
}

/// Binds the first six values of a statement that claims keys.
pub(super) fn bind_claims<'a>(
    to: Statement<'a>,
    claims: &'a [Claim],
    now: DateTime<Utc>,
) -> Statement<'a> {
    to.bind::<Array<Text>, _>(column_of(claims, |claim| claim.key.endpoint.as_str()))
        .bind::<Array<Text>, _>(column_of(claims, |claim| claim.key.key.as_str()))
        .bind::<Array<Int8>, _>(column_of(claims, |claim| {
            claim.key.webhook.map_or(OF_ALL, |webhook| webhook.0)
        }))
        .bind::<Array<Text>, _>(column_of(claims, |claim| claim.delivery.as_str()))
        .bind::<Array<Timestamptz>, _>(column_of(claims, |claim| claim.expires_at))
        .bind::<Timestamptz, _>(now)
}
