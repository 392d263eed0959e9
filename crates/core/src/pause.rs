//! Pauses: what a person holds back, from everything to one webhook or one lane.
//!
//! Jobs are made as always while one holds, and wait; who lets them go is `signalbox::control`.

use crate::local_time::resolve_local;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// What is held back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Every job.
    All,
    /// Those of one webhook.
    Webhook(i64),
    /// Those of one lane.
    Lane(String),
}

impl Scope {
    /// The word for it: stored, and in forms.
    #[must_use]
    pub fn to_word(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Webhook(id) => format!("webhook:{id}"),
            Self::Lane(lane) => format!("lane:{lane}"),
        }
    }

    /// The scope of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word.split_once(':') {
            None if word == "all" => Some(Self::All),
            Some(("webhook", id)) => id.parse().ok().map(Self::Webhook),
            Some(("lane", lane)) if !lane.is_empty() && lane.len() <= 100 => {
                Some(Self::Lane(lane.to_owned()))
            }
            _ => None,
        }
    }

    /// Whether a job of this webhook and lane (empty = none) is held back.
    #[must_use]
    pub fn covers_job(&self, webhook: Option<i64>, lane: &str) -> bool {
        match self {
            Self::All => true,
            Self::Webhook(id) => webhook == Some(*id),
            Self::Lane(name) => name == lane,
        }
    }
}

/// Something that is held back, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// What.
    pub scope: Scope,
    /// Why, and who said so.
    pub note: Note,
    /// When it ends by itself; none = when somebody resumes.
    pub until: Option<DateTime<Utc>>,
}

/// What can be chosen for the end of a pause, beside [`AT`]: the word in forms, what a person reads, minutes.
pub const LENGTHS: [(&str, &str, i64); 3] =
    [("15m", "For 15 minutes", 15), ("1h", "For 1 hour", 60), ("4h", "For 4 hours", 240)];

/// The choice of a time of day, which stands beside it.
pub const AT: &str = "at";

/// When a pause ends: by a word of [`LENGTHS`], at the next time it is `time` o'clock (`18:00`) in the
/// zone of `now`, or, for no word, never by itself. None of these = none.
#[must_use]
pub fn parse_end<Tz: TimeZone>(
    word: &str,
    time: &str,
    now: &DateTime<Tz>,
) -> Option<Option<DateTime<Utc>>> {
    if word.is_empty() {
        return Some(None);
    }
    if word == AT {
        let time = NaiveTime::parse_from_str(time, "%H:%M").ok()?;
        let today = now.date_naive();
        let at = |day| resolve_local(&now.timezone(), today.and_time(time) + Days::new(day));
        return Some((0..=1).map(at).find(|at| *at > now.to_utc()));
    }
    let (.., minutes) = LENGTHS.into_iter().find(|(known, ..)| *known == word)?;
    Some(Some(now.to_utc() + TimeDelta::minutes(minutes)))
}

/// Why something is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What the scope is called: a webhook's or lane's name; empty for everything.
    pub name: String,
    /// The reason given.
    pub reason: String,
    /// Who.
    pub by: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What becomes of the jobs that waited, when a pause ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// All run, in their order.
    All,
    /// Of each webhook and ref only the newest runs.
    Newest,
}

/// The pause that holds a job of this webhook and lane back, the widest first.
#[must_use]
pub fn find_holding<'a>(
    pauses: &'a [Pause],
    webhook: Option<i64>,
    lane: &str,
) -> Option<&'a Pause> {
    pauses
        .iter()
        .filter(|pause| pause.scope.covers_job(webhook, lane))
        .min_by_key(|pause| &pause.scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_after_a_time_or_at_one() {
        let now: DateTime<Utc> = "2026-11-29T17:30:00Z".parse().unwrap();
        let end = |word, time| {
            parse_end(word, time, &now).map(|end| end.map(|end| (end - now).num_minutes()))
        };
        assert_eq!(end("", ""), Some(None));
        assert_eq!(end("1h", ""), Some(Some(60)));
        assert_eq!(end("at", "18:00"), Some(Some(30)));
        assert_eq!(end("at", "17:30"), Some(Some(24 * 60)));
        for bad in [("at", ""), ("at", "25:00"), ("2h", ""), ("forever", "18:00")] {
            assert_eq!(end(bad.0, bad.1), None, "{bad:?}");
        }
    }

    #[test]
    fn scopes_read_back_and_cover_what_they_say() {
        let lane = Scope::Lane("host:docker".to_owned());
        for scope in [Scope::All, Scope::Webhook(7), lane.clone()] {
            assert_eq!(Scope::parse(&scope.to_word()), Some(scope));
        }
        for bad in ["", "some", "webhook:", "webhook:x", "lane:"] {
            assert_eq!(Scope::parse(bad), None, "{bad}");
        }
        assert!(Scope::All.covers_job(None, ""));
        assert!(
            Scope::Webhook(7).covers_job(Some(7), "") && !Scope::Webhook(7).covers_job(None, "")
        );
        assert!(lane.covers_job(None, "host:docker") && !lane.covers_job(Some(7), ""));
    }
}
