//! The start page's two charts: deliveries by verdict and ended jobs by state.

use crate::web::admin::jobs::chart::{Chart, Source, draw_chart};
use crate::web::admin::jobs::stats::draw_ended_jobs;
use crate::web::admin::kit::filter::{BEFORE, FROM};
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
    let moment = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M").to_string();
    let (from, to) = (moment(span.0), moment(span.1));
    let (since, before) = (format!("received{FROM}"), format!("received{BEFORE}"));
    let times = [(since.as_str(), from.as_str()), (before.as_str(), to.as_str())];
    let verdict = verdict.map(|verdict| ("verdict", verdict));
    let pairs: Vec<_> = verdict.into_iter().chain(times).collect();
    urls::with_query(&urls::deliveries(), &pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_axis_and_lead_to_the_rows_of_their_time() {
        let now = "2026-11-29T09:24:39Z".parse().unwrap();
        let bounds = Period::Day.bounds(now);
        let mut counts = vec![Counts { deliveries: [0; 8], jobs: [0; 4] }; 24];
        counts[23].deliveries = [12, 0, 3, 0, 0, 0, 0, 0];
        counts[0].jobs = [1, 1, 0, 0];
        let [deliveries, jobs] = draw_charts(Period::Day, &bounds, &counts);
        let [bar] = deliveries.bars.as_slice() else { panic!("one hour has deliveries") };
        assert_eq!(bar.title, "2026-11-29 09:00 to 10:00\n12 matched\n3 unmatched");
        assert_eq!(bar.parts, [("matched", 58, 62), ("unmatched", 43, 15)]);
        assert_eq!((bar.column.0.as_str(), bar.cut.is_none()), ("95.818%", true));
        let list = "/admin/hooks/delivery/?received__gte=2026-11-29T09%3A00&received__lt=2026-11-29T10%3A00";
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
}
