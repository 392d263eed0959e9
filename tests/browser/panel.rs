//! The panel under a person's hands, in a real browser; `docs/promises.md` has the numbers.

use crate::support::app::{App, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::seed;
use crate::support::webhooks;
use fantoccini::Locator;
use serde_json::json;

const LIST: &str = "/admin/hooks/webhook/";

async fn press(browser: &Browser, keys: &str) {
    for key in keys.chars() {
        browser.key(&key.to_string()).await;
    }
}

/// What has the focus: its words, label, or name.
const FOCUSED: &str = "const e = document.activeElement; return (e.getAttribute('aria-label') \
                       || e.textContent.trim() || e.name || e.id || e.tagName).slice(0, 60)";

#[tokio::test]
async fn f24_the_head_box_ticks_the_page_and_then_offers_all_that_match() {
    let app = App::start().await;
    seed::webhooks(app.database(), 130).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("{LIST}?q=bulk")).await;
    let count = async || {
        browser.script("return document.querySelector('[data-select-count]').textContent").await
    };
    let across = "const e = document.querySelector('[data-select-across]'); return e.hidden ? '' : e.textContent";
    assert_eq!(browser.script(across).await, json!(""));
    browser.found(Locator::Css("[data-select-all]")).await.click().await.unwrap();
    assert_eq!(count().await, json!("100 of 100 selected"));
    assert_eq!(browser.script(across).await, json!("Select all 130 webhooks"));
    browser.found(Locator::Css("[data-select-across]")).await.click().await.unwrap();
    assert_eq!(count().await, json!("All 130 webhooks selected"));
    browser.pictures("webhooks-selected").await;
    browser.enter("action", "disable").await;
    browser.submit("Go").await;
    browser.says("All 130 that match").await;
    browser.submit("Disable 130 webhooks").await;
    browser.at("/admin/hooks/webhook/?q=bulk").await;
    assert_eq!(app.database().count("webhooks WHERE NOT enabled").await, 130);
    // A range with shift, then one row off: all that match is no longer meant.
    let range = "const b = [...document.querySelectorAll('.row-box')]; b[1].click(); \
                 b[4].dispatchEvent(new MouseEvent('click', {bubbles: true, shiftKey: true})); \
                 return b.filter(x => x.checked).length";
    assert_eq!(browser.script(range).await, json!(4));
    browser.close().await;
}

#[tokio::test]
async fn f39_f40_the_whole_list_is_reached_by_tab_filters_before_the_table() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    browser.key("\u{E004}").await; // Tab
    assert_eq!(browser.script(FOCUSED).await, json!("Skip to content"));
    browser.key("\u{E007}").await; // Enter
    assert_eq!(browser.script("return document.activeElement.id").await, json!("content"));
    assert_eq!(tab_through(&browser).await, ["search", "filters", "table", "pages"]);
    // Open, the filters are walked through; what can be done to many comes with the first that is ticked.
    let open = "document.querySelector('.filters').open = true; document.querySelector('.row-box').click(); \
                document.getElementById('content').focus()";
    browser.script(open).await;
    let walked = ["search", "filters", "table", "actions", "pages"];
    assert_eq!(tab_through(&browser).await, walked);
    browser.close().await;
}

/// The parts of a list that Tab leads through from here to the page's end, with a ring on each element.
async fn tab_through(browser: &Browser) -> Vec<String> {
    let mut places = Vec::new();
    for _ in 0..120 {
        browser.key("\u{E004}").await;
        let state = browser
            .script(
                "const e = document.activeElement, s = getComputedStyle(e); \
                 return [e === document.body ? 'end' : e.closest('.filters') ? 'filters' \
                 : e.closest('.search-form') ? 'search' : e.closest('.actions') ? 'actions' \
                 : e.closest('table') ? 'table' : e.closest('.pagination') ? 'pages' : 'other', \
                 e === document.body || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)]",
            )
            .await;
        let place = state[0].as_str().unwrap().to_owned();
        if place == "end" {
            break;
        }
        assert_eq!(state[1], json!(true), "no ring on {}", browser.script(FOCUSED).await);
        if places.last() != Some(&place) {
            places.push(place);
        }
    }
    places.retain(|place| place != "other");
    places
}

#[tokio::test]
async fn f47_leaving_a_changed_form_asks_and_saving_it_does_not() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("{LIST}{id}/change/")).await;
    let asks = "const e = new Event('beforeunload', {cancelable: true}); \
                return !window.dispatchEvent(e)";
    assert_eq!(browser.script(asks).await, json!(false));
    browser.fill("name", "changed").await;
    assert_eq!(browser.script(asks).await, json!(true));
    browser.key_with("\u{E009}", "s").await; // Ctrl+S
    let said = "//div[@class='message'][contains(., 'was changed.')]";
    browser.found(Locator::XPath(said)).await;
    assert_eq!(browser.value("name").await, "changed");
    assert_eq!(browser.script(asks).await, json!(false));
    browser.close().await;
}

#[tokio::test]
async fn f17_a_refused_form_takes_the_focus_to_its_errors() {
    let app = App::start().await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("{LIST}add/")).await;
    browser.submit("Save").await;
    let focused = "return document.activeElement.matches('[data-error-summary]')";
    assert_eq!(browser.script(focused).await, json!(true));
    assert!(browser.client.title().await.unwrap().starts_with("Error"));
    browser.found(Locator::Css(".error-summary a")).await.click().await.unwrap();
    let focused = browser.script("return document.activeElement.id").await;
    assert!(focused.as_str().unwrap().starts_with("id_"), "{focused}");
    browser.close().await;
}

#[tokio::test]
async fn f63_f67_theme_and_keys() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    let ground = "return getComputedStyle(document.body).backgroundColor";
    let light = browser.script(ground).await;
    press(&browser, "tt").await;
    let dark = browser.script(ground).await;
    assert_ne!(light, dark);
    browser.open(LIST).await;
    assert_eq!(browser.script(ground).await, dark, "the theme was not kept");
    press(&browser, "?").await;
    let open = "return document.querySelector('[data-shortcuts]').open";
    assert_eq!(browser.script(open).await, json!(true));
    browser.key("\u{E00C}").await; // Escape
    assert_eq!(browser.script(open).await, json!(false));
    press(&browser, "jx").await;
    assert_eq!(
        browser.script("return document.querySelectorAll('.row-box:checked').length").await,
        json!(1)
    );
    press(&browser, "/").await;
    assert_eq!(browser.script("return document.activeElement.name").await, json!("q"));
    // In a field, letters are letters.
    press(&browser, "gd?t").await;
    assert_eq!(browser.script("return document.activeElement.value").await, json!("gd?t"));
    assert_eq!(browser.address().await, LIST);
    browser.script("document.activeElement.blur()").await;
    press(&browser, "gd").await;
    browser.at("/admin/hooks/delivery/").await;
    browser.close().await;
}

#[tokio::test]
async fn f64_narrow_windows_show_cards_with_the_filters_above_in_a_closed_box() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&Delivery::push_2015().token(TOKEN)).await;
    let browser = Browser::logged_in(&app).await;
    for address in [format!("{LIST}?enabled=1"), "/admin/hooks/delivery/?received=24h".to_owned()] {
        browser.look(375, "light").await;
        browser.open(&address).await;
        let layout = browser
            .script(
                "const f = document.querySelector('.filters'), t = document.querySelector('.table'); \
                 const row = t.querySelector('tbody tr'); \
                 return [document.documentElement.scrollWidth, f.open, f.querySelector('summary').textContent.trim(), \
                 f.getBoundingClientRect().bottom <= t.getBoundingClientRect().top, \
                 getComputedStyle(row).display]",
            )
            .await;
        assert_eq!(layout[0], json!(375));
        assert_eq!(
            (&layout[1], &layout[2], &layout[3]),
            (&json!(false), &json!("Filters (1)"), &json!(true))
        );
        assert_ne!(layout[4], json!("table-row"), "{address}");
    }
    browser.close().await;
}

#[tokio::test]
async fn f75_states_stay_visible_in_print_in_forced_colours_and_without_motion() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    let badge = "const s = getComputedStyle(document.querySelector('tbody .switch-knob')); \
                 return s.display !== 'none' && s.borderTopStyle !== 'none'";
    browser.media("print", &[]).await;
    assert_eq!(browser.script(badge).await, json!(true));
    let hidden = "return [...document.querySelectorAll('.topbar, .sidebar, .actions, .check')] \
                  .every(e => getComputedStyle(e).display === 'none')";
    assert_eq!(browser.script(hidden).await, json!(true));
    browser.media("", &[("forced-colors", "active")]).await;
    assert_eq!(browser.script(badge).await, json!(true));
    browser.media("", &[("prefers-reduced-motion", "reduce")]).await;
    let still = "return document.getAnimations().length";
    assert_eq!(browser.script(still).await, json!(0));
    browser.close().await;
}
