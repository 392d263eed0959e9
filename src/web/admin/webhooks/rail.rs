//! What stands beside a webhook's form: its newest deliveries and jobs, and its last two weeks.

use crate::clock;
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::chart::Chart;
use crate::web::admin::kit::column::Badge;
use crate::web::admin::kit::resource::{RailList, RailRow};
use crate::web::urls;
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

/// The lists.
pub(super) async fn of(conn: &mut Conn, row: &Row) -> store::Result<Vec<RailList>> {
    let id = WebhookId(row.id);
    let span = two_weeks(clock::now());
    let buckets = stats::of_webhook(conn, id, span, DAY_S).await?;
    let mut lists = vec![received(conn, row).await?, made(conn, id).await?];
    if !buckets.is_empty() {
        lists.push(weeks(id, span, &buckets));
    }
    Ok(lists)
}

/// Two weeks of whole days in UTC, up to the end of today.
fn two_weeks(now: DateTime<Utc>) -> Span {
    let end = (now.date_naive() + TimeDelta::days(1)).and_time(NaiveTime::MIN).and_utc();
    (end - TimeDelta::days(DAYS), end)
}

pub(super) fn weeks(id: WebhookId, span: Span, buckets: &[Bucket]) -> RailList {
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
        more: ("All", list(span, None)),
        empty: "",
        rows: Vec::new(),
        chart: Some(Chart::stacked(SIZE, buckets, (span, DAY_S), href)),
    }
}

async fn received(conn: &mut Conn, row: &Row) -> store::Result<RailList> {
    let newest = deliveries::of_webhook(conn, row.project_id, &row.object_kind, NEWEST).await?;
    let id = row.project_id.to_string();
    let query = [("project_id", id.as_str()), ("object_kind", row.object_kind.as_str())];
    Ok(RailList {
        title: "Deliveries",
        more: ("All", urls::with_query(&urls::deliveries(), &query)),
        empty: if row.is_pending() {
            "None yet. The Test is the first."
        } else {
            "Nothing received yet."
        },
        rows: newest
            .into_iter()
            .map(|delivery| RailRow {
                badge: Badge::verdict(delivery.verdict),
                href: urls::object("hooks", "delivery", &delivery.id),
                at: At(delivery.received_at),
            })
            .collect(),
        chart: None,
    })
}

async fn made(conn: &mut Conn, id: WebhookId) -> store::Result<RailList> {
    let newest = jobs::of_webhook(conn, id, NEWEST).await?;
    Ok(RailList {
        title: "Jobs",
        more: ("All", urls::with_query(&urls::jobs(), &[("webhook", &id.to_string())])),
        empty: "No jobs yet. A matched delivery creates one.",
        rows: newest
            .into_iter()
            .map(|job| RailRow {
                badge: Badge::job(job.state),
                href: urls::object("hooks", "job", &job.id),
                at: At(job.queued_at),
            })
            .collect(),
        chart: None,
    })
}
