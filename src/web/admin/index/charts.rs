//! The start page's two charts: deliveries by verdict and ended jobs by state.

use crate::web::admin::jobs::chart::{Chart, Source, draw_chart};
use crate::web::admin::jobs::stats::draw_ended_jobs;
use crate::web::admin::kit::filter::{BEFORE, FROM, moment_text};
use crate::web::urls;
use chrono::{DateTime, Utc};
use signalbox_core::chart::Period;
use signalbox_core::verdict::Verdict;
use signalbox_store::overview::Counts;
use signalbox_store::stats::Span;

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
        during: period.label(),
        href: &deliveries_url,
    };
    let ended = counts.iter().map(|counts| counts.jobs.into()).collect();
    [
        draw_chart(period, bounds, &deliveries),
        draw_ended_jobs("jobs", (period, period.label()), bounds, ended, &[]),
    ]
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
