//! The list of webhooks: what it can be sorted by and narrowed to, and its rows.

use super::Row;
use crate::schema::webhooks;
use crate::search::{Condition, Ids, contains_pattern, time_ago};
use crate::{Conn, Result};
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::job::JobState;
use signalbox_core::listing::{Direction, ListQuery, Page, Part, Times, Total};
use signalbox_core::verdict::Verdict;
use signalbox_core::webhook::ProjectId;

/// What the list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The repository's name, then its address.
    Repository,
    /// The event header, then the kind.
    Event,
    /// The project's id.
    ProjectId,
    /// Switched on or off.
    Enabled,
    /// When the last delivery came.
    LastDelivery,
    /// How the last job stands.
    LastJob,
}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only pending (`true`) or only registered webhooks.
    pub pending: Option<bool>,
    /// The event header.
    pub http_x_gitlab_event: Option<String>,
    /// The kind.
    pub object_kind: Option<String>,
    /// Switched on or off.
    pub enabled: Option<bool>,
    /// The verdict of the last delivery.
    pub last_verdict: Option<Verdict>,
    /// The state of the last job.
    pub last_job_state: Option<JobState>,
    /// The project's id.
    pub project_id: Option<i64>,
    /// Pending for longer than this.
    pub pending_for: Option<TimeDelta>,
    /// When it was added.
    pub created: Times,
    /// Enabled and registered, and without a delivery for longer than this.
    pub quiet_for: Option<TimeDelta>,
}

pub(super) fn list_condition(query: &ListQuery<Sort, Filter>) -> Condition<webhooks::table> {
    let filter = &query.filter;
    let mut all: Condition<webhooks::table> = Box::new(webhooks::id.is_not_null());
    let mut and = |next: Condition<webhooks::table>| {
        let so_far = std::mem::replace(&mut all, Box::new(webhooks::id.is_not_null()));
        all = Box::new(so_far.and(next));
    };
    if let Some(pending) = filter.pending {
        and(if pending {
            Box::new(webhooks::project_id.eq(ProjectId::PENDING))
        } else {
            Box::new(webhooks::project_id.ne(ProjectId::PENDING))
        });
    }
    if let Some(header) = filter.http_x_gitlab_event.clone() {
        and(Box::new(webhooks::http_x_gitlab_event.eq(header)));
    }
    if let Some(kind) = filter.object_kind.clone() {
        and(Box::new(webhooks::object_kind.eq(kind)));
    }
    if let Some(enabled) = filter.enabled {
        and(Box::new(webhooks::enabled.eq(enabled)));
    }
    if let Some(verdict) = filter.last_verdict {
        and(Box::new(webhooks::last_verdict.is_not_distinct_from(verdict)));
    }
    if let Some(state) = filter.last_job_state {
        and(Box::new(webhooks::last_job_state.is_not_distinct_from(state)));
    }
    if let Some(project_id) = filter.project_id {
        and(Box::new(webhooks::project_id.eq(project_id)));
    }
    if let Some(time) = filter.pending_for {
        let waits = webhooks::project_id.eq(ProjectId::PENDING);
        and(Box::new(waits.and(webhooks::created_at.lt(time_ago(time)))));
    }
    if let Some(within) = filter.created.within {
        and(Box::new(webhooks::created_at.ge(time_ago(within))));
    }
    if let Some(since) = filter.created.since {
        and(Box::new(webhooks::created_at.ge(since)));
    }
    if let Some(before) = filter.created.before {
        and(Box::new(webhooks::created_at.lt(before)));
    }
    if let Some(time) = filter.quiet_for {
        let listens = webhooks::enabled.and(webhooks::project_id.ne(ProjectId::PENDING));
        let old = webhooks::created_at.lt(time_ago(time));
        let heard = webhooks::last_delivery_at.is_not_null();
        let lately = heard.and(webhooks::last_delivery_at.assume_not_null().ge(time_ago(time)));
        and(Box::new(listens.and(old).and(diesel::dsl::not(lately))));
    }
    for term in &query.terms {
        and(match_term(term));
    }
    all
}

fn match_term(term: &str) -> Condition<webhooks::table> {
    let pattern = contains_pattern(term);
    let text = webhooks::name
        .ilike(pattern.clone())
        .or(webhooks::repo_name.ilike(pattern.clone()))
        .or(webhooks::repo_url.ilike(pattern.clone()))
        .or(webhooks::object_kind.ilike(pattern.clone()))
        .or(webhooks::http_x_gitlab_event.ilike(pattern.clone()))
        .or(webhooks::action.ilike(pattern.clone()))
        .or(webhooks::notes.ilike(pattern));
    match term.parse::<i64>() {
        Ok(number) => Box::new(text.or(webhooks::project_id.eq(number))),
        Err(_) => Box::new(text),
    }
}

/// The ids of the webhooks that a changelist lists, for counting them together with other rows.
pub fn listed_ids(query: &ListQuery<Sort, Filter>) -> Ids<webhooks::table> {
    Ids {
        table: "webhooks",
        condition: list_condition(query),
        searches: None,
        before: None,
        limit: Total::CAP + 1,
    }
}

/// The webhooks a changelist asks for: numbered pages.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_webhooks(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let matching: i64 =
        webhooks::table.filter(list_condition(query)).count().get_result(conn).await?;
    let mut rows =
        webhooks::table.select(Row::as_select()).filter(list_condition(query)).into_boxed();
    for (key, direction) in &query.order {
        let up = *direction == Direction::Ascending;
        rows = match (key, up) {
            (Sort::Repository, true) => {
                rows.then_order_by((webhooks::repo_name.asc(), webhooks::repo_url.asc()))
            }
            (Sort::Repository, false) => {
                rows.then_order_by((webhooks::repo_name.desc(), webhooks::repo_url.desc()))
            }
            (Sort::Event, true) => rows
                .then_order_by((webhooks::http_x_gitlab_event.asc(), webhooks::object_kind.asc())),
            (Sort::Event, false) => rows.then_order_by((
                webhooks::http_x_gitlab_event.desc(),
                webhooks::object_kind.desc(),
            )),
            (Sort::ProjectId, true) => rows.then_order_by(webhooks::project_id.asc()),
            (Sort::ProjectId, false) => rows.then_order_by(webhooks::project_id.desc()),
            (Sort::Enabled, true) => rows.then_order_by(webhooks::enabled.asc()),
            (Sort::Enabled, false) => rows.then_order_by(webhooks::enabled.desc()),
            (Sort::LastDelivery, true) => {
                rows.then_order_by(webhooks::last_delivery_at.asc().nulls_first())
            }
            (Sort::LastDelivery, false) => {
                rows.then_order_by(webhooks::last_delivery_at.desc().nulls_last())
            }
            (Sort::LastJob, true) => {
                rows.then_order_by(webhooks::last_job_state.asc().nulls_first())
            }
            (Sort::LastJob, false) => {
                rows.then_order_by(webhooks::last_job_state.desc().nulls_last())
            }
        };
    }
    let page = match &query.part {
        Part::Numbered(page) => *page,
        Part::Older(_) | Part::Newer(_) => 1,
    };
    let rows = rows
        .then_order_by(webhooks::id.desc())
        .limit(query.limit.saturating_add(1))
        .offset(page.saturating_sub(1).saturating_mul(query.limit))
        .load(conn)
        .await?;
    Ok(Page::cut_page(rows, &Part::Numbered(page), query.limit, Total::Exactly(matching)))
}
