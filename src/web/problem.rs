//! What went wrong with a request, before it has a face.
//!
//! One `Problem` holds status, machine code, the words for the person and the cause for the log.
//! `human` draws it as a page, `machine` as JSON; which of them is told by the handler's return
//! type, or for actix's own refusals by [`Face::from_path`] the address.

use actix_web::http::StatusCode;
use signalbox_i18n::say;
use signalbox_store::StoreError;
use std::borrow::Cow;
use std::error::Error;

/// Who reads the answers at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// A person: a page.
    Human,
    /// A program: JSON.
    Machine,
}

impl Face {
    /// The face of an address: JSON where programs call, a page everywhere else.
    #[must_use]
    pub fn from_path(path: &str) -> Self {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        match first {
            "webhooks" | "healthz" | "readyz" | "metrics" => Self::Machine,
            _ => Self::Human,
        }
    }
}

/// A way on from a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The words.
    pub label: Cow<'static, str>,
    /// The address.
    pub href: String,
}

/// A request that is answered with an error.
#[derive(Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The machine word.
    pub code: &'static str,
    /// A headline.
    pub title: Cow<'static, str>,
    /// What it means and what to do, in a sentence or two.
    pub detail: Cow<'static, str>,
    /// Ways on.
    pub links: Vec<Link>,
    /// For 405: the methods that are allowed.
    pub allow: Option<String>,
    /// For 429 and 503: when to try again, in seconds.
    pub retry_after_s: Option<i64>,
    /// The cause: for the log, never for the answer.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of its own kind.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            title: title.into(),
            detail: detail.into(),
            links: Vec::new(),
            allow: None,
            retry_after_s: None,
            source: None,
        }
    }

    /// Adds a way on.
    #[must_use]
    pub fn with_link(
        mut self,
        label: impl Into<Cow<'static, str>>,
        href: impl Into<String>,
    ) -> Self {
        self.links.push(Link { label: label.into(), href: href.into() });
        self
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// No page at this address.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Page not found",
            "There is nothing at this address. It may be mistyped, or the page was removed.",
        )
    }

    /// No object of this kind and id; `what` as in "webhook 7".
    pub fn no_such(what: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            say!("There is no {what}. It may have been deleted.", what = what),
        )
    }

    /// Another method than the address answers; `allow` as in `GET, POST`.
    pub fn method_not_allowed(method: &str, allow: &str) -> Self {
        let mut problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
            if allow.is_empty() {
                say!("This address does not accept {method}.", method = method)
            } else {
                say!("This address accepts {allow}, not {method}.", method = method, allow = allow)
            },
        );
        problem.allow = Some(allow.to_owned());
        problem
    }

    /// A request that cannot be read.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "Invalid request", detail)
    }

    /// A panel called by a host that is not its own.
    pub fn wrong_host(own: &str) -> Self {
        let detail = say!("The panel answers at {url}, as SIGNALBOX_PUBLIC_URL says.", url = own);
        Self::new(StatusCode::BAD_REQUEST, "wrong_host", "Unknown host", detail)
    }

    /// A body over the limit.
    pub fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "Too large",
            "The request is larger than this address takes. Nothing was changed.",
        )
    }

    /// A signed-in person without the permission.
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "Not allowed",
            "Your role does not allow this. Nothing was changed. Ask an administrator if you need it.",
        )
    }

    /// A post by someone who is not signed in (any more).
    pub fn signed_out() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "signed_out",
            "You are signed out",
            "Nothing was changed: your session has ended. Sign in, go back to the form and send it again.",
        )
    }

    /// A post without the form's own token, or sent by another site.
    pub fn csrf() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "csrf",
            "The form has expired",
            "Nothing was changed: the form is from another session. Go back, reload the page and send it again. Signing in needs cookies.",
        )
    }

    /// Changed by someone else in the meantime.
    pub fn conflict() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "conflict",
            "Changed in the meantime",
            "Someone else has changed this since you opened it. Your changes were not saved.",
        )
    }

    /// A rule forbids it, by whomever it is asked.
    pub fn refused(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "refused", "Not possible", why)
    }

    /// Too many tries.
    pub fn too_many(wait_s: i64) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many attempts",
            say!("Try again in {n} seconds.", n = wait_s),
        );
        problem.retry_after_s = Some(wait_s);
        problem
    }

    /// The database is away.
    pub fn unavailable() -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The database is unavailable",
            "Signalbox runs, but its database does not answer. Try again in a moment.",
        );
        problem.retry_after_s = Some(5);
        problem
    }

    /// A fault of ours.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong",
            "This is a bug in Signalbox. The log has the cause, under the request ID below.",
        )
    }

    /// Writes the problem to the log; called once, where the answer is made.
    pub fn log_problem(&self) {
        let cause = self.source.as_deref().map(cause_chain).unwrap_or_default();
        let (status, code) = (self.status.as_u16(), self.code);
        if self.status.is_server_error() {
            tracing::error!(
                http.status = status,
                error.code = code,
                error = cause,
                "{}",
                self.title
            );
        } else if code == "csrf" {
            tracing::warn!(http.status = status, error.code = code, "{}", self.title);
        } else {
            tracing::debug!(
                http.status = status,
                error.code = code,
                error = cause,
                "{}",
                self.title
            );
        }
    }
}

fn cause_chain(error: &(dyn Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found(),
            StoreError::Stale => Self::conflict(),
            StoreError::Unavailable(_) => Self::unavailable().caused_by(error),
            StoreError::Constraint(_) | StoreError::Other(_) => Self::internal().caused_by(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_json_and_people_get_pages() {
        for path in ["/webhooks", "/webhooks/gitlab/register", "/healthz", "/readyz", "/metrics"] {
            assert_eq!(Face::from_path(path), Face::Machine, "{path}");
        }
        for path in ["/", "/admin/hooks/job/", "/webhooksy", "/nothing", ""] {
            assert_eq!(Face::from_path(path), Face::Human, "{path}");
        }
    }

    #[test]
    fn the_cause_is_told_once_and_whole() {
        let error = StoreError::Unavailable("connection refused".into());
        assert_eq!(cause_chain(&error), "the database is unavailable: connection refused");
    }
}
