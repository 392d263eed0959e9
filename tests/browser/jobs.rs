//! Pages of jobs that have ended, in a real browser: what is seen first of a failed one, its output
//! looked through, a link to one line, the statistics.

use crate::support::app::{Setup, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::wait;
use crate::support::webhooks::{self, with};
use fantoccini::Locator;
use serde_json::json;

const SCRIPT: &str = "seq -f 'Compiling part %g of 1500, which is a rather long line that goes on until it reaches the edge of the page and beyond it' 1 1500; \
                      sleep 0.3; echo \"error: target ${SIGNALBOX_BRANCH} has no such file\" >&2; exit 2";

#[tokio::test]
async fn a_failed_job_is_understood_and_its_output_looked_through() {
    let more = "retry_on_failure = true\nseparate_stderr = true\n[retry]\ndelays_s = [0]\n";
    let app = Setup::new().await.action("build", more, SCRIPT).start().await;
    let webhook = [("action", "build"), ("max_attempts", "2"), ("name", "Site build")];
    app.add_webhook(&with(webhooks::push(), &webhook)).await;
    let mut jobs = Vec::new();
    for key in ["a", "b", "c", "d", "e", "f"] {
        let delivery = Delivery::push_2015().token(TOKEN).key(key);
        let [job] = app.send(&delivery).await.jobs().try_into().unwrap();
        app.job_is(&job, "failed").await;
        jobs.push(job);
    }
    let states = ["succeeded", "succeeded", "cancelled", "superseded"];
    for (job, state) in jobs[1..].iter().zip(states) {
        let sql = format!(
            "UPDATE jobs SET state = '{state}', finished_at = now() - interval '3 hours', \
             cancelled_by = 'ada', superseded_by = '{}' WHERE id = '{job}'",
            jobs[0]
        );
        app.database().execute(&sql).await;
    }
    let browser = Browser::logged_in(&app).await;
    let address = format!("/admin/hooks/job/{}/", jobs[0]);
    browser.open(&address).await;
    browser.says("It ended with exit code 2.").await;
    browser.pictures("job-failed").await;
    // The end of the output, where the error stands, is what is seen of it.
    let seen = "const log = document.querySelector('.log').getBoundingClientRect(); \
                const line = document.querySelector('.log li[data-stream=stderr]').getBoundingClientRect(); \
                return line.top >= log.top && line.bottom <= log.bottom + 1";
    assert_eq!(browser.script(seen).await, true);
    browser.open(&format!("{address}?times=1&wrap=0&find=part%2014")).await;
    browser.pictures("job-find").await;

    // A line that is not among the last ones: its link leads to it all the same.
    browser.open("/admin/").await;
    browser.open(&format!("{address}#L7")).await;
    browser.at(&format!("{address}?line=7#L7")).await;
    let shown = "return document.querySelector(':target code').textContent.slice(0, 18)";
    assert_eq!(browser.script(shown).await, "Compiling part 7 o");
    browser.open("/admin/hooks/job/stats/").await;
    browser.pictures("job-stats-all").await;
    browser.open(&format!("/admin/hooks/job/{}/", jobs[3])).await;
    browser.says("Cancelled: superseded by a newer job").await;
    browser.pictures("job-gave-way").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    app.database()
        .execute("DELETE FROM job_output; UPDATE job_attempts SET output_pruned_at = now()")
        .await;
    browser.open(&format!("{address}output/?attempt=2")).await;
    browser.pictures("output-gone").await;
    browser.close().await;
}

#[tokio::test]
async fn a_window_turns_red_as_its_job_fails_and_the_menu_closes_again() {
    let waits = "cd \"$(dirname \"$0\")\"; while ! [ -e go ]; do sleep 0.05; done; exit 3";
    let app = Setup::new().await.action("fails", "", waits).start().await;
    app.add_webhook(&with(webhooks::push(), &[("action", "fails"), ("max_attempts", "1")])).await;
    let [job] = app.send(&Delivery::push_2015().token(TOKEN)).await.jobs().try_into().unwrap();
    app.job_is(&job, "running").await;
    let browser = Browser::logged_in(&app).await;
    browser.open(&format!("/admin/hooks/job/{job}/")).await;
    let window = "return [document.querySelector('link[rel=icon]').getAttribute('href').includes('failed'), \
                  document.title[0]]";
    assert_eq!(browser.script(window).await, json!([false, "▶"]));
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    wait::until_equal("the window", json!([true, "✕"]), async || browser.script(window).await)
        .await;

    let summary = Locator::Css("#more > summary");
    let open = "return [document.querySelector('#more').open, document.activeElement.closest('#more') !== null]";
    browser.clicked(summary).await;
    assert_eq!(browser.script(open).await, json!([true, true]));
    browser.pictures("job-more").await;
    browser.key("\u{E00C}").await; // Escape
    assert_eq!(browser.script(open).await, json!([false, true]));
    browser.clicked(summary).await;
    browser.clicked(Locator::Css("h1")).await;
    assert_eq!(browser.script(open).await, json!([false, false]));
    browser.close().await;
}
