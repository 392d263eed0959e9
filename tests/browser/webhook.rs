//! A webhook's pages in a browser: from tab to tab, with mouse and keyboard, and the folded fields.

use crate::support::app::{App, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};
use fantoccini::Locator;
use serde_json::json;

const LIST: &str = "/admin/hooks/webhook/";

#[tokio::test]
async fn a_webhook_is_read_first_and_its_tabs_lead_on() {
    let app = App::start().await;
    let webhook = with(webhooks::push(), &[("ref_filter", "master"), ("notes", "Ask Marta.")]);
    let id = app.add_webhook(&webhook).await;
    for number in 0..3 {
        let push = Delivery::push_2015().token(TOKEN).key(&number.to_string());
        let [job] = app.send(&push).await.jobs().try_into().unwrap();
        app.job_is(&job, "succeeded").await;
    }
    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    browser.clicked(Locator::Css(".row-link")).await;
    browser.at(&format!("{LIST}{id}/")).await;
    browser.pictures("webhook-overview").await;
    let current = "return [...document.querySelectorAll('main .tabs [aria-current=page]')].map(a => a.textContent)";
    for (word, page) in [
        ("Edit", "change/"),
        ("Setup", "setup/"),
        ("Test", "test/"),
        ("History", "history/"),
        ("Overview", ""),
    ] {
        let tab = format!("//main//nav//a[normalize-space(.)='{word}']");
        browser.clicked(Locator::XPath(&tab)).await;
        browser.at(&format!("{LIST}{id}/{page}")).await;
        assert_eq!(browser.script(current).await, json!([word]));
        browser.pictures(&format!("webhook-tab-{}", word.to_lowercase())).await;
    }
    // A dot is a link like any other, and says what it stands for.
    let dot = browser.found(Locator::Css(".dots li:last-child a")).await;
    let title = dot.attr("title").await.unwrap().unwrap();
    assert!(title.starts_with("Succeeded · "), "{title}");
    browser.script("document.querySelector('.dots li:last-child a').focus()").await;
    browser.key("\u{e007}").await;
    browser.found(Locator::Css("#job")).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

/// Which fieldsets have their seldom changed fields open.
const UNFOLDED: &str =
    "return [...document.querySelectorAll('.fold[open]')].map(e => e.closest('fieldset').id)";

#[tokio::test]
async fn what_is_seldom_changed_is_folded_until_it_was_changed_or_is_wrong() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let form = format!("{LIST}{id}/change/");
    let browser = Browser::logged_in(&app).await;
    browser.open(&form).await;
    assert_eq!(browser.script(UNFOLDED).await, json!([]));
    browser.pictures("webhook-folded").await;
    let seen = "return document.querySelector('[name=timeout_s]').checkVisibility()";
    assert_eq!(browser.script(seen).await, json!(false));
    // What is wrong within opens it, and the summary leads there.
    browser.unfold("action").await;
    browser.fill("timeout_s", "100000").await;
    browser.submit("Save").await;
    browser.found(Locator::Css("[data-error-summary] a[href='#id_timeout_s']")).await;
    assert_eq!(browser.script(UNFOLDED).await, json!(["fieldset-action"]));
    browser.clicked(Locator::Css("[data-error-summary] a[href='#id_timeout_s']")).await;
    assert_eq!(browser.script(seen).await, json!(true));
    // So does what was changed, for whoever opens the form next.
    browser.fill("timeout_s", "60").await;
    browser.unfold("filters").await;
    browser.fill("condition", "not deleted").await;
    browser.submit("Save").await;
    browser.open(&form).await;
    let both = json!(["fieldset-filters", "fieldset-action"]);
    assert_eq!(browser.script(UNFOLDED).await, both);
    browser.close().await;
}
