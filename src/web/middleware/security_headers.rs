//! The headers that keep browsers strict: no inline script or style, nothing from elsewhere, no
//! framing, no guessing of types, no referrer, and no copies of the panel's pages in caches.

use super::{Answer, with_headers};
use crate::web::origin;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

/// Everything comes from this very server.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

/// Windows that a page of elsewhere opened or embedded share nothing with the panel. Browsers heed these
/// over https alone.
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Adds them to every answer.
///
/// # Errors
/// Those of what is inside.
pub async fn add_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Answer {
    let is_https = origin::is_https(request.request());
    let answer = next.call(request).await;
    with_headers(answer, |headers| {
        if is_https {
            secure_cookies(headers);
            set_header(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
            set_header(headers, OPENER, "same-origin");
            set_header(headers, RESOURCE, "same-origin");
        }
        set_header(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set_header(headers, header::REFERRER_POLICY, "no-referrer");
        set_header(headers, header::CONTENT_SECURITY_POLICY, POLICY);
        // Static files say themselves how long they may be kept.
        if !headers.contains_key(header::CACHE_CONTROL) {
            set_header(headers, header::CACHE_CONTROL, "no-store");
        }
    })
}

/// Whoever binds to loopback behind a proxy has cookies without `Secure`, until the proxy says https.
fn secure_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<_> = headers.remove(header::SET_COOKIE).collect();
    for cookie in cookies {
        let text = cookie.to_str().ok().filter(|text| !text.contains("; Secure"));
        let secure = text.and_then(|text| HeaderValue::from_str(&format!("{text}; Secure")).ok());
        headers.append(header::SET_COOKIE, secure.unwrap_or(cookie));
    }
}

fn set_header(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
