//! What is refused before anything is parsed.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use signalbox_core::credential::{Presented, Signed, token_digest};
use signalbox_core::delivery_reason::DeliveryReason;
use signalbox_core::headers::keep_headers;
use signalbox_core::idempotency::KeyHeaders;
use std::collections::BTreeMap;

/// Longest `X-Gitlab-Event`.
const MAX_EVENT: usize = 200;
/// Longest token or signature header.
const MAX_CREDENTIAL: usize = 4_096;
/// Longest key.
const MAX_KEY: usize = 255;
/// A request that is not looked at further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub reason: Box<DeliveryReason>,
}

/// The headers of a request that may be read.
#[derive(Debug)]
pub(super) struct Head {
    pub event: String,
    pub presented: Presented,
    pub idempotency_key: Option<String>,
    pub webhook_id: Option<String>,
}

impl Head {
    pub(super) fn key_headers(&self) -> KeyHeaders<'_> {
        KeyHeaders {
            idempotency_key: self.idempotency_key.as_deref(),
            webhook_id: self.webhook_id.as_deref(),
        }
    }
}

fn build_refusal(status: u16, code: &'static str, reason: DeliveryReason) -> Refusal {
    Refusal { status, code, reason: Box::new(reason) }
}

/// Reads the headers.
pub(super) fn check_headers(headers: &HeaderMap, digest_key: &[u8; 32]) -> Result<Head, Refusal> {
    media_type(headers)?;
    let event = header_once(headers, "X-Gitlab-Event", MAX_EVENT, 400)?
        .filter(|event| !event.is_empty())
        .ok_or_else(|| build_refusal(400, "no_event", DeliveryReason::NoEventHeader))?;
    let token = header_credential(headers, "X-Gitlab-Token")?;
    let webhook_id = header_once(headers, "webhook-id", MAX_KEY, 401)?;
    let timestamp = header_once(headers, "webhook-timestamp", MAX_KEY, 401)?;
    let signatures = header_once(headers, "webhook-signature", MAX_CREDENTIAL, 401)?;
    let signed = match (&webhook_id, timestamp, signatures) {
        (Some(id), Some(timestamp), Some(signatures)) if !id.is_empty() => {
            Some(Signed { id: id.clone(), timestamp, signatures })
        }
        _ => None,
    };
    Ok(Head {
        event,
        presented: Presented { token: token.map(|token| token_digest(digest_key, token)), signed },
        idempotency_key: header_once(headers, "Idempotency-Key", MAX_KEY, 400)?,
        webhook_id,
    })
}

fn media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(build_refusal(415, "encoded", DeliveryReason::Encoded));
    }
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let reason = if essence.is_empty() {
        DeliveryReason::NoMediaType
    } else {
        let named: String = essence.chars().take(80).collect();
        DeliveryReason::MediaType { named }
    };
    Err(build_refusal(415, "media_type", reason))
}

/// A header that may come once, as text.
fn header_once(
    headers: &HeaderMap,
    name: &'static str,
    max: usize,
    status: u16,
) -> Result<Option<String>, Refusal> {
    let Some(bytes) = single_header(headers, name, max, status)? else { return Ok(None) };
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => Ok(Some(text.to_owned())),
        _ => Err(build_refusal(
            status,
            "bad_header",
            DeliveryReason::HeaderNotText { name: name.to_owned() },
        )),
    }
}

/// The token's bytes; none if it is absent or empty.
fn header_credential<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
) -> Result<Option<&'a [u8]>, Refusal> {
    Ok(single_header(headers, name, MAX_CREDENTIAL, 401)?.filter(|token| !token.is_empty()))
}

fn single_header<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
    max: usize,
    status: u16,
) -> Result<Option<&'a [u8]>, Refusal> {
    let mut values = headers.get_all(name);
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        let reason = DeliveryReason::HeaderRepeated { name: name.to_owned() };
        return Err(build_refusal(status, "repeated_header", reason));
    }
    if first.len() > max {
        let reason = DeliveryReason::HeaderTooLong { name: name.to_owned(), max };
        return Err(build_refusal(status, "long_header", reason));
    }
    Ok(Some(first.as_bytes()))
}

/// What of the headers is stored.
pub(super) fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    keep_headers(|name| Some(String::from_utf8_lossy(headers.get(name)?.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    const KEY: [u8; 32] = [3; 32];

    fn sample_headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    const GOOD: [(&str, &str); 2] =
        [("content-type", "application/json; charset=utf-8"), ("x-gitlab-event", "Push Hook")];

    fn check_refused(extra: &[(&'static str, &str)]) -> (u16, &'static str) {
        let all: Vec<_> = GOOD.iter().chain(extra).copied().collect();
        let refusal = check_headers(&sample_headers(&all), &KEY).unwrap_err();
        (refusal.status, refusal.code)
    }

    #[test]
    fn a_plain_delivery_passes() {
        let head = check_headers(&sample_headers(&GOOD), &KEY).unwrap();
        assert_eq!(head.event, "Push Hook");
        assert!(head.presented.token.is_none());
    }

    #[test]
    fn what_gitlab_does_not_send_is_refused_by_its_cause() {
        let long = "x".repeat(65_536);
        assert_eq!(check_headers(&sample_headers(&[]), &KEY).unwrap_err().code, "media_type");
        assert_eq!(check_headers(&sample_headers(&GOOD[..1]), &KEY).unwrap_err().code, "no_event");
        assert_eq!(check_refused(&[("content-encoding", "gzip")]), (415, "encoded"));
        assert_eq!(check_refused(&[("x-gitlab-event", "Push Hook")]), (400, "repeated_header"));
        let twice = [("x-gitlab-token", "a"), ("x-gitlab-token", "a")];
        assert_eq!(check_refused(&twice), (401, "repeated_header"));
        assert_eq!(check_refused(&[("x-gitlab-token", &long)]), (401, "long_header"));
        assert_eq!(check_refused(&[("idempotency-key", &long)]), (400, "long_header"));
    }

    #[test]
    fn an_empty_token_is_an_absent_one() {
        let all = [GOOD[0], GOOD[1], ("x-gitlab-token", "")];
        assert!(check_headers(&sample_headers(&all), &KEY).unwrap().presented.token.is_none());
    }

    #[test]
    fn secrets_and_custom_headers_are_not_kept() {
        let all = [
            GOOD[0],
            GOOD[1],
            ("x-gitlab-token", "planted-token"),
            ("webhook-signature", "v1,planted"),
            ("authorization", "Basic planted"),
            ("x-my-secret", "planted"),
        ];
        let kept = kept_headers(&sample_headers(&all));
        assert_eq!(kept["X-Gitlab-Token"], "[masked]");
        assert!(kept.values().all(|value| !value.contains("planted")), "{kept:?}");
        assert_eq!(kept.len(), 4);
    }
}
