//! What the handlers of the pages before signing in take: there is no person yet, perhaps no
//! session.

use crate::web::Deps;
use crate::web::human::HumanError;
use crate::web::middleware::authenticate::{self, Visit};
use crate::web::middleware::authorize::FormSecret;
use crate::web::middleware::csrf;
use crate::web::origin;
use crate::web::problem::Problem;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use signalbox_core::actor::Actor;
use signalbox_core::ids::UserId;
use std::future::{Ready, ready};
use std::net::IpAddr;

/// How long a browser is known after a sign-in.
const DEVICE_LIFE: Duration = Duration::days(365);

/// The request of someone who need not be signed in.
pub struct VisitorContext {
    /// Who is signed in, if someone is.
    pub actor: Option<Actor>,
    deps: web::Data<Deps>,
    csrf: String,
    request: HttpRequest,
}

impl VisitorContext {
    /// What the server was started with.
    pub fn deps(&self) -> &Deps {
        &self.deps
    }

    /// The token for this page's forms.
    pub fn csrf_token(&self) -> &str {
        &self.csrf
    }

    /// Where the request came from.
    pub fn remote_addr(&self) -> Option<IpAddr> {
        origin::remote_addr(&self.request)
    }

    /// Where the request came from, as text.
    pub fn remote_addr_text(&self) -> String {
        origin::remote_addr_text(&self.request)
    }

    /// What this browser keeps of an earlier sign-in.
    pub fn device(&self) -> Option<String> {
        self.request.cookie(self.device_name()).map(|cookie| cookie.value().to_owned())
    }

    /// What it keeps of the sign-in of this account.
    pub fn device_cookie(&self, user: UserId) -> Cookie<'static> {
        Cookie::build(self.device_name(), self.deps.throttle.sign_device(user))
            .path("/")
            .http_only(true)
            .secure(!self.deps.settings.insecure_cookies())
            .same_site(SameSite::Lax)
            .max_age(DEVICE_LIFE)
            .finish()
    }

    fn device_name(&self) -> &'static str {
        if self.deps.settings.insecure_cookies() {
            "signalbox-device"
        } else {
            "__Host-signalbox-device"
        }
    }

    /// Makes the session this person's.
    ///
    /// # Errors
    /// The session does not take it (500).
    pub fn sign_in(&self, actor: &Actor) -> Result<(), HumanError> {
        authenticate::sign_in(&self.request, actor)
    }
}

impl FromRequest for VisitorContext {
    type Error = HumanError;
    type Future = Ready<Result<Self, HumanError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let deps = request.app_data::<web::Data<Deps>>().cloned();
        let actor = request.extensions().get::<Visit>().and_then(|visit| visit.actor.clone());
        let secret = request.extensions().get::<FormSecret>().copied();
        ready(match (deps, secret) {
            (Some(deps), Some(FormSecret(secret))) => {
                Ok(Self { actor, deps, csrf: csrf::new_token(&secret), request: request.clone() })
            }
            _ => Err(Problem::internal().caused_by("the route is outside of the panel").into()),
        })
    }
}
