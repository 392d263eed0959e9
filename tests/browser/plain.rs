//! Where a browser has less than usual: no scripts, no https. And where a sender wants more: what
//! an event says stays text.

use crate::support::app::{Setup, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};
use fantoccini::Locator;
use serde_json::json;

const LIST: &str = "/admin/hooks/webhook/";

#[tokio::test]
async fn f37_everything_works_without_scripts() {
    let app = Setup::new().await.action("fails", "", "exit 3").start().await;
    let browser = Browser::start(app.base()).await;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    browser.log_in().await;
    let theme = browser.script("return document.documentElement.dataset.theme ?? 'none'").await;
    assert_eq!(theme, "none", "a script ran");

    // Add, list, search, filter, sort, change.
    for name in ["Diaspora", "Elsewhere"] {
        browser.open(LIST).await;
        browser.press("Add webhook").await;
        browser.fill("repo_name", name).await;
        browser.fill("repo_url", "git@example.com:mike/diaspora.git").await;
        browser.fill("project_id", "15").await;
        browser.clicked(Locator::Css("[name=pending]")).await;
        browser.fill("secret_token", TOKEN).await;
        browser.choose("action", "fails").await;
        browser.unfold("action").await;
        browser.fill("max_attempts", "1").await;
        browser.submit("Save").await;
        browser.at(LIST).await;
    }
    browser.fill("q", "").await;
    let search = browser.found(Locator::Css("[data-search]")).await;
    search.send_keys("diaspora").await.unwrap();
    browser.submit("Search").await;
    browser.at(&format!("{LIST}?q=diaspora")).await;
    browser.clicked(Locator::XPath("//thead//a[normalize-space(.)='Event']")).await;
    browser.at(&format!("{LIST}?q=diaspora&o=2.1")).await;
    browser.clicked(Locator::Css(".filters > summary")).await;
    let choice = browser.found(Locator::Css(".filters a[href*='enabled=1']")).await;
    browser.mouse(&choice).await;
    browser.at(&format!("{LIST}?q=diaspora&o=2.1&enabled=1")).await;
    browser.says("Enabled: Yes").await;
    browser.clicked(Locator::Css(".row-link")).await;
    browser.press("Edit").await;
    browser.fill("notes", "without scripts").await;
    browser.submit("Save").await;
    browser.at(&format!("{LIST}?q=diaspora&o=2.1&enabled=1")).await;
    assert_eq!(app.database().count("webhooks WHERE notes = 'without scripts'").await, 1);

    // A job fails and is run again; the delivery is replayed.
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let [job] = answer.jobs().try_into().unwrap();
    app.job_is(&job, "failed").await;
    browser.open(&format!("/admin/hooks/job/{job}/")).await;
    browser.submit("Run again").await;
    browser.at(&format!("/admin/hooks/job/{job}/")).await;
    assert_eq!(app.database().count("audit_log WHERE object_type = 'job'").await, 1);
    browser.open(&format!("/admin/hooks/delivery/{}/", answer.field("delivery"))).await;
    browser.press("Replay…").await;
    browser.submit("Replay this delivery").await;
    browser.says("Replayed by ada").await;
    assert_eq!(app.database().count("jobs").await, 2);

    // Many at once, with a question that can be declined; then one is deleted.
    browser.open(&format!("{LIST}?o=1")).await;
    browser.clicked(Locator::Css(".row-box")).await;
    browser.choose("action", "delete").await;
    browser.submit("Go").await;
    browser.says("Delete 1 webhook?").await;
    browser.press("Cancel").await;
    browser.at(&format!("{LIST}?o=1")).await;
    browser.clicked(Locator::Css(".row-box")).await;
    browser.choose("action", "disable").await;
    browser.submit("Go").await;
    browser.at(&format!("{LIST}?o=1")).await;
    assert_eq!(app.database().count("webhooks WHERE NOT enabled").await, 1);
    browser.clicked(Locator::Css(".row-link")).await;
    browser.press("Edit").await;
    browser.press("Delete").await;
    browser.submit("Delete webhook").await;
    browser.at(&format!("{LIST}?o=1")).await;
    assert_eq!(app.database().count("webhooks").await, 1);
    browser.close().await;
}

#[tokio::test]
async fn f66_copy_copies_or_selects_on_plain_http() {
    let setup = Setup::new().await.setting("SIGNALBOX_ALLOW_SECRET_OVER_HTTP", "true");
    let app = setup.start().await;
    let id = app.add_webhook(&webhooks::pending_push()).await;
    let browser = Browser::start(&app.base().replace("127.0.0.1", "signalbox.test")).await;
    browser.log_in().await;
    browser.open(&format!("{LIST}{id}/setup/")).await;
    let secure = "return [window.isSecureContext, navigator.clipboard === undefined]";
    assert_eq!(browser.script(secure).await, json!([false, true]));
    let address = browser.script("return document.getElementById('webhook-url').value").await;
    let button = Locator::Css("[data-copy-from=webhook-url]");
    browser.clicked(button).await;
    browser.says("Copied").await;
    let focus = "return document.activeElement.dataset.copyFrom";
    assert_eq!(browser.script(focus).await, "webhook-url", "the focus stays");
    browser.script("document.querySelector('[data-search-all]').focus()").await;
    browser.key_with("\u{E009}", "v").await; // Ctrl+V
    assert_eq!(browser.value("q").await, address.as_str().unwrap());

    // Where even that is refused, the text is left selected for Ctrl C.
    browser.script("document.execCommand = () => false").await;
    browser.clicked(button).await;
    let selected = "const e = document.activeElement; return e.id + ' ' + e.value.slice(e.selectionStart, e.selectionEnd)";
    let wanted = format!("webhook-url {}", address.as_str().unwrap());
    assert_eq!(browser.script(selected).await, json!(wanted));
    browser.close().await;
}

#[tokio::test]
async fn f32_what_an_event_and_a_job_say_runs_nothing() {
    let hostile = "<script>window.ran=1</script><img src=x onerror=\"window.ran=2\">";
    let print = "printf '%s\\n' '<script>window.ran=3</script><img src=x onerror=window.ran=4>'";
    let app = Setup::new().await.action("echo", "", print).start().await;
    let webhook = with(webhooks::push(), &[("action", "echo"), ("repo_name", hostile)]);
    let id = app.add_webhook(&with(webhook, &[("name", hostile), ("notes", hostile)])).await;
    let push = Delivery::push_2015().token(TOKEN);
    let push = push.with("/repository/name", hostile).with("/user_name", hostile);
    let answer = app.send(&push).await;
    let [job] = answer.expect(202, "matched").jobs().try_into().unwrap();
    app.job_is(&job, "succeeded").await;
    app.send(&push.with("/project_id", 16)).await.expect(200, "unmatched");
    let browser = Browser::logged_in(&app).await;
    for address in [
        "/admin/".to_owned(),
        LIST.to_owned(),
        format!("{LIST}{id}/change/"),
        format!("{LIST}{id}/history/"),
        format!("{LIST}{id}/delete/"),
        "/admin/hooks/delivery/".to_owned(),
        "/admin/hooks/delivery/unmatched/".to_owned(),
        "/admin/hooks/job/".to_owned(),
        "/admin/log/".to_owned(),
        format!("/admin/hooks/job/{job}/"),
        format!("/admin/hooks/delivery/{}/", answer.field("delivery")),
    ] {
        browser.open(&address).await;
        let found = "return [window.ran ?? 0, document.querySelectorAll('main script, main img').length, \
                     document.documentElement.textContent.includes('<script>window.ran')]";
        assert_eq!(browser.script(found).await, json!([0, 0, true]), "{address}");
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "nothing was even tried: {complaints:#?}");
    browser.close().await;
}
