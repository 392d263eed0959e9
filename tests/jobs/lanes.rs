//! Lanes: one at a time, in order, over processes, whoever dies.

use super::cancel::press;
use super::run::{attempts, push, record_with};
use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::records::{self, with};
use crate::support::wait;

/// Writes down when it begins and ends, and fails if another is in between.
const ALONE: &str = "cd \"$(dirname \"$0\")\"; mkdir here || { echo met; exit 9; }; \
                     echo $SIGNALBOX_JOB >>began; sleep 0.2; rmdir here";

/// Runs until the file `go` is there.
const HOLD: &str = "cd \"$(dirname \"$0\")\"; while ! [ -e go ]; do sleep 0.05; done";

fn began(app: &App) -> Vec<String> {
    let text = std::fs::read_to_string(app.folder().join("actions/began")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn go(app: &App) {
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
}

async fn end(app: &App, count: usize) {
    let sql = "SELECT id FROM jobs WHERE state IN ('succeeded', 'superseded')";
    wait::until("the end of all jobs", async || {
        (app.database().column(sql).await.len() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_serial_record_runs_one_at_a_time_in_order_over_two_workers() {
    let setup = Setup::new().await.action("alone", "", ALONE).argument("--no-worker");
    let app = setup.start().await;
    record_with(&app, "alone", &[("concurrency", "serial")]).await;
    let mut jobs = Vec::new();
    for number in 0..12 {
        jobs.push(push(&app, &format!("k{number}")).await);
    }
    let _workers = (app.worker(), app.worker());
    end(&app, jobs.len()).await;
    assert_eq!(began(&app), jobs);
}

#[tokio::test]
async fn a_dead_worker_frees_its_lane() {
    let setup = Setup::new().await.action("hold", "", HOLD).argument("--no-worker");
    let app = setup.start().await;
    record_with(&app, "hold", &[("concurrency", "serial")]).await;
    let mut first = app.worker();
    let running = push(&app, "a").await;
    app.job_is(&running, "running").await;
    let waiting = push(&app, "b").await;
    first.kill();
    let _second = app.worker();
    app.job_is(&running, "running").await;
    assert_eq!(app.job_state(&waiting).await, "queued");
    go(&app);
    app.job_is(&waiting, "succeeded").await;
    assert_eq!(attempts(&app, &running).await, ["lost", "succeeded 0"]);
    assert_eq!(attempts(&app, &waiting).await, ["succeeded 0"]);
}

#[tokio::test]
async fn of_each_ref_the_newest_waits_and_those_it_overtook_lead_to_it() {
    let app = Setup::new().await.action("hold", "", HOLD).start().await;
    record_with(&app, "hold", &[("concurrency", "latest")]).await;
    let send = async |git_ref: &str, key: &str| {
        let delivery = Delivery::push_2015().token(TOKEN).key(key).with("/ref", git_ref);
        let [job] = app.send(&delivery).await.expect(202, "matched").jobs().try_into().unwrap();
        job
    };
    let running: String = send("refs/heads/main", "a").await;
    app.job_is(&running, "running").await;
    let overtaken = send("refs/heads/main", "b").await;
    let other = send("refs/heads/other", "c").await;
    let newest = send("refs/heads/main", "d").await;
    app.job_is(&overtaken, "superseded").await;
    let panel = app.panel().await;
    let page = panel.open(&format!("/admin/hooks/job/{overtaken}/")).await;
    page.says("took its place");
    assert!(page.has(&format!("main a[href='/admin/hooks/job/{newest}/']")));
    wait::until("the place in the lane", async || {
        let page = panel.open(&format!("/admin/hooks/job/{newest}/")).await;
        page.main().contains("Number 3 in the lane").then_some(())
    })
    .await;
    go(&app);
    end(&app, 4).await;
    assert_eq!(attempts(&app, &overtaken).await, [""; 0]);
    for job in [running, other, newest] {
        assert_eq!(attempts(&app, &job).await, ["succeeded 0"]);
    }
}

#[tokio::test]
async fn a_burst_runs_once_when_the_newest_waits_for_a_newer_one() {
    let app = Setup::new().await.action("alone", "", ALONE).start().await;
    let lane = [("concurrency", "latest"), ("debounce_s", "2")];
    record_with(&app, "alone", &lane).await;
    let mut jobs = Vec::new();
    for number in 0..4 {
        jobs.push(push(&app, &format!("k{number}")).await);
    }
    assert_eq!(app.job_state(&jobs[3]).await, "scheduled");
    end(&app, 4).await;
    assert_eq!(began(&app), jobs[3..]);
}

#[tokio::test]
async fn two_records_share_the_lane_that_their_entries_name() {
    let app = Setup::new()
        .await
        .action("alone", "lane = \"docker\"", ALONE)
        .action("other", "lane = \"docker\"", ALONE)
        .start()
        .await;
    record_with(&app, "alone", &[]).await;
    record_with(&app, "other", &[("name", "second")]).await;
    for number in 0..4 {
        let delivery = Delivery::push_2015().token(TOKEN).key(&format!("k{number}"));
        assert_eq!(app.send(&delivery).await.expect(202, "matched").jobs().len(), 2);
    }
    end(&app, 8).await;
    assert_eq!(began(&app).len(), 8);
}

#[tokio::test]
async fn a_cancelled_job_lets_the_next_of_its_lane_go() {
    let app = Setup::new().await.action("hold", "", HOLD).start().await;
    record_with(&app, "hold", &[("concurrency", "serial")]).await;
    let first = push(&app, "a").await;
    app.job_is(&first, "running").await;
    let second = push(&app, "b").await;
    let panel = app.panel().await;
    press(&panel, &first, "cancel").await;
    app.job_is(&first, "cancelled").await;
    app.job_is(&second, "running").await;
    go(&app);
    app.job_is(&second, "succeeded").await;
}

#[tokio::test]
async fn a_wait_needs_the_newest_and_a_choice_must_be_one() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    let wrong = with(records::push(), &[("concurrency", "serial"), ("debounce_s", "5")]);
    let page = panel.submit(form.clone().fill(&wrong)).await;
    page.says("Only where the newest of each ref runs");
    let page = panel.submit(form.fill(&with(wrong, &[("concurrency", "sideways")]))).await;
    page.says("Choose one of the list.");
}
