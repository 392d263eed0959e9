//! Webhooks for events that GitLab's Test cannot show, and for events that name no repository.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::webhooks::{self, with};

/// The Test of a system hook is always this sample, whatever the instance holds.
fn sample() -> Delivery {
    Delivery::fixture("system_push").token(TOKEN).at_register().body(
        r#"{"object_kind":"push","event_name":"push","project_id":15,"ref":"refs/heads/master",
        "project":{"id":15,"name":"gitlab","path_with_namespace":"gitlab/gitlab",
        "web_url":"http://test.example.com/gitlab/gitlab",
        "git_ssh_url":"git@test.example.com:gitlab/gitlab.git",
        "git_http_url":"http://test.example.com/gitlab/gitlab.git"}}"#,
    )
}

#[tokio::test]
async fn the_test_of_a_system_hook_registers_nothing_and_the_first_event_does() {
    let app = App::start().await;
    let panel = app.panel().await;
    let hook = [("http_x_gitlab_event", "System Hook")];
    let id = panel.add_webhook(&with(webhooks::pending_push(), &hook)).await;
    let setup = format!("/admin/hooks/webhook/{id}/setup/");
    let page = panel.open(&setup).await;
    page.says("The first real event does").says("wait for the first event");
    assert!(!page.html.contains("then press Test<"), "{}", page.html);

    let answer = app.send(&sample()).await;
    answer.expect(200, "unmatched");
    let why = "sample that GitLab sends as a system hook's Test. The first real event registers";
    panel.open(&setup).await.says(why);
    panel.open(&format!("/admin/hooks/delivery/{}/", answer.field("delivery"))).await.says(why);
    let real = Delivery::fixture("system_push").token(TOKEN).at_register();
    app.send(&real).await.expect(202, "registered");
    panel.open(&setup).await.says("Registered: project 15");
}

#[tokio::test]
async fn a_webhook_for_events_of_no_repository_and_project_needs_neither() {
    let app = App::start().await;
    let panel = app.panel().await;
    let add = "/admin/hooks/webhook/add/";
    let label = |page: &Page, field: &str| page.text(&format!("label[for=id_{field}]"));
    let push = panel.open(add).await;
    assert!(label(&push, "repo_url").contains("required"), "{}", push.html);
    let page = panel.get(&format!("{add}?object_kind=user_create")).await;
    for field in ["repo_name", "repo_url"] {
        assert!(!label(&page, field).contains("required"), "{}", page.html);
    }
    let kind = ("user_create", "System Hook");
    let id = panel.add_webhook(&webhooks::form_for("", "", kind, -1)).await;
    let user = Delivery::fixture("system_user_created").token(TOKEN);
    app.send(&user.clone().at_register()).await.expect(202, "registered");
    app.send(&user.key("the next")).await.expect(202, "matched");
    let change = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    assert!(change.text("h1").starts_with("user_create"), "{}", change.text("h1"));
}
