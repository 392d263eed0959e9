//! So many rejected deliveries a minute are stored one by one per sender (an address, or an IPv6 /64);
//! the rest are counted in one row, so that strangers cannot fill the disk.
//!
//! In memory and per process: what a restart forgets is only a count.

use super::Arrival;
use crate::core::ids::DeliveryId;
use crate::core::network::sender_network;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;

/// Rejected deliveries stored one by one, per sender and minute.
pub(super) const STORED_A_MINUTE: u32 = 20;
/// Senders remembered at once; more share one count.
const SENDERS: usize = 4_096;
/// The name under which further senders are counted.
const OTHERS: &str = "others";

/// Where a rejected delivery goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Room {
    /// A row of its own.
    Own,
    /// A row that counts those that follow.
    Counting,
    /// Counted in that row.
    CountedBy(DeliveryId),
}

/// A counting row and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Count {
    pub delivery: DeliveryId,
    pub counted: u64,
}

struct Sender {
    since: DateTime<Utc>,
    stored: u32,
    counting: Option<Count>,
    changed: bool,
}

#[derive(Default)]
pub(super) struct Refusals {
    senders: HashMap<String, Sender>,
}

impl Refusals {
    /// Finds room for a rejected delivery.
    pub(super) fn room(&mut self, arrival: &Arrival, now: DateTime<Utc>) -> Room {
        let mut name = sender_name(&arrival.remote_addr);
        if !self.senders.contains_key(&name) && self.senders.len() >= SENDERS {
            OTHERS.clone_into(&mut name);
        }
        let sender = self.senders.entry(name).or_insert_with(|| Sender::new(now));
        if now - sender.since >= TimeDelta::minutes(1) && !sender.changed {
            *sender = Sender::new(now);
        }
        if sender.stored < STORED_A_MINUTE {
            sender.stored += 1;
            return Room::Own;
        }
        if let Some(count) = &mut sender.counting {
            count.counted += 1;
            sender.changed = true;
            return Room::CountedBy(count.delivery.clone());
        }
        sender.counting = Some(Count { delivery: arrival.id.clone(), counted: 1 });
        Room::Counting
    }

    /// The counts that changed since they were last asked for; senders whose minute is over are
    /// forgotten.
    pub(super) fn take_counts(&mut self, now: DateTime<Utc>) -> Vec<Count> {
        let mut counts = Vec::new();
        self.senders.retain(|_, sender| {
            if std::mem::take(&mut sender.changed) {
                counts.extend(sender.counting.clone());
            }
            now - sender.since < TimeDelta::minutes(1)
        });
        counts
    }
}

fn sender_name(remote_addr: &str) -> String {
    remote_addr
        .parse()
        .map_or_else(|_| remote_addr.to_owned(), |addr| sender_network(addr).to_string())
}

impl Sender {
    fn new(now: DateTime<Utc>) -> Self {
        Self { since: now, stored: 0, counting: None, changed: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::verdict::Endpoint;
    use crate::intake::{Content, Origin};

    fn arrival(number: u128, remote_addr: &str) -> Arrival {
        Arrival {
            origin: Origin::Received,
            id: DeliveryId::from_ulid(ulid::Ulid::from_parts(0, number)),
            received_at: DateTime::UNIX_EPOCH,
            endpoint: Endpoint::Main,
            remote_addr: remote_addr.to_owned(),
            headers: std::collections::BTreeMap::new(),
            event_header: String::new(),
            body: bytes::Bytes::new(),
            content: Content::Refused { status: 401, code: "x", sentence: String::new() },
        }
    }

    #[test]
    fn what_is_over_the_limit_is_counted_in_one_row_until_the_minute_ends() {
        let mut refusals = Refusals::default();
        let start = DateTime::UNIX_EPOCH;
        for number in 0..20 {
            assert_eq!(refusals.room(&arrival(number, "a"), start), Room::Own);
        }
        assert_eq!(refusals.room(&arrival(20, "a"), start), Room::Counting);
        let counting = arrival(20, "a").id;
        for number in 21..121 {
            let room = refusals.room(&arrival(number, "a"), start);
            assert_eq!(room, Room::CountedBy(counting.clone()));
        }
        assert_eq!(refusals.room(&arrival(200, "b"), start), Room::Own);
        let counts = refusals.take_counts(start);
        assert_eq!(counts, [Count { delivery: counting, counted: 101 }]);
        assert!(refusals.take_counts(start).is_empty());
        let later = start + TimeDelta::seconds(60);
        assert_eq!(refusals.room(&arrival(201, "a"), later), Room::Own);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_sender() {
        let mut refusals = Refusals::default();
        let mut room = |number: u128| {
            let addr = format!("2001:db8:1:2::{number:x}");
            refusals.room(&arrival(number, &addr), DateTime::UNIX_EPOCH)
        };
        assert!((0..20).all(|number| room(number) == Room::Own));
        assert_eq!(room(20), Room::Counting);
    }

    #[test]
    fn too_many_senders_share_a_count() {
        let mut refusals = Refusals::default();
        for number in 0..5_000u128 {
            refusals.room(&arrival(number, &format!("sender {number}")), DateTime::UNIX_EPOCH);
        }
        assert!(refusals.senders.len() <= SENDERS + 1);
    }
}
