//! Pages of jobs that have ended, in a real browser: what is seen first of a failed one, its output
//! looked through, a link to one line, the statistics.

use crate::support::app::{Setup, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};

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
