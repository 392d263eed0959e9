//! The start page in a real browser: its charts, a row a webhook, and how it refreshes itself.

use super::axe::{read_axe, serious_at};
use crate::support::app::{App, Setup, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::seed;
use crate::support::wait;
use crate::support::webhooks::{self, with};
use fantoccini::Locator;
use serde_json::json;

/// A day of a team: busy hours, quiet ones, one with far too much, and something of every state.
pub(super) async fn busy_day() -> App {
    let app = Setup::new().await.argument("--no-worker").start().await;
    let database = app.database();
    seed::webhooks(database, 14).await;
    seed::deliveries(database, 43_000).await;
    let hour = "(extract(epoch FROM now() - received_at) / 3600)::int";
    database
        .execute(&format!(
            "DELETE FROM jobs; \
             DELETE FROM deliveries WHERE {hour} <> 7 AND \
               abs(hashtext(id)) % 1000 > 4 + 14 * abs(sin({hour} / 4.0)); \
             UPDATE deliveries SET verdict = (ARRAY['matched', 'matched', 'matched', 'filtered', \
               'duplicate', 'matched', 'disabled', 'paused', 'registered', 'rejected', 'matched', \
               'unmatched', 'matched'])[1 + abs(hashtext(id)) % 13], \
               project_id = 1 + abs(hashtext(id)) % 11 WHERE {hour} <> 7; \
             INSERT INTO jobs (id, delivery_id, webhook_id, webhook_label, repo_name, ref, action, \
               action_params, state, attempts, tries_used, tries_lost, max_attempts, error, run_at, \
               queued_at, started_at, finished_at, requested_by, title) \
             SELECT id, id, project_id, repo_name || ' push', repo_name, ref, 'print', '{{}}', state, \
               1, 1, 0, 3, CASE state WHEN 'failed' THEN 'exit status 1' ELSE '' END, received_at, \
               received_at, received_at, CASE WHEN state IN ('running', 'queued', 'retrying') THEN NULL \
               ELSE received_at + abs(hashtext(id)) % 90000 * interval '1 ms' END, '', title \
             FROM (SELECT *, CASE WHEN project_id IN (3, 9) AND abs(hashtext(id || 'x')) % 3 = 0 \
               THEN 'failed' ELSE (ARRAY['succeeded', 'succeeded', 'succeeded', 'succeeded', 'cancelled', \
               'succeeded', 'superseded', 'succeeded', 'succeeded', 'succeeded', 'succeeded'])[1 + \
               abs(hashtext(id || 'y')) % 11] END AS state FROM deliveries \
               WHERE verdict = 'matched' AND {hour} <> 7) AS made; \
             UPDATE jobs SET state = 'running', finished_at = NULL WHERE id = (SELECT max(id) FROM jobs); \
             UPDATE jobs SET state = 'retrying', finished_at = NULL WHERE id = \
               (SELECT max(id) FROM jobs WHERE state = 'succeeded'); \
             UPDATE webhooks SET last_job_id = (SELECT max(id) FROM jobs WHERE webhook_id = webhooks.id); \
             UPDATE webhooks SET name = 'Customer portal: deploy main to staging' WHERE id = 2; \
             UPDATE webhooks SET enabled = false WHERE id = 5; \
             UPDATE webhooks SET project_id = -1 WHERE id = 13"
        ))
        .await;
    app
}

#[tokio::test]
async fn a_busy_day_is_legible_at_every_width_and_to_every_eye() {
    let app = busy_day().await;
    let browser = Browser::logged_in(&app).await;
    let axe = read_axe();
    let mut faults = Vec::new();
    let [close, open] = ["false", "true"].map(|open| {
        format!(
            "document.querySelectorAll('.stack-numbers').forEach((e) => {{ e.open = {open}; }})"
        )
    });
    for period in ["24h", "7d"] {
        browser.open(&format!("/admin/?period={period}")).await;
        browser.pictures(&format!("start-{period}")).await;
        for width in [375, 1280, 1920] {
            for each in [&close, &open] {
                browser.script(each).await;
                faults.extend(serious_at(&browser, &axe, width).await);
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    // Charts and attention stand above the fold.
    browser.look(1280, "light").await;
    browser.open("/admin/").await;
    let top = "return [...document.querySelectorAll('.stack')].map((e) => e.getBoundingClientRect().bottom)";
    let bottoms: Vec<f64> = serde_json::from_value(browser.script(top).await).unwrap();
    assert!(bottoms.iter().all(|bottom| *bottom < 400.0), "{bottoms:?}");
    // One hour has far more than the others: the axis is cut, and the bar says its number.
    let cut = "return [...document.querySelectorAll('section:has(#deliveries-title) .stack-cut text')].map((e) => e.textContent).join('')";
    let words = browser.script(cut).await;
    assert!(words.as_str().is_some_and(|words| !words.is_empty()), "{words}");
    let tall = "return [...document.querySelectorAll('section:has(#deliveries-title) a:not(:has(.stack-cut)) rect[data-state]')] \
                .map((e) => 120 - e.getAttribute('y')).reduce((a, b) => Math.max(a, b))";
    let tall = browser.script(tall).await;
    assert!(tall.as_u64() >= Some(20), "the others are not flat: {tall}");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test]
async fn a_period_is_chosen_and_the_page_refreshes_while_its_reader_keeps_their_place() {
    let app = App::start().await;
    app.add_webhook(&with(webhooks::push(), &[("name", "Website")])).await;
    let push = |key: &str| Delivery::push_2015().token(TOKEN).key(key);
    app.send(&push("a")).await.expect(202, "matched");
    let browser = Browser::logged_in(&app).await;
    browser.open("/admin/").await;
    browser.clicked(Locator::LinkText("7 days")).await;
    browser.at("/admin/?period=7d").await;
    browser.clicked(Locator::Css("#deliveries-numbers summary")).await;
    let matched = "return document.querySelector('#deliveries-numbers tbody tr:last-child td:last-child').textContent.trim()";
    assert_eq!(browser.script(matched).await, json!("1 matched"));
    browser.look(375, "light").await;
    browser
        .script(
            "scrollTo(0, 200); document.querySelector('.legend a').focus({ preventScroll: true })",
        )
        .await;
    let place = "return [scrollY, document.activeElement.textContent !== '', document.querySelector('#deliveries-numbers').open]";
    let before = browser.script(place).await;
    app.send(&push("b")).await.expect(202, "matched");
    wait::until("the second delivery", async || {
        (browser.script(matched).await == "2 matched").then_some(())
    })
    .await;
    assert_eq!(browser.script(place).await, before);
    let focus = "return document.activeElement.closest('.legend') !== null";
    assert_eq!(browser.script(focus).await, json!(true));
    // The form for a pause lies on the page, and asks for a time where one is chosen.
    browser.script("scrollTo(0, 0)").await;
    browser.clicked(Locator::Css(".pause-menu summary")).await;
    let inside = "const box = document.querySelector('.pause-box').getBoundingClientRect(); \
                  return box.left >= 0 && box.right <= innerWidth && document.documentElement.scrollWidth <= innerWidth";
    for width in [320, 375, 700, 1280] {
        browser.look(width, "light").await;
        assert_eq!(browser.script(inside).await, json!(true), "{width} px");
    }
    let time = "return document.querySelector('.pause-box [name=until_time]').checkVisibility()";
    assert_eq!(browser.script(time).await, json!(false));
    browser.choose("until", "at").await;
    assert_eq!(browser.script(time).await, json!(true));
    browser.pictures("start-pause").await;
    browser.choose("until", "15m").await;
    browser.fill("reason", "release day").await;
    browser.submit("Pause all jobs").await;
    browser.at("/admin/?period=7d").await;
    browser.found(Locator::Css(".banner")).await;
    browser.close().await;
}
