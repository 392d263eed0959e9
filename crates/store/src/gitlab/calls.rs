//! The table of calls, newest first.

use crate::schema::{gitlab_calls, gitlab_connections};
use crate::search::{Condition, CountOf, contains_pattern};
use crate::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;
use signalbox_core::listing::{Counts, ListQuery, Page, Part, Total};

/// A call that was made.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = gitlab_calls)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Call<'a> {
    pub connection_id: i64,
    pub at: DateTime<Utc>,
    pub method: &'a str,
    pub path: &'a str,
    pub status: Option<i32>,
    pub took_ms: i64,
    pub tries: i32,
    pub failure: Option<Value>,
}

/// A call as it is listed.
#[derive(Debug, Clone, Queryable, Serialize)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct CallRow {
    pub id: i64,
    pub connection_id: i64,
    pub connection: String,
    pub at: DateTime<Utc>,
    pub method: String,
    pub path: String,
    pub status: Option<i32>,
    pub took_ms: i64,
    pub tries: i32,
    pub failure: Option<Value>,
}

/// The list has one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallSort {}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    /// Calls of this connection.
    pub connection: Option<i64>,
    /// Calls that failed, or that did not.
    pub failed: Option<bool>,
}

/// Writes a call down.
///
/// # Errors
/// Those of the database.
pub async fn insert_call(conn: &mut Conn, call: &Call<'_>) -> Result<()> {
    diesel::insert_into(gitlab_calls::table).values(call).execute(conn).await?;
    Ok(())
}

fn list_condition(query: &ListQuery<CallSort, CallFilter>) -> Condition<gitlab_calls::table> {
    let mut all: Condition<gitlab_calls::table> = Box::new(gitlab_calls::id.is_not_null());
    if let Some(connection) = query.filter.connection {
        all = Box::new(all.and(gitlab_calls::connection_id.eq(connection)));
    }
    match query.filter.failed {
        Some(true) => all = Box::new(all.and(gitlab_calls::failure.is_not_null())),
        Some(false) => all = Box::new(all.and(gitlab_calls::failure.is_null())),
        None => {}
    }
    for term in &query.terms {
        all = Box::new(all.and(gitlab_calls::path.ilike(contains_pattern(term))));
    }
    all
}

/// The calls that a list asks for, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list_calls(
    conn: &mut Conn,
    query: &ListQuery<CallSort, CallFilter>,
) -> Result<Page<CallRow>> {
    let counted = gitlab_calls::table.select(gitlab_calls::id).filter(list_condition(query));
    let matching: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    let rows = gitlab_calls::table
        .filter(list_condition(query))
        .select((
            gitlab_calls::id,
            gitlab_calls::connection_id,
            // A call goes with its connection.
            gitlab_connections::table
                .filter(gitlab_connections::id.eq(gitlab_calls::connection_id))
                .select(gitlab_connections::name)
                .single_value()
                .assume_not_null(),
            gitlab_calls::at,
            gitlab_calls::method,
            gitlab_calls::path,
            gitlab_calls::status,
            gitlab_calls::took_ms,
            gitlab_calls::tries,
            gitlab_calls::failure,
        ))
        .into_boxed();
    // A place that is no number lies before the first entry.
    let place = |id: &str| id.parse::<i64>().unwrap_or(i64::MAX);
    let rows = match &query.part {
        Part::Numbered(_) => rows.order(gitlab_calls::id.desc()),
        Part::Older(id) => {
            rows.filter(gitlab_calls::id.lt(place(id))).order(gitlab_calls::id.desc())
        }
        Part::Newer(id) => {
            rows.filter(gitlab_calls::id.gt(place(id))).order(gitlab_calls::id.asc())
        }
    };
    let rows = rows.limit(query.limit.saturating_add(1)).load(conn).await?;
    Ok(Page::cut_page(rows, &query.part, query.limit, Total::from_capped(matching)))
}

/// How many calls are kept.
///
/// # Errors
/// Those of the database.
pub async fn count_calls(conn: &mut Conn) -> Result<Counts> {
    let all = gitlab_calls::table.select(gitlab_calls::id).limit(Total::CAP + 1);
    let all: i64 = CountOf(all).get_result(conn).await?;
    Ok(Counts { all: Some(Total::from_capped(all)), choices: Vec::new() })
}
