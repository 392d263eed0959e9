//! The setup page while it is open: it tells of each attempt by itself.

use crate::support::app::{App, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, SIGNING_TOKEN};
use fantoccini::Locator;
use std::time::{Duration, Instant};

/// What a screen reader was told last.
async fn told(browser: &Browser) -> String {
    let told = browser.script("return document.querySelector('[data-live]').textContent").await;
    told.as_str().unwrap_or_default().to_owned()
}

/// Since when a delivery is answered, and how long that took.
struct Clock {
    answered: Instant,
    took: Duration,
}

impl Clock {
    /// Two seconds, and more only where the machine is so busy that plain answers take long too, or
    /// the page's own timers are late.
    async fn assert_quick(&self, browser: &Browser) {
        let passed = self.answered.elapsed();
        let late = browser.script("return Math.round(window.late)").await;
        let late = Duration::from_millis(late.as_u64().expect("the page was watched"));
        let limit = Duration::from_secs(2) + 8 * (self.took + late);
        assert!(
            passed < limit,
            "{passed:?}, an answer took {:?}, timers are {late:?} late",
            self.took
        );
    }
}

/// By how much a page's timers are late at most.
const WATCH: &str = "window.late = 0; let last = performance.now(); setInterval(() => { \
    const now = performance.now(); window.late = Math.max(window.late, now - last - 50); last = now; }, 50)";

async fn send(app: &App, delivery: &Delivery, (status, verdict): (u16, &str)) -> Clock {
    let sent = Instant::now();
    app.send(delivery).await.expect(status, verdict);
    Clock { answered: Instant::now(), took: sent.elapsed() }
}

#[tokio::test]
async fn f5_f6_the_setup_page_tells_of_a_wrong_token_and_flips_within_two_seconds() {
    let app = App::start().await;
    let browser = Browser::logged_in(&app).await;
    browser.open("/admin/hooks/webhook/add/").await;
    browser.fill("repo_name", "Diaspora").await;
    browser.fill("repo_url", "git@example.com:mike/diaspora.git").await;
    browser.fill("secret_token", TOKEN).await;
    browser.submit("Save").await;
    let id = app.database().value("SELECT id::text FROM webhooks").await;
    browser.at(&format!("/admin/hooks/webhook/{id}/setup/")).await;
    browser.says("Waiting for the Test").await;
    browser.pictures("webhook-setup").await;
    browser.script("window.sameDocument = true").await;
    browser.script(WATCH).await;

    let test = Delivery::push_2015();
    let clock = send(&app, &test.clone().token("wrong"), (401, "rejected")).await;
    browser.says("Wrong token").await;
    clock.assert_quick(&browser).await;
    assert!(told(&browser).await.contains("Wrong token"));
    browser.found(Locator::Css("#wait[data-state=pending]")).await;
    browser.pictures("webhook-setup-wrong").await;

    browser.script("window.late = 0").await;
    let clock = send(&app, &test.token(TOKEN), (202, "registered")).await;
    browser.says("Registered: project 15").await;
    clock.assert_quick(&browser).await;
    assert_eq!(told(&browser).await, "Registered: project 15.");
    assert!(browser.client.title().await.unwrap().starts_with("Registered: "));
    browser.says("Nothing is left to do").await;
    // The page was never left: the secret still stands in it.
    assert_eq!(browser.script("return window.sameDocument").await, true);
    let secret = browser.found(Locator::Css("#secret-secret_token")).await;
    assert_eq!(secret.prop("value").await.unwrap().as_deref(), Some(TOKEN));
    browser.pictures("webhook-registered").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}

#[tokio::test]
async fn the_pages_of_signing_tokens_and_of_registering_elsewhere_are_looked_at() {
    let app = App::start().await;
    let signed = app.add_webhook(&webhooks::signed_pending_push()).await;
    let browser = Browser::logged_in(&app).await;
    let page = |id: &str, name: &str| format!("/admin/hooks/webhook/{id}/{name}/");
    browser.open(&page(&signed, "setup")).await;
    browser.says("the signing token is enough").await;
    browser.pictures("webhook-setup-signed").await;
    let test = || Delivery::push_2015().by_gitlab_19(SIGNING_TOKEN);
    send(&app, &test(), (202, "registered")).await;
    browser.open(&page(&signed, "change")).await;
    browser.says("Require a signature").await;
    browser.pictures("webhook-form-signed").await;

    let elsewhere = webhooks::with(webhooks::register_only(), &[("name", "elsewhere")]);
    let id = app.add_webhook(&elsewhere).await;
    browser.open(&page(&id, "setup")).await;
    browser.says("registration endpoint only").await;
    browser.pictures("webhook-setup-elsewhere").await;
    let test = Delivery::push_2015().token(TOKEN).at_register();
    send(&app, &test, (202, "registered")).await;
    browser.says("GitLab forgets the secret").await;
    browser.pictures("webhook-moves").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}
