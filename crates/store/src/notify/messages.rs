//! Messages: those that wait, and what became of the others.

mod list;

pub use list::{Filter, Row, Sort, State, count_messages, find_row, list_messages};

use crate::schema::notification_messages as messages;
use crate::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::failure::Failure;
use signalbox_core::notify::happening::Content;
use signalbox_core::notify::rule::Rule;

/// A message that takes up more.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Open {
    pub id: String,
    pub created_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub content: Content,
}

/// The message of a rule that takes up more, locked for this transaction; none if its last one was taken
/// to be sent.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn find_open(conn: &mut Conn, channel: i64, rule: i64) -> Result<Option<Open>> {
    let found: Option<(String, DateTime<Utc>, DateTime<Utc>, serde_json::Value)> = messages::table
        .filter(messages::channel_id.eq(channel))
        .filter(messages::rule_id.eq(rule))
        .filter(messages::due_at.is_not_null())
        .filter(messages::attempts.eq(0))
        .select((
            messages::id,
            messages::created_at,
            messages::due_at.assume_not_null(),
            messages::content,
        ))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    Ok(found.and_then(|(id, created_at, due_at, content)| {
        Some(Open { id, created_at, due_at, content: serde_json::from_value(content).ok()? })
    }))
}

/// When the newest message of a rule was sent, or is to be.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn last_due(conn: &mut Conn, channel: i64, rule: i64) -> Result<Option<DateTime<Utc>>> {
    type Times = (Option<DateTime<Utc>>, Option<DateTime<Utc>>, DateTime<Utc>);
    let newest: Option<Times> = messages::table
        .filter(messages::channel_id.eq(channel))
        .filter(messages::rule_id.eq(rule))
        .order(messages::id.desc())
        .select((messages::sent_at, messages::due_at, messages::created_at))
        .first(conn)
        .await
        .optional()?;
    Ok(newest.map(|(sent, due, created)| sent.or(due).unwrap_or(created)))
}

/// A message to store.
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct New<'a> {
    pub id: &'a str,
    pub created_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub channel: (i64, &'a str),
    pub rule: Option<(i64, Rule)>,
    pub content: &'a Content,
}

/// Stores a message.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn insert_message(conn: &mut Conn, new: New<'_>) -> Result<()> {
    diesel::insert_into(messages::table)
        .values((
            messages::id.eq(new.id),
            messages::created_at.eq(new.created_at),
            messages::due_at.eq(new.due_at),
            messages::channel_id.eq(new.channel.0),
            messages::channel_name.eq(new.channel.1),
            messages::rule_id.eq(new.rule.map(|(id, _)| id)),
            messages::rule.eq(new.rule.map(|(_, rule)| rule.to_string()).unwrap_or_default()),
            messages::content.eq(serde_json::to_value(new.content).unwrap_or_default()),
            messages::happenings.eq(i64::try_from(new.content.count).unwrap_or(i64::MAX)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores what a message has taken up, and when it is due now.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn update_open(conn: &mut Conn, open: &Open) -> Result<()> {
    diesel::update(messages::table.find(&open.id))
        .set((
            messages::due_at.eq(open.due_at),
            messages::content.eq(serde_json::to_value(&open.content).unwrap_or_default()),
            messages::happenings.eq(i64::try_from(open.content.count).unwrap_or(i64::MAX)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// A message that is to be sent now.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = messages, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Due {
    pub id: String,
    pub attempts: i32,
    pub channel_id: Option<i64>,
    pub content: serde_json::Value,
    pub created_at: DateTime<Utc>,
}

/// Takes messages that are due, the oldest first: each counts a try, and is due again at `again`, unless
/// what came of it is noted before.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn take_due(
    conn: &mut Conn,
    now: DateTime<Utc>,
    again: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Due>> {
    let due: Vec<String> = messages::table
        .filter(messages::due_at.le(now))
        .order(messages::due_at)
        .limit(most)
        .select(messages::id)
        .for_update()
        .skip_locked()
        .load(conn)
        .await?;
    take_these(conn, &due, again).await
}

/// Takes one message, whether it is due or not; none if there is none of this id.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn take_one(conn: &mut Conn, id: &str, again: DateTime<Utc>) -> Result<Option<Due>> {
    Ok(take_these(conn, &[id.to_owned()], again).await?.pop())
}

async fn take_these(conn: &mut Conn, ids: &[String], again: DateTime<Utc>) -> Result<Vec<Due>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(diesel::update(messages::table.filter(messages::id.eq_any(ids)))
        .set((messages::attempts.eq(messages::attempts + 1), messages::due_at.eq(again)))
        .returning(Due::as_returning())
        .load(conn)
        .await?)
}

/// What came of a try.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Tried<'a> {
    pub sent_at: Option<DateTime<Utc>>,
    pub due_at: Option<DateTime<Utc>>,
    pub answer: &'a str,
    pub failure: Option<&'a Failure>,
}

/// Notes what came of a try.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn note_try(conn: &mut Conn, id: &str, tried: Tried<'_>) -> Result<()> {
    diesel::update(messages::table.find(id))
        .set((
            messages::sent_at.eq(tried.sent_at),
            messages::due_at.eq(tried.due_at),
            messages::answer.eq(tried.answer),
            messages::failure.eq(tried.failure.map(Failure::to_stored)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Has a message sent again, with all its tries before it; false if it waits anyway, or its channel is gone.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn send_again(conn: &mut Conn, id: &str, now: DateTime<Utc>) -> Result<bool> {
    let ended = messages::table
        .find(id)
        .filter(messages::due_at.is_null())
        .filter(messages::channel_id.is_not_null());
    let changed = diesel::update(ended)
        // One try before it: it takes up nothing more.
        .set((messages::due_at.eq(now), messages::attempts.eq(1)))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}
