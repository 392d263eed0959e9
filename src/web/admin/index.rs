//! The start page.

use super::context::AdminContext;
use super::kit::frame::Frame;
use crate::web::human::{self, HumanError};
use actix_web::HttpResponse;
use askama::Template;

/// The start page.
#[derive(Template)]
#[template(path = "admin/index.html")]
pub struct IndexPage {
    frame: Frame,
}

/// `GET /admin/`
///
/// # Errors
/// The database is away (503).
pub async fn page(context: AdminContext) -> Result<HttpResponse, HumanError> {
    human::page(&IndexPage { frame: context.frame("Signalbox") })
}
