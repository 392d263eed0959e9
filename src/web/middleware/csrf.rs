//! Refuses a post that did not come from a form of ours: the token in its `csrf_token` field (or
//! the `X-CSRF-Token` header) must be the session's, and the browser must not say that another
//! site sent it.
//!
//! `super::authorize` asks it of every admin POST, so that no handler can forget it. Before signing in there is
//! no session, and none is made for a visitor's sake (bots would fill the table): there the
//! secret is derived from a cookie of its own with a key only the server has.

use super::legible;
use crate::clock;
use crate::web::Deps;
use crate::web::problem::Problem;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use signalbox_core::seal;
use subtle::ConstantTimeEq;
use url::form_urlencoded;

/// The form field that carries the token.
pub const FIELD: &str = "csrf_token";

const HEADER: &str = "x-csrf-token";

/// The secret of a session's forms.
pub type Secret = [u8; 32];

/// Lets a post through if it carries its form's token; other methods change nothing and need none.
///
/// # Errors
/// No token, another one, or another site (403); a body that is too large (413) or broken off.
pub async fn check_post(request: &mut ServiceRequest, secret: &Secret) -> Result<(), Problem> {
    if request.method().is_safe() {
        return Ok(());
    }
    if is_foreign(request) {
        return Err(Problem::csrf());
    }
    let body = request.extract::<web::Bytes>().await.map_err(|error| {
        match error.as_error::<PayloadError>() {
            Some(PayloadError::Overflow) => Problem::too_large(),
            _ => Problem::bad_request("The body of the request did not arrive whole."),
        }
    })?;
    if let Some(problem) = legible::fields_fault(&body) {
        return Err(problem);
    }
    let presented = presented_token(request.headers(), &body);
    request.set_payload(Payload::from(body));
    match presented {
        Some(token) if is_token(secret, &token) => Ok(()),
        _ => Err(Problem::csrf()),
    }
}

fn presented_token(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let header = headers.get(HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    header.or_else(|| {
        form_urlencoded::parse(body)
            .find(|(name, _)| name == FIELD)
            .map(|(_, token)| token.into_owned())
    })
}

/// Whether the browser says that another site sent it. `Sec-Fetch-Site` comes with every request
/// over https and on loopback; over plain http there is `Origin` alone, and that is `null` on our
/// own pages too, since they send no referrer: then the token decides.
/// Source: Fetch, "append a request `Origin` header".
fn is_foreign(request: &ServiceRequest) -> bool {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match text(header::ORIGIN.as_str()) {
        None | Some("null") => false,
        Some(origin) => {
            let own = crate::web::origin::called_host(request.request());
            origin.split_once("://").is_none_or(|(_, host)| !host.eq_ignore_ascii_case(&own))
        }
    }
}

/// The token of a form: the secret under a mask of its own, so that compressing the page tells
/// nothing about it (BREACH).
pub fn new_token(secret: &Secret) -> String {
    let mask: Secret = clock::random_bytes();
    let masked: Vec<u8> = secret.iter().zip(mask).map(|(a, b)| a ^ b).collect();
    URL_SAFE_NO_PAD.encode([mask.as_slice(), &masked].concat())
}

fn is_token(secret: &Secret, token: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
    let Some((mask, masked)) = bytes.split_first_chunk::<32>() else { return false };
    let plain: Vec<u8> = masked.iter().zip(mask).map(|(a, b)| a ^ b).collect();
    masked.len() == secret.len() && bool::from(plain.ct_eq(secret))
}

fn cookie_name(deps: &Deps) -> &'static str {
    if deps.settings.insecure_cookies() { "signalbox-form" } else { "__Host-signalbox-form" }
}

/// The secret of the forms a visitor sees before signing in, and the cookie to set if they have
/// none yet.
pub fn visitor_secret(request: &HttpRequest, deps: &Deps) -> (Secret, Option<Cookie<'static>>) {
    let name = cookie_name(deps);
    let derive =
        |value: &str| seal::hmac_sha256(&deps.keys.cookie, format!("visitor {value}").as_bytes());
    let held = request.cookie(name).map(|cookie| cookie.value().to_owned());
    if let Some(value) = held.filter(|value| value.len() == 43) {
        return (derive(&value), None);
    }
    let value = clock::secret_text();
    let secret = derive(&value);
    let cookie = Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(!deps.settings.insecure_cookies())
        .same_site(SameSite::Lax)
        .finish();
    (secret, Some(cookie))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_new_each_time_and_opens_its_own_secret_only() {
        let secret = [7; 32];
        let (one, two) = (new_token(&secret), new_token(&secret));
        assert_ne!(one, two);
        assert!(is_token(&secret, &one) && is_token(&secret, &two));
        assert!(!is_token(&[8; 32], &one));
        for bad in ["", "x", &one.replace(one.chars().last().unwrap(), ""), &format!("{one}AA")] {
            assert!(!is_token(&secret, bad), "{bad:?}");
        }
    }
}
