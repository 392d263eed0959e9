//! Jobs in the panel: the list. One job's page is `page.rs`, its buttons `act.rs`, its attempts
//! `attempt.rs`, their output as lines `log.rs`, as text `raw.rs`, sent while it is printed
//! `events.rs`; how a person wants to see it `view.rs`.

pub mod act;
pub mod attempt;
pub mod badges;
mod bulk;
pub mod chart;
pub mod dots;
pub mod events;
pub mod log;
pub mod page;
pub mod raw;
pub mod stats;
pub mod told;
pub mod view;
pub mod waits;

use super::change::{change_cell, place_cell};
use super::context::{Meta, Signalbox};
use super::kit::at::{At, span_text};
use super::kit::column::{Bit, Cell, Column, Width};
use super::kit::filter::{BadChoice, Choices, FilterSpec, WITHIN, parse_within};
use super::kit::listing::{Empty, Listing, Paging, join_name};
use super::kit::resource::Resource;
use crate::web::admin::jobs::badges::job_badge;
use crate::web::urls;
use chrono::DateTime;
use signalbox_core::ids::{DeliveryId, JobId};
use signalbox_core::job::JobState;
use signalbox_core::listing::{Counts, ListQuery, Page, Part};
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_store::jobs::{Filter, Row, Sort};
use signalbox_store::{self as store, Conn, jobs};

/// The resource.
pub struct Jobs;

static META: Meta = Meta {
    actions: bulk::ACTIONS,
    acting: Some(Permission::Operate),
    ..Meta::new("hooks", "job", ["job", "jobs", "Jobs"], Permission::View)
};

static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    optional: &["finished_at", "requested_by", "error"],
    filters: FILTERS,
    search: "webhook, repository, title, ref, action, error, user and IDs of the newest 50,000 jobs, or of those before a day you choose",
    paging: Paging::Keyset(50),
    default_order: &[],
    id: |row| row.job.id.clone(),
    place: |text| text.parse::<JobId>().ok().map(|id| id.to_string()),
    name: job_name,
    page: |row| urls::object("hooks", "job", &row.job.id),
    group: None,
    empty: Empty {
        title: "No jobs yet",
        steps: &[
            "Add a webhook. Each delivery that matches it creates a job.",
            "Push to its repository, or press Test in GitLab. The job appears here within a second.",
        ],
    },
};

fn job_name(row: &Row) -> String {
    let job = &row.job;
    join_name(&[&job.webhook_label, &job.repo_name, &At(job.queued_at).absolute()])
}

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "state",
        label: "State",
        width: Width::Fit,
        cell: |row| {
            let (n, max) = (row.job.attempts, row.job.most_attempts());
            let attempts = say!("Attempt {n} of {max}", n = n, max = max);
            Bit::Badge(job_badge(row.job.state)).stack_over(Bit::Text(attempts))
        },
        sort: None,
    },
    Column {
        key: "webhook",
        label: "Webhook",
        width: Width::Fit,
        cell: |row| {
            Bit::from_text(row.job.webhook_label.clone())
                .stack_over(Bit::from_code(&row.job.action))
        },
        sort: None,
    },
    Column {
        key: "repository",
        label: "Repository",
        width: Width::Fit,
        cell: |row| place_cell(&row.job.repo_name, &row.job.git_ref),
        sort: None,
    },
    Column { key: "title", label: "Title", width: Width::Grow, cell: title_cell, sort: None },
    Column {
        key: "queued_at",
        label: "Queued",
        width: Width::Fit,
        cell: |row| {
            let waited = row.job.started_at.map(|started| span_text(started - row.job.queued_at));
            let waited = waited.map(|waited| say!("waited {span}", span = waited));
            Bit::from_time(Some(row.job.queued_at))
                .stack_over(Bit::from_text(waited.unwrap_or_default()))
        },
        sort: None,
    },
    Column { key: "ran", label: "Duration", width: Width::Fit, cell: ran_cell, sort: None },
    Column {
        key: "finished_at",
        label: "Ended",
        width: Width::Fit,
        cell: |row| Bit::from_time(row.job.finished_at).into(),
        sort: None,
    },
    Column {
        key: "requested_by",
        label: "Requested by",
        width: Width::Fit,
        cell: |row| Bit::from_data(&row.job.requested_by).into(),
        sort: None,
    },
    Column {
        key: "error",
        label: "Error",
        width: Width::Fit,
        cell: |row| Bit::from_data(row.job.error.lines().next().unwrap_or_default()).into(),
        sort: None,
    },
];

/// How long it ran, and how its newest attempt ended.
fn ran_cell(row: &Row) -> Cell {
    let times = row.job.started_at.zip(row.job.finished_at);
    Bit::from_span(times.map(|(started, finished)| finished - started))
        .stack_over(Bit::from_text(ending_text(row)))
}

/// How its newest attempt's program ended, in short; empty = there is none.
pub fn ending_text(row: &Row) -> String {
    match (row.exit_code, row.signal) {
        (Some(code), _) => say!("exit {code}", code = code),
        (None, Some(signal)) => say!("signal {signal}", signal = signal),
        (None, None) => String::new(),
    }
}

fn title_cell(row: &Row) -> Cell {
    change_cell(&row.job.title, &row.sha, row.person())
}

const FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "state",
        label: "State",
        choices: Choices::Tabs(&[
            ("queued", "Queued"),
            ("scheduled", "Scheduled"),
            ("running", "Running"),
            ("succeeded", "Succeeded"),
            ("retrying", "Retrying"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
            ("superseded", "Superseded"),
        ]),
        apply: |filter, value| {
            filter.state = Some(JobState::parse(value).ok_or(BadChoice)?);
            Ok(())
        },
    },
    FilterSpec::over_times("queued", "Queued", |filter| &mut filter.queued),
    FilterSpec {
        param: "finished",
        label: "Ended",
        choices: Choices::Fixed(WITHIN),
        apply: |filter, value| {
            filter.finished_within = Some(parse_within(value)?);
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
    FilterSpec {
        param: "delivery",
        label: "Delivery",
        choices: Choices::Open,
        apply: |filter, value| {
            let id: DeliveryId = value.parse().map_err(|_| BadChoice)?;
            filter.delivery = Some(id.to_string());
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
        param: "ended",
        label: "Ended",
        choices: Choices::Open,
        apply: |filter, value| {
            let (from, to) = value.split_once('-').ok_or(BadChoice)?;
            let moment = |text: &str| DateTime::from_timestamp(text.parse().ok()?, 0);
            filter.ended = Some(moment(from).zip(moment(to)).ok_or(BadChoice)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "reason",
        label: "Reason",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.reason = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "action",
        label: "Action",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.action = Some(value.to_owned());
            Ok(())
        },
    },
];

impl Resource for Jobs {
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
        jobs::list_jobs(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<Sort, Filter>,
        tabs: bool,
    ) -> store::Result<Counts> {
        jobs::count_jobs(conn, tabs).await
    }

    async fn select_ids(
        conn: &mut Conn,
        query: &ListQuery<Sort, Filter>,
        up_to: Option<&str>,
        part: &Part,
        limit: i64,
    ) -> store::Result<Vec<String>> {
        jobs::select_ids(conn, query, up_to, part, limit).await
    }
}
