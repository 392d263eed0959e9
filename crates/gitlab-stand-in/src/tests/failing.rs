//! Faults, and the calls that were counted.

use super::{TOKEN, call_as, gitlab};
use crate::{Call, Fault};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn faults_serve_their_calls_and_no_others() {
    let (gitlab, _) = gitlab().await;
    gitlab.fail_next(2, "GET /api/v4/projects", Fault::TooManyRequests { retry_after: 3 });
    assert_eq!(gitlab.get("/version").await.status, 200);
    for _ in 0..2 {
        let answer = gitlab.get("/projects?simple=true").await;
        assert_eq!((answer.status, answer.header("Retry-After")), (429, Some("3")));
    }
    assert_eq!(gitlab.get("/projects").await.status, 200);

    gitlab.fail_next(1, "/version", Fault::InternalServerError);
    gitlab.fail_next(1, "/version", Fault::BadGateway);
    gitlab.fail_next(1, "/version", Fault::Answer(409, json!({ "message": "409 Conflict" })));
    gitlab.fail_next(1, "/version", Fault::WrongJson);
    let answer = gitlab.get("/version").await;
    assert_eq!((answer.status, answer.json["message"].is_string()), (500, true));
    let answer = gitlab.get("/version").await;
    assert_eq!((answer.status, answer.header("Content-Type")), (502, Some("text/html")));
    let answer = gitlab.get("/version").await;
    assert_eq!((answer.status, answer.json), (409, json!({ "message": "409 Conflict" })));
    let client = reqwest::Client::new();
    let request = || client.get(gitlab.api("/version")).header("PRIVATE-TOKEN", TOKEN).send();
    let answer = request().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.json::<serde_json::Value>().await.unwrap_err().is_decode());

    gitlab.fail_next(1, "/version", Fault::BrokenOff);
    let answer = request().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.content_length().unwrap() > 10);
    answer.bytes().await.unwrap_err();

    gitlab.fail_next(1, "/version", Fault::Slow(Duration::from_millis(60)));
    let start = Instant::now();
    assert_eq!(gitlab.get("/version").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn every_call_is_counted() {
    let (gitlab, project) = gitlab().await;
    gitlab.get("/projects/group%2Fapp?statistics=false").await;
    call_as("", "POST", &gitlab.api("/hooks"), None).await;
    gitlab.fail_next(1, "/user", Fault::BrokenOff);
    let request = reqwest::Client::new().get(gitlab.api("/user")).bearer_auth(TOKEN);
    request.send().await.unwrap();
    let call = |method: &str, path: &str, authenticated, status| Call {
        method: method.to_owned(),
        path: path.to_owned(),
        authenticated,
        status,
    };
    let calls = [
        call("GET", "/api/v4/projects/group%2Fapp?statistics=false", true, Some(200)),
        call("POST", "/api/v4/hooks", false, Some(401)),
        call("GET", "/api/v4/user", true, None),
    ];
    assert_eq!(gitlab.calls(), calls);
    assert_eq!((gitlab.count("GET "), gitlab.count("/hooks")), (2, 1));
    gitlab.forget_calls();
    gitlab.get(&format!("/projects/{project}/hooks")).await;
    assert_eq!(gitlab.count("/hooks"), 1);
    assert_eq!(gitlab.get("/no/such/call").await.status, 404);
    assert_eq!(call_as("", "GET", gitlab.address(), None).await.status, 404);
    assert_eq!(gitlab.calls().len(), 3);
}

#[tokio::test]
async fn it_ends_when_it_is_dropped() {
    let (gitlab, _) = gitlab().await;
    let version = gitlab.api("/version");
    assert_eq!(gitlab.get("/version").await.status, 200);
    drop(gitlab);
    let refused = async || {
        let client = reqwest::Client::new();
        client.get(&version).send().await.is_err()
    };
    let ended = async {
        while !refused().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap();
}
