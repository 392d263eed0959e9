//! The words for what became of a delivery, and the HTTP status each is answered with.
//!
//! The table of answers is in `docs/gitlab.md`. GitLab counts everything but 2xx as a failure,
//! and GitLab.com switches a webhook off after a few, so an authentic event never gets anything else.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of the two webhook addresses a delivery came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `POST /webhooks/gitlab`
    Main,
    /// `POST /webhooks/gitlab/register`
    Register,
}

impl Endpoint {
    /// The word stored with a delivery.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Register => "register",
        }
    }

    /// The address of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Main, Self::Register].into_iter().find(|endpoint| endpoint.as_str() == word)
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// At least one webhook matched: its jobs are queued.
    Matched,
    /// A pending webhook took the event's project id, or had taken it before.
    Registered,
    /// Authentic, but no webhook wants it.
    Unmatched,
    /// A webhook equals it, but one of its filters keeps it out: as somebody meant it.
    Filtered,
    /// A webhook equals it but is switched off.
    Disabled,
    /// Not authentic, or not readable.
    Rejected,
    /// A repeat of a delivery that queued or registered something.
    Duplicate,
    /// Matched, but held back because processing is paused.
    Paused,
}

impl Verdict {
    /// Every verdict, in the order pages show them.
    pub const ALL: [Self; 8] = [
        Self::Matched,
        Self::Registered,
        Self::Unmatched,
        Self::Filtered,
        Self::Disabled,
        Self::Rejected,
        Self::Duplicate,
        Self::Paused,
    ];

    /// The machine word: stored, sent in `X-Match`, used in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Registered => "registered",
            Self::Unmatched => "unmatched",
            Self::Filtered => "filtered",
            Self::Disabled => "disabled",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Paused => "paused",
        }
    }

    /// The verdict of a machine word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }

    /// The word a person reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Matched => "Matched",
            Self::Registered => "Registered",
            Self::Unmatched => "Unmatched",
            Self::Filtered => "Filtered",
            Self::Disabled => "Disabled",
            Self::Rejected => "Rejected",
            Self::Duplicate => "Duplicate",
            Self::Paused => "Paused",
        }
    }

    /// Whether the delivery queued or registered something, so that its repeats are duplicates.
    #[must_use]
    pub fn claims_its_key(self) -> bool {
        matches!(self, Self::Matched | Self::Registered | Self::Paused)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
        }
        assert_eq!(Verdict::parse("Matched"), None);
    }
}
