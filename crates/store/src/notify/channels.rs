//! The channels. Where one sends is sealed, and opened by whoever has the keys.

use crate::schema::{notification_channels as channels, notification_messages as messages};
use crate::search::{Condition, CountOf, contains_pattern};
use crate::{Conn, Result, StoreError};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use signalbox_core::listing::{Counts, Direction, ListQuery, Page, Part, Total};
use signalbox_core::notify::channel::ChannelKind;

/// A channel. It has no `Debug`: its settings are sealed, and stay so.
#[derive(Clone, Queryable, Selectable, Identifiable)]
#[diesel(table_name = channels, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Channel {
    pub id: i64,
    pub name: String,
    pub kind: ChannelKind,
    pub settings: Vec<u8>,
    pub target: String,
    pub enabled: bool,
    pub language: String,
    pub gather_s: i32,
    pub interval_s: i32,
    pub quiet_hours: String,
    pub time_zone: String,
    pub panel_url: String,
    pub version: i32,
}

/// What is written of a channel.
#[derive(Clone, PartialEq, Eq, Insertable, AsChangeset)]
#[diesel(table_name = channels)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Values {
    pub name: String,
    pub kind: ChannelKind,
    pub settings: Vec<u8>,
    pub target: String,
    pub enabled: bool,
    pub language: String,
    pub gather_s: i32,
    pub interval_s: i32,
    pub quiet_hours: String,
    pub time_zone: String,
    pub panel_url: String,
}

/// A channel as it is listed.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Row {
    pub id: i64,
    pub name: String,
    pub kind: ChannelKind,
    pub target: String,
    pub enabled: bool,
    /// When a message was sent last.
    pub last_sent_at: Option<DateTime<Utc>>,
}

/// What the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns' names")]
pub enum Sort {
    Name,
    Kind,
}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<ChannelKind>,
    /// Whether they are enabled.
    pub enabled: Option<bool>,
}

/// Every channel.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn all_channels(conn: &mut Conn) -> Result<Vec<Channel>> {
    let all = channels::table.order(channels::name).select(Channel::as_select());
    Ok(all.load(conn).await?)
}

/// One channel.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn find_channel(conn: &mut Conn, id: i64) -> Result<Channel> {
    Ok(channels::table.find(id).select(Channel::as_select()).first(conn).await?)
}

/// One channel, locked for this transaction.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn lock_channel(conn: &mut Conn, id: i64) -> Result<Channel> {
    let one = channels::table.find(id).select(Channel::as_select()).for_update();
    Ok(one.first(conn).await?)
}

/// Adds a channel; answers its id.
///
/// # Errors
/// The constraint `notification_channels_name_key`; any other [`StoreError`] of the database.
pub async fn insert_channel(conn: &mut Conn, values: &Values, now: DateTime<Utc>) -> Result<i64> {
    let row = (values, channels::created_at.eq(now), channels::updated_at.eq(now));
    let insert = diesel::insert_into(channels::table).values(row);
    Ok(insert.returning(channels::id).get_result(conn).await?)
}

/// Changes a channel that still has this version.
///
/// # Errors
/// [`StoreError::Stale`] if it has not; as [`insert_channel`].
pub async fn update_channel(
    conn: &mut Conn,
    (id, version): (i64, i32),
    values: &Values,
    now: DateTime<Utc>,
) -> Result<()> {
    let same = channels::table.find(id).filter(channels::version.eq(version));
    let changed = diesel::update(same)
        .set((values, channels::updated_at.eq(now), channels::version.eq(version + 1)))
        .execute(conn)
        .await?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// Deletes a channel with its rules. Its messages stay; those that wait are given up.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn delete_channel(conn: &mut Conn, id: i64) -> Result<()> {
    diesel::update(messages::table.filter(messages::channel_id.eq(id)))
        .filter(messages::due_at.is_not_null())
        .set(messages::due_at.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await?;
    diesel::delete(channels::table.find(id)).execute(conn).await?;
    Ok(())
}

fn list_condition(query: &ListQuery<Sort, Filter>) -> Condition<channels::table> {
    let mut all: Condition<channels::table> = Box::new(channels::id.is_not_null());
    if let Some(kind) = query.filter.kind {
        all = Box::new(all.and(channels::kind.eq(kind)));
    }
    if let Some(enabled) = query.filter.enabled {
        all = Box::new(all.and(channels::enabled.eq(enabled)));
    }
    for term in &query.terms {
        let pattern = contains_pattern(term);
        let found = channels::name.ilike(pattern.clone()).or(channels::target.ilike(pattern));
        all = Box::new(all.and(found));
    }
    all
}

/// How many channels there are.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn count_channels(conn: &mut Conn) -> Result<Counts> {
    let all = channels::table.count().get_result(conn).await?;
    Ok(Counts { all: Some(Total::Exactly(all)), choices: Vec::new() })
}

/// The channels that a changelist asks for.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_channels(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let counted = channels::table.select(channels::id).filter(list_condition(query));
    let matching: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    let page = if let Part::Numbered(page) = query.part { page } else { 1 };
    let mut rows =
        channels::table.select(Channel::as_select()).filter(list_condition(query)).into_boxed();
    for (sort, direction) in &query.order {
        rows = match (sort, direction) {
            (Sort::Name, Direction::Ascending) => rows.then_order_by(channels::name.asc()),
            (Sort::Name, Direction::Descending) => rows.then_order_by(channels::name.desc()),
            (Sort::Kind, Direction::Ascending) => rows.then_order_by(channels::kind.asc()),
            (Sort::Kind, Direction::Descending) => rows.then_order_by(channels::kind.desc()),
        };
    }
    let found: Vec<Channel> = rows
        .then_order_by(channels::id.asc())
        .offset((page - 1).saturating_mul(query.limit))
        .limit(query.limit.saturating_add(1))
        .load(conn)
        .await?;
    let ids: Vec<i64> = found.iter().map(|channel| channel.id).collect();
    let sent: Vec<(Option<i64>, Option<DateTime<Utc>>)> = messages::table
        .filter(messages::channel_id.eq_any(ids))
        .group_by(messages::channel_id)
        .select((messages::channel_id, diesel::dsl::max(messages::sent_at)))
        .load(conn)
        .await?;
    let rows = found.into_iter().map(|channel| Row {
        last_sent_at: sent
            .iter()
            .find(|(id, _)| *id == Some(channel.id))
            .and_then(|(_, sent_at)| *sent_at),
        id: channel.id,
        name: channel.name,
        kind: channel.kind,
        target: channel.target,
        enabled: channel.enabled,
    });
    Ok(Page::cut_page(rows.collect(), &query.part, query.limit, Total::from_capped(matching)))
}

/// The sealed settings of every channel, locked, to be sealed with another key.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_sealed(conn: &mut Conn) -> Result<Vec<(i64, Vec<u8>)>> {
    let all = channels::table.order(channels::id).select((channels::id, channels::settings));
    Ok(all.for_update().load(conn).await?)
}

/// Stores settings that were sealed anew.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn update_sealed(conn: &mut Conn, id: i64, settings: &[u8]) -> Result<()> {
    let one = diesel::update(channels::table.find(id));
    one.set(channels::settings.eq(settings)).execute(conn).await?;
    Ok(())
}
