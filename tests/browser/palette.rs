//! The command palette: by keyboard alone, and as a screen reader is told of it.

use super::axe::{read_axe, serious_at};
use crate::support::app::App;
use crate::support::browser::{Browser, WIDTHS};
use crate::support::wait;
use crate::support::webhooks;
use serde_json::json;

const CTRL: &str = "\u{E009}";
const COMMAND: &str = "\u{E03D}";
const DOWN: &str = "\u{E015}";
const UP: &str = "\u{E013}";
const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";

/// The words of the option that the field points at, if the window is open.
const MARKED: &str = "const field = document.activeElement; \
    return field.role === 'combobox' && field.getAttribute('aria-expanded') === 'true' \
      ? document.getElementById(field.getAttribute('aria-activedescendant'))?.textContent : null";

async fn marks(browser: &Browser, words: &str) {
    wait::until_equal("the marked option", json!(words), async || browser.script(MARKED).await)
        .await;
}

#[tokio::test]
async fn the_palette_leads_anywhere_by_keyboard() {
    let app = App::start().await;
    let [id, _, job] = webhooks::run_push(&app).await;
    let browser = Browser::logged_in(&app).await;
    // A page, by a part of its name.
    browser.key_with(CTRL, "k").await;
    browser.key("work").await;
    marks(&browser, "Workers").await;
    browser.key(ENTER).await;
    browser.at("/admin/hooks/worker/").await;
    // A page of the object in view stands first; arrows go round.
    let webhook = format!("/admin/hooks/webhook/{id}/");
    browser.open(&webhook).await;
    browser.key_with(COMMAND, "k").await;
    marks(&browser, "Edit").await;
    browser.key(DOWN).await;
    marks(&browser, "Setup").await;
    browser.key(UP).await;
    browser.key(UP).await;
    browser.key("test").await;
    marks(&browser, "Test").await;
    browser.key(ENTER).await;
    browser.at(&format!("{webhook}test/")).await;
    // Escape closes it, and so does the key that opens it.
    browser.key_with(CTRL, "k").await;
    marks(&browser, "Overview").await;
    browser.key(ESCAPE).await;
    let open = "return document.querySelector('[data-palette]').open";
    assert_eq!(browser.script(open).await, json!(false));
    browser.key_with(CTRL, "k").await;
    browser.key_with(CTRL, "k").await;
    assert_eq!(browser.script(open).await, json!(false));
    // An action is the page's own button.
    browser.open(&format!("/admin/hooks/job/{job}/")).await;
    browser.key_with(CTRL, "k").await;
    browser.key("run ag").await;
    marks(&browser, "Run again").await;
    browser.key(ENTER).await;
    browser.says("Attempt 2").await;
    // What a search finds, and what nothing holds.
    browser.key_with(CTRL, "k").await;
    browser.key("diaspora").await;
    let groups = "return [...document.querySelectorAll('[data-palette] .palette-head')].map(e => e.textContent)";
    let found = json!(["Webhooks", "Deliveries", "Jobs", "Search"]);
    wait::until_equal("what is found", found, async || browser.script(groups).await).await;
    browser.key(ENTER).await;
    browser.at(&webhook).await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn the_palette_is_sound_to_a_screen_reader() {
    let axe = read_axe();
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("/admin/hooks/webhook/{id}/")).await;
    browser.key_with(CTRL, "k").await;
    for search in ["", "diaspora", "no such thing"] {
        browser.key(search).await;
        let last = "const o = document.querySelectorAll('[data-palette] [role=option]'); return o[o.length - 1]?.textContent";
        let ends = if search.is_empty() {
            json!("Diaspora, Push Hook")
        } else {
            json!(format!(
                "Search everything for “{}”",
                if search == "diaspora" { search } else { "diasporano such thing" }
            ))
        };
        wait::until_equal("the last option", ends, async || browser.script(last).await).await;
        for width in WIDTHS {
            assert_eq!(serious_at(&browser, &axe, width).await, [""; 0], "“{search}”");
        }
    }
    browser.pictures("palette").await;
    browser.close().await;
}
