//! Says who is asking and whether they may: account and role are read afresh for every request,
//! the permission stands in the route table (`crate::web::admin::routes`).
//!
//! A visitor who follows a link is led to the sign-in page and from there back to the link; one
//! who posts is told that nothing was changed.

use super::{Answer, csrf};
use crate::clock;
use crate::core::actor::Actor;
use crate::core::ids::UserId;
use crate::store::{StoreError, users};
use crate::web::admin::routes::{self, Access, Routes};
use crate::web::human::{self, HumanError};
use crate::web::problem::Problem;
use crate::web::session_store::{AWAY, CSRF, SEEN, USER};
use crate::web::{Deps, urls};
use actix_session::{Session, SessionExt};
use actix_web::body::MessageBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError, web};

/// Seconds after which a session that is used is given its full time again.
const PROLONG_AFTER_S: i64 = 24 * 60 * 60;

/// Who is asking: left in the request for `csrf` and the handlers.
#[derive(Clone)]
pub struct Visit {
    /// The signed-in person.
    pub actor: Option<Actor>,
    /// The secret of the forms on this page.
    pub csrf: csrf::Secret,
}

/// Lets the request through to whom the route table allows.
///
/// # Errors
/// Those of what is inside.
pub async fn run(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Answer {
    let admitted = match admit(&request).await {
        Ok(admitted) => admitted,
        Err(Refusal::Answer(response)) => return Ok(request.into_response(response)),
        Err(Refusal::Problem(problem)) => {
            return Ok(request.into_response(HumanError::from(*problem).error_response()));
        }
    };
    request.extensions_mut().insert(admitted.visit);
    let mut response: ServiceResponse<_> = next.call(request).await?.map_into_boxed_body();
    if let Some(cookie) = admitted.cookie
        && response.response_mut().add_cookie(&cookie).is_err()
    {
        tracing::error!("a cookie cannot be set");
    }
    Ok(response)
}

struct Admitted {
    visit: Visit,
    cookie: Option<Cookie<'static>>,
}

enum Refusal {
    Answer(HttpResponse),
    Problem(Box<Problem>),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

async fn admit(request: &ServiceRequest) -> Result<Admitted, Refusal> {
    let no_data = || Problem::internal().caused_by("the server has no Deps");
    let deps = request.app_data::<web::Data<Deps>>().ok_or_else(no_data)?;
    let routes = request.app_data::<web::Data<Routes>>().ok_or_else(no_data)?;
    let access = routes.access(request.method(), request.match_pattern().as_deref());
    let session = request.get_session();
    let actor = actor(&session, deps, access).await?;

    if access == Some(Access::Public) {
        let (csrf, cookie) = csrf::visitor_secret(request.request(), deps);
        return Ok(Admitted { visit: Visit { actor, csrf }, cookie });
    }
    let (Some(actor), Some(csrf)) = (actor, session_secret(&session)) else {
        return Err(turn_away(request));
    };
    if let Some(Access::Needs(permission)) = access
        && !actor.may(permission)
    {
        return Err(Problem::forbidden().link("To the start page", urls::index()).into());
    }
    Ok(Admitted { visit: Visit { actor: Some(actor), csrf }, cookie: None })
}

fn turn_away(request: &ServiceRequest) -> Refusal {
    if let Some(address) = routes::slashed(request.request()) {
        return Refusal::Answer(human::found(address));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let wanted = match request.query_string() {
            "" => request.path().to_owned(),
            query => format!("{}?{query}", request.path()),
        };
        Refusal::Answer(human::found(urls::login_then(&wanted)))
    } else {
        Problem::signed_out().link("Sign in", urls::login()).into()
    }
}

async fn actor(
    session: &Session,
    deps: &Deps,
    access: Option<Access>,
) -> Result<Option<Actor>, Problem> {
    if session.contains_key(AWAY) {
        return Err(Problem::unavailable());
    }
    let Some(id) = session.get::<i64>(USER).ok().flatten() else { return Ok(None) };
    let mut conn = deps.pool.get().await?;
    match users::find(&mut conn, UserId(id)).await {
        Ok(user) if user.active => {
            prolong(session);
            Ok(Some(user.actor()))
        }
        Ok(_) | Err(StoreError::NotFound) => {
            // A purged session takes no new entry, and this may be the post that signs in again.
            if access == Some(Access::Public) {
                session.clear();
            } else {
                session.purge();
            }
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Once a day a session that is used is changed, which gives it and its cookie two weeks again.
fn prolong(session: &Session) {
    let now = clock::now().timestamp();
    let seen = session.get::<i64>(SEEN).ok().flatten().unwrap_or_default();
    if now - seen > PROLONG_AFTER_S
        && let Err(error) = session.insert(SEEN, now)
    {
        tracing::warn!(error.cause = %error, "a session cannot be prolonged");
    }
}

fn session_secret(session: &Session) -> Option<csrf::Secret> {
    session.get::<csrf::Secret>(CSRF).ok().flatten()
}

/// Makes the session this person's: under a new id, with nothing of what it held.
///
/// # Errors
/// The session does not take it (500).
pub fn sign_in(session: &Session, actor: &Actor) -> Result<(), HumanError> {
    session.clear();
    session.renew();
    let secret: csrf::Secret = clock::random();
    session
        .insert(USER, actor.id.0)
        .and_then(|()| session.insert(CSRF, secret))
        .and_then(|()| session.insert(SEEN, clock::now().timestamp()))
        .map_err(|error| Problem::internal().caused_by(error).into())
}
