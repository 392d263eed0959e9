//! A new webhook out of a payload: what GitLab sent somewhere is pasted, and the form opens with the
//! values that match it. Nothing of the payload is kept.

use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::frame::Frame;
use crate::web::admin::kit::views::Posted;
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use signalbox_core::event::Event;
use signalbox_core::event::kind::KINDS;
use signalbox_i18n::{say, t};

/// The page.
#[derive(Template)]
#[template(path = "admin/webhooks/payload.html")]
pub struct PayloadPage {
    /// The page's frame.
    pub frame: Frame,
    /// The event header that was typed.
    pub header: String,
    /// The body that was pasted.
    pub body: String,
    /// Why no form can be filled from it.
    pub wrong: Option<String>,
}

/// GET the page where a payload is pasted.
///
/// # Errors
/// Never.
pub async fn show_payload(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    draw_payload(&ctx, String::new(), String::new(), None)
}

/// POST: the payload's values lead on to the form of a new webhook.
///
/// # Errors
/// Never: what cannot be read is said on the page.
pub async fn submit_payload(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let (header, body) = (values.get_trimmed("header").to_owned(), values.get("body").to_owned());
    match Event::from_body(&header, body.as_bytes()) {
        Ok(event) if event.object_kind.is_empty() && event.repo_name.is_empty() => {
            let why = t("It names neither an event nor a repository. Paste a payload from GitLab.");
            draw_payload(&ctx, header, body, Some(why.to_owned()))
        }
        Ok(event) => Ok(see_other(filled_form_url(&event))),
        Err(error) => {
            draw_payload(&ctx, header, body, Some(format!("{}.", say(&error.reason().sentence()))))
        }
    }
}

/// The form for a new webhook that such an event would match. Where no header was given, the one
/// that the kind usually comes under.
fn filled_form_url(event: &Event) -> String {
    let kind = KINDS.iter().find(|kind| kind.object_kind == event.object_kind);
    let usual = kind.and_then(|kind| kind.headers.first()).copied().unwrap_or_default();
    let header = if event.header.is_empty() { usual } else { &event.header };
    let project_id = event.project_id.map(|id| id.to_string()).unwrap_or_default();
    let pairs = [
        ("repo_name", event.repo_name.as_str()),
        ("repo_url", event.repo_url.as_str()),
        ("object_kind", event.object_kind.as_str()),
        ("http_x_gitlab_event", header),
        ("project_id", project_id.as_str()),
    ];
    let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    urls::with_query(&urls::webhook_add(), &pairs)
}

fn draw_payload(
    ctx: &AdminContext,
    header: String,
    body: String,
    wrong: Option<String>,
) -> Result<HttpResponse, HumanError> {
    let frame = ctx
        .new_frame(t("Fill in from a payload"))
        .with_crumb(t("Webhooks"), urls::webhooks())
        .with_crumb(t("Add webhook"), urls::webhook_add())
        .with_errors(wrong.is_some());
    render_page(&PayloadPage { frame, header, body, wrong })
}

/// The page in every state, for the test of all pages.
#[cfg(test)]
pub fn sample_pages(words: &str) -> Vec<PayloadPage> {
    let page = |wrong: Option<&str>| PayloadPage {
        frame: crate::web::admin::context::sample_frame(words),
        header: words.to_owned(),
        body: words.to_owned(),
        wrong: wrong.map(str::to_owned),
    };
    vec![page(None), page(Some(words))]
}
