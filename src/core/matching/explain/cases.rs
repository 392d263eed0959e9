//! What is told of an event for other reasons than one field that differs.

use super::super::project::is_update_sample;
use super::{Remedy, Told, told};
use crate::core::event::Event;
use crate::core::event::kind::SYSTEM_HOOK;

/// What GitLab's canned bodies say, which it sends for projects without a commit, and as the Test
/// of a system hook.
pub fn is_sample(event: &Event, names_a_repository: bool) -> bool {
    let is_push = event.project_id == Some(15) && event.object_kind == "push";
    (is_push && !names_a_repository) || is_update_sample(event)
}

/// The sentence for a canned body.
pub fn sample(header: &str) -> Told {
    told(
        Remedy::PushOnce,
        if header == SYSTEM_HOOK {
            "This is the sample that GitLab sends as a system hook's Test. The first real event registers the webhook."
        } else {
            "This is GitLab's sample for a project that has no commits yet: push once, then press Test again."
        },
    )
}
