//! A webhook's secrets in their stored forms, and what becomes of those that are replaced.
//!
//! A replaced secret may stay valid beside the new one until a date, so that GitLab and Signalbox
//! need not change at one moment. There is at most one such of each kind.

use super::Act;
use super::input::{SecretChange, WebhookInput};
use super::shared::Sharer;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use signalbox_core::change::Change;
use signalbox_core::credential::SIGNING_TOKEN;
use signalbox_core::seal::{CannotOpen, Keys, hmac_sha256, open_sealed, seal_bytes};
use signalbox_store::webhooks::{Secrets, Tokens};
use subtle::ConstantTimeEq;

/// What is written into a column: `None` keeps it, `Some(None)` empties it.
type Written<T> = Option<Option<T>>;
/// A stored secret's new form.
type Stored = Written<Vec<u8>>;

/// What becomes of both secrets: their new forms, how long those before go on, and which of these
/// end now.
#[derive(Debug, Clone)]
pub(super) struct New {
    secret: Stored,
    signing: Stored,
    keep_until: Option<DateTime<Utc>>,
    ends_secret: bool,
    ends_signing: bool,
}

impl New {
    /// Another secret token, of this digest, and another signing token, sealed; none stays as it is.
    /// Those before go on until then.
    pub(super) fn of_tokens(
        digest: Option<Vec<u8>>,
        sealed: Option<Vec<u8>>,
        keep_until: DateTime<Utc>,
    ) -> Self {
        Self {
            secret: digest.map(Some),
            signing: sealed.map(Some),
            keep_until: Some(keep_until),
            ends_secret: false,
            ends_signing: false,
        }
    }

    /// Whether there is something that webhooks with the same tokens are to have too.
    pub(super) fn is_shared(&self) -> bool {
        let sets = |stored: &Stored| matches!(stored, Some(Some(_)));
        sets(&self.secret) || sets(&self.signing) || self.ends_secret || self.ends_signing
    }

    /// What becomes of the secrets of a webhook that shares some of them. One taken away here stays
    /// there: only what takes its place is shared.
    pub(super) fn of_sharer(&self, sharer: &Sharer) -> Self {
        let taken_over = |stored: &Stored, is_same: bool| {
            stored.clone().filter(|stored| is_same && stored.is_some())
        };
        Self {
            secret: taken_over(&self.secret, sharer.secret),
            signing: taken_over(&self.signing, sharer.signing),
            keep_until: self.keep_until,
            ends_secret: self.ends_secret && sharer.secret,
            ends_signing: self.ends_signing && sharer.signing,
        }
    }

    /// Which secrets change, for the audit log.
    pub(super) fn list_changes(&self) -> Vec<Change> {
        [("secret_token", &self.secret), ("signing_token", &self.signing)]
            .into_iter()
            .filter(|(_, stored)| stored.is_some())
            .map(|(field, _)| Change::of_secret(field))
            .collect()
    }
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
        keep_until: input.keep_previous_days.map(|days| act.now + TimeDelta::days(days)),
        ends_secret: input.end_previous_secret,
        ends_signing: input.end_previous_signing,
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
pub(super) fn rotate_secrets(new: &New, before: Tokens, act: &Act<'_>) -> Secrets {
    let secret = Turn {
        new: &new.secret,
        old: before.secret_digest,
        keep_until: new.keep_until,
        ends: new.ends_secret || is_over(before.previous_secret_until, act),
    };
    let signing = Turn {
        new: &new.signing,
        old: before.signing_token,
        keep_until: new.keep_until,
        ends: new.ends_signing || is_over(before.previous_signing_until, act),
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
