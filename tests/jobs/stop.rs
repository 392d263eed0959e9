//! A graceful stop: what runs may finish, what does not is put back.

use super::run::{attempts, output, push, webhook_with};
use crate::support::app::Setup;
use crate::support::wait;

#[tokio::test]
async fn a_running_attempt_may_finish_before_the_process_ends() {
    let script = "echo started; sleep 2; echo finished";
    let mut app = Setup::new().await.action("two-seconds", "", script).start().await;
    webhook_with(&app, "two-seconds", &[]).await;
    let job = push(&app, "k").await;
    wait::until("the start", async || {
        output(&app, &job, "stdout").await.contains("started").then_some(())
    })
    .await;
    let status = app.stop().await;
    assert!(status.success(), "{status}\n{}", app.log());
    assert_eq!(app.job_state(&job).await, "succeeded");
    assert_eq!(attempts(&app, &job).await, ["succeeded 0"]);
}

#[tokio::test]
async fn what_outlives_the_grace_is_ended_and_put_back() {
    let script = "echo try $SIGNALBOX_ATTEMPT; [ $SIGNALBOX_ATTEMPT -gt 1 ] || sleep 600";
    let setup = Setup::new().await.setting("SIGNALBOX_GRACE_S", "1");
    let mut app = setup.action("long", "", script).start().await;
    webhook_with(&app, "long", &[]).await;
    let job = push(&app, "k").await;
    wait::until("the start", async || {
        output(&app, &job, "stdout").await.contains("try 1").then_some(())
    })
    .await;
    let status = app.stop().await;
    assert!(status.success(), "{status}\n{}", app.log());
    assert_eq!(app.job_state(&job).await, "queued");
    app.restart().await;
    app.job_is(&job, "succeeded").await;
    assert_eq!(output(&app, &job, "stdout").await, "try 1\ntry 2\n");
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let mut app = Setup::new().await.start().await;
    let started = std::time::Instant::now();
    let status = app.stop().await;
    assert!(status.success(), "{status}\n{}", app.log());
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
