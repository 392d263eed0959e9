//! `[retry]`: how long a failed job waits for its next try.

use crate::action::section::{Faults, Section};
use crate::retry::{MAX_WAIT_S, MAX_WAITS, Policy, Waits};
use crate::sentence::Sentence;

/// The largest factor: beyond it the second wait would be the longest anyway.
const MAX_FACTOR: f64 = 100.0;

pub(super) fn read_retry(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Policy {
    let usual = Policy::default();
    let Some((table, at)) = top.take_table("retry", faults) else { return usual };
    let mut section = Section::new("retry.", table);
    let longest = i64::from(MAX_WAIT_S);
    let seconds = |number: i64| u32::try_from(number).unwrap_or(MAX_WAIT_S);
    let listed = section.take_integers("delays_s", 0..=longest, faults);
    if listed.as_ref().is_some_and(|waits| waits.is_empty() || waits.len() > MAX_WAITS) {
        let most = MAX_WAITS;
        let why = Sentence::new("list 1 to {most} waits").with("most", most);
        faults.add_at(section.position_of("delays_s"), section.sentence_about("delays_s", why));
    }
    let first_s = section.take_integer("first_s", 1..=longest, faults).map(seconds);
    let factor = section.take_number("factor", 1.0..=MAX_FACTOR, faults);
    let max_s = section.take_integer("max_s", 1..=longest, faults).map(seconds);
    let jitter = section.take_number("jitter", 0.0..=1.0, faults).unwrap_or(usual.jitter);
    let grows =
        ["first_s", "factor", "max_s"].into_iter().find(|key| section.position_of(key).is_some());
    let waits = match (section.position_of("delays_s"), grows) {
        (Some(at), Some(key)) => {
            faults.add_at(
                Some(at),
                Sentence::new("retry: write either delays_s or {key}, not both").with("key", key),
            );
            usual.waits
        }
        (Some(_), None) => {
            Waits::Listed(listed.unwrap_or_default().into_iter().map(seconds).collect())
        }
        (None, Some(_)) => {
            if section.position_of("first_s").is_none() {
                faults.add_at(Some(at), "retry.first_s is missing: the first wait, in seconds");
            }
            let first_s = first_s.unwrap_or(1);
            let max_s = max_s.unwrap_or_else(|| first_s.max(600));
            if max_s < first_s {
                faults.add_at(
                    section.position_of("max_s"),
                    section.sentence_about("max_s", "is less than first_s"),
                );
            }
            Waits::Growing { first_s, factor: factor.unwrap_or(2.0), max_s }
        }
        (None, None) => usual.waits,
    };
    section.reject_unknown(faults);
    Policy { waits, jitter }
}
