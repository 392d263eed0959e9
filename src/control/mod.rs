//! What a person does to work: each a verb, one transaction with its audit entry. Runs nothing
//! itself: the worker does.

mod cancel;
mod delete;
mod hand;
mod judge;
mod many;
mod pause;
mod rejudge;
mod replay;
pub mod replays;
mod retry;

pub use cancel::{Cancelled, cancel_job};
pub use delete::delete_ended_job;
pub use hand::{Given, Trial, by_hand, try_webhook};
pub use many::{Done, cancel_many, delete_many, run_again_many};
pub use pause::{pause_scope, resume_scope};
pub use rejudge::{Near, Rejudged, evaluate_again, event_of, find_token_holder, whole_body};
pub use replay::{
    Judge, Prospect, ReplayError, Wanted, Way, preview_replay, replay_delivery, what_is_kept,
};
pub use retry::{run_again, run_now};
pub use signalbox_core::replay::find_obstacle;

use chrono::{DateTime, Utc};
use signalbox_core::actor::Actor;
use signalbox_core::change::{Change, Value};
use signalbox_core::job::JobState;
use signalbox_store::attempts::JobRow;
use signalbox_store::audit::{self, Entry, Verb};
use signalbox_store::{Conn, StoreError};

/// Why work was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such job.
    #[error("there is no such job")]
    Gone,
    /// The job's state does not allow it; another's click may have come first.
    #[error("the job is {}: this is not possible now", .0.as_str())]
    NotNow(JobState),
    /// Somebody has asked for it already.
    #[error("{0} has asked for it already")]
    Already(String),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::Gone,
            other => Self::Store(other),
        }
    }
}

/// Who acts, from where, and when.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// The person.
    pub actor: &'a Actor,
    /// Where their request came from.
    pub remote_addr: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Writes the audit entry of a job.
async fn log_job(
    conn: &mut Conn,
    act: Act<'_>,
    (verb, row): (Verb, &JobRow),
    (before, after): (&str, &str),
) -> Result<(), StoreError> {
    let text = |word: &str| Some(Value::Text(word.to_owned()));
    let change = Change {
        field: "state".to_owned(),
        before: text(before),
        after: text(after),
        secret: false,
    };
    let entry = Entry {
        at: act.now,
        actor: Some(act.actor),
        verb,
        object_type: audit::object::JOB,
        object_id: &row.id,
        object_name: &row.webhook_label,
        changes: vec![change],
        remote_addr: act.remote_addr,
    };
    audit::record_entry(conn, entry).await
}
