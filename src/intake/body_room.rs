//! Room for the bodies that are being received. It is taken as bytes arrive, never for what is only
//! announced, and shared out, so that strangers cannot take what authentic senders need.
//!
//! Four shares: small and large bodies, each of senders who presented a known token and of all others.
//! Of the others, each network may use only a part. The sum of the shares bounds the memory.

use super::{IntakeError, count_refused};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Up to this size a body is small.
const SMALL: usize = 256 * KIB;

/// Who sends a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Somebody who presents a token that is some webhook's.
    Known,
    /// Somebody else, from this network.
    Unknown(Option<IpAddr>),
}

/// Bytes of small and of large bodies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Amount {
    small: usize,
    large: usize,
}

#[derive(Debug)]
struct Limits {
    known: Amount,
    unknown: Amount,
    one_network: Amount,
}

#[derive(Debug, Default)]
struct Used {
    known: Amount,
    unknown: Amount,
    /// Only networks that hold something.
    networks: HashMap<Option<IpAddr>, Amount>,
}

/// The room of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct BodyRoom(Arc<Room>);

#[derive(Debug)]
struct Room {
    limits: Limits,
    used: Mutex<Used>,
}

/// The room that one body takes; given back when dropped.
#[derive(Debug)]
pub struct BodyPermit {
    room: BodyRoom,
    sender: Sender,
    held: Amount,
}

impl Amount {
    /// A body that grows large leaves the share of the small ones.
    fn of_body(bytes: usize) -> Self {
        if bytes <= SMALL {
            Self { small: bytes, large: 0 }
        } else {
            Self { small: 0, large: bytes }
        }
    }

    /// This with `held` replaced by `wanted`.
    fn replace_amount(self, held: Self, wanted: Self) -> Self {
        Self {
            small: (self.small + wanted.small).saturating_sub(held.small),
            large: (self.large + wanted.large).saturating_sub(held.large),
        }
    }

    fn fits_within(self, limit: Self) -> bool {
        self.small <= limit.small && self.large <= limit.large
    }
}

impl Limits {
    /// A body of `max_body` finds room in each share.
    fn for_bodies_of(max_body: usize) -> Self {
        let amount = |small, large: usize| Amount { small, large: large.max(max_body) };
        Self {
            known: amount(32 * MIB, 128 * MIB),
            unknown: amount(32 * MIB, 64 * MIB),
            one_network: amount(8 * MIB, 32 * MIB),
        }
    }
}

impl BodyRoom {
    pub(super) fn for_bodies_of(max_body: usize) -> Self {
        let limits = Limits::for_bodies_of(max_body);
        Self(Arc::new(Room { limits, used: Mutex::default() }))
    }

    /// A permit that holds nothing yet.
    pub(super) fn empty_permit(&self, sender: Sender) -> BodyPermit {
        BodyPermit { room: self.clone(), sender, held: Amount::default() }
    }

    fn lock_used(&self) -> MutexGuard<'_, Used> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace_held(
        &self,
        sender: Sender,
        held: Amount,
        wanted: Amount,
    ) -> Result<(), IntakeError> {
        let limits = &self.0.limits;
        let mut used = self.lock_used();
        let (share, limit) = match sender {
            Sender::Known => (used.known.replace_amount(held, wanted), limits.known),
            Sender::Unknown(_) => (used.unknown.replace_amount(held, wanted), limits.unknown),
        };
        let grows = wanted != Amount::default();
        if grows && !share.fits_within(limit) {
            return Err(count_refused(IntakeError::Overloaded));
        }
        match sender {
            Sender::Known => used.known = share,
            Sender::Unknown(network) => {
                let before = used.networks.get(&network).copied().unwrap_or_default();
                let after = before.replace_amount(held, wanted);
                if grows && !after.fits_within(limits.one_network) {
                    return Err(count_refused(IntakeError::SenderLimit));
                }
                if after == Amount::default() {
                    used.networks.remove(&network);
                } else {
                    used.networks.insert(network, after);
                }
                used.unknown = share;
            }
        }
        Ok(())
    }
}

impl BodyPermit {
    /// Takes room until it holds that of `bytes`; if there is none, it holds what it held.
    ///
    /// # Errors
    /// [`IntakeError::Overloaded`] or [`IntakeError::SenderLimit`].
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), IntakeError> {
        let wanted = Amount::of_body(bytes);
        self.room.replace_held(self.sender, self.held, wanted)?;
        self.held = wanted;
        Ok(())
    }
}

impl Drop for BodyPermit {
    fn drop(&mut self) {
        // Giving back is never refused.
        let _ = self.room.replace_held(self.sender, self.held, Amount::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_room() -> BodyRoom {
        BodyRoom::for_bodies_of(25 * MIB)
    }

    fn from(network: u8) -> Sender {
        Sender::Unknown(Some(IpAddr::from([192, 0, 2, network])))
    }

    fn permit_holding(
        room: &BodyRoom,
        sender: Sender,
        bytes: usize,
    ) -> Result<BodyPermit, IntakeError> {
        let mut permit = room.empty_permit(sender);
        permit.grow_to(bytes).map(|()| permit)
    }

    #[test]
    fn a_body_takes_what_arrived_and_gives_all_back() {
        let room = sample_room();
        let mut permit = permit_holding(&room, from(1), 4 * KIB).unwrap();
        assert_eq!(room.lock_used().unknown, Amount { small: 4 * KIB, large: 0 });
        permit.grow_to(SMALL).unwrap();
        permit.grow_to(20 * MIB).unwrap();
        assert_eq!(room.lock_used().unknown, Amount { small: 0, large: 20 * MIB });
        let known = permit_holding(&room, Sender::Known, 100).unwrap();
        assert_eq!(room.lock_used().known, Amount { small: 100, large: 0 });
        drop((permit, known));
        let used = room.lock_used();
        assert_eq!((used.known, used.unknown), Default::default());
        assert!(used.networks.is_empty(), "who holds nothing is forgotten");
    }

    #[test]
    fn a_network_may_use_only_its_part() {
        let room = sample_room();
        let _first = permit_holding(&room, from(1), 25 * MIB).unwrap();
        let mut second = permit_holding(&room, from(1), 6 * MIB).unwrap();
        assert_eq!(second.grow_to(8 * MIB), Err(IntakeError::SenderLimit));
        assert_eq!(second.held.large, 6 * MIB, "it holds what it held");
        assert_eq!(room.lock_used().unknown.large, 31 * MIB);
        second.grow_to(7 * MIB).unwrap();
        let small: Vec<_> =
            (0..32).map(|_| permit_holding(&room, from(1), SMALL).unwrap()).collect();
        assert_eq!(permit_holding(&room, from(1), 1).unwrap_err(), IntakeError::SenderLimit);
        assert!(
            permit_holding(&room, from(2), 25 * MIB).is_ok(),
            "another network has its own part"
        );
        drop(small);
        assert!(permit_holding(&room, from(1), SMALL).is_ok());
    }

    #[test]
    fn strangers_of_many_networks_leave_room_for_small_bodies_and_known_tokens() {
        let room = sample_room();
        let mut held = Vec::new();
        for bytes in [25 * MIB, SMALL + 1] {
            let refused = (0..200).find_map(|network| {
                permit_holding(&room, from(network), bytes).map(|permit| held.push(permit)).err()
            });
            assert_eq!(refused, Some(IntakeError::Overloaded));
        }
        let mut small =
            permit_holding(&room, from(250), SMALL).expect("a share is for small bodies");
        assert_eq!(small.grow_to(SMALL + 1), Err(IntakeError::Overloaded));
        while let Ok(permit) = permit_holding(&room, from(u8::try_from(held.len()).unwrap()), SMALL)
        {
            held.push(permit);
        }
        let known: Vec<_> =
            (0..5).map(|_| permit_holding(&room, Sender::Known, 25 * MIB).unwrap()).collect();
        assert_eq!(known.len() * 25 * MIB, 125 * MIB);
        assert_eq!(
            permit_holding(&room, Sender::Known, 25 * MIB).unwrap_err(),
            IntakeError::Overloaded
        );
        assert!(permit_holding(&room, Sender::Known, SMALL).is_ok(), "of the known ones, too");
    }

    #[test]
    fn the_largest_body_that_is_allowed_finds_room() {
        let room = BodyRoom::for_bodies_of(256 * MIB);
        assert!(permit_holding(&room, from(1), 256 * MIB).is_ok());
        assert!(permit_holding(&room, Sender::Known, 256 * MIB).is_ok());
    }
}
