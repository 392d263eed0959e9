//! Problems as pages: what admin handlers return in place of a page.
//!
//! The page extends nothing and needs neither session nor database, so that it renders when all
//! else is down.

pub use super::answer::{page_with, redirect_to, render_page, see_other};

use super::middleware::request_id;
use super::problem::{Link, Problem};
use crate::web::filters;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use signalbox_store::StoreError;
use std::fmt;

/// A problem answered with a page.
#[derive(Debug)]
pub struct HumanError(Box<Problem>);

impl HumanError {
    /// The problem itself.
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// The problem, for whoever answers otherwise.
    pub fn into_problem(self) -> Problem {
        *self.0
    }

    /// Its answer, with this page.
    pub fn answer_with(&self, html: String) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        response.content_type("text/html; charset=utf-8");
        add_headers(&mut response, &self.0);
        response.body(html)
    }
}

impl From<Problem> for HumanError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<StoreError> for HumanError {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl From<askama::Error> for HumanError {
    fn from(error: askama::Error) -> Self {
        Problem::internal().caused_by(error).into()
    }
}

impl fmt::Display for HumanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.title)
    }
}

impl ResponseError for HumanError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        self.0.log_problem();
        let page = ErrorPage {
            status: self.0.status.as_u16(),
            title: &self.0.title,
            detail: &self.0.detail,
            links: &self.0.links,
            request_id: request_id::current_id(),
        };
        // A template that cannot be written still leaves the words.
        self.answer_with(page.render().unwrap_or_else(|_| self.0.detail.clone().into_owned()))
    }
}

/// `Allow` and `Retry-After`, where the problem has them.
pub(super) fn add_headers(response: &mut actix_web::HttpResponseBuilder, problem: &Problem) {
    if let Some(allow) = &problem.allow {
        response.insert_header((header::ALLOW, allow.as_str()));
    }
    if let Some(seconds) = problem.retry_after_s {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    status: u16,
    title: &'a str,
    detail: &'a str,
    links: &'a [Link],
    request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_the_words_and_never_the_cause() {
        let error = HumanError::from(
            Problem::internal().caused_by("planted <cause>").with_link("Home", "/admin/"),
        );
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body =
            futures_util::FutureExt::now_or_never(actix_web::body::to_bytes(response.into_body()));
        let html = String::from_utf8(body.unwrap().unwrap().to_vec()).unwrap();
        assert!(html.contains("Something went wrong") && html.contains("href=\"/admin/\""));
        assert!(!html.contains("planted"));
    }
}
