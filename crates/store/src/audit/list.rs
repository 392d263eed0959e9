//! The whole log, as the panel lists it: newest first, cut at ids.

use super::{Row, Stored, Verb};
use crate::schema::audit_log;
use crate::search::{Condition, CountOf, contains_pattern, time_ago};
use crate::{Conn, Result};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::RunQueryDsl;
use signalbox_core::listing::{ChoiceCount, Counts, ListQuery, Page, Part, Times, Total};

/// The list has one order, newest first: nothing to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Who: the name at that time.
    pub actor: Option<String>,
    /// What was done.
    pub verb: Option<Verb>,
    /// To what kind of object.
    pub object_type: Option<String>,
    /// To which one.
    pub object_id: Option<String>,
    /// When.
    pub at: Times,
}

/// Words are looked for in so many of the newest entries, so that a search ends.
const SEARCHED: i64 = 50_000;

fn list_condition(query: &ListQuery<Sort, Filter>, newest: i64) -> Condition<audit_log::table> {
    let filter = &query.filter;
    let mut all: Condition<audit_log::table> = Box::new(audit_log::id.is_not_null());
    if let Some(actor) = filter.actor.clone() {
        all = Box::new(all.and(audit_log::actor_name.eq(actor)));
    }
    if let Some(verb) = filter.verb {
        all = Box::new(all.and(audit_log::verb.eq(verb.as_str())));
    }
    if let Some(object_type) = filter.object_type.clone() {
        all = Box::new(all.and(audit_log::object_type.eq(object_type)));
    }
    if let Some(object_id) = filter.object_id.clone() {
        all = Box::new(all.and(audit_log::object_id.eq(object_id)));
    }
    if let Some(within) = filter.at.within {
        all = Box::new(all.and(audit_log::at.ge(time_ago(within))));
    }
    if let Some(since) = filter.at.since {
        all = Box::new(all.and(audit_log::at.ge(since)));
    }
    if let Some(before) = filter.at.before {
        all = Box::new(all.and(audit_log::at.lt(before)));
    }
    if !query.terms.is_empty() {
        all = Box::new(all.and(audit_log::id.gt(newest.saturating_sub(SEARCHED))));
    }
    for term in &query.terms {
        let pattern = contains_pattern(term);
        // Values before and after count too; secrets are not among them.
        let in_changes = sql::<Bool>("changes::text ILIKE ").bind::<Text, _>(pattern.clone());
        all = Box::new(
            all.and(
                audit_log::object_name
                    .ilike(pattern.clone())
                    .or(audit_log::actor_name.ilike(pattern.clone()))
                    .or(audit_log::remote_addr.ilike(pattern))
                    .or(audit_log::object_id.eq(term.to_owned()))
                    .or(in_changes),
            ),
        );
    }
    all
}

/// The entries a changelist asks for, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list_entries(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let newest: Option<i64> = if query.terms.is_empty() {
        None
    } else {
        audit_log::table.select(diesel::dsl::max(audit_log::id)).first(conn).await?
    };
    let newest = newest.unwrap_or_default();
    let counted = audit_log::table.select(audit_log::id).filter(list_condition(query, newest));
    let matching: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    let rows = audit_log::table
        .select(Stored::as_select())
        .filter(list_condition(query, newest))
        .into_boxed();
    // A place that is no number lies before the first entry.
    let place = |id: &str| id.parse::<i64>().unwrap_or(i64::MAX);
    let rows = match &query.part {
        Part::Numbered(_) => rows.order(audit_log::id.desc()),
        Part::Older(id) => rows.filter(audit_log::id.lt(place(id))).order(audit_log::id.desc()),
        Part::Newer(id) => rows.filter(audit_log::id.gt(place(id))).order(audit_log::id.asc()),
    };
    let rows: Vec<Stored> = rows.limit(query.limit.saturating_add(1)).load(conn).await?;
    let rows = rows.into_iter().map(Row::from).collect();
    Ok(Page::cut_page(rows, &query.part, query.limit, Total::from_capped(matching)))
}

/// Names of people that the list offers to be narrowed to.
const NAMES: i64 = 30;

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = Array<Text>)]
    names: Vec<String>,
}

/// How many entries there are, capped, and whose: `param` is what the list calls the filter.
///
/// # Errors
/// Those of the database.
pub async fn count_entries(conn: &mut Conn, param: &'static str) -> Result<Counts> {
    // From one name to the next in the index, however many entries each has.
    let told: Told = diesel::sql_query(
        "WITH RECURSIVE names AS ((SELECT actor_name FROM audit_log ORDER BY actor_name LIMIT 1) \
         UNION ALL SELECT (SELECT next.actor_name FROM audit_log AS next \
         WHERE next.actor_name > names.actor_name ORDER BY next.actor_name LIMIT 1) \
         FROM names WHERE names.actor_name IS NOT NULL) \
         SELECT (SELECT count(*) FROM (SELECT FROM audit_log LIMIT $1) AS counted) AS entries, \
         ARRAY(SELECT actor_name FROM names WHERE actor_name <> '' LIMIT $2) AS names",
    )
    .bind::<BigInt, _>(Total::CAP + 1)
    .bind::<BigInt, _>(NAMES)
    .get_result(conn)
    .await?;
    let choice = |value| ChoiceCount { param, value, count: None };
    Ok(Counts {
        all: Some(Total::from_capped(told.entries)),
        choices: told.names.into_iter().map(choice).collect(),
    })
}

/// One entry.
///
/// # Errors
/// [`crate::StoreError::NotFound`] when there is none of this number.
pub async fn find_entry(conn: &mut Conn, id: i64) -> Result<Row> {
    let found: Stored = audit_log::table.find(id).select(Stored::as_select()).first(conn).await?;
    Ok(found.into())
}
