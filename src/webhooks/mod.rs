//! Webhooks as a person changes them: parse what was asked for, then one transaction with
//! the version check, the write and its audit entry. Not deliveries, not HTTP.
//!
//! `input.rs` makes a [`WebhookInput`], which is valid by being there; `save.rs` adds and changes;
//! `delete.rs` says what goes and what stays, then deletes; `bulk.rs` does it to many at once;
//! `reset.rs` lets a webhook wait again; `set_tokens.rs` gives it other tokens; `take_over.rs` follows
//! a renamed project; `shared.rs` finds those with the same tokens; `transfer.rs` carries webhooks
//! to a file and back.

mod bulk;
mod delete;
mod input;
mod reset;
mod save;
mod secrets;
mod set_tokens;
mod shared;
mod snapshot;
mod take_over;
pub mod transfer;

pub use bulk::{Switched, delete_many, reset_many, switch_many};
pub use delete::{Plan, delete_logged, plan_deletion};
pub use input::{Draft, Fault, MAX_KEEP_DAYS, Rules, SecretChange, WebhookInput};
pub use reset::reset_logged;
pub use save::{Saved, Target, save_webhook};
pub use set_tokens::{set_tokens, signing_token_beside};
pub use shared::{Sharer, find_sharers};
pub use take_over::take_over;

use chrono::{DateTime, Utc};
use signalbox_core::actor::Actor;
use signalbox_core::seal::{CannotOpen, Keys, NONCE_BYTES};
use signalbox_store::StoreError;

/// Who changes something, when, and with which keys.
pub struct Act<'a> {
    /// The person; none = whoever may use the command line.
    pub actor: Option<&'a Actor>,
    /// Where their request came from.
    pub remote_addr: &'a str,
    /// The installation's keys, for secrets.
    pub keys: &'a Keys,
    /// Fresh random bytes for sealing.
    pub nonce: [u8; NONCE_BYTES],
    /// Now.
    pub now: DateTime<Utc>,
}

/// Why a webhook was not saved or deleted.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Someone else changed it since it was read.
    #[error("changed by someone else in the meantime")]
    Stale,
    /// It was deleted since.
    #[error("deleted in the meantime")]
    Gone,
    /// A rule forbids it.
    #[error("{0}")]
    Refused(&'static str),
    /// Its secret could not be sealed.
    #[error(transparent)]
    Seal(#[from] CannotOpen),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SaveError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            StoreError::NotFound => Self::Gone,
            other => Self::Store(other),
        }
    }
}
