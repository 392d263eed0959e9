//! People and the log in a real browser: a user is added in two steps, what matters asks for the
//! password again (F 49 to 51), a webhook is saved as new, a change is put back (F 19).

use crate::support::app::TOKEN;
use crate::support::app::{ADMIN, App, PASSWORD};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks;
use fantoccini::Locator;

const HOOKS: &str = "/admin/hooks/webhook/";

async fn picture(browser: &Browser, name: &str) {
    browser.pictures(name).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{name}: {complaints:#?}");
}

async fn sign_in(app: &App) -> Browser {
    Browser::logged_in(app).await
}

#[tokio::test]
async fn what_matters_asks_for_the_password_again_and_a_copy_for_its_own_secret() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let browser = sign_in(&app).await;
    app.let_passwords_grow_old().await;
    let form = format!("{HOOKS}{id}/change/");
    browser.open(&form).await;
    picture(&browser, "webhook-asks-password").await;
    browser.fill("secret_token", "another-secret-of-a-person-1").await;
    browser.submit("Save").await;
    browser.says("Enter your own password").await;
    let focused = browser.script("return document.activeElement.className").await;
    assert_eq!(focused, "error-summary", "the summary takes the focus");
    picture(&browser, "webhook-password-missing").await;
    browser.fill("secret_token", "another-secret-of-a-person-1").await;
    browser.fill("_your_password", PASSWORD).await;
    browser.submit("Save").await;
    browser.at(HOOKS).await;

    browser.open(&form).await;
    assert!(browser.client.find(Locator::Css("[name=_your_password]")).await.is_err());
    browser.enter("object_kind", "tag_push").await;
    browser.submit("Save as new").await;
    let said = browser.found(Locator::Css(".messages")).await.text().await.unwrap();
    assert!(said.contains("secrets are not copied"), "{said}");
    picture(&browser, "webhook-copy").await;
    // Away from under the row of buttons that stays in sight.
    let scroll = "document.getElementById('id_secret_token').scrollIntoView({ block: 'center' })";
    browser.script(scroll).await;
    browser.press("Generate").await;
    browser.submit("Save").await;
    browser.at(HOOKS).await;
    assert_eq!(app.database().count("webhooks").await, 2);
    browser.close().await;
}

#[tokio::test]
async fn people_their_sessions_and_the_log_are_looked_at() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::pending_push()).await;
    app.send(&Delivery::push_2015().token(TOKEN).at_register()).await.expect(202, "registered");
    let browser = sign_in(&app).await;
    browser.open("/admin/auth/user/add/").await;
    picture(&browser, "user-add").await;
    browser.fill("username", "grace").await;
    browser.fill("password", PASSWORD).await;
    browser.fill("password_again", PASSWORD).await;
    browser.submit("Save").await;
    browser.says("argon2id").await;
    picture(&browser, "user-form").await;
    browser.choose("role", "operator").await;
    browser.submit("Save").await;
    browser.at("/admin/auth/user/").await;
    picture(&browser, "users-list").await;
    let sql = "SELECT id::text FROM users WHERE username = ";
    let grace = app.database().value(&format!("{sql}'grace'")).await;
    let ada = app.database().value(&format!("{sql}'{ADMIN}'")).await;
    browser.open(&format!("/admin/auth/user/{grace}/password/")).await;
    picture(&browser, "user-password").await;
    browser.open(&format!("/admin/auth/user/{grace}/delete/")).await;
    picture(&browser, "user-delete").await;
    browser.open(&format!("/admin/auth/user/{ada}/delete/")).await;
    browser.says("This is your own account").await;
    picture(&browser, "user-delete-refused").await;
    browser.open("/admin/sessions/").await;
    browser.says("Chrome on Linux").await;
    picture(&browser, "sessions").await;

    browser.open(&format!("{HOOKS}{id}/change/")).await;
    browser.fill("name", "Deploy the website, and tell everybody about it in the chat").await;
    browser.unfold("action").await;
    browser.fill("max_attempts", "7").await;
    browser.submit("Save").await;
    browser.at(HOOKS).await;
    browser.open(&format!("{HOOKS}{id}/history/")).await;
    picture(&browser, "history").await;
    browser.press("Revert").await;
    browser.says("Revert to").await;
    picture(&browser, "revert").await;
    browser.submit("Revert these fields").await;
    browser.says("The current values are the ones before this change.").await;
    browser.open("/admin/log/").await;
    browser.says("Signed in").await;
    picture(&browser, "log").await;
    // The list is live: a row may be drawn anew while it is clicked.
    browser.script("document.querySelector('tbody .row-link').click()").await;
    browser.says("Max attempts").await;
    picture(&browser, "log-entry").await;
    browser.close().await;
}
