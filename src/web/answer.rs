//! Pages and redirects as answers, for handlers with whatever face of a problem.

use super::problem::Problem;
use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use askama::Template;

/// A rendered page as an answer; `no-store` and the like are `middleware::security_headers`'.
///
/// # Errors
/// A template that cannot be written (500).
pub fn render_page<E: From<Problem>>(template: &impl Template) -> Result<HttpResponse, E> {
    page_with(StatusCode::OK, template)
}

/// A rendered page with a status of its own.
///
/// # Errors
/// A template that cannot be written (500).
pub fn page_with<E: From<Problem>>(
    status: StatusCode,
    template: &impl Template,
) -> Result<HttpResponse, E> {
    let html = template.render().map_err(|error| Problem::internal().caused_by(error))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// The answer to a form that was carried out: 303, so that a reload does not send it again.
pub fn see_other(href: impl AsRef<str>) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, href.as_ref())).finish()
}

/// A plain redirect of a GET.
pub fn redirect_to(href: impl AsRef<str>) -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, href.as_ref())).finish()
}
