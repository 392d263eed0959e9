//! Samples of the pages of workers, statistics and the question before a cancel.

use super::super::jobs::{act::CancelPage, stats};
use super::super::kit::frame::Frame;
use super::super::workers;
use super::LONG;
use askama::Template;

pub(super) fn samples() -> Vec<(String, String)> {
    let cancel =
        CancelPage { frame: Frame::sample("Cancel"), what: LONG, back: "/admin/".to_owned() };
    [
        ("statistics, none", stats::sample(false).render()),
        ("statistics", stats::sample(true).render()),
        ("workers, none", workers::sample(false).render()),
        ("workers", workers::sample(true).render()),
        ("cancel", cancel.render()),
    ]
    .map(|(name, html)| (name.to_owned(), html.unwrap()))
    .into()
}
