//! Tries to sign in, counted for all servers of the database: a row for each try and each key that it
//! counts under. How many are too many is `signalbox::accounts::throttle`'s.

use super::schema::sign_in_tries;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

/// The advisory lock under which tries are counted, so that a hundred at once are a hundred.
const LOCK: i64 = 0x7369_676e_616c_626f + 3;

/// The most rows; past it the oldest are forgotten.
const MOST: i64 = 20_000;

/// Waits until no other transaction counts.
///
/// # Errors
/// Those of the database.
pub async fn lock_tries(conn: &mut Conn) -> Result<()> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)");
    lock.bind::<BigInt, _>(LOCK).execute(conn).await?;
    Ok(())
}

/// Forgets what is older than that, and the oldest where there are too many.
///
/// # Errors
/// Those of the database.
pub async fn forget_old(conn: &mut Conn, before: DateTime<Utc>) -> Result<()> {
    let mut until = before;
    let newest = sign_in_tries::table.order(sign_in_tries::at.desc()).select(sign_in_tries::at);
    if let Some(last) = newest.offset(MOST).first::<DateTime<Utc>>(conn).await.optional()? {
        until = until.max(last);
    }
    diesel::delete(sign_in_tries::table.filter(sign_in_tries::at.le(until))).execute(conn).await?;
    Ok(())
}

/// The tries under these keys, the oldest first.
///
/// # Errors
/// Those of the database.
pub async fn list_tries(
    conn: &mut Conn,
    keys: &[[u8; 32]],
) -> Result<Vec<(Vec<u8>, DateTime<Utc>)>> {
    Ok(sign_in_tries::table
        .filter(sign_in_tries::key.eq_any(keys.iter().map(<[u8; 32]>::as_slice)))
        .order(sign_in_tries::at)
        .load(conn)
        .await?)
}

/// Counts a try under each of these keys.
///
/// # Errors
/// Those of the database.
pub async fn count_try(conn: &mut Conn, keys: &[[u8; 32]], at: DateTime<Utc>) -> Result<()> {
    let row = |key| (sign_in_tries::key.eq(key), sign_in_tries::at.eq(at));
    let rows: Vec<_> = keys.iter().map(|key| row(key.as_slice())).collect();
    diesel::insert_into(sign_in_tries::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets tries under a key: one, or all.
///
/// # Errors
/// Those of the database.
pub async fn forgive_tries(
    conn: &mut Conn,
    key: &[u8; 32],
    one: Option<DateTime<Utc>>,
) -> Result<()> {
    let of_key = sign_in_tries::table.filter(sign_in_tries::key.eq(key.as_slice()));
    match one {
        Some(at) => diesel::delete(of_key.filter(sign_in_tries::at.eq(at))).execute(conn).await?,
        None => diesel::delete(of_key).execute(conn).await?,
    };
    Ok(())
}
