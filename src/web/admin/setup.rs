//! The first account, through the one-time link that the server printed on its console.

use super::visitor::VisitorContext;
use crate::accounts::password;
use crate::accounts::users::{self, AccountError, Asked, Credentials};
use crate::clock;
use crate::web::filters;
use crate::web::human::{self, HumanError, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use signalbox_store as store;

/// The page of the one-time link.
#[derive(Template)]
#[template(path = "admin/setup.html")]
pub struct SetupPage {
    csrf: String,
    token: String,
    username: String,
    password_help: &'static str,
    username_error: Option<String>,
    password_error: Option<String>,
    again_error: Option<String>,
}

impl SetupPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let plain = || Self::new("token".to_owned(), "one-time".to_owned(), String::new());
        vec![
            plain(),
            Self {
                username: "<b>ada</b>".to_owned(),
                username_error: Some("Use letters, digits and @ . + - _ only.".to_owned()),
                password_error: Some(password::Weak::Short.to_string()),
                again_error: Some(DIFFERS.to_owned()),
                ..plain()
            },
        ]
    }

    fn new(csrf: String, token: String, username: String) -> Self {
        Self {
            csrf,
            token,
            username,
            password_help: password::HELP,
            username_error: None,
            password_error: None,
            again_error: None,
        }
    }

    fn has_errors(&self) -> bool {
        [&self.username_error, &self.password_error, &self.again_error]
            .into_iter()
            .any(Option::is_some)
    }
}

/// What is said when a password is not the same both times.
pub(super) const DIFFERS: &str = "The two passwords are not the same.";

/// What the link carries.
#[derive(Deserialize)]
pub struct SetupQuery {
    #[serde(default)]
    token: String,
}

/// `GET /admin/setup/?token=…`
///
/// # Errors
/// There is a user already (404); another token (403); the database is away (503).
pub async fn show_setup(
    visitor: VisitorContext,
    query: web::Query<SetupQuery>,
) -> Result<HttpResponse, HumanError> {
    let token = query.into_inner().token;
    check_token(&visitor, &token).await?;
    human::render_page(&SetupPage::new(visitor.csrf_token().to_owned(), token, String::new()))
}

/// What the form sends.
#[derive(Deserialize)]
pub struct SetupForm {
    token: String,
    username: String,
    password: SecretString,
    password_again: SecretString,
}

/// `POST /admin/setup/`: makes the account and signs it in.
///
/// # Errors
/// As for the page.
pub async fn submit_setup(
    visitor: VisitorContext,
    form: web::Form<SetupForm>,
) -> Result<HttpResponse, HumanError> {
    let form = form.into_inner();
    check_token(&visitor, &form.token).await?;
    let mut page =
        SetupPage::new(visitor.csrf_token().to_owned(), form.token, form.username.clone());
    if let Err(error) = users::clean_name(&form.username) {
        page.username_error = Some(error.to_string());
    }
    if let Err(weak) = password::check_strength(&form.password, &form.username) {
        page.password_error = Some(weak.to_string());
    }
    if form.password.expose_secret() != form.password_again.expose_secret() {
        page.again_error = Some(DIFFERS.to_owned());
    }
    if page.has_errors() {
        return human::render_page(&page);
    }
    let deps = visitor.deps();
    let remote_addr = visitor.remote_addr_text();
    let asked = Asked { at: clock::now(), remote_addr: &remote_addr, cost: deps.password_cost };
    let credentials = Credentials { username: form.username, password: form.password };
    let actor = match users::create_first(&deps.pool, credentials, asked).await {
        Ok(actor) => actor,
        Err(AccountError::NotFirst) => return Err(setup_closed().into()),
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(Problem::internal().caused_by(error).into()),
    };
    tracing::info!(user.name = actor.username, "First account {} was created", actor.username);
    visitor.sign_in(&actor)?;
    Ok(see_other(urls::index()))
}

async fn check_token(visitor: &VisitorContext, token: &str) -> Result<(), HumanError> {
    let deps = visitor.deps();
    if store::users::any_exists(&mut *deps.pool.get_conn().await?).await? {
        return Err(setup_closed().into());
    }
    if deps.setup_link.matches_token(token) {
        return Ok(());
    }
    tracing::warn!(remote_addr = visitor.remote_addr_text(), "Wrong setup link opened");
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "setup_link",
        "This setup link is not valid",
        "Signalbox prints a new one-time link on its console at each start. Open the latest one.",
    )
    .into())
}

fn setup_closed() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "set_up",
        "Signalbox is already set up",
        "The setup link was for the first account only. Sign in, or ask an administrator for an account.",
    )
    .with_link("Sign in", urls::login())
}
