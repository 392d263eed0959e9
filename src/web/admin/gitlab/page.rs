//! A connection's own page: what GitLab says of the token, and the webhooks in GitLab that are kept in
//! order with it. "Test connection" asks again; "Fix" makes a webhook what it is to be, once or whenever it
//! differs, and "New tokens" gives both ends other ones.

use super::badges::{failure_text, hook_state};
use super::{META, connection_id, to_loaded};
use crate::clock;
use crate::connections::{self, SetupError};
use crate::web::admin::context::{AdminContext, save_problem};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::back::{self, back_to_list, draw_subject};
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::admin::kit::views::Posted;
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use crate::webhooks::Act;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::event::repository::RepositoryUrl;
use signalbox_core::ids::WebhookId;
use signalbox_i18n::{self as i18n, say, t};
use signalbox_store::StoreError;
use signalbox_store::gitlab::{self, Connection, HookRow};
use std::future::Future;
use std::time::Duration;

/// How long a page waits for GitLab. What was asked for goes on after that.
const PATIENCE: Duration = Duration::from_secs(15);

/// The page.
#[derive(Template)]
#[template(path = "admin/gitlab/connection.html")]
pub struct ConnectionPage {
    /// The page's frame.
    pub frame: Frame,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// Why GitLab did not say, if it did not.
    pub failure: Option<String>,
    /// What is to be done about the token soon.
    pub expiring: Option<String>,
    /// When it was asked last.
    pub checked: Option<At>,
    /// What GitLab said of itself and the token.
    pub facts: Vec<(&'static str, String)>,
    /// Webhooks in GitLab.
    pub hooks: Vec<HookView>,
    /// Asks again.
    pub check: String,
    /// Makes a webhook what it is to be.
    pub fix: String,
}

/// A webhook in GitLab.
pub struct HookView {
    /// Its id here.
    pub id: i64,
    /// Its project.
    pub project: String,
    /// The project's page of webhooks.
    pub href: Option<String>,
    /// How it stands.
    pub badge: Badge,
    /// What is to be said of it.
    pub told: Vec<String>,
    /// Whether it can be fixed.
    pub is_wrong: bool,
    /// Whether that is done without being asked.
    pub auto_fix: bool,
    /// When it was looked at.
    pub checked: Option<At>,
    /// The webhooks here: name and page.
    pub webhooks: Vec<(String, String)>,
}

/// GET the page.
///
/// # Errors
/// No such connection (404), the database (503).
pub async fn show_connection(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let mut conn = ctx.get_conn().await?;
    let connection = match connection_id(ctx.segment("id")) {
        Ok(id) => gitlab::find_connection(&mut conn, id).await,
        Err(error) => Err(error),
    };
    let connection = connection.map_err(|error| missing_connection(&ctx, error))?;
    let hooks = gitlab::list_hook_rows(&mut conn, connection.id).await?;
    let object = to_loaded(&connection);
    let frame = ctx
        .new_frame(object.name.clone())
        .with_crumb(t(META.title), back_to_list(&ctx, &META))
        .about(draw_subject(&ctx, &META, &object));
    render_page(&draw_connection(frame, &connection, &hooks, clock::now()))
}

fn missing_connection(ctx: &AdminContext, error: StoreError) -> Problem {
    back::missing_object(ctx, &META, ctx.segment("id"), error)
}

fn draw_connection(
    frame: Frame,
    connection: &Connection,
    hooks: &[HookRow],
    now: DateTime<Utc>,
) -> ConnectionPage {
    let expires = connection.token_expires_on;
    let known = [
        ("Token", connection.token_name.clone()),
        ("Token of", connection.token_owner.clone()),
        ("Scopes", connection.token_scopes.clone()),
        (
            "Token expires",
            match expires {
                Some(day) => day.to_string(),
                None if connection.token_scopes.is_empty() => String::new(),
                None => t("Never").to_owned(),
            },
        ),
        ("GitLab", connection.gitlab_version.clone()),
    ];
    ConnectionPage {
        frame,
        now,
        failure: failure_text(connection.failure.as_ref()),
        expiring: expires.filter(|_| connections::ends_soon(connection, now)).map(|day| {
            say!(
                "The access token ends on {day}. Make another one in GitLab, and set it under Edit.",
                day = day
            )
        }),
        checked: connection.checked_at.map(At),
        facts: known.into_iter().filter(|(_, text)| !text.is_empty()).collect(),
        hooks: hooks.iter().map(|row| draw_hook(connection, row)).collect(),
        check: urls::gitlab_connection_check(connection.id),
        fix: urls::gitlab_connection_fix(connection.id),
    }
}

fn draw_hook(connection: &Connection, row: &HookRow) -> HookView {
    let (badge, told) = hook_state(row);
    let first = row.webhooks.first();
    let path = first.map(|first| RepositoryUrl::parse(&first.repo_url).path().to_owned());
    let path = path.filter(|path| !path.is_empty());
    let number = say!("Project {id}", id = row.hook.project_id);
    HookView {
        id: row.hook.id,
        href: path.as_ref().map(|path| format!("{}{path}/-/hooks", connection.base_url)),
        project: path.unwrap_or(number),
        is_wrong: !matches!(badge.state.as_str(), "healthy" | "archived"),
        auto_fix: row.hook.auto_fix,
        badge,
        told,
        checked: row.hook.checked_at.map(At),
        webhooks: row
            .webhooks
            .iter()
            .map(|webhook| (webhook.label(), urls::webhook(WebhookId(webhook.id))))
            .collect(),
    }
}

/// POST: asks GitLab what it and the token are.
///
/// # Errors
/// No such connection (404), the database (503).
pub async fn submit_check(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = connection_id(ctx.segment("id")).map_err(|error| missing_connection(&ctx, error))?;
    let connection = gitlab::find_connection(&mut *ctx.get_conn().await?, id)
        .await
        .map_err(|error| missing_connection(&ctx, error))?;
    check_and_tell(&ctx, connection).await;
    Ok(see_other(urls::gitlab_connection(id)))
}

/// Asks GitLab, and leaves a message of what it said.
pub(super) async fn check_and_tell(ctx: &AdminContext, connection: Connection) {
    let (pool, keys) = (ctx.deps().pool.clone(), ctx.deps().keys.clone());
    let asked =
        wait_for(async move { connections::check_connection(&pool, &keys, &connection).await });
    match asked.await {
        Some(Ok(Ok(learned))) if learned.token_owner.is_empty() => {
            ctx.leave_message(Level::Success, t("GitLab accepted the token."));
        }
        Some(Ok(Ok(learned))) => ctx.leave_message(
            Level::Success,
            say!("GitLab accepted the token of {user}.", user = learned.token_owner),
        ),
        Some(Ok(Err(failure))) => {
            ctx.leave_message(Level::Error, i18n::say(&failure.sentence()));
        }
        Some(Err(_)) | None => tell_waiting(ctx),
    }
}

/// Says that GitLab lets us wait.
pub fn tell_waiting(ctx: &AdminContext) {
    let text = t("GitLab has not answered yet. Reload this page to see what it says.");
    ctx.leave_message(Level::Warning, text);
}

/// Starts something and waits a while for it. It goes on when the wait ends or the person leaves.
pub async fn wait_for<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    tokio::time::timeout(PATIENCE, tokio::spawn(work)).await.ok()?.ok()
}

/// POST: makes a webhook in GitLab what it is to be, gives it another token, or says whether it is fixed
/// without being asked.
///
/// # Errors
/// No such connection or webhook (404), the database (503).
pub async fn submit_fix(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let find = async {
        let (id, hook) = (connection_id(ctx.segment("id"))?, connection_id(values.get("hook"))?);
        let mut conn = ctx.deps().pool.get_conn().await?;
        let connection = gitlab::find_connection(&mut conn, id).await?;
        let hook = gitlab::find_hook(&mut conn, hook).await?;
        if hook.connection_id == id { Ok((connection, hook)) } else { Err(StoreError::NotFound) }
    };
    let (connection, hook) = find.await.map_err(|error| missing_connection(&ctx, error))?;
    let back = urls::gitlab_connection(connection.id);
    let (pool, keys) = (ctx.deps().pool.clone(), ctx.deps().keys.clone());
    let who = ctx.actor.username.clone();
    let (done, told) = match values.get("act") {
        "auto" | "ask" => {
            let auto_fix = values.get("act") == "auto";
            gitlab::set_auto_fix(&mut *ctx.get_conn().await?, hook.id, auto_fix).await?;
            let told = if auto_fix {
                t("What differs is fixed by itself from now on.")
            } else {
                t("What differs is fixed when you say so.")
            };
            ctx.leave_message(Level::Success, told);
            return Ok(see_other(back));
        }
        "rotate" => {
            let (actor, remote_addr) = (ctx.actor.clone(), ctx.remote_addr());
            let rotate = async move {
                let act = Act {
                    actor: Some(&actor),
                    remote_addr: &remote_addr,
                    keys: &keys,
                    nonce: clock::random_bytes(),
                    now: clock::now(),
                };
                connections::rotate_tokens(&pool, &act, &connection, &hook).await
            };
            let told = "Both ends have new tokens. Those before stay valid for 7 days.";
            (wait_for(rotate).await, t(told))
        }
        _ => {
            let fix = async move { connections::fix_hook(&pool, &keys, &connection, &hook).await };
            (wait_for(fix).await, t("The webhook in GitLab is what it should be."))
        }
    };
    match done {
        Some(Ok(())) => {
            tracing::info!(user.name = %who, "A webhook in GitLab was changed by {who}");
            ctx.leave_message(Level::Success, told);
        }
        Some(Err(error)) => tell_setup_error(&ctx, error)?,
        None => tell_waiting(&ctx),
    }
    Ok(see_other(back))
}

/// Leaves a message of why a webhook was not set up.
///
/// # Errors
/// The database (503), or a webhook that changed meanwhile (409).
pub fn tell_setup_error(ctx: &AdminContext, error: SetupError) -> Result<(), HumanError> {
    let text = match error {
        SetupError::Gitlab(failure) => i18n::say(&failure.sentence()),
        SetupError::Refused(why) => i18n::say(&why),
        SetupError::Busy => t("Somebody else is setting it up.").to_owned(),
        SetupError::Save(error) => return Err(save_problem(error).into()),
    };
    ctx.leave_message(Level::Error, text);
    Ok(())
}

/// The page, with nothing or everything on it, for the test of all pages.
#[cfg(test)]
pub fn sample_connection(
    words: &str,
    webhooks: &[signalbox_store::webhooks::Row],
) -> ConnectionPage {
    use signalbox_gitlab::ApiFailure;
    let now = DateTime::UNIX_EPOCH;
    let is_full = !webhooks.is_empty();
    let connection = sample_row(words, is_full);
    let hook = |hook_id: Option<i64>, failure: Option<ApiFailure>, seen| gitlab::Hook {
        id: 3,
        connection_id: 7,
        project_id: 15,
        hook_id,
        url: "https://signalbox.example.com/webhooks/gitlab".to_owned(),
        token: Vec::new(),
        created_at: now,
        checked_at: Some(now),
        failure: failure.map(|failure| failure.to_stored()),
        seen,
        auto_fix: hook_id.is_none(),
        unwritten: true,
        archived: true,
    };
    let seen = serde_json::json!({
        "id": 1, "url": words, "push_events_branch_filter": words, "token_present": false,
        "alert_status": "disabled", "disabled_until": "2026-01-01T00:00:00Z",
        "enable_ssl_verification": false, "custom_webhook_template": "{}",
    });
    let hooks = [hook(Some(1), None, Some(seen)), hook(None, Some(ApiFailure::NotFound), None)];
    let rows: Vec<HookRow> = hooks
        .into_iter()
        .filter(|_| is_full)
        .map(|hook| HookRow { hook, webhooks: webhooks.to_vec() })
        .collect();
    draw_connection(
        crate::web::admin::context::sample_frame("GitLab connections"),
        &connection,
        &rows,
        now,
    )
}

/// A connection for samples.
#[cfg(test)]
pub fn sample_row(words: &str, is_checked: bool) -> Connection {
    let now = DateTime::UNIX_EPOCH;
    let checked = |text: &str| if is_checked { text.to_owned() } else { String::new() };
    Connection {
        id: 7,
        name: words.to_owned(),
        base_url: "https://gitlab.example.com/".to_owned(),
        token: Vec::new(),
        ca_pem: String::new(),
        allow_private_network: false,
        version: 1,
        created_at: now,
        updated_at: now,
        checked_at: is_checked.then_some(now),
        failure: is_checked.then(|| signalbox_gitlab::ApiFailure::TokenRefused.to_stored()),
        gitlab_version: checked("19.1.0"),
        token_name: checked(words),
        token_owner: checked(words),
        token_scopes: checked("api"),
        token_expires_on: is_checked.then(|| now.date_naive()),
    }
}
