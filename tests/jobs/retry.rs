//! Temporary failures: tried again, later each time, and remembered through a restart.

use super::run::{attempts, output, push, webhook_with};
use crate::support::app::Setup;
use crate::support::wait;

/// Fails with this code until it has been tried twice.
fn third_time(code: i32) -> String {
    format!(
        "cd \"$(dirname \"$0\")\"; echo x >>tries; echo try $SIGNALBOX_ATTEMPT; \
         [ $(wc -l <tries) -ge 3 ] || exit {code}"
    )
}

#[tokio::test]
async fn exit_75_is_tried_again_after_a_while() {
    let app = Setup::new().await.action("flaky", "", &third_time(75)).start().await;
    webhook_with(&app, "flaky", &[("max_attempts", "5")]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "retrying").await;
    app.job_is(&job, "succeeded").await;
    assert_eq!(attempts(&app, &job).await, ["failed 75", "failed 75", "succeeded 0"]);
    assert_eq!(output(&app, &job, "stdout").await, "try 1\ntry 2\ntry 3\n");
    let waits = app
        .database()
        .column(
            "SELECT extract(epoch FROM started_at - lag(finished_at) OVER (ORDER BY number))::text \
             FROM job_attempts ORDER BY number OFFSET 1",
        )
        .await;
    let waits: Vec<f64> = waits.iter().map(|wait| wait.parse().unwrap()).collect();
    assert!(waits[0] >= 0.9 && waits[1] >= 4.5 && waits[1] > waits[0], "{waits:?}");
}

#[tokio::test]
async fn an_entry_may_ask_for_a_retry_of_every_failure() {
    let app =
        Setup::new().await.action("flaky", "retry_on_failure = true", &third_time(1)).start().await;
    webhook_with(&app, "flaky", &[("max_attempts", "2")]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "failed").await;
    assert_eq!(attempts(&app, &job).await, ["failed 1", "failed 1"], "two attempts were allowed");
}

#[tokio::test]
async fn a_retry_survives_a_restart() {
    let mut app = Setup::new().await.action("flaky", "", &third_time(75)).start().await;
    webhook_with(&app, "flaky", &[("max_attempts", "5")]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "retrying").await;
    app.restart().await;
    app.job_is(&job, "succeeded").await;
    let ended = attempts(&app, &job).await;
    assert_eq!(ended.last().unwrap(), "succeeded 0", "{ended:?}");
    assert_eq!(ended.iter().filter(|attempt| *attempt == "failed 75").count(), 2, "{ended:?}");
}

#[tokio::test]
async fn an_entry_says_how_long_its_jobs_wait() {
    let more = "[retry]\ndelays_s = [0, 7200]\njitter = 0";
    let mut app = Setup::new().await.action("flaky", more, "exit 75").start().await;
    webhook_with(&app, "flaky", &[("max_attempts", "5")]).await;
    let job = push(&app, "k").await;
    let waits = "SELECT (run_at - a.finished_at)::text FROM jobs j JOIN job_attempts a ON job_id = id \
                 WHERE number = 2 AND state = 'retrying' AND attempts = 2 \
                 UNION ALL SELECT '' LIMIT 1";
    let second = async |app: &crate::support::app::App| {
        wait::until_equal("the second wait", "02:00:00".to_owned(), async || {
            app.database().value(waits).await
        })
        .await;
    };
    second(&app).await;
    app.restart().await;
    second(&app).await;
    assert_eq!(attempts(&app, &job).await, ["failed 75", "failed 75"]);
    let panel = app.panel().await;
    panel.open(&format!("/admin/hooks/job/{job}/")).await.says("The next one starts in");
    panel.open("/admin/hooks/action/").await.says("0 s, then every 2 h");
}

#[tokio::test]
async fn f10_of_three_attempts_each_shows_its_own_time_worker_code_error_and_output() {
    let more = "retry_on_failure = true\n[retry]\ndelays_s = [0]\n";
    let app = Setup::new().await.action("flaky", more, &third_time(7)).start().await;
    webhook_with(&app, "flaky", &[("max_attempts", "5")]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "succeeded").await;
    let panel = app.panel().await;
    let address = format!("/admin/hooks/job/{job}/");
    let sql = |what: &str| format!("SELECT {what} FROM job_attempts ORDER BY number DESC");
    let started = "to_char(started_at AT TIME ZONE 'UTC', 'HH24:MI:SS')";
    let started = app.database().column(&sql(started)).await;
    let workers = app.database().column(&sql("worker")).await;
    let page = panel.open(&address).await;
    assert_eq!(page.states(".attempt summary"), ["succeeded", "failed", "failed"]);
    for (place, number) in [3, 2, 1].into_iter().enumerate() {
        // An older attempt's output is read on demand.
        let page = panel.get(&format!("{address}?attempt={number}")).await;
        let attempt = page.text(&format!("#attempt-{number}"));
        let ended = if number == 3 { "exit code 0" } else { "exit code 7" };
        for words in [&started[place], &workers[place], ended, &format!("try {number}")] {
            assert!(attempt.contains(words), "no “{words}” in: {attempt}");
        }
        assert!(!attempt.contains(&format!("try {}", number - 1)), "{attempt}");
        assert_eq!(page.has(&format!("#attempt-{number} .attempt-error")), number != 3);
    }
}

#[tokio::test]
async fn a_job_that_is_run_again_has_all_its_attempts_before_it() {
    let app = Setup::new().await.action("broken", "", "exit 7").start().await;
    webhook_with(&app, "broken", &[("max_attempts", "3")]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "failed").await;
    let panel = app.panel().await;
    let page = format!("/admin/hooks/job/{job}/");
    for number in 2..=5 {
        panel.submit(panel.open(&page).await.form_to(&format!("{page}run-again/"))).await;
        wait::until_equal("the attempt's end", "failed".to_owned(), async || {
            let attempt = format!("FROM job_attempts WHERE number = {number}");
            let ended = format!("SELECT coalesce((SELECT outcome {attempt}), '')");
            app.database().value(&ended).await
        })
        .await;
    }
    // The fifth attempt is the first of three since the job was run again.
    panel.open("/admin/hooks/job/").await.says("Attempt 5 of 7");
    let delivery = app.database().value("SELECT delivery_id FROM jobs").await;
    panel.open(&format!("/admin/hooks/delivery/{delivery}/")).await.says("5 of 7");
}
