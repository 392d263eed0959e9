//! Secrets at rest: keys derived from the installation's secret key, and sealed bytes.
//!
//! Plain tokens are only ever compared, so they are stored as keyed digests
//! (`crate::credential`); signing tokens must be read back, so they are sealed with
//! XChaCha20-Poly1305. Key and nonce are arguments: this module reads no file and rolls no dice.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What a check value is bound to.
const CHECK: &[u8] = b"secret key check";

/// Bytes in front of each sealed value: the nonce.
pub const NONCE_BYTES: usize = 24;

/// The keys of one installation, all derived from its secret key.
#[derive(Clone)]
pub struct Keys {
    /// For keyed digests of secret tokens.
    pub token_digest: [u8; 32],
    /// For sealing signing tokens.
    pub seal: [u8; 32],
    /// For signing the session cookie (64 bytes, as actix's cookie key wants).
    pub cookie: [u8; 64],
}

impl Keys {
    /// Derives every key from the installation's secret key.
    #[must_use]
    pub fn derive_keys(secret_key: impl AsRef<[u8]>) -> Self {
        let secret_key = secret_key.as_ref();
        let mut cookie = [0; 64];
        let (first, second) = cookie.split_at_mut(32);
        first.copy_from_slice(&derive_subkey(secret_key, b"signalbox cookie 1"));
        second.copy_from_slice(&derive_subkey(secret_key, b"signalbox cookie 2"));
        Self {
            token_digest: derive_subkey(secret_key, b"signalbox token digest"),
            seal: derive_subkey(secret_key, b"signalbox seal"),
            cookie,
        }
    }

    /// The value that tells, later, whether these are the keys it was sealed with. It holds the key of the
    /// tokens' digests: a token is known by its digest alone, which outlasts a change of the secret key.
    ///
    /// # Errors
    /// As [`seal_bytes`].
    pub fn check_value(&self, nonce: [u8; NONCE_BYTES]) -> Result<Vec<u8>, CannotOpen> {
        seal_bytes(&self.seal, nonce, CHECK, &self.token_digest)
    }

    /// These keys as a check value completes them; none if it was sealed with others.
    #[must_use]
    pub fn complete_with(self, check_value: &[u8]) -> Option<Self> {
        let token_digest = open_sealed(&self.seal, CHECK, check_value).ok()?.try_into().ok()?;
        Some(Self { token_digest, ..self })
    }

    /// Whether a check value was sealed with these keys.
    #[must_use]
    pub fn fits_check_value(&self, check_value: &[u8]) -> bool {
        open_sealed(&self.seal, CHECK, check_value).is_ok()
    }
}

fn derive_subkey(secret_key: &[u8], purpose: &[u8]) -> [u8; 32] {
    hmac_sha256(secret_key, purpose)
}

/// HMAC-SHA256, which takes a key of any length.
#[expect(clippy::missing_panics_doc, reason = "HMAC accepts keys of every length")]
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC accepts keys of every length")]
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// A sealed value that cannot be opened: another key, or bytes that were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be opened: was SIGNALBOX_SECRET_KEY changed?")]
pub struct CannotOpen;

/// Seals `plain`, bound to `context` (say, the field's name).
///
/// # Errors
/// [`CannotOpen`] if the cipher refuses, which it does only for messages over 256 GiB.
pub fn seal_bytes(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    context: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, CannotOpen> {
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context })
        .map_err(|_| CannotOpen)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Opens what [`seal_bytes`] made.
///
/// # Errors
/// [`CannotOpen`] for another key, another context or changed bytes.
pub fn open_sealed(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
    let (nonce, message) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(CannotOpen)?;
    XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(&XNonce::from(*nonce), Payload { msg: message, aad: context })
        .map_err(|_| CannotOpen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_context_only() {
        let keys = Keys::derive_keys(b"installation");
        let sealed = seal_bytes(&keys.seal, [7; 24], b"signing_token", b"whsec_abc").unwrap();
        assert!(!sealed.windows(5).any(|window| window == b"whsec"));
        assert_eq!(open_sealed(&keys.seal, b"signing_token", &sealed).unwrap(), b"whsec_abc");
        assert_eq!(open_sealed(&keys.seal, b"secret_token", &sealed), Err(CannotOpen));
        assert_eq!(
            open_sealed(&Keys::derive_keys(b"another").seal, b"signing_token", &sealed),
            Err(CannotOpen)
        );
        assert_eq!(open_sealed(&keys.seal, b"signing_token", b"short"), Err(CannotOpen));
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let keys = Keys::derive_keys(b"installation");
        assert_ne!(keys.token_digest, keys.seal);
        assert_ne!(keys.cookie.get(..32), keys.cookie.get(32..));
    }
}
