//! Forms that serve once: what a second press of the same button sends is known as such, by every
//! server. Their numbers are claimed beside the keys of deliveries, and removed with them.

use super::keys::{self, Claim, ScopedKey};
use super::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::ids::DeliveryId;

/// So long a form that was sent is known.
const KNOWN: TimeDelta = TimeDelta::hours(48);

/// The claim on a form's number, for what the form makes.
pub fn claim_form(once: &str, made: &DeliveryId, now: DateTime<Utc>) -> Claim {
    let key = ScopedKey { endpoint: "form".to_owned(), key: once.to_owned(), webhook: None };
    Claim { key, delivery: made.clone(), expires_at: now + KNOWN }
}

/// Takes a form that is sent; false if it was sent before. Waits for another that is taking it.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn take_form(conn: &mut Conn, once: &DeliveryId, now: DateTime<Utc>) -> Result<bool> {
    Ok(keys::try_claim(conn, &[claim_form(once.as_str(), once, now)], now).await? == 1)
}
