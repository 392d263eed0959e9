//! Where a delivery comes from.

use serde::{Deserialize, Serialize};

/// Who made a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// GitLab, or whoever else calls one of the two addresses.
    Gitlab,
    /// A person who replayed another delivery.
    Replay,
    /// A person who tried a webhook out.
    Hand,
    /// Signalbox, from the log that GitLab keeps of what it sent.
    Log,
    /// Signalbox, for a branch that went on without an event.
    CatchUp,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 5] = [Self::Gitlab, Self::Replay, Self::Hand, Self::Log, Self::CatchUp];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gitlab => "gitlab",
            Self::Replay => "replay",
            Self::Hand => "hand",
            Self::Log => "log",
            Self::CatchUp => "catch_up",
        }
    }

    /// Whether it stands for what happened in GitLab: no person made it.
    #[must_use]
    pub const fn is_gitlabs(self) -> bool {
        matches!(self, Self::Gitlab | Self::Log | Self::CatchUp)
    }

    /// The source of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}
