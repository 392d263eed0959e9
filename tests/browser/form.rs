//! The form of a webhook with scripts on: paired choices, filters, a secret that was replaced.

use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::webhooks::{self, with};
use fantoccini::Locator;

#[tokio::test]
async fn f54_choices_go_in_pairs_and_an_odd_pair_is_warned_of_but_saved() {
    let app = App::start().await;
    let webhook = with(
        webhooks::push(),
        &[("ref_filter", "main\nrelease/*"), ("condition", "branch = \"main\" and not deleted")],
    );
    let id = app.add_webhook(&webhook).await;
    app.database()
        .execute(
            "UPDATE webhooks SET last_token_at = now(), previous_secret_digest = secret_digest, \
             previous_secret_until = now() + interval '7 days'",
        )
        .await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    browser.pictures("webhook-filters").await;
    browser.choose("object_kind", "pipeline").await;
    assert_eq!(browser.value("http_x_gitlab_event").await, "Pipeline Hook");
    // What was chosen by hand stays; the pair is only remarked on.
    browser.choose("http_x_gitlab_event", "Job Hook").await;
    assert_eq!(browser.value("object_kind").await, "pipeline");
    browser.says("usually comes with").await;
    browser.submit("Save").await;
    browser.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    browser.says("GitLab does not send pipeline events under Job Hook").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}

#[tokio::test]
async fn f47_a_link_out_of_a_changed_form_asks_and_out_of_a_clean_or_saved_one_does_not() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    let form = format!("/admin/hooks/webhook/{id}/change/");
    // The driver says yes to the question at once, so the page is asked whether it put it.
    let watch = "sessionStorage.asked = 'never'; addEventListener('beforeunload', \
                 (event) => { sessionStorage.asked = event.defaultPrevented; })";
    let leave = async || {
        browser.script(watch).await;
        browser.clicked(Locator::Css(".brand")).await;
        browser.at("/admin/").await;
        browser.script("return sessionStorage.asked").await
    };
    browser.open(&form).await;
    assert_eq!(leave().await, "false", "a clean form");
    browser.open(&form).await;
    browser.fill("notes", "typed").await;
    browser.says("Not saved yet").await;
    assert_eq!(leave().await, "true", "a changed one");
    browser.open(&form).await;
    browser.unfold("action").await;
    browser.choose("concurrency", "serial").await;
    browser.script(watch).await;
    browser.submit("Save and continue editing").await;
    assert_eq!(browser.script("return sessionStorage.asked").await, "false", "saving asks nothing");
    assert_eq!(leave().await, "false", "a saved one");
    browser.close().await;
}
