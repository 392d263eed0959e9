//! Charts of bars over time: which periods there are, where their bars begin, how high the axis is
//! and how a bar is divided. What is counted and what is drawn is said elsewhere.

use crate::local_time::resolve_local;
use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};

/// How far back a chart looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// 24 bars of an hour.
    Day,
    /// 28 bars of six hours.
    Week,
    /// 30 bars of a day.
    Month,
}

impl Period {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The word in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// What a person reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    /// The period of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == word)
    }

    /// How many bars it has, and how long each of them is.
    #[must_use]
    pub const fn bars(self) -> (i32, TimeDelta) {
        match self {
            Self::Day => (24, TimeDelta::hours(1)),
            Self::Week => (28, TimeDelta::hours(6)),
            Self::Month => (30, TimeDelta::days(1)),
        }
    }

    /// Where its bars begin, and where the last one ends. Bars begin with whole hours and days of
    /// the zone, so that they stay in their places while time passes; the last one is under way. On
    /// days when clocks are set, a bar of more than an hour is as much shorter or longer.
    #[must_use]
    pub fn bounds<Tz: TimeZone>(self, now: &DateTime<Tz>) -> Vec<DateTime<Utc>> {
        let (count, length) = self.bars();
        if self == Self::Day {
            let into_hour = TimeDelta::seconds(i64::from(now.minute() * 60 + now.second()))
                + TimeDelta::nanoseconds(i64::from(now.nanosecond()));
            let current = now.to_utc() - into_hour;
            return (1 - count..=1).map(|bar| current + length * bar).collect();
        }
        let midnight = now.date_naive().and_time(NaiveTime::MIN);
        let hours = length.num_hours().max(1);
        let current = midnight + TimeDelta::hours(i64::from(now.hour()).div_euclid(hours) * hours);
        let begin = |bar| resolve_local(&now.timezone(), current + length * bar);
        (1 - count..=1).map(begin).collect()
    }

    /// Whether the bar that begins here carries a label: four to seven of them do.
    #[must_use]
    pub fn has_label<Tz: TimeZone>(self, begin: &DateTime<Tz>) -> bool {
        match self {
            Self::Day => begin.hour().is_multiple_of(6),
            // Where midnight is skipped, a day begins an hour later.
            Self::Week => begin.hour() < 6,
            Self::Month => begin.num_days_from_ce().rem_euclid(5) == 3,
        }
    }
}

/// The most that a bar may be above the others before it is cut off, as a factor.
const CUT: i64 = 4;

/// The least height of anything there is, in units of the drawing.
const LEAST: i64 = 2;

/// The top of a vertical axis that begins at zero.
///
/// It is linear, since the parts of a stacked bar add up. So that one spike does not flatten all
/// other bars, the axis ends at four times the largest of the others (a tenth of the bars may be
/// spikes), and what is higher is drawn cut off, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// A round number, as is its half.
    pub top: i64,
}

impl Axis {
    /// The axis for bars of these sums.
    #[must_use]
    pub fn fit(sums: &[i64]) -> Self {
        let mut bars: Vec<i64> = sums.iter().copied().filter(|sum| *sum > 0).collect();
        bars.sort_unstable();
        let highest = bars.last().copied().unwrap_or_default();
        let spikes = bars.len().div_ceil(10);
        let usual = bars.len().checked_sub(spikes + 1).and_then(|place| bars.get(place));
        let limit = usual.filter(|_| bars.len() > 2).map(|usual| usual.saturating_mul(CUT));
        Self { top: round_up(highest.min(limit.unwrap_or(i64::MAX))) }
    }

    /// How high each part of a bar is where the axis is `height` high; and whether the bar is cut
    /// off: then its parts share the whole height, so that none of them is out of sight.
    #[must_use]
    pub fn divide_bar(self, parts: &[i64], height: i64) -> (Vec<i64>, bool) {
        let sum: i64 = parts.iter().sum();
        let is_cut = sum > self.top;
        let whole = if is_cut { sum } else { self.top };
        let scale = |part: i64| match part {
            0 => 0,
            part => {
                let exact = i128::from(part) * i128::from(height) / i128::from(whole.max(1));
                i64::try_from(exact).unwrap_or(height).max(LEAST)
            }
        };
        let mut heights: Vec<i64> = parts.iter().map(|part| scale(*part)).collect();
        let too_high = heights.iter().sum::<i64>() - height;
        if let Some(largest) = heights.iter_mut().max().filter(|_| too_high > 0) {
            *largest -= too_high;
        }
        (heights, is_cut)
    }
}

/// The next round number: half of it is whole too.
fn round_up(number: i64) -> i64 {
    let mut ten: i64 = 1;
    loop {
        let round = [2, 3, 4, 5, 6, 8, 10].map(|step| ten.saturating_mul(step));
        let is_round = |round: &i64| *round >= number && (round % 2 == 0 || *round == i64::MAX);
        if let Some(round) = round.into_iter().find(is_round) {
            return round;
        }
        ten = ten.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn bars_begin_with_whole_hours_and_the_last_one_is_under_way() {
        let now = at("2026-11-29T09:24:39Z");
        for (period, first, last) in [
            (Period::Day, "2026-11-28T10:00:00Z", "2026-11-29T09:00:00Z"),
            (Period::Week, "2026-11-22T12:00:00Z", "2026-11-29T06:00:00Z"),
            (Period::Month, "2026-10-31T00:00:00Z", "2026-11-29T00:00:00Z"),
        ] {
            let bounds = period.bounds(&now);
            let [.., begin, end] = bounds.as_slice() else { panic!("{bounds:?}") };
            assert_eq!((bounds[0], *begin), (at(first), at(last)));
            assert!(*begin <= now && now < *end);
            assert!(bounds.windows(2).all(|pair| pair[1] - pair[0] == bounds[1] - bounds[0]));
            let labels = bounds[1..].iter().filter(|begin| period.has_label(*begin)).count();
            assert!((4..=7).contains(&labels), "{labels} of {period:?}");
            assert_eq!(Period::parse(period.as_str()), Some(period));
        }
        assert_eq!(Period::parse("1y"), None);
        let midnight = at("2026-11-29T00:00:00Z");
        assert_eq!(Period::Month.bounds(&midnight)[29], midnight, "a new bar begins with the day");
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (highest, top) in [(0, 2), (1, 2), (3, 4), (9, 10), (11, 20), (55, 60), (1_234, 2_000)]
        {
            assert_eq!(Axis::fit(&[highest]).top, top);
        }
        assert!(Axis::fit(&[i64::MAX]).top > 0);
    }

    #[test]
    fn one_spike_does_not_flatten_the_rest() {
        let mut bars = vec![5; 23];
        bars.push(5_000);
        assert_eq!(Axis::fit(&bars).top, 20);
        assert_eq!(Axis::fit(&[1, 2, 500]).top, 8);
        // Two bars say nothing about what is usual, and growth is no spike.
        assert_eq!(Axis::fit(&[1, 500]).top, 500);
        assert_eq!(Axis::fit(&(1..=24).collect::<Vec<_>>()).top, 30);
    }

    #[test]
    fn parts_fill_their_share_of_the_height_and_none_is_out_of_sight() {
        let axis = Axis { top: 20 };
        assert_eq!(axis.divide_bar(&[10, 0, 5], 100), (vec![50, 0, 25], false));
        assert_eq!(axis.divide_bar(&[20, 0, 0], 100), (vec![100, 0, 0], false));
        assert_eq!(axis.divide_bar(&[4_999, 1], 100), (vec![98, 2], true));
        for parts in [[i64::MAX / 4, 1, 1, 1], [1, 1, 1, 17], [0, 0, 0, 0]] {
            let (heights, _) = axis.divide_bar(&parts, 100);
            assert!(heights.iter().sum::<i64>() <= 100, "{heights:?}");
            assert!(parts.iter().zip(&heights).all(|(part, height)| *part == 0 || *height >= 2));
        }
    }
}
