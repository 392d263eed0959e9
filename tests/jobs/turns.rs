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
