//! Pauses, in the table of settings: one row each, named `pause:` and its scope.

use super::cached::cached;
use super::schema::{jobs, settings};
use super::transitions::Held;
use super::{Conn, Result, StoreError};
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::job::JobState;
use signalbox_core::pause::{Note, Pause, Scope};

const PREFIX: &str = "pause:";
/// The advisory lock between pausing and beginning.
const LOCK: i64 = 0x5042_0001;

/// Who takes the pause lock, for the time of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Begins a job: many may.
    Begin,
    /// Pauses or resumes: nobody else may do either.
    Change,
}

/// Takes the lock, so that no job slips through while a pause begins or ends.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn lock_pauses(conn: &mut Conn, side: Side) -> Result<()> {
    let function = match side {
        Side::Begin => "pg_advisory_xact_lock_shared",
        Side::Change => "pg_advisory_xact_lock",
    };
    cached(diesel::sql_query(format!("SELECT {function}({LOCK})"))).execute(conn).await?;
    Ok(())
}

/// A name, a note, and when it ends by itself.
type Stored = (String, String, Option<DateTime<Utc>>);

fn to_pause((name, value, until): Stored) -> Option<Pause> {
    let scope = Scope::parse(name.strip_prefix(PREFIX)?)?;
    // A note that cannot be read must not end the pause.
    let note = serde_json::from_str(&value).unwrap_or_else(|_| Note {
        name: String::new(),
        reason: value,
        by: String::new(),
        since: DateTime::UNIX_EPOCH,
    });
    Some(Pause { scope, note, until })
}

/// Every pause that has not ended by itself, by the database's clock; the widest first.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_pauses(mut conn: &Conn) -> Result<Vec<Pause>> {
    let rows: Vec<Stored> = settings::table
        .filter(settings::name.like(format!("{PREFIX}%")))
        .filter(settings::expires_at.is_null().or(settings::expires_at.gt(now)))
        .select((settings::name, settings::value, settings::expires_at))
        .load(&mut conn)
        .await?;
    let mut pauses: Vec<Pause> = rows.into_iter().filter_map(to_pause).collect();
    pauses.sort_by(|a, b| a.scope.cmp(&b.scope));
    Ok(pauses)
}

/// Begins a pause; false if it held already.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn insert_pause(conn: &mut Conn, pause: &Pause) -> Result<bool> {
    let name = format!("{PREFIX}{}", pause.scope.to_word());
    let value = serde_json::to_string(&pause.note).unwrap_or_default();
    diesel::delete(settings::table.find(&name).filter(settings::expires_at.le(now)))
        .execute(conn)
        .await?;
    let added = diesel::insert_into(settings::table)
        .values((
            settings::name.eq(name),
            settings::value.eq(value),
            settings::updated_at.eq(pause.note.since),
            settings::expires_at.eq(pause.until),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(added == 1)
}

/// Ends a pause; false if there was none.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn delete_pause(conn: &mut Conn, scope: &Scope) -> Result<bool> {
    let name = format!("{PREFIX}{}", scope.to_word());
    Ok(diesel::delete(settings::table.find(name)).execute(conn).await? == 1)
}

/// Removes the pauses that have ended by themselves, and says which.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn delete_ended(conn: &mut Conn) -> Result<Vec<Pause>> {
    let ended: Vec<Stored> = diesel::delete(settings::table)
        .filter(settings::name.like(format!("{PREFIX}%")))
        .filter(settings::expires_at.le(now))
        .returning((settings::name, settings::value, settings::expires_at))
        .get_results(conn)
        .await?;
    Ok(ended.into_iter().filter_map(to_pause).collect())
}

/// A job that is held back by a pause.
#[derive(Debug, Clone, Queryable)]
pub struct HeldJob {
    /// Its id.
    pub id: String,
    /// Its webhook.
    pub webhook_id: Option<i64>,
    /// Its ref.
    pub git_ref: String,
    /// Its lane; empty = none.
    pub lane: String,
}

/// Every job that waits, whether or not a worker has met the pause yet, in order.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_waiting(conn: &mut Conn) -> Result<Vec<HeldJob>> {
    Ok(jobs::table
        .filter(jobs::state.eq_any(JobState::WAITING))
        .order((jobs::queued_at, jobs::id))
        .select((jobs::id, jobs::webhook_id, jobs::git_ref, jobs::lane))
        .load(conn)
        .await?)
}

/// Jobs that are held by a pause, the longest waiting first.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_held(conn: &mut Conn, most: i64) -> Result<Vec<HeldJob>> {
    Ok(jobs::table
        .filter(jobs::held.eq(Held::Paused.as_str()))
        .order((jobs::queued_at, jobs::id))
        .limit(most)
        .select((jobs::id, jobs::webhook_id, jobs::git_ref, jobs::lane))
        .load(conn)
        .await?)
}

/// How many jobs a scope holds back now.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn held_by(conn: &mut Conn, scope: &Scope) -> Result<i64> {
    let mut query = jobs::table.filter(jobs::state.eq_any(JobState::WAITING)).count().into_boxed();
    query = match scope {
        Scope::All => query,
        Scope::Webhook(id) => query.filter(jobs::webhook_id.eq(*id)),
        Scope::Lane(lane) => query.filter(jobs::lane.eq(lane.clone())),
    };
    Ok(query.get_result(conn).await?)
}

/// What a webhook is called, for the banner.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such webhook.
pub async fn name_of(conn: &mut Conn, webhook: i64) -> Result<String> {
    use super::schema::webhooks;
    let (name, repo, kind): (String, String, String) = webhooks::table
        .find(webhook)
        .select((webhooks::name, webhooks::repo_name, webhooks::object_kind))
        .first(conn)
        .await
        .map_err(StoreError::from)?;
    Ok(signalbox_core::webhook::webhook_label(&name, &repo, &kind))
}
