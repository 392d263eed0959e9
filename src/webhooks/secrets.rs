//! A webhook's secrets in their stored forms, and what becomes of those that are replaced.
//!
//! A replaced secret may stay valid beside the new one until a date, so that GitLab and Signalbox
//! need not change at one moment. There is at most one such of each kind.

use super::Act;
use super::input::{SecretChange, WebhookInput};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use signalbox_core::change::Change;
use signalbox_core::credential::SIGNING_TOKEN;
use signalbox_core::seal::{CannotOpen, Keys, hmac_sha256, open_sealed, seal_bytes};
use signalbox_store::webhooks::{Row, Secrets};
use subtle::ConstantTimeEq;

/// What is written into a column: `None` keeps it, `Some(None)` empties it.
type Written<T> = Option<Option<T>>;
/// A stored secret's new form.
type Stored = Written<Vec<u8>>;
/// The stored forms of the present secret token and signing token.
type StoredSecrets = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The new forms of both secrets.
pub(super) struct New {
    secret: Stored,
    signing: Stored,
}

/// The stored forms: a token that is only compared as a keyed digest, one that is computed with
/// sealed.
pub(super) fn new(input: &WebhookInput, act: &Act<'_>) -> Result<New, CannotOpen> {
    Ok(New {
        secret: match &input.secret_token {
            SecretChange::Keep => None,
            SecretChange::Remove => Some(None),
            SecretChange::Set(token) => {
                let digest = hmac_sha256(&act.keys.token_digest, token.expose_secret().as_bytes());
                Some(Some(digest.to_vec()))
            }
        },
        signing: match &input.signing_token {
            SecretChange::Keep => None,
            SecretChange::Remove => Some(None),
            SecretChange::Set(token) => {
                let plain = token.expose_secret().as_bytes();
                Some(Some(seal_bytes(&act.keys.seal, act.nonce, SIGNING_TOKEN, plain)?))
            }
        },
    })
}

/// Whether a stored form, digest or sealed, is of this secret.
pub(super) fn is_stored(secret: &SecretString, stored: &[u8], keys: &Keys) -> bool {
    let plain = secret.expose_secret().as_bytes();
    hmac_sha256(&keys.token_digest, plain).ct_eq(stored).into()
        || open_sealed(&keys.seal, SIGNING_TOKEN, stored)
            .is_ok_and(|opened| opened.ct_eq(plain).into())
}

/// What is written: the new secrets, and those they replace where these are to go on for a while.
pub(super) fn rotate_secrets(
    new: &New,
    input: &WebhookInput,
    before: Option<(&Row, StoredSecrets)>,
    act: &Act<'_>,
) -> Secrets {
    let (row, (old_secret, old_signing)) =
        before.map_or((None, (None, None)), |(row, old)| (Some(row), old));
    let until = input.keep_previous_days.map(|days| act.now + TimeDelta::days(days));
    let secret = Turn {
        new: &new.secret,
        old: old_secret,
        keep_until: until,
        ends: input.end_previous_secret
            || is_over(row.and_then(|row| row.previous_secret_until), act),
    };
    let signing = Turn {
        new: &new.signing,
        old: old_signing,
        keep_until: until,
        ends: input.end_previous_signing
            || is_over(row.and_then(|row| row.previous_signing_until), act),
    };
    let (previous_secret_digest, previous_secret_until) = secret.previous_secret();
    let (previous_signing_token, previous_signing_until) = signing.previous_secret();
    Secrets {
        secret_digest: new.secret.clone(),
        signing_token: new.signing.clone(),
        previous_secret_digest,
        previous_secret_until,
        previous_signing_token,
        previous_signing_until,
    }
}

/// One that is over is forgotten with the next change.
fn is_over(until: Option<DateTime<Utc>>, act: &Act<'_>) -> bool {
    until.is_some_and(|until| until <= act.now)
}

/// What happens to one kind of secret in one change.
struct Turn<'n> {
    new: &'n Stored,
    old: Option<Vec<u8>>,
    keep_until: Option<DateTime<Utc>>,
    ends: bool,
}

impl Turn<'_> {
    /// The previous secret and its end, as they are written.
    fn previous_secret(self) -> (Stored, Written<DateTime<Utc>>) {
        match (self.new, self.keep_until, self.old) {
            (Some(Some(_)), Some(until), Some(old)) => (Some(Some(old)), Some(Some(until))),
            // Who replaces a secret at once, or takes it away, means the one before it, too.
            (Some(_), _, _) => (Some(None), Some(None)),
            (None, _, _) if self.ends => (Some(None), Some(None)),
            (None, _, _) => (None, None),
        }
    }
}

/// That secrets changed, for the audit log.
pub(super) fn secret_changes(input: &WebhookInput) -> impl Iterator<Item = Change> {
    let changed = |change: &SecretChange| !matches!(change, SecretChange::Keep);
    [
        ("secret_token", changed(&input.secret_token)),
        ("signing_token", changed(&input.signing_token)),
    ]
    .into_iter()
    .filter(|(_, changed)| *changed)
    .map(|(field, _)| Change::of_secret(field))
}
