//! The choice of a language, kept in a cookie of the browser.

use super::context::AdminContext;
use crate::web::human::{HumanError, see_other};
use crate::web::middleware::locale::COOKIE;
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use signalbox_i18n::Locale;

/// How long a choice is kept.
const KEPT: Duration = Duration::days(365);

/// What the buttons in the account menu send.
#[derive(Deserialize)]
pub struct LanguageForm {
    language: String,
    next: Option<String>,
}

/// `POST /admin/language/`
///
/// # Errors
/// There is no such language (400).
pub async fn submit_language(
    context: AdminContext,
    form: web::Form<LanguageForm>,
) -> Result<HttpResponse, HumanError> {
    let locale = Locale::of_tag(&form.language)
        .ok_or_else(|| Problem::bad_request("There is no such language."))?;
    let cookie = Cookie::build(COOKIE, locale.tag())
        .path(urls::ADMIN)
        .max_age(KEPT)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(!context.deps().settings.insecure_cookies())
        .finish();
    let mut response = see_other(urls::safe_next(form.next.as_deref()));
    response
        .add_cookie(&cookie)
        .map_err(|error| Problem::internal().caused_by(error.to_string()))?;
    Ok(response)
}
