//! From an unmatched delivery to a webhook, and to a delivery that matches.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks;

/// A name on every page, and a webhook out of a payload that was pasted.
#[tokio::test]
async fn a_payload_that_is_pasted_fills_the_form() {
    let app = Setup::new().await.setting("SIGNALBOX_LABEL", "Staging").start().await;
    let browser = Browser::logged_in(&app).await;
    browser.open("/admin/hooks/webhook/add/").await;
    browser.pictures("webhook-add-empty").await;
    browser.press("Fill in from a payload").await;
    browser.fill("body", "{\"object_kind\": push").await;
    browser.submit("Fill in the form").await;
    browser.says("line 1 column 17").await;
    browser.pictures("webhook-payload").await;
    let body = String::from_utf8(Delivery::push_2015().body).unwrap();
    browser.fill("body", &body).await;
    browser.submit("Fill in the form").await;
    for (field, value) in [("repo_name", "Diaspora"), ("http_x_gitlab_event", "Push Hook")] {
        assert_eq!(browser.value(field).await, value);
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}

#[tokio::test]
async fn f1_f3_a_webhook_is_made_from_a_delivery_that_then_runs_and_another_is_mended() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    let push = Delivery::push_2015().token(TOKEN).with("/project_id", 1612);
    let unmatched = push.clone().with("/repository/name", "Diaspora 2");
    let first = app.send(&unmatched).await;
    first.expect(200, "unmatched");
    let address = format!("/admin/hooks/delivery/{}/", first.field("delivery"));
    browser.open(&address).await;
    browser.says("repository name and project ID differ").await;
    browser.pictures("delivery-match").await;
    browser.press("Create webhook").await;
    browser.says("Add webhook").await;
    for (field, value) in [
        ("repo_name", "Diaspora 2"),
        ("repo_url", "git@example.com:mike/diasporadiaspora.git"),
        ("object_kind", "push"),
        ("http_x_gitlab_event", "Push Hook"),
        ("project_id", "1612"),
    ] {
        assert_eq!(browser.value(field).await, value, "{field}");
    }
    browser.fill("secret_token", TOKEN).await;
    browser.submit("Save").await;
    browser.open(&address).await;
    browser.says("fits in every value").await;
    browser.pictures("delivery-match-now").await;
    browser.press("Replay…").await;
    browser.submit("Replay this delivery").await;
    browser.says("Replayed by ada").await;
    let job = app.database().value("SELECT id FROM jobs").await;
    app.job_is(&job, "succeeded").await;
    app.send(&unmatched).await.expect(202, "matched");

    // The other way: the webhook that was there is mended.
    let push = push.with("/project_id", 1613);
    let second = app.send(&push).await;
    second.expect(200, "unmatched");
    browser.open(&format!("/admin/hooks/delivery/{}/", second.field("delivery"))).await;
    browser.says("is registered to project 15, this is project 1613").await;
    browser.press("Edit webhook").await;
    browser.says("Filled in from the delivery").await;
    browser.pictures("webhook-suggested").await;
    browser.submit("Save").await;
    app.send(&push).await.expect(202, "matched");
    for (address, name) in [
        ("/admin/hooks/delivery/unmatched/", "unmatched"),
        ("/admin/hooks/delivery/", "deliveries-log"),
    ] {
        browser.open(address).await;
        browser.pictures(name).await;
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}
