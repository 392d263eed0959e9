//! So many rejected deliveries a minute are stored one by one per sender (an address, or an IPv6 /64);
//! the rest are counted in one row, so that strangers cannot fill the disk.
//!
//! In memory and per process: what a restart forgets is only a count.

use super::Arrival;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::ids::DeliveryId;
use signalbox_core::network::sender_network;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

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

#[derive(Clone)]
struct Sender {
    since: DateTime<Utc>,
    stored: u32,
    counting: Option<Count>,
    changed: bool,
}

#[derive(Default)]
pub(super) struct Refusals {
    senders: HashMap<String, Sender>,
    /// Counts that no sender goes on with.
    ended: Vec<Count>,
}

/// What the rejected deliveries of one batch add, until they are stored: a batch that fails has
/// counted nobody.
#[derive(Default)]
pub(super) struct Added {
    senders: HashMap<String, (Sender, Sender)>,
}

impl Added {
    /// Finds room for a rejected delivery.
    pub(super) fn find_placement(
        &mut self,
        counted: &Refusals,
        arrival: &Arrival,
        now: DateTime<Utc>,
    ) -> Room {
        let mut name = sender_name(&arrival.remote_addr);
        let known = counted.senders.len() + self.senders.len();
        if !counted.senders.contains_key(&name)
            && !self.senders.contains_key(&name)
            && known >= SENDERS
        {
            OTHERS.clone_into(&mut name);
        }
        let before = |name: &String| match counted.senders.get(name) {
            Some(sender) if now - sender.since < TimeDelta::minutes(1) || sender.changed => {
                sender.clone()
            }
            Some(_) | None => Sender::new(now),
        };
        let (_, sender) = match self.senders.entry(name) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let before = before(entry.key());
                entry.insert((before.clone(), before))
            }
        };
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
}

impl Refusals {
    /// Counts what a batch added, now that it is stored. Another batch may have been stored meanwhile.
    pub(super) fn count_added(&mut self, added: Added) {
        for (name, (before, after)) in added.senders {
            let sender = self.senders.entry(name).or_insert_with(|| before.clone());
            if sender.since < before.since {
                *sender = before.clone();
            }
            sender.stored += after.stored - before.stored;
            let Some(count) = after.counting else { continue };
            match (&mut sender.counting, before.counting) {
                (Some(here), Some(old)) if here.delivery == count.delivery => {
                    here.counted += count.counted - old.counted;
                    sender.changed |= after.changed;
                }
                // Two rows count for this sender now.
                (Some(here), _) if here.delivery != count.delivery => self.ended.push(count),
                (here, _) => {
                    sender.changed |= count.counted > 1;
                    *here = Some(count);
                }
            }
        }
    }

    /// The counts that changed since they were last asked for; senders whose minute is over are
    /// forgotten.
    pub(super) fn take_counts(&mut self, now: DateTime<Utc>) -> Vec<Count> {
        let mut counts = std::mem::take(&mut self.ended);
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
    use crate::intake::{Content, Origin};
    use signalbox_core::delivery_reason::DeliveryReason;
    use signalbox_core::verdict::Endpoint;

    fn sample_arrival(number: u128, remote_addr: &str) -> Arrival {
        Arrival {
            origin: Origin::Received,
            id: DeliveryId::from_ulid(ulid::Ulid::from_parts(0, number)),
            received_at: DateTime::UNIX_EPOCH,
            endpoint: Endpoint::Main,
            remote_addr: remote_addr.to_owned(),
            headers: std::collections::BTreeMap::new(),
            event_header: String::new(),
            body: bytes::Bytes::new(),
            content: Content::Refused {
                status: 401,
                code: "x",
                reason: DeliveryReason::WrongCredential,
            },
        }
    }

    /// One that is stored.
    fn place_one(refusals: &mut Refusals, arrival: &Arrival, now: DateTime<Utc>) -> Room {
        let mut added = Added::default();
        let room = added.find_placement(refusals, arrival, now);
        refusals.count_added(added);
        room
    }

    #[test]
    fn who_is_not_stored_is_not_counted() {
        let (mut refusals, start) = (Refusals::default(), DateTime::UNIX_EPOCH);
        let mut failed = Added::default();
        for number in 0..100 {
            failed.find_placement(&refusals, &sample_arrival(number, "a"), start);
        }
        drop(failed);
        let mut one = Added::default();
        let mut other = Added::default();
        for number in 0..30 {
            one.find_placement(&refusals, &sample_arrival(number, "a"), start);
            other.find_placement(&refusals, &sample_arrival(100 + number, "a"), start);
        }
        refusals.count_added(one);
        refusals.count_added(other);
        let mut counts = refusals.take_counts(start);
        counts.sort_by_key(|count| count.delivery.to_string());
        let count = |number| Count { delivery: sample_arrival(number, "a").id, counted: 10 };
        assert_eq!(counts, [count(20), count(120)]);
        let next = place_one(&mut refusals, &sample_arrival(200, "a"), start);
        assert_eq!(next, Room::CountedBy(sample_arrival(20, "a").id));
    }

    #[test]
    fn what_is_over_the_limit_is_counted_in_one_row_until_the_minute_ends() {
        let mut refusals = Refusals::default();
        let start = DateTime::UNIX_EPOCH;
        for number in 0..20 {
            assert_eq!(place_one(&mut refusals, &sample_arrival(number, "a"), start), Room::Own);
        }
        assert_eq!(place_one(&mut refusals, &sample_arrival(20, "a"), start), Room::Counting);
        let counting = sample_arrival(20, "a").id;
        for number in 21..121 {
            let room = place_one(&mut refusals, &sample_arrival(number, "a"), start);
            assert_eq!(room, Room::CountedBy(counting.clone()));
        }
        assert_eq!(place_one(&mut refusals, &sample_arrival(200, "b"), start), Room::Own);
        let counts = refusals.take_counts(start);
        assert_eq!(counts, [Count { delivery: counting, counted: 101 }]);
        assert!(refusals.take_counts(start).is_empty());
        let later = start + TimeDelta::seconds(60);
        assert_eq!(place_one(&mut refusals, &sample_arrival(201, "a"), later), Room::Own);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_sender() {
        let mut refusals = Refusals::default();
        let mut of = |number: u128| {
            let addr = format!("2001:db8:1:2::{number:x}");
            place_one(&mut refusals, &sample_arrival(number, &addr), DateTime::UNIX_EPOCH)
        };
        assert!((0..20).all(|number| of(number) == Room::Own));
        assert_eq!(of(20), Room::Counting);
    }

    #[test]
    fn too_many_senders_share_a_count() {
        let mut refusals = Refusals::default();
        for number in 0..5_000u128 {
            place_one(
                &mut refusals,
                &sample_arrival(number, &format!("sender {number}")),
                DateTime::UNIX_EPOCH,
            );
        }
        assert!(refusals.senders.len() <= SENDERS + 1);
    }
}
