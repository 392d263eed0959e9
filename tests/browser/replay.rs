//! Replay as a person does it: one after a dry run, many after a plan, and a webhook tried out.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::wait;
use crate::support::webhooks::{self, with};
use fantoccini::Locator;

async fn unmatched(app: &App, many: usize) -> String {
    let push = Delivery::push_2015().token(TOKEN).with("/project_id", 16);
    let mut id = String::new();
    for _ in 0..many {
        id = app.send(&push).await.expect(200, "unmatched").field("delivery");
    }
    id
}

#[tokio::test]
async fn f28_f71_a_delivery_is_replayed_and_many_are_planned_started_and_stopped() {
    let more = "[parameters.branch]\ntype = \"string\"\ndefault = \"main\"";
    let app = Setup::new().await.action("deploy", more, "echo deployed").start().await;
    app.add_webhook(&webhooks::push()).await;
    let id = unmatched(&app, 30).await;
    app.add_webhook(&with(
        webhooks::push(),
        &[("project_id", "16"), ("action", "deploy"), ("concurrency", "serial")],
    ))
    .await;
    let browser = Browser::logged_in(&app).await;

    browser.open(&format!("/admin/hooks/delivery/{id}/")).await;
    browser.pictures("delivery-before-replay").await;
    browser.press("Replay…").await;
    browser.says("1 job would run").await;
    browser.pictures("replay-dry-run").await;
    assert_eq!(app.database().count("jobs").await, 0, "a dry run makes no job");
    browser.submit("Replay this delivery").await;
    browser.says(&format!("Replayed by ada, from delivery {id}")).await;
    browser.says("Matched").await;
    browser.pictures("delivery-replayed").await;
    let job = app.database().value("SELECT id FROM jobs").await;
    app.job_is(&job, "succeeded").await;

    browser.open("/admin/hooks/delivery/?verdict=unmatched").await;
    browser.script("document.querySelector('[data-select-all]').click()").await;
    browser.choose("action", "replay").await;
    browser.submit("Go").await;
    browser.says("To replay").await;
    browser.pictures("replay-plan").await;
    browser.fill("pace", "1").await;
    browser.submit("Start").await;
    browser.says("Running").await;
    // It moves by itself.
    wait::until("two replays on the page", async || {
        let done = browser.client.find(Locator::Css("[data-done]")).await.ok()?;
        (done.text().await.ok()?.parse::<i64>().ok()? >= 2).then_some(())
    })
    .await;
    browser.pictures("replay-run").await;
    browser.press("Stop").await;
    browser.says("Stopped by ada").await;
    browser.pictures("replay-stopped").await;
    let made = app.database().count("deliveries WHERE replay_run IS NOT NULL").await;
    assert!((2..30).contains(&made), "{made}");
    browser.open("/admin/hooks/delivery/replay/").await;
    browser.says("Stopped").await;
    browser.pictures("replay-runs").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}

#[tokio::test]
async fn f70_a_webhook_is_tried_out_and_run_for_real() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    unmatched(&app, 1).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    browser.press("Test").await;
    browser.says("It does not match").await;
    browser.pictures("webhook-test").await;
    browser.submit("Run now").await;
    browser.says("Manual by ada").await;
    browser.pictures("delivery-by-hand").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}
