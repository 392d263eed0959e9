//! Receivers that fail or are away, and webhooks that are switched off for it.

use super::{Receiver, SHA, TOKEN, gitlab, nobody};
use crate::{Commit, GitLab, Owner, Project, Token};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn an_answer_that_does_not_come_is_an_internal_error() {
    let (gitlab, project) = gitlab().await;
    let hook = gitlab.hook_to(project, &nobody()).await;
    let sent = gitlab.push(project, "main", SHA[1], "Second").await;
    assert_eq!(sent[0].status, None);

    // Somebody who listens and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    gitlab.change_hook(hook, |hook| hook.url = url);
    gitlab.set_webhook_timeout(Duration::from_millis(20));
    assert_eq!(gitlab.push(project, "main", SHA[2], "Third").await[0].status, None);
    let log: Vec<_> = gitlab.events(hook).into_iter().map(|it| it.response_status).collect();
    assert_eq!(log, ["internal error"; 2]);
}

#[tokio::test]
async fn failures_switch_nothing_off_by_default() {
    let (gitlab, project) = gitlab().await;
    let hook = gitlab.hook_to(project, &nobody()).await;
    for _ in 0..50 {
        gitlab.push_unreceived(project, "main", SHA[1], "Second");
    }
    let shown = gitlab.get(&format!("/projects/{project}/hooks/{hook}")).await.json;
    assert_eq!(
        (&shown["alert_status"], &shown["disabled_until"]),
        (&json!("executable"), &json!(null))
    );
    assert_eq!(gitlab.events(hook).len(), 50);
}

#[tokio::test]
async fn failures_in_a_row_switch_off_for_a_while_and_then_for_good() {
    let (gitlab, project) = gitlab().await;
    gitlab.disable_failing_hooks(true);
    let receiver = Receiver::start();
    receiver.answer(500);
    let hook = gitlab.hook_to(project, &receiver.url).await;
    let path = format!("/projects/{project}/hooks/{hook}");
    let status = async || gitlab.get(&path).await.json["alert_status"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        gitlab.push(project, "main", SHA[1], "Second").await;
        assert_eq!(status().await, "executable");
    }
    let mut minutes = 1;
    for failure in 4..40 {
        let before = gitlab.now();
        assert_eq!(gitlab.push(project, "main", SHA[1], "Second").await.len(), 1, "{failure}");
        assert_eq!(status().await, "temporarily_disabled");
        assert!(gitlab.push(project, "main", SHA[1], "Second").await.is_empty());
        assert_eq!(gitlab.events(hook).len(), failure, "nothing is logged meanwhile");
        let shown = gitlab.get(&path).await.json;
        let until = shown["disabled_until"].as_str().unwrap();
        let until = chrono::DateTime::parse_from_rfc3339(until).unwrap().to_utc();
        let pause = TimeDelta::minutes(minutes);
        assert!((until - before - pause).abs() < TimeDelta::seconds(30), "{failure}: {until}");
        minutes = (minutes * 2).min(24 * 60);
        gitlab.advance(pause + TimeDelta::minutes(1));
    }
    gitlab.push(project, "main", SHA[1], "Second").await;
    gitlab.advance(TimeDelta::days(30));
    assert_eq!(status().await, "disabled");
    assert!(gitlab.push(project, "main", SHA[1], "Second").await.is_empty());

    receiver.answer(200);
    let test = gitlab.post(&format!("{path}/test/push_events"), json!({})).await;
    assert_eq!((test.status, status().await.as_str()), (201, "executable"));
    assert_eq!(gitlab.push(project, "main", SHA[1], "Second").await.len(), 1);
}

#[tokio::test]
async fn a_webhook_switched_off_by_hand_sends_and_logs_nothing() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    let path = format!("/projects/{project}/hooks/{hook}");
    gitlab.disable_hook(hook, Some(gitlab.now() + TimeDelta::hours(1)));
    assert_eq!(gitlab.get(&path).await.json["alert_status"], "temporarily_disabled");
    assert!(gitlab.push(project, "main", SHA[1], "Second").await.is_empty());
    assert!(gitlab.push_unreceived(project, "main", SHA[1], "Second").is_empty());
    assert!(gitlab.events(hook).is_empty() && receiver.arrived().is_empty());
    gitlab.advance(TimeDelta::hours(2));
    assert_eq!(gitlab.get(&path).await.json["alert_status"], "executable");
    assert_eq!(gitlab.push(project, "main", SHA[2], "Third").await.len(), 1);
}

#[tokio::test]
async fn a_thousand_missed_pushes_are_all_in_the_log() {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN));
    let mut keys = BTreeSet::new();
    for project in 0..20 {
        let head = Commit::new(SHA[0], "First");
        let project = Project::new(&format!("group/app-{project}")).branch("main", head);
        let project = gitlab.add_project(project);
        let hook = gitlab.hook_to(project, &nobody()).await;
        for push in 0..50 {
            gitlab.push_unreceived(project, "main", &format!("{push:040x}"), "Missed");
        }
        let first = format!("/projects/{project}/hooks/{hook}/events?status=server_failure");
        let mut next = Some(gitlab.api(&first));
        while let Some(address) = next {
            let page = super::call_as(TOKEN, "GET", &address, None).await;
            assert_eq!(page.header("X-Total"), Some("50"));
            for event in page.json.as_array().unwrap() {
                keys.insert(event["request_headers"]["Idempotency-Key"].to_string());
            }
            next = page.next();
        }
        assert_eq!(gitlab.hooks(Owner::Project(project)).len(), 1);
    }
    assert_eq!(keys.len(), 1_000);
}
