//! Commit statuses, deployments, and comments on merge requests.

use super::{SHA, TOKEN, call_as, other};
use crate::{Commit, GitLab, Project, Role, Token};
use serde_json::json;

async fn gitlab() -> (GitLab, i64) {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN).role(Role::Developer));
    let project = Project::new("group/app").branch("main", Commit::new(SHA[0], "First"));
    let project = gitlab.add_project(project.merge_request(7, "A change"));
    (gitlab, project)
}

#[tokio::test]
async fn a_status_moves_on_and_a_finished_one_stays() {
    let (gitlab, project) = gitlab().await;
    let path = format!("/projects/{project}/statuses/{}", SHA[0]);
    let set = async |state: &str| {
        let target = "https://signalbox.test/job";
        gitlab.post(&path, json!({ "state": state, "name": "deploy", "target_url": target })).await
    };
    let pending = set("pending").await;
    assert_eq!((pending.status, &pending.json["ref"]), (201, &json!("main")));
    let again = set("pending").await;
    assert_eq!(again.status, 400);
    let message = again.json["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("Cannot transition status via :enqueue from :pending"),
        "{message}"
    );
    assert_eq!(set("running").await.json["id"], pending.json["id"]);
    assert_eq!(set("running").await.status, 400);
    assert_eq!(set("pending").await.status, 400);
    let success = set("success").await.json;
    assert_eq!((&success["id"], &success["status"]), (&pending.json["id"], &json!("success")));
    let next = set("failed").await.json;
    assert_ne!(next["id"], success["id"], "a finished status is followed by another one");
    assert_eq!(next["pipeline_id"], success["pipeline_id"]);

    let list = format!("/projects/{project}/repository/commits/{}/statuses", SHA[0]);
    assert_eq!(gitlab.get(&list).await.json, json!([next]));
    assert_eq!(gitlab.get(&format!("{list}?all=true")).await.json, json!([success, next]));
    assert_eq!(gitlab.statuses(project), [success, next]);
    assert!(gitlab.get(&format!("{list}?name=other")).await.ids().is_empty());
}

#[tokio::test]
async fn wrong_statuses_are_refused() {
    let (gitlab, project) = gitlab().await;
    let path = format!("/projects/{project}/statuses/{}", SHA[0]);
    let none = gitlab.post(&path, json!({})).await;
    assert_eq!((none.status, none.json), (400, json!({ "error": "state is missing" })));
    assert_eq!(gitlab.post(&path, json!({ "state": "done" })).await.status, 400);
    let long = json!({ "state": "success", "description": "x".repeat(256) });
    let long = gitlab.post(&path, long).await;
    assert_eq!((long.status, long.json["message"]["description"].is_array()), (400, true));
    let unknown = format!("/projects/{project}/statuses/{}", SHA[2]);
    let unknown = gitlab.post(&unknown, json!({ "state": "success" })).await;
    assert_eq!((unknown.status, unknown.json), (404, json!({ "message": "404 Commit Not Found" })));
    assert!(gitlab.statuses(project).is_empty());
}

#[tokio::test]
async fn another_users_status_is_not_changed() {
    let (gitlab, project) = gitlab().await;
    gitlab.add_token(other(Role::Developer));
    let path = format!("/projects/{project}/statuses/{}", SHA[0]);
    let body = || json!({ "state": "running" });
    let ours = gitlab.post(&path, body()).await.json;
    let theirs = call_as("glpat-of-another", "POST", &gitlab.api(&path), Some(body())).await;
    assert_eq!(theirs.status, 201);
    assert_ne!(theirs.json["id"], ours["id"]);
    assert_ne!(theirs.json["author"]["id"], ours["author"]["id"]);
}

#[tokio::test]
async fn deployments_are_made_and_moved_on() {
    let (gitlab, project) = gitlab().await;
    let path = format!("/projects/{project}/deployments");
    let body = |sha: &str| json!({ "environment": "production", "sha": sha, "ref": "main", "tag": false, "status": "running" });
    assert_eq!(gitlab.post(&path, body(SHA[2])).await.status, 400);
    let made = gitlab.post(&path, body(SHA[0])).await;
    assert_eq!((made.status, &made.json["iid"]), (201, &json!(1)));
    let one = format!("{path}/{}", made.json["id"]);
    let done = gitlab.put(&one, json!({ "status": "success" })).await;
    assert_eq!((done.status, &done.json["status"]), (200, &json!("success")));
    assert_eq!(gitlab.put(&one, json!({ "status": "success" })).await.status, 400);
    assert_eq!(gitlab.put(&one, json!({ "status": "blocked" })).await.status, 400);
    assert_eq!(gitlab.get(&one).await.json, done.json);
    assert_eq!(gitlab.get(&format!("{path}?environment=production")).await.ids().len(), 1);
    assert!(gitlab.get(&format!("{path}?status=failed")).await.ids().is_empty());
    assert_eq!(gitlab.deployments(project), [done.json]);
    assert_eq!(gitlab.put(&format!("{path}/0"), json!({ "status": "failed" })).await.status, 404);
}

#[tokio::test]
async fn only_its_author_edits_a_comment() {
    let (gitlab, project) = gitlab().await;
    gitlab.add_token(other(Role::Maintainer));
    let path = format!("/projects/{project}/merge_requests/7/notes");
    let made = gitlab.post(&path, json!({ "body": "Deployed." })).await;
    assert_eq!((made.status, &made.json["noteable_iid"]), (201, &json!(7)));
    let one = format!("{path}/{}", made.json["id"]);
    let edited = gitlab.put(&one, json!({ "body": "Deployed again." })).await;
    assert_eq!((edited.status, &edited.json["body"]), (200, &json!("Deployed again.")));
    let body = Some(json!({ "body": "Not mine." }));
    let refused = call_as("glpat-of-another", "PUT", &gitlab.api(&one), body).await;
    assert_eq!(refused.status, 403);
    assert_eq!(gitlab.get(&path).await.json, json!([edited.json]));
    assert_eq!(gitlab.notes(project, 7), [edited.json]);
    let none = format!("/projects/{project}/merge_requests/8/notes");
    assert_eq!(gitlab.post(&none, json!({ "body": "?" })).await.status, 404);
}
