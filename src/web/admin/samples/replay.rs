//! Samples of the pages of replays and of a webhook's test.

use super::super::replay::{self, ReplayPage, many, rehearsal, run};
use super::super::webhooks::test;
use super::rows::sample_delivery;
use super::{LONG, ODD};
use askama::Template;
use signalbox_core::verdict::Verdict;

pub(super) fn sample_pages() -> Vec<(String, String)> {
    let one = |obstacle, outcome: Option<replay::Outcome>, may_replay| {
        ReplayPage {
            frame: crate::web::admin::context::sample_frame(ODD),
            delivery: sample_delivery(Verdict::Duplicate),
            is_duplicate: true,
            obstacle,
            is_forced: outcome.is_none(),
            webhooks: vec![("7".to_owned(), ODD.to_owned(), true)],
            outcome,
            may_replay,
            once: "01M87VREQA18WSHF0ZZCJA3NJ8".to_owned(),
            back: "/admin/".to_owned(),
        }
        .render()
        .unwrap()
    };
    let outcome = |refused| replay::sample_outcome(rehearsal::sample_runs(ODD), refused);
    let mut samples = vec![
        ("replay, not possible", one(Some(LONG), None, true)),
        ("replay, nothing chosen", one(None, None, true)),
        ("replay", one(None, Some(outcome(false)), true)),
        ("replay, refused", one(None, Some(outcome(true)), true)),
        ("replay, only looked at", one(None, Some(outcome(false)), false)),
        ("plan", many::sample_plan(ODD).render().unwrap()),
    ];
    for (state, name, list) in [
        ("running", "bulk replay", "runs of replays"),
        ("finished", "run of replays, finished", "runs of replays, finished"),
        ("stopped", "run of replays, stopped", "runs of replays, stopped"),
    ] {
        let (page, runs) = run::sample_run(state, ODD);
        samples.extend([(name, page.render().unwrap()), (list, runs.render().unwrap())]);
    }
    let runs = || rehearsal::sample_runs(ODD);
    for (number, page) in test::sample_pages(ODD, runs).into_iter().enumerate() {
        samples.push((
            ["test", "test, pasted", "test, off", "test, not now"][number],
            page.render().unwrap(),
        ));
    }
    samples.into_iter().map(|(name, html)| (name.to_owned(), html)).collect()
}

#[test]
fn replays_and_tests_are_chinese_in_chinese() {
    super::chinese::assert_chinese(sample_pages);
}
