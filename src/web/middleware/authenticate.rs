//! Says who is asking: account and role are read afresh from the database for every request, so
//! that what is taken away is gone at once. Whether they may is `super::authorize`'s.

use super::time_zone::browser_zone;
use super::{Answer, csrf};
use crate::clock;
use crate::web::human::HumanError;
use crate::web::problem::Problem;
use crate::web::session_store::{ADDRESS, AGENT, AWAY, CONFIRMED, CSRF, REFERENCE, SEEN, USER};
use crate::web::{Deps, connections, origin};
use actix_session::{Session, SessionExt};
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, ResponseError, web};
use chrono::TimeDelta;
use futures_util::future::try_join3;
use signalbox_core::actor::Actor;
use signalbox_core::ids::UserId;
use signalbox_core::pause::Pause;
use signalbox_i18n::{Tz, answer_in_zone, find_zone};
use signalbox_store::saved_views::{self, Columns, View};
use signalbox_store::sessions::{self, Origin};
use signalbox_store::{Conn, StoreError, pauses, users};

/// Seconds after which a session that is used is given its full time again.
const PROLONG_AFTER_S: i64 = 24 * 60 * 60;

/// How exactly the time is kept when a session was last used.
const SEEN_TO: TimeDelta = TimeDelta::minutes(1);

/// Most characters kept of what a browser calls itself.
const AGENT_CHARS: usize = 300;

/// Who is asking: left in the request for `authorize`.
#[derive(Clone, Default)]
pub struct Visit {
    /// The signed-in person.
    pub actor: Option<Actor>,
    /// The secret of their session's forms.
    pub csrf: Option<csrf::Secret>,
    /// What stands around every page of theirs.
    pub around: Around,
}

/// What stands around every page of a person.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// What is paused: every page says so.
    pub pauses: Vec<Pause>,
    /// The time zone that they chose; none = their browser's.
    pub zone: Option<Tz>,
    /// The views of lists that they see, by name.
    pub views: Vec<View>,
    /// The columns that they chose.
    pub columns: Vec<Columns>,
}

/// Reads it, in one way to the database and back.
async fn load_around(conn: &Conn, user: &users::User) -> Result<Around, StoreError> {
    let (pauses, views, columns) = try_join3(
        pauses::list_pauses(conn),
        saved_views::list_views(conn, user.id),
        saved_views::chosen_columns(conn, user.id),
    )
    .await?;
    let zone = user.time_zone.as_deref().and_then(find_zone);
    Ok(Around { pauses, zone, views, columns })
}

/// Finds out who is asking, and answers them in their time zone.
///
/// # Errors
/// Those of what is inside.
pub async fn identify_visitor(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Answer {
    match find_visit(&request).await {
        Ok(visit) => {
            let zone = visit.around.zone.or_else(|| browser_zone(request.request()));
            request.extensions_mut().insert(visit);
            let answer = next.call(request);
            Ok(answer_in_zone(zone.unwrap_or(Tz::UTC), answer).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.into_response(HumanError::from(problem).error_response())),
    }
}

async fn find_visit(request: &ServiceRequest) -> Result<Visit, Problem> {
    let deps = request
        .app_data::<web::Data<Deps>>()
        .ok_or_else(|| Problem::internal().caused_by("the server has no Deps"))?;
    let session = request.get_session();
    if session.contains_key(AWAY) {
        return Err(Problem::unavailable());
    }
    let Some(id) = session.get::<i64>(USER).ok().flatten() else { return Ok(Visit::default()) };
    let mut conn = deps.pool.get_conn().await?;
    let reference: String = session.get(REFERENCE).ok().flatten().unwrap_or_default();
    match users::find_visitor(&mut conn, UserId(id), &reference).await {
        Ok((user, seen_at)) if user.active => {
            connections::prove_sender(request.request());
            prolong_session(&session);
            let now = clock::now();
            if seen_at.is_some_and(|seen_at| now - seen_at >= SEEN_TO) {
                let origin = origin_of(request.request(), reference);
                sessions::touch_session(&mut conn, &origin, now).await?;
            }
            let csrf = session.get::<csrf::Secret>(CSRF).ok().flatten();
            Ok(Visit {
                actor: Some(user.as_actor()),
                csrf,
                around: load_around(&conn, &user).await?,
            })
        }
        Ok(_) | Err(StoreError::NotFound) => {
            // A purged session takes no new entry, and a post may be the one that signs in again.
            if request.method().is_safe() {
                session.purge();
            } else {
                session.clear();
            }
            Ok(Visit::default())
        }
        Err(error) => Err(error.into()),
    }
}

/// Once a day a session that is used is changed, which gives it and its cookie two weeks again.
fn prolong_session(session: &Session) {
    let now = clock::now().timestamp();
    let seen = session.get::<i64>(SEEN).ok().flatten().unwrap_or_default();
    if now - seen > PROLONG_AFTER_S
        && let Err(error) = session.insert(SEEN, now)
    {
        tracing::warn!(%error, "Failed to prolong a session: {error}");
    }
}

fn origin_of(request: &HttpRequest, reference: String) -> Origin {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        reference,
        remote_addr: origin::remote_addr_text(request),
        user_agent: agent.unwrap_or_default().chars().take(AGENT_CHARS).collect(),
    }
}

/// Makes the session this person's: under a new id, with nothing of what it held.
///
/// # Errors
/// The session does not take it (500).
pub fn sign_in(request: &HttpRequest, actor: &Actor) -> Result<(), HumanError> {
    let session = request.get_session();
    session.clear();
    session.renew();
    let secret: csrf::Secret = clock::random_bytes();
    let now = clock::now().timestamp();
    let origin = origin_of(request, clock::unique_id());
    session
        .insert(USER, actor.id.0)
        .and_then(|()| session.insert(CSRF, secret))
        .and_then(|()| session.insert(SEEN, now))
        .and_then(|()| session.insert(CONFIRMED, now))
        .and_then(|()| session.insert(REFERENCE, origin.reference))
        .and_then(|()| session.insert(ADDRESS, origin.remote_addr))
        .and_then(|()| session.insert(AGENT, origin.user_agent))
        .map_err(|error| Problem::internal().caused_by(error).into())
}
