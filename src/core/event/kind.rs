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
}

const fn kind(object_kind: &'static str, headers: &'static [&'static str]) -> Kind {
    Kind { object_kind, headers }
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
    kind("work_item", &["Issue Hook", "Confidential Issue Hook", "Work Item Hook"]),
    kind("note", &["Note Hook", "Confidential Note Hook"]),
    kind("wiki_page", &["Wiki Page Hook"]),
    kind("feature_flag", &["Feature Flag Hook"]),
    kind("milestone", &["Milestone Hook"]),
    kind("emoji", &["Emoji Hook"]),
    kind("access_token", &["Resource Access Token Hook"]),
    kind("vulnerability", &["Vulnerability Hook"]),
    kind("repository_update", &[SYSTEM_HOOK]),
    kind("user_add_to_group", &["Member Hook", SYSTEM_HOOK]),
    kind("user_update_for_group", &["Member Hook", SYSTEM_HOOK]),
    kind("user_remove_from_group", &["Member Hook", SYSTEM_HOOK]),
    kind("subgroup_create", &["Subgroup Hook"]),
    kind("subgroup_destroy", &["Subgroup Hook"]),
    kind("project_create", &["Project Hook", SYSTEM_HOOK]),
    kind("project_destroy", &["Project Hook", SYSTEM_HOOK]),
    kind("project_rename", &[SYSTEM_HOOK]),
    kind("project_transfer", &[SYSTEM_HOOK]),
    kind("project_update", &[SYSTEM_HOOK]),
    kind("user_create", &[SYSTEM_HOOK]),
    kind("user_destroy", &[SYSTEM_HOOK]),
    kind("user_rename", &[SYSTEM_HOOK]),
    kind("user_failed_login", &[SYSTEM_HOOK]),
    kind("user_add_to_team", &[SYSTEM_HOOK]),
    kind("user_update_for_team", &[SYSTEM_HOOK]),
    kind("user_remove_from_team", &[SYSTEM_HOOK]),
    kind("key_create", &[SYSTEM_HOOK]),
    kind("key_destroy", &[SYSTEM_HOOK]),
    kind("group_create", &[SYSTEM_HOOK]),
    kind("group_destroy", &[SYSTEM_HOOK]),
    kind("group_rename", &[SYSTEM_HOOK]),
];

/// The kind of that name, if it is a known one.
pub fn find(object_kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.object_kind == object_kind)
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
