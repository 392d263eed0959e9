//! What can be measured of the panel: how heavy it is, how high its lists begin, that nothing moves
//! by itself. Overlaps and sideways scrolling are `layout`'s.

use super::axe::{read_axe, serious};
use super::layout::{LISTS, lists};
use super::start::busy_day;
use crate::support::app::{TOKEN, repository};
use crate::support::browser::{Browser, SCHEMES, WIDTHS};
use crate::support::gitlab::Delivery;
use crate::support::{wait, webhooks};
use serde_json::{Value, json};
use std::io::Write as _;

/// Most bytes of the panel's own scripts, packed.
const SCRIPTS: usize = 14_000;
/// Most bytes of the start page, with everything that it loads, for a browser that holds nothing yet.
const START_PAGE: u64 = 60_000;
/// Where the first row of a list begins at the latest, in pixels from the window's top.
const FIRST_ROW: f64 = 230.0;

/// What everything weighs that this page asked for: each answer as it was transferred, its head
/// counted as 300 bytes, as browsers do.
const WEIGHT: &str = "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')] \
    .map((e) => [new URL(e.name).pathname, e.transferSize, new URL(e.name).origin === location.origin])";

/// The page's layout shifts since it began, once it has been drawn anew.
const SHIFTS: &str = "const done = arguments[0], seen = []; \
    new PerformanceObserver((list) => seen.push(...list.getEntries())).observe({ type: 'layout-shift', buffered: true }); \
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(seen.filter((e) => !e.hadRecentInput) \
        .flatMap((e) => e.sources.map((s) => s.node?.className || s.node?.nodeName || '?'))))))";

async fn ask(browser: &Browser, script: &str) -> Value {
    browser.client.execute_async(script, Vec::new()).await.unwrap()
}

#[test]
fn the_scripts_stay_light() {
    let mut sizes = Vec::new();
    for file in std::fs::read_dir(repository().join("static/js")).unwrap() {
        let path = file.unwrap().path();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&std::fs::read(&path).unwrap()).unwrap();
        sizes.push((path, packed.finish().unwrap().len()));
    }
    let whole: usize = sizes.iter().map(|(_, size)| size).sum();
    assert!(whole <= SCRIPTS, "{whole} bytes: {sizes:#?}");
}

#[tokio::test]
async fn the_start_page_is_light_asks_no_other_host_and_does_not_move() {
    let app = busy_day().await;
    let browser = Browser::logged_in(&app).await;
    for period in ["24h", "7d", "30d"] {
        browser.devtools("Network.clearBrowserCache", json!({})).await;
        browser.open(&format!("/admin/?period={period}")).await;
        // The icons come after the page.
        let parts = wait::until("all its parts", async || {
            let parts = browser.script(WEIGHT).await;
            let names = parts.to_string();
            ["favicon", "icons", "admin", "panel", "live"]
                .iter()
                .all(|name| names.contains(name))
                .then_some(parts)
        })
        .await;
        let parts = parts.as_array().unwrap();
        let size: u64 = parts.iter().map(|part| part[1].as_u64().unwrap()).sum();
        println!("start page of {period}: {size} bytes in {} answers: {parts:?}", parts.len());
        assert!(size <= START_PAGE, "{period}: {size} bytes: {parts:#?}");
        assert!(parts.iter().all(|part| part[2] == true), "{parts:#?}");
        assert_eq!(ask(&browser, SHIFTS).await, json!([]), "{period}");
    }
    browser.close().await;
}

#[tokio::test]
async fn lists_begin_high_and_each_of_their_rows_is_a_link() {
    let app = busy_day().await;
    let browser = Browser::logged_in(&app).await;
    let mut faults = Vec::new();
    let rows = "return [...document.querySelectorAll('main .table-wrap > .table > tbody > tr[data-id]')].map((row) => [ \
                row.getBoundingClientRect().top, !!row.querySelector('th a.row-link[href]')])";
    for address in [
        "/admin/hooks/webhook/",
        "/admin/hooks/webhook/?o=2",
        "/admin/hooks/delivery/",
        "/admin/hooks/job/",
        "/admin/auth/user/",
        "/admin/log/",
    ] {
        browser.look(1280, "light").await;
        browser.open(address).await;
        let found = browser.script(rows).await;
        let found = found.as_array().unwrap();
        let top = found.first().unwrap_or_else(|| panic!("{address} has no row"))[0].as_f64();
        println!("{address}: {top:?}");
        if top >= Some(FIRST_ROW) {
            faults.push(format!("{address}: the first row begins at {top:?}"));
        }
        if found.iter().any(|row| row[1] != true) {
            faults.push(format!("{address}: a row is no link"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    // Wherever a row is pressed, it opens; what has a purpose of its own keeps it.
    browser.open("/admin/hooks/delivery/").await;
    let pressed = "const row = document.querySelector('tbody tr[data-id]'), at = (e, x = .9) => { \
                   const b = e.getBoundingClientRect(); return document.elementFromPoint(b.left + b.width * x, b.top + b.height / 2); }; \
                   return [...row.querySelectorAll('td:not(.check)')].map((cell) => at(cell, .98).closest('a')?.className) \
                   .concat([at(row.querySelector('.row-box'), .5).localName])";
    let pressed = browser.script(pressed).await;
    let (tick, cells) = pressed.as_array().unwrap().split_last().unwrap();
    assert!(cells.iter().all(|cell| cell == "row-link"), "{cells:?}");
    assert_eq!(tick, "input");
    browser.close().await;
}

#[tokio::test]
async fn no_page_moves_by_itself() {
    let app = lists().await;
    let browser = Browser::logged_in(&app).await;
    let mut faults = Vec::new();
    for address in LISTS {
        for width in WIDTHS {
            browser.look(width, "light").await;
            browser.open(address).await;
            let shifts = ask(&browser, SHIFTS).await;
            if shifts != json!([]) {
                faults.push(format!("{address}, {width} px: {shifts}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    // Not when rows come either.
    app.add_webhook(&webhooks::push()).await;
    browser.look(1280, "light").await;
    browser.open("/admin/hooks/delivery/").await;
    app.send(&Delivery::push_2015().token(TOKEN)).await;
    let bar = "return document.querySelector('[data-new-rows]').checkVisibility()";
    wait::until_equal("the bar", json!(true), async || browser.script(bar).await).await;
    assert_eq!(ask(&browser, SHIFTS).await, json!([]));
    browser.close().await;
}

#[tokio::test]
async fn what_lies_over_a_list_is_sound_to_every_eye() {
    let app = lists().await;
    let axe = read_axe();
    let browser = Browser::logged_in(&app).await;
    let mut faults = Vec::new();
    for (address, name) in [
        ("/admin/hooks/delivery/?verdict=matched&view=1", "deliveries"),
        ("/admin/hooks/webhook/", "webhooks"),
    ] {
        browser.open(address).await;
        browser.script("document.querySelector('.row-box').click()").await;
        for menu in [".filters", "[data-columns]"] {
            let open = format!(
                "for (const each of document.querySelectorAll('details[open]')) each.open = false; \
                 document.querySelector('{menu}').open = true"
            );
            browser.script(&open).await;
            browser.pictures(&format!("over-{name}-{}", menu.trim_matches(['.', '[', ']']))).await;
            for width in WIDTHS {
                for scheme in SCHEMES {
                    browser.look(width, scheme).await;
                    faults.extend(serious(&browser, &axe).await);
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    browser.close().await;
}

/// What is drawn is told in words too: each chart has a name, and beside it a table or links that are named.
#[tokio::test]
async fn each_chart_has_a_text_alternative() {
    let app = busy_day().await;
    let browser = Browser::logged_in(&app).await;
    let charts = "return [...document.querySelectorAll('main svg:not(.icon, .brand-mark, [aria-hidden=true], svg svg)')].map((chart) => [ \
                  chart.getAttribute('aria-label')?.length > 10, \
                  chart.closest('section').querySelector('table tbody tr') !== null])";
    for address in ["/admin/", "/admin/hooks/job/stats/", "/admin/hooks/webhook/1/"] {
        browser.open(address).await;
        let found = browser.script(charts).await;
        let found = found.as_array().unwrap();
        assert!(!found.is_empty(), "{address} has no chart");
        assert!(found.iter().all(|chart| *chart == json!([true, true])), "{address}: {found:?}");
    }
    browser.close().await;
}
