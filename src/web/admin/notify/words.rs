//! What pages call channels' and rules' fields, and the rules themselves.

use crate::web::admin::channel_labels::LABELS;
use crate::web::admin::kit::badge::{Badge, Tone};
use crate::web::admin::kit::resource::LogWords;
use signalbox_core::notify::rule::{Rule, RuleKind};
use signalbox_i18n::say;
use signalbox_store::notify::messages::State;

/// What the kit says of entries about channels and rules.
pub const LOG_WORDS: LogWords =
    LogWords { labels: &LABELS, about_secrets: &["target", "channel"], ..LogWords::PLAIN };

/// What a rule is about.
pub const fn kind_words(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Failed => "A job fails after its last attempt",
        RuleKind::FailedInARow => "A webhook fails several times in a row",
        RuleKind::Recovered => "A webhook succeeds again",
        RuleKind::Quiet => "A webhook receives nothing for days",
        RuleKind::Refused => "Credentials are refused",
        RuleKind::Late => "A due job waits too long",
        RuleKind::WorkerLost => "A worker is lost",
        RuleKind::DiskFull => "The disk of the data directory is nearly full",
        RuleKind::HookDisabled => "GitLab disables a webhook",
        RuleKind::TokenExpires => "An access token for GitLab expires soon",
    }
}

/// What its number counts.
pub const fn number_words(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::FailedInARow => "Failures in a row",
        RuleKind::Quiet | RuleKind::TokenExpires => "Days",
        RuleKind::Refused => "Rejected deliveries within an hour",
        RuleKind::Late => "Seconds",
        RuleKind::DiskFull => "Percent",
        RuleKind::Failed | RuleKind::Recovered | RuleKind::WorkerLost | RuleKind::HookDisabled => {
            ""
        }
    }
}

/// Its number with what it counts; empty if it has none.
pub fn number_text(rule: Rule) -> String {
    match rule {
        Rule::FailedInARow { times } => say!("{n} failures in a row", n = times),
        Rule::Quiet { days } | Rule::TokenExpires { days } => say!("{n} days", n = days),
        Rule::Refused { per_hour } => say!("{n} within an hour", n = per_hour),
        Rule::Late { seconds } => say!("{n} s", n = seconds),
        Rule::DiskFull { percent } => format!("{percent} %"),
        Rule::Failed | Rule::Recovered | Rule::WorkerLost | Rule::HookDisabled => String::new(),
    }
}

/// What became of a message.
pub fn state_badge(state: State, attempts: i32) -> Badge {
    match state {
        State::Waiting if attempts > 0 => {
            Badge::new(state.as_str(), "Trying again", "retry", Tone::Again)
        }
        State::Waiting => Badge::new(state.as_str(), "Waiting", "clock", Tone::Plain),
        State::Sent => Badge::new(state.as_str(), "Sent", "check", Tone::Good),
        State::Failed => Badge::new(state.as_str(), "Failed", "cross", Tone::Bad),
    }
}
