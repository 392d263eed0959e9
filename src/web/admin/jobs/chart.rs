//! Bars over time: how many of what, stacked by state. Drawn here, so that a page needs no script for
//! them. Bars lead to the lists of their time; the table behind *Numbers* says the same without a
//! picture.

use crate::web::admin::kit::at::At;
use chrono::{DateTime, NaiveTime, Utc};
use signalbox_core::chart::{Axis, Period};
use signalbox_core::job::JobState;
use signalbox_core::listing::Total;
use signalbox_i18n::{say, t, to_local};
use signalbox_store::overview::ENDED;
use signalbox_store::stats::{Bucket, Span};

/// A number and the list behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The number; or a time, in words.
    pub text: String,
    /// The list; none where there is nothing to list.
    pub href: Option<String>,
}

/// Where the axis ends and begins, in pixels from the top: above it is room for a number, below it
/// for the times. Places across are percentages, so that a chart fits every width unscaled.
const TOP: i64 = 16;
const BASE: i64 = 120;

/// The whole width: places are counted in thousandths of a percent.
const WIDTH: usize = 100_000;

/// A chart.
pub struct Chart {
    /// Its name, for ids.
    pub name: &'static str,
    /// What it counts.
    pub title: &'static str,
    /// How much it counts in all.
    pub total: Number,
    /// Each state that occurs: its word, its name, how often.
    pub states: Vec<(&'static str, &'static str, Number)>,
    /// Lines across: from the top in pixels, and the number there.
    pub marks: [(i64, String); 3],
    /// Times beneath: where, on which side of that, and the words.
    pub times: Vec<(String, &'static str, String)>,
    /// Bars, of times that have anything.
    pub bars: Vec<Bar>,
    /// What it says of itself to who cannot see it.
    pub label: String,
    /// What it says if there is nothing to show.
    pub nothing: Option<String>,
}

/// A bar, with everything that its time has.
pub struct Bar {
    /// Its time, in words.
    pub when: String,
    /// Everything in it.
    pub total: Number,
    /// Its time and numbers, in lines.
    pub title: String,
    /// The whole column, for the pointer: from the left, and its width.
    pub column: (String, String),
    /// From the left, and its width.
    pub place: (String, String),
    /// Its parts from the bottom up: the state's word, from the top, height.
    pub parts: Vec<(&'static str, i64, i64)>,
    /// It is higher than the axis: where its number stands, and that, where there is room for it.
    pub cut: Option<(String, String)>,
    /// How many of which state, where there are some.
    pub numbers: Vec<Number>,
}

/// What is counted, and where it leads.
pub struct Source<'a> {
    /// The chart's name.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The states, from the bottom up: the word, and its name.
    pub states: Vec<(&'static str, &'static str)>,
    /// How many of each state, bar by bar.
    pub numbers: Vec<Vec<i64>>,
    /// What it says if there is nothing; `{period}` is how far back it looks.
    pub nothing: &'static str,
    /// How far back it looks, in words.
    pub during: &'static str,
    /// The list of a time, of one state or all.
    pub href: &'a dyn Fn(Span, Option<&str>) -> String,
}

/// How many jobs ended, bar by bar and by state, as a chart takes it.
pub fn count_by_bar(buckets: &[Bucket], bars: usize) -> Vec<Vec<i64>> {
    let count = |bar: usize, state: JobState| {
        let found = buckets
            .iter()
            .find(|b| usize::try_from(b.part) == Ok(bar) && b.state == state.as_str());
        found.map_or(0, |bucket| bucket.jobs)
    };
    (0..bars).map(|bar| ENDED.map(|state| count(bar, state)).into()).collect()
}

/// Draws bars that begin at the `bounds` (where the last one ends is the last of them); those of
/// which `period` says so carry a label.
pub fn draw_chart(period: Period, bounds: &[DateTime<Utc>], source: &Source<'_>) -> Chart {
    let spans: Vec<Span> = bounds.iter().copied().zip(bounds.iter().copied().skip(1)).collect();
    let whole: Span =
        (bounds.first().copied().unwrap_or_default(), bounds.last().copied().unwrap_or_default());
    let sum_of = |place: usize| source.numbers.iter().filter_map(|bar| bar.get(place)).sum::<i64>();
    let sums: Vec<i64> = source.numbers.iter().map(|bar| bar.iter().sum()).collect();
    let axis = Axis::fit(&sums);
    let mut bars: Vec<Bar> = Vec::new();
    let mut times = Vec::new();
    for (number, span) in spans.iter().enumerate() {
        if period.has_label(&to_local(span.0)) {
            times.push(time_label(period, span.0, number, spans.len()));
        }
        let counted = source.numbers.get(number).map(Vec::as_slice).unwrap_or_default();
        if counted.iter().any(|count| *count > 0) {
            let mut bar = draw_bar(axis, source, counted, (*span, number, spans.len()));
            // Of bars side by side the highest has its number: they would lie on each other.
            let at = |place: Option<usize>| place.and_then(|place| sums.get(place)).copied();
            let highest = at(number.checked_sub(1)).max(at(Some(number + 1)));
            if at(Some(number)) < highest
                && let Some((_, words)) = &mut bar.cut
            {
                words.clear();
            }
            bars.push(bar);
        }
    }
    let states = source.states.iter().enumerate().filter(|(place, _)| sum_of(*place) > 0).map(
        |(place, (state, label))| {
            (*state, *label, linked(sum_of(place), (source.href)(whole, Some(state))))
        },
    );
    let total = linked(sums.iter().sum(), (source.href)(whole, None));
    let label = say!(
        "{what} in {period}: {n}. Open Numbers below for a table.",
        what = t(source.title),
        period = t(source.during),
        n = total.text
    );
    Chart {
        name: source.name,
        title: source.title,
        states: states.collect(),
        marks: [
            (TOP, short_number(axis.top)),
            (i64::midpoint(TOP, BASE), short_number(axis.top / 2)),
            (BASE, "0".to_owned()),
        ],
        times,
        label,
        nothing: bars.is_empty().then(|| t(source.nothing).replace("{period}", t(source.during))),
        bars,
        total,
    }
}

fn draw_bar(
    axis: Axis,
    source: &Source<'_>,
    counted: &[i64],
    (span, number, of): (Span, usize, usize),
) -> Bar {
    let (heights, is_cut) = axis.divide_bar(counted, BASE - TOP);
    let mut y = BASE;
    let mut parts = Vec::new();
    for ((state, _), height) in source.states.iter().zip(heights) {
        if height > 0 {
            y -= height;
            parts.push((*state, y, height));
        }
    }
    let width = WIDTH / of.max(1);
    let when = span_text(span);
    let total = linked(counted.iter().sum(), (source.href)(span, None));
    let numbers: Vec<Number> = source
        .states
        .iter()
        .zip(counted)
        .filter(|(_, count)| **count > 0)
        .map(|((state, label), count)| {
            let n = Total::Exactly(*count);
            let text = format!("{n} {}", t(label).to_lowercase());
            Number { text, href: Some((source.href)(span, Some(state))) }
        })
        .collect();
    let words = numbers.iter().map(|number| number.text.clone());
    Bar {
        title: std::iter::once(when.clone()).chain(words).collect::<Vec<_>>().join("\n"),
        when,
        column: (percent(number * width), percent(width)),
        place: (percent(number * width + width / 8), percent(width - width / 4)),
        parts,
        cut: is_cut
            .then(|| (percent(number * width + width / 2), short_number(counted.iter().sum()))),
        numbers,
        total,
    }
}

/// Beneath the beginning of a bar; that of the last one ends where the bar does, to stay inside.
fn time_label(
    period: Period,
    begin: DateTime<Utc>,
    number: usize,
    of: usize,
) -> (String, &'static str, String) {
    let form = if period == Period::Day { "%H:%M" } else { "%m-%d" };
    let is_last = number + 1 == of;
    let place = (number + usize::from(is_last)) * WIDTH / of.max(1);
    (percent(place), if is_last { "end" } else { "start" }, At(begin).local(form))
}

/// A number that leads to a list, if there is anything in it.
pub fn linked(count: i64, href: String) -> Number {
    Number { text: Total::Exactly(count).to_string(), href: (count > 0).then_some(href) }
}

/// A place across, as SVG reads it: `12.5%`.
fn percent(place: usize) -> String {
    format!("{}.{:03}%", place / 1_000, place % 1_000)
}

/// A number in little room: `1.2k`, `20k`, `3M`.
fn short_number(number: i64) -> String {
    let (unit, letter) = match number {
        ..1_000 => return number.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        _ => (1_000_000, "M"),
    };
    match (number / unit, number % unit * 10 / unit) {
        (whole, 0) => format!("{whole}{letter}"),
        (whole, _) if whole >= 100 => format!("{whole}{letter}"),
        (whole, tenth) => format!("{whole}.{tenth}{letter}"),
    }
}

/// A part of the span, in words; of a whole day only its date.
pub fn span_text(span: Span) -> String {
    let (from, to) = (At(span.0), At(span.1));
    let is_midnight = |at: At| to_local(at.0).time() == NaiveTime::MIN;
    let hours = (span.1 - span.0).num_hours();
    if is_midnight(from) && is_midnight(to) && (23..=25).contains(&hours) {
        return from.local("%Y-%m-%d");
    }
    say!("{from} to {to}", from = from.local("%Y-%m-%d %H:%M"), to = to.local("%H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_where_there_is_little_room() {
        assert_eq!(
            [999, 1_234, 20_000, 640_000, 2_500_000].map(short_number),
            ["999", "1.2k", "20k", "640k", "2.5M"]
        );
    }
}
