//! Deliveries in the panel: the list. One delivery's page is `page.rs`.

pub mod badges;
pub mod body;
mod bulk;
pub mod matching;
pub mod page;
pub mod request;
pub mod steps;
pub mod take_over;
pub mod tree;
pub mod unmatched;

use super::change::{change_cell, place_cell};
use super::context::{AdminContext, Meta, Signalbox};
use super::kit::at::At;
use super::kit::column::{Bit, Cell, Column, Width};
use super::kit::filter::{BadChoice, Choices, FilterSpec};
use super::kit::listing::{Empty, Listing, Paging, join_name};
use super::kit::resource::{Remarks, Resource};
use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::jobs::badges::job_badge;
use crate::web::urls;
use signalbox_core::ids::DeliveryId;
use signalbox_core::listing::{Counts, ListQuery, Page};
use signalbox_core::role::Permission;
use signalbox_core::source::Source;
use signalbox_core::verdict::{Endpoint, Verdict};
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::deliveries::{Filter, Row, Sort};
use signalbox_store::{self as store, Conn, deliveries};

/// The resource.
pub struct Deliveries;

static META: Meta = Meta {
    actions: bulk::ACTIONS,
    acting: Some(Permission::Operate),
    tools: &[("Replays", urls::replays()), ("Unmatched by repository", urls::unmatched())],
    ..Meta::new("hooks", "delivery", ["delivery", "deliveries", "Deliveries"], Permission::View)
};

static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    optional: &["user", "project_id", "remote_addr"],
    filters: FILTERS,
    search: "repository, title, ref, commit, event, user, reason, delivery ID and job ID of the newest 50,000 deliveries, or of those before a day you choose",
    paging: Paging::Keyset(50),
    default_order: &[],
    id: |row| row.delivery.id.clone(),
    place: |text| text.parse::<DeliveryId>().ok().map(|id| id.to_string()),
    name: delivery_name,
    page: |row| urls::object("hooks", "delivery", &row.delivery.id),
    group: None,
    empty: Empty {
        title: "No deliveries yet",
        steps: &[
            "Add a webhook. Enter its URL and secret in GitLab, under Settings, then Webhooks.",
            "Press Test in GitLab. Each delivery appears here, with its verdict and the reason.",
        ],
    },
};

fn delivery_name(row: &Row) -> String {
    let delivery = &row.delivery;
    let at = At(delivery.received_at).absolute();
    // A delivery of many webhooks is named after the first.
    let webhook = row.jobs.first().map_or("", |job| job.webhook_label.as_str());
    join_name(&[webhook, &delivery.repo_name, &delivery.event, &at])
}

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "received_at",
        label: "Received",
        width: Width::Fit,
        cell: |row| Bit::from_time(Some(row.delivery.received_at)).into(),
        sort: None,
    },
    Column {
        key: "verdict",
        label: "Verdict",
        width: Width::Fit,
        cell: |row| {
            let status = match page::made_how(&row.delivery) {
                Some(how) => t(how).to_owned(),
                None => format!("HTTP {}", row.delivery.http_status),
            };
            Bit::Badge(verdict_badge(row.delivery.verdict)).stack_over(Bit::Text(status))
        },
        sort: None,
    },
    Column {
        key: "event",
        label: "Event",
        width: Width::Fit,
        cell: |row| {
            Bit::from_text(row.delivery.event.clone())
                .stack_over(Bit::from_code(&row.delivery.object_kind))
        },
        sort: None,
    },
    Column {
        key: "repository",
        label: "Repository",
        width: Width::Fit,
        cell: |row| place_cell(&row.delivery.repo_name, &row.delivery.git_ref),
        sort: None,
    },
    Column {
        key: "title",
        label: "Title",
        width: Width::Grow,
        cell: |Row { delivery, .. }| {
            change_cell(&delivery.title, &delivery.sha, &delivery.user_name)
        },
        sort: None,
    },
    Column { key: "jobs", label: "Job", width: Width::Fit, cell: jobs_cell, sort: None },
    Column {
        key: "user",
        label: "User",
        width: Width::Fit,
        cell: |Row { delivery, .. }| {
            Bit::from_data(&delivery.user_name).stack_over(Bit::from_data(&delivery.user_email))
        },
        sort: None,
    },
    Column {
        key: "project_id",
        label: "Project ID",
        width: Width::Fit,
        cell: |row| {
            let id = row.delivery.project_id;
            id.map_or(Bit::Empty, |id| Bit::Digits(id.to_string())).into()
        },
        sort: None,
    },
    Column {
        key: "remote_addr",
        label: "IP address",
        width: Width::Fit,
        cell: |row| Bit::from_code(&row.delivery.remote_addr).into(),
        sort: None,
    },
];

fn jobs_cell(row: &Row) -> Cell {
    let Some(job) = row.jobs.first() else { return Bit::Empty.into() };
    let href = urls::object("hooks", "job", &job.id);

    Bit::BadgeLink(job_badge(job.state), href).stack_over(Bit::from_text(match row.jobs.len() {
        1 => job.webhook_label.clone(),
        all => say!("{name} and {n} more", name = job.webhook_label, n = all - 1),
    }))
}

const FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "verdict",
        label: "Verdict",
        choices: Choices::Tabs(&[
            ("matched", "Matched"),
            ("registered", "Registered"),
            ("unmatched", "Unmatched"),
            ("filtered", "Filtered"),
            ("disabled", "Disabled"),
            ("rejected", "Rejected"),
            ("duplicate", "Duplicate"),
            ("paused", "Paused"),
        ]),
        apply: |filter, value| {
            filter.verdict = Some(Verdict::parse(value).ok_or(BadChoice)?);
            Ok(())
        },
    },
    FilterSpec::over_times("received", "Received", |filter| &mut filter.received),
    FilterSpec {
        param: "event",
        label: "Event",
        choices: Choices::Fixed(&[
            ("Push Hook", "Push Hook"),
            ("Tag Push Hook", "Tag Push Hook"),
            ("Merge Request Hook", "Merge Request Hook"),
            ("Pipeline Hook", "Pipeline Hook"),
            ("Job Hook", "Job Hook"),
            ("Issue Hook", "Issue Hook"),
            ("Note Hook", "Note Hook"),
            ("Release Hook", "Release Hook"),
            ("System Hook", "System Hook"),
        ]),
        apply: |filter, value| {
            filter.event = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "object_kind",
        label: "Object kind",
        choices: Choices::Fixed(&[
            ("push", "push"),
            ("tag_push", "tag_push"),
            ("merge_request", "merge_request"),
            ("pipeline", "pipeline"),
            ("build", "build"),
            ("issue", "issue"),
            ("note", "note"),
            ("release", "release"),
        ]),
        apply: |filter, value| {
            filter.object_kind = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "endpoint",
        label: "Endpoint",
        choices: Choices::Fixed(&[("main", "Main"), ("register", "Registration")]),
        apply: |filter, value| {
            filter.endpoint = Some(Endpoint::parse(value).ok_or(BadChoice)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "source",
        label: "Source",
        choices: Choices::Fixed(&[
            ("gitlab", "GitLab"),
            ("log", "GitLab’s log"),
            ("catch_up", "Catch-up"),
            ("replay", "Replay"),
            ("hand", "Manual"),
        ]),
        apply: |filter, value| {
            filter.source = Some(Source::parse(value).ok_or(BadChoice)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "http_status",
        label: "HTTP status",
        choices: Choices::Fixed(&[
            ("202", "202: accepted"),
            ("200", "200: nothing to do"),
            ("401", "401: not authentic"),
            ("400", "400: unreadable"),
            ("413", "413: too large"),
            ("415", "415: wrong media type"),
        ]),
        apply: |filter, value| {
            let status = value.parse::<u16>().ok().filter(|status| (100..600).contains(status));
            filter.http_status = Some(status.ok_or(BadChoice)?.into());
            Ok(())
        },
    },
    FilterSpec {
        param: "replay_run",
        label: "Bulk replay",
        choices: Choices::Open,
        apply: |filter, value| {
            let id: DeliveryId = value.parse().map_err(|_| BadChoice)?;
            filter.run = Some(id.to_string());
            Ok(())
        },
    },
    FilterSpec {
        param: "project_id",
        label: "Project ID",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.project_id = Some(value.parse().map_err(|_| BadChoice)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "repo_name",
        label: "Repository",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.repo_name = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "webhook",
        label: "Webhook",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.webhook = Some(value.parse().map_err(|_| BadChoice)?);
            Ok(())
        },
    },
];

impl Resource for Deliveries {
    type Site = Signalbox;
    type Row = Row;
    type Sort = Sort;
    type Filter = Filter;

    const META: &'static Meta = &META;
    const LISTING: &'static Listing<Row, Sort, Filter> = &LISTING;

    async fn fetch_page(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
    ) -> store::Result<Page<Row>> {
        deliveries::list_deliveries(conn, query).await
    }

    async fn load_remarks(ctx: &AdminContext, _: &mut Conn, _: &[Row]) -> store::Result<Remarks> {
        let keep = ctx.deps().retention;
        let (body, rows) = (keep.body.num_days(), keep.delivery.num_days());
        let below = say!(
            "Retention: bodies {body} days, deliveries {rows} days.",
            body = body,
            rows = rows
        );
        Ok(Remarks { below: Some(below), ..Remarks::default() })
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<Sort, Filter>,
        tabs: bool,
    ) -> store::Result<Counts> {
        deliveries::count_deliveries(conn, tabs).await
    }
}
