//! Problems of people who are signed in: the same words as `crate::web::human` has, in the panel's
//! frame, so that there is a way on from a page that is not there. What the server itself lacks
//! stays with the bare page, which needs nothing.

use super::context::AdminContext;
use super::kit::frame::Frame;
use crate::web::filters;
use crate::web::human::HumanError;
use crate::web::middleware::authorize::{self, FormSecret};
use crate::web::middleware::{Answer, request_id};
use crate::web::problem::Link;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpResponse};
use askama::Template;
use signalbox_i18n::t;

/// A problem in the panel's frame.
#[derive(Template)]
#[template(path = "admin/problem.html")]
pub struct ProblemPage<'a> {
    /// The page's frame.
    pub frame: Frame,
    /// The HTTP status.
    pub status: u16,
    /// What it means and what to do.
    pub detail: &'a str,
    /// Ways on.
    pub links: &'a [Link],
    /// What the log calls the request.
    pub request_id: Option<String>,
}

impl ProblemPage<'_> {
    /// The states it is shown in.
    #[cfg(test)]
    pub fn sample_pages() -> Vec<Self> {
        let frame = || super::context::sample_frame("Page not found");
        let detail =
            "There is nothing at this address. It may be mistyped, or the page was removed.";
        vec![Self { frame: frame(), status: 404, detail, links: &[], request_id: None }]
    }
}

/// Puts the panel's frame around a problem of the request's.
///
/// # Errors
/// Those of what is inside.
pub async fn frame_problem(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Answer {
    let response = next.call(request).await?.map_into_boxed_body();
    match draw_problem(&response).await {
        Some(framed) => Ok(response.into_response(framed)),
        None => Ok(response),
    }
}

async fn draw_problem(response: &ServiceResponse) -> Option<HttpResponse> {
    let error: &HumanError = response.response().error()?.as_error()?;
    let problem = error.problem();
    if !problem.status.is_client_error() {
        return None;
    }
    let request = response.request();
    let (_, secret) = authorize::signed_in(request).ok()?;
    request.extensions_mut().insert(FormSecret(secret));
    let ctx = AdminContext::extract(request).await.ok()?;
    let page = ProblemPage {
        frame: ctx.new_frame(t(&problem.title)),
        status: problem.status.as_u16(),
        detail: &problem.detail,
        links: &problem.links,
        request_id: request_id::current_id(),
    };
    Some(error.answer_with(page.render().ok()?))
}
