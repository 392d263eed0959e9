//! Filters as data: an address parameter, its choices, and how a value narrows the query.

use super::at::At;
use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc,
};
use signalbox_core::listing::Times;
use signalbox_core::local_time::resolve_local;
use signalbox_i18n::{Tz, say, t};

/// A value that a filter does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadChoice;

/// One filter over `F`, the table's filter struct.
pub struct FilterSpec<F: 'static> {
    /// The address parameter.
    pub param: &'static str,
    /// "By …", in the list's side column, and in front of its chip.
    pub label: &'static str,
    /// What can be chosen, and where.
    pub choices: Choices<F>,
    /// Narrows the query by a value of `param`.
    pub apply: fn(&mut F, &str) -> Result<(), BadChoice>,
}

/// A value and its words.
pub type Choice = (&'static str, &'static str);

/// What can be chosen, and where.
pub enum Choices<F: 'static> {
    /// Links in the side column.
    Fixed(&'static [Choice]),
    /// Tabs above the list, with counts.
    Tabs(&'static [Choice]),
    /// Links in the side column to what the table holds: the resource's counts name it. Of some
    /// values the words are given here.
    Held(&'static [Choice]),
    /// Links in the side column to spans up to now, and a range of days beneath them: the
    /// parameters `…`, `…__gte` and `…__lt`. Made by [`FilterSpec::over_times`].
    Times(fn(&mut F) -> &mut Times),
    /// Any value, from links elsewhere; only its chip is shown.
    Open,
}

impl<F> Choices<F> {
    /// The fixed choices.
    pub fn known_choices(&self) -> &'static [Choice] {
        match self {
            Self::Fixed(choices) | Self::Tabs(choices) | Self::Held(choices) => choices,
            Self::Times(_) => WITHIN,
            Self::Open => &[],
        }
    }
}

impl<F> FilterSpec<F> {
    /// A filter over times: within the last hours or days, or a range of days.
    pub const fn over_times(
        param: &'static str,
        label: &'static str,
        times: fn(&mut F) -> &mut Times,
    ) -> Self {
        Self { param, label, choices: Choices::Times(times), apply: |_, _| Err(BadChoice) }
    }

    /// Its parameters, each with what its chip says.
    pub fn labelled_params(&self) -> Vec<(String, String)> {
        let label = t(self.label);
        let mut params = vec![(self.param.to_owned(), label.to_owned())];
        if let Choices::Times(_) = self.choices {
            let param = self.param;
            params.push((format!("{param}{FROM}"), say!("{what} from", what = label)));
            params.push((format!("{param}{BEFORE}"), say!("{what} before", what = label)));
        }
        params
    }

    /// Narrows the query by one of its parameters, times of day read in a zone. Returns the value as
    /// links repeat it: moments in UTC, so that an address means the same to everybody.
    ///
    /// # Errors
    /// [`BadChoice`] for a value that it does not know.
    pub fn narrow_query(
        &self,
        filter: &mut F,
        (param, value): (&str, &str),
        zone: Tz,
    ) -> Result<String, BadChoice> {
        let Choices::Times(times) = self.choices else {
            (self.apply)(filter, value)?;
            return Ok(value.to_owned());
        };
        let times = times(filter);
        let end = match param.strip_prefix(self.param) {
            Some(FROM) => &mut times.since,
            Some(BEFORE) => &mut times.before,
            _ => {
                times.within = Some(parse_within(value)?);
                return Ok(value.to_owned());
            }
        };
        let moment = parse_moment(value, zone)?;
        *end = Some(moment);
        Ok(moment_text(moment))
    }

    /// The words for a value; a moment in the reader's zone.
    pub fn choice_words(&self, value: &str) -> String {
        if let (Choices::Times(_), Ok(moment)) = (&self.choices, value.parse()) {
            return At(moment).minute();
        }
        let known = self.choices.known_choices().iter().find(|(known, _)| *known == value);
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
pub fn parse_within(value: &str) -> Result<TimeDelta, BadChoice> {
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

/// The parameter that says in which zone days and times of day are meant.
pub const ZONE: &str = "tz";

/// A moment as addresses say it.
pub fn moment_text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Reads a moment: a day, or a day with a time, in a zone; or RFC 3339.
///
/// # Errors
/// [`BadChoice`] for anything else.
pub fn parse_moment(value: &str, zone: Tz) -> Result<DateTime<Utc>, BadChoice> {
    let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN));
    let minute = || NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M");
    let plain = day.or_else(|_| minute()).map(|moment| resolve_local(&zone, moment));
    let moment = plain.or_else(|_| value.parse()).map_err(|_| BadChoice)?;
    // What the database can hold, with room.
    if (1970..10_000).contains(&moment.year()) { Ok(moment) } else { Err(BadChoice) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_choice_is_a_number_and_a_unit() {
        assert_eq!(parse_within("24h"), Ok(TimeDelta::days(1)));
        assert!(WITHIN.iter().all(|(value, _)| parse_within(value).is_ok()));
        assert!(["", "h", "0h", "-1d", "4w", "99999999d"].iter().all(|v| parse_within(v).is_err()));
    }
    #[test]
    fn a_moment_is_read_in_a_zone() {
        let read = |value, zone| parse_moment(value, zone).map(moment_text);
        let (utc, berlin) = (Tz::UTC, Tz::Europe__Berlin);
        assert_eq!(read("2026-11-24", utc).unwrap(), "2026-11-24T00:00:00Z");
        assert_eq!(read("2026-11-24", berlin).unwrap(), "2026-11-23T23:00:00Z");
        assert_eq!(read("2026-07-24T22:16", berlin).unwrap(), "2026-07-24T20:16:00Z");
        // Whoever says how far it is from UTC needs no zone.
        assert_eq!(read("2026-11-24T23:16:00+09:00", berlin).unwrap(), "2026-11-24T14:16:00Z");
        assert_eq!(read("2026-11-24T14:16:00Z", berlin).unwrap(), "2026-11-24T14:16:00Z");
        // Clocks are set: 02:30 does not exist, and then comes twice.
        assert_eq!(read("2026-03-29T02:30", berlin).unwrap(), "2026-03-29T01:30:00Z");
        assert_eq!(read("2026-10-25T02:30", berlin).unwrap(), "2026-10-25T00:30:00Z");
        // A day that was left out, and one that begins at one o'clock.
        assert_eq!(read("2011-12-30", Tz::Pacific__Apia).unwrap(), "2011-12-30T10:00:00Z");
        assert_eq!(read("2026-04-24", Tz::Africa__Cairo).unwrap(), "2026-04-23T22:00:00Z");
        for bad in ["", "now", "2026-13-01", "0001-01-01"] {
            assert!(parse_moment(bad, berlin).is_err(), "{bad}");
        }
    }
}
