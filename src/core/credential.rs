//! What a delivery presents to prove where it comes from, and whether a record accepts it.
//!
//! Two kinds: the plain `X-Gitlab-Token`, compared as keyed digests in constant time; and
//! GitLab's signature, HMAC-SHA256 over `{id}.{timestamp}.{body}` (Standard Webhooks), which
//! holds for five minutes around its timestamp. Source: GitLab's webhook documentation and the
//! Standard Webhooks specification.

use super::seal::mac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

/// How far a signature's timestamp may lie from now, in seconds, either way.
pub const WINDOW_S: i64 = 300;

/// The keyed digest of a secret token: what is stored and compared, never the token.
pub type TokenDigest = [u8; 32];

/// The digest of a token as this installation keeps it.
pub fn token_digest(key: &[u8; 32], token: &[u8]) -> TokenDigest {
    mac(key, token)
}

/// What a stored signing token is bound to when it is sealed.
pub const SIGNING_TOKEN: &[u8] = b"signing_token";

/// GitLab's signing token, opened. Has no `Debug`: it must not reach a log.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// From the secret as GitLab shows it: `whsec_` and the base64 of the key, else the bytes of
    /// the text themselves. None if it is empty or its base64 is broken.
    pub fn from_shown(secret: &str) -> Option<Self> {
        let key = match secret.strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => secret.as_bytes().to_vec(),
        };
        (!key.is_empty()).then_some(Self(key))
    }

    /// The signature of a message, as the header carries it.
    pub fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        format!("v1,{}", STANDARD.encode(mac(&self.0, &message)))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

/// The three headers of a signed delivery, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `webhook-id`
    pub id: String,
    /// `webhook-timestamp`
    pub timestamp: String,
    /// `webhook-signature`: one or several, apart by spaces.
    pub signatures: String,
}

/// What a delivery presents.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    /// Digest of the token; none if the header was absent or empty.
    pub token: Option<TokenDigest>,
    /// The signature headers, if all three came.
    pub signed: Option<Signed>,
}

/// What a record asks for.
#[derive(Debug, Clone, Copy)]
pub struct Required<'a> {
    /// Digest of its secret token.
    pub token: Option<&'a [u8]>,
    /// Its signing token.
    pub signing: Option<&'a SigningKey>,
}

/// How a credential fares with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The token equals.
    ValidToken,
    /// The signature verifies and is fresh.
    ValidSignature,
    /// The signature verifies, but its timestamp is outside the window.
    StaleSignature,
    /// Something was presented, nothing fits.
    Wrong,
    /// Nothing was presented.
    Absent,
    /// The record asks for nothing.
    NotRequired,
}

impl Check {
    /// Whether the record accepts it; `allow_none` admits records without any secret.
    pub fn accepted(self, allow_none: bool) -> bool {
        match self {
            Self::ValidToken | Self::ValidSignature => true,
            Self::NotRequired => allow_none,
            Self::StaleSignature | Self::Wrong | Self::Absent => false,
        }
    }

    /// The word a trace shows; the values themselves are never shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::ValidToken => "valid token",
            Self::ValidSignature => "valid signature",
            Self::StaleSignature => "signature outside the five-minute window",
            Self::Wrong => "wrong",
            Self::Absent => "absent",
            Self::NotRequired => "none required",
        }
    }
}

/// Checks what was presented against what a record asks for. While a hook moves from one kind to
/// the other, either is enough.
pub fn check(
    presented: &Presented,
    required: Required<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Check {
    if required.token.is_none() && required.signing.is_none() {
        return Check::NotRequired;
    }
    if let (Some(token), Some(expected)) = (&presented.token, required.token)
        && bool::from(token.as_slice().ct_eq(expected))
    {
        return Check::ValidToken;
    }
    if let (Some(signed), Some(key)) = (&presented.signed, required.signing)
        && verifies(signed, key, body)
    {
        return if is_fresh(&signed.timestamp, now) {
            Check::ValidSignature
        } else {
            Check::StaleSignature
        };
    }
    if presented.token.is_none() && presented.signed.is_none() {
        Check::Absent
    } else {
        Check::Wrong
    }
}

fn verifies(signed: &Signed, key: &SigningKey, body: &[u8]) -> bool {
    let expected = key.sign(&signed.id, &signed.timestamp, body);
    signed
        .signatures
        .split(' ')
        .fold(false, |found, one| found | bool::from(one.as_bytes().ct_eq(expected.as_bytes())))
}

fn is_fresh(timestamp: &str, now: DateTime<Utc>) -> bool {
    timestamp
        .parse::<i64>()
        .is_ok_and(|at| now.timestamp().checked_sub(at).is_some_and(|age| age.abs() <= WINDOW_S))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const KEY: [u8; 32] = [9; 32];
    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn with_token(token: &[u8]) -> Presented {
        Presented { token: Some(token_digest(&KEY, token)), signed: None }
    }

    #[test]
    fn only_the_very_token_is_accepted() {
        let stored = token_digest(&KEY, b"Geheim-123");
        let required = Required { token: Some(&stored), signing: None };
        let ask = |token: &[u8]| check(&with_token(token), required, b"", NOW);
        assert_eq!(ask(b"Geheim-123"), Check::ValidToken);
        for wrong in
            [&b"geheim-123"[..], b"Geheim-12", b"Geheim-1234", b"", b" Geheim-123", b"\xff\xfe"]
        {
            assert_eq!(ask(wrong), Check::Wrong);
        }
        assert_eq!(check(&Presented::default(), required, b"", NOW), Check::Absent);
    }

    #[test]
    fn an_absent_secret_is_no_empty_one() {
        let required = Required { token: None, signing: None };
        let check = check(&with_token(b""), required, b"", NOW);
        assert_eq!(check, Check::NotRequired);
        assert!(!check.accepted(false));
        assert!(check.accepted(true));
    }

    #[test]
    fn the_published_example_of_standard_webhooks_verifies() {
        let key = SigningKey::from_shown("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_signature_holds_for_its_body_key_and_five_minutes() {
        let key = SigningKey::from_shown("plain text secret").unwrap();
        let required = Required { token: None, signing: Some(&key) };
        let signed = |at: i64, body: &[u8]| Presented {
            token: None,
            signed: Some(Signed {
                id: "id-1".into(),
                timestamp: at.to_string(),
                signatures: format!("v1,AAAA {}", key.sign("id-1", &at.to_string(), body)),
            }),
        };
        assert_eq!(check(&signed(0, b"{}"), required, b"{}", NOW), Check::ValidSignature);
        assert_eq!(check(&signed(0, b"{}"), required, b"{ }", NOW), Check::Wrong);
        for (seconds, expected) in [
            (WINDOW_S, Check::ValidSignature),
            (WINDOW_S + 1, Check::StaleSignature),
            (-WINDOW_S, Check::ValidSignature),
            (-WINDOW_S - 1, Check::StaleSignature),
        ] {
            let now = NOW + TimeDelta::seconds(seconds);
            assert_eq!(check(&signed(0, b"{}"), required, b"{}", now), expected, "{seconds}");
        }
        let other = SigningKey::from_shown("another secret").unwrap();
        let required = Required { token: None, signing: Some(&other) };
        assert_eq!(check(&signed(0, b"{}"), required, b"{}", NOW), Check::Wrong);
    }

    #[test]
    fn a_broken_signing_token_is_none() {
        assert!(SigningKey::from_shown("").is_none());
        assert!(SigningKey::from_shown("whsec_").is_none());
        assert!(SigningKey::from_shown("whsec_not base64!").is_none());
    }
}
