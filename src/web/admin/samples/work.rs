//! Samples of the pages of workers, statistics and the question before a cancel.

use super::super::jobs::{act::CancelPage, stats};
use super::super::webhooks::{import, payload};
use super::super::workers;
use super::{LONG, ODD};
use askama::Template;

pub(super) fn sample_pages() -> Vec<(String, String)> {
    let cancel = CancelPage {
        frame: crate::web::admin::context::sample_frame("Cancel"),
        what: LONG,
        back: "/admin/".to_owned(),
    };
    let imports =
        import::sample_pages(ODD).into_iter().zip(["none", "yaml", "wrong", "plan", "faulty"]);
    let imports = imports.map(|(page, state)| (format!("import, {state}"), page.render().unwrap()));
    let payloads = payload::sample_pages(ODD).into_iter().zip(["none", "wrong"]);
    let payloads =
        payloads.map(|(page, state)| (format!("payload, {state}"), page.render().unwrap()));
    let others = [
        ("statistics, none", stats::sample_stats(false).render()),
        ("statistics", stats::sample_stats(true).render()),
        ("workers, none", workers::sample_workers(false).render()),
        ("workers", workers::sample_workers(true).render()),
        ("cancel", cancel.render()),
    ]
    .map(|(name, html)| (name.to_owned(), html.unwrap()));
    imports.chain(payloads).chain(others).collect()
}

#[test]
fn webhooks_out_of_files_and_payloads_are_chinese_in_chinese() {
    super::chinese::assert_chinese(|| {
        sample_pages()
            .into_iter()
            .filter(|(name, _)| name.starts_with("import") || name.starts_with("payload"))
            .collect()
    });
}
