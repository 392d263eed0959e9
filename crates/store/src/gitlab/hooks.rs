//! The table of GitLab's webhooks that are kept in order.

use crate::schema::{gitlab_hook_webhooks, gitlab_hooks};
use crate::webhooks::Row;
use crate::{Conn, Result, schema};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use signalbox_core::ids::WebhookId;

/// How long whoever is at a webhook keeps others from it, should they die.
const CLAIM: TimeDelta = TimeDelta::minutes(3);

/// A webhook of GitLab's.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = gitlab_hooks, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
#[expect(clippy::struct_excessive_bools, reason = "each column is a question of its own")]
pub struct Hook {
    pub id: i64,
    pub connection_id: i64,
    pub project_id: i64,
    pub hook_id: Option<i64>,
    pub url: String,
    pub token: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub checked_at: Option<DateTime<Utc>>,
    pub failure: Option<Value>,
    pub seen: Option<Value>,
    pub auto_fix: bool,
    pub unwritten: bool,
    pub archived: bool,
    pub log_read_to: Option<DateTime<Utc>>,
    pub missed: Option<Value>,
    pub heads_due: bool,
    pub heads_at: Option<DateTime<Utc>>,
}

/// A webhook of GitLab's with the webhooks here that it serves.
#[derive(Debug, Clone)]
pub struct HookRow {
    /// The webhook in GitLab.
    pub hook: Hook,
    /// Those here.
    pub webhooks: Vec<Row>,
}

/// Writes down that a project is to have a webhook; the one there is, if there is.
///
/// # Errors
/// Those of the database.
pub async fn insert_hook(
    conn: &mut Conn,
    (connection_id, project_id): (i64, i64),
    (url, token): (&str, &[u8]),
    now: DateTime<Utc>,
) -> Result<Hook> {
    diesel::insert_into(gitlab_hooks::table)
        .values((
            gitlab_hooks::connection_id.eq(connection_id),
            gitlab_hooks::project_id.eq(project_id),
            gitlab_hooks::url.eq(url),
            gitlab_hooks::token.eq(token),
            gitlab_hooks::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    find_hook_of_project(conn, connection_id, project_id).await?.ok_or(crate::StoreError::NotFound)
}

/// The webhook of a project.
///
/// # Errors
/// Those of the database.
pub async fn find_hook_of_project(
    conn: &mut Conn,
    connection_id: i64,
    project_id: i64,
) -> Result<Option<Hook>> {
    Ok(gitlab_hooks::table
        .filter(gitlab_hooks::connection_id.eq(connection_id))
        .filter(gitlab_hooks::project_id.eq(project_id))
        .select(Hook::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// One of them.
///
/// # Errors
/// [`crate::StoreError::NotFound`], and those of the database.
pub async fn find_hook(conn: &mut Conn, id: i64) -> Result<Hook> {
    Ok(gitlab_hooks::table.find(id).select(Hook::as_select()).first(conn).await?)
}

/// The webhooks here of a project that no webhook of GitLab's is known to serve.
///
/// # Errors
/// Those of the database.
pub async fn list_unlinked(conn: &mut Conn, project: i64) -> Result<Vec<Row>> {
    use schema::webhooks;
    let linked = gitlab_hook_webhooks::table.select(gitlab_hook_webhooks::webhook_id);
    Ok(webhooks::table
        .filter(webhooks::project_id.eq(project))
        .filter(webhooks::id.ne_all(linked))
        .order(webhooks::id)
        .select(Row::as_select())
        .load(conn)
        .await?)
}

/// GitLab's webhook of a webhook here.
///
/// # Errors
/// Those of the database.
pub async fn find_hook_of_webhook(conn: &mut Conn, id: WebhookId) -> Result<Option<Hook>> {
    Ok(gitlab_hook_webhooks::table
        .find(id.0)
        .inner_join(gitlab_hooks::table)
        .select(Hook::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// The webhooks of a connection that are kept in order, by project.
///
/// # Errors
/// Those of the database.
pub async fn list_hooks(conn: &mut Conn, connection_id: i64) -> Result<Vec<Hook>> {
    Ok(gitlab_hooks::table
        .filter(gitlab_hooks::connection_id.eq(connection_id))
        .order(gitlab_hooks::project_id)
        .select(Hook::as_select())
        .load(conn)
        .await?)
}

/// The same with the webhooks here.
///
/// # Errors
/// Those of the database.
pub async fn list_hook_rows(conn: &mut Conn, connection_id: i64) -> Result<Vec<HookRow>> {
    let hooks = list_hooks(conn, connection_id).await?;
    let linked: Vec<(i64, Row)> = gitlab_hook_webhooks::table
        .inner_join(schema::webhooks::table)
        .filter(gitlab_hook_webhooks::hook_id.eq_any(hooks.iter().map(|hook| hook.id)))
        .order(schema::webhooks::id)
        .select((gitlab_hook_webhooks::hook_id, Row::as_select()))
        .load(conn)
        .await?;
    let of = |hook: &Hook| {
        let own = linked.iter().filter(|(id, _)| *id == hook.id);
        own.map(|(_, row)| row.clone()).collect()
    };
    Ok(hooks.into_iter().map(|hook| HookRow { webhooks: of(&hook), hook }).collect())
}

/// The webhooks here that a webhook of GitLab's serves.
///
/// # Errors
/// Those of the database.
pub async fn hook_webhooks(conn: &mut Conn, hook: i64) -> Result<Vec<Row>> {
    Ok(gitlab_hook_webhooks::table
        .inner_join(schema::webhooks::table)
        .filter(gitlab_hook_webhooks::hook_id.eq(hook))
        .order(schema::webhooks::id)
        .select(Row::as_select())
        .load(conn)
        .await?)
}

/// Says which webhooks here a webhook of GitLab's serves too.
///
/// # Errors
/// Those of the database.
pub async fn link_webhooks(conn: &mut Conn, hook: i64, webhooks: &[WebhookId]) -> Result<()> {
    let rows: Vec<_> = webhooks
        .iter()
        .map(|id| {
            (gitlab_hook_webhooks::webhook_id.eq(id.0), gitlab_hook_webhooks::hook_id.eq(hook))
        })
        .collect();
    diesel::insert_into(gitlab_hook_webhooks::table)
        .values(rows)
        .on_conflict(gitlab_hook_webhooks::webhook_id)
        .do_update()
        .set(gitlab_hook_webhooks::hook_id.eq(hook))
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps others from a webhook for a while; none if somebody is at it.
///
/// # Errors
/// Those of the database.
pub async fn claim_hook(conn: &mut Conn, id: i64, now: DateTime<Utc>) -> Result<Option<Hook>> {
    let free =
        gitlab_hooks::busy_until.is_null().or(gitlab_hooks::busy_until.assume_not_null().lt(now));
    Ok(diesel::update(gitlab_hooks::table.find(id).filter(free))
        .set(gitlab_hooks::busy_until.eq(now + CLAIM))
        .returning(Hook::as_returning())
        .get_result(conn)
        .await
        .optional()?)
}

/// Notes that GitLab was told of what is to be, unless that is another token by now.
///
/// # Errors
/// Those of the database.
pub async fn note_written(conn: &mut Conn, hook: &Hook) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(hook.id))
        .filter(gitlab_hooks::token.eq(&hook.token))
        .filter(gitlab_hooks::url.eq(&hook.url))
        .set(gitlab_hooks::unwritten.eq(false))
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores another token, of which GitLab is to be told.
///
/// # Errors
/// Those of the database.
pub async fn set_hook_token(conn: &mut Conn, id: i64, token: &[u8]) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(id))
        .set((gitlab_hooks::token.eq(token), gitlab_hooks::unwritten.eq(true)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores where the webhooks of a connection are to send to from now on. GitLab is told by whoever fixes them.
///
/// # Errors
/// Those of the database.
pub async fn move_hooks(conn: &mut Conn, connection: i64, url: &str) -> Result<()> {
    diesel::update(gitlab_hooks::table)
        .filter(gitlab_hooks::connection_id.eq(connection))
        .filter(gitlab_hooks::url.ne(url))
        .set(gitlab_hooks::url.eq(url))
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores whether what differs is fixed without being asked.
///
/// # Errors
/// Those of the database.
pub async fn set_auto_fix(conn: &mut Conn, id: i64, auto_fix: bool) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(id))
        .set(gitlab_hooks::auto_fix.eq(auto_fix))
        .execute(conn)
        .await?;
    Ok(())
}

/// How jobs show in GitLab, beside their commits' statuses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable)]
pub struct Reporting {
    /// The environment that they deploy to; it may be empty.
    pub environment: String,
    /// Whether they have a comment in their merge request.
    pub comments: bool,
}

/// How the jobs of a webhook here show in GitLab; none if they do not.
///
/// # Errors
/// Those of the database.
pub async fn find_reporting(conn: &mut Conn, id: WebhookId) -> Result<Option<Reporting>> {
    Ok(gitlab_hook_webhooks::table
        .find(id.0)
        .filter(gitlab_hook_webhooks::reports_since.is_not_null())
        .select((gitlab_hook_webhooks::environment, gitlab_hook_webhooks::comments))
        .first(conn)
        .await
        .optional()?)
}

/// Stores since when the jobs of a webhook here show in GitLab, and how; none = they do not.
///
/// # Errors
/// [`crate::StoreError::NotFound`] if no webhook of GitLab's is known to serve it; those of the database.
pub async fn set_reporting(
    conn: &mut Conn,
    id: WebhookId,
    reporting: Option<(DateTime<Utc>, Reporting)>,
) -> Result<()> {
    let (since, reporting) = reporting.unzip();
    let Reporting { environment, comments } = reporting.unwrap_or_default();
    let set = diesel::update(gitlab_hook_webhooks::table.find(id.0))
        .set((
            gitlab_hook_webhooks::reports_since.eq(since),
            gitlab_hook_webhooks::environment.eq(environment),
            gitlab_hook_webhooks::comments.eq(comments),
        ))
        .execute(conn)
        .await?;
    if set == 1 { Ok(()) } else { Err(crate::StoreError::NotFound) }
}

/// Notes whether GitLab closed its project for changes.
///
/// # Errors
/// Those of the database.
pub async fn note_archived(conn: &mut Conn, id: i64, archived: bool) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(id))
        .set(gitlab_hooks::archived.eq(archived))
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets others at it again.
///
/// # Errors
/// Those of the database.
pub async fn release_hook(conn: &mut Conn, id: i64) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(id))
        .set(gitlab_hooks::busy_until.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes what GitLab said of it, and its number there.
///
/// # Errors
/// Those of the database.
pub async fn note_hook_seen(
    conn: &mut Conn,
    id: i64,
    (hook_id, seen): (i64, &Value),
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(id))
        .set((
            gitlab_hooks::hook_id.eq(hook_id),
            gitlab_hooks::seen.eq(seen),
            gitlab_hooks::checked_at.eq(now),
            gitlab_hooks::failure.eq(None::<Value>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes why it could not be looked at or made.
///
/// # Errors
/// Those of the database.
pub async fn note_hook_failure(
    conn: &mut Conn,
    id: i64,
    failure: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(gitlab_hooks::table.find(id))
        .set((gitlab_hooks::checked_at.eq(now), gitlab_hooks::failure.eq(failure)))
        .execute(conn)
        .await?;
    Ok(())
}
