//! The rules: what is worth a message. The number that a rule has stands in its text form, which the
//! database keeps.

use std::fmt;
use std::str::FromStr;

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the numbers, explained by the rules")]
pub enum Rule {
    /// A job failed, and no attempt follows.
    Failed,
    /// The last `times` jobs of a webhook failed, one after the other.
    FailedInARow { times: u32 },
    /// A job of a webhook succeeded after one that failed.
    Recovered,
    /// An enabled webhook received nothing for so long.
    Quiet { days: u32 },
    /// So many deliveries were rejected for their credentials within an hour.
    Refused { per_hour: u32 },
    /// The oldest job that could run has waited so long.
    Late { seconds: u32 },
    /// A worker has no heartbeat any more.
    WorkerLost,
    /// The data directory is so full.
    DiskFull { percent: u32 },
    /// GitLab disabled a webhook that is kept in order, and a Test did not enable it.
    HookDisabled,
    /// A connection's access token expires within so long.
    TokenExpires { days: u32 },
}

/// What a rule is about, without its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "as the rules")]
pub enum RuleKind {
    Failed,
    FailedInARow,
    Recovered,
    Quiet,
    Refused,
    Late,
    WorkerLost,
    DiskFull,
    HookDisabled,
    TokenExpires,
}

/// What the number of a rule may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The least.
    pub least: u32,
    /// The most.
    pub most: u32,
    /// What it is when nobody says.
    pub usual: u32,
}

impl RuleKind {
    /// Every kind, in the order in which forms show them.
    pub const ALL: [Self; 10] = [
        Self::Failed,
        Self::FailedInARow,
        Self::Recovered,
        Self::Quiet,
        Self::Refused,
        Self::Late,
        Self::WorkerLost,
        Self::DiskFull,
        Self::HookDisabled,
        Self::TokenExpires,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::FailedInARow => "failed_in_a_row",
            Self::Recovered => "recovered",
            Self::Quiet => "quiet",
            Self::Refused => "refused",
            Self::Late => "late",
            Self::WorkerLost => "worker_lost",
            Self::DiskFull => "disk_full",
            Self::HookDisabled => "hook_disabled",
            Self::TokenExpires => "token_expires",
        }
    }

    /// The kind of a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What its number may be; none = it has none.
    pub const fn limits(self) -> Option<Limits> {
        let (least, most, usual) = match self {
            Self::Failed | Self::Recovered | Self::WorkerLost | Self::HookDisabled => return None,
            Self::FailedInARow => (2, 1_000, 3),
            Self::Quiet => (1, 365, 30),
            Self::Refused => (1, 1_000_000, 20),
            Self::Late => (10, 604_800, 600),
            Self::DiskFull => (50, 99, 90),
            Self::TokenExpires => (1, 90, 14),
        };
        Some(Limits { least, most, usual })
    }

    /// Whether it is about one webhook, which may then have a rule of its own.
    pub const fn is_of_webhook(self) -> bool {
        matches!(self, Self::Failed | Self::FailedInARow | Self::Recovered | Self::Quiet)
    }

    /// Whether it is about the end of a job.
    pub const fn is_of_job(self) -> bool {
        matches!(self, Self::Failed | Self::FailedInARow | Self::Recovered)
    }

    /// The rule with this number; none if it may not have it.
    pub fn with_number(self, number: Option<u32>) -> Option<Rule> {
        let n = match (self.limits(), number) {
            (None, None) => 0,
            (Some(limits), Some(n)) if (limits.least..=limits.most).contains(&n) => n,
            _ => return None,
        };
        Some(match self {
            Self::Failed => Rule::Failed,
            Self::FailedInARow => Rule::FailedInARow { times: n },
            Self::Recovered => Rule::Recovered,
            Self::Quiet => Rule::Quiet { days: n },
            Self::Refused => Rule::Refused { per_hour: n },
            Self::Late => Rule::Late { seconds: n },
            Self::WorkerLost => Rule::WorkerLost,
            Self::DiskFull => Rule::DiskFull { percent: n },
            Self::HookDisabled => Rule::HookDisabled,
            Self::TokenExpires => Rule::TokenExpires { days: n },
        })
    }
}

impl Rule {
    /// What it is about.
    pub const fn kind(self) -> RuleKind {
        match self {
            Self::Failed => RuleKind::Failed,
            Self::FailedInARow { .. } => RuleKind::FailedInARow,
            Self::Recovered => RuleKind::Recovered,
            Self::Quiet { .. } => RuleKind::Quiet,
            Self::Refused { .. } => RuleKind::Refused,
            Self::Late { .. } => RuleKind::Late,
            Self::WorkerLost => RuleKind::WorkerLost,
            Self::DiskFull { .. } => RuleKind::DiskFull,
            Self::HookDisabled => RuleKind::HookDisabled,
            Self::TokenExpires { .. } => RuleKind::TokenExpires,
        }
    }

    /// Its number, if it has one.
    pub const fn number(self) -> Option<u32> {
        match self {
            Self::Failed | Self::Recovered | Self::WorkerLost | Self::HookDisabled => None,
            Self::FailedInARow { times: n }
            | Self::Quiet { days: n }
            | Self::Refused { per_hour: n }
            | Self::Late { seconds: n }
            | Self::DiskFull { percent: n }
            | Self::TokenExpires { days: n } => Some(n),
        }
    }
}

/// As it is stored: the word, and after a colon the number.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())?;
        self.number().map_or(Ok(()), |number| write!(f, ":{number}"))
    }
}

/// Text that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no rule")]
pub struct BadRule(pub String);

impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let (word, number) = match text.split_once(':') {
            Some((word, number)) => (word, number.parse().ok()),
            None => (text, None),
        };
        let rule = RuleKind::parse(word).and_then(|kind| kind.with_number(number));
        rule.filter(|rule| rule.to_string() == text)
            .ok_or_else(|| BadRule(text.chars().take(60).collect()))
    }
}

impl serde::Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Rule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_kind_has_a_rule_that_reads_back() {
        for kind in RuleKind::ALL {
            let rule = kind.with_number(kind.limits().map(|limits| limits.usual)).unwrap();
            assert_eq!(rule.kind(), kind);
            assert_eq!(rule.to_string().parse(), Ok(rule));
            assert_eq!(RuleKind::parse(kind.as_str()), Some(kind));
            let stored = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<Rule>(&stored).unwrap(), rule);
        }
        assert_eq!(Rule::FailedInARow { times: 3 }.to_string(), "failed_in_a_row:3");
        assert_eq!(Rule::WorkerLost.to_string(), "worker_lost");
    }

    #[test]
    fn what_is_no_rule_is_refused_and_quoted() {
        for bad in [
            "",
            "failed:",
            "failed:1",
            "quiet",
            "quiet:0",
            "quiet:366",
            "quiet:-1",
            "quiet: 3",
            "quiet:03",
            "Failed",
            "disk_full:100",
            "failed_in_a_row:1",
            "late:x",
            "quiet:3:4",
        ] {
            assert_eq!(bad.parse::<Rule>(), Err(BadRule(bad.to_owned())));
        }
        assert_eq!("x".repeat(500).parse::<Rule>().unwrap_err().0.len(), 60);
    }

    proptest! {
        #[test]
        fn a_rule_has_its_number_or_is_none(place in 0..RuleKind::ALL.len(), number in any::<Option<u32>>()) {
            let kind = RuleKind::ALL[place];
            let fits = match (kind.limits(), number) {
                (None, None) => true,
                (Some(limits), Some(n)) => n >= limits.least && n <= limits.most,
                _ => false,
            };
            let rule = kind.with_number(number);
            prop_assert_eq!(rule.is_some(), fits);
            if let Some(rule) = rule {
                prop_assert_eq!(rule.number(), number);
                prop_assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
            }
        }

        #[test]
        fn any_text_is_read_without_harm(text in ".{0,40}") {
            if let Ok(rule) = text.parse::<Rule>() {
                prop_assert_eq!(rule.to_string(), text);
            }
        }
    }
}
