//! What other versions of GitLab send: variants of every known body, derived as its versions differ, and
//! bodies of old installations. The webhook made for the event matches all of them.

use super::super::super::tests::{main, sample_webhook};
use super::super::tests::{Case, data, documented, recorded, text, webhook_for};
use crate::event::repository::RepositoryUrl;
use crate::event::{Event, kind};
use crate::verdict::Verdict;
use crate::webhook::{ProjectId, Webhook};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Top-level members that the five values are read from.
const READ: [&str; 6] =
    ["object_kind", "event_name", "project_id", "project", "repository", "object_attributes"];

/// One way in which versions differ. It answers false where it does not apply to a body.
type Way = fn(&mut Map<String, Value>, &Case, usize) -> bool;

const WAYS: [(&str, Way); 11] = [
    ("a member that nobody reads is gone", |body, _, pick| {
        other(body, pick).is_some_and(|name| body.remove(&name).is_some())
    }),
    ("a member that nobody reads is null", |body, _, pick| {
        other(body, pick).is_some_and(|name| body.insert(name, Value::Null).is_some())
    }),
    ("a member is new", |body, _, pick| {
        let value = json!({"id": 4, "project_id": 4, "name": "x", "nested": [{"url": "y"}]});
        body.insert(format!("new_in_version_{pick}"), value).is_none()
    }),
    ("numbers are texts", |body, _, _| {
        body.values_mut().for_each(numbers_to_texts);
        true
    }),
    ("the project is named by its repository alone", |body, case, _| {
        let names = |object: &Value| names_it(object, case);
        let has_id = body.get("project_id").is_some_and(|id| !id.is_null());
        has_id && body.get("repository").is_some_and(names) && body.remove("project").is_some()
    }),
    ("there is no repository beside the project", |body, case, _| {
        body.get("project").is_some_and(|project| names_it(project, case))
            && body.remove("repository").is_some()
    }),
    ("a merge request of GitLab 6", |body, case, _| {
        let project = body.get("project").filter(|project| names_it(project, case)).cloned();
        let (Some(project), "merge_request") = (project, kind_of(case)) else { return false };
        let Some(Value::Object(attributes)) = body.get_mut("object_attributes") else {
            return false;
        };
        let urls = [("ssh_url", "git_ssh_url"), ("http_url", "git_http_url")];
        let mut target = Map::from_iter([("name".to_owned(), project["name"].clone())]);
        target.extend(urls.map(|(old, new)| (old.to_owned(), project[new].clone())));
        attributes.insert("target".to_owned(), target.into());
        attributes.insert("target_project_id".to_owned(), project["id"].clone());
        for name in ["project", "repository", "project_id"] {
            body.remove(name);
        }
        true
    }),
    ("an issue of GitLab 9", |body, case, _| {
        let id = body.get("project").map(|project| project["id"].clone());
        let named = body.get("repository").is_some_and(|repository| names_it(repository, case));
        let (Some(id), true, "issue") = (id, named, kind_of(case)) else { return false };
        body.remove("project");
        body["object_attributes"]["project_id"] = id;
        true
    }),
    ("a push of GitLab 7", |body, case, _| {
        let is_plain = matches!(&*case.header, "Push Hook" | "Tag Push Hook");
        let has_ids = ["before", "after", "ref"].iter().all(|name| body.contains_key(*name));
        is_plain
            && has_ids
            && body.remove("object_kind").is_some() | body.remove("event_name").is_some()
    }),
    ("a pipeline of GitLab 12", |body, case, _| {
        let Some(Value::Object(project)) = body.get_mut("project") else { return false };
        kind_of(case) == "pipeline" && project.remove("id").is_some()
    }),
    ("a system event names no project but its ID", |body, case, _| {
        let has_id = body.get("project_id").is_some_and(|id| !id.is_null());
        let bare = kind_of(case) == "repository_update" && has_id;
        bare && body.remove("project").is_some()
    }),
];

fn kind_of(case: &Case) -> &str {
    case.expected["object_kind"].as_str().unwrap_or_default()
}

/// The name of a member that the five values do not need.
fn other(body: &Map<String, Value>, pick: usize) -> Option<String> {
    // What a push of GitLab 7 is known by, and where some system events have their project.
    let kept = ["before", "after", "ref", "name", "path_with_namespace"];
    let free: Vec<&String> =
        body.keys().filter(|name| !READ.contains(&&***name) && !kept.contains(&&***name)).collect();
    free.get(pick.checked_rem(free.len())?).map(|name| (*name).clone())
}

/// Whether an object says name and address as the webhook has them.
fn names_it(object: &Value, case: &Case) -> bool {
    let wanted = RepositoryUrl::parse(&text(&case.expected["repo_url"]));
    let urls = ["url", "git_ssh_url", "git_http_url"].map(|name| text(&object[name]));
    object["name"] == case.expected["repo_name"]
        && urls.iter().any(|url| RepositoryUrl::parse(url).same_as(&wanted))
}

fn numbers_to_texts(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.to_string().into(),
        Value::Array(items) => items.iter_mut().for_each(numbers_to_texts),
        Value::Object(members) => members.values_mut().for_each(numbers_to_texts),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn cases() -> Vec<Case> {
    recorded().into_iter().chain(documented()).collect()
}

fn body_of(case: &Case) -> Map<String, Value> {
    let Value::Object(body) = serde_json::from_slice(&case.body).unwrap() else {
        panic!("no object")
    };
    body
}

#[track_caller]
fn assert_matches(case: &Case, body: &Map<String, Value>, how: &[&str]) {
    let event = Event::from_body(&case.header, json!(body).to_string().as_bytes()).unwrap();
    let decision = main(&event, &[webhook_for(case)]);
    assert_eq!(
        decision.verdict,
        Verdict::Matched,
        "{} as {how:?}: {}\n{}",
        case.name,
        decision.reason.sentence(),
        json!(body)
    );
}

#[test]
fn every_body_matches_in_each_way_that_versions_differ() {
    let cases = cases();
    for (how, way) in WAYS {
        let mut applied = 0;
        for case in &cases {
            let mut body = body_of(case);
            if way(&mut body, case, 0) {
                assert_matches(case, &body, &[how]);
                applied += 1;
            }
        }
        assert!(applied > 0, "{how}: no body");
    }
}

proptest! {
    #[test]
    fn every_body_matches_in_several_ways_at_once(
        number in any::<prop::sample::Index>(),
        ways in prop::collection::vec((0..WAYS.len(), 0..20_usize), 0..6),
    ) {
        let cases = cases();
        let case = number.get(&cases);
        let (mut body, mut how) = (body_of(case), Vec::new());
        for (way, pick) in ways {
            let (name, way) = WAYS[way];
            // A body of one version has no form of another beside it.
            if way(&mut body, case, pick) {
                how.push(name);
            }
        }
        assert_matches(case, &body, &how);
    }
}

#[test]
fn every_type_of_work_item_is_read() {
    let case = documented().into_iter().find(|case| case.name == "work item of a project").unwrap();
    for name in [
        "Epic",
        "Incident",
        "Issue",
        "Key Result",
        "Objective",
        "Requirement",
        "Task",
        "Test Case",
        "Ticket",
    ] {
        let mut body = body_of(&case);
        body["object_attributes"]["type"] = name.into();
        assert_matches(&case, &body, &[name]);
    }
}

/// Kind, project, name, address.
type Wanted = (&'static str, i64, &'static str, &'static str);

/// A body of an old installation, its header, and the webhook that must match it.
const OLD: [(&str, &str, Wanted); 9] = [
    (
        "../issue",
        "Issue Hook",
        ("issue", 14, "Gitlab Test", "git@example.com:gitlabhq/gitlab-test.git"),
    ),
    (
        "../issue",
        "Issue Hook",
        ("issue", 0, "Gitlab Test", "git@example.com:gitlabhq/gitlab-test.git"),
    ),
    (
        "merge_request_6",
        "Merge Request Hook",
        ("merge_request", 77, "Shop", "git@git.example.org:retail/shop.git"),
    ),
    (
        "merge_request_6",
        "Merge Request Hook",
        ("merge_request", 77, "Shop", "http://git.example.org/retail/shop"),
    ),
    (
        "repository_update_without_project",
        "System Hook",
        ("repository_update", 77, "Old", "git@old:a/b.git"),
    ),
    (
        "tag_push_7",
        "Tag Push Hook",
        ("tag_push", 77, "Shop", "https://git.example.org/retail/shop.git"),
    ),
    ("pipeline_8", "Pipeline Hook", ("pipeline", 0, "Shop", "git@git.example.org:retail/shop.git")),
    (
        "pipeline_8",
        "Pipeline Hook",
        ("pipeline", 77, "Shop", "git@git.example.org:retail/shop.git"),
    ),
    ("push_port", "Push Hook", ("push", 78, "shop", "git@10.1.2.3:2222/retail/shop.git")),
];

#[test]
fn bodies_of_old_installations_find_their_webhook_and_no_other() {
    for (file, header, (object_kind, project, name, url)) in OLD {
        let event = Event::from_body(header, &data(&format!("field/{file}.json"))).unwrap();
        assert!(kind::header_agrees(header, &event.object_kind), "{file}");
        let right = Webhook {
            object_kind: object_kind.into(),
            http_x_gitlab_event: header.into(),
            repo_name: name.into(),
            repo_url: url.into(),
            ..sample_webhook(1, project)
        };
        let verdict = |webhook: Webhook| main(&event, &[webhook]).verdict;
        assert_eq!(verdict(right.clone()), Verdict::Matched, "{file} {project} {url}");
        if event.project_id.is_some() {
            let project_id = ProjectId::Known(project + 1);
            assert_eq!(verdict(Webhook { project_id, ..right }), Verdict::Unmatched, "{file}");
        } else {
            let repo_url = "git@git.example.org:retail/shop-2.git".into();
            assert_eq!(verdict(Webhook { repo_url, ..right }), Verdict::Unmatched, "{file}");
        }
    }
}

#[test]
fn a_body_without_a_kind_is_a_push_only_if_it_says_what_a_push_does() {
    let old: Value = serde_json::from_slice(&data("field/tag_push_7.json")).unwrap();
    let kind = |header: &str, body: &Value| {
        Event::from_body(header, body.to_string().as_bytes()).unwrap().object_kind
    };
    assert_eq!(kind("Tag Push Hook", &old), "tag_push");
    assert_eq!(kind("Issue Hook", &old), "");
    for name in ["before", "after", "ref"] {
        let mut template = old.clone();
        template[name] = Value::Null;
        assert_eq!(kind("Tag Push Hook", &template), "", "{name}");
    }
}
