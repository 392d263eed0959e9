//! The list of deliveries: what it can be narrowed to, its rows and counts.

use super::{Brief, JobRef, Row};
use crate::schema::{deliveries, jobs};
use crate::search::{
    BETWEEN, Condition, CountsOf, Found, Ids, among_newest, contains_pattern, find_matching,
    first_id_after, last_id_before, last_id_before_ago, time_ago,
};
use crate::{Conn, Result};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use signalbox_core::ids::DeliveryId;
use signalbox_core::job::JobState;
use signalbox_core::listing::{ChoiceCount, Counts, ListQuery, Page, Part, Times, Total};
use signalbox_core::source::Source;
use signalbox_core::verdict::{Endpoint, Verdict};

/// The list has one order, newest first: nothing to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// What became of it.
    pub verdict: Option<Verdict>,
    /// The event header.
    pub event: Option<String>,
    /// The kind.
    pub object_kind: Option<String>,
    /// The address it came to.
    pub endpoint: Option<Endpoint>,
    /// The project's id.
    pub project_id: Option<i64>,
    /// The repository's name.
    pub repo_name: Option<String>,
    /// A webhook that got a job from it.
    pub webhook: Option<i64>,
    /// When it was received; what is kept of a choice says since when.
    #[serde(flatten)]
    pub received: Times,
    /// The status of the answer.
    pub http_status: Option<i32>,
    /// Who made it.
    pub source: Option<Source>,
    /// The run of replays that made it.
    pub run: Option<String>,
}

/// The deliveries that search and filters let through, as a condition for other queries.
pub(crate) fn list_selection(query: &ListQuery<Sort, Filter>) -> Condition<deliveries::table> {
    if !searches_words(query) {
        return list_condition(query);
    }
    let newest = among_newest("deliveries", query.reach, query.filter.received.before);
    Box::new(list_condition(query).and(newest))
}

/// Whether words are searched: an ID names its row, however old it is.
fn searches_words(query: &ListQuery<Sort, Filter>) -> bool {
    let is_id = |term: &String| term.to_ascii_uppercase().parse::<DeliveryId>().is_ok();
    !query.terms.iter().all(is_id)
}

fn list_condition(query: &ListQuery<Sort, Filter>) -> Condition<deliveries::table> {
    let filter = &query.filter;
    let mut all: Condition<deliveries::table> = Box::new(deliveries::id.is_not_null());
    let mut and = |next: Condition<deliveries::table>| {
        let so_far = std::mem::replace(&mut all, Box::new(deliveries::id.is_not_null()));
        all = Box::new(so_far.and(next));
    };
    if let Some(verdict) = filter.verdict {
        and(Box::new(deliveries::verdict.eq(verdict.as_str())));
    }
    if let Some(event) = filter.event.clone() {
        and(Box::new(deliveries::event.eq(event)));
    }
    if let Some(kind) = filter.object_kind.clone() {
        and(Box::new(deliveries::object_kind.eq(kind)));
    }
    if let Some(endpoint) = filter.endpoint {
        // Few come to the other address: their index is found by this word alone.
        if endpoint == Endpoint::Register {
            and(Box::new(sql::<Bool>("deliveries.endpoint = 'register'")));
        } else {
            and(Box::new(deliveries::endpoint.eq(endpoint)));
        }
    }
    if let Some(project_id) = filter.project_id {
        and(Box::new(deliveries::project_id.assume_not_null().eq(project_id)));
    }
    if let Some(repo_name) = filter.repo_name.clone() {
        and(Box::new(deliveries::repo_name.eq(repo_name)));
    }
    if let Some(webhook) = filter.webhook {
        let made = jobs::table
            .filter(jobs::webhook_id.assume_not_null().eq(webhook))
            .select(jobs::delivery_id);
        and(Box::new(deliveries::id.eq_any(made)));
    }
    if let Some(within) = filter.received.within {
        let ids = deliveries::id.ge(last_id_before_ago(within));
        and(Box::new(deliveries::received_at.ge(time_ago(within)).and(ids)));
    }
    if let Some(since) = filter.received.since {
        let ids = deliveries::id.ge(last_id_before(since));
        and(Box::new(deliveries::received_at.ge(since).and(ids)));
    }
    if let Some(before) = filter.received.before {
        let ids = deliveries::id.lt(first_id_after(before));
        and(Box::new(deliveries::received_at.lt(before).and(ids)));
    }
    // Written out: bound, they would hide from the planner that a partial index fits.
    if let Some(status) = filter.http_status {
        and(Box::new(sql::<Bool>(&format!("deliveries.http_status = {status}"))));
    }
    if let Some(source) = filter.source {
        and(Box::new(sql::<Bool>(&format!("deliveries.source = '{}'", source.as_str()))));
    }
    if let Some(run) = filter.run.clone() {
        and(Box::new(deliveries::replay_run.assume_not_null().eq(run)));
    }
    for term in &query.terms {
        and(match_term(term));
    }
    all
}

/// The ids that search and filters let through, newest first.
fn list_ids(query: &ListQuery<Sort, Filter>) -> Ids<deliveries::table> {
    Ids {
        table: "deliveries",
        condition: list_condition(query),
        searches: searches_words(query).then_some(query.reach),
        before: query.filter.received.before,
        limit: Found::LIMIT,
    }
}

/// An ID names its row, or that of the job that it made; other words are looked for in all
/// fields in one go.
fn match_term(term: &str) -> Condition<deliveries::table> {
    let id = term.to_ascii_uppercase();
    if id.parse::<DeliveryId>().is_ok() {
        let made = jobs::table.filter(jobs::id.eq(id.clone())).select(jobs::delivery_id);
        return Box::new(deliveries::id.eq(id).or(deliveries::id.eq_any(made)));
    }
    let text = deliveries::repo_name
        .concat(BETWEEN)
        .concat(deliveries::repo_url)
        .concat(BETWEEN)
        .concat(deliveries::git_ref)
        .concat(BETWEEN)
        .concat(deliveries::sha)
        .concat(BETWEEN)
        .concat(deliveries::event)
        .concat(BETWEEN)
        .concat(deliveries::object_kind)
        .concat(BETWEEN)
        .concat(deliveries::user_name)
        .concat(BETWEEN)
        .concat(deliveries::user_email)
        .concat(BETWEEN)
        .concat(deliveries::summary)
        .concat(BETWEEN)
        .concat(deliveries::title)
        .ilike(contains_pattern(term));
    let text = text.or(deliveries::idempotency_key.eq(term.to_owned()));
    match term.parse::<i64>() {
        Ok(number) => {
            let of_project = deliveries::project_id.assume_not_null().eq(number);
            Box::new(text.or(of_project))
        }
        Err(_) => Box::new(text),
    }
}

/// The deliveries a changelist asks for, newest first, each with its jobs.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_deliveries(
    conn: &mut Conn,
    query: &ListQuery<Sort, Filter>,
) -> Result<Page<Row>> {
    let (matching, ids) = find_matching(conn, list_ids(query), query).await?;
    if matching.number() == 0 {
        return Ok(Page::cut_page(Vec::new(), &query.part, query.limit, matching));
    }
    let rows = deliveries::table.select(Brief::as_select()).into_boxed();
    let rows = match ids {
        Some(ids) => rows.filter(deliveries::id.eq_any(ids)),
        None => rows.filter(list_condition(query)),
    };
    let rows = match &query.part {
        Part::Numbered(_) => rows.order(deliveries::id.desc()),
        Part::Older(id) => rows.filter(deliveries::id.lt(id.clone())).order(deliveries::id.desc()),
        Part::Newer(id) => rows.filter(deliveries::id.gt(id.clone())).order(deliveries::id.asc()),
    };
    let rows: Vec<Brief> = rows.limit(query.limit.saturating_add(1)).load(conn).await?;
    let rows = with_jobs(conn, rows).await?;
    Ok(Page::cut_page(rows, &query.part, query.limit, matching))
}

async fn with_jobs(conn: &mut Conn, rows: Vec<Brief>) -> Result<Vec<Row>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let made: Vec<(String, String, JobState, String)> = jobs::table
        .filter(jobs::delivery_id.eq_any(ids))
        .order(jobs::id)
        .select((jobs::delivery_id, jobs::id, jobs::state, jobs::webhook_label))
        .load(conn)
        .await?;
    let mut by_delivery = std::collections::HashMap::<String, Vec<JobRef>>::new();
    for (delivery, id, state, webhook_label) in made {
        by_delivery.entry(delivery).or_default().push(JobRef { id, state, webhook_label });
    }
    Ok(rows
        .into_iter()
        .map(|delivery| {
            let jobs = by_delivery.remove(&delivery.id).unwrap_or_default();
            Row { delivery, jobs }
        })
        .collect())
}

/// How many deliveries there are in all and, if tabs show it, of each verdict, each count capped.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn count_deliveries(conn: &mut Conn, tabs: bool) -> Result<Counts> {
    let all = || deliveries::table.select(deliveries::id).limit(Total::CAP + 1).into_boxed();
    let of = Verdict::ALL
        .into_iter()
        .filter(|_| tabs)
        .map(|verdict| all().filter(deliveries::verdict.eq(verdict.as_str())));
    let counted = CountsOf(std::iter::once(all()).chain(of).collect());
    let counted: Vec<i64> = counted.get_result(conn).await?;
    let mut counted = counted.into_iter().map(Total::from_capped);
    let all = counted.next();
    let choices = Verdict::ALL.into_iter().zip(counted).map(|(verdict, count)| ChoiceCount {
        param: "verdict",
        value: verdict.as_str().to_owned(),
        count: Some(count),
    });
    Ok(Counts { all, choices: choices.collect() })
}
