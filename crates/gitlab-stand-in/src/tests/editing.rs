//! Making, showing, editing and deleting webhooks.

use super::{SECRET, gitlab, nobody};
use crate::{Group, Token};
use serde_json::{Value, json};

const SIGNING: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[tokio::test]
async fn secrets_are_taken_and_never_shown() {
    let (gitlab, project) = gitlab().await;
    let header = json!([{ "key": "X-Own", "value": "secret of a header" }]);
    let variable = json!([{ "key": "name", "value": "secret-of-a-variable" }]);
    let body = json!({
        "url": "http://receiver.test/{name}", "token": SECRET, "signing_token": SIGNING,
        "custom_headers": header, "url_variables": variable, "issues_events": true,
    });
    let made = gitlab.post(&format!("/projects/{project}/hooks"), body).await;
    assert_eq!(made.status, 201);
    let shown = gitlab.get(&format!("/projects/{project}/hooks/{}", made.json["id"])).await.json;
    assert_eq!(shown, made.json);
    assert!(!shown.to_string().contains("secret"), "{shown}");
    assert!(!shown.to_string().contains("whsec"), "{shown}");
    assert_eq!(shown["custom_headers"], json!([{ "key": "X-Own" }]));
    assert_eq!(shown["url_variables"], json!([{ "key": "name" }]));
    let flags = ["push_events", "issues_events", "job_events", "token_present"];
    assert_eq!(flags.map(|flag| shown[flag].as_bool().unwrap()), [true, true, false, true]);
    assert_eq!(shown["alert_status"], "executable");
    let hook = gitlab.only_hook(project);
    assert_eq!(hook.token.as_deref(), Some(SECRET));
    assert_eq!(hook.signing_token.as_deref(), Some(SIGNING));
}

#[tokio::test]
async fn another_url_forgets_the_token_and_an_edit_without_the_token_does_not() {
    let (gitlab, project) = gitlab().await;
    let hook = gitlab.hook_to(project, "http://receiver.test/one").await;
    let path = format!("/projects/{project}/hooks/{hook}");

    gitlab.put(&path, json!({ "push_events": false, "signing_token": SIGNING })).await;
    gitlab.put(&path, json!({ "url": "http://receiver.test/one", "name": "Deploy" })).await;
    assert_eq!(gitlab.only_hook(project).token.as_deref(), Some(SECRET), "an equal URL");

    let with_token = json!({ "url": "http://receiver.test/two", "token": SECRET });
    let answer = gitlab.put(&path, with_token).await;
    assert_eq!((answer.status, &answer.json["token_present"]), (200, &Value::Bool(true)));
    assert_eq!(gitlab.only_hook(project).token.as_deref(), Some(SECRET), "given with the URL");

    let answer = gitlab.put(&path, json!({ "url": "http://receiver.test/three" })).await;
    assert_eq!(answer.json["token_present"], false);
    assert_eq!(answer.json["signing_token_present"], true, "it is not sent, and is kept");
    assert_eq!(gitlab.only_hook(project).token, None);
}

#[tokio::test]
async fn another_url_forgets_custom_headers_even_when_they_are_given() {
    let (gitlab, project) = gitlab().await;
    let hook = gitlab.hook_to(project, "http://receiver.test/one").await;
    let path = format!("/projects/{project}/hooks/{hook}");
    let headers = json!([{ "key": "X-Own", "value": "1" }]);
    gitlab.put(&path, json!({ "custom_headers": headers })).await;
    assert_eq!(gitlab.only_hook(project).custom_headers.len(), 1);
    let both = json!({ "url": "http://receiver.test/two", "custom_headers": headers });
    let answer = gitlab.put(&path, both).await;
    assert_eq!(answer.json["custom_headers"], json!([]));
}

#[tokio::test]
async fn a_url_changed_by_hand_takes_the_token_with_it() {
    let (gitlab, project) = gitlab().await;
    let hook = gitlab.hook_to(project, "http://receiver.test/one").await;
    gitlab.change_hook(hook, |hook| hook.push_events_branch_filter = Some("main".to_owned()));
    assert!(gitlab.only_hook(project).token.is_some());
    gitlab.change_hook(hook, |hook| hook.url = nobody());
    assert_eq!(gitlab.only_hook(project).token, None);
    gitlab.change_hook(hook, |hook| hook.token = Some("new".to_owned()));
    gitlab.clear_hook_token(hook);
    assert_eq!(gitlab.only_hook(project).token, None);
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_gitlabs_forms() {
    let (gitlab, project) = gitlab().await;
    let hooks = format!("/projects/{project}/hooks");
    let hook = gitlab.hook_to(project, "http://receiver.test/").await;
    let one = format!("{hooks}/{hook}");
    let url = "http://receiver.test/";
    let error = |text: &str| json!({ "error": text });
    let invalid = |name: &str| json!({ "message": { name: ["is invalid"] } });
    for (body, status, answer) in [
        (json!({ "push_events": true }), 400, error("url is missing")),
        (json!({ "url": "ftp://receiver.test" }), 422, error("Invalid url given")),
        (json!({ "url": "http://receiver.test/{unset}" }), 422, error("Invalid url given")),
        (json!({ "url": url, "push_events": "maybe" }), 400, error("push_events is invalid")),
        (json!({ "url": url, "token": "two\nlines" }), 422, invalid("token")),
        (json!({ "url": url, "signing_token": "whsec_AAAA" }), 422, invalid("signing_token")),
        (
            json!({ "url": url, "push_events_branch_filter": "~bad" }),
            422,
            error("Invalid branch filter given"),
        ),
    ] {
        let got = gitlab.post(&hooks, body.clone()).await;
        assert_eq!((got.status, got.json), (status, answer), "{body}");
    }
    let nothing = gitlab.put(&one, json!({})).await;
    assert_eq!((nothing.status, nothing.json), (400, error("No parameters provided")));
    assert_eq!(gitlab.hooks(crate::Owner::Project(project)).len(), 1);

    assert_eq!(gitlab.delete(&one).await.status, 204);
    let gone = gitlab.delete(&one).await;
    assert_eq!((gone.status, gone.json), (404, json!({ "message": "404 Not found" })));
}

#[tokio::test]
async fn an_old_gitlab_takes_no_signing_token_and_says_nothing_about_it() {
    let (gitlab, project) = gitlab().await;
    gitlab.set_version(18, 11);
    let body = json!({ "url": "http://receiver.test", "signing_token": SIGNING });
    let made = gitlab.post(&format!("/projects/{project}/hooks"), body).await;
    assert_eq!((made.status, made.json.get("signing_token_present")), (201, None));
    assert_eq!(gitlab.only_hook(project).signing_token, None);
}

#[tokio::test]
async fn groups_and_the_system_have_webhooks_of_their_own() {
    let (gitlab, _) = gitlab().await;
    let group = gitlab.add_group(Group::new("group"));
    let body = json!({ "url": "http://receiver.test" });
    assert_eq!(gitlab.post(&format!("/groups/{group}/hooks"), body.clone()).await.status, 403);
    assert_eq!(gitlab.post("/hooks", body.clone()).await.status, 403);

    gitlab.add_token(Token::personal("glpat-root").admin());
    let root = |method: &'static str, path: String, body: Option<Value>| {
        let address = gitlab.api(&path);
        async move { super::call_as("glpat-root", method, &address, body).await }
    };
    let of_group = root("POST", "/groups/group/hooks".to_owned(), Some(body.clone())).await;
    assert_eq!((of_group.status, &of_group.json["group_id"]), (201, &json!(group)));
    assert_eq!(of_group.json["subgroup_events"], false);
    let of_system = root("POST", "/hooks".to_owned(), Some(body)).await;
    assert_eq!((of_system.status, &of_system.json["push_events"]), (201, &json!(false)));
    assert_eq!(of_system.json.get("issues_events"), None);
    // Each is found only where it belongs.
    let wrong = root("GET", format!("/hooks/{}", of_group.json["id"]), None).await;
    assert_eq!(wrong.status, 404);
}
