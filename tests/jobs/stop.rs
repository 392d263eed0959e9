//! A graceful stop: what runs may finish, what does not is put back.

use super::run::{attempts, output, push, record_with};
use crate::support::app::Setup;
use crate::support::wait;

#[tokio::test]
async fn a_running_attempt_may_finish_before_the_process_ends() {
    let script = "echo started; sleep 2; echo finished";
    let mut app = Setup::new().await.action("two-seconds", "", script).start().await;
    record_with(&app, "two-seconds", &[]).await;
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
async fn an_idle_server_stops_at_once() {
    let mut app = Setup::new().await.start().await;
    let started = std::time::Instant::now();
    let status = app.stop().await;
    assert!(status.success(), "{status}\n{}", app.log());
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}
