//! Slows down guessing: five wrong passwords in a minute for an account, or from an address, and
//! further tries are refused until the oldest of them is a minute old. A browser that the account has
//! signed in from counts by itself, as does an open session: strangers lock nobody out of those.
//!
//! Counted in the database (`store/sign_ins.rs`), so that several servers count together and a restart
//! forgets nothing. A try counts as wrong from its beginning, so that a hundred at once are not a
//! hundred tries.

use crate::clock;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::device;
use signalbox_core::ids::UserId;
use signalbox_core::network::sender_network;
use signalbox_core::seal::hmac_sha256;
use signalbox_store::{Conn, Pool, StoreError, run_transaction, sign_ins};
use std::net::IpAddr;

/// Wrong tries that are allowed within [`WINDOW`].
pub const TRIES: usize = 5;

/// The time they are counted in.
pub const WINDOW: TimeDelta = TimeDelta::minutes(1);

/// What a try counts under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted<'a> {
    /// An account, by its name as the database folds it, whether or not there is one.
    Account(&'a str),
    /// A browser that the account has signed in from.
    Device(&'a str),
    /// A session of the account.
    Session(UserId),
    /// Whoever sends from this address, or its network.
    Sender(IpAddr),
}

/// Counts the tries of the last minute.
#[derive(Clone)]
pub struct Throttle {
    pool: Pool,
    /// What is typed as a name may be a password: keys are digests under this key.
    digest_key: [u8; 32],
}

/// A try that was let through; it counts as wrong unless [`Throttle::forget_success`] is told.
#[derive(Debug)]
#[must_use]
pub struct Admitted {
    /// The keys, and whether a right try forgives the wrong ones before it.
    keys: Vec<([u8; 32], bool)>,
    at: DateTime<Utc>,
}

/// A try that was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// Seconds until the next try is let through, from 1.
    pub seconds: i64,
}

impl Throttle {
    /// Over this pool.
    #[must_use]
    pub fn new(pool: Pool, digest_key: [u8; 32]) -> Self {
        Self { pool, digest_key }
    }

    /// What a browser that an account signs in from is to keep.
    #[must_use]
    pub fn sign_device(&self, user: UserId) -> String {
        device::sign_device(&self.digest_key, user, &clock::unique_id())
    }

    /// What the browser is called, if this account signed in from it.
    #[must_use]
    pub fn device_of<'v>(&self, user: UserId, value: &'v str) -> Option<&'v str> {
        device::verify_device(&self.digest_key, user, value)
    }

    /// Lets a try through and counts it, or says how long to wait.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn admit_try(
        &self,
        counted: &[Counted<'_>],
        now: DateTime<Utc>,
    ) -> Result<Result<Admitted, Wait>, StoreError> {
        let keys: Vec<_> = counted.iter().map(|counted| self.count_key(*counted)).collect();
        let digests: Vec<_> = keys.iter().map(|(key, _)| *key).collect();
        run_transaction(&mut *self.pool.get_conn().await?, async |conn: &mut Conn| {
            sign_ins::lock_tries(conn).await?;
            sign_ins::forget_old(conn, now - WINDOW).await?;
            let tries = sign_ins::list_tries(conn, &digests).await?;
            let of_key = |key: &[u8; 32]| -> Vec<DateTime<Utc>> {
                tries.iter().filter(|(known, _)| known == key).map(|(_, at)| *at).collect()
            };
            if let Some(wait) = digests.iter().filter_map(|key| wait_after(&of_key(key), now)).max()
            {
                return Ok(Err(wait));
            }
            sign_ins::count_try(conn, &digests, now).await?;
            Ok(Ok(Admitted { keys, at: now }))
        })
        .await
    }

    /// The try was right: it no longer counts, and the wrong ones of the account, browser or session
    /// are forgotten.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_success(&self, admitted: &Admitted) -> Result<(), StoreError> {
        let mut conn = self.pool.get_conn().await?;
        for (key, forgives) in &admitted.keys {
            let one = (!forgives).then_some(admitted.at);
            sign_ins::forgive_tries(&mut conn, key, one).await?;
        }
        Ok(())
    }

    fn count_key(&self, counted: Counted<'_>) -> ([u8; 32], bool) {
        let (text, forgives) = match counted {
            Counted::Account(name) => (format!("account {name}"), true),
            Counted::Device(device) => (format!("device {device}"), true),
            Counted::Session(user) => (format!("session {}", user.0), true),
            Counted::Sender(addr) => (format!("sender {}", sender_network(addr)), false),
        };
        (hmac_sha256(&self.digest_key, format!("sign-in {text}").as_bytes()), forgives)
    }
}

/// How long to wait after these tries, the oldest first.
fn wait_after(past: &[DateTime<Utc>], now: DateTime<Utc>) -> Option<Wait> {
    let mut recent = past.iter().filter(|at| now - **at < WINDOW);
    // The try that must grow old first: the fifth from the end.
    let oldest = recent.by_ref().rev().nth(TRIES - 1)?;
    let left_ms = (WINDOW - (now - *oldest)).num_milliseconds();
    Some(Wait { seconds: ((left_ms + 999) / 1000).max(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_try_waits_until_the_first_is_a_minute_old() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let past: Vec<_> = (0..5).map(at).collect();
        assert_eq!(wait_after(&past, at(10)).unwrap().seconds, 50);
        assert_eq!(wait_after(&past[..4], at(10)), None);
        assert_eq!(wait_after(&past, at(60)), None);
        let again: Vec<_> = past.into_iter().chain([at(60)]).collect();
        assert_eq!(wait_after(&again, at(60)).unwrap().seconds, 1);
    }
}
