//! What the secret key protects: its check value, and what is sealed with it. No key is known here.

use super::schema::{secret_key_check, webhooks};
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Bytea};
use diesel_async::RunQueryDsl;

/// The number of the lock that whoever uses the secret key shares.
const LOCK: i64 = 0x5163_6e61_6c4b_6579;

/// The sealed secrets of one webhook.
#[derive(Debug, Clone, Queryable)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Sealed {
    pub id: i64,
    pub signing_token: Option<Vec<u8>>,
    pub previous_signing_token: Option<Vec<u8>>,
}

/// Tables with one sealed secret a row, in the column `token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The access tokens of connections to GitLab.
    GitlabConnections,
    /// The secret tokens of GitLab's webhooks.
    GitlabHooks,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::GitlabConnections, Self::GitlabHooks];

    /// What its secrets are sealed for.
    pub const fn purpose(self) -> &'static [u8] {
        match self {
            Self::GitlabConnections => b"gitlab access token",
            Self::GitlabHooks => b"gitlab secret token",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::GitlabConnections => "gitlab_connections",
            Self::GitlabHooks => "gitlab_hooks",
        }
    }
}

/// A sealed secret of such a table.
#[derive(Debug, Clone, QueryableByName)]
pub struct SealedToken {
    /// Its row.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The secret.
    #[diesel(sql_type = Bytea)]
    pub token: Vec<u8>,
}

/// Every sealed secret of a table, locked.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn list_sealed_tokens(conn: &mut Conn, place: Place) -> Result<Vec<SealedToken>> {
    let table = place.table();
    let query = format!("SELECT id, token FROM {table} ORDER BY id FOR UPDATE");
    Ok(diesel::sql_query(query).load(conn).await?)
}

/// Stores a sealed secret of a table.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn update_sealed_token(conn: &mut Conn, place: Place, row: &SealedToken) -> Result<()> {
    diesel::sql_query(format!("UPDATE {} SET token = $2 WHERE id = $1", place.table()))
        .bind::<BigInt, _>(row.id)
        .bind::<Bytea, _>(&row.token)
        .execute(conn)
        .await?;
    Ok(())
}

/// The check value, if there is one.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn load_check_value(conn: &mut Conn) -> Result<Option<Vec<u8>>> {
    Ok(secret_key_check::table.select(secret_key_check::sealed).first(conn).await.optional()?)
}

/// Stores the first check value; the first of two stays.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn insert_check_value(conn: &mut Conn, sealed: &[u8], now: DateTime<Utc>) -> Result<()> {
    let values = (secret_key_check::sealed.eq(sealed), secret_key_check::since.eq(now));
    let insert = diesel::insert_into(secret_key_check::table).values(values);
    insert.on_conflict_do_nothing().execute(conn).await?;
    Ok(())
}

/// Stores another check value.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn replace_check_value(conn: &mut Conn, sealed: &[u8], now: DateTime<Utc>) -> Result<()> {
    let values = (secret_key_check::sealed.eq(sealed), secret_key_check::since.eq(now));
    diesel::update(secret_key_check::table).set(values).execute(conn).await?;
    Ok(())
}

/// Every webhook with a sealed secret.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn list_sealed(conn: &mut Conn) -> Result<Vec<Sealed>> {
    let columns = (webhooks::id, webhooks::signing_token, webhooks::previous_signing_token);
    let is_sealed =
        webhooks::signing_token.is_not_null().or(webhooks::previous_signing_token.is_not_null());
    let rows = webhooks::table.filter(is_sealed).select(columns).order(webhooks::id);
    Ok(rows.for_update().load(conn).await?)
}

/// Whether any webhook has a secret that only the secret key makes usable.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn has_secrets(conn: &mut Conn) -> Result<bool> {
    let secret = webhooks::secret_digest.is_not_null().or(webhooks::signing_token.is_not_null());
    let found = diesel::select(diesel::dsl::exists(webhooks::table.filter(secret)));
    Ok(found.get_result(conn).await?)
}

/// Stores the sealed secrets of a webhook.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn update_sealed(conn: &mut Conn, row: &Sealed) -> Result<()> {
    diesel::update(webhooks::table.find(row.id))
        .set((
            webhooks::signing_token.eq(&row.signing_token),
            webhooks::previous_signing_token.eq(&row.previous_signing_token),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Says, as long as this connection lasts, that a process uses the secret key. Waits while it is changed.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn share_key(conn: &mut Conn) -> Result<()> {
    let share = diesel::sql_query("SELECT pg_advisory_lock_shared($1)");
    share.bind::<BigInt, _>(LOCK).execute(conn).await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Keeps every process from using the secret key, as long as this connection lasts; false if one does.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn lock_alone(conn: &mut Conn) -> Result<bool> {
    let lock = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS locked");
    let Locked { locked } = lock.bind::<BigInt, _>(LOCK).get_result(conn).await?;
    Ok(locked)
}
