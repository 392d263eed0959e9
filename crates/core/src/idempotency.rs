//! Which value tells a repeat from a new event, and for how long.
//!
//! A key counts for the webhook that its delivery proved itself to, whichever of the webhook's secrets
//! that was (`signalbox::intake`).
//!
//! GitLab sends `Idempotency-Key` (since 17.4), the same on every repeat of one event to one
//! hook; a signed delivery carries the same value as `webhook-id`. Where neither comes, an
//! equal body under an equal header within a short time is a repeat: GitLab of the
//! 2015 kind repeated so after its time-out. `X-Gitlab-Webhook-UUID` is new for each request.
//! `X-Gitlab-Event-UUID` is made per webhook, but a chain of events that the webhook's own calls of
//! GitLab's API caused shares it: neither serves.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// How long a key is remembered.
pub const KEY_DAYS: i64 = 7;

/// A key and how long it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The value, told apart by where it came from.
    pub value: String,
    /// When it is forgotten.
    pub expires_at: DateTime<Utc>,
    /// Whether it stands for the body, because GitLab sent no key.
    pub from_body: bool,
}

/// The headers a key may come from.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyHeaders<'a> {
    /// `Idempotency-Key`
    pub idempotency_key: Option<&'a str>,
    /// `webhook-id`
    pub webhook_id: Option<&'a str>,
}

/// The key of a delivery; none where GitLab sent none and body repeats are not looked for.
pub fn derive_key(
    headers: KeyHeaders<'_>,
    event_header: &str,
    body: &[u8],
    now: DateTime<Utc>,
    body_repeat: TimeDelta,
) -> Option<Key> {
    let sent = headers.idempotency_key.or(headers.webhook_id).filter(|key| !key.is_empty());
    if let Some(sent) = sent {
        let expires_at = now + TimeDelta::days(KEY_DAYS);
        return Some(Key { value: sent.to_owned(), expires_at, from_body: false });
    }
    (body_repeat > TimeDelta::zero()).then(|| Key {
        value: body_key(event_header, body),
        expires_at: now + body_repeat,
        from_body: true,
    })
}

fn body_key(event_header: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(event_header.len().to_le_bytes());
    hash.update(event_header);
    hash.update(body);
    format!("body:{}", to_hex(&hash.finalize()))
}

/// Bytes as hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn derive_sample_key(
        headers: KeyHeaders<'_>,
        event: &str,
        body: &[u8],
        repeat_s: i64,
    ) -> Option<Key> {
        let repeat = TimeDelta::seconds(repeat_s);
        derive_key(headers, event, body, NOW, repeat)
    }

    #[test]
    fn the_header_is_the_key_for_a_week() {
        let headers = KeyHeaders { idempotency_key: Some("k1"), webhook_id: Some("w1") };
        let found = derive_sample_key(headers, "Push Hook", b"{}", 60).unwrap();
        assert_eq!((found.value.as_str(), found.from_body), ("k1", false));
        assert_eq!(found.expires_at, NOW + TimeDelta::days(7));
        let signed = KeyHeaders { idempotency_key: None, webhook_id: Some("w1") };
        assert_eq!(derive_sample_key(signed, "Push Hook", b"{}", 60).unwrap().value, "w1");
    }

    #[test]
    fn without_one_the_body_stands_for_it_for_a_minute() {
        let none = KeyHeaders::default();
        let found = derive_sample_key(none, "Push Hook", b"{}", 60).unwrap();
        assert!(found.from_body);
        assert_eq!(found.expires_at, NOW + TimeDelta::seconds(60));
        assert_eq!(derive_sample_key(none, "Push Hook", b"{}", 60).unwrap(), found);
        assert_ne!(derive_sample_key(none, "Push Hook", b"{ }", 60).unwrap(), found);
        assert_ne!(derive_sample_key(none, "Tag Push Hook", b"{}", 60).unwrap(), found);
        assert_eq!(derive_sample_key(none, "Push Hook", b"{}", 0), None);
    }
}
