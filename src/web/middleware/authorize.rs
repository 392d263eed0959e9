//! Whether who is asking may: stands around each resource of the panel, with that resource's own
//! rows of the route table, and is put there by `crate::web::admin::kit::route::mount_rows` alone.
//!
//! It runs when the route is already found. To look the permission up by the address before that
//! would mean to read the address twice, and two readers differ: `%64elete` is `delete` to the
//! router only.
//!
//! A visitor who follows a link is led to the sign-in page and from there back to the link; one
//! who posts is told that nothing was changed.

use super::authenticate::Visit;
use super::{Answer, csrf, legible};
use crate::web::admin::kit::route::{self, Access, Guarded};
use crate::web::human::{self, HumanError};
use crate::web::problem::Problem;
use crate::web::{Deps, urls};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use signalbox_core::actor::Actor;
use signalbox_core::role::Permission;

/// Who may use which method of one resource.
pub type Rules = route::Rules<Permission>;

/// [`check_permission`], as a route table asks for it.
pub fn guard_route(rules: Rules, request: ServiceRequest, next: Next<BoxBody>) -> Guarded {
    Box::pin(check_permission(rules, request, next))
}

/// The secret of the forms on this page: left in the request for the handlers' contexts.
#[derive(Clone, Copy)]
pub struct FormSecret(pub csrf::Secret);

/// Lets the request through to whom the rules allow, and a post only with its form's token.
///
/// # Errors
/// Those of what is inside.
pub async fn check_permission(
    rules: Rules,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Answer {
    match admit_request(&rules, &mut request).await {
        Err(refusal) => {
            // `ServiceRequest::into_response` would lose the error that it carries.
            let (request, _) = request.into_parts();
            Ok(ServiceResponse::new(request, refusal.into_response()))
        }
        Ok(cookie) => {
            let mut response = next.call(request).await?.map_into_boxed_body();
            if let Some(cookie) = cookie
                && response.response_mut().add_cookie(&cookie).is_err()
            {
                tracing::error!("Failed to set a cookie");
            }
            Ok(response)
        }
    }
}

/// Someone who is not let through.
pub enum Refusal {
    /// Sent elsewhere.
    Redirect(String),
    /// Told why.
    Problem(Box<Problem>),
}

impl Refusal {
    /// The answer.
    pub fn into_response(self) -> HttpResponse {
        match self {
            Self::Redirect(address) => human::redirect_to(address),
            Self::Problem(problem) => HttpResponse::from_error(HumanError::from(*problem)),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

async fn admit_request(
    rules: &Rules,
    request: &mut ServiceRequest,
) -> Result<Option<Cookie<'static>>, Refusal> {
    if let Some(problem) = legible::address_fault(request.request()) {
        return Err(problem.into());
    }
    let (secret, cookie) = match required_access(rules, request.method()) {
        Some(Access::Public) => visitor_secret(request.request())?,
        Some(Access::Needs(permission)) => {
            let (actor, secret) = signed_in(request.request())?;
            if !actor.may(permission) {
                let problem = Problem::forbidden().with_link("Go to the start page", urls::index());
                return Err(problem.into());
            }
            (secret, None)
        }
        // Another method: the resource answers 405, to whoever might see its page.
        None if rules.iter().any(|(_, access)| *access == Access::Public) => return Ok(None),
        None => {
            signed_in(request.request())?;
            return Ok(None);
        }
    };
    csrf::check_post(request, &secret).await?;
    request.extensions_mut().insert(FormSecret(secret));
    Ok(cookie)
}

fn required_access(rules: &Rules, method: &Method) -> Option<Access<Permission>> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    rules.iter().find(|(known, _)| known == method).map(|(_, access)| *access)
}

fn visitor_secret(
    request: &HttpRequest,
) -> Result<(csrf::Secret, Option<Cookie<'static>>), Refusal> {
    let deps = request
        .app_data::<web::Data<Deps>>()
        .ok_or_else(|| Problem::internal().caused_by("the server has no Deps"))?;
    Ok(csrf::visitor_secret(request, deps))
}

/// Who is signed in, and the secret of their forms; else where a visitor is sent.
///
/// # Errors
/// Nobody is signed in.
pub fn signed_in(request: &HttpRequest) -> Result<(Actor, csrf::Secret), Refusal> {
    let visit = request.extensions().get::<Visit>().cloned();
    if let Some(Visit { actor: Some(actor), csrf: Some(secret), .. }) = visit {
        return Ok((actor, secret));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::signed_out().with_link("Sign in", urls::login()).into());
    }
    if let Some(address) = route::add_slash(request) {
        return Err(Refusal::Redirect(address));
    }
    let wanted = match request.query_string() {
        "" => request.path().to_owned(),
        query => format!("{}?{query}", request.path()),
    };
    Err(Refusal::Redirect(urls::login_then(&wanted)))
}
