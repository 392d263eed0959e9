//! A process that dies: nothing that was answered is lost, nothing runs twice at once.

use super::run::{attempts, output, push, webhook_with};
use crate::support::app::{PASSWORD, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::wait;
use crate::support::webhooks;

/// Waits for the file `go` in the catalogue's folder; tells its process id first.
const HOLD: &str = "cd \"$(dirname \"$0\")\"; echo $$; \
                    while ! [ -e go ]; do sleep 0.05; done; echo done";

#[tokio::test]
async fn a_killed_server_runs_its_job_again_and_marks_the_first_attempt_lost() {
    let mut app = Setup::new().await.action("hold", "", HOLD).start().await;
    webhook_with(&app, "hold", &[]).await;
    let job = push(&app, "k").await;
    let first = wait::until("the action's process id", async || {
        output(&app, &job, "stdout").await.trim().parse::<u32>().ok()
    })
    .await;
    app.kill();
    wait::until("the end of the orphan", async || {
        let state = std::fs::read_to_string(format!("/proc/{first}/cmdline")).unwrap_or_default();
        (!state.contains("hold")).then_some(())
    })
    .await;

    app.restart().await;
    wait::until("the second attempt", async || {
        (attempts(&app, &job).await.len() == 2).then_some(())
    })
    .await;
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    app.job_is(&job, "succeeded").await;
    assert_eq!(attempts(&app, &job).await, ["lost", "succeeded 0"]);
    let page = app.panel().await.open(&format!("/admin/hooks/job/{job}/")).await;
    assert!(page.states("main").contains(&"lost".to_owned()), "{}", page.main());
    assert_eq!(app.database().count("deliveries").await, 1);
}

#[tokio::test]
async fn f34_another_worker_takes_over_from_a_dead_one() {
    let app = Setup::new().await.action("hold", "", HOLD).argument("--no-worker").start().await;
    webhook_with(&app, "hold", &[]).await;
    let job = push(&app, "k").await;
    assert_eq!(app.job_state(&job).await, "queued");
    let mut first = app.worker();
    app.job_is(&job, "running").await;
    first.kill();
    let _second = app.worker();
    wait::until("the second attempt", async || {
        (attempts(&app, &job).await.len() == 2).then_some(())
    })
    .await;
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    app.job_is(&job, "succeeded").await;
    assert_eq!(attempts(&app, &job).await, ["lost", "succeeded 0"]);
    let page = app.panel().await.open(&format!("/admin/hooks/job/{job}/")).await;
    assert_eq!(page.states(".attempt summary"), ["succeeded", "lost"]);
    assert!(page.text("#attempt-1").contains("Worker lost"), "{}", page.text("#attempt-1"));
}

/// The tour's last step, with the database that Signalbox brings along and fsync on.
#[tokio::test]
async fn f9_everything_is_still_there_after_kill_9_with_the_embedded_database() {
    // Where the database's user can walk to, which a checkout below a private home is not.
    let data = tempfile::Builder::new().prefix("signalbox-data-").tempdir().unwrap();
    let mut app = Setup::without_database()
        .setting("SIGNALBOX_DATA_DIR", data.path().join("var").to_str().unwrap())
        .setting("SIGNALBOX_SUPERUSER_USERNAME", crate::support::app::ADMIN)
        .setting("SIGNALBOX_SUPERUSER_PASSWORD", PASSWORD)
        .action("hold", "", HOLD)
        .start()
        .await;
    let panel = app.panel().await;
    panel.add_webhook(&webhooks::with(webhooks::push(), &[("action", "hold")])).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let [job] = answer.expect(202, "matched").jobs().try_into().unwrap();
    let address = format!("/admin/hooks/job/{job}/");
    wait_for_state(&panel, &address, "running").await;
    wait::until("the first output", async || {
        (!panel.open(&address).await.texts(".log code").is_empty()).then_some(())
    })
    .await;

    app.kill();
    app.restart().await;
    let panel = Panel::login(app.base(), crate::support::app::ADMIN, PASSWORD).await;
    assert_eq!(panel.open("/admin/hooks/webhook/").await.rows().len(), 1);
    assert_eq!(panel.open("/admin/hooks/delivery/").await.rows().len(), 1);
    wait_for_state(&panel, &address, "lost").await;
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    wait_for_state(&panel, &address, "succeeded").await;
    let page = panel.open(&address).await;
    assert_eq!(page.states(".attempt summary"), ["succeeded", "lost"]);
    assert!(page.texts("#attempt-2 .log code").contains(&"done".to_owned()), "{}", page.main());
    let first = panel.open(&format!("{address}?attempt=1")).await;
    assert!(!first.texts("#attempt-1 .log code").is_empty(), "{}", first.main());
    // Other commands use the database of the Signalbox that runs.
    let output = app.run(&["export"], &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("repo_name: Diaspora"), "{output:?}");
    assert!(app.run(&["check"], &[]).status.success());
    assert!(app.stop().await.success());
}

async fn wait_for_state(panel: &Panel, address: &str, state: &str) {
    wait::until(&format!("a badge {state} on {address}"), async || {
        let page = panel.get(address).await;
        page.states("main").contains(&state.to_owned()).then_some(())
    })
    .await;
}
