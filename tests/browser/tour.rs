//! The README's tour in a real browser: the first user, a webhook, its registration, a job.
//! Leaves pictures at both widths in both schemes; fails on any complaint of the console.

use crate::support::app::{App, PASSWORD, Setup};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::gitlab::Delivery;
use crate::support::webhooks::SIGNING_TOKEN;
use fantoccini::Locator;

/// Asserts that the console is silent, after naming where.
async fn silent(browser: &Browser, place: &str) {
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{place}: {complaints:#?}");
}

async fn picture(browser: &Browser, name: &str) {
    browser.pictures(name).await;
    silent(browser, name).await;
}

#[tokio::test]
async fn a_newcomer_walks_from_the_setup_link_to_a_finished_job() {
    let app = Setup::without_user(Database::migrated().await).start().await;
    let browser = Browser::start(app.base()).await;
    make_the_first_user(&app, &browser).await;
    add_the_webhook(&browser).await;
    register(&app, &browser).await;
    push(&app, &browser).await;
    log_out_and_in(&browser).await;
    browser.close().await;
}

/// Step 2, first half: the one-time link.
async fn make_the_first_user(app: &App, browser: &Browser) {
    browser.open(&app.setup_link().await).await;
    picture(browser, "setup").await;
    browser.fill("username", "grace").await;
    for field in browser.client.find_all(Locator::Css("input[type=password]")).await.unwrap() {
        field.send_keys(PASSWORD).await.unwrap();
    }
    browser.submit("Create account and sign in").await;
    browser.at("/admin/").await;
    picture(browser, "index-empty").await;
}

/// Step 2, second half: a pending webhook with the signing token that GitLab shows.
async fn add_the_webhook(browser: &Browser) {
    browser.open("/admin/hooks/webhook/").await;
    picture(browser, "webhooks-empty").await;
    browser.open("/admin/hooks/webhook/add/").await;
    browser.fill("repo_name", "Diaspora").await;
    browser.fill("repo_url", "git@example.com:mike/diaspora.git").await;
    browser.enter("object_kind", "push").await;
    browser.enter("http_x_gitlab_event", "Push Hook").await;
    browser.fill("project_id", "-1").await;
    browser.enter("action", "print").await;
    // Before GitLab 19, a secret token is generated here instead.
    browser.press("Generate").await;
    let token = browser.value("secret_token").await;
    assert!(token.len() >= 20, "no secret was generated: {token:?}");
    browser.fill("secret_token", "").await;
    browser.fill("signing_token", SIGNING_TOKEN).await;
    picture(browser, "webhook-form").await;
    browser.submit("Save").await;
    browser.says("Waiting for the Test").await;
    browser.open("/admin/hooks/webhook/").await;
    browser.says("Pending").await;
    picture(browser, "webhooks-pending").await;
}

fn from_gitlab() -> Delivery {
    Delivery::push_2015().by_gitlab_19(SIGNING_TOKEN)
}

/// Step 3: GitLab's Test, which runs the action too.
async fn register(app: &App, browser: &Browser) {
    let answer = app.send(&from_gitlab()).await;
    let [job] = answer.expect(202, "registered").jobs().try_into().unwrap();
    app.job_is(&job, "succeeded").await;
    browser.open("/admin/hooks/webhook/").await;
    browser.says("15").await;
    picture(browser, "webhooks-list").await;
}

/// Step 4: the push, its job and its delivery.
async fn push(app: &App, browser: &Browser) {
    let answer = app.send(&from_gitlab()).await;
    let [job] = answer.expect(202, "matched").jobs().try_into().unwrap();
    app.job_is(&job, "succeeded").await;
    app.send(&Delivery::push_2015().token("wrong")).await.expect(401, "rejected");
    let other = Delivery::push_2015().with("/project_id", 16).by_gitlab_19(SIGNING_TOKEN);
    let unmatched = app.send(&other).await;
    unmatched.expect(200, "unmatched");

    for (address, name, words) in [
        ("/admin/hooks/job/".to_owned(), "jobs-list", "Diaspora"),
        (format!("/admin/hooks/job/{job}/"), "job-page", "Succeeded"),
        ("/admin/hooks/delivery/".to_owned(), "deliveries-list", "Diaspora"),
        (delivery(&answer.field("delivery")), "delivery-page", "John Smith"),
        (delivery(&unmatched.field("delivery")), "delivery-unmatched", "16"),
        ("/admin/".to_owned(), "index", "Webhooks"),
        ("/admin/password_change/".to_owned(), "password-change", ""),
    ] {
        browser.open(&address).await;
        browser.says(words).await;
        picture(browser, name).await;
    }
    browser.open("/admin/no-such-page/").await;
    browser.pictures("not-found").await;
    // The one complaint is the answer's own 404.
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|text| text.contains("404")), "{complaints:#?}");
}

/// Not a step of the tour, but of its second day.
async fn log_out_and_in(browser: &Browser) {
    browser.open("/admin/").await;
    browser.found(Locator::Css(".user-menu summary")).await.click().await.unwrap();
    browser.submit("Sign out").await;
    browser.found(Locator::Css("[name=password]")).await;
    picture(browser, "login").await;
    browser.fill("username", "grace").await;
    browser.fill("password", PASSWORD).await;
    browser.submit("Sign in").await;
    browser.at("/admin/").await;
}

fn delivery(id: &str) -> String {
    format!("/admin/hooks/delivery/{id}/")
}
