//! Lanes: one at a time, in order, over processes, whoever dies.

use super::cancel::{press, processes, token};
use super::run::{attempts, push, webhook_with};
use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::wait;
use crate::support::webhooks::{self, with};

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
async fn a_serial_webhook_runs_one_at_a_time_in_order_over_two_workers() {
    let setup = Setup::new().await.action("alone", "", ALONE).argument("--no-worker");
    let app = setup.start().await;
    webhook_with(&app, "alone", &[("concurrency", "serial")]).await;
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
    webhook_with(&app, "hold", &[("concurrency", "serial")]).await;
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
    webhook_with(&app, "hold", &[("concurrency", "latest")]).await;
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
    page.says("Superseded by a newer job of the same ref before it started");
    assert!(page.has(&format!("main a[href='/admin/hooks/job/{newest}/']")));
    wait::until("the place in the lane", async || {
        let page = panel.open(&format!("/admin/hooks/job/{newest}/")).await;
        page.main().contains("place 3 in the lane").then_some(())
    })
    .await;
    go(&app);
    end(&app, 4).await;
    assert_eq!(attempts(&app, &overtaken).await, [""; 0]);
    for job in [running, other, newest] {
        assert_eq!(attempts(&app, &job).await, ["succeeded 0"]);
    }
}

/// The newest job of a ref also ends the one that runs. With one worker that makes one attempt at a
/// time, nobody else could see to it.
#[tokio::test]
async fn the_newest_ends_the_one_that_runs_over_two_workers() {
    let long = "trap '' TERM; setsid sleep 600 & echo $$ $!; wait; sleep 600";
    let setup = Setup::new().await.action("long", "", long).argument("--no-worker");
    let app = setup.setting("SIGNALBOX_WORKER_CONCURRENCY", "1").start().await;
    let _first = app.worker();
    let lane = [("concurrency", "latest"), ("cancel_running", "on")];
    webhook_with(&app, "long", &lane).await;
    let old = push(&app, "a").await;
    let pids = processes(&app, &old).await;
    let other = Delivery::push_2015().token(TOKEN).key("o").with("/ref", "refs/heads/other");
    let [other] = app.send(&other).await.expect(202, "matched").jobs().try_into().unwrap();
    let other: String = other;
    let waiting = push(&app, "b").await;
    let panel = app.panel().await;
    wait::until("the job that is being stopped", async || {
        let page = panel.open(&format!("/admin/hooks/job/{old}/")).await;
        page.main()
            .contains("Superseded by a newer job of the same ref: its processes are being stopped")
            .then_some(())
    })
    .await;
    let page = panel.open(&format!("/admin/hooks/job/{old}/cancel/")).await;
    let again = panel.post(&format!("/admin/hooks/job/{old}/cancel/"), &token(&page)).await;
    assert_eq!(again.status, 409);
    again.says("a newer job supersedes it");
    let _second = app.worker();
    let newest = push(&app, "c").await;
    app.job_is(&old, "cancelled").await;
    for pid in pids {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} is gone");
    }
    app.job_is(&waiting, "superseded").await;
    let page = panel.open(&format!("/admin/hooks/job/{old}/")).await;
    page.says("Cancelled: superseded by a newer job of the same ref.");
    assert!(page.has("main a[href^='/admin/hooks/job/'][href$='/']"), "{}", page.html);
    assert!(!page.main().contains("Cancelled by"));
    // In the order they came; the other ref's goes on while this one's newest waits.
    app.job_is(&other, "running").await;
    assert_eq!(app.job_state(&newest).await, "queued");
}

#[tokio::test]
async fn what_is_paused_does_not_end_the_one_that_runs() {
    let app = Setup::new().await.action("hold", "", HOLD).start().await;
    let lane = [("concurrency", "latest"), ("cancel_running", "on")];
    webhook_with(&app, "hold", &lane).await;
    let old = push(&app, "a").await;
    app.job_is(&old, "running").await;
    let panel = app.panel().await;
    let form = panel.open("/admin/hooks/worker/").await.form_with("reason");
    panel.submit(form.set("scope", "all").set("reason", "release day")).await;
    let newer = Delivery::push_2015().token(TOKEN).key("b");
    let [newer] = app.send(&newer).await.expect(202, "paused").jobs().try_into().unwrap();
    let newer: String = newer;
    wait::until_equal("the hold", "paused".to_owned(), async || {
        app.database().value(&format!("SELECT held FROM jobs WHERE id = '{newer}'")).await
    })
    .await;
    go(&app);
    app.job_is(&old, "succeeded").await;
}

#[tokio::test]
async fn a_burst_runs_once_when_the_newest_waits_for_a_newer_one() {
    let app = Setup::new().await.action("alone", "", ALONE).start().await;
    let lane = [("concurrency", "latest"), ("debounce_s", "2")];
    webhook_with(&app, "alone", &lane).await;
    let mut jobs = Vec::new();
    for number in 0..4 {
        jobs.push(push(&app, &format!("k{number}")).await);
    }
    assert_eq!(app.job_state(&jobs[3]).await, "scheduled");
    end(&app, 4).await;
    assert_eq!(began(&app), jobs[3..]);
}

#[tokio::test]
async fn two_webhooks_share_the_lane_that_their_entries_name() {
    let app = Setup::new()
        .await
        .action("alone", "lane = \"docker\"", ALONE)
        .action("other", "lane = \"docker\"", ALONE)
        .start()
        .await;
    webhook_with(&app, "alone", &[]).await;
    webhook_with(&app, "other", &[("name", "second")]).await;
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
    webhook_with(&app, "hold", &[("concurrency", "serial")]).await;
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
    let wrong = with(webhooks::push(), &[("concurrency", "serial"), ("debounce_s", "5")]);
    let page = panel.submit(form.clone().fill(&wrong)).await;
    page.says("Debounce needs concurrency");
    let page = panel.submit(form.fill(&with(wrong, &[("concurrency", "sideways")]))).await;
    page.says("Choose one from the list.");
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    let wrong = with(webhooks::push(), &[("cancel_running", "on")]);
    panel.submit(form.fill(&wrong)).await.says("Cancelling the running job needs concurrency");
}
