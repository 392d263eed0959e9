//! The list of accounts, as the panel shows it. Password hashes are not among what it reads.

use crate::schema::{sessions, users};
use crate::search::{Condition, CountOf, contains_pattern};
use crate::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use signalbox_core::listing::{Counts, Direction, ListQuery, Page, Part, Total};
use signalbox_core::role::Role;

/// An account as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its id.
    pub id: i64,
    /// The name to sign in with.
    pub username: String,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
    /// When it last signed in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// Sessions that have not ended.
    pub sessions: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns' names")]
pub enum Sort {
    Username,
    Role,
    Active,
    LastLogin,
    Created,
}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What accounts may do.
    pub role: Option<Role>,
    /// Whether they may sign in.
    pub active: Option<bool>,
}

fn list_condition(query: &ListQuery<Sort, Filter>) -> Condition<users::table> {
    let mut all: Condition<users::table> = Box::new(users::id.is_not_null());
    if let Some(role) = query.filter.role {
        all = Box::new(all.and(users::role.eq(role)));
    }
    if let Some(active) = query.filter.active {
        all = Box::new(all.and(users::active.eq(active)));
    }
    for term in &query.terms {
        let pattern = contains_pattern(term);
        all = Box::new(
            all.and(users::username.ilike(pattern.clone()).or(users::role.ilike(pattern))),
        );
    }
    all
}

/// How many accounts there are.
///
/// # Errors
/// Those of the database.
pub async fn count_users(conn: &mut Conn) -> Result<Counts> {
    let all = users::table.count().get_result(conn).await?;
    Ok(Counts { all: Some(Total::Exactly(all)), choices: Vec::new() })
}

/// The accounts a changelist asks for.
///
/// # Errors
/// Those of the database.
pub async fn list_users(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    type Found = (i64, String, Role, bool, Option<DateTime<Utc>>, DateTime<Utc>);
    let counted = users::table.select(users::id).filter(list_condition(query));
    let matching: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    let page = if let Part::Numbered(page) = query.part { page } else { 1 };
    let mut rows = users::table
        .select((
            users::id,
            users::username,
            users::role,
            users::active,
            users::last_login_at,
            users::created_at,
        ))
        .filter(list_condition(query))
        .into_boxed();
    for (sort, direction) in &query.order {
        let ascending = *direction == Direction::Ascending;
        rows = match (sort, ascending) {
            (Sort::Username, true) => rows.then_order_by(users::username.asc()),
            (Sort::Username, false) => rows.then_order_by(users::username.desc()),
            (Sort::Role, true) => rows.then_order_by(users::role.asc()),
            (Sort::Role, false) => rows.then_order_by(users::role.desc()),
            (Sort::Active, true) => rows.then_order_by(users::active.asc()),
            (Sort::Active, false) => rows.then_order_by(users::active.desc()),
            (Sort::LastLogin, true) => rows.then_order_by(users::last_login_at.asc().nulls_first()),
            (Sort::LastLogin, false) => {
                rows.then_order_by(users::last_login_at.desc().nulls_last())
            }
            (Sort::Created, true) => rows.then_order_by(users::created_at.asc()),
            (Sort::Created, false) => rows.then_order_by(users::created_at.desc()),
        };
    }
    let found: Vec<Found> = rows
        .then_order_by(users::id.asc())
        .offset((page - 1).saturating_mul(query.limit))
        .limit(query.limit.saturating_add(1))
        .load(conn)
        .await?;
    let ids: Vec<i64> = found.iter().map(|row| row.0).collect();
    let open: Vec<(Option<i64>, i64)> = sessions::table
        .filter(sessions::user_id.eq_any(ids))
        .filter(sessions::expires_at.gt(now))
        .group_by(sessions::user_id)
        .select((sessions::user_id, diesel::dsl::count_star()))
        .load(conn)
        .await?;
    let rows = found.into_iter().map(|(id, username, role, active, last_login_at, created_at)| {
        let of_user = open.iter().find(|(user, _)| *user == Some(id));
        let sessions = of_user.map_or(0, |(_, count)| *count);
        Row { id, username, role, active, last_login_at, sessions, created_at }
    });
    Ok(Page::cut_page(rows.collect(), &query.part, query.limit, Total::from_capped(matching)))
}
