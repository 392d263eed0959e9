//! The one place that reads the time and makes identifiers and random secrets.
//!
//! Rules take them as arguments; the edges (handlers, the committer, the worker) call these.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound, Utc};
use signalbox_core::ids::{DeliveryId, JobId};
use ulid::Ulid;

/// The time, in UTC, to the microsecond, which is what PostgreSQL keeps.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
fn new_ulid() -> Ulid {
    Ulid::generate()
}

/// A new delivery's id.
pub fn delivery_id() -> DeliveryId {
    DeliveryId::from_ulid(new_ulid())
}

/// A new job's id.
pub fn job_id() -> JobId {
    JobId::from_ulid(new_ulid())
}

/// A new identifier for anything else (a request, a worker's run).
pub fn unique_id() -> String {
    new_ulid().to_string()
}

/// Random bytes from the operating system.
///
/// # Panics
/// If the operating system gives none, in which case nothing here could be kept safe.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness no secret is safe: stop")]
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// A random secret as text: 32 bytes, URL-safe, without padding.
pub fn secret_text() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

/// A random number from 0 up to, but not including, 1, for jitter.
pub fn random_jitter() -> f64 {
    f64::from(u32::from_le_bytes(random_bytes())) / (f64::from(u32::MAX) + 1.0)
}
