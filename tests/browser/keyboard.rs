//! The panel without a mouse.

use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks;
use fantoccini::Locator;
use serde_json::{Value, json};

const TAB: &str = "\u{E004}";

/// All that can be used on the page, in reading order, kept in the page as `window.stops`.
const STOPS: &str = "document.querySelectorAll('[data-poll]').forEach(e => e.removeAttribute('data-poll')); \
    window.stops = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')] \
    .filter(e => e.type !== 'hidden' && !e.disabled && e.tabIndex >= 0 \
      && e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) \
      && !(e.type === 'radio' && !e.checked && document.querySelector(`input[name=\"${e.name}\"]:checked`))); \
    document.activeElement.blur(); window.scrollTo(0, 0); return stops.map(e => e.outerHTML.slice(0, 120))";

/// Where the focus is among them, whether there is a ring, and whether it is to be seen.
const FOCUS: &str = "const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect(); \
    const at = document.elementFromPoint(r.left + Math.min(r.width, innerWidth) / 2, r.top + r.height / 2); \
    const seen = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; \
    const inner = e.closest('.switch, label') && getComputedStyle(e.closest('.switch, label')).outlineStyle !== 'none'; \
    return [stops.indexOf(e), seen || Boolean(inner), \
      r.bottom > 0 && r.top < innerHeight && at !== null && (e.contains(at) || at.contains(e) || e.closest('label, .switch')?.contains(at) === true), \
      e.outerHTML.slice(0, 160), e.type]";

/// Presses Tab, and says where the focus is then.
async fn press_tab(browser: &Browser) -> Value {
    let key = json!({ "type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
    browser.devtools("Input.dispatchKeyEvent", key).await;
    browser.script(FOCUS).await
}

async fn walk(browser: &Browser, address: &str) {
    browser.open(address).await;
    let stops = browser.script(STOPS).await;
    let stops: Vec<Value> = stops.as_array().unwrap().clone();
    assert!(stops.len() > 10, "{address}: {stops:?}");
    for (number, stop) in stops.iter().enumerate() {
        let mut at = press_tab(browser).await;
        // A date has a stop for its day, its month and its year.
        while at[0] == json!(number.wrapping_sub(1)) && at[4] == "date" {
            at = press_tab(browser).await;
        }
        let place = format!("{address}, stop {number} of {}: {}", stops.len(), at[3]);
        assert_eq!(at[0], json!(number), "{place}; wanted {stop}");
        assert_eq!(at[1], json!(true), "no ring: {place}");
        assert_eq!(at[2], json!(true), "covered or out of sight: {place}");
    }
}

#[tokio::test]
async fn f40_every_control_is_reached_in_reading_order_with_a_ring_and_in_sight() {
    let app = App::start().await;
    let [id, delivery, job] = webhooks::run_push(&app).await;
    let browser = Browser::logged_in(&app).await;
    // A live list draws rows anew that have changed, and would no longer be those that were counted;
    // so would a part that is fetched anew.
    browser.open("/admin/").await;
    browser.script("localStorage.setItem('signalbox.live', 'off')").await;
    for address in [
        "/admin/".to_owned(),
        "/admin/hooks/webhook/".to_owned(),
        format!("/admin/hooks/webhook/{id}/change/"),
        format!("/admin/hooks/webhook/{id}/delete/"),
        format!("/admin/hooks/webhook/{id}/test/"),
        format!("/admin/hooks/webhook/{id}/setup/"),
        format!("/admin/hooks/delivery/{delivery}/"),
        format!("/admin/hooks/job/{job}/"),
        "/admin/hooks/job/".to_owned(),
        "/admin/hooks/worker/".to_owned(),
        "/admin/log/".to_owned(),
    ] {
        walk(&browser, &address).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn f36_what_cannot_be_done_now_tells_why_to_who_comes_by_keyboard() {
    let app = App::start().await;
    let [_, _, job] = webhooks::run_push(&app).await;
    app.send(&Delivery::push_2015().token("wrong")).await.expect(401, "rejected");
    let rejected = "SELECT id FROM deliveries WHERE verdict = 'rejected'";
    let rejected = app.database().value(rejected).await;
    let browser = Browser::logged_in(&app).await;
    for address in
        [format!("/admin/hooks/job/{job}/"), format!("/admin/hooks/delivery/{rejected}/")]
    {
        browser.open(&address).await;
        let button = browser.found(Locator::Css("main [aria-disabled=true]")).await;
        // To it by keyboard, as a person comes.
        let before = "const b = document.querySelector('main [aria-disabled=true]'); \
                      const all = [...document.querySelectorAll('a[href], button, summary')]; \
                      all.slice(0, all.indexOf(b)).findLast(e => e.checkVisibility()).focus()";
        browser.script(before).await;
        browser.key(TAB).await;
        let told = "const b = document.activeElement; \
                    const why = document.getElementById(b.getAttribute('aria-describedby')); \
                    const r = why.getBoundingClientRect(); \
                    return [b.getAttribute('aria-disabled'), why.textContent.trim().length > 10, \
                    r.width > 40 && r.height > 10 && r.top > 0 && r.bottom < innerHeight]";
        assert_eq!(browser.script(told).await, json!(["true", true, true]), "{address}");
        browser.key("\u{E007}").await; // Enter
        button.click().await.unwrap();
        assert_eq!(browser.address().await, address, "it does nothing");
    }
    browser.pictures("reason-by-keyboard").await;
    browser.close().await;
}
