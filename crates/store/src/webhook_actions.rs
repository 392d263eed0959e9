//! Catalogue entries as they were when the webhooks that use them were saved.

use super::schema::{webhook_actions, webhooks};
use super::webhooks::Row;
use super::{Conn, Result};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::ids::WebhookId;
use std::collections::BTreeMap;

/// Notes the entry that a webhook was saved with.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn note_fingerprint(conn: &mut Conn, id: i64, fingerprint: &str) -> Result<()> {
    let is = webhook_actions::fingerprint.eq(fingerprint);
    diesel::insert_into(webhook_actions::table)
        .values((webhook_actions::webhook_id.eq(id), is))
        .on_conflict(webhook_actions::webhook_id)
        .do_update()
        .set(is)
        .execute(conn)
        .await?;
    Ok(())
}

/// The fingerprints noted for these webhooks.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn noted_fingerprints(
    conn: &mut Conn,
    ids: &[WebhookId],
) -> Result<BTreeMap<i64, String>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<(i64, String)> = webhook_actions::table
        .filter(webhook_actions::webhook_id.eq_any(ids))
        .select((webhook_actions::webhook_id, webhook_actions::fingerprint))
        .load(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The webhooks by their actions, at most `limit` of them.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn webhooks_by_action(conn: &mut Conn, limit: i64) -> Result<Vec<Row>> {
    Ok(webhooks::table
        .order((webhooks::action, webhooks::repo_name, webhooks::id))
        .limit(limit)
        .select(Row::as_select())
        .load(conn)
        .await?)
}
