//! What every admin handler takes: who is signed in, what the request was, a connection, the
//! messages for the next page. The only way to a connection in the panel.
//!
//! Whether the person may come here at all was decided before
//! (`crate::web::middleware::authorize` and the table in `super::routes`).

use super::kit::frame::{Crumb, Flash, Frame, Level, Undo};
use super::{nav, pause};
use crate::web::human::HumanError;
use crate::web::middleware::authenticate::{self, Visit};
use crate::web::middleware::authorize::FormSecret;
use crate::web::middleware::csrf;
use crate::web::origin;
use crate::web::problem::Problem;
use crate::web::{Deps, urls};
use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use signalbox_core::actor::Actor;
use signalbox_core::pause::Pause;
use signalbox_core::role::Permission;
use signalbox_i18n::t;
use signalbox_store::PooledConn;
use std::future::{Ready, ready};

/// The session's entry for messages.
const FLASHES: &str = "flashes";

/// A signed-in person's request.
pub struct AdminContext {
    /// Who is signed in.
    pub actor: Actor,
    deps: web::Data<Deps>,
    session: Session,
    csrf: String,
    pauses: Vec<Pause>,
    request: HttpRequest,
}

impl AdminContext {
    /// A connection to the database.
    ///
    /// # Errors
    /// The database is away (503).
    pub async fn conn(&self) -> Result<PooledConn, HumanError> {
        Ok(self.deps.pool.get().await?)
    }

    /// What the server was started with.
    pub fn deps(&self) -> &Deps {
        &self.deps
    }

    /// Whether this person has the permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.actor.may(permission)
    }

    /// Goes on only with the permission: for what depends on more than the address.
    ///
    /// # Errors
    /// They have not (403).
    pub fn require(&self, permission: Permission) -> Result<(), HumanError> {
        if self.may(permission) { Ok(()) } else { Err(Problem::forbidden().into()) }
    }

    /// The token for this page's forms.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// The session, for what else is kept in it.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Begins this person's session anew, after the old ones were ended.
    ///
    /// # Errors
    /// The session does not take it (500).
    pub fn sign_in_anew(&self) -> Result<(), HumanError> {
        authenticate::sign_in(&self.request, &self.actor)
    }

    /// The request's path.
    pub fn path(&self) -> &str {
        self.request.path()
    }

    /// The request's query, without the question mark; empty if there is none.
    pub fn query(&self) -> &str {
        self.request.query_string()
    }

    /// A header of the request, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// A segment of the path that the route's pattern names.
    pub fn segment(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// Where the request came from, as text.
    pub fn remote_addr(&self) -> String {
        origin::remote_addr_text(&self.request)
    }

    /// The address GitLab and browsers call us by, without a slash at the end.
    pub fn public_address(&self) -> String {
        origin::public_address(&self.request)
    }

    /// Leaves a message for the next page that is shown.
    pub fn flash(&self, level: Level, text: impl Into<String>) {
        self.push(Flash { level, text: text.into(), link: None, undo: None });
    }

    /// Leaves a message with a link.
    pub fn flash_link(
        &self,
        level: Level,
        text: impl Into<String>,
        label: impl Into<String>,
        href: impl Into<String>,
    ) {
        let link = Some((label.into(), href.into()));
        self.push(Flash { level, text: text.into(), link, undo: None });
    }

    /// Leaves a message of what was done, with a button that takes it back.
    pub fn flash_undo(&self, text: impl Into<String>, undo: Undo) {
        self.push(Flash { level: Level::Success, text: text.into(), link: None, undo: Some(undo) });
    }

    fn push(&self, flash: Flash) {
        let mut flashes: Vec<Flash> = self.session.get(FLASHES).ok().flatten().unwrap_or_default();
        flashes.push(flash);
        if let Err(error) = self.session.insert(FLASHES, flashes) {
            tracing::warn!(%error, "Failed to keep a message for the next page: {error}; it is not shown");
        }
    }

    /// What base.html needs; takes the waiting messages with it, so call it for a page that is
    /// shown.
    pub fn frame(&self, title: impl Into<String>) -> Frame {
        let title = title.into();
        let flashes = if self.session.contains_key(FLASHES) {
            let flashes = self.session.get(FLASHES).ok().flatten().unwrap_or_default();
            self.session.remove(FLASHES);
            flashes
        } else {
            Vec::new()
        };
        let home = t("Home").to_owned();
        let mut breadcrumbs = vec![Crumb { label: home.clone().into(), href: None }];
        if self.path() != urls::index() {
            breadcrumbs = vec![
                Crumb { label: home.into(), href: Some(urls::index().to_owned()) },
                Crumb { label: title.clone().into(), href: None },
            ];
        }
        Frame {
            label: self.deps().settings.label.clone(),
            title,
            nav: nav::sections(&self.actor, self.path()),
            actor: self.actor.clone(),
            csrf: self.csrf.clone(),
            flashes,
            breadcrumbs,
            path: self.path().to_owned(),
            address: self.request.uri().to_string(),
            banners: self.pauses.iter().map(pause::told).collect(),
            has_errors: false,
        }
    }
}

impl FromRequest for AdminContext {
    type Error = HumanError;
    type Future = Ready<Result<Self, HumanError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl AdminContext {
    fn of(request: &HttpRequest) -> Result<Self, HumanError> {
        let deps = request
            .app_data::<web::Data<Deps>>()
            .cloned()
            .ok_or_else(|| Problem::internal().caused_by("the server has no Deps"))?;
        let visit = request.extensions().get::<Visit>().cloned();
        let (actor, pauses) = visit.map_or((None, Vec::new()), |visit| (visit.actor, visit.pauses));
        let secret = request.extensions().get::<FormSecret>().copied();
        let (Some(actor), Some(FormSecret(secret))) = (actor, secret) else {
            return Err(Problem::signed_out().link("Sign in", urls::login()).into());
        };
        Ok(Self {
            actor,
            deps,
            session: request.get_session(),
            csrf: csrf::token(&secret),
            pauses,
            request: request.clone(),
        })
    }
}
