//! The list of webhooks, described: columns, filters, search, order.

use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::jobs::badges::job_badge;
use crate::web::admin::kit::column::{Bit, Cell, Column, Switch, Width};
use crate::web::admin::kit::filter::{
    BadChoice, Choices, FilterSpec, YES_NO, parse_within, yes_no,
};
use crate::web::admin::kit::listing::{
    Empty, Group, Listing, Paging, join_name, parse_number_place,
};
use crate::web::admin::webhooks::badges::{enabled_badge, pending_badge};
use crate::web::urls;
use signalbox_core::event::repository::RepositoryUrl;
use signalbox_core::ids::WebhookId;
use signalbox_core::job::JobState;
use signalbox_core::listing::Direction;
use signalbox_core::verdict::Verdict;
use signalbox_store::webhooks::{Filter, Row, Sort};

/// The list.
pub(super) static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    optional: &["ref_filter", "updated_at", "notes"],
    filters: FILTERS,
    search: "name, repository, URL, event, action, notes and project ID",
    paging: Paging::Numbered(100),
    default_order: &[(Sort::Repository, Direction::Ascending)],
    id: |row| row.id.to_string(),
    place: parse_number_place,
    name: |row| join_name(&[&row.repo_name, &row.name, &row.http_x_gitlab_event]),
    page: |row| urls::webhook(WebhookId(row.id)),
    group: Some(Group {
        by: Sort::Repository,
        key: |row| format!("{} {}", row.repo_name, RepositoryUrl::parse(&row.repo_url)),
        title: |row| Bit::from_data(&row.repo_name).stack_over(Bit::from_code(&row.repo_url)),
        cell: own_cell,
    }),
    empty: Empty {
        title: "No webhooks yet",
        steps: &[
            "Add a webhook here: choose the repository, the event and the action.",
            "In GitLab, open the project's Settings, then Webhooks. Enter the URL and the secret from the webhook's setup page.",
            "Press Test in GitLab. The webhook takes the project ID, and every matching event runs its action.",
        ],
    },
};

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "repository",
        label: "Repository",
        width: Width::Grow,
        cell: repository_cell,
        sort: Some(Sort::Repository),
    },
    Column {
        key: "event",
        label: "Event",
        width: Width::Fit,
        cell: |row| {
            Bit::from_text(row.http_x_gitlab_event.clone())
                .stack_over(Bit::from_code(&row.object_kind))
        },
        sort: Some(Sort::Event),
    },
    Column {
        key: "project_id",
        label: "Project ID",
        width: Width::Fit,
        cell: |row| {
            if row.is_pending() {
                Bit::Badge(pending_badge()).into()
            } else {
                Bit::Digits(row.project_id.to_string()).into()
            }
        },
        sort: Some(Sort::ProjectId),
    },
    Column {
        key: "enabled",
        label: "State",
        width: Width::Fit,
        cell: |row| {
            Bit::Switch(Switch {
                badge: enabled_badge(row.enabled),
                on: row.enabled,
                name: row.label(),
                action: urls::webhook_switch(WebhookId(row.id)),
            })
            .stack_over(Bit::from_code(&row.action))
        },
        sort: Some(Sort::Enabled),
    },
    Column {
        key: "last_delivery",
        label: "Last delivery",
        width: Width::Fit,
        cell: last_delivery,
        sort: Some(Sort::LastDelivery),
    },
    Column {
        key: "last_job",
        label: "Last job",
        width: Width::Fit,
        cell: last_job,
        sort: Some(Sort::LastJob),
    },
    Column {
        key: "ref_filter",
        label: "Branches and tags",
        width: Width::Fit,
        cell: |row| Bit::from_code(&row.ref_filter.lines().collect::<Vec<_>>().join(", ")).into(),
        sort: None,
    },
    Column {
        key: "updated_at",
        label: "Changed",
        width: Width::Fit,
        cell: |row| Bit::from_time(Some(row.updated_at)).into(),
        sort: None,
    },
    Column {
        key: "notes",
        label: "Notes",
        width: Width::Fit,
        cell: |row| Bit::from_data(row.notes.lines().next().unwrap_or_default()).into(),
        sort: None,
    },
];

/// The repository, and the webhook's own name if it has one.
fn repository_cell(row: &Row) -> Cell {
    let named = match row.name.as_str() {
        "" => row.repo_name.clone(),
        name => format!("{} · {name}", row.repo_name),
    };
    Bit::from_text(named).stack_over(Bit::from_code(&row.repo_url))
}

/// Below the repository's heading: the webhook's own name, or what tells it from the others.
fn own_cell(row: &Row) -> Cell {
    let own = if row.name.is_empty() { &row.object_kind } else { &row.name };
    Bit::from_data(own)
        .stack_over(Bit::from_data(row.ref_filter.lines().collect::<Vec<_>>().join(", ")))
}

fn last_delivery(row: &Row) -> Cell {
    let badge = row.last_verdict.map(verdict_badge);
    let href = row.last_delivery_id.as_ref().map(|id| urls::object("hooks", "delivery", id));
    let badge = match (badge, href) {
        (Some(badge), Some(href)) => Bit::BadgeLink(badge, href),
        (Some(badge), None) => Bit::Badge(badge),
        (None, _) => Bit::Empty,
    };
    Bit::from_time(row.last_delivery_at).stack_over(badge)
}

fn last_job(row: &Row) -> Cell {
    match (row.last_job_state, &row.last_job_id) {
        (Some(state), Some(id)) => {
            Bit::BadgeLink(job_badge(state), urls::object("hooks", "job", id)).into()
        }
        _ => Bit::Empty.into(),
    }
}

const FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "pending",
        label: "Pending registration",
        choices: Choices::Fixed(YES_NO),
        apply: |filter, value| {
            filter.pending = Some(yes_no(value)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "enabled",
        label: "Enabled",
        choices: Choices::Fixed(YES_NO),
        apply: |filter, value| {
            filter.enabled = Some(yes_no(value)?);
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
            ("release", "release"),
            ("issue", "issue"),
            ("note", "note"),
        ]),
        apply: |filter, value| {
            filter.object_kind = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "last_verdict",
        label: "Last delivery",
        choices: Choices::Fixed(&[
            ("matched", "Matched"),
            ("registered", "Registered"),
            ("unmatched", "Unmatched"),
            ("filtered", "Filtered"),
            ("disabled", "Disabled"),
            ("rejected", "Rejected"),
        ]),
        apply: |filter, value| {
            let verdict = Verdict::parse(value).ok_or(BadChoice)?;
            filter.last_verdict = Some(verdict);
            Ok(())
        },
    },
    FilterSpec {
        param: "last_job_state",
        label: "Last job",
        choices: Choices::Fixed(&[
            ("succeeded", "Succeeded"),
            ("failed", "Failed"),
            ("running", "Running"),
            ("retrying", "Retrying"),
            ("queued", "Queued"),
        ]),
        apply: |filter, value| {
            let state = JobState::parse(value).ok_or(BadChoice)?;
            filter.last_job_state = Some(state);
            Ok(())
        },
    },
    FilterSpec::over_times("created", "Added", |filter| &mut filter.created),
    FilterSpec {
        param: "http_x_gitlab_event",
        label: "Event",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.http_x_gitlab_event = Some(value.to_owned());
            Ok(())
        },
    },
    FilterSpec {
        param: "pending_for",
        label: "Pending for more than",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.pending_for = Some(parse_within(value)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "quiet_for",
        label: "No delivery for more than",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.quiet_for = Some(parse_within(value)?);
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
];
