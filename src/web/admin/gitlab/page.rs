//! A connection's own page: what GitLab says of the token, and the webhooks in GitLab that are kept in
//! order with it. Its buttons are `acts.rs`.

use super::badges::{failure_text, hook_state};
use super::{META, connection_id, to_loaded};
use crate::clock;
use crate::connections;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::back::{self, back_to_list, draw_subject};
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::frame::Frame;
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::event::repository::RepositoryUrl;
use signalbox_core::ids::WebhookId;
use signalbox_i18n::{say, t};
use signalbox_store::StoreError;
use signalbox_store::gitlab::{self, Connection, HookRow};

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
    /// What can be done to it: what is sent, and the words of the button.
    pub acts: Vec<(&'static str, &'static str)>,
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

pub(super) fn missing_connection(ctx: &AdminContext, error: StoreError) -> Problem {
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
    let is_wrong = !matches!(badge.state.as_str(), "healthy" | "archived" | "missed");
    let acts = [
        (is_wrong, "fix", "Fix"),
        (row.hook.hook_id.is_some(), "catch_up", "Catch up"),
        (row.hook.missed.is_some(), "leave", "Leave out"),
        (true, "rotate", "New tokens"),
        (row.hook.auto_fix, "ask", "Fix only when asked"),
        (!row.hook.auto_fix, "auto", "Fix by itself"),
    ];
    HookView {
        id: row.hook.id,
        href: path.as_ref().map(|path| format!("{}{path}/-/hooks", connection.base_url)),
        project: path.unwrap_or(number),
        acts: acts
            .into_iter()
            .filter_map(|(is_there, act, words)| is_there.then_some((act, words)))
            .collect(),
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

/// The page, with nothing or everything on it, for the test of all pages.
#[cfg(test)]
pub fn sample_connection(
    words: &str,
    webhooks: &[signalbox_store::webhooks::Row],
) -> ConnectionPage {
    use crate::connections::MissedEvents;
    use signalbox_gitlab::ApiFailure;
    let now = DateTime::UNIX_EPOCH;
    let is_full = !webhooks.is_empty();
    let connection = sample_row(words, is_full);
    let missed = MissedEvents {
        count: 1_234,
        from: now,
        to: now,
        kinds: [("Push Hook".to_owned(), 1_000), (words.to_owned(), 234)].into(),
        read_to: now,
    };
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
        log_read_to: Some(now),
        missed: serde_json::to_value(&missed).ok(),
        heads_due: true,
        heads_at: None,
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
