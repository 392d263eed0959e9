//! The table of webhook records as the panel reads and writes it: the list, one record, and its
//! three writes. Whom a delivery finds is `store::candidates`; what may be saved is
//! `crate::records`.

mod bulk;
mod facets;

pub use bulk::{delete_many, find_many_for_update, ids, set_enabled};
pub use facets::counts;

use super::schema::webhooks;
use super::search::{Condition, ago, contains};
use super::{Conn, Result, StoreError};
use crate::core::ids::WebhookId;
use crate::core::listing::{Direction, ListQuery, Page, Part, Total};
use crate::core::webhook::ProjectId;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;

/// One record, secrets left out; serialises under the contract's field names.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = webhooks, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
#[expect(clippy::struct_excessive_bools, reason = "the columns are what they are")]
pub struct Row {
    pub id: i64,
    pub name: String,
    pub repo_name: String,
    pub repo_url: String,
    pub object_kind: String,
    pub project_id: i64,
    pub http_x_gitlab_event: String,
    pub enabled: bool,
    #[diesel(select_expression = webhooks::secret_digest.is_not_null())]
    #[diesel(select_expression_type = diesel::dsl::IsNotNull<webhooks::secret_digest>)]
    pub has_secret_token: bool,
    #[diesel(select_expression = webhooks::signing_token.is_not_null())]
    #[diesel(select_expression_type = diesel::dsl::IsNotNull<webhooks::signing_token>)]
    pub has_signing_token: bool,
    pub ref_filter: String,
    pub path_filter: String,
    pub condition: String,
    pub register_on_first_event: bool,
    pub action: String,
    pub action_params: serde_json::Value,
    pub concurrency: String,
    pub debounce_s: i32,
    pub max_attempts: i32,
    pub timeout_s: Option<i32>,
    pub notes: String,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub registered_at: Option<DateTime<Utc>>,
    pub last_delivery_id: Option<String>,
    pub last_delivery_at: Option<DateTime<Utc>>,
    pub last_verdict: Option<String>,
    pub last_job_id: Option<String>,
    pub last_job_state: Option<String>,
    pub pending_since: DateTime<Utc>,
    pub obey_skip: bool,
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub previous_signing_until: Option<DateTime<Utc>>,
    pub last_token_at: Option<DateTime<Utc>>,
    pub last_signature_at: Option<DateTime<Utc>>,
}

impl Row {
    /// Whether the record waits for its Test event.
    pub fn is_pending(&self) -> bool {
        ProjectId::from_raw(self.project_id).is_pending()
    }

    /// What the record is called: its name, else what 2015's model printed.
    pub fn label(&self) -> String {
        crate::core::webhook::label(&self.name, &self.repo_name, &self.object_kind)
    }
}

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
    /// Only pending (`true`) or only registered records.
    pub pending: Option<bool>,
    /// The event header.
    pub http_x_gitlab_event: Option<String>,
    /// The kind.
    pub object_kind: Option<String>,
    /// Switched on or off.
    pub enabled: Option<bool>,
    /// The verdict of the last delivery.
    pub last_verdict: Option<String>,
    /// The state of the last job.
    pub last_job_state: Option<String>,
    /// The project's id.
    pub project_id: Option<i64>,
    /// Pending for longer than this.
    pub pending_for: Option<TimeDelta>,
    /// Enabled and registered, and without a delivery for longer than this.
    pub quiet_for: Option<TimeDelta>,
}

fn condition(query: &ListQuery<Sort, Filter>) -> Condition<webhooks::table> {
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
    if let Some(verdict) = filter.last_verdict.clone() {
        and(Box::new(webhooks::last_verdict.is_not_distinct_from(verdict)));
    }
    if let Some(state) = filter.last_job_state.clone() {
        and(Box::new(webhooks::last_job_state.is_not_distinct_from(state)));
    }
    if let Some(project_id) = filter.project_id {
        and(Box::new(webhooks::project_id.eq(project_id)));
    }
    if let Some(time) = filter.pending_for {
        let waits = webhooks::project_id.eq(ProjectId::PENDING);
        and(Box::new(waits.and(webhooks::created_at.lt(ago(time)))));
    }
    if let Some(time) = filter.quiet_for {
        let listens = webhooks::enabled.and(webhooks::project_id.ne(ProjectId::PENDING));
        let old = webhooks::created_at.lt(ago(time));
        let heard = webhooks::last_delivery_at.is_not_null();
        let lately = heard.and(webhooks::last_delivery_at.assume_not_null().ge(ago(time)));
        and(Box::new(listens.and(old).and(diesel::dsl::not(lately))));
    }
    for term in &query.terms {
        and(found(term));
    }
    all
}

fn found(term: &str) -> Condition<webhooks::table> {
    let pattern = contains(term);
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

/// The records a changelist asks for: numbered pages.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let matching: i64 = webhooks::table.filter(condition(query)).count().get_result(conn).await?;
    let mut rows = webhooks::table.select(Row::as_select()).filter(condition(query)).into_boxed();
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
    Ok(Page::cut(rows, &Part::Numbered(page), query.limit, Total::Exactly(matching)))
}

/// One record.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn find(conn: &mut Conn, id: WebhookId) -> Result<Row> {
    Ok(webhooks::table.find(id.0).select(Row::as_select()).first(conn).await?)
}

/// One record, locked until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn find_for_update(conn: &mut Conn, id: WebhookId) -> Result<Row> {
    Ok(webhooks::table.find(id.0).select(Row::as_select()).for_update().first(conn).await?)
}

/// What a person may write of a record, secrets apart.
#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Values<'a> {
    pub name: &'a str,
    pub repo_name: &'a str,
    pub repo_url: &'a str,
    pub object_kind: &'a str,
    pub project_id: i64,
    pub http_x_gitlab_event: &'a str,
    pub enabled: bool,
    pub ref_filter: &'a str,
    pub path_filter: &'a str,
    pub condition: &'a str,
    pub obey_skip: bool,
    pub register_on_first_event: bool,
    pub action: &'a str,
    pub action_params: serde_json::Value,
    pub concurrency: &'a str,
    pub debounce_s: i32,
    pub max_attempts: i32,
    pub timeout_s: Option<i32>,
    pub notes: &'a str,
    pub registered_at: Option<DateTime<Utc>>,
    pub pending_since: DateTime<Utc>,
}

/// The stored forms of a record's secrets.
#[derive(Debug, Clone, Default, Insertable, AsChangeset)]
#[diesel(table_name = webhooks)]
pub struct Secrets {
    /// The keyed digest of the secret token: `None` keeps it, `Some(None)` removes it.
    pub secret_digest: Option<Option<Vec<u8>>>,
    /// The sealed signing token, likewise.
    pub signing_token: Option<Option<Vec<u8>>>,
    /// The digest before, likewise.
    pub previous_secret_digest: Option<Option<Vec<u8>>>,
    /// Until when that one counts.
    pub previous_secret_until: Option<Option<DateTime<Utc>>>,
    /// The sealed signing token before, likewise.
    pub previous_signing_token: Option<Option<Vec<u8>>>,
    /// Until when that one counts.
    pub previous_signing_until: Option<Option<DateTime<Utc>>>,
}

/// The present secrets of a record in their stored forms, for keeping them as the previous ones.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such record.
pub async fn stored_secrets(
    conn: &mut Conn,
    id: WebhookId,
) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>)> {
    let columns = (webhooks::secret_digest, webhooks::signing_token);
    Ok(webhooks::table.find(id.0).select(columns).first(conn).await?)
}

/// Adds a record.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn insert(
    conn: &mut Conn,
    values: &Values<'_>,
    secrets: &Secrets,
    now: DateTime<Utc>,
) -> Result<Row> {
    Ok(diesel::insert_into(webhooks::table)
        .values((values, secrets, webhooks::created_at.eq(now), webhooks::updated_at.eq(now)))
        .returning(Row::as_returning())
        .get_result(conn)
        .await?)
}

/// Changes a record if its version is still `version`; the new version is one higher.
///
/// # Errors
/// [`StoreError::Stale`] when it was changed since, or is gone.
pub async fn update(
    conn: &mut Conn,
    (id, version): (WebhookId, i32),
    values: &Values<'_>,
    secrets: &Secrets,
    now: DateTime<Utc>,
) -> Result<Row> {
    diesel::update(webhooks::table.find(id.0).filter(webhooks::version.eq(version)))
        .set((values, secrets, webhooks::version.eq(version + 1), webhooks::updated_at.eq(now)))
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .optional()?
        .ok_or(StoreError::Stale)
}

/// Lets a record wait for a Test again, if its version is still `version`.
///
/// # Errors
/// [`StoreError::Stale`] when it was changed since, or is gone.
pub async fn reset(
    conn: &mut Conn,
    (id, version): (WebhookId, i32),
    now: DateTime<Utc>,
) -> Result<Row> {
    diesel::update(webhooks::table.find(id.0).filter(webhooks::version.eq(version)))
        .set((
            webhooks::project_id.eq(ProjectId::PENDING),
            webhooks::registered_at.eq(None::<DateTime<Utc>>),
            webhooks::pending_since.eq(now),
            webhooks::updated_at.eq(now),
            webhooks::version.eq(version + 1),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .optional()?
        .ok_or(StoreError::Stale)
}

/// Removes a record. Its deliveries and jobs stay: they keep its name.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn delete(conn: &mut Conn, id: WebhookId) -> Result<()> {
    match diesel::delete(webhooks::table.find(id.0)).execute(conn).await? {
        0 => Err(StoreError::NotFound),
        _ => Ok(()),
    }
}

/// Other records that a delivery for this one would match as well: equal in the five values.
/// Both run, which the form says.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn twins(conn: &mut Conn, row: &Row) -> Result<Vec<Row>> {
    Ok(webhooks::table
        .filter(webhooks::id.ne(row.id))
        .filter(webhooks::repo_name.eq(&row.repo_name))
        .filter(webhooks::repo_url.eq(&row.repo_url))
        .filter(webhooks::object_kind.eq(&row.object_kind))
        .filter(webhooks::project_id.eq(row.project_id))
        .filter(webhooks::http_x_gitlab_event.eq(&row.http_x_gitlab_event))
        .order(webhooks::id)
        .limit(5)
        .select(Row::as_select())
        .load(conn)
        .await?)
}

/// The records' ids and what they are called.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn names(conn: &mut Conn) -> Result<Vec<(i64, String)>> {
    let rows: Vec<(i64, String, String, String)> = webhooks::table
        .order(webhooks::id)
        .select((webhooks::id, webhooks::name, webhooks::repo_name, webhooks::object_kind))
        .load(conn)
        .await?;
    let named = |(id, name, repo, kind): (i64, String, String, String)| {
        (id, crate::core::webhook::label(&name, &repo, &kind))
    };
    Ok(rows.into_iter().map(named).collect())
}
