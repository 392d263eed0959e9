//! What an event points at and who caused it: its ref, its commit and its person.

use super::payload::{Fields, at, first_text, integer};
use serde_json::Value;

pub(super) fn git_ref(fields: &Fields, object_kind: &str) -> String {
    match object_kind {
        "merge_request" => first_text([
            at(&fields.object_attributes, "/source_branch"),
            at(&fields.merge_request, "/source_branch"),
        ]),
        "release" => first_text([&fields.tag, &fields.git_ref]),
        _ => first_text([
            &fields.git_ref,
            at(&fields.object_attributes, "/ref"),
            at(&fields.merge_request, "/source_branch"),
        ]),
    }
}

pub(super) fn sha(fields: &Fields) -> String {
    first_text([
        &fields.checkout_sha,
        &fields.after,
        at(&fields.object_attributes, "/sha"),
        &fields.sha,
        at(&fields.object_attributes, "/last_commit/id"),
        at(&fields.commit, "/id"),
        at(&fields.merge_request, "/last_commit/id"),
    ])
}

pub(super) fn user(fields: &Fields) -> (Option<i64>, String, String) {
    (
        integer(&fields.user_id).or_else(|| integer(at(&fields.user, "/id"))),
        first_text([
            &fields.user_name,
            at(&fields.user, "/name"),
            &fields.user_username,
            at(&fields.user, "/username"),
        ]),
        first_text([&fields.user_email, at(&fields.user, "/email")]),
    )
}

pub(super) fn is_tag(fields: &Fields, object_kind: &str) -> bool {
    let said = |value: &Value| value == &Value::Bool(true);
    match object_kind {
        "tag_push" | "release" => true,
        "push" | "merge_request" => false,
        _ => said(&fields.tag) || said(at(&fields.object_attributes, "/tag")),
    }
}
