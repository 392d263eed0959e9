//! Slows down guessing: five wrong passwords in a minute for an account, or from an address, and
//! further tries are refused until the oldest of them is a minute old.
//!
//! In the memory of one process: a restart forgets, several servers count apart. A try counts as
//! wrong from its beginning, so that a hundred at once are not a hundred tries.

use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::ids::UserId;
use signalbox_core::network::sender_network;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Wrong tries that are allowed within [`WINDOW`].
pub const TRIES: usize = 5;

/// The time they are counted in.
pub const WINDOW: TimeDelta = TimeDelta::minutes(1);

/// Accounts and addresses remembered; past it the ones not tried for longest are forgotten.
const MOST_KEYS: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    /// In a session of the account: strangers have no part in it.
    Session(UserId),
    Address(IpAddr),
}

/// The wrong tries of the last minute.
#[derive(Debug, Default)]
pub struct Throttle {
    tries: Mutex<HashMap<Key, VecDeque<DateTime<Utc>>>>,
}

/// A try that was let through; it counts as wrong unless [`Throttle::succeeded`] is told.
#[derive(Debug)]
#[must_use]
pub struct Admitted {
    keys: Vec<Key>,
    at: DateTime<Utc>,
}

/// A try that was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// Seconds until the next try is let through, from 1.
    pub seconds: i64,
}

impl Throttle {
    /// Lets a try through and counts it, or says how long to wait.
    ///
    /// # Errors
    /// The wait, if too many were wrong.
    pub fn admit(
        &self,
        username: &str,
        addr: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Admitted, Wait> {
        let of_addr = addr.map(sender_network).map(Key::Address);
        self.count([Some(Key::Account(account(username))), of_addr], now)
    }

    /// The same for a signed-in person who is asked for their password again.
    ///
    /// # Errors
    /// The wait, if too many were wrong.
    pub fn admit_in_session(&self, user: UserId, now: DateTime<Utc>) -> Result<Admitted, Wait> {
        self.count([Some(Key::Session(user)), None], now)
    }

    fn count(&self, keys: [Option<Key>; 2], now: DateTime<Utc>) -> Result<Admitted, Wait> {
        let keys: Vec<Key> = keys.into_iter().flatten().collect();
        let mut tries = self.lock();
        let wait =
            keys.iter().filter_map(|key| tries.get(key)).filter_map(|past| wait(past, now)).max();
        if let Some(wait) = wait {
            return Err(wait);
        }
        for key in &keys {
            let past = tries.entry(key.clone()).or_default();
            past.retain(|at| now - *at < WINDOW);
            past.push_back(now);
        }
        if tries.len() > MOST_KEYS {
            forget(&mut tries, now);
        }
        Ok(Admitted { keys, at: now })
    }

    /// The try was right: it no longer counts, and the account's wrong ones are forgotten.
    pub fn succeeded(&self, admitted: &Admitted) {
        let mut tries = self.lock();
        for key in &admitted.keys {
            match (key, tries.get_mut(key)) {
                (Key::Account(_) | Key::Session(_), _) => {
                    tries.remove(key);
                }
                (Key::Address(_), Some(past)) => {
                    if let Some(index) = past.iter().position(|at| *at == admitted.at) {
                        past.remove(index);
                    }
                }
                (Key::Address(_), None) => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, VecDeque<DateTime<Utc>>>> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait(past: &VecDeque<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Wait> {
    let recent = past.iter().filter(|at| now - **at < WINDOW);
    if recent.clone().count() < TRIES {
        return None;
    }
    // The try that must grow old first: the fifth from the end.
    let oldest = recent.rev().nth(TRIES - 1)?;
    let left_ms = (WINDOW - (now - *oldest)).num_milliseconds();
    Some(Wait { seconds: ((left_ms + 999) / 1000).max(1) })
}

/// Drops what no longer counts; if that is not enough, the tenth not tried for longest.
fn forget(tries: &mut HashMap<Key, VecDeque<DateTime<Utc>>>, now: DateTime<Utc>) {
    tries.retain(|_, past| past.back().is_some_and(|at| now - *at < WINDOW));
    if tries.len() > MOST_KEYS {
        let mut last: Vec<DateTime<Utc>> =
            tries.values().filter_map(|past| past.back().copied()).collect();
        last.sort_unstable();
        if let Some(cut) = last.get(MOST_KEYS / 10).copied() {
            tries.retain(|_, past| past.back().is_some_and(|at| *at > cut));
        }
    }
}

/// Accounts are the same in any case; no name is longer than this.
fn account(username: &str) -> String {
    username.trim().to_lowercase().chars().take(super::users::MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn at(seconds: i64) -> DateTime<Utc> {
        NOW + TimeDelta::seconds(seconds)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as `admit` takes it")]
    fn addr(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn the_sixth_try_waits_until_the_first_is_a_minute_old() {
        let throttle = Throttle::default();
        for second in 0..5 {
            let _ = throttle.admit("ada", addr(1), at(second)).unwrap();
        }
        assert_eq!(throttle.admit("ada", addr(1), at(10)).unwrap_err().seconds, 50);
        assert_eq!(throttle.admit("ADA ", addr(2), at(10)).unwrap_err().seconds, 50, "account");
        assert_eq!(throttle.admit("bob", addr(1), at(10)).unwrap_err().seconds, 50, "address");
        assert!(throttle.admit("bob", addr(2), at(10)).is_ok());
        let _ = throttle.admit("ada", addr(1), at(60)).unwrap();
        assert_eq!(throttle.admit("ada", addr(1), at(60)).unwrap_err().seconds, 1);
    }

    #[test]
    fn a_right_try_frees_the_account_and_does_not_count_for_the_address() {
        let throttle = Throttle::default();
        for second in 0..4 {
            let _ = throttle.admit("ada", addr(1), at(second)).unwrap();
        }
        let right = throttle.admit("ada", addr(1), at(5)).unwrap();
        throttle.succeeded(&right);
        assert!(throttle.admit("ada", addr(2), at(6)).is_ok());
        let _ = throttle.admit("bob", addr(1), at(6)).unwrap();
        assert!(throttle.admit("cyd", addr(1), at(6)).is_err(), "four wrong ones and one");
    }

    #[test]
    fn an_open_session_counts_apart() {
        let throttle = Throttle::default();
        for second in 0..5 {
            let _ = throttle.admit("ada", addr(1), at(second)).unwrap();
        }
        assert!(throttle.admit("ada", addr(2), at(5)).is_err());
        for second in 0..5 {
            let _ = throttle.admit_in_session(UserId(1), at(second)).unwrap();
        }
        assert!(throttle.admit_in_session(UserId(1), at(5)).is_err());
        assert!(throttle.admit_in_session(UserId(2), at(5)).is_ok());
    }

    #[test]
    fn strangers_cannot_fill_the_memory() {
        let throttle = Throttle::default();
        for number in 0..25_000_i64 {
            let name = format!("user{number}");
            let _ = throttle.admit(&name, None, NOW + TimeDelta::milliseconds(number)).unwrap();
        }
        assert!(throttle.lock().len() <= MOST_KEYS);
    }
}
