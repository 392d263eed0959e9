//! What GitLab shows of a job, on its page.

use crate::web::admin::gitlab::badges::failure_text;
use crate::web::admin::kit::at::At;
use signalbox_store::gitlab::statuses::Told;

/// What GitLab shows of a job.
pub struct ToldView {
    /// GitLab's word; empty = nothing yet.
    pub sent: String,
    /// When it took that.
    pub sent_at: Option<At>,
    /// Why it did not take what it was told last, and when it is told again.
    pub failure: Option<(String, Option<At>)>,
}

impl ToldView {
    /// From what is stored.
    pub fn from_stored(told: Told) -> Self {
        let failure = failure_text(told.failure.as_ref());
        Self {
            sent: told.sent,
            sent_at: told.sent_at.map(At),
            failure: failure.map(|why| (why, told.due_at.map(At))),
        }
    }
}
