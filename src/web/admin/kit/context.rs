//! What every handler of a panel takes: the program's own view of the request ([`Site`], reached
//! through the context), the request, and the messages for the next page.

use super::frame::{Chrome, Crumb, Flash, Frame, Level, Undo};
use super::site::Site;
use super::urls;
use crate::web::problem::Problem;
use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use signalbox_i18n::t;
use std::future::{Ready, ready};
use std::ops::Deref;

/// The session's entry for messages.
const FLASHES: &str = "flashes";

/// A signed-in person's request.
pub struct Context<S> {
    site: S,
    session: Session,
    request: HttpRequest,
}

impl<S> Deref for Context<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.site
    }
}

impl<S: Site> Context<S> {
    /// Goes on only with the permission: for what depends on more than the address.
    ///
    /// # Errors
    /// They have not (403).
    pub fn require_permission(&self, permission: S::Permission) -> Result<(), S::Refusal> {
        if self.site.has_permission(permission) { Ok(()) } else { Err(Problem::forbidden().into()) }
    }

    /// The request.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The session, for what else is kept in it.
    pub fn session(&self) -> &Session {
        &self.session
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

    /// What stands around this page.
    pub fn page_chrome(&self) -> Chrome {
        self.site.build_chrome(self.path())
    }

    /// Leaves a message for the next page that is shown.
    pub fn leave_message(&self, level: Level, text: impl Into<String>) {
        self.push_flash(Flash { level, text: text.into(), link: None, undo: None });
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
        self.push_flash(Flash { level, text: text.into(), link, undo: None });
    }

    /// Leaves a message of what was done, with a button that takes it back.
    pub fn flash_undo(&self, text: impl Into<String>, undo: Undo) {
        self.push_flash(Flash {
            level: Level::Success,
            text: text.into(),
            link: None,
            undo: Some(undo),
        });
    }

    fn push_flash(&self, flash: Flash) {
        let mut flashes: Vec<Flash> = self.session.get(FLASHES).ok().flatten().unwrap_or_default();
        flashes.push(flash);
        if let Err(error) = self.session.insert(FLASHES, flashes) {
            tracing::warn!(%error, "Failed to keep a message for the next page: {error}; it is not shown");
        }
    }

    /// What base.html needs; takes the waiting messages with it, so call it for a page that is
    /// shown.
    pub fn new_frame(&self, title: impl Into<String>) -> Frame {
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
            path: self.path().to_owned(),
            address: self.request.uri().to_string(),
            flashes,
            breadcrumbs,
            ..Frame::around_page(self.page_chrome(), title)
        }
    }
}

impl<S: Site> FromRequest for Context<S> {
    type Error = S::Refusal;
    type Future = Ready<Result<Self, S::Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context =
            |site| Self { site, session: request.get_session(), request: request.clone() };
        ready(S::from_request(request).map(context))
    }
}
