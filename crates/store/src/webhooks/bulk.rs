//! Many webhooks at once, for the list's bulk actions: which ones a selection means, and the
//! writes. Which of them may be written, `signalbox::webhooks` says.

use super::list::list_condition;
use super::{Filter, Row, Sort};
use crate::schema::webhooks;
use crate::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::ids::WebhookId;
use signalbox_core::listing::{ListQuery, Part};
use signalbox_core::webhook::ProjectId;

/// The ids of the webhooks that a search and filters let through, newest first: the first `limit`
/// of those no newer than `up_to`, or of those older than the part's id.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn select_ids(
    conn: &mut Conn,
    query: &ListQuery<Sort, Filter>,
    up_to: Option<&str>,
    part: &Part,
    limit: i64,
) -> Result<Vec<WebhookId>> {
    let mut ids = webhooks::table.select(webhooks::id).filter(list_condition(query)).into_boxed();
    if let Some(newest) = up_to {
        ids = ids.filter(webhooks::id.le(newest.parse::<i64>().unwrap_or_default()));
    }
    if let Part::Older(id) = part {
        ids = ids.filter(webhooks::id.lt(id.parse::<i64>().unwrap_or_default()));
    }
    let ids: Vec<i64> = ids.order(webhooks::id.desc()).limit(limit).load(conn).await?;
    Ok(ids.into_iter().map(WebhookId).collect())
}

/// Those of these webhooks that are still there, locked until the transaction ends; always in the
/// same order, so that two people's actions wait for each other instead of for ever.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn find_many_for_update(conn: &mut Conn, ids: &[WebhookId]) -> Result<Vec<Row>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(webhooks::table
        .filter(webhooks::id.eq_any(ids))
        .order(webhooks::id)
        .select(Row::as_select())
        .for_update()
        .load(conn)
        .await?)
}

/// Removes webhooks. Their deliveries and jobs stay.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn delete_many(conn: &mut Conn, ids: &[i64]) -> Result<()> {
    diesel::delete(webhooks::table.filter(webhooks::id.eq_any(ids))).execute(conn).await?;
    Ok(())
}

/// Switches webhooks on or off: each is one version further, so that an open form notices.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn set_enabled(
    conn: &mut Conn,
    ids: &[i64],
    enabled: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(webhooks::table.filter(webhooks::id.eq_any(ids)))
        .set((
            webhooks::enabled.eq(enabled),
            webhooks::version.eq(webhooks::version + 1),
            webhooks::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets webhooks wait for a Test again: see [`super::reset_registration`].
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn reset_many(conn: &mut Conn, ids: &[i64], now: DateTime<Utc>) -> Result<()> {
    diesel::update(webhooks::table.filter(webhooks::id.eq_any(ids)))
        .set((
            webhooks::project_id.eq(ProjectId::PENDING),
            webhooks::registered_at.eq(None::<DateTime<Utc>>),
            webhooks::pending_since.eq(now),
            webhooks::version.eq(webhooks::version + 1),
            webhooks::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
