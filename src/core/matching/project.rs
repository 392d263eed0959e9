//! Of which project an event is, where it says less than the five values, or other ones than when
//! the webhook was made.

use crate::core::event::{Event, kind};

/// The id that a pending webhook takes from an event, if it can take one; 0 stands for events that
/// belong to no project.
pub fn id_to_register(event: &Event) -> Option<i64> {
    match event.project_id {
        _ if is_update_sample(event) => None,
        Some(id) => (id >= 0).then_some(id),
        None => kind::belongs_to_no_project(&event.object_kind).then_some(0),
    }
}

/// Whether it is the canned `repository_update` that GitLab sends as a system hook's Test: project
/// 40 is nobody's.
pub(super) fn is_update_sample(event: &Event) -> bool {
    event.project_id == Some(40)
        && event.object_kind == "repository_update"
        && event.repo_urls.is_empty()
}

/// Whether name and address are left out of the comparison where the event has none: its kind may
/// lack them, and its project is the webhook's. A pending webhook has nothing else to go by.
pub(super) fn may_lack_repository(event: &Event, same_project: bool) -> bool {
    same_project && kind::may_lack_repository(&event.object_kind)
}

#[cfg(test)]
mod tests;
