//! Lists under a person's hands: what is ticked lasts over pages, and rows that come do not move
//! what is read.

use crate::support::app::{App, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks;
use crate::support::{seed, wait};
use fantoccini::Locator;
use serde_json::{Value, json};

const LIST: &str = "/admin/hooks/webhook/";
const COUNT: &str = "return document.querySelector('[data-select-count]').textContent";

const SAID: &str = "return document.querySelector('.message p')?.textContent ?? ''";

/// Waits until a script says so.
async fn until(browser: &Browser, script: &str, wanted: Value) {
    wait::until_equal(script, wanted, async || browser.script(script).await).await;
}

/// Waits until the live list has had its turn to look for new rows: a clock of the same pace, started
/// now, has struck twice.
async fn passed_its_turns(browser: &Browser) {
    let script = "const done = arguments[0]; let turns = 0; \
                  setInterval(() => { if (++turns === 2) done(null); }, \
                  document.querySelector('[data-live-list]').dataset.liveMs)";
    browser.client.execute_async(script, Vec::new()).await.unwrap();
}

#[tokio::test]
async fn a_selection_lasts_over_pages_and_ends_with_its_filter() {
    let app = App::start().await;
    seed::webhooks(app.database(), 130).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("{LIST}?q=bulk")).await;
    let tick = "const b = document.querySelectorAll('.row-box'); b[0].click(); b[1].click()";
    browser.script(tick).await;
    browser.open(&format!("{LIST}?q=bulk&o=-1&p=2")).await;
    assert_eq!(browser.script(COUNT).await, json!("2 of 30 selected"), "the last, in this order");
    browser.open(&format!("{LIST}?q=bulk&p=2")).await;
    assert_eq!(browser.script(COUNT).await, json!("0 of 30 selected, 2 on other pages"));
    browser.script("document.querySelector('.row-box').click()").await;
    browser.open(&format!("{LIST}?q=bulk")).await;
    assert_eq!(browser.script(COUNT).await, json!("2 of 100 selected, 1 on other pages"));
    browser.enter("action", "disable").await;
    browser.submit("Go").await;
    until(&browser, SAID, json!("3 webhooks were disabled.")).await;
    assert_eq!(app.database().count("webhooks WHERE NOT enabled").await, 3);
    assert_eq!(browser.script(COUNT).await, json!("0 of 100 selected"));
    // Another filter begins anew, and says so.
    browser.script(tick).await;
    browser.open(&format!("{LIST}?q=bulk&enabled=1")).await;
    let said = browser.script(COUNT).await;
    assert!(said.as_str().unwrap().starts_with("Selection cleared"), "{said}");
    assert_eq!(
        browser.script("return document.querySelectorAll('.row-box:checked').length").await,
        json!(0)
    );
    browser.close().await;
}

#[tokio::test]
async fn the_switch_works_with_the_list_as_it_was_and_is_undone() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("{LIST}?object_kind=push")).await;
    browser.found(Locator::Css(".switch")).await.click().await.unwrap();
    until(&browser, SAID, json!("The webhook “Diaspora push” was disabled.")).await;
    browser.at(&format!("{LIST}?object_kind=push")).await;
    browser.pictures("webhook-switched").await;
    browser.found(Locator::Css(".message-button")).await.click().await.unwrap();
    until(&browser, SAID, json!("The webhook “Diaspora push” was enabled.")).await;
    assert_eq!(app.database().count("webhooks WHERE enabled").await, 1);
    browser.close().await;
}

#[tokio::test]
async fn f43_f44_new_rows_are_offered_and_nothing_moves_while_something_is_ticked_or_open() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let send = async |id: i64| {
        app.send(&Delivery::push_2015().token(TOKEN).with("/total_commits_count", id)).await;
    };
    send(1).await;
    let browser = Browser::logged_in(&app).await;
    browser.open("/admin/hooks/delivery/").await;
    let rows = "return document.querySelectorAll('tbody tr').length";
    let bar =
        "const e = document.querySelector('[data-new-rows]'); return e.hidden ? '' : e.textContent";
    assert_eq!((browser.script(rows).await, browser.script(bar).await), (json!(1), json!("")));
    send(2).await;
    send(3).await;
    until(&browser, bar, json!("2 new")).await;
    assert_eq!(browser.script(rows).await, json!(1), "what is read moved");
    browser.pictures("deliveries-new").await;
    browser.found(Locator::Css("[data-new-rows]")).await.click().await.unwrap();
    assert_eq!((browser.script(rows).await, browser.script(bar).await), (json!(3), json!("")));
    // While something is ticked, or the switch is off, it waits.
    browser
        .script("document.activeElement.blur(); document.querySelector('.row-box').click()")
        .await;
    let word = "return document.querySelector('[data-live-word]').textContent";
    until(&browser, word, json!("Paused")).await;
    let why = "return document.querySelector('[data-live-word]').title";
    assert_eq!(browser.script(why).await, json!("Paused while you select or type"));
    send(4).await;
    passed_its_turns(&browser).await;
    assert_eq!(browser.script(bar).await, json!(""));
    browser.script("document.querySelector('.row-box').click()").await;
    until(&browser, bar, json!("1 new")).await;
    // An open menu holds it back as well; what came meanwhile is offered once it is closed.
    browser.script("document.querySelector('.user-menu summary').click()").await;
    until(&browser, word, json!("Paused")).await;
    send(5).await;
    assert_eq!(browser.script(bar).await, json!("1 new"));
    browser.script("document.querySelector('.user-menu summary').click()").await;
    until(&browser, bar, json!("2 new")).await;
    browser.found(Locator::Css("[data-live-toggle]")).await.click().await.unwrap();
    browser.open("/admin/hooks/job/").await;
    assert_eq!(browser.script(word).await, json!("Off"), "the choice holds everywhere");
    browser.close().await;
}

#[tokio::test]
async fn f67_single_letter_keys_can_be_turned_off_and_stay_off() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    let open = "return document.querySelector('[data-shortcuts]').open";
    browser.key("?").await;
    browser.found(Locator::Css("[data-keys-toggle]")).await.click().await.unwrap();
    browser.open(LIST).await;
    browser.key("?").await;
    assert_eq!(browser.script(open).await, json!(false));
    browser.close().await;
}

#[tokio::test]
async fn f65_the_row_in_focus_tells_its_full_times_and_the_menu_is_narrowed() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&Delivery::push_2015().token(TOKEN)).await;
    let browser = Browser::logged_in(&app).await;
    browser.open("/admin/hooks/delivery/").await;
    let told = "const t = document.querySelector('tbody time'); \
                return [getComputedStyle(t, '::after').content, t.title]";
    assert_eq!(browser.script(told).await[0], json!("none"));
    browser.key("j").await;
    let said = browser.script(told).await;
    let full = said[1].as_str().unwrap().lines().next().unwrap();
    assert!(full.ends_with("UTC"), "{said}");
    assert!(said[0].as_str().unwrap().starts_with(&format!("\"{full}")), "{said}");
    let shown =
        "return [...document.querySelectorAll('.sidebar-row')].filter(r => r.offsetParent).length";
    let all = browser.script(shown).await;
    browser.script("document.querySelector('[data-nav-filter]').focus()").await;
    for key in ["j", "o", "b"] {
        browser.key(key).await;
    }
    assert_eq!(browser.script(shown).await, json!(1));
    browser.key("\u{E00C}").await; // Escape
    assert_eq!(browser.script(shown).await, all);
    browser.close().await;
}
