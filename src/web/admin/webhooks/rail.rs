//! What stands beside a webhook's form: its newest deliveries and jobs, and its last two weeks.

use crate::clock;
use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::jobs::badges::job_badge;
use crate::web::admin::jobs::chart::Chart;
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::fragment::Fragment;
use crate::web::filters;
use crate::web::urls;
use askama::Template;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use signalbox_core::ids::WebhookId;
use signalbox_store::stats::{self, Bucket, Span};
use signalbox_store::webhooks::Row;
use signalbox_store::{self as store, Conn, deliveries, jobs};

/// Rows of a list.
const NEWEST: i64 = 8;

/// Days of the chart, today included.
const DAYS: i64 = 14;

/// The chart's size.
const SIZE: (i64, i64) = (280, 64);

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// All of it.
#[derive(Template)]
#[template(path = "admin/webhooks/_rail.html")]
struct Rail {
    lists: Vec<RailList>,
    now: DateTime<Utc>,
}

/// A list beside the form.
pub(super) struct RailList {
    /// Its title.
    title: &'static str,
    /// All of them.
    all: String,
    /// What to say when it is empty.
    empty: &'static str,
    /// Its rows.
    rows: Vec<RailRow>,
    /// Bars in the place of rows.
    chart: Option<Chart>,
}

/// A row of a list beside the form.
struct RailRow {
    /// A state.
    badge: Badge,
    /// Where it leads.
    href: String,
    /// When.
    at: At,
}

/// Draws the lists.
pub(super) fn draw_rail(lists: Vec<RailList>, now: DateTime<Utc>) -> Fragment {
    Fragment::from_template(&Rail { lists, now })
}

/// The lists, drawn.
pub(super) async fn load_rail(conn: &mut Conn, row: &Row) -> store::Result<Fragment> {
    let (id, now) = (WebhookId(row.id), clock::now());
    let span = two_weeks(now);
    let buckets = stats::of_webhook(conn, id, span, DAY_S).await?;
    let mut lists = vec![received_list(conn, row).await?, jobs_list(conn, id).await?];
    if !buckets.is_empty() {
        lists.push(draw_weeks(id, span, &buckets));
    }
    Ok(draw_rail(lists, now))
}

/// Two weeks of whole days in UTC, up to the end of today.
fn two_weeks(now: DateTime<Utc>) -> Span {
    let end = (now.date_naive() + TimeDelta::days(1)).and_time(NaiveTime::MIN).and_utc();
    (end - TimeDelta::days(DAYS), end)
}

pub(super) fn draw_weeks(id: WebhookId, span: Span, buckets: &[Bucket]) -> RailList {
    let webhook = id.0.to_string();
    let list = |(from, to): Span, state: Option<&str>| {
        let ended = format!("{}-{}", from.timestamp(), to.timestamp());
        let mut pairs = vec![("webhook", webhook.as_str()), ("ended", ended.as_str())];
        pairs.extend(state.map(|state| ("state", state)));
        urls::with_query(&urls::jobs(), &pairs)
    };
    let href = |span: Span, state: signalbox_core::job::JobState| list(span, Some(state.as_str()));
    RailList {
        title: "14 days",
        all: list(span, None),
        empty: "",
        rows: Vec::new(),
        chart: Some(Chart::stack_bars(SIZE, buckets, (span, DAY_S), href)),
    }
}

async fn received_list(conn: &mut Conn, row: &Row) -> store::Result<RailList> {
    let newest = deliveries::of_webhook(conn, row.project_id, &row.object_kind, NEWEST).await?;
    let id = row.project_id.to_string();
    let query = [("project_id", id.as_str()), ("object_kind", row.object_kind.as_str())];
    Ok(RailList {
        title: "Deliveries",
        all: urls::with_query(&urls::deliveries(), &query),
        empty: if row.is_pending() {
            "None yet. The Test is the first."
        } else {
            "Nothing received yet."
        },
        rows: newest
            .into_iter()
            .map(|delivery| RailRow {
                badge: verdict_badge(delivery.verdict),
                href: urls::object("hooks", "delivery", &delivery.id),
                at: At(delivery.received_at),
            })
            .collect(),
        chart: None,
    })
}

async fn jobs_list(conn: &mut Conn, id: WebhookId) -> store::Result<RailList> {
    let newest = jobs::of_webhook(conn, id, NEWEST).await?;
    Ok(RailList {
        title: "Jobs",
        all: urls::with_query(&urls::jobs(), &[("webhook", &id.to_string())]),
        empty: "No jobs yet. A matched delivery creates one.",
        rows: newest
            .into_iter()
            .map(|job| RailRow {
                badge: job_badge(job.state),
                href: urls::object("hooks", "job", &job.id),
                at: At(job.queued_at),
            })
            .collect(),
        chart: None,
    })
}
