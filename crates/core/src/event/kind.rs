//! The table of GitLab's kinds of events: which `object_kind` comes under which `X-Gitlab-Event`.
//! The one place to add an event.
//!
//! Source: GitLab's "Webhook events" and "System hooks" documentation, several years' versions.
//! A kind that is not listed is no fault: it is matched by equality like any other.

/// What system hooks say in `X-Gitlab-Event`, whatever the event.
pub const SYSTEM_HOOK: &str = "System Hook";

/// One kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// `object_kind`, or `event_name` for events that have no kind.
    pub object_kind: &'static str,
    /// The `X-Gitlab-Event` headers it comes under, the usual one first.
    pub headers: &'static [&'static str],
    /// Whether every such event names a repository; of a group's or an instance's events, some or
    /// all name none.
    pub has_repository: bool,
    /// Whether such events may be of a project; those of people, keys and groups never are.
    pub has_project: bool,
}

const fn project_kind(object_kind: &'static str, headers: &'static [&'static str]) -> Kind {
    Kind { object_kind, headers, has_repository: true, has_project: true }
}

/// A kind of which some or all events name no repository.
const fn bare_kind(object_kind: &'static str, headers: &'static [&'static str]) -> Kind {
    Kind { object_kind, headers, has_repository: false, has_project: true }
}

/// A kind whose events belong to no project.
const fn outside_kind(object_kind: &'static str, headers: &'static [&'static str]) -> Kind {
    Kind { object_kind, headers, has_repository: false, has_project: false }
}

/// Every kind known, in the order forms offer them.
pub const KINDS: &[Kind] = &[
    project_kind("push", &["Push Hook", SYSTEM_HOOK]),
    project_kind("tag_push", &["Tag Push Hook", SYSTEM_HOOK]),
    project_kind("merge_request", &["Merge Request Hook", SYSTEM_HOOK]),
    project_kind("pipeline", &["Pipeline Hook", SYSTEM_HOOK]),
    project_kind("build", &["Job Hook", "Build Hook", SYSTEM_HOOK]),
    project_kind("deployment", &["Deployment Hook"]),
    project_kind("release", &["Release Hook"]),
    project_kind("issue", &["Issue Hook", "Confidential Issue Hook"]),
    bare_kind("work_item", &["Issue Hook", "Confidential Issue Hook", "Work Item Hook"]),
    bare_kind("note", &["Note Hook", "Confidential Note Hook"]),
    project_kind("wiki_page", &["Wiki Page Hook"]),
    project_kind("feature_flag", &["Feature Flag Hook"]),
    bare_kind("milestone", &["Milestone Hook"]),
    project_kind("emoji", &["Emoji Hook"]),
    bare_kind("access_token", &["Resource Access Token Hook"]),
    bare_kind("deploy_token", &["Resource Deploy Token Hook"]),
    bare_kind("vulnerability", &["Vulnerability Hook"]),
    bare_kind("repository_update", &[SYSTEM_HOOK]),
    outside_kind("user_add_to_group", &["Member Hook", SYSTEM_HOOK]),
    outside_kind("user_update_for_group", &["Member Hook", SYSTEM_HOOK]),
    outside_kind("user_remove_from_group", &["Member Hook", SYSTEM_HOOK]),
    outside_kind("user_access_request_to_group", &["Member Hook", SYSTEM_HOOK]),
    outside_kind("user_access_request_denied_for_group", &["Member Hook", SYSTEM_HOOK]),
    outside_kind("user_access_request_revoked_for_group", &["Member Hook", SYSTEM_HOOK]),
    outside_kind("subgroup_create", &["Subgroup Hook"]),
    outside_kind("subgroup_destroy", &["Subgroup Hook"]),
    bare_kind("project_create", &["Project Hook", SYSTEM_HOOK]),
    bare_kind("project_destroy", &["Project Hook", SYSTEM_HOOK]),
    bare_kind("project_rename", &[SYSTEM_HOOK]),
    bare_kind("project_transfer", &[SYSTEM_HOOK]),
    bare_kind("project_update", &[SYSTEM_HOOK]),
    outside_kind("user_create", &[SYSTEM_HOOK]),
    outside_kind("user_destroy", &[SYSTEM_HOOK]),
    outside_kind("user_rename", &[SYSTEM_HOOK]),
    outside_kind("user_failed_login", &[SYSTEM_HOOK]),
    bare_kind("user_add_to_team", &[SYSTEM_HOOK]),
    bare_kind("user_update_for_team", &[SYSTEM_HOOK]),
    bare_kind("user_remove_from_team", &[SYSTEM_HOOK]),
    bare_kind("user_access_request_to_project", &["Member Hook", SYSTEM_HOOK]),
    bare_kind("user_access_request_revoked_for_project", &["Member Hook", SYSTEM_HOOK]),
    outside_kind("key_create", &[SYSTEM_HOOK]),
    outside_kind("key_destroy", &[SYSTEM_HOOK]),
    outside_kind("group_create", &[SYSTEM_HOOK]),
    outside_kind("group_destroy", &[SYSTEM_HOOK]),
    outside_kind("group_rename", &[SYSTEM_HOOK]),
];

/// The kind of that name, if it is a known one.
pub fn find_kind(object_kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.object_kind == object_kind)
}

/// Whether an event of that kind may come without a repository. Kinds of tomorrow may.
pub fn may_lack_repository(object_kind: &str) -> bool {
    find_kind(object_kind).is_none_or(|kind| !kind.has_repository)
}

/// Whether an event of that kind belongs to no project, whatever it says.
pub fn belongs_to_no_project(object_kind: &str) -> bool {
    find_kind(object_kind).is_some_and(|kind| !kind.has_project)
}

/// Every known `X-Gitlab-Event`, each once, in the table's order.
pub fn known_headers() -> Vec<&'static str> {
    let mut headers: Vec<&'static str> = Vec::new();
    for header in KINDS.iter().flat_map(|kind| kind.headers) {
        if !headers.contains(header) {
            headers.push(header);
        }
    }
    headers
}

/// Whether a header may stand over a body of that kind. Unknown kinds and headers may.
///
/// Headers are not signed: a body of a known kind under the header of another one is not taken
/// for what its header says.
pub fn header_agrees(header: &str, object_kind: &str) -> bool {
    match find_kind(object_kind) {
        Some(kind) => kind.headers.contains(&header) || !known_headers().contains(&header),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_is_listed_twice() {
        for (index, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[index + 1..].iter().all(|other| other.object_kind != kind.object_kind));
        }
    }

    #[test]
    fn a_known_kind_comes_under_its_headers_only() {
        assert!(header_agrees("Push Hook", "push"));
        assert!(header_agrees("System Hook", "push"));
        assert!(!header_agrees("Tag Push Hook", "push"));
        assert!(header_agrees("Job Hook", "build"));
        assert!(header_agrees("Hook Of Tomorrow", "push"));
        assert!(header_agrees("Push Hook", "something_new"));
    }
}
