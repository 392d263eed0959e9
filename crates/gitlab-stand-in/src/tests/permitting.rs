//! Tokens: who may what.

use super::{SHA, TOKEN, call_as, gitlab, other};
use crate::{Group, Project, Role, Token};
use chrono::{Days, TimeDelta};
use serde_json::json;

#[tokio::test]
async fn a_token_knows_itself_whatever_its_scopes() {
    let (gitlab, project) = gitlab().await;
    let day = gitlab.now().date_naive() + Days::new(7);
    let token = Token::project("glpat-bot", project).name("bot").scopes(&["read_repository"]);
    gitlab.add_token(token.expires_at(day));
    let address = gitlab.api("/personal_access_tokens/self");
    let myself = call_as("glpat-bot", "GET", &address, None).await;
    assert_eq!(myself.status, 200);
    assert_eq!(myself.json["name"], "bot");
    assert_eq!(myself.json["scopes"], json!(["read_repository"]));
    assert_eq!(myself.json["expires_at"], json!(day));
    assert_eq!(myself.json["active"], true);
    assert!(!myself.json.to_string().contains("glpat"));

    let user = call_as("glpat-bot", "GET", &gitlab.api("/user"), None).await;
    assert_eq!(user.status, 403);
    assert_eq!(user.json["error"], "insufficient_scope");
    assert_eq!(user.json["scope"], "api read_api read_user");
    assert!(user.json["error_description"].is_string());
}

#[tokio::test]
async fn wrong_revoked_and_expired_tokens_are_refused() {
    let (gitlab, _) = gitlab().await;
    let version = gitlab.api("/version");
    for token in ["", "glpat-wrong"] {
        let refused = call_as(token, "GET", &version, None).await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.json, json!({ "message": "401 Unauthorized" }));
    }
    gitlab.add_token(other(Role::Owner).expires_at(gitlab.now().date_naive() + Days::new(2)));
    assert_eq!(call_as("glpat-of-another", "GET", &version, None).await.status, 200);
    gitlab.advance(TimeDelta::days(2));
    let expired = call_as("glpat-of-another", "GET", &version, None).await;
    assert_eq!((expired.status, &expired.json["error"]), (401, &json!("invalid_token")));
    assert!(expired.json["error_description"].as_str().unwrap().contains("expired"));

    gitlab.revoke_token(TOKEN);
    let revoked = gitlab.get("/version").await;
    assert_eq!((revoked.status, &revoked.json["error"]), (401, &json!("invalid_token")));
    assert!(revoked.json["error_description"].as_str().unwrap().contains("revoked"));
    let served: Vec<_> = gitlab.calls().iter().map(|call| call.authenticated).collect();
    assert_eq!(served, [false, false, true, false, false]);
}

#[tokio::test]
async fn a_bearer_is_a_token_too() {
    let (gitlab, _) = gitlab().await;
    let request = reqwest::Client::new().get(gitlab.api("/metadata")).bearer_auth(TOKEN);
    let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["version"], "19.1.0");
}

#[tokio::test]
async fn reading_needs_another_scope_than_writing() {
    let (gitlab, project) = gitlab().await;
    gitlab.add_token(Token::personal("glpat-reader").scopes(&["read_api"]));
    let hooks = gitlab.api(&format!("/projects/{project}/hooks"));
    assert_eq!(call_as("glpat-reader", "GET", &hooks, None).await.status, 200);
    let body = json!({ "url": "http://receiver.test" });
    let refused = call_as("glpat-reader", "POST", &hooks, Some(body)).await;
    assert_eq!((refused.status, &refused.json["scope"]), (403, &json!("api")));
}

#[tokio::test]
async fn roles_say_what_is_seen_and_done() {
    let (gitlab, project) = gitlab().await;
    let hidden = gitlab.add_project(Project::new("other/hidden"));
    gitlab.add_token(other(Role::Owner).member_of(project, Role::Developer));
    let as_other = |method: &'static str, path: String, body| {
        let address = gitlab.api(&path);
        async move { call_as("glpat-of-another", method, &address, body).await }
    };
    let not_seen = as_other("GET", format!("/projects/{hidden}/hooks"), None).await;
    assert_eq!(not_seen.status, 404);
    assert_eq!(not_seen.json, json!({ "message": "404 Project Not Found" }));
    let too_low = as_other("GET", format!("/projects/{project}/hooks"), None).await;
    assert_eq!(too_low.status, 403);
    assert_eq!(too_low.json, json!({ "message": "403 Forbidden" }));

    let status = format!("/projects/{project}/statuses/{}", SHA[0]);
    let state = || Some(json!({ "state": "success" }));
    assert_eq!(as_other("POST", status.clone(), state()).await.status, 201);
    gitlab.archive_project(project, true);
    assert_eq!(as_other("POST", status, state()).await.status, 403);
}

#[tokio::test]
async fn tokens_of_projects_and_groups_see_what_is_theirs() {
    let (gitlab, app) = gitlab().await;
    let group = gitlab.add_group(Group::new("group"));
    let deep = gitlab.add_project(Project::new("group/below/deep"));
    gitlab.add_project(Project::new("groups/like-it"));
    gitlab.add_token(Token::group("glpat-group", group));
    gitlab.add_token(Token::project("glpat-project", deep));
    let list = gitlab.api("/projects?order_by=id&sort=asc");
    assert_eq!(call_as("glpat-group", "GET", &list, None).await.ids(), [app, deep]);
    assert_eq!(call_as("glpat-project", "GET", &list, None).await.ids(), [deep]);
    assert!(call_as("", "GET", &list, None).await.ids().is_empty());
}
