//! From an arrival to a receipt: what is received is judged, written and only then answered.
//!
//! Requests hand their arrival to the committers (`committer.rs`), which drain whatever is
//! waiting into one transaction each: `decide.rs` judges, `write.rs` writes. Nothing here knows HTTP;
//! the statuses in a receipt are those of `core::verdict`.

mod body_room;
mod committer;
mod decide;
mod foresee;
mod kept;
mod known_tokens;
mod known_webhooks;
mod made;
mod matchable;
mod refusals;
mod write;

pub use body_room::{BodyPermit, Sender};
pub use foresee::{Foreseen, foresee};
pub use made::{Made, write_made};
pub use matchable::decrypt_webhook;

use crate::metrics;
use body_room::BodyRoom;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use known_tokens::KnownTokens;
use signalbox_core::credential::{Presented, TokenDigest};
use signalbox_core::delivery_reason::DeliveryReason;
use signalbox_core::event::Event;
use signalbox_core::idempotency::Key;
use signalbox_core::ids::{DeliveryId, JobId, WebhookId};
use signalbox_core::seal::Keys;
use signalbox_core::source::Source;
use signalbox_core::verdict::{Endpoint, Verdict};
use signalbox_store::Pool;
use signalbox_store::listen::Listener;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Most arrivals waiting for the committer; more are told to come again.
const QUEUE: usize = 2_048;
/// How long an arrival waits for its commit. GitLab itself waits ten seconds.
const PATIENCE: Duration = Duration::from_secs(9);

/// One request, read.
#[derive(Debug)]
pub struct Arrival {
    /// Its delivery's id.
    pub id: DeliveryId,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// Which address it came to.
    pub endpoint: Endpoint,
    /// Who sent it: an IP address.
    pub remote_addr: String,
    /// The headers worth keeping, secrets replaced by words.
    pub headers: BTreeMap<String, String>,
    /// `X-Gitlab-Event`.
    pub event_header: String,
    /// The bytes received.
    pub body: Bytes,
    /// What is in it.
    pub content: Content,
    /// Who made it.
    pub origin: Origin,
}

/// Who made an arrival.
#[derive(Debug, Clone, Default)]
pub enum Origin {
    /// Whoever called the address.
    #[default]
    Received,
    /// A person, in the panel.
    Made {
        /// How.
        source: Source,
        /// The person.
        by: String,
        /// The delivery that it was made from.
        of: Option<DeliveryId>,
        /// The run of replays that it is part of.
        run: Option<String>,
    },
    /// Signalbox, which read it in the log of what GitLab could not deliver.
    Log {
        /// The webhooks that run a newer event of its branch, and only the newest.
        overtaken_for: Vec<WebhookId>,
    },
    /// Signalbox, for a branch that went on without an event.
    CatchUp,
}

impl Origin {
    /// How it was made.
    pub fn source(&self) -> Source {
        match self {
            Self::Received => Source::Gitlab,
            Self::Made { source, .. } => *source,
            Self::Log { .. } => Source::Log,
            Self::CatchUp => Source::CatchUp,
        }
    }

    /// The person who made it; none = nobody of ours.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::Received | Self::Log { .. } | Self::CatchUp => None,
            Self::Made { by, .. } => Some(by),
        }
    }

    /// Whether somebody waits for the answer.
    pub fn is_answered(&self) -> bool {
        matches!(self, Self::Received)
    }
}

/// What an arrival holds.
#[derive(Debug)]
pub enum Content {
    /// An event to judge.
    Event {
        /// The event.
        event: Box<Event>,
        /// What it presents.
        presented: Presented,
        /// What tells its repeats.
        key: Option<Key>,
    },
    /// Something refused before it could be judged; it is listed as rejected.
    Refused {
        /// The answer's status.
        status: u16,
        /// A word for the trace (`not_json`, `too_large` …).
        code: &'static str,
        /// What is wrong and where.
        reason: DeliveryReason,
    },
}

impl Content {
    /// Reads an event's body.
    pub fn from_body(header: &str, body: &[u8], presented: Presented, key: Option<Key>) -> Self {
        match Event::from_body(header, body) {
            Ok(event) => Self::Event { event: Box::new(event), presented, key },
            Err(error) => Self::Refused { status: 400, code: error.code(), reason: error.reason() },
        }
    }
}

/// The answer to an arrival, after its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The delivery; for strangers that send too much, the one that counts them.
    pub delivery: DeliveryId,
    /// The verdict.
    pub verdict: Verdict,
    /// The jobs queued.
    pub jobs: Vec<JobId>,
    /// One sentence.
    pub reason: String,
    /// The HTTP status.
    pub status: u16,
}

/// Why an arrival was not stored. Nothing of it is kept, and the sender is told to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Too much is waiting.
    #[error("too many deliveries are waiting")]
    Overloaded,
    /// Too many bytes of this sender's, who presents no known token, are under way.
    #[error("too many bytes of one sender are under way")]
    SenderLimit,
    /// The database cannot be reached or did not answer in time.
    #[error("the delivery could not be stored")]
    Unavailable,
}

impl IntakeError {
    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overloaded => "overloaded",
            Self::SenderLimit => "sender_limit",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What judging needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Whether webhooks without any secret accept everybody.
    pub allow_no_secret: bool,
}

/// The door. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
    room: BodyRoom,
    tokens: Arc<KnownTokens>,
}

struct Waiting {
    arrival: Arrival,
    /// Held until the commit, also when the sender is gone before.
    permit: BodyPermit,
    answer: oneshot::Sender<Result<Receipt, IntakeError>>,
}

impl Intake {
    /// Starts the committers on this runtime, for bodies of up to `max_body` bytes. They end when every
    /// `Intake` is dropped.
    pub fn start_intake(
        pool: Pool,
        keys: Arc<Keys>,
        policy: Policy,
        max_body: usize,
        notices: Listener,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let tokens = KnownTokens::start_refreshing(pool.clone());
        committer::start_committers(committer::Deps { pool, keys, policy, notices }, waiting);
        Self { queue, room: BodyRoom::for_bodies_of(max_body), tokens }
    }

    /// Whether this is some webhook's token, as far as is known: a token of the last seconds may be
    /// missing, one that was just taken away may be there.
    pub fn knows_token(&self, digest: &TokenDigest) -> bool {
        self.tokens.contains_digest(digest)
    }

    /// Where a sender's body takes its room.
    pub fn body_permit(&self, sender: Sender) -> BodyPermit {
        self.room.empty_permit(sender)
    }

    /// Hands an arrival over and waits for its commit.
    ///
    /// # Errors
    /// [`IntakeError`]: nothing was stored, or it cannot be told within nine seconds whether it
    /// was (the sender's repeat carries the same key and is found to be one).
    pub async fn submit_arrival(
        &self,
        arrival: Arrival,
        permit: BodyPermit,
    ) -> Result<Receipt, IntakeError> {
        let (answer, receipt) = oneshot::channel();
        let waiting = Waiting { arrival, permit, answer };
        self.queue.try_send(waiting).map_err(|_| count_refused(IntakeError::Overloaded))?;
        match tokio::time::timeout(PATIENCE, receipt).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => Err(IntakeError::Unavailable),
        }
    }
}

/// Counts what is refused before it was read.
fn count_refused(error: IntakeError) -> IntakeError {
    metrics::not_stored(error.as_str());
    error
}
