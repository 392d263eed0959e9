//! Cancel and Run now: legal where they make sense, seen through by whichever process runs the job.

use super::run::{attempts, output, push, webhook_with};
use crate::support::app::{App, Setup};
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::wait;

/// Tells its process id and a grandchild's, and ends by itself only after ten minutes.
const LONG: &str = "sleep 600 & echo $$ $!; wait";

pub async fn press(panel: &Panel, job: &str, verb: &str) -> Page {
    let address = format!("/admin/hooks/job/{job}/");
    if verb == "cancel" {
        let question = panel.open(&format!("{address}cancel/")).await;
        return panel.submit(question.form_to(&format!("{address}cancel/"))).await;
    }
    let page = panel.open(&address).await;
    panel.submit(page.form_to(&format!("{address}{verb}/"))).await
}

pub async fn processes(app: &App, job: &str) -> Vec<String> {
    wait::until("the action's process ids", async || {
        let printed = output(app, job, "stdout").await;
        printed.ends_with('\n').then(|| printed.split_whitespace().map(str::to_owned).collect())
    })
    .await
}

fn is_gone(process: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .map_or(true, |stat| stat.contains(") Z "))
}

#[tokio::test]
async fn f33_a_running_job_is_stopped_by_the_worker_of_another_process() {
    let setup = Setup::new().await.action("long", "", LONG).argument("--no-worker");
    let app = setup.start().await;
    let _worker = app.worker();
    webhook_with(&app, "long", &[("max_attempts", "5")]).await;
    let job = push(&app, "k").await;
    let processes = processes(&app, &job).await;
    let panel = app.panel().await;
    let page = press(&panel, &job, "cancel").await;
    assert_eq!((page.status, page.address), (200, format!("/admin/hooks/job/{job}/")));
    app.job_is(&job, "cancelled").await;
    for process in &processes {
        wait::until("the end of the group", async || is_gone(process).then_some(())).await;
    }
    assert_eq!(attempts(&app, &job).await, ["cancelled"], "it is not tried again");
    let page = panel.open(&format!("/admin/hooks/job/{job}/")).await;
    page.says("Cancelled by ada.");
    assert!(page.has("#not-cancel"), "the button says why it is off");
    let who = "SELECT verb || ' ' || actor_name FROM audit_log WHERE object_type = 'job'";
    assert_eq!(app.database().column(who).await, ["cancel ada"]);
}

#[tokio::test]
async fn f33_a_job_says_stopping_until_its_processes_are_gone() {
    // Takes a while to tidy up after TERM.
    let tidy = "trap 'sleep 2; exit 1' TERM; echo ready; sleep 600 & wait";
    let app = Setup::new().await.action("tidy", "", tidy).start().await;
    webhook_with(&app, "tidy", &[]).await;
    let job = push(&app, "k").await;
    processes(&app, &job).await;
    let panel = app.panel().await;
    let page = press(&panel, &job, "cancel").await;
    page.says("Stopping").says("Cancelled by ada: its processes");
    assert!(page.states("main").contains(&"running".to_owned()));
    let again = panel.post(&format!("/admin/hooks/job/{job}/cancel/"), &token(&page)).await;
    assert_eq!(again.status, 409, "the second click is told");
    app.job_is(&job, "cancelled").await;
}

/// The fields that make a post one of the page's own.
pub fn token(page: &Page) -> Vec<(String, String)> {
    let value = page.attributes("[name=csrf_token]", "value").into_iter().next().unwrap();
    vec![("csrf_token".to_owned(), value)]
}

#[tokio::test]
async fn what_waits_is_cancelled_at_once_or_run_now_and_what_ended_is_neither() {
    let script = "[ $SIGNALBOX_ATTEMPT -gt 1 ] || exit 75";
    let app = Setup::new().await.action("flaky", "", script).start().await;
    webhook_with(&app, "flaky", &[("max_attempts", "5")]).await;
    let panel = app.panel().await;
    let mut jobs = Vec::new();
    for key in ["a", "b"] {
        let job = push(&app, key).await;
        app.job_is(&job, "retrying").await;
        // Far enough away that only a person can be the reason.
        let later = "UPDATE jobs SET run_at = now() + interval '1 hour'";
        app.database().execute(&format!("{later} WHERE id = '{job}'")).await;
        jobs.push(job);
    }
    press(&panel, &jobs[0], "cancel").await;
    assert_eq!(app.job_state(&jobs[0]).await, "cancelled");
    press(&panel, &jobs[1], "run-now").await;
    app.job_is(&jobs[1], "succeeded").await;
    assert_eq!(attempts(&app, &jobs[1]).await, ["failed 75", "succeeded 0"]);

    let page = panel.open(&format!("/admin/hooks/job/{}/", jobs[1])).await;
    for verb in ["cancel", "run-now"] {
        let address = format!("/admin/hooks/job/{}/{verb}/", jobs[1]);
        assert_eq!(panel.post(&address, &token(&page)).await.status, 409, "{verb}");
    }
    assert_eq!(app.job_state(&jobs[0]).await, "cancelled", "nothing brings it back");
}

#[tokio::test]
async fn a_cancelled_job_whose_worker_died_is_not_run_again() {
    let setup = Setup::new().await.action("long", "", LONG).argument("--no-worker");
    let app = setup.start().await;
    let mut worker = app.worker();
    webhook_with(&app, "long", &[]).await;
    let job = push(&app, "k").await;
    processes(&app, &job).await;
    worker.kill();
    press(&app.panel().await, &job, "cancel").await;
    let _second = app.worker();
    app.job_is(&job, "cancelled").await;
    assert_eq!(attempts(&app, &job).await, ["lost"]);
}
