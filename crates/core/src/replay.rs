//! Replays: what cannot be replayed and why, and the pace of many.
//!
//! A replay gives a delivery that is kept to the webhooks once more. It asks for no new proof of
//! origin, so that what was never authentic stays out.

use super::source::Source;
use super::verdict::Verdict;
use chrono::{DateTime, TimeDelta, Utc};

/// Why a delivery is not replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// It was not authentic.
    Rejected,
    /// Its body is not kept any more, or never was.
    BodyGone,
    /// It repeats another delivery: of many, that one is replayed.
    Duplicate,
    /// It is a replay itself, or was made by hand: of many, the original is replayed.
    Made,
    /// The secret it came with is nobody's any more.
    Secret,
    /// The webhook that it equals is switched off.
    Disabled,
    /// No webhook wants it.
    Unmatched,
    /// A filter keeps it out.
    Filtered,
    /// It was removed meanwhile.
    Gone,
    /// It could not be stored.
    Failed,
}

impl Skip {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Rejected,
        Self::BodyGone,
        Self::Duplicate,
        Self::Made,
        Self::Secret,
        Self::Disabled,
        Self::Unmatched,
        Self::Filtered,
        Self::Gone,
        Self::Failed,
    ];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::BodyGone => "body_gone",
            Self::Duplicate => "duplicate",
            Self::Made => "made",
            Self::Secret => "secret",
            Self::Disabled => "disabled",
            Self::Unmatched => "unmatched",
            Self::Filtered => "filtered",
            Self::Gone => "gone",
            Self::Failed => "failed",
        }
    }

    /// The reason of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|skip| skip.as_str() == word)
    }
}

/// What a delivery's row says that decides whether it can be replayed.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// Its verdict.
    pub verdict: Verdict,
    /// Where it comes from.
    pub source: Source,
    /// Whether all of its body is kept.
    pub has_body: bool,
}

/// What makes the replay of this one delivery impossible, whoever asks.
#[must_use]
pub fn find_obstacle(kept: Kept) -> Option<Skip> {
    if kept.verdict == Verdict::Rejected {
        Some(Skip::Rejected)
    } else if kept.has_body {
        None
    } else {
        Some(Skip::BodyGone)
    }
}

/// What keeps a delivery out of a run of many: also that another one stands for it.
#[must_use]
pub fn obstacle_among_many(kept: Kept) -> Option<Skip> {
    let stands_for_another = if kept.verdict == Verdict::Duplicate {
        Some(Skip::Duplicate)
    } else if kept.source.is_gitlabs() {
        None
    } else {
        Some(Skip::Made)
    };
    find_obstacle(kept)
        .filter(|skip| *skip == Skip::Rejected)
        .or(stands_for_another)
        .or(find_obstacle(kept))
}

/// How fast many are replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// So many, 1 to [`Self::MOST`].
    pub number: i32,
    /// In this time.
    pub per: Per,
}

/// The time of a pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "times")]
pub enum Per {
    Second,
    Minute,
}

impl Per {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
        }
    }

    /// The time of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Second, Self::Minute].into_iter().find(|per| per.as_str() == word)
    }
}

impl Pace {
    /// The fastest in either time.
    pub const MOST: i32 = 100;

    /// A pace, if it is one.
    #[must_use]
    pub fn new_checked(number: i32, per: Per) -> Option<Self> {
        (1..=Self::MOST).contains(&number).then_some(Self { number, per })
    }

    /// How long one follows another.
    #[must_use]
    pub fn step_interval(self) -> TimeDelta {
        let whole = match self.per {
            Per::Second => TimeDelta::seconds(1),
            Per::Minute => TimeDelta::minutes(1),
        };
        whole / self.number.max(1)
    }

    /// When the next one is due, if one was due then and it is now so late. What was missed for
    /// more than a second is not caught up.
    #[must_use]
    pub fn next_due(self, due: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        (due + self.step_interval()).max(now - TimeDelta::seconds(1))
    }

    /// How long so many take.
    #[must_use]
    pub fn time_of(self, many: i64) -> TimeDelta {
        let ms = self.step_interval().num_milliseconds().saturating_mul(many);
        TimeDelta::try_milliseconds(ms).unwrap_or(TimeDelta::MAX)
    }
}

/// Where a run of replays stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Under way.
    Running,
    /// All were seen to.
    Finished,
    /// A person stopped it.
    Stopped,
}

impl RunState {
    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
        }
    }

    /// The state of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Running, Self::Finished, Self::Stopped].into_iter().find(|s| s.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_authentic_or_is_not_kept_whole_is_not_replayed() {
        let kept = |verdict, source, has_body| Kept { verdict, source, has_body };
        assert_eq!(find_obstacle(kept(Verdict::Matched, Source::Gitlab, true)), None);
        assert_eq!(
            find_obstacle(kept(Verdict::Rejected, Source::Gitlab, true)),
            Some(Skip::Rejected)
        );
        assert_eq!(
            find_obstacle(kept(Verdict::Unmatched, Source::Gitlab, false)),
            Some(Skip::BodyGone)
        );
        // One by one a person may; among many the original stands for its repeats.
        assert_eq!(find_obstacle(kept(Verdict::Duplicate, Source::Gitlab, true)), None);
        assert_eq!(
            obstacle_among_many(kept(Verdict::Duplicate, Source::Gitlab, true)),
            Some(Skip::Duplicate)
        );
        assert_eq!(
            obstacle_among_many(kept(Verdict::Matched, Source::Replay, false)),
            Some(Skip::Made)
        );
        assert_eq!(obstacle_among_many(kept(Verdict::Unmatched, Source::Gitlab, true)), None);
        for skip in Skip::ALL {
            assert_eq!(Skip::parse(skip.as_str()), Some(skip));
        }
    }

    #[test]
    fn a_pace_keeps_its_distance_and_catches_nothing_up() {
        let pace = Pace::new_checked(4, Per::Second).unwrap();
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        assert_eq!(pace.next_due(now, now), now + TimeDelta::milliseconds(250));
        assert_eq!(pace.next_due(now - TimeDelta::hours(1), now), now - TimeDelta::seconds(1));
        assert_eq!(Pace::new_checked(30, Per::Minute).unwrap().time_of(3), TimeDelta::seconds(6));
        assert_eq!(Pace::new_checked(0, Per::Minute).or(Pace::new_checked(101, Per::Second)), None);
    }
}
