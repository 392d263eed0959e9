//! Filters as data: an address parameter, its choices, and how a value narrows the query.

use crate::i18n::t;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// A value that a filter does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadChoice;

/// One filter over `F`, the table's filter struct.
pub struct FilterSpec<F> {
    /// The address parameter.
    pub param: &'static str,
    /// "By …", in the list's side column, and in front of its chip.
    pub label: &'static str,
    /// What can be chosen, and where.
    pub choices: Choices,
    /// Narrows the query.
    pub apply: fn(&mut F, &str) -> Result<(), BadChoice>,
}

/// A value and its words.
pub type Choice = (&'static str, &'static str);

/// What can be chosen, and where.
pub enum Choices {
    /// Links in the side column.
    Fixed(&'static [Choice]),
    /// Tabs above the list, with counts.
    Tabs(&'static [Choice]),
    /// Any value, from links elsewhere; only its chip is shown.
    Open,
}

impl Choices {
    /// The fixed choices.
    pub fn known(&self) -> &'static [Choice] {
        match self {
            Self::Fixed(choices) | Self::Tabs(choices) => choices,
            Self::Open => &[],
        }
    }
}

impl<F> FilterSpec<F> {
    /// The words for a value.
    pub fn words(&self, value: &str) -> String {
        let known = self.choices.known().iter().find(|(known, _)| *known == value);
        known.map_or_else(|| value.to_owned(), |(_, words)| t(words).to_owned())
    }
}

/// Choices for "yes" and "no".
pub const YES_NO: &[Choice] = &[("1", "Yes"), ("0", "No")];

/// Reads "yes" or "no".
///
/// # Errors
/// [`BadChoice`] for anything but `1`, `0`, `true`, `false` (in any case).
pub fn yes_no(value: &str) -> Result<bool, BadChoice> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(BadChoice),
    }
}

/// Choices for "within the last …".
pub const WITHIN: &[Choice] = &[
    ("1h", "Past hour"),
    ("24h", "Past 24 hours"),
    ("7d", "Past 7 days"),
    ("30d", "Past 30 days"),
];

/// Reads "within the last …": a number of hours or days, `1h`, `7d`.
///
/// # Errors
/// [`BadChoice`] for anything else, and for more than ten years.
pub fn within(value: &str) -> Result<TimeDelta, BadChoice> {
    let hours = if let Some(hours) = value.strip_suffix('h') {
        hours.parse::<u32>().ok()
    } else {
        value.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()?.checked_mul(24))
    };
    hours
        .filter(|hours| (1..=87_600).contains(hours))
        .map(|hours| TimeDelta::hours(i64::from(hours)))
        .ok_or(BadChoice)
}

/// What a filter over times calls the parameters of its range, beside its presets: from a moment
/// on, and before a moment.
pub const FROM: &str = "__gte";
/// See [`FROM`].
pub const BEFORE: &str = "__lt";

/// Reads a moment: a day, or a day with a time, in UTC; or RFC 3339.
///
/// # Errors
/// [`BadChoice`] for anything else.
pub fn moment(value: &str) -> Result<DateTime<Utc>, BadChoice> {
    let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN));
    let minute = || NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M");
    let plain = day.or_else(|_| minute()).map(|moment| moment.and_utc());
    let moment = plain.or_else(|_| value.parse()).map_err(|_| BadChoice)?;
    // What the database can hold, with room.
    if (1970..10_000).contains(&moment.year()) { Ok(moment) } else { Err(BadChoice) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_choice_is_a_number_and_a_unit() {
        assert_eq!(within("24h"), Ok(TimeDelta::days(1)));
        assert!(WITHIN.iter().all(|(value, _)| within(value).is_ok()));
        assert_eq!(moment("2026-11-24").unwrap().to_rfc3339(), "2026-11-24T00:00:00+00:00");
        assert_eq!(moment("2026-11-24T22:16"), moment("2026-11-24T23:16:00+01:00"));
        assert!(["", "now", "2026-13-01", "0001-01-01"].iter().all(|v| moment(v).is_err()));
        assert!(["", "h", "0h", "-1d", "4w", "99999999d"].iter().all(|v| within(v).is_err()));
    }
}
