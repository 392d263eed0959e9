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

const fn kind(object_kind: &'static str, headers: &'static [&'static str]) -> Kind {
    Kind { object_kind, headers, has_repository: true, has_project: true }
}

/// A kind of which some or all events name no repository.
const fn bare(object_kind: &'static str, headers: &'static [&'static str]) -> Kind {
    Kind { object_kind, headers, has_repository: false, has_project: true }
}

/// A kind whose events belong to no project.
const fn outside(object_kind: &'static str, headers: &'static [&'static str]) -> Kind {
    Kind { object_kind, headers, has_repository: false, has_project: false }
}

/// Every kind known, in the order forms offer them.
pub const KINDS: &[Kind] = &[
    kind("push", &["Push Hook", SYSTEM_HOOK]),
    kind("tag_push", &["Tag Push Hook", SYSTEM_HOOK]),
    kind("merge_request", &["Merge Request Hook", SYSTEM_HOOK]),
    kind("pipeline", &["Pipeline Hook", SYSTEM_HOOK]),
    kind("build", &["Job Hook", "Build Hook", SYSTEM_HOOK]),
    kind("deployment", &["Deployment Hook"]),
    kind("release", &["Release Hook"]),
    kind("issue", &["Issue Hook", "Confidential Issue Hook"]),
    bare("work_item", &["Issue Hook", "Confidential Issue Hook", "Work Item Hook"]),
    bare("note", &["Note Hook", "Confidential Note Hook"]),
    kind("wiki_page", &["Wiki Page Hook"]),
    kind("feature_flag", &["Feature Flag Hook"]),
    bare("milestone", &["Milestone Hook"]),
    kind("emoji", &["Emoji Hook"]),
    bare("access_token", &["Resource Access Token Hook"]),
    bare("deploy_token", &["Resource Deploy Token Hook"]),
    bare("vulnerability", &["Vulnerability Hook"]),
    bare("repository_update", &[SYSTEM_HOOK]),
    outside("user_add_to_group", &["Member Hook", SYSTEM_HOOK]),
    outside("user_update_for_group", &["Member Hook", SYSTEM_HOOK]),
    outside("user_remove_from_group", &["Member Hook", SYSTEM_HOOK]),
    outside("user_access_request_to_group", &["Member Hook", SYSTEM_HOOK]),
    outside("user_access_request_denied_for_group", &["Member Hook", SYSTEM_HOOK]),
    outside("user_access_request_revoked_for_group", &["Member Hook", SYSTEM_HOOK]),
    outside("subgroup_create", &["Subgroup Hook"]),
    outside("subgroup_destroy", &["Subgroup Hook"]),
    bare("project_create", &["Project Hook", SYSTEM_HOOK]),
    bare("project_destroy", &["Project Hook", SYSTEM_HOOK]),
    bare("project_rename", &[SYSTEM_HOOK]),
    bare("project_transfer", &[SYSTEM_HOOK]),
    bare("project_update", &[SYSTEM_HOOK]),
    outside("user_create", &[SYSTEM_HOOK]),
    outside("user_destroy", &[SYSTEM_HOOK]),
    outside("user_rename", &[SYSTEM_HOOK]),
    outside("user_failed_login", &[SYSTEM_HOOK]),
    bare("user_add_to_team", &[SYSTEM_HOOK]),
    bare("user_update_for_team", &[SYSTEM_HOOK]),
    bare("user_remove_from_team", &[SYSTEM_HOOK]),
    bare("user_access_request_to_project", &["Member Hook", SYSTEM_HOOK]),
    bare("user_access_request_revoked_for_project", &["Member Hook", SYSTEM_HOOK]),
    outside("key_create", &[SYSTEM_HOOK]),
    outside("key_destroy", &[SYSTEM_HOOK]),
    outside("group_create", &[SYSTEM_HOOK]),
    outside("group_destroy", &[SYSTEM_HOOK]),
    outside("group_rename", &[SYSTEM_HOOK]),
];

/// The kind of that name, if it is a known one.
pub fn find(object_kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.object_kind == object_kind)
}

/// Whether an event of that kind may come without a repository. Kinds of tomorrow may.
pub fn may_lack_repository(object_kind: &str) -> bool {
    find(object_kind).is_none_or(|kind| !kind.has_repository)
}

/// Whether an event of that kind belongs to no project, whatever it says.
pub fn belongs_to_no_project(object_kind: &str) -> bool {
    find(object_kind).is_some_and(|kind| !kind.has_project)
}

/// Every known `X-Gitlab-Event`, each once, in the table's order.
pub fn headers() -> Vec<&'static str> {
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
pub fn agree(header: &str, object_kind: &str) -> bool {
    match find(object_kind) {
        Some(kind) => kind.headers.contains(&header) || !headers().contains(&header),
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
        assert!(agree("Push Hook", "push"));
        assert!(agree("System Hook", "push"));
        assert!(!agree("Tag Push Hook", "push"));
        assert!(agree("Job Hook", "build"));
        assert!(agree("Hook Of Tomorrow", "push"));
        assert!(agree("Push Hook", "something_new"));
    }
}
