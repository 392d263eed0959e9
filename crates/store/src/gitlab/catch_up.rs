//! What was caught up on: how far GitLab's log was compared, and what of it was taken.

use crate::schema::{gitlab_hooks, gitlab_log_events};
use crate::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::collections::HashSet;

/// How long it is remembered what was taken: GitLab's log holds seven days.
const REMEMBERED: TimeDelta = TimeDelta::days(9);

/// Those of the events of GitLab's log that were taken, or asked to be sent again.
///
/// # Errors
/// Those of the database.
pub async fn find_taken(conn: &mut Conn, hook: i64, events: &[i64]) -> Result<HashSet<i64>> {
    let taken: Vec<i64> = gitlab_log_events::table
        .filter(gitlab_log_events::hook_id.eq(hook))
        .filter(gitlab_log_events::event_id.eq_any(events))
        .select(gitlab_log_events::event_id)
        .load(conn)
        .await?;
    Ok(taken.into_iter().collect())
}

/// Notes that an event was taken, or asked to be sent again.
///
/// # Errors
/// Those of the database.
pub async fn note_taken(conn: &mut Conn, hook: i64, event: i64, now: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(gitlab_log_events::table)
        .values((
            gitlab_log_events::hook_id.eq(hook),
            gitlab_log_events::event_id.eq(event),
            gitlab_log_events::at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes how far GitLab's log was compared.
///
/// # Errors
/// Those of the database.
pub async fn note_log_read(
    conn: &mut Conn,
    hook: i64,
    read_to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(hook))
        .set((gitlab_hooks::log_read_to.eq(read_to), gitlab_hooks::missed.eq(None::<Value>)))
        .execute(conn)
        .await?;
    diesel::delete(gitlab_log_events::table)
        .filter(gitlab_log_events::hook_id.eq(hook))
        .filter(gitlab_log_events::at.lt(now - REMEMBERED))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes what waits for a person.
///
/// # Errors
/// Those of the database.
pub async fn note_missed(conn: &mut Conn, hook: i64, missed: &Value) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(hook))
        .set(gitlab_hooks::missed.eq(missed))
        .execute(conn)
        .await?;
    Ok(())
}
