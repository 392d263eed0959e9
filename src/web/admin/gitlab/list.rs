//! The list of connections.

use super::META;
use super::badges::connection_badge;
use crate::clock;
use crate::web::admin::kit::column::{Bit, Column, Width};
use crate::web::admin::kit::listing::{Empty, Listing, Paging, parse_number_place};
use signalbox_core::listing::Direction;
use signalbox_store::gitlab::{Connection, ConnectionFilter, ConnectionSort};

pub(super) static LISTING: Listing<Connection, ConnectionSort, ConnectionFilter> = Listing {
    columns: COLUMNS,
    optional: &[],
    filters: &[],
    search: "name and address",
    paging: Paging::Numbered(100),
    default_order: &[(ConnectionSort::Name, Direction::Ascending)],
    id: |row| row.id.to_string(),
    place: parse_number_place,
    name: |row| row.name.clone(),
    page: |row| META.page_url(&row.id.to_string()),
    group: None,
    empty: Empty {
        title: "No GitLab connections yet",
        steps: &[
            "Signalbox works without one: you add each webhook in GitLab yourself.",
            "With a connection, it adds the webhooks itself and keeps them in order.",
        ],
    },
};

const COLUMNS: &[Column<Connection, ConnectionSort>] = &[
    Column {
        key: "name",
        label: "Name",
        width: Width::Grow,
        cell: |row| Bit::from_data(row.name.as_str()).stack_over(Bit::from_code(&row.base_url)),
        sort: Some(ConnectionSort::Name),
    },
    Column {
        key: "state",
        label: "State",
        width: Width::Fit,
        cell: |row| Bit::Badge(connection_badge(row, clock::now())).into(),
        sort: None,
    },
    Column {
        key: "token_owner",
        label: "Token of",
        width: Width::Fit,
        cell: |row| Bit::from_data(row.token_owner.as_str()).into(),
        sort: None,
    },
    Column {
        key: "token_expires_on",
        label: "Token expires",
        width: Width::Fit,
        cell: |row| {
            let ends = row.token_expires_on.map(|ends| ends.to_string());
            Bit::from_data(ends.unwrap_or_default()).into()
        },
        sort: Some(ConnectionSort::Expires),
    },
    Column {
        key: "gitlab_version",
        label: "GitLab",
        width: Width::Fit,
        cell: |row| Bit::from_data(row.gitlab_version.as_str()).into(),
        sort: None,
    },
    Column {
        key: "checked_at",
        label: "Checked",
        width: Width::Fit,
        cell: |row| Bit::from_time(row.checked_at).into(),
        sort: Some(ConnectionSort::Checked),
    },
];
