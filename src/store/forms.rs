//! Forms that serve once: what a second press of the same button sends is known as such, by every
//! server. Kept beside the keys of deliveries, and removed with them.

use super::schema::idempotency_keys as keys;
use super::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// What stands for the address in a form's key.
pub const FORM: &str = "form";

/// So long a form that was sent is known.
pub const KNOWN: TimeDelta = TimeDelta::hours(48);

/// Takes a form that is sent; false if it was sent before. Waits for another that is taking it.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn take(conn: &mut Conn, once: &str, now: DateTime<Utc>) -> Result<bool> {
    let row = (
        keys::endpoint.eq(FORM),
        keys::key.eq(once),
        keys::delivery.eq(""),
        keys::expires_at.eq(now + KNOWN),
    );
    let taken =
        diesel::insert_into(keys::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(taken == 1)
}
