//! Webhooks take turns: the many jobs of one do not keep out another's.

use super::run::{push, webhook_with};
use crate::support::app::{Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::wait;

/// Jobs of the busy webhook that wait first.
const MANY: usize = 40;

#[tokio::test]
async fn the_many_jobs_of_one_webhook_do_not_keep_out_those_of_another() {
    let setup = Setup::new().await.action("say", "", "echo said").argument("--no-worker");
    let app = setup.start().await;
    let busy = webhook_with(&app, "say", &[]).await;
    webhook_with(&app, "say", &[("project_id", "16")]).await;
    webhook_with(&app, "say", &[("project_id", "17")]).await;
    for number in 0..MANY {
        push(&app, &format!("busy {number}")).await;
    }
    for (project, number) in [(16, 1), (16, 2), (17, 1)] {
        let other = Delivery::push_2015().token(TOKEN).with("/project_id", project);
        app.send(&other.key(&format!("{project} {number}"))).await.expect(202, "matched");
    }
    let mut worker = app.worker();
    wait::until_equal("the end of every job", i64::try_from(MANY + 3).unwrap(), async || {
        app.database().count("jobs WHERE state = 'succeeded'").await
    })
    .await;
    let webhooks =
        app.database().column("SELECT webhook_id::text FROM jobs ORDER BY started_at, id").await;
    // Four slots; of three webhooks each has had a turn before the first has its second.
    let last = webhooks.iter().rposition(|webhook| *webhook != busy).unwrap();
    assert!(last < 12, "the last job of the others was number {last}: {webhooks:?}");
    let order = "SELECT count(*)::text FROM (SELECT started_at, lag(started_at) OVER (ORDER BY id) AS \
                 before FROM jobs WHERE webhook_id = (SELECT min(id) FROM webhooks)) AS of_one \
                 WHERE started_at < before";
    assert_eq!(app.database().value(order).await, "0", "of one webhook, in their order");
    worker.stop().await;
}

/// Says that it runs, waits for the file `go`, and says how many ran beside it, itself among them.
const COUNTED: &str = "cd \"$(dirname \"$0\")\"; touch run.$SIGNALBOX_JOB; ls run.* | wc -l >>beside; \
                       while ! [ -e go ]; do sleep 0.02; done; rm run.$SIGNALBOX_JOB";

#[tokio::test]
async fn a_webhook_runs_no_more_jobs_at_once_than_it_says_over_two_workers() {
    let setup = Setup::new().await.action("counted", "", COUNTED).action("say", "", "echo said");
    let app = setup.argument("--no-worker").start().await;
    let id = webhook_with(&app, "counted", &[]).await;
    webhook_with(&app, "say", &[("project_id", "16")]).await;
    // These wait when the limit is set, the others come afterwards.
    for number in 0..6 {
        push(&app, &format!("before {number}")).await;
    }
    let (panel, page) = (app.panel().await, format!("/admin/hooks/webhook/{id}/change/"));
    let set = async |most: &str| {
        let form = panel.open(&page).await.form_with("repo_name").clone();
        panel.submit(form.set("max_concurrent_jobs", most)).await
    };
    set("2").await;
    let last = push(&app, "after").await;
    let (mut first, mut second) = (app.worker(), app.worker());
    let running = async || {
        let running = "jobs WHERE state = 'running'";
        app.database().count(running).await
    };
    wait::until_equal("two that run", 2, running).await;
    let other = Delivery::push_2015().token(TOKEN).with("/project_id", 16).key("other");
    let [other]: [String; 1] =
        app.send(&other).await.expect(202, "matched").jobs().try_into().unwrap();
    app.job_is(&other, "succeeded").await;
    panel.open(&format!("/admin/hooks/job/{last}/")).await.says("max concurrent jobs is 2");
    assert_eq!(running().await, 2, "free slots of two workers are left to others");

    set("3").await;
    wait::until_equal("a third", 3, running).await;
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    wait::until_equal("the end of every job", 8, async || {
        app.database().count("jobs WHERE state = 'succeeded'").await
    })
    .await;
    let beside = std::fs::read_to_string(app.folder().join("actions/beside")).unwrap();
    let beside: Vec<u32> = beside.lines().map(|line| line.trim().parse().unwrap()).collect();
    assert!(beside.len() == 7 && beside.iter().all(|&count| count <= 3), "{beside:?}");

    // Without a limit nothing is held back any more; a wrong one says so.
    std::fs::remove_file(app.folder().join("actions/go")).unwrap();
    set("0").await.says("Enter a number from 1 to 1000.");
    set("1").await;
    push(&app, "one").await;
    push(&app, "two").await;
    wait::until_equal("one that runs", 1, running).await;
    set("").await;
    wait::until_equal("both", 2, running).await;
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    first.stop().await;
    second.stop().await;
}
