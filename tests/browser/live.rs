//! A job's page while the job prints, in a real browser: follows, lets go, comes back, cancels.

use crate::support::app::{App, Setup};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::wait;
use crate::support::webhooks::{self, with};
use fantoccini::Locator;

// Until it is cancelled: on a busy machine no number of lines is enough.
const COUNT: &str = "n=0; while :; do n=$((n+1)); echo line $n; sleep 0.05; done";

async fn lines(browser: &Browser) -> Vec<String> {
    let texts = "return [...document.querySelectorAll('.log li code')].map((c) => c.textContent)";
    serde_json::from_value(browser.script(texts).await).unwrap()
}

/// The number that the last line shown says; 0 = none is shown.
fn last(shown: &[String]) -> usize {
    shown.last().map_or(0, |line| line.strip_prefix("line ").unwrap().parse().unwrap())
}

/// Waits for line `number`.
async fn reaches(browser: &Browser, number: usize) {
    wait::until(&format!("line {number}"), async || {
        (last(&lines(browser).await) >= number).then_some(())
    })
    .await;
}

async fn word(browser: &Browser, wanted: &str) {
    wait::until(&format!("the word {wanted}"), async || {
        let text = "return document.querySelector('[data-poll-word]')?.textContent ?? ''";
        (browser.script(text).await.as_str()? == wanted).then_some(())
    })
    .await;
}

async fn open(app: &App) -> (Browser, String) {
    let webhook = with(webhooks::push(), &[("action", "count")]);
    app.add_webhook(&webhook).await;
    let delivery = Delivery::push_2015().token(crate::support::app::TOKEN);
    let [job] = app.send(&delivery).await.jobs().try_into().unwrap();
    app.job_is(&job, "running").await;
    let browser = Browser::logged_in(app).await;
    browser.open(&format!("/admin/hooks/job/{job}/")).await;
    (browser, job)
}

fn assert_counted(shown: &[String]) {
    // A page shows the last thousand.
    let first = last(shown) + 1 - shown.len();
    for (number, line) in (first..).zip(shown) {
        assert_eq!(*line, format!("line {number}"), "none lost, none doubled");
    }
}

#[tokio::test]
async fn f7_f8_f33_f45_f46_output_follows_through_reload_scroll_and_restart_until_cancelled() {
    let setup = Setup::new().await.action("count", "", COUNT).argument("--no-worker");
    let mut app = setup.start().await;
    let _worker = app.worker();
    let (browser, job) = open(&app).await;
    word(&browser, "live").await;
    reaches(&browser, 60).await;
    // Loaded again in the middle: what was printed is there, and the end goes on.
    let seen = last(&lines(&browser).await);
    browser.open(&format!("/admin/hooks/job/{job}/")).await;
    let shown = lines(&browser).await;
    assert!(shown.len() >= seen.min(1_000), "earlier output is gone");
    reaches(&browser, last(&shown) + 20).await;
    assert_counted(&lines(&browser).await);
    let bottom = "const log = document.querySelector('.log'); \
                  return log.scrollHeight - log.scrollTop - log.clientHeight < 30";
    assert_eq!(browser.script(bottom).await, true, "it follows at the bottom");

    browser.script("document.querySelector('.log').scrollTop = 0").await;
    wait::until("the button that tells of new lines", async || {
        let hidden = "return document.querySelector('[data-new-lines]').hidden";
        (browser.script(hidden).await == false).then_some(())
    })
    .await;
    assert_eq!(browser.script("return document.querySelector('.log').scrollTop").await, 0);
    browser.pictures("job-live").await;
    // By script: the page may be renewed between finding and pressing.
    browser.script("document.querySelector('[data-new-lines]').click()").await;
    assert_eq!(browser.script(bottom).await, true);

    let address = app.base().strip_prefix("http://").unwrap().to_owned();
    app.kill();
    word(&browser, "reconnecting").await;
    app.restart_at(&address).await;
    word(&browser, "live").await;
    let shown = last(&lines(&browser).await);
    reaches(&browser, shown + 20).await;
    assert_counted(&lines(&browser).await);

    browser.script("document.querySelector('.verdict-actions a[href*=cancel]').click()").await;
    browser.at(&format!("/admin/hooks/job/{job}/cancel/")).await;
    browser.pictures("job-cancel").await;
    browser.submit("Cancel job").await;
    browser.at(&format!("/admin/hooks/job/{job}/")).await;
    browser.says("Cancelled by ada.").await;
    app.job_is(&job, "cancelled").await;
    browser.pictures("job-cancelled").await;
    for (address, name) in
        [("/admin/hooks/worker/", "workers"), ("/admin/hooks/job/stats/", "job-stats")]
    {
        browser.open(address).await;
        browser.pictures(name).await;
    }
    let found = Locator::Css("#workers [data-state=alive]");
    browser.open("/admin/hooks/worker/").await;
    browser.found(found).await;
    browser.fill("reason", "release day").await;
    browser.submit("Pause").await;
    browser.found(Locator::Css(".banner")).await;
    browser.pictures("workers-paused").await;
    browser.close().await;
}
