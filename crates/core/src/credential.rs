//! What a delivery presents to prove where it comes from, and whether a webhook accepts it.
//!
//! Two kinds: the plain `X-Gitlab-Token`, compared as keyed digests in constant time; and
//! GitLab's signature, HMAC-SHA256 over `{id}.{timestamp}.{body}` (Standard Webhooks), which
//! holds for five minutes around its timestamp. Source: GitLab's webhook documentation and the
//! Standard Webhooks specification.

use super::seal::hmac_sha256;
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
    hmac_sha256(key, token)
}

/// What a stored signing token is bound to when it is sealed.
pub const SIGNING_TOKEN: &[u8] = b"signing_token";

/// What a signing token begins with.
pub const SIGNING_PREFIX: &str = "whsec_";
/// How many bytes GitLab's signing keys have.
const SIGNING_BYTES: usize = 32;

/// What the key is derived for that signing tokens beside secret ones come from.
const BESIDE: &[u8] = b"signalbox signing token";

/// GitLab's signing token, opened. Has no `Debug`: it must not reach a log.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// From a stored token: `whsec_` and the base64 of the key, else the bytes of the text themselves,
    /// as was accepted before GitLab 19. None if it is empty or its base64 is broken.
    pub fn from_shown(secret: &str) -> Option<Self> {
        let key = match secret.strip_prefix(SIGNING_PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => secret.as_bytes().to_vec(),
        };
        (!key.is_empty()).then_some(Self(key))
    }

    /// Whether a token is such as GitLab generates: the prefix, and the base64 of 32 bytes.
    pub fn is_gitlabs(secret: &str) -> bool {
        secret.starts_with(SIGNING_PREFIX)
            && Self::from_shown(secret).is_some_and(|key| key.0.len() == SIGNING_BYTES)
    }

    /// The signing token that goes with a secret token at both ends, as it is shown. It is derived, so that
    /// the secret token alone need be written down before GitLab is asked: whoever finishes what was
    /// interrupted knows both. The key is that of the tokens' digests, which outlasts a change of the
    /// secret key; without it, who reads the secret token in a delivery's header could sign as GitLab does.
    pub fn token_beside(key: &[u8; 32], secret: &str) -> String {
        let signing: [u8; SIGNING_BYTES] =
            hmac_sha256(&hmac_sha256(key, BESIDE), secret.as_bytes());
        format!("{SIGNING_PREFIX}{}", STANDARD.encode(signing))
    }

    /// The signature of a message, as the header carries it.
    pub fn sign_message(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        format!("v1,{}", STANDARD.encode(hmac_sha256(&self.0, &message)))
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

/// What a webhook asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Required<'a> {
    /// Digest of its secret token.
    pub token: Option<&'a [u8]>,
    /// Digest of the one before, while that is still accepted.
    pub previous_token: Option<&'a [u8]>,
    /// Its signing token.
    pub signing: Option<&'a SigningKey>,
    /// The one before, while that is still accepted.
    pub previous_signing: Option<&'a SigningKey>,
    /// Whether the token alone is not enough.
    pub signature: bool,
}

/// Which of a webhook's secrets of one kind something was proved with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The present one.
    Present,
    /// The one before.
    Previous,
}

/// What a delivery proved itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proof {
    /// The token equals.
    pub token: Option<Which>,
    /// The signature verifies and is fresh.
    pub signature: Option<Which>,
}

/// How a credential fares with a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The token equals, or the signature verifies and is fresh, or both.
    Valid(Proof),
    /// The token equals, but a signature is required, and none came.
    SignatureRequired,
    /// The signature verifies, but its timestamp is outside the window.
    StaleSignature,
    /// Something was presented, nothing fits.
    Wrong,
    /// Nothing was presented.
    Absent,
    /// The webhook asks for nothing.
    NotRequired,
}

impl Check {
    /// The present token alone.
    pub const TOKEN: Self = Self::Valid(Proof { token: Some(Which::Present), signature: None });
    /// A signature with the present signing token alone.
    pub const SIGNATURE: Self = Self::Valid(Proof { token: None, signature: Some(Which::Present) });

    /// Whether a signature is among what it was accepted for.
    pub fn is_signature(self) -> bool {
        matches!(self, Self::Valid(Proof { signature: Some(_), .. }))
    }

    /// Whether the webhook accepts it; `allow_none` admits webhooks without any secret.
    pub fn is_accepted(self, allow_none: bool) -> bool {
        match self {
            Self::Valid(_) => true,
            Self::NotRequired => allow_none,
            Self::SignatureRequired | Self::StaleSignature | Self::Wrong | Self::Absent => false,
        }
    }

    /// The word a trace shows; the values themselves are never shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid(proof) => proof.word(),
            Self::SignatureRequired => "token without the required signature",
            Self::StaleSignature => "signature outside the five-minute window",
            Self::Wrong => "wrong",
            Self::Absent => "absent",
            Self::NotRequired => "none required",
        }
    }
}

/// Whether a trace's word says that a signature verified.
pub fn names_signature(word: &str) -> bool {
    word.starts_with("valid ") && word.contains("signature")
}

impl Proof {
    /// The present token.
    pub const TOKEN: Self = Self { token: Some(Which::Present), signature: None };
    /// A signature made with the present signing token.
    pub const SIGNATURE: Self = Self { token: None, signature: Some(Which::Present) };

    fn word(self) -> &'static str {
        match (self.token, self.signature) {
            (Some(Which::Present), Some(Which::Present)) => "valid token and signature",
            (Some(_), Some(_)) => "valid token and signature, not both of the present ones",
            (Some(Which::Previous), None) => "valid token, the previous one",
            (None, Some(Which::Previous)) => "valid signature, with the previous signing token",
            (None, Some(Which::Present)) => "valid signature",
            (Some(Which::Present) | None, None) => "valid token",
        }
    }
}

/// Checks what was presented against what a webhook asks for. While a hook moves from one kind to
/// the other, either is enough, unless the webhook requires the signature.
pub fn check_credential(
    presented: &Presented,
    required: Required<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Check {
    if required.token.is_none() && required.signing.is_none() {
        return Check::NotRequired;
    }
    // Each secret is compared, whatever the others gave: how long that takes tells nothing.
    let token = presented.token.as_ref();
    let equals = |expected: Option<&[u8]>| match (token, expected) {
        (Some(token), Some(expected)) => bool::from(token.as_slice().ct_eq(expected)),
        _ => false,
    };
    let token = which_secret(equals(required.token), equals(required.previous_token));
    let signed = presented.signed.as_ref();
    let signs = |key: Option<&SigningKey>| match (signed, key) {
        (Some(signed), Some(key)) => verify_signature(signed, key, body),
        _ => false,
    };
    let signature = which_secret(signs(required.signing), signs(required.previous_signing));
    let fresh = signed.is_some_and(|signed| is_fresh(&signed.timestamp, now));
    match (token, signature.filter(|_| fresh)) {
        (None, None) if signature.is_some() => Check::StaleSignature,
        (None, None) if presented.token.is_none() && signed.is_none() => Check::Absent,
        (None, None) => Check::Wrong,
        (Some(_), None) if required.signature => Check::SignatureRequired,
        (token, signature) => Check::Valid(Proof { token, signature }),
    }
}

fn which_secret(present: bool, previous: bool) -> Option<Which> {
    match (present, previous) {
        (true, _) => Some(Which::Present),
        (false, true) => Some(Which::Previous),
        (false, false) => None,
    }
}

fn verify_signature(signed: &Signed, key: &SigningKey, body: &[u8]) -> bool {
    let expected = key.sign_message(&signed.id, &signed.timestamp, body);
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
mod tests;
