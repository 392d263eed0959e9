//! The calls of GitLab's API that were made, newest first.

use super::badges::failure_text;
use crate::web::admin::context::{Meta, Signalbox};
use crate::web::admin::kit::badge::{Badge, Tone};
use crate::web::admin::kit::column::{Bit, Cell, Column, Width};
use crate::web::admin::kit::filter::{BadChoice, Choices, FilterSpec, YES_NO, yes_no};
use crate::web::admin::kit::listing::{Empty, Listing, Paging, join_name, parse_number_place};
use crate::web::admin::kit::resource::Resource;
use crate::web::urls;
use chrono::TimeDelta;
use signalbox_core::listing::{Counts, ListQuery, Page};
use signalbox_core::role::Permission;
use signalbox_store::gitlab::{self, CallFilter, CallRow, CallSort};
use signalbox_store::{self as store, Conn};

/// The resource.
pub struct Calls;

static META: Meta =
    Meta::new("gitlab", "call", ["call", "calls", "Calls of GitLab"], Permission::ChangeWebhooks);

static LISTING: Listing<CallRow, CallSort, CallFilter> = Listing {
    columns: COLUMNS,
    optional: &[],
    filters: FILTERS,
    search: "paths",
    paging: Paging::Keyset(100),
    default_order: &[],
    id: |row| row.id.to_string(),
    place: parse_number_place,
    name: |row| join_name(&[&row.method, &row.path]),
    page: |row| urls::gitlab_connection(row.connection_id),
    group: None,
    empty: Empty {
        title: "No calls yet",
        steps: &["Each call of GitLab’s API is listed here for 7 days."],
    },
};

const COLUMNS: &[Column<CallRow, CallSort>] = &[
    Column {
        key: "path",
        label: "Call",
        width: Width::Grow,
        cell: |row| {
            Bit::from_data(format!("{} {}", row.method, row.path))
                .stack_over(Bit::from_data(row.connection.as_str()))
        },
        sort: None,
    },
    Column { key: "status", label: "Result", width: Width::Fit, cell: result_cell, sort: None },
    Column {
        key: "tries",
        label: "Attempts",
        width: Width::Number,
        cell: |row| Bit::from_number(row.tries.into()).into(),
        sort: None,
    },
    Column {
        key: "took_ms",
        label: "Duration",
        width: Width::Number,
        cell: |row| Bit::from_span(TimeDelta::try_milliseconds(row.took_ms)).into(),
        sort: None,
    },
    Column {
        key: "at",
        label: "When",
        width: Width::Fit,
        cell: |row| Bit::from_time(Some(row.at)).into(),
        sort: None,
    },
];

fn result_cell(row: &CallRow) -> Cell {
    let status = row.status.map(|status| status.to_string());
    match failure_text(row.failure.as_ref()) {
        None => {
            let label = status.unwrap_or_default();
            Bit::Badge(Badge::new("succeeded", &label, "check", Tone::Good)).into()
        }
        Some(why) => {
            let label = status.unwrap_or_else(|| "No answer".to_owned());
            Bit::Badge(Badge::new("failed", &label, "cross", Tone::Bad))
                .stack_over(Bit::from_text(why))
        }
    }
}

static FILTERS: &[FilterSpec<CallFilter>] = &[
    FilterSpec {
        param: "failed",
        label: "Failed",
        choices: Choices::Fixed(YES_NO),
        apply: |filter, value| {
            filter.failed = Some(yes_no(value)?);
            Ok(())
        },
    },
    FilterSpec {
        param: "connection",
        label: "Connection",
        choices: Choices::Open,
        apply: |filter, value| {
            filter.connection = Some(value.parse().map_err(|_| BadChoice)?);
            Ok(())
        },
    },
];

impl Resource for Calls {
    type Site = Signalbox;
    type Row = CallRow;
    type Sort = CallSort;
    type Filter = CallFilter;

    const META: &'static Meta = &META;
    const LISTING: &'static Listing<CallRow, CallSort, CallFilter> = &LISTING;

    async fn fetch_page(
        conn: &mut Conn,
        query: &ListQuery<CallSort, CallFilter>,
    ) -> store::Result<Page<CallRow>> {
        gitlab::list_calls(conn, query).await
    }

    async fn count_rows(
        conn: &mut Conn,
        _: &ListQuery<CallSort, CallFilter>,
        _: bool,
    ) -> store::Result<Counts> {
        gitlab::count_calls(conn).await
    }
}
