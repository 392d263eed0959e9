//! When a message is sent: how long it waits for more of the same, how far apart two of a rule are,
//! quiet hours, mute, and how often sending is tried.

use crate::retry::{Policy, Waits};
use chrono::{DateTime, NaiveTime, TimeDelta, Timelike, Utc};

/// How many times sending is tried before a message is given up: over about fourteen hours.
pub const TRIES: i32 = 10;

/// The longest that a message waits for more of the same, as so many times the channel's wait.
const GATHERS: i32 = 6;

/// The waits between the tries.
pub fn retry_policy() -> Policy {
    Policy { waits: Waits::Growing { first_s: 10, factor: 3.5, max_s: 14_400 }, jitter: 0.2 }
}

/// What a channel says about when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long a message waits for more of the same, in seconds.
    pub gather_s: i32,
    /// The least time between two messages of a rule, in seconds.
    pub interval_s: i32,
}

impl Pace {
    /// When a message that begins now is due, after one of the same rule that was due then.
    pub fn first_due(self, now: DateTime<Utc>, last: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let gathered = now + TimeDelta::seconds(self.gather_s.into());
        let apart = last.map(|last| last + TimeDelta::seconds(self.interval_s.into()));
        apart.map_or(gathered, |apart| apart.max(gathered))
    }

    /// When a message that takes up more now is due: later, while more keeps coming, but not for ever.
    pub fn next_due(
        self,
        now: DateTime<Utc>,
        begun: DateTime<Utc>,
        due: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let gathered = now + TimeDelta::seconds(self.gather_s.into());
        let latest = begun + TimeDelta::seconds(i64::from(self.gather_s) * i64::from(GATHERS));
        due.max(gathered.min(latest))
    }
}

/// Hours of the day in which nothing is sent, in minutes from midnight; over midnight if `from` is the
/// later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// From then on.
    pub from: u32,
    /// Until then.
    pub until: u32,
}

impl QuietHours {
    /// Reads `22:00-07:00`; none if it is not of this form, or of no length.
    pub fn parse(text: &str) -> Option<Self> {
        let minutes = |text: &str| {
            let time = NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()?;
            Some(time.hour() * 60 + time.minute())
        };
        let (from, until) = text.split_once(['-', '–'])?;
        let hours = Self { from: minutes(from)?, until: minutes(until)? };
        (hours.from != hours.until).then_some(hours)
    }

    /// How long it stays quiet, at this minute of the day; none if it is not quiet.
    pub fn minutes_left(self, minute: u32) -> Option<u32> {
        const DAY: u32 = 24 * 60;
        let length = (self.until + DAY - self.from) % DAY;
        let since = (minute + DAY - self.from) % DAY;
        (since < length).then(|| length - since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_message_waits_for_more_and_keeps_its_distance() {
        let pace = Pace { gather_s: 10, interval_s: 300 };
        assert_eq!(pace.first_due(at(0), None), at(10));
        assert_eq!(pace.first_due(at(1_000), Some(at(995))), at(1_295));
        assert_eq!(pace.first_due(at(1_000), Some(at(100))), at(1_010));
        // While more keeps coming it waits on, for a minute in all.
        assert_eq!(pace.next_due(at(5), at(0), at(10)), at(15));
        assert_eq!(pace.next_due(at(55), at(0), at(60)), at(60));
        assert_eq!(pace.next_due(at(500), at(0), at(60)), at(60));
        // Distance is kept.
        assert_eq!(pace.next_due(at(1_001), at(1_000), at(1_295)), at(1_295));
        let at_once = Pace { gather_s: 0, interval_s: 0 };
        assert_eq!(at_once.first_due(at(7), Some(at(7))), at(7));
    }

    #[test]
    fn tries_end_after_hours() {
        let policy = retry_policy();
        let all = |chance| -> i64 {
            (1..TRIES).map(|tries| policy.wait_after(tries, chance).num_seconds()).sum()
        };
        assert!((13 * 3_600..15 * 3_600).contains(&all(0.0)), "{}", all(0.0));
        assert!(all(1.0) < 18 * 3_600);
    }

    #[test]
    fn quiet_hours_may_lie_around_midnight() {
        let night = QuietHours::parse("22:00-07:30").unwrap();
        assert_eq!(night.minutes_left(22 * 60), Some(570));
        assert_eq!(night.minutes_left(0), Some(450));
        assert_eq!(night.minutes_left(7 * 60 + 29), Some(1));
        assert_eq!(night.minutes_left(7 * 60 + 30), None);
        assert_eq!(night.minutes_left(21 * 60 + 59), None);
        let noon = QuietHours::parse(" 12:00 – 13:00").unwrap();
        assert_eq!((noon.minutes_left(720), noon.minutes_left(780)), (Some(60), None));
        for bad in ["", "22:00", "22-07", "25:00-07:00", "22:00-22:00", "a-b", "22:00-07:00-08:00"]
        {
            assert_eq!(QuietHours::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn quiet_hours_end_when_they_say(from in 0..1440_u32, until in 0..1440_u32, now in 0..1440_u32) {
            prop_assume!(from != until);
            let hours = QuietHours { from, until };
            if let Some(left) = hours.minutes_left(now) {
                prop_assert_eq!((now + left) % 1440, until);
                prop_assert_eq!(hours.minutes_left(until), None);
            }
            prop_assert!(hours.minutes_left(from).is_some());
        }
    }
}
