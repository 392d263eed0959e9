//! What the panel looks like to this and that eye: without colours, in either theme, on paper.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::wait;
use crate::support::webhooks::{self, with};
use fantoccini::Locator;
use fantoccini::actions::{InputSource, MouseActions, PointerAction};
use serde_json::{Value, json};

const LIST: &str = "/admin/hooks/webhook/";
const JOBS: &str = "/admin/hooks/job/";

/// What all badges of the page look like: state, words, icon, and contrast of words and ground.
const BADGES: &str = "const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true }); \
    const grey = (...colours) => { canvas.fillStyle = '#fff'; canvas.fillRect(0, 0, 1, 1); \
      for (const c of colours) { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); } \
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); \
      return .2126 * r + .7152 * g + .0722 * b; }; \
    return [...document.querySelectorAll('main .badge')].map(e => { const s = getComputedStyle(e), body = getComputedStyle(document.body).backgroundColor; \
      const [a, b] = [grey(body, s.backgroundColor), grey(body, s.backgroundColor, s.color)].sort((x, y) => y - x); \
      return [e.dataset.state, e.textContent.trim(), e.querySelector('use').getAttribute('href').split('#')[1], (a + .05) / (b + .05)]; })";

/// One job of every state.
async fn jobs(app: &App) -> Vec<String> {
    let states =
        ["queued", "retrying", "running", "succeeded", "failed", "cancelled", "superseded"];
    for (number, state) in states.iter().enumerate() {
        let delivery = Delivery::push_2015().token(TOKEN).key(&number.to_string());
        let [job] = app.send(&delivery).await.jobs().try_into().unwrap();
        let sql = format!("UPDATE jobs SET state = '{state}' WHERE id = '{job}'");
        app.database().execute(&sql).await;
    }
    states.map(str::to_owned).into()
}

#[tokio::test]
async fn f42_badges_are_told_apart_by_word_and_icon_without_any_colour() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    let states = jobs(&app).await;
    let browser = Browser::logged_in(&app).await;
    browser
        .devtools("Emulation.setEmulatedVisionDeficiency", json!({ "type": "achromatopsia" }))
        .await;
    for scheme in ["light", "dark"] {
        browser.look(1280, scheme).await;
        browser.open(JOBS).await;
        let badges = browser.script(BADGES).await;
        let badges: Vec<(String, String, String, f64)> = serde_json::from_value(badges).unwrap();
        for state in &states {
            let badge = badges.iter().find(|badge| badge.0 == *state);
            let (_, words, icon, contrast) = badge.unwrap_or_else(|| panic!("no {state} badge"));
            assert!(!words.is_empty() && !icon.is_empty(), "{state}");
            assert!(*contrast >= 4.5, "{state}, {scheme}: {contrast}");
        }
        // What looks alike without colours has the same meaning.
        for one in &badges {
            let twin = badges.iter().find(|two| two.0 != one.0 && (two.1 == one.1));
            assert!(twin.is_none(), "{one:?} {twin:?}");
        }
    }
    browser.pictures("jobs-greyscale").await;
    browser.close().await;
}

#[tokio::test]
async fn f63_the_theme_turns_at_once_is_kept_and_no_other_is_seen_on_the_way() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let browser = Browser::logged_in(&app).await;
    browser.open(LIST).await;
    let ground = "return getComputedStyle(document.body).backgroundColor";
    browser.look(1280, "light").await;
    let light = browser.script(ground).await;
    browser.look(1280, "dark").await;
    let dark = browser.script(ground).await;
    assert_ne!(light, dark, "as the system, while it is open too");
    let button = Locator::Css("[data-theme-button]");
    let mut seen = Vec::new();
    for _ in 0..3 {
        browser.clicked(button).await;
        let named = "const b = document.querySelector('[data-theme-button]'); \
                     return [b.getAttribute('aria-label'), b.querySelector('use').getAttribute('href').split('#')[1]]";
        seen.push((browser.script(ground).await, browser.script(named).await));
    }
    let named = |word: &str, icon: &str| json!([word, icon]);
    assert_eq!(
        seen,
        [
            (light.clone(), named("Theme: light", "theme-light")),
            (dark.clone(), named("Theme: dark", "theme-dark")),
            (dark.clone(), named("Theme: system", "theme-auto")),
        ]
    );

    // Kept against the system's: every frame from the first on is of this theme.
    let watch = "window.grounds = []; const look = () => { \
                 if (document.body) grounds.push(getComputedStyle(document.body).backgroundColor); \
                 if (grounds.length < 30) requestAnimationFrame(look); }; requestAnimationFrame(look)";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch })).await;
    for (presses, system, kept) in [(1, "dark", &light), (1, "light", &dark)] {
        for _ in 0..presses {
            browser.clicked(button).await;
        }
        browser.look(1280, system).await;
        for address in [LIST, "/admin/"] {
            browser.open(address).await;
            let grounds = wait::until("thirty frames", async || {
                let grounds = browser.script("return window.grounds").await;
                (grounds.as_array()?.len() >= 30).then_some(grounds)
            })
            .await;
            let others: Vec<&Value> =
                grounds.as_array().unwrap().iter().filter(|ground| *ground != kept).collect();
            assert!(others.is_empty(), "{address}: {others:?} instead of {kept}");
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn f65_every_time_has_the_absolute_one_with_its_zone() {
    let app = App::start().await;
    let [id, delivery, job] = webhooks::run_push(&app).await;
    let browser = Browser::logged_in(&app).await;
    for address in [
        "/admin/?actions=everyone".to_owned(),
        LIST.to_owned(),
        "/admin/hooks/delivery/".to_owned(),
        JOBS.to_owned(),
        "/admin/log/".to_owned(),
        "/admin/sessions/".to_owned(),
        "/admin/hooks/worker/".to_owned(),
        format!("{LIST}{id}/"),
        format!("{LIST}{id}/history/"),
        format!("/admin/hooks/delivery/{delivery}/"),
        format!("{JOBS}{job}/"),
    ] {
        browser.open(&address).await;
        let without = "const times = [...document.querySelectorAll('main time')]; \
                       return [times.length, times.filter(t => !/UTC(\\n|$)/.test(t.title) && !/UTC/.test(t.textContent) \
                       && !t.closest('.log')).map(t => t.outerHTML)]";
        let found = browser.script(without).await;
        assert!(found[0].as_i64() > Some(0), "no time at {address}");
        assert_eq!(found[1], json!([]), "{address}");
    }
    // What the mouse rests on is the element that carries the words.
    browser.open("/admin/hooks/delivery/").await;
    let time = browser.found(Locator::Css("tbody time")).await;
    let over = PointerAction::MoveToElement { element: time, duration: None, x: 0., y: 0. };
    let mouse = MouseActions::new("mouse".to_owned()).then(over);
    browser.client.perform_actions(mouse).await.unwrap();
    let under =
        "const t = document.querySelector('tbody time'); return t.matches(':hover') && t.title";
    let title = browser.script(under).await;
    assert!(title.as_str().unwrap().lines().next().unwrap().ends_with("UTC"), "{title}");
    browser.close().await;
}

#[tokio::test]
async fn f75_paper_and_forced_colours_keep_text_borders_and_states() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    app.add_webhook(&with(webhooks::pending_push(), &[("repo_name", "waits")])).await;
    jobs(&app).await;
    let browser = Browser::logged_in(&app).await;
    let states = "return [...document.querySelectorAll('main .badge')].every(e => { const s = getComputedStyle(e); \
                  return e.checkVisibility() && s.borderTopStyle === 'solid' && parseFloat(s.borderTopWidth) >= 1 \
                  && s.color !== s.backgroundColor && e.textContent.trim() !== '' && e.querySelector('svg').getBoundingClientRect().width > 5; })";
    let ink = "const light = c => c.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) / 3; \
               return [light(getComputedStyle(document.body).color) < 80, light(getComputedStyle(document.body).backgroundColor) > 240]";
    browser.open(JOBS).await;
    for press in 0..2 {
        // Light, then dark: a dark screen is printed black on white all the same.
        browser.key("t").await;
        browser.media("print", &[]).await;
        assert_eq!(browser.script(ink).await, json!([true, true]), "press {press}");
        assert_eq!(browser.script(states).await, json!(true), "on paper");
        browser.media("", &[]).await;
    }
    let printed = browser.devtools("Page.printToPDF", json!({ "printBackground": false })).await;
    assert!(printed["data"].as_str().unwrap().len() > 10_000);
    for address in [JOBS, LIST, "/admin/hooks/delivery/", "/admin/"] {
        browser.open(address).await;
        for scheme in ["light", "dark"] {
            let features = [("forced-colors", "active"), ("prefers-color-scheme", scheme)];
            browser.media("", &features).await;
            assert_eq!(browser.script(states).await, json!(true), "{address} {scheme}");
            let lines = "return [...document.querySelectorAll('main .button, main input:not([type=checkbox]):not([type=hidden]), main select')] \
                         .filter(e => e.checkVisibility()).every(e => getComputedStyle(e).borderTopStyle !== 'none')";
            assert_eq!(browser.script(lines).await, json!(true), "{address} {scheme}");
        }
    }
    browser.close().await;
}
