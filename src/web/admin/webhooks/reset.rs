//! Reset registration: the question, and the deed. What it changes, `crate::webhooks` does.

use super::setup::missing_webhook;
use super::{META, act_from, webhook_id};
use crate::web::admin::context::{AdminContext, to_unsaved};
use crate::web::admin::kit::back;
use crate::web::admin::kit::form::{BoundField, Values};
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::admin::kit::reauth;
use crate::web::admin::kit::views::Posted;
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use signalbox_core::ids::WebhookId;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::webhooks::{self, Row};

/// The question whether to reset.
#[derive(Template)]
#[template(path = "admin/webhooks/reset.html")]
pub struct ResetPage {
    /// The page's frame.
    pub frame: Frame,
    /// The webhook.
    pub row: Row,
    /// One's own password, where it is asked for.
    pub ask: Option<BoundField>,
    /// The way out.
    pub cancel: String,
}

impl ResetPage {
    /// What the reset means.
    fn question(&self) -> String {
        say!(
            "“{name}” is registered to project {project}. After the reset, it runs nothing until GitLab sends a Test with its secret.",
            name = self.row.label(),
            project = self.row.project_id
        )
    }
}

/// GET the question.
///
/// # Errors
/// No such webhook (404), the database (503).
pub async fn ask_reset(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    show_question(&ctx, None).await
}

async fn show_question(
    ctx: &AdminContext,
    wrong: Option<String>,
) -> Result<HttpResponse, HumanError> {
    let id = webhook_id(ctx.segment("id")).map_err(|error| missing_webhook(ctx, error))?;
    let mut conn = ctx.get_conn().await?;
    let row =
        webhooks::find_webhook(&mut conn, id).await.map_err(|error| missing_webhook(ctx, error))?;
    let label = row.label();
    let cancel = urls::webhook(id);
    let frame = ctx
        .new_frame(say!("Reset the registration of “{name}”?", name = label))
        .with_crumb(t("Webhooks"), urls::webhooks())
        .with_crumb(label, cancel.clone())
        .with_errors(wrong.is_some());
    render_page(&ResetPage { frame, row, ask: reauth::ask_password(ctx, wrong), cancel })
}

/// POST: resets, and leads to the setup page.
///
/// # Errors
/// No such webhook (404), no version in the form (400), changed meanwhile (409), the database (503).
pub async fn submit_reset(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let id = webhook_id(ctx.segment("id")).map_err(|error| missing_webhook(&ctx, error))?;
    let version = posted.iter().find(|(name, _)| name == "version");
    let version = version
        .and_then(|(_, text)| text.trim().parse().ok())
        .ok_or_else(|| Problem::bad_request("The form is incomplete. Reload the page."))?;
    let values = Values::from_pairs(posted.into_inner());
    if let Some(wrong) = reauth::refuse_unconfirmed(&ctx, &values).await? {
        return show_question(&ctx, Some(wrong)).await;
    }
    let mut conn = ctx.get_conn().await?;
    let remote_addr = ctx.remote_addr();
    let row = crate::webhooks::reset_logged(&mut conn, &act_from(&ctx, &remote_addr), id, version)
        .await
        .map_err(|error| {
            back::explain_unsaved(&ctx, &META, ctx.segment("id"), to_unsaved(error))
        })?;
    let who = &ctx.actor.username;
    tracing::info!(webhook.id = row.id, user.name = %who, "Webhook {} was reset by {who}", row.id);
    let text = say!(
        "The registration of “{name}” was reset. It waits for a Test again.",
        name = row.label()
    );
    // Undoing it is a change like any other, with its question: its history has it.
    let history = urls::history("hooks", "webhook", row.id.to_string());
    ctx.flash_link(Level::Success, text, "Undo it in its history", history);
    Ok(see_other(urls::webhook_setup(WebhookId(row.id))))
}

/// The page, for the test of all pages.
#[cfg(test)]
pub fn sample_reset(row: Row) -> ResetPage {
    ResetPage {
        frame: crate::web::admin::context::sample_frame("Reset registration"),
        row,
        ask: None,
        cancel: "/admin/".to_owned(),
    }
}
