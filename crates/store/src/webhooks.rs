//! The table of webhooks as the panel reads and writes it: the list, one webhook, and its
//! three writes. Whom a delivery finds is `store::candidates`; what may be saved is
//! `signalbox::webhooks`.

mod bulk;
mod facets;
mod list;
mod newest_jobs;
mod tokens;

pub use bulk::{delete_many, find_many_for_update, reset_many, select_ids, set_enabled};
pub use facets::count_webhooks;
pub use list::{Filter, Sort, list_webhooks, listed_ids};
pub use newest_jobs::{NewestJob, WebhookJobs, list_newest_jobs};
pub use tokens::{
    Secrets, Tokens, find_tokens, list_similar_tokens, list_token_holders, write_tokens,
};

use super::schema::webhooks;
use super::{Conn, Result, StoreError};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use signalbox_core::ids::WebhookId;
use signalbox_core::job::JobState;
use signalbox_core::verdict::Verdict;
use signalbox_core::webhook::{Concurrency, ProjectId};

/// One webhook, secrets left out; serialises under the names that JSON and CSV show.
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
    pub concurrency: Concurrency,
    pub debounce_s: i32,
    pub cancel_running: bool,
    pub max_concurrent_jobs: Option<i32>,
    pub max_attempts: i32,
    pub timeout_s: Option<i32>,
    pub notes: String,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub registered_at: Option<DateTime<Utc>>,
    pub last_delivery_id: Option<String>,
    pub last_delivery_at: Option<DateTime<Utc>>,
    pub last_verdict: Option<Verdict>,
    pub last_job_id: Option<String>,
    pub last_job_state: Option<JobState>,
    pub pending_since: DateTime<Utc>,
    pub obey_skip: bool,
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub previous_signing_until: Option<DateTime<Utc>>,
    pub last_token_at: Option<DateTime<Utc>>,
    pub last_signature_at: Option<DateTime<Utc>>,
    pub require_signature: bool,
}

impl Row {
    /// Whether the webhook waits for its Test event.
    pub fn is_pending(&self) -> bool {
        ProjectId::from_raw(self.project_id).is_pending()
    }

    /// What the webhook is called: its name, else what 2015's model printed.
    pub fn label(&self) -> String {
        signalbox_core::webhook::webhook_label(&self.name, &self.repo_name, &self.object_kind)
    }
}

/// One webhook.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn find_webhook(conn: &mut Conn, id: WebhookId) -> Result<Row> {
    Ok(webhooks::table.find(id.0).select(Row::as_select()).first(conn).await?)
}

/// All webhooks, by id.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_all(conn: &mut Conn) -> Result<Vec<Row>> {
    Ok(webhooks::table.select(Row::as_select()).order(webhooks::id).load(conn).await?)
}

/// One webhook, locked until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn find_for_update(conn: &mut Conn, id: WebhookId) -> Result<Row> {
    Ok(webhooks::table.find(id.0).select(Row::as_select()).for_update().first(conn).await?)
}

/// What a person may write of a webhook, secrets apart.
#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
#[expect(clippy::struct_excessive_bools, reason = "the columns are what they are")]
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
    pub require_signature: bool,
    pub register_on_first_event: bool,
    pub action: &'a str,
    pub action_params: serde_json::Value,
    pub concurrency: &'a str,
    pub debounce_s: i32,
    pub cancel_running: bool,
    pub max_concurrent_jobs: Option<i32>,
    pub max_attempts: i32,
    pub timeout_s: Option<i32>,
    pub notes: &'a str,
    pub registered_at: Option<DateTime<Utc>>,
    pub pending_since: DateTime<Utc>,
}

/// Adds a webhook.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn insert_webhook(
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

/// Changes a webhook if its version is still `version`; the new version is one higher.
///
/// # Errors
/// [`StoreError::Stale`] when it was changed since, or is gone.
pub async fn update_webhook(
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

/// Lets a webhook wait for a Test again, if its version is still `version`.
///
/// # Errors
/// [`StoreError::Stale`] when it was changed since, or is gone.
pub async fn reset_registration(
    conn: &mut Conn,
    id: WebhookId,
    version: i32,
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

/// Gives a webhook another repository name and address, if its version is still `version`.
///
/// # Errors
/// [`StoreError::Stale`] when it was changed since, or is gone.
pub async fn rename_repository(
    conn: &mut Conn,
    (id, version): (WebhookId, i32),
    (repo_name, repo_url): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Row> {
    diesel::update(webhooks::table.find(id.0).filter(webhooks::version.eq(version)))
        .set((
            webhooks::repo_name.eq(repo_name),
            webhooks::repo_url.eq(repo_url),
            webhooks::updated_at.eq(now),
            webhooks::version.eq(version + 1),
        ))
        .returning(Row::as_returning())
        .get_result(conn)
        .await
        .optional()?
        .ok_or(StoreError::Stale)
}

/// Removes a webhook. Its deliveries and jobs stay: they keep its name.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none with this id.
pub async fn delete_webhook(conn: &mut Conn, id: WebhookId) -> Result<()> {
    match diesel::delete(webhooks::table.find(id.0)).execute(conn).await? {
        0 => Err(StoreError::NotFound),
        _ => Ok(()),
    }
}

/// Other webhooks with the same five values, some of them: their filters may yet exclude each other.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn find_duplicates(conn: &mut Conn, row: &Row) -> Result<Vec<Row>> {
    Ok(webhooks::table
        .filter(webhooks::id.ne(row.id))
        .filter(webhooks::repo_name.eq(&row.repo_name))
        .filter(webhooks::repo_url.eq(&row.repo_url))
        .filter(webhooks::object_kind.eq(&row.object_kind))
        .filter(webhooks::project_id.eq(row.project_id))
        .filter(webhooks::http_x_gitlab_event.eq(&row.http_x_gitlab_event))
        .order(webhooks::id)
        .limit(100)
        .select(Row::as_select())
        .load(conn)
        .await?)
}

/// A webhook's name, and how its jobs share time.
#[derive(Debug, Clone)]
pub struct Named {
    /// Which one.
    pub id: i64,
    /// What it is called.
    pub label: String,
    /// How its jobs share time.
    pub concurrency: Concurrency,
}

/// The webhooks' ids and what they are called.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn list_names(conn: &mut Conn) -> Result<Vec<Named>> {
    let columns = (
        webhooks::id,
        webhooks::name,
        webhooks::repo_name,
        webhooks::object_kind,
        webhooks::concurrency,
    );
    let rows: Vec<(i64, String, String, String, Concurrency)> =
        webhooks::table.order(webhooks::id).select(columns).load(conn).await?;
    let named =
        |(id, name, repo, kind, concurrency): (i64, String, String, String, Concurrency)| {
            let label = signalbox_core::webhook::webhook_label(&name, &repo, &kind);
            Named { id, label, concurrency }
        };
    Ok(rows.into_iter().map(named).collect())
}
