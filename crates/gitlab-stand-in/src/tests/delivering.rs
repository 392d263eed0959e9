//! Pushes, and what a receiver gets of them.

use super::{Receiver, SECRET, SHA, TOKEN, gitlab, nobody};
use crate::{GitLab, Group, Project, Token};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

#[tokio::test]
async fn a_push_arrives_as_gitlab_sends_it() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    let sent = gitlab.push(project, "main", SHA[1], "Second").await;
    assert_eq!((sent.len(), sent[0].hook, sent[0].status), (1, hook, Some(202)));

    let [arrived] = receiver.arrived().try_into().ok().unwrap();
    for (name, value) in [
        ("Content-Type", "application/json"),
        ("User-Agent", "GitLab/19.1.0"),
        ("X-Gitlab-Event", "Push Hook"),
        ("X-Gitlab-Token", SECRET),
        ("X-Gitlab-Instance", gitlab.address()),
    ] {
        assert_eq!(arrived.header(name), Some(value), "{name}");
    }
    assert_eq!(arrived.header("webhook-id"), arrived.header("Idempotency-Key"));
    assert!(arrived.header("webhook-timestamp").is_some());
    assert_eq!(arrived.header("webhook-signature"), None);
    let uuids = ["Idempotency-Key", "X-Gitlab-Webhook-UUID", "X-Gitlab-Event-UUID"];
    let uuids = uuids.map(|name| arrived.header(name).unwrap().to_owned());
    assert!(uuids.iter().all(|uuid| uuid.len() == 36 && uuid.as_bytes()[14] == b'4'), "{uuids:?}");
    assert!(uuids[0] != uuids[1] && uuids[1] != uuids[2]);

    let body = arrived.json();
    assert_eq!(body["object_kind"], "push");
    assert_eq!((&body["before"], &body["after"]), (&json!(SHA[0]), &json!(SHA[1])));
    assert_eq!((&body["ref"], &body["checkout_sha"]), (&json!("refs/heads/main"), &json!(SHA[1])));
    assert_eq!(body["project_id"], project);
    assert_eq!(body["project"]["path_with_namespace"], "group/app");
    assert_eq!(body["repository"]["name"], "app");
    assert_eq!(body["commits"][0]["title"], "Second");
    let head = gitlab.get(&format!("/projects/{project}/repository/branches/main")).await;
    assert_eq!(head.json["commit"]["id"], SHA[1]);
}

/// What every body of a push has, held to one that GitLab published.
#[tokio::test]
async fn the_body_has_the_fields_of_a_real_one() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    gitlab.hook_to(project, &receiver.url).await;
    gitlab.push(project, "main", SHA[1], "Second").await;
    let ours = receiver.arrived()[0].json();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/gitlab/push.json");
    let real: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for part in ["", "/project", "/repository", "/commits/0", "/commits/0/author"] {
        for key in real.pointer(part).unwrap().as_object().unwrap().keys() {
            assert!(ours.pointer(part).unwrap().get(key).is_some(), "{part}/{key}");
        }
    }
}

#[tokio::test]
async fn a_new_branch_comes_from_nothing() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    gitlab.hook_to(project, &receiver.url).await;
    gitlab.push(project, "new", SHA[1], "Second").await;
    assert_eq!(receiver.arrived()[0].json()["before"], "0".repeat(40));
}

#[tokio::test]
async fn a_signing_token_signs_the_bytes() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let key = [7; 32];
    let token = format!("whsec_{}", STANDARD.encode(key));
    let body = json!({ "url": receiver.url, "signing_token": token });
    gitlab.post(&format!("/projects/{project}/hooks"), body).await;
    gitlab.push(project, "main", SHA[1], "Second").await;
    let arrived = &receiver.arrived()[0];
    let [id, time] = ["webhook-id", "webhook-timestamp"].map(|name| arrived.header(name).unwrap());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{time}.{}", arrived.body).as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(arrived.header("webhook-signature"), Some(signature.as_str()));
    assert_eq!(arrived.header("X-Gitlab-Token"), None);
}

#[tokio::test]
async fn an_old_gitlab_sends_no_headers_of_standard_webhooks() {
    let (gitlab, project) = gitlab().await;
    gitlab.set_version(18, 0);
    let receiver = Receiver::start();
    gitlab.hook_to(project, &receiver.url).await;
    gitlab.push(project, "main", SHA[1], "Second").await;
    let arrived = &receiver.arrived()[0];
    assert_eq!((arrived.header("webhook-id"), arrived.header("webhook-timestamp")), (None, None));
    assert!(arrived.header("Idempotency-Key").is_some());
}

#[tokio::test]
async fn a_branch_filter_keeps_other_branches_out() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    for (strategy, filter, branch, arrives) in [
        ("wildcard", "main", "main", true),
        ("wildcard", "main", "main-2", false),
        ("wildcard", "release/*", "release/1.0/x", true),
        ("wildcard", "*-stable", "release/1", false),
        ("wildcard", "", "anything", true),
        ("regex", "^(main|prod)$", "prod", true),
        ("regex", "^(main|prod)$", "product", false),
        ("all_branches", "main", "anything", true),
    ] {
        gitlab.change_hook(hook, |hook| {
            hook.branch_filter_strategy = strategy.to_owned();
            hook.push_events_branch_filter = Some(filter.to_owned());
        });
        let sent = gitlab.push(project, branch, SHA[1], "Second").await;
        assert_eq!(!sent.is_empty(), arrives, "{strategy} {filter} {branch}");
    }
    gitlab.change_hook(hook, |hook| {
        hook.events.insert("push_events", false);
    });
    assert!(gitlab.push(project, "main", SHA[1], "Second").await.is_empty());
    assert_eq!(receiver.arrived().len(), 5);
}

#[tokio::test]
async fn groups_and_the_system_get_the_pushes_below_them() {
    let gitlab = GitLab::start().await;
    let group = gitlab.add_group(Group::new("group"));
    let inside = gitlab.add_project(Project::new("group/below/app"));
    let outside = gitlab.add_project(Project::new("groups/app"));
    gitlab.add_token(Token::personal(TOKEN).admin());
    let receiver = Receiver::start();
    let body = json!({ "url": receiver.url, "push_events": true });
    gitlab.post(&format!("/groups/{group}/hooks"), body.clone()).await;
    gitlab.post("/hooks", body).await;
    assert_eq!(gitlab.push(inside, "main", SHA[0], "First").await.len(), 2);
    assert_eq!(gitlab.push(outside, "main", SHA[0], "First").await.len(), 1);
    let arrived = receiver.arrived();
    let events: Vec<_> = arrived.iter().map(|it| it.header("X-Gitlab-Event").unwrap()).collect();
    assert_eq!(events, ["Push Hook", "System Hook", "System Hook"]);
}

#[tokio::test]
async fn a_test_sends_the_newest_commits_and_says_what_came_of_it() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    let test = format!("/projects/{project}/hooks/{hook}/test");
    let done = gitlab.post(&format!("{test}/push_events"), json!({})).await;
    assert_eq!((done.status, done.json), (201, json!({ "message": "201 Created" })));
    assert_eq!(receiver.arrived()[0].json()["after"], SHA[0]);

    receiver.answer(404);
    let refused = gitlab.post(&format!("{test}/tag_push_events"), json!({})).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json, json!({ "message": "as the receiver says" }));
    assert_eq!(receiver.arrived()[1].header("X-Gitlab-Event"), Some("Tag Push Hook"));
    assert_eq!(receiver.arrived()[1].json()["object_kind"], "tag_push");

    gitlab.change_hook(hook, |hook| hook.url = nobody());
    let unanswered = gitlab.post(&format!("{test}/push_events"), json!({})).await;
    assert_eq!(unanswered.status, 422);
    assert!(unanswered.json["message"].as_str().unwrap().contains("Connection refused"));

    let issues = gitlab.post(&format!("{test}/issues_events"), json!({})).await;
    assert_eq!(issues.status, 422);
    assert_eq!(issues.json, json!({ "message": "Ensure the project has issues." }));
    let unknown = gitlab.post(&format!("{test}/no_events"), json!({})).await;
    assert_eq!(unknown.status, 400);
    let statuses: Vec<_> =
        gitlab.events(hook).into_iter().map(|event| event.response_status).collect();
    assert_eq!(statuses, ["202", "404", "internal error"]);
}

#[tokio::test]
async fn a_test_of_an_empty_project_sends_the_sample() {
    let (gitlab, _) = gitlab().await;
    let empty = gitlab.add_project(Project::new("group/empty"));
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(empty, &receiver.url).await;
    let test = format!("/projects/{empty}/hooks/{hook}/test/push_events");
    assert_eq!(gitlab.post(&test, json!({})).await.status, 201);
    let body = receiver.arrived()[0].json();
    assert_eq!((&body["project_id"], body.get("repository")), (&json!(15), None));
    assert_eq!(body["push_options"]["ci"]["skip"], true);
}

#[tokio::test]
async fn a_system_hooks_test_answers_with_its_body() {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN).admin());
    let receiver = Receiver::start();
    let made = gitlab.post("/hooks", json!({ "url": receiver.url })).await;
    let done = gitlab.post(&format!("/hooks/{}", made.json["id"]), json!({})).await;
    assert_eq!((done.status, &done.json["event_name"]), (201, &json!("project_create")));
    assert_eq!(receiver.arrived()[0].json(), done.json);
}
