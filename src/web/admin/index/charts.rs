//! The start page's two charts: deliveries by verdict and ended jobs by state. Bars lead to the
//! lists of their time; the table behind *Numbers* says the same without a picture.

use crate::web::admin::jobs::chart::span_text;
use crate::web::admin::jobs::stats::{Number, job_list_url};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::filter::{BEFORE, FROM, moment_text};
use crate::web::urls;
use chrono::{DateTime, Utc};
use signalbox_core::chart::{Axis, Period};
use signalbox_core::listing::Total;
use signalbox_core::verdict::Verdict;
use signalbox_i18n::say;
use signalbox_i18n::{t, to_local};
use signalbox_store::overview::{Counts, ENDED};
use signalbox_store::stats::Span;

/// Where the axis ends and begins, in pixels from the top: above it is room for a number, below it
/// for the times. Places across are percentages, so that a chart fits every width unscaled.
const TOP: i64 = 16;
const BASE: i64 = 120;

/// The whole width: places are counted in thousandths of a percent.
const WIDTH: usize = 100_000;

/// A chart.
pub(super) struct Chart {
    /// Its name, for ids.
    pub name: &'static str,
    pub title: &'static str,
    /// How much it counts in all.
    pub total: Number,
    /// Each state that occurs: its word, its name, how often.
    pub states: Vec<(&'static str, &'static str, Number)>,
    /// Lines across: from the top in pixels, and the number there.
    pub marks: [(i64, String); 3],
    /// Times beneath: where, on which side of that, and the words.
    pub times: Vec<(String, &'static str, String)>,
    pub bars: Vec<Bar>,
    /// What it says of itself to who cannot see it.
    pub label: String,
    /// What it says if there is nothing to show.
    pub nothing: Option<String>,
}

/// A bar, with everything that its time has.
pub(super) struct Bar {
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
struct Source {
    name: &'static str,
    title: &'static str,
    states: Vec<(&'static str, &'static str)>,
    numbers: Vec<Vec<i64>>,
    nothing: &'static str,
    href: fn(Span, Option<&str>) -> String,
}

/// Both of them.
pub(super) fn draw_charts(
    period: Period,
    bounds: &[DateTime<Utc>],
    counts: &[Counts],
) -> [Chart; 2] {
    let deliveries = Source {
        name: "deliveries",
        title: "Deliveries",
        states: Verdict::ALL.map(|verdict| (verdict.as_str(), verdict.label())).into(),
        numbers: counts.iter().map(|counts| counts.deliveries.into()).collect(),
        nothing: "No deliveries in {period}",
        href: deliveries_url,
    };
    let jobs = Source {
        name: "jobs",
        title: "Ended jobs",
        states: ENDED.map(|state| (state.as_str(), state.label())).into(),
        numbers: counts.iter().map(|counts| counts.jobs.into()).collect(),
        nothing: "No jobs ended in {period}",
        href: |span, state| match state {
            Some(state) => job_list_url(span, &[("state", state)]),
            None => job_list_url(span, &[]),
        },
    };
    [deliveries, jobs].map(|source| draw_chart(period, bounds, &source))
}

fn draw_chart(period: Period, bounds: &[DateTime<Utc>], source: &Source) -> Chart {
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
        period = t(period.label()),
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
        nothing: bars.is_empty().then(|| t(source.nothing).replace("{period}", t(period.label()))),
        bars,
        total,
    }
}

fn draw_bar(
    axis: Axis,
    source: &Source,
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

/// The list of the deliveries that came in this span.
fn deliveries_url(span: Span, verdict: Option<&str>) -> String {
    let (from, to) = (moment_text(span.0), moment_text(span.1));
    let (since, before) = (format!("received{FROM}"), format!("received{BEFORE}"));
    let times = [(since.as_str(), from.as_str()), (before.as_str(), to.as_str())];
    let verdict = verdict.map(|verdict| ("verdict", verdict));
    let pairs: Vec<_> = verdict.into_iter().chain(times).collect();
    urls::with_query(&urls::deliveries(), &pairs)
}

fn linked(count: i64, href: String) -> Number {
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

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_i18n::Tz;

    #[test]
    fn bars_stand_on_the_axis_and_lead_to_the_rows_of_their_time() {
        let now: DateTime<Utc> = "2026-11-29T09:24:39Z".parse().unwrap();
        let bounds = Period::Day.bounds(&now);
        let mut counts = vec![Counts { deliveries: [0; 8], jobs: [0; 4] }; 24];
        counts[23].deliveries = [12, 0, 3, 0, 0, 0, 0, 0];
        counts[0].jobs = [1, 1, 0, 0];
        let [deliveries, jobs] = draw_charts(Period::Day, &bounds, &counts);
        let [bar] = deliveries.bars.as_slice() else { panic!("one hour has deliveries") };
        assert_eq!(bar.title, "2026-11-29 09:00 to 10:00\n12 matched\n3 unmatched");
        assert_eq!(bar.parts, [("matched", 58, 62), ("unmatched", 43, 15)]);
        assert_eq!((bar.column.0.as_str(), bar.cut.is_none()), ("95.818%", true));
        let list = "/admin/hooks/delivery/?received__gte=2026-11-29T09%3A00%3A00Z&received__lt=2026-11-29T10%3A00%3A00Z";
        assert_eq!(bar.total.href.as_deref(), Some(list));
        let states: Vec<_> = deliveries.states.iter().map(|(state, ..)| *state).collect();
        assert_eq!(states, ["matched", "unmatched"]);
        let marks = deliveries.marks.map(|(_, text)| text);
        assert_eq!(marks, ["20", "10", "0"]);
        let times: Vec<_> = deliveries.times.iter().map(|(.., words)| words.as_str()).collect();
        assert_eq!(times, ["12:00", "18:00", "00:00", "06:00"]);
        assert_eq!((jobs.total.text.as_str(), jobs.nothing), ("2", None));
        // Of two spikes side by side one says its number.
        for bar in &mut counts {
            bar.deliveries[0] = 5;
        }
        counts[4].deliveries[0] = 5_000;
        counts[5].deliveries[0] = 1_234;
        let [deliveries, _] = draw_charts(Period::Day, &bounds, &counts);
        let cuts: Vec<_> = deliveries.bars.iter().filter_map(|bar| bar.cut.clone()).collect();
        assert_eq!(cuts.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>(), ["5k", ""]);
        assert_eq!(
            [999, 1_234, 20_000, 640_000, 2_500_000].map(short_number),
            ["999", "1.2k", "20k", "640k", "2.5M"]
        );
        let nothing = draw_charts(Period::Week, &bounds, &[]).map(|chart| chart.nothing);
        assert_eq!(nothing[0].as_deref(), Some("No deliveries in 7 days"));
    }
    #[test]
    fn bars_begin_with_the_readers_days_though_clocks_are_set() {
        let now: DateTime<Utc> = "2026-11-01T12:10:00Z".parse().unwrap();
        let begins = |zone: Tz, period: Period, form: &str| {
            let bounds = period.bounds(&now.with_timezone(&zone));
            assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{bounds:?}");
            let texts = bounds.iter().map(|at| at.with_timezone(&zone).format(form).to_string());
            texts.collect::<std::collections::BTreeSet<_>>()
        };
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(begins(Tz::Europe__Berlin, Period::Month, "%H:%M"), texts(&["00:00"]));
        let quarters = texts(&["00:00", "06:00", "12:00", "18:00"]);
        assert_eq!(begins(Tz::Europe__Berlin, Period::Week, "%H:%M"), quarters);
        assert_eq!(begins(Tz::Asia__Kolkata, Period::Day, "%M:%S"), texts(&["00:00"]));
    }
}
