//! Server-side sessions. `id` is a digest of the cookie's key, so that reading this table opens
//! no session.
//!
//! What a session holds is `signalbox::web::session_store`'s to know; here it is text.

use super::schema::{sessions, users};
use super::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::ids::UserId;

/// How long a session lives, however often it is used.
const LONGEST: TimeDelta = TimeDelta::days(30);

/// A session to store.
#[derive(Debug)]
pub struct Session<'a> {
    /// The digest of its key.
    pub id: &'a [u8],
    /// What it holds.
    pub state: &'a str,
    /// Whose it is.
    pub user: Option<UserId>,
    /// When it ends unless it is used.
    pub expires_at: DateTime<Utc>,
}

/// Where a session was begun, and what it is called in pages and forms.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// What it is called; opens nothing.
    pub reference: String,
    /// The address it came from.
    pub remote_addr: String,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// A session as its person, or an administrator, sees it.
#[derive(Debug, Clone, Queryable)]
pub struct Seen {
    /// What it is called.
    pub reference: String,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub seen_at: DateTime<Utc>,
    /// The address it was last used from.
    pub remote_addr: String,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// What a session that has not expired holds.
///
/// # Errors
/// Those of the database.
pub async fn load_session(
    conn: &mut Conn,
    id: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    Ok(sessions::table
        .find(id)
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::created_at.gt(now - LONGEST))
        .select(sessions::state)
        .first(conn)
        .await
        .optional()?)
}

/// Whether a person's session of this reference still opens anything.
///
/// # Errors
/// Those of the database.
pub async fn is_alive(
    conn: &mut Conn,
    user: UserId,
    reference: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let found = sessions::table
        .inner_join(users::table)
        .filter(users::id.eq(user.0).and(users::active))
        .filter(sessions::reference.eq(reference))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::created_at.gt(now - LONGEST));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(conn).await?)
}

/// Stores a new session.
///
/// # Errors
/// Those of the database.
pub async fn insert_session(
    conn: &mut Conn,
    session: Session<'_>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id),
            sessions::state.eq(session.state),
            sessions::user_id.eq(session.user.map(|user| user.0)),
            sessions::created_at.eq(now),
            sessions::expires_at.eq(session.expires_at),
            sessions::reference.eq(&origin.reference),
            sessions::seen_at.eq(now),
            sessions::remote_addr.eq(&origin.remote_addr),
            sessions::user_agent.eq(&origin.user_agent),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that a session is used, and from where.
///
/// # Errors
/// Those of the database.
pub async fn touch_session(conn: &mut Conn, origin: &Origin, now: DateTime<Utc>) -> Result<()> {
    diesel::update(sessions::table.filter(sessions::reference.eq(&origin.reference)))
        .set((
            sessions::seen_at.eq(now),
            sessions::remote_addr.eq(&origin.remote_addr),
            sessions::user_agent.eq(&origin.user_agent),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// A person's sessions that have not ended, the one used last first.
///
/// # Errors
/// Those of the database.
pub async fn of_user(conn: &mut Conn, user: UserId, now: DateTime<Utc>) -> Result<Vec<Seen>> {
    Ok(sessions::table
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::expires_at.gt(now))
        .order((sessions::seen_at.desc(), sessions::reference))
        .select((
            sessions::reference,
            sessions::created_at,
            sessions::seen_at,
            sessions::remote_addr,
            sessions::user_agent,
        ))
        .load(conn)
        .await?)
}

/// Ends one of a person's sessions, or all but one; answers how many.
///
/// # Errors
/// Those of the database.
pub async fn end_sessions(conn: &mut Conn, user: UserId, which: Which<'_>) -> Result<usize> {
    let of_user = sessions::table.filter(sessions::user_id.eq(user.0));
    Ok(match which {
        Which::One(reference) => {
            diesel::delete(of_user.filter(sessions::reference.eq(reference))).execute(conn).await?
        }
        Which::AllBut(reference) => {
            diesel::delete(of_user.filter(sessions::reference.ne(reference))).execute(conn).await?
        }
    })
}

/// Which of a person's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// The one of this reference.
    One(&'a str),
    /// All but the one of this reference; empty = all.
    AllBut(&'a str),
}

/// Changes a session that still exists; one that was ended meanwhile stays ended.
///
/// # Errors
/// Those of the database.
pub async fn update_session(conn: &mut Conn, session: Session<'_>) -> Result<()> {
    diesel::update(sessions::table.find(session.id))
        .set((
            sessions::state.eq(session.state),
            sessions::user_id.eq(session.user.map(|user| user.0)),
            sessions::expires_at.eq(session.expires_at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives a session more time.
///
/// # Errors
/// Those of the database.
pub async fn extend_session(conn: &mut Conn, id: &[u8], expires_at: DateTime<Utc>) -> Result<()> {
    diesel::update(sessions::table.find(id))
        .set(sessions::expires_at.eq(expires_at))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// Those of the database.
pub async fn delete_session(conn: &mut Conn, id: &[u8]) -> Result<()> {
    diesel::delete(sessions::table.find(id)).execute(conn).await?;
    Ok(())
}

/// Ends every session of a person.
///
/// # Errors
/// Those of the database.
pub async fn delete_of_user(conn: &mut Conn, user: UserId) -> Result<usize> {
    Ok(diesel::delete(sessions::table.filter(sessions::user_id.eq(user.0))).execute(conn).await?)
}

/// Deletes what has expired; returns how many.
///
/// # Errors
/// Those of the database.
pub async fn delete_expired(conn: &mut Conn, now: DateTime<Utc>) -> Result<usize> {
    Ok(diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn).await?)
}
