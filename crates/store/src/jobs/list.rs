//! The list of jobs: what it can be narrowed to, its rows, ids and counts.

use super::{Job, Row, add_context};
use crate::schema::{deliveries, jobs};
use crate::search::{
    BETWEEN, Condition, CountsOf, Found, Ids, contains_pattern, find_matching, first_id_after,
    time_ago,
};
use crate::stats::REASON;
use crate::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use signalbox_core::ids::JobId;
use signalbox_core::job::JobState;
use signalbox_core::listing::{ChoiceCount, Counts, ListQuery, Page, Part, Times, Total};

/// The list has one order, newest first: nothing to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Its state.
    pub state: Option<JobState>,
    /// The webhook it was made for.
    pub webhook: Option<i64>,
    /// The delivery that asked for it.
    pub delivery: Option<String>,
    /// The repository's name.
    pub repo_name: Option<String>,
    /// The catalogue entry it runs.
    pub action: Option<String>,
    /// When it was queued.
    pub queued: Times,
    /// Ended within this time.
    pub finished_within: Option<TimeDelta>,
    /// Ended between these moments, the second left out.
    pub ended: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Why its newest attempt ended as it did: a word of `store::stats`.
    pub reason: Option<String>,
}

fn list_condition(query: &ListQuery<Sort, Filter>) -> Condition<jobs::table> {
    let filter = &query.filter;
    let mut all: Condition<jobs::table> = Box::new(jobs::id.is_not_null());
    let mut and = |next: Condition<jobs::table>| {
        let so_far = std::mem::replace(&mut all, Box::new(jobs::id.is_not_null()));
        all = Box::new(so_far.and(next));
    };
    if let Some(state) = filter.state {
        if is_short(&filter.queued) {
            // Through the index over times, which holds the state: PostgreSQL would rather walk
            // the one over states, expecting what is rare to be spread evenly over all time.
            let held = sql::<Bool>("jobs.state || '' = ").bind::<Text, _>(state.as_str());
            and(Box::new(held));
        } else {
            and(Box::new(jobs::state.eq(state.as_str())));
        }
    }
    if let Some(webhook) = filter.webhook {
        and(Box::new(jobs::webhook_id.assume_not_null().eq(webhook)));
    }
    if let Some(delivery) = filter.delivery.clone() {
        and(Box::new(jobs::delivery_id.eq(delivery)));
    }
    if let Some(repo_name) = filter.repo_name.clone() {
        and(Box::new(jobs::repo_name.eq(repo_name)));
    }
    if let Some(action) = filter.action.clone() {
        and(Box::new(jobs::action.eq(action)));
    }
    if let Some(within) = filter.queued.within {
        and(Box::new(jobs::queued_at.ge(time_ago(within))));
    }
    if let Some(within) = filter.finished_within {
        and(Box::new(
            jobs::finished_at
                .is_not_null()
                .and(jobs::finished_at.assume_not_null().ge(time_ago(within))),
        ));
    }
    if let Some(since) = filter.queued.since {
        and(Box::new(jobs::queued_at.ge(since)));
    }
    if let Some(before) = filter.queued.before {
        // A job that runs again is queued anew under its old id: none is queued before its id.
        let ids = jobs::id.lt(first_id_after(before));
        and(Box::new(jobs::queued_at.lt(before).and(ids)));
    }
    if let Some((from, to)) = filter.ended {
        let ended = jobs::finished_at.ge(from).and(jobs::finished_at.lt(to));
        and(Box::new(ended.is_not_distinct_from(true)));
    }
    if let Some(reason) = filter.reason.clone() {
        // Only what failed has one: without this, every attempt would be looked at.
        let failed = sql::<Bool>("jobs.state = 'failed'");
        and(Box::new(failed.and(sql::<Bool>(&format!("{REASON} = ")).bind::<Text, _>(reason))));
    }
    for term in &query.terms {
        and(match_term(term));
    }
    all
}

/// Whether the range is short enough to be read whole.
fn is_short(queued: &Times) -> bool {
    let range = queued.since.zip(queued.before);
    range.is_some_and(|(since, before)| before - since <= TimeDelta::days(7))
}

/// The ids that search and filters let through, newest first; `and` narrows them further.
fn list_ids(
    query: &ListQuery<Sort, Filter>,
    and: Option<Condition<jobs::table>>,
    limit: i64,
) -> Ids<jobs::table> {
    let condition: Condition<jobs::table> = match and {
        Some(and) => Box::new(and.and(list_condition(query))),
        None => list_condition(query),
    };
    let is_id = |term: &String| term.to_ascii_uppercase().parse::<JobId>().is_ok();
    Ids {
        table: "jobs",
        condition,
        searches: (!query.terms.iter().all(is_id)).then_some(query.reach),
        before: query.filter.queued.before,
        limit,
    }
}

/// An ID names its rows; other words are looked for in all fields in one go.
fn match_term(term: &str) -> Condition<jobs::table> {
    let id = term.to_ascii_uppercase();
    if id.parse::<JobId>().is_ok() {
        return Box::new(jobs::id.eq(id.clone()).or(jobs::delivery_id.eq(id)));
    }
    let text = jobs::repo_name
        .concat(BETWEEN)
        .concat(jobs::git_ref)
        .concat(BETWEEN)
        .concat(jobs::webhook_label)
        .concat(BETWEEN)
        .concat(jobs::action)
        .concat(BETWEEN)
        .concat(jobs::error)
        .concat(BETWEEN)
        .concat(jobs::requested_by)
        .concat(BETWEEN)
        .concat(jobs::title)
        .ilike(contains_pattern(term));
    match term.parse::<i64>() {
        Ok(number) => {
            let of_project = deliveries::table
                .filter(deliveries::project_id.assume_not_null().eq(number))
                .select(deliveries::id);
            Box::new(text.or(jobs::delivery_id.eq_any(of_project)))
        }
        Err(_) => Box::new(text),
    }
}

/// The jobs a changelist asks for, newest first.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_jobs(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let (matching, ids) = find_matching(conn, list_ids(query, None, Found::LIMIT), query).await?;
    if matching.number() == 0 {
        return Ok(Page::cut_page(Vec::new(), &query.part, query.limit, matching));
    }
    let rows = jobs::table.select(Job::as_select()).into_boxed();
    let rows = match ids {
        Some(ids) => rows.filter(jobs::id.eq_any(ids)),
        None => rows.filter(list_condition(query)),
    };
    let rows = match &query.part {
        Part::Numbered(_) => rows.order(jobs::id.desc()),
        Part::Older(id) => rows.filter(jobs::id.lt(id.clone())).order(jobs::id.desc()),
        Part::Newer(id) => rows.filter(jobs::id.gt(id.clone())).order(jobs::id.asc()),
    };
    let rows: Vec<Job> = rows.limit(query.limit.saturating_add(1)).load(conn).await?;
    let rows = add_context(conn, rows).await?;
    Ok(Page::cut_page(rows, &query.part, query.limit, matching))
}

/// The ids of the jobs that a search and filters let through, newest first: the first `limit` of
/// those no newer than `up_to`, or of those older than the part's id. For bulk actions.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn select_ids(
    conn: &mut Conn,
    query: &ListQuery<Sort, Filter>,
    up_to: Option<&str>,
    part: &Part,
    limit: i64,
) -> Result<Vec<String>> {
    let mut narrowed: Condition<jobs::table> = Box::new(jobs::id.is_not_null());
    if let Some(newest) = up_to {
        narrowed = Box::new(narrowed.and(jobs::id.le(newest.to_owned())));
    }
    if let Part::Older(id) = part {
        narrowed = Box::new(narrowed.and(jobs::id.lt(id.clone())));
    }
    Ok(list_ids(query, Some(narrowed), limit).load(conn).await?)
}

/// How many jobs there are in all and, if tabs show it, of each state, each count capped.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn count_jobs(conn: &mut Conn, tabs: bool) -> Result<Counts> {
    let all = || jobs::table.select(jobs::id).limit(Total::CAP + 1).into_boxed();
    let of = JobState::ALL
        .into_iter()
        .filter(|_| tabs)
        .map(|state| all().filter(jobs::state.eq(state.as_str())));
    let counted = CountsOf(std::iter::once(all()).chain(of).collect());
    let counted: Vec<i64> = counted.get_result(conn).await?;
    let mut counted = counted.into_iter().map(Total::from_capped);
    let all = counted.next();
    let choices = JobState::ALL.into_iter().zip(counted).map(|(state, count)| ChoiceCount {
        param: "state",
        value: state.as_str().to_owned(),
        count: Some(count),
    });
    Ok(Counts { all, choices: choices.collect() })
}
