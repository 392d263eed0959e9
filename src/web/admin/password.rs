//! Changing one's own password: other sessions end, this one stays under a new id.

use super::context::AdminContext;
use super::kit::frame::{Frame, Level};
use super::setup::DIFFERS;
use super::words::throttled_text;
use crate::accounts::password;
use crate::accounts::throttle::Counted;
use crate::accounts::users::{self, AccountError, Asked};
use crate::clock;
use crate::web::filters;
use crate::web::human::{self, HumanError, page_with, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, web};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use signalbox_i18n::t;

/// The form for one's own password.
#[derive(Template)]
#[template(path = "admin/password_change.html")]
pub struct PasswordPage {
    frame: Frame,
    password_help: &'static str,
    old_error: Option<String>,
    new_error: Option<String>,
    again_error: Option<String>,
}

impl PasswordPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let plain = || Self::new(crate::web::admin::context::sample_frame(TITLE));
        let wrong = Self {
            old_error: Some(AccountError::WrongPassword.to_string()),
            new_error: Some(password::Weak::Common.to_string()),
            again_error: Some(DIFFERS.to_owned()),
            ..plain()
        };
        vec![plain(), wrong]
    }

    fn new(frame: Frame) -> Self {
        Self {
            frame,
            password_help: password::HELP,
            old_error: None,
            new_error: None,
            again_error: None,
        }
    }

    fn has_errors(&self) -> bool {
        [&self.old_error, &self.new_error, &self.again_error].into_iter().any(Option::is_some)
    }

    fn mark_wrong_fields(mut self) -> Self {
        self.frame.has_errors = self.has_errors();
        self
    }
}

const TITLE: &str = "Change password";

/// `GET /admin/password_change/`
///
/// # Errors
/// None of its own.
pub async fn show_password_form(context: AdminContext) -> Result<HttpResponse, HumanError> {
    human::render_page(&PasswordPage::new(context.new_frame(t(TITLE))))
}

/// What the form sends.
#[derive(Deserialize)]
pub struct PasswordForm {
    old_password: SecretString,
    new_password: SecretString,
    new_password_again: SecretString,
}

/// `POST /admin/password_change/`
///
/// # Errors
/// The database is away (503).
pub async fn submit_password(
    context: AdminContext,
    form: web::Form<PasswordForm>,
) -> Result<HttpResponse, HumanError> {
    let form = form.into_inner();
    let deps = context.deps();
    let now = clock::now();
    // The old password is asked for so that an open session does not give it away: it may be
    // guessed no faster here than at the door.
    let admitted = match deps.throttle.admit_try(&[Counted::Session(context.actor.id)], now).await?
    {
        Ok(admitted) => admitted,
        Err(wait) => {
            let mut page = PasswordPage::new(context.new_frame(t(TITLE)));
            page.old_error = Some(throttled_text(wait));
            let mut response =
                page_with::<HumanError>(StatusCode::TOO_MANY_REQUESTS, &page.mark_wrong_fields())?;
            response.headers_mut().insert(RETRY_AFTER, wait.seconds.into());
            return Ok(response);
        }
    };
    let mut errors = (None, None, None);
    if let Err(weak) = password::check_strength(&form.new_password, &context.actor.username) {
        errors.1 = Some(weak.to_string());
    }
    if form.new_password.expose_secret() != form.new_password_again.expose_secret() {
        errors.2 = Some(DIFFERS.to_owned());
    }
    let remote_addr = context.remote_addr();
    let asked = Asked { at: now, remote_addr: &remote_addr, cost: deps.password_cost };
    let passwords = users::OwnPassword {
        old: form.old_password,
        new: (errors == (None, None, None)).then_some(form.new_password),
    };
    match users::change_own_password(&deps.pool, &context.actor, passwords, asked).await {
        Ok(()) => deps.throttle.forget_success(&admitted).await?,
        Err(AccountError::WrongPassword) => {
            errors.0 = Some(AccountError::WrongPassword.to_string());
        }
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(Problem::internal().caused_by(error).into()),
    }
    if errors != (None, None, None) {
        let mut page = PasswordPage::new(context.new_frame(t(TITLE)));
        (page.old_error, page.new_error, page.again_error) = errors;
        return human::render_page(&page.mark_wrong_fields());
    }
    context.sign_in_anew()?;
    context.leave_message(
        Level::Success,
        "Your password was changed. Sessions in other browsers have ended.",
    );
    Ok(see_other(urls::index()))
}
