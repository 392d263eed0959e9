//! Every event that GitLab sends against the webhook made for it: the recorded bodies, and bodies
//! after GitLab's documentation for those that were not recorded.

use super::super::tests::{main, sample_webhook};
use crate::delivery_reason::DeliveryReason;
use crate::event::{Event, kind};
use crate::verdict::Verdict;
use crate::webhook::{ProjectId, Webhook};
use serde_json::Value;

#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) header: String,
    pub(super) body: Vec<u8>,
    pub(super) expected: Value,
}

pub(super) fn data(file: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/gitlab");
    std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn rows(file: &str) -> Vec<Value> {
    serde_json::from_slice(&data(file)).unwrap()
}

pub(super) fn documented() -> Vec<Case> {
    let case = |row: Value| Case {
        name: text(&row["name"]),
        header: text(&row["header"]),
        body: row["body"].to_string().into_bytes(),
        expected: row["expected"].clone(),
    };
    rows("documented.json").into_iter().map(case).collect()
}

/// The recorded events, with what their manifest says of them.
pub(super) fn recorded() -> Vec<Case> {
    let case = |row: Value| {
        let file = text(&row["file"]);
        let body = data(&file);
        let kind = row["object_kind"].as_str().or(row["event_name"].as_str());
        let whole: Value = serde_json::from_slice(&body).unwrap();
        // Before GitLab 10 these two kinds have it nowhere else.
        let implied = match kind {
            Some("issue") => &whole["object_attributes"]["project_id"],
            Some("merge_request") => &whole["object_attributes"]["target_project_id"],
            _ => &Value::Null,
        };
        let own = row["project_id"].as_i64().or(whole["project"]["id"].as_i64());
        let project_id = own.or(implied.as_i64());
        let mut expected = row.clone();
        expected["object_kind"] = kind.into();
        expected["project_id"] = project_id.into();
        expected["repo_name"] = row["repository_name"].clone();
        expected["repo_url"] = row["repository_url"].clone();
        Case { name: file, header: text(&row["event_header"]), body, expected }
    };
    rows("manifest.json").into_iter().map(case).collect()
}

/// The webhook that a person would make for it.
pub(super) fn webhook_for(case: &Case) -> Webhook {
    let expected = &case.expected;
    Webhook {
        repo_name: text(&expected["repo_name"]),
        repo_url: text(&expected["repo_url"]),
        object_kind: text(&expected["object_kind"]),
        project_id: ProjectId::Known(expected["project_id"].as_i64().unwrap_or(0)),
        http_x_gitlab_event: case.header.clone(),
        ..sample_webhook(1, 0)
    }
}

type Change = fn(&mut Webhook);

#[test]
fn every_event_finds_its_webhook_and_no_webhook_that_differs_in_one_value() {
    let cases: Vec<Case> = recorded().into_iter().chain(documented()).collect();
    assert!(cases.len() >= 65, "{}", cases.len());
    for case in &cases {
        let name = &case.name;
        let event = Event::from_body(&case.header, &case.body).unwrap();
        let right = webhook_for(case);
        let decision = main(&event, std::slice::from_ref(&right));
        assert_eq!(decision.verdict, Verdict::Matched, "{name}: {}", decision.reason);

        let changes: [(&str, Change); 5] = [
            ("repo_name", |r| r.repo_name.push('x')),
            ("repo_url", |r| r.repo_url.push('x')),
            ("object_kind", |r| r.object_kind.push('x')),
            ("http_x_gitlab_event", |r| r.http_x_gitlab_event.push('x')),
            ("project_id", |r| r.project_id = ProjectId::Known(r.project_id.raw() + 1)),
        ];
        for (field, change) in changes {
            let mut wrong = right.clone();
            change(&mut wrong);
            let decision = main(&event, &[wrong]);
            // What such an event need not have and has not is not compared.
            let lacks = match field {
                "repo_name" => event.repo_name.is_empty(),
                "repo_url" => event.repo_urls.is_empty(),
                _ => false,
            } && kind::may_lack_repository(&event.object_kind);
            // An event of a project that does not say which is known by its address.
            let lacks_id = field == "project_id"
                && event.project_id.is_none()
                && !event.repo_urls.is_empty()
                && !kind::belongs_to_no_project(&event.object_kind);
            if lacks || lacks_id {
                assert_eq!(decision.verdict, Verdict::Matched, "{name} {field}");
                continue;
            }
            assert_eq!(decision.verdict, Verdict::Unmatched, "{name} {field}");
            let is_named = match &decision.reason {
                DeliveryReason::Differs { check, .. } => check.field.as_str() == field,
                other => matches!(other, DeliveryReason::Renamed { .. }),
            };
            assert!(is_named, "{name} {field}: {}", decision.reason);
            let differing = decision.trace.webhooks[0].differing_checks();
            let differing: Vec<_> = differing.map(|check| check.field.as_str()).collect();
            assert_eq!(differing, [field], "{name}");
        }
    }
}

#[test]
fn documented_events_are_read_as_they_are_meant() {
    for case in documented() {
        let event = Event::from_body(&case.header, &case.body).unwrap();
        let read = serde_json::json!({
            "action": event.action, "status": event.status, "title": event.title,
        });
        for (field, value) in case.expected.as_object().unwrap() {
            if let Some(read) = read.get(field) {
                assert_eq!(read, value, "{}: {field}", case.name);
            }
        }
        assert!(kind::find_kind(&event.object_kind).is_some(), "{}", case.name);
        assert!(kind::header_agrees(&case.header, &event.object_kind), "{}", case.name);
        let bare = event.repo_name.is_empty();
        assert!(!bare || kind::may_lack_repository(&event.object_kind), "{}", case.name);
    }
}

#[test]
fn every_known_kind_has_an_example() {
    let cases: Vec<Case> = recorded().into_iter().chain(documented()).collect();
    for known in kind::KINDS {
        let has_one = cases.iter().any(|case| case.expected["object_kind"] == known.object_kind);
        let untold =
            ["user_access_request_revoked_for_group", "user_access_request_revoked_for_project"];
        assert!(has_one || untold.contains(&known.object_kind), "{}", known.object_kind);
    }
}
