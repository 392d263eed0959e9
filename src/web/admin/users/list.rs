//! The list of accounts: its columns and filters.

use crate::web::admin::kit::column::{Bit, Column, Width};
use crate::web::admin::kit::filter::{BadChoice, Choices, FilterSpec, YES_NO, yes_no};
use crate::web::admin::kit::listing::{Empty, Listing, Paging, parse_number_place};
use crate::web::admin::users::badges::{active_badge, role_badge};
use crate::web::urls;
use signalbox_core::ids::UserId;
use signalbox_core::listing::Direction;
use signalbox_core::role::Role;
use signalbox_store::users::{Filter, Row, Sort};

pub(super) static LISTING: Listing<Row, Sort, Filter> = Listing {
    columns: COLUMNS,
    optional: &[],
    filters: FILTERS,
    search: "username and role",
    paging: Paging::Numbered(100),
    default_order: &[(Sort::Username, Direction::Ascending)],
    id: |row| row.id.to_string(),
    place: parse_number_place,
    name: |row| row.username.clone(),
    page: |row| urls::user(UserId(row.id)),
    group: None,
    // There is always the one who looks.
    empty: Empty { title: "No users yet", steps: &["Add a user."] },
};

const COLUMNS: &[Column<Row, Sort>] = &[
    Column {
        key: "username",
        label: "Username",
        width: Width::Grow,
        cell: |row| Bit::from_text(row.username.clone()).into(),
        sort: Some(Sort::Username),
    },
    Column {
        key: "role",
        label: "Role",
        width: Width::Fit,
        cell: |row| Bit::Badge(role_badge(row.role)).into(),
        sort: Some(Sort::Role),
    },
    Column {
        key: "active",
        label: "State",
        width: Width::Fit,
        cell: |row| Bit::Badge(active_badge(row.active)).into(),
        sort: Some(Sort::Active),
    },
    Column {
        key: "last_login_at",
        label: "Last signed in",
        width: Width::Fit,
        cell: |row| Bit::from_time(row.last_login_at).into(),
        sort: Some(Sort::LastLogin),
    },
    Column {
        key: "sessions",
        label: "Sessions",
        width: Width::Number,
        cell: |row| Bit::from_number(row.sessions).into(),
        sort: None,
    },
    Column {
        key: "created_at",
        label: "Added",
        width: Width::Fit,
        cell: |row| Bit::from_time(Some(row.created_at)).into(),
        sort: Some(Sort::Created),
    },
];

const FILTERS: &[FilterSpec<Filter>] = &[
    FilterSpec {
        param: "role",
        label: "Role",
        choices: Choices::Fixed(&[
            ("viewer", "Viewer"),
            ("operator", "Operator"),
            ("admin", "Admin"),
        ]),
        apply: |filter, value| {
            let role = Role::parse(value).ok_or(BadChoice)?;
            filter.role = Some(role);
            Ok(())
        },
    },
    FilterSpec {
        param: "active",
        label: "Active",
        choices: Choices::Fixed(YES_NO),
        apply: |filter, value| {
            filter.active = Some(yes_no(value)?);
            Ok(())
        },
    },
];
