//! Signing in and out.

use super::context::AdminContext;
use super::visitor::VisitorContext;
use super::words::login_error_text;
use crate::accounts::login::{self, Attempt, LoginError};
use crate::clock;
use crate::web::filters;
use crate::web::human::{self, HumanError, page_with, redirect_to, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;
use signalbox_store::users;

/// The sign-in page.
#[derive(Template)]
#[template(path = "admin/login.html")]
pub struct LoginPage {
    csrf: String,
    next: String,
    username: String,
    error: Option<String>,
    notice: Option<&'static str>,
    needs_setup: bool,
}

impl LoginPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let plain = || Self {
            csrf: "token".to_owned(),
            next: "/admin/hooks/job/?q=a&p=2".to_owned(),
            username: String::new(),
            error: None,
            notice: None,
            needs_setup: false,
        };
        vec![
            plain(),
            Self { needs_setup: true, ..plain() },
            Self { notice: Some(LOGGED_OUT), ..plain() },
            Self {
                username: "<ada> & \"co\"".to_owned(),
                error: Some(LoginError::Refused.to_string()),
                ..plain()
            },
        ]
    }
}

const LOGGED_OUT: &str = "You are signed out.";

/// What the sign-in page is asked for.
#[derive(Deserialize)]
pub struct LoginQuery {
    next: Option<String>,
    logged_out: Option<String>,
}

/// `GET /admin/login/`
///
/// # Errors
/// The database is away (503).
pub async fn show_login(
    visitor: VisitorContext,
    query: web::Query<LoginQuery>,
) -> Result<HttpResponse, HumanError> {
    let next = urls::safe_next(query.next.as_deref());
    if visitor.actor.is_some() {
        return Ok(redirect_to(next));
    }
    let has_users = users::any_exists(&mut *visitor.deps().pool.get_conn().await?).await?;
    human::render_page(&LoginPage {
        csrf: visitor.csrf_token().to_owned(),
        next,
        username: String::new(),
        error: None,
        notice: query.logged_out.is_some().then_some(LOGGED_OUT),
        needs_setup: !has_users,
    })
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub struct LoginForm {
    username: String,
    password: SecretString,
    #[serde(default)]
    next: Option<String>,
}

/// `POST /admin/login/`
///
/// # Errors
/// The database is away (503).
pub async fn submit_login(
    visitor: VisitorContext,
    form: web::Form<LoginForm>,
) -> Result<HttpResponse, HumanError> {
    let LoginForm { username, password, next } = form.into_inner();
    let next = urls::safe_next(next.as_deref());
    let deps = visitor.deps();
    let attempt = Attempt {
        username: username.clone(),
        password,
        remote_addr: visitor.remote_addr(),
        device: visitor.device(),
        at: clock::now(),
    };
    let error = match login::sign_in(&deps.pool, &deps.throttle, deps.password_cost, attempt).await
    {
        Ok(actor) => {
            visitor.sign_in(&actor)?;
            let mut response = see_other(next);
            let kept = response.add_cookie(&visitor.device_cookie(actor.id));
            kept.map_err(|error| Problem::internal().caused_by(error.to_string()))?;
            return Ok(response);
        }
        Err(LoginError::Store(error)) => return Err(error.into()),
        Err(error @ LoginError::Hash(_)) => {
            return Err(Problem::internal().caused_by(error).into());
        }
        Err(error @ (LoginError::Refused | LoginError::Throttled(_))) => error,
    };
    let page = LoginPage {
        csrf: visitor.csrf_token().to_owned(),
        next,
        username,
        error: Some(login_error_text(&error)),
        notice: None,
        needs_setup: false,
    };
    let LoginError::Throttled(wait) = error else { return human::render_page(&page) };
    let mut response = page_with::<HumanError>(StatusCode::TOO_MANY_REQUESTS, &page)?;
    response.headers_mut().insert(RETRY_AFTER, wait.seconds.into());
    Ok(response)
}

/// `POST /admin/logout/`
///
/// # Errors
/// The database is away (503).
pub async fn submit_logout(context: AdminContext) -> Result<HttpResponse, HumanError> {
    let deps = context.deps();
    login::record_sign_out(&deps.pool, &context.actor, &context.remote_addr(), clock::now())
        .await?;
    context.session().purge();
    Ok(see_other(urls::with_query(urls::login(), &[("logged_out", "1")])))
}
