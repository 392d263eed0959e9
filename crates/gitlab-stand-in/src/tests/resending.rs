//! The log, and sending again.

use super::{Receiver, SECRET, SHA, gitlab};
use chrono::TimeDelta;
use serde_json::json;

#[tokio::test]
async fn the_log_holds_what_was_sent_without_secrets() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    gitlab.change_hook(hook, |hook| {
        hook.custom_headers.insert("X-Own".to_owned(), "secret".to_owned());
    });
    gitlab.push(project, "main", SHA[1], "Second").await;
    let log = gitlab.get(&format!("/projects/{project}/hooks/{hook}/events")).await.json;
    let event = &log[0];
    let arrived = &receiver.arrived()[0];
    assert_eq!(arrived.header("X-Own"), Some("secret"));
    assert_eq!(event["request_headers"]["X-Gitlab-Token"], "[REDACTED]");
    assert_eq!(event["request_headers"]["X-Own"], "[REDACTED]");
    let key = event["request_headers"]["Idempotency-Key"].as_str();
    assert_eq!(key, arrived.header("Idempotency-Key"));
    assert_eq!(event["request_data"]["after"], SHA[1]);
    assert_eq!(event["request_data"]["user_email"], "[REDACTED]");
    assert_eq!(event["request_data"]["commits"][0]["author"]["email"], "[REDACTED]");
    let ssh = &arrived.json()["project"]["git_ssh_url"];
    assert_eq!(&event["request_data"]["project"]["git_ssh_url"], ssh, "no e-mail address");
    assert_eq!(event["trigger"], "push_hooks");
    assert_eq!(event["url"], receiver.url);
    assert_eq!(event["response_status"], "202");
    assert_eq!(event["response_body"], "as the receiver says");
    assert!(event["response_headers"]["Content-Length"].is_string());
    assert!(!log.to_string().contains(SECRET));

    gitlab.oversize_event(event["id"].as_i64().unwrap());
    let log = gitlab.get(&format!("/projects/{project}/hooks/{hook}/events")).await.json;
    assert_eq!(log[0]["request_data"], json!({ "oversize": true }));
}

#[tokio::test]
async fn the_log_is_filtered_and_forgets_after_a_week() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    for status in [200, 302, 404, 500] {
        receiver.answer(status);
        gitlab.push(project, "main", SHA[1], "Second").await;
    }
    gitlab.push_unreceived(project, "main", SHA[2], "Third");
    let events = format!("/projects/{project}/hooks/{hook}/events");
    for (status, found) in [
        ("successful", vec!["200"]),
        ("client_failure", vec!["404"]),
        ("server_failure", vec!["internal error", "500"]),
        ("404,200", vec!["404", "200"]),
    ] {
        let log = gitlab.get(&format!("{events}?status={status}")).await.json;
        let got = log.as_array().unwrap().iter().map(|it| it["response_status"].as_str().unwrap());
        assert_eq!(got.collect::<Vec<_>>(), found, "{status}, the newest first");
    }
    assert_eq!(gitlab.get(&format!("{events}?status=internal%20error")).await.status, 400);
    assert_eq!(gitlab.get(&format!("{events}?per_page=21")).await.status, 400);
    gitlab.advance(TimeDelta::days(8));
    assert!(gitlab.get(&events).await.ids().is_empty());
}

#[tokio::test]
async fn resend_sends_the_same_data_with_the_same_key() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    receiver.answer(500);
    let hook = gitlab.hook_to(project, &receiver.url).await;
    let event = gitlab.push(project, "main", SHA[1], "Second").await[0].event;
    receiver.answer(200);
    let resend = format!("/projects/{project}/hooks/{hook}/events/{event}/resend");
    let done = gitlab.post(&resend, json!({})).await;
    assert_eq!((done.status, done.json), (201, json!({ "response_status": 200 })));

    let [first, second] = receiver.arrived().try_into().ok().unwrap();
    assert_eq!(first.header("Idempotency-Key"), second.header("Idempotency-Key"));
    assert_ne!(first.header("X-Gitlab-Webhook-UUID"), second.header("X-Gitlab-Webhook-UUID"));
    assert_eq!(second.header("X-Gitlab-Token"), Some(SECRET), "the webhook's, not the log's");
    assert_eq!(second.json(), gitlab.events(hook)[0].request_data);
    let log: Vec<_> = gitlab.events(hook).into_iter().map(|it| it.response_status).collect();
    assert_eq!(log, ["500", "200"]);
    let gone = format!("/projects/{project}/hooks/{hook}/events/0/resend");
    assert_eq!(gitlab.post(&gone, json!({})).await.status, 404);
}

#[tokio::test]
async fn resend_and_test_serve_five_times_a_minute() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    let event = gitlab.push(project, "main", SHA[1], "Second").await[0].event;
    let hook = format!("/projects/{project}/hooks/{hook}");
    for path in [format!("{hook}/events/{event}/resend"), format!("{hook}/test/push_events")] {
        for _ in 0..5 {
            assert_eq!(gitlab.post(&path, json!({})).await.status, 201);
        }
        let refused = gitlab.post(&path, json!({})).await;
        assert_eq!(refused.status, 429);
        assert!(refused.json["message"]["error"].as_str().unwrap().contains("too many times"));
    }
    assert_eq!(receiver.arrived().len(), 11);
    gitlab.advance(TimeDelta::minutes(1));
    let path = format!("{hook}/events/{event}/resend");
    assert_eq!(gitlab.post(&path, json!({})).await.status, 201);
}

#[tokio::test]
async fn resend_is_refused_after_another_url_and_where_the_hook_is_off() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    let event = gitlab.push(project, "main", SHA[1], "Second").await[0].event;
    let resend = format!("/projects/{project}/hooks/{hook}/events/{event}/resend");
    gitlab.disable_hook(hook, None);
    let refused = gitlab.post(&resend, json!({})).await;
    assert_eq!((refused.status, refused.json), (422, json!({ "message": "Hook disabled" })));
    gitlab.change_hook(hook, |hook| hook.url.push_str("/other"));
    let refused = gitlab.post(&resend, json!({})).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json["message"].as_str().unwrap().contains("URL has changed"));
    assert_eq!(receiver.arrived().len(), 1);
}

#[tokio::test]
async fn old_versions_lack_what_came_later() {
    let (gitlab, project) = gitlab().await;
    let receiver = Receiver::start();
    let hook = gitlab.hook_to(project, &receiver.url).await;
    let event = gitlab.push(project, "main", SHA[1], "Second").await[0].event;
    let hook = format!("/projects/{project}/hooks/{hook}");
    let (log, resend) = (format!("{hook}/events"), format!("{hook}/events/{event}/resend"));
    let test = format!("{hook}/test/push_events");
    for (version, answers) in [
        ((16, 10), [404, 404, 404]),
        ((16, 11), [404, 404, 201]),
        ((17, 3), [200, 404, 201]),
        ((17, 4), [200, 201, 201]),
    ] {
        gitlab.set_version(version.0, version.1);
        let got = [
            gitlab.get(&log).await.status,
            gitlab.post(&resend, json!({})).await.status,
            gitlab.post(&test, json!({})).await.status,
        ];
        assert_eq!(got, answers, "{version:?}");
    }
}
