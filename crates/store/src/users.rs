//! Accounts: who may sign in, with which password hash and role.
//!
//! Hashing and the rules for names and passwords are `signalbox::accounts`'.

mod list;

pub use list::{Filter, Row, Sort, count_users, list_users};

use super::schema::{sessions, users};
use super::{Conn, Result, StoreError};
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::actor::Actor;
use signalbox_core::ids::UserId;
use signalbox_core::role::Role;

diesel::define_sql_function! {
    /// Text in small letters.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}
diesel::define_sql_function! {
    /// Waits for an advisory lock that the transaction's end lets go.
    fn pg_advisory_xact_lock(key: diesel::sql_types::BigInt);
}

/// The advisory lock under which the first account is made: "signalbo" in ASCII, plus one.
const FIRST_USER_LOCK: i64 = 0x7369_676e_616c_626f + 1;

/// The advisory lock under which administrators are made fewer.
const ADMINS_LOCK: i64 = FIRST_USER_LOCK + 1;

/// An account.
#[derive(Debug, Clone)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The name to sign in with, as it was first written.
    pub username: String,
    /// The PHC string of the password's hash.
    pub password_hash: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last signed in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// How often it was changed.
    pub version: i32,
    /// The name of the time zone in which it reads times; none = its browser's.
    pub time_zone: Option<String>,
}

impl User {
    /// The account as one who acts.
    #[must_use]
    pub fn as_actor(&self) -> Actor {
        Actor { id: self.id, username: self.username.clone(), role: self.role }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct Stored {
    id: i64,
    username: String,
    password_hash: String,
    role: Role,
    active: bool,
    created_at: DateTime<Utc>,
    last_login_at: Option<DateTime<Utc>>,
    version: i32,
    time_zone: Option<String>,
}

impl From<Stored> for User {
    fn from(stored: Stored) -> Self {
        Self {
            id: UserId(stored.id),
            username: stored.username,
            password_hash: stored.password_hash,
            role: stored.role,
            active: stored.active,
            created_at: stored.created_at,
            last_login_at: stored.last_login_at,
            version: stored.version,
            time_zone: stored.time_zone,
        }
    }
}

/// A name as the database folds it, where it tells accounts apart.
///
/// # Errors
/// Those of the database.
pub async fn fold_name(conn: &mut Conn, name: &str) -> Result<String> {
    Ok(select(lower(name)).get_result(conn).await?)
}

/// The account of this name, whatever its case.
///
/// # Errors
/// Those of the database.
pub async fn by_name(conn: &mut Conn, username: &str) -> Result<Option<User>> {
    let found: Option<Stored> = users::table
        .select(Stored::as_select())
        .filter(lower(users::username).eq(lower(username)))
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(User::from))
}

/// The account of this id.
///
/// # Errors
/// [`super::StoreError::NotFound`], and those of the database.
pub async fn find_user(conn: &mut Conn, id: UserId) -> Result<User> {
    let found: Stored = users::table.select(Stored::as_select()).find(id.0).first(conn).await?;
    Ok(found.into())
}

/// Whether there is any account.
///
/// # Errors
/// Those of the database.
pub async fn any_exists(conn: &mut Conn) -> Result<bool> {
    Ok(select(exists(users::table.select(users::id))).get_result(conn).await?)
}

/// Waits until no other transaction is making the first account.
///
/// # Errors
/// Those of the database.
pub async fn lock_first(conn: &mut Conn) -> Result<()> {
    select(pg_advisory_xact_lock(FIRST_USER_LOCK)).execute(conn).await?;
    Ok(())
}

/// An account to make.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// The name to sign in with.
    pub username: &'a str,
    /// The PHC string of the password's hash.
    pub password_hash: &'a str,
    /// What it may do.
    pub role: Role,
}

/// Makes an account.
///
/// # Errors
/// [`super::StoreError::Constraint`] `users_username_key` if the name is taken.
pub async fn insert_user(conn: &mut Conn, user: NewUser<'_>, now: DateTime<Utc>) -> Result<UserId> {
    let id = diesel::insert_into(users::table)
        .values((
            users::username.eq(user.username),
            users::password_hash.eq(user.password_hash),
            users::role.eq(user.role.as_str()),
            users::created_at.eq(now),
        ))
        .returning(users::id)
        .get_result(conn)
        .await?;
    Ok(UserId(id))
}

/// Sets an account's password hash.
///
/// # Errors
/// Those of the database.
pub async fn set_password(conn: &mut Conn, id: UserId, password_hash: &str) -> Result<()> {
    diesel::update(users::table.find(id.0))
        .set(users::password_hash.eq(password_hash))
        .execute(conn)
        .await?;
    Ok(())
}

/// Sets the time zone in which an account reads times.
///
/// # Errors
/// Those of the database.
pub async fn set_time_zone(conn: &mut Conn, id: UserId, time_zone: Option<&str>) -> Result<()> {
    diesel::update(users::table.find(id.0))
        .set(users::time_zone.eq(time_zone))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes a sign-in.
///
/// # Errors
/// Those of the database.
pub async fn touch_login(conn: &mut Conn, id: UserId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(users::table.find(id.0)).set(users::last_login_at.eq(now)).execute(conn).await?;
    Ok(())
}

/// What an account may do, and whether it may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
}

impl Standing {
    /// Whether this is an administrator who can act.
    #[must_use]
    pub fn is_admin(self) -> bool {
        self.active && self.role == Role::Admin
    }
}

/// Sets role and state of an account that still has this version.
///
/// # Errors
/// [`StoreError::Stale`] when it has another one, and those of the database.
pub async fn set_standing(
    conn: &mut Conn,
    id: UserId,
    version: i32,
    standing: Standing,
) -> Result<()> {
    let changed = diesel::update(users::table.find(id.0).filter(users::version.eq(version)))
        .set((
            users::role.eq(standing.role.as_str()),
            users::active.eq(standing.active),
            users::version.eq(users::version + 1),
        ))
        .execute(conn)
        .await?;
    if changed == 0 { Err(StoreError::Stale) } else { Ok(()) }
}

/// Waits until no other transaction takes an administrator away.
///
/// # Errors
/// Those of the database.
pub async fn lock_admins(conn: &mut Conn) -> Result<()> {
    select(pg_advisory_xact_lock(ADMINS_LOCK)).execute(conn).await?;
    Ok(())
}

/// Whether there is an administrator who can act, beside this account.
///
/// # Errors
/// Those of the database.
pub async fn has_other_admin(conn: &mut Conn, id: UserId) -> Result<bool> {
    let others = users::table
        .filter(users::role.eq(Role::Admin.as_str()))
        .filter(users::active)
        .filter(users::id.ne(id.0));
    Ok(select(exists(others.select(users::id))).get_result(conn).await?)
}

/// Deletes an account, its sessions with it.
///
/// # Errors
/// Those of the database.
pub async fn delete_user(conn: &mut Conn, id: UserId) -> Result<()> {
    diesel::delete(users::table.find(id.0)).execute(conn).await?;
    Ok(())
}

/// Who asks, and when their session was last seen, if it is known by this reference.
///
/// # Errors
/// [`StoreError::NotFound`] when the account is gone, and those of the database.
pub async fn find_visitor(
    conn: &mut Conn,
    id: UserId,
    reference: &str,
) -> Result<(User, Option<DateTime<Utc>>)> {
    let own = sessions::user_id.eq(users::id.nullable()).and(sessions::reference.eq(reference));
    let (found, seen_at): (Stored, Option<DateTime<Utc>>) = users::table
        .left_join(sessions::table.on(own))
        .filter(users::id.eq(id.0))
        .select((Stored::as_select(), sessions::seen_at.nullable()))
        .first(conn)
        .await?;
    Ok((found.into(), seen_at))
}
