//! What an event points at and who caused it: the one place that decides its ref, its commit and
//! its person. Filters, conditions, actions, lists and pages read what is decided here, so that
//! they cannot disagree. `docs/matching.md` tells it kind by kind.

use super::git_ref::{GitRef, is_commit_id};
use super::payload::{Fields, bounded_text, first_text, integer_value, json_at};
use serde_json::Value;

/// Who caused an event, as far as GitLab says.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) id: Option<i64>,
    pub(super) name: String,
    pub(super) username: String,
    pub(super) email: String,
}

/// The ref. Of a merge request, and of what is said about one, it is the source branch.
pub(super) fn git_ref(fields: &Fields, object_kind: &str) -> GitRef {
    let attributes = &fields.object_attributes;
    match object_kind {
        "release" => GitRef::from_tag(&bounded_text(&fields.tag)),
        "repository_update" => GitRef::from(&*updated_ref(fields)),
        "tag_push" => GitRef::from_tag(&bounded_text(&fields.git_ref)),
        _ => {
            let name = first_text([
                &fields.git_ref,
                json_at(attributes, "/ref"),
                json_at(attributes, "/source_branch"),
                json_at(&fields.merge_request, "/source_branch"),
            ]);
            let is_tag = [&fields.tag, json_at(attributes, "/tag")].contains(&&Value::Bool(true));
            if is_tag { GitRef::from_tag(&name) } else { GitRef::from(&*name) }
        }
    }
}

/// The whole id of the commit. For a branch or tag that is gone it is zeros, as GitLab says it.
pub(super) fn commit_sha(fields: &Fields) -> String {
    let named = [
        // Of an annotated tag, `after` is the tag itself.
        &fields.checkout_sha,
        &fields.after,
        json_at(&fields.object_attributes, "/sha"),
        &fields.sha,
        json_at(&fields.object_attributes, "/last_commit/id"),
        json_at(&fields.commit, "/id"),
        json_at(&fields.merge_request, "/last_commit/id"),
        json_at(first_update(fields), "/after"),
    ];
    // A deployment names its commit by an address only.
    let address = bounded_text(&fields.commit_url);
    let linked = address.rsplit_once("/commit/").map(|(_, sha)| sha.to_owned());
    named
        .into_iter()
        .map(bounded_text)
        .chain(linked)
        .find(|sha| is_commit_id(sha))
        .unwrap_or_default()
}

/// Who caused it. What happens to a person's account or membership names that person, not who did
/// it: then nobody is known, but for those who ask for access themselves.
pub(super) fn event_person(fields: &Fields, object_kind: &str) -> Person {
    let is_about_a_person =
        object_kind.starts_with("user_") && !object_kind.starts_with("user_access_request_to_");
    if is_about_a_person {
        return Person::default();
    }
    // Who approves or rejects a deployment is not the one who deploys.
    let user = if fields.approver.is_object() { &fields.approver } else { &fields.user };
    let username = first_text([&fields.user_username, json_at(user, "/username")]);
    let name = first_text([&fields.user_name, json_at(user, "/name")]);
    Person {
        id: integer_value(&fields.user_id).or_else(|| integer_value(json_at(user, "/id"))),
        name: if name.is_empty() { username.clone() } else { name },
        username,
        email: first_text([&fields.user_email, json_at(user, "/email")]),
    }
}

/// The first of the refs that a `repository_update` lists.
fn updated_ref(fields: &Fields) -> String {
    first_text([json_at(&fields.refs, "/0"), json_at(&fields.changes, "/0/ref")])
}

/// What a `repository_update` says of its first ref. Elsewhere `changes` is no list.
pub(super) fn first_update(fields: &Fields) -> &Value {
    let first = updated_ref(fields);
    let updates = fields.changes.as_array().map(Vec::as_slice).unwrap_or_default();
    updates
        .iter()
        .find(|update| bounded_text(json_at(update, "/ref")) == first)
        .unwrap_or(&Value::Null)
}
