//! The register address: a pending webhook takes the project id of GitLab's Test.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};

fn test_push() -> Delivery {
    Delivery::push_2015().token(TOKEN).at_register()
}

async fn project_id(app: &App) -> String {
    app.database().value("SELECT project_id::text FROM webhooks").await
}

#[tokio::test]
async fn a_test_event_gives_the_webhook_its_id_once() {
    let app = App::start().await;
    app.add_webhook(&webhooks::pending_push()).await;
    let panel = app.panel().await;
    assert_eq!(project_id(&app).await, "-1");
    let badges = panel.open("/admin/hooks/webhook/").await.states("[data-id]");
    assert!(badges.contains(&"pending".to_owned()), "{badges:?}");

    let first = app.send(&test_push()).await;
    first.expect(202, "registered");
    assert_eq!(project_id(&app).await, "15");
    let list = panel.open("/admin/hooks/webhook/").await;
    assert!(!list.states("[data-id]").contains(&"pending".to_owned()), "{}", list.html);
    assert!(list.text("[data-id]").contains("15"), "{}", list.html);
    let line = app.logged(&["egister", "john@example.com", "John Smith", "4"]).await;
    assert!(!line.contains(TOKEN));

    let again = app.send(&test_push()).await;
    again.expect(200, "registered");
    assert!(again.field("reason").contains("already registered"), "{}", again.text);
    // With a key of its own it is a new event, and the answer is the same.
    let again = app.send(&test_push().key("another")).await;
    again.expect(200, "registered");
    assert!(again.field("reason").contains("already registered"), "{}", again.text);
    assert_eq!(project_id(&app).await, "15");
    assert_eq!(app.database().count("jobs").await, 0);
}

#[tokio::test]
async fn another_project_does_not_take_over_a_registered_webhook() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&test_push().with("/project_id", 99)).await.expect(200, "unmatched");
    assert_eq!(project_id(&app).await, "15");
}

#[tokio::test]
async fn all_four_other_values_and_the_token_must_be_equal() {
    let app = App::start().await;
    app.add_webhook(&webhooks::pending_push()).await;
    let others = [
        test_push().with("/repository/name", "Diaspora*"),
        test_push().with("/object_kind", "tag_push").header("X-Gitlab-Event", "Tag Push Hook"),
        test_push()
            .with("/repository/url", "git@example.com:mike/other.git")
            .with("/repository/git_ssh_url", "git@example.com:mike/other.git")
            .with("/repository/git_http_url", "http://example.com/mike/other.git")
            .with("/repository/homepage", "http://example.com/mike/other"),
    ];
    for other in others {
        app.send(&other).await.expect(200, "unmatched");
    }
    app.send(&test_push().token("not the token")).await.expect(401, "rejected");
    app.send(&test_push().without("X-Gitlab-Token")).await.expect(401, "rejected");
    assert_eq!(project_id(&app).await, "-1");
}

#[tokio::test]
async fn one_that_registers_elsewhere_is_unmatched_at_the_main_address_and_the_answer_says_so() {
    let app = App::start().await;
    app.add_webhook(&webhooks::register_only()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    answer.expect(200, "unmatched");
    assert!(answer.field("reason").contains("is pending"), "{}", answer.text);
    assert_eq!(project_id(&app).await, "-1");
    app.send(&test_push()).await.expect(202, "registered");
    assert_eq!(project_id(&app).await, "15");
}

#[tokio::test]
async fn a_test_at_the_main_address_registers_and_runs_and_the_next_push_matches() {
    let app = App::start().await;
    app.add_webhook(&webhooks::signed_pending_push()).await;
    let push = || Delivery::push_2015().by_gitlab_19(webhooks::SIGNING_TOKEN);
    let test = app.send(&push()).await;
    let [job] = test.expect(202, "registered").jobs().try_into().unwrap();
    assert_eq!(project_id(&app).await, "15");
    app.job_is(&job, "succeeded").await;
    let line = app.logged(&["egister", "john@example.com", "John Smith", "4"]).await;
    assert!(!line.contains(webhooks::SIGNING_TOKEN));
    assert_eq!(app.send(&push()).await.expect(202, "matched").jobs().len(), 1);
    app.send(&push().with("/project_id", 99)).await.expect(401, "rejected");
    let other = push().with("/project_id", 99).by_gitlab_19(webhooks::SIGNING_TOKEN);
    app.send(&other).await.expect(200, "unmatched");
    assert_eq!(project_id(&app).await, "15");
}

#[tokio::test]
async fn one_that_is_switched_off_or_filtered_registers_at_the_main_address_and_runs_nothing() {
    for values in [("enabled", ""), ("ref_filter", "elsewhere")] {
        let app = App::start().await;
        app.add_webhook(&with(webhooks::pending_push(), &[values])).await;
        let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
        answer.expect(202, "registered");
        assert!(answer.field("reason").contains("nothing runs"), "{}", answer.text);
        assert_eq!(project_id(&app).await, "15");
        assert_eq!(app.database().count("jobs").await, 0);
    }
}
