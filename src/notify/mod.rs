//! Being told: channels and rules as a person changes them, the sweep over what happened, the sender,
//! and the sign of life.
//!
//! `channels.rs` and `rules.rs` save and delete; `sweep.rs` looks for the ends of jobs and `states.rs` for
//! what lasts; `outbox.rs` makes messages of what the rules find; `send.rs` sends those that are due,
//! `compose.rs` says what they say, `mail.rs` and `post.rs` carry them; `alive.rs` calls an address while
//! all of it goes on. What is told of, and as what: `signalbox_core::notify`.

mod alive;
mod channels;
mod compose;
mod mail;
mod outbox;
mod post;
mod rules;
mod send;
mod states;
mod sweep;

pub use channels::{
    ChannelError, ChannelInput, add_channel, change_channel, delete_channel, open_target,
};
pub use compose::{Paths, compose_letter};
pub use rules::{RuleError, add_rule, change_rule, delete_rule};
pub use send::{send_now, send_test};

use chrono::{DateTime, Utc};
use signalbox_core::actor::Actor;
use signalbox_core::failure::Failure;
use signalbox_core::seal::Keys;
use signalbox_outbound::{CallFailure, Roots};
use signalbox_store::Pool;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Who changes something, when and from where.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "plain")]
pub struct By<'a> {
    pub actor: &'a Actor,
    pub at: DateTime<Utc>,
    pub remote_addr: &'a str,
}

/// What telling needs.
#[derive(Clone)]
pub struct Teller {
    /// The database.
    pub pool: Pool,
    /// The installation's keys, for the channels' settings.
    pub keys: Arc<Keys>,
    /// The panel's address, if one is set.
    pub public_url: Option<Url>,
    /// What this installation is called; empty = it has no name.
    pub label: String,
    /// Where pages of the panel lie.
    pub paths: Paths,
    /// The directory whose disk is watched.
    pub data_dir: PathBuf,
    /// What is called while all is well; none = nothing.
    pub alive_url: Option<Url>,
}

impl Teller {
    /// Whose certificates are believed, as they are now.
    async fn load_roots(&self) -> Result<Roots, CallFailure> {
        let loaded = tokio::task::spawn_blocking(Roots::of_this_machine).await;
        loaded.unwrap_or(Err(Failure::CertificatesUnreadable)).map_err(CallFailure::fail_for_now)
    }
}

/// Looks for what happened and sends what is due, until `stop`.
pub async fn run_notifications(teller: Teller, stop: CancellationToken) {
    let swept = sweep::Swept::default();
    tokio::join!(
        sweep::run_sweeps(&teller, &swept, &stop),
        send::run_sender(&teller, &stop),
        alive::run_signs_of_life(&teller, &swept, &stop),
    );
}
