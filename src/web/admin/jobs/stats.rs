//! What jobs did in a period: a chart of how many ended, waits and runs by webhook, and why they
//! failed. Every number leads to the list of the jobs behind it, narrowed to the same moments.

use super::chart::{Chart, Number, Source, count_by_bar, draw_chart, linked};
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::at::seconds_text;
use crate::web::admin::kit::frame::Frame;
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::chart::Period;
use signalbox_i18n::{say, t, to_local};
use signalbox_store::overview::ENDED;
use signalbox_store::stats::{self, Bucket, Failures, Span, WebhookStats};
use std::cmp::Reverse;

/// The page.
#[derive(Template)]
#[template(path = "admin/jobs/stats.html")]
pub struct StatsPage {
    /// The page's frame.
    pub frame: Frame,
    /// What can be looked at: name, address, whether it is.
    pub periods: Vec<(&'static str, String, bool)>,
    /// When how many ended, and how.
    pub chart: Chart,
    /// By webhook.
    pub webhooks: Vec<WebhookStatsView>,
    /// Why jobs failed, by webhook: its name, the reason in words, how many.
    pub failures: Vec<(String, String, Number)>,
}

/// One webhook's numbers.
pub struct WebhookStatsView {
    /// Its name.
    pub label: String,
    /// Its numbers, each with its column's name.
    pub numbers: Vec<(&'static str, Number)>,
}

/// GET the page: `?period=24h`, `7d` or `30d`.
///
/// # Errors
/// The database (503).
pub async fn show_stats(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let asked = url::form_urlencoded::parse(ctx.query().as_bytes())
        .find(|(name, _)| name == "period")
        .map(|(_, value)| value.into_owned());
    let period = asked.as_deref().and_then(Period::parse).unwrap_or(Period::Day);
    let bounds = period.bounds(&to_local(clock::now()));
    let span = whole(&bounds);
    let mut conn = ctx.get_conn().await?;
    let buckets = stats::load_throughput(&mut conn, &bounds).await?;
    let webhooks = stats::webhook_stats(&mut conn, span).await?;
    let failures = stats::list_failures(&mut conn, span).await?;
    let frame = ctx.new_frame(t("Job statistics")).with_crumb(t("Jobs"), urls::jobs());
    render_page(&draw_stats(frame, (period, &bounds), &buckets, (&webhooks, &failures)))
}

/// Draws the page.
pub fn draw_stats(
    frame: Frame,
    (period, bounds): (Period, &[DateTime<Utc>]),
    buckets: &[Bucket],
    (webhooks, failures): (&[WebhookStats], &[Failures]),
) -> StatsPage {
    let span = whole(bounds);
    let numbers = count_by_bar(buckets, bounds.len() - 1);
    StatsPage {
        frame,
        periods: Period::ALL
            .map(|known| {
                let href = urls::with_query(urls::job_stats(), &[("period", known.as_str())]);
                (known.label(), href, known == period)
            })
            .into(),
        chart: draw_ended_jobs("jobs", (period, period.label()), bounds, numbers, &[]),
        webhooks: webhooks.iter().map(|webhook| webhook_view(webhook, span)).collect(),
        failures: webhooks
            .iter()
            .filter(|webhook| webhook.failed > 0)
            .flat_map(|webhook| failure_rows(webhook, failures, span))
            .collect(),
    }
}

fn webhook_view(webhook: &WebhookStats, span: Span) -> WebhookStatsView {
    let id = webhook.webhook_id.unwrap_or_default().to_string();
    let of = |more: &[(&str, &str)]| {
        let pairs = [&[("webhook", id.as_str())], more].concat();
        job_list_url(span, &pairs)
    };
    let time = |seconds: Option<f64>| match seconds {
        Some(seconds) => Number { text: seconds_text(seconds), href: Some(of(&[])) },
        None => Number { text: "—".to_owned(), href: None },
    };
    WebhookStatsView {
        label: webhook.label.clone(),
        numbers: vec![
            ("Ended", linked(webhook.ended, of(&[]))),
            ("Failed", linked(webhook.failed, of(&[("state", "failed")]))),
            ("Wait p50", time(webhook.wait_p50)),
            ("Wait p95", time(webhook.wait_p95)),
            ("Run p50", time(webhook.run_p50)),
            ("Run p95", time(webhook.run_p95)),
        ],
    }
}

/// Why jobs of this webhook failed, the most frequent first.
fn failure_rows(
    webhook: &WebhookStats,
    failures: &[Failures],
    span: Span,
) -> Vec<(String, String, Number)> {
    let id = webhook.webhook_id.unwrap_or_default().to_string();
    let mut of: Vec<&Failures> =
        failures.iter().filter(|f| f.webhook_id == webhook.webhook_id).collect();
    of.sort_by_key(|f| Reverse(f.jobs));
    let row = |f: &Failures| {
        let query = [("webhook", id.as_str()), ("state", "failed"), ("reason", &f.reason)];
        let number = linked(f.jobs, job_list_url(span, &query));
        (webhook.label.clone(), reason_words(&f.reason), number)
    };
    of.into_iter().map(row).collect()
}

/// A reason's word as people say it.
fn reason_words(reason: &str) -> String {
    match reason.split_once(':') {
        Some(("exit", code)) => say!("exit code {code}", code = code),
        Some(("signal", signal)) => say!("signal {signal}", signal = signal),
        Some(("http", status)) => format!("HTTP {status}"),
        _ => match reason {
            "timed_out" => t("timeout").to_owned(),
            "lost" => t("worker lost").to_owned(),
            "other" => t("not started").to_owned(),
            word => word.to_owned(),
        },
    }
}

/// The chart of the jobs that ended, by state; `narrowed` says which, as their list does. `during` is
/// how far back it looks, in words.
pub fn draw_ended_jobs(
    name: &'static str,
    (period, during): (Period, &'static str),
    bounds: &[DateTime<Utc>],
    numbers: Vec<Vec<i64>>,
    narrowed: &[(&str, &str)],
) -> Chart {
    let source = Source {
        name,
        title: "Ended jobs",
        states: ENDED.map(|state| (state.as_str(), state.label())).into(),
        numbers,
        nothing: "No jobs ended in {period}",
        during,
        href: &|span, state| {
            let state = state.map(|state| ("state", state));
            job_list_url(span, &narrowed.iter().copied().chain(state).collect::<Vec<_>>())
        },
    };
    draw_chart(period, bounds, &source)
}

/// From the first of these moments to the last.
fn whole(bounds: &[DateTime<Utc>]) -> Span {
    let edge = |at: Option<&DateTime<Utc>>| at.copied().unwrap_or_default();
    (edge(bounds.first()), edge(bounds.last()))
}

/// The list of the jobs that ended in this span, narrowed further.
pub fn job_list_url(span: Span, more: &[(&str, &str)]) -> String {
    let (from, to) = span;
    let ended = format!("{}-{}", from.timestamp(), to.timestamp());
    urls::with_query(&urls::jobs(), &[more, &[("ended", ended.as_str())]].concat())
}

/// The page with nothing in it, or something of everything.
#[cfg(test)]
pub fn sample_stats(full: bool) -> StatsPage {
    let bounds: Vec<_> =
        (0..=24).map(|hour| DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hour)).collect();
    let bucket = |part, state: &str, jobs| Bucket { part, state: state.to_owned(), jobs };
    let buckets = [bucket(0, "succeeded", 50), bucket(0, "failed", 1), bucket(23, "failed", 2)];
    let webhook = WebhookStats {
        webhook_id: Some(7),
        label: "<script>".to_owned(),
        ended: 53,
        failed: 3,
        wait_p50: Some(0.035),
        wait_p95: Some(1.5),
        run_p50: Some(184.0),
        run_p95: None,
    };
    let failures = [Failures { webhook_id: Some(7), reason: "exit:3".to_owned(), jobs: 3 }];
    let all: (&[Bucket], &[WebhookStats], &[Failures]) =
        if full { (&buckets, &[webhook], &failures) } else { (&[], &[], &[]) };
    let frame = crate::web::admin::context::sample_frame("Job statistics");
    draw_stats(frame, (Period::Day, &bounds), all.0, (all.1, all.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_each_other_and_every_number_leads_to_its_rows() {
        let page = sample_stats(true);
        let [first, last] = page.chart.bars.as_slice() else { panic!("two hours have jobs") };
        assert_eq!(first.title, "1970-01-01 00:00 to 01:00\n50 succeeded\n1 failed");
        let hrefs: Vec<_> = first.numbers.iter().map(|number| number.href.as_deref()).collect();
        let of = |state: &str| format!("/admin/hooks/job/?state={state}&ended=0-3600");
        assert_eq!(hrefs, [Some(&*of("succeeded")), Some(&*of("failed"))]);
        assert_eq!((last.total.text.as_str(), page.chart.total.text.as_str()), ("2", "53"));
        let [(_, reason, number)] = page.failures.as_slice() else { panic!("one webhook failed") };
        let href = "/admin/hooks/job/?webhook=7&state=failed&reason=exit%3A3&ended=0-86400";
        assert_eq!(number, &Number { text: "3".into(), href: Some(href.into()) });
        assert_eq!(reason, "exit code 3");
    }
}
