//! What lasts: told once, by what the database and the disk say.

use super::receiver::Receiver;
use super::{add_channel, add_rule, message_is};
use crate::support::app::{Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::wait;
use crate::support::webhooks::{self, with};

/// A webhook that receives nothing, a lost worker, a job that waits although nothing keeps it, and a GitLab
/// that disabled a webhook and whose token ends.
const STATES: &str = "\
    UPDATE webhooks SET pending_since = now() - interval '40 days', \
      last_delivery_at = now() - interval '31 days'; \
    INSERT INTO workers (name, host, pid, version, concurrency, started_at, last_seen_at) \
      VALUES ('gone', 'elsewhere', 1, '1', 1, now() - interval '2 hours', now() - interval '1 hour'); \
    INSERT INTO gitlab_connections (name, base_url, token, created_at, updated_at, checked_at, \
      token_expires_on) \
      VALUES ('Our GitLab', 'https://gitlab.invalid/', '', now(), now(), now(), current_date + 3); \
    INSERT INTO gitlab_hooks (connection_id, project_id, url, token, created_at, seen) \
      SELECT id, 7, 'https://here.invalid/', '', now(), \
      '{\"alert_status\": \"disabled\", \"disabled_until\": \"2030-01-02T03:04:00Z\"}' \
      FROM gitlab_connections; \
    INSERT INTO gitlab_hook_webhooks SELECT w.id, h.id FROM webhooks w, gitlab_hooks h";

#[tokio::test]
async fn what_lasts_is_told_once_until_it_was_over() {
    let receiver = Receiver::start().await;
    let setup = Setup::new().await.action("waits", "", "sleep 600");
    let app = setup.setting("SIGNALBOX_WORKER_CONCURRENCY", "1").start().await;
    app.add_webhook(&with(webhooks::push(), &[("action", "waits")])).await;
    // One runs, and one waits for it.
    for key in ["a", "b"] {
        app.send(&Delivery::push_2015().token(TOKEN).key(key)).await.expect(202, "matched");
    }
    app.database().execute(STATES).await;
    app.send(&Delivery::push_2015().token("wrong").key("k")).await.expect(401, "rejected");
    let panel = app.panel().await;
    let fields = [("url", receiver.url.as_str()), ("interval_s", "0")];
    let channel = add_channel(&app, &panel, "slack", &fields).await;
    let told = async |rule: &str, number: &str, words: &str| {
        add_rule(&panel, &channel, rule, number).await;
        let id = message_is(&app, &format!("rule ~ '^{rule}' AND sent_at IS NOT NULL")).await;
        let page = panel.open(&format!("/admin/notify/message/{id}/")).await;
        page.says(words);
        page
    };
    wait::until("a job that waits", async || {
        let sql = "UPDATE jobs SET run_at = now() - interval '1 hour' WHERE state = 'queued' \
                   AND due_at IS NOT NULL AND EXISTS (SELECT FROM jobs WHERE state = 'running') \
                   RETURNING id";
        app.database().column(sql).await.pop()
    })
    .await;
    told("late", "600", "The oldest due job has waited 3,6").await;
    told("quiet", "30", "has received nothing for 30 days").await.says("Last delivery");
    told("worker_lost", "", "A worker is lost").await.says("elsewhere");
    told("refused", "1", "A delivery was rejected").await;
    told("hook_disabled", "", "GitLab has disabled a webhook")
        .await
        .says("Our GitLab")
        .says("2030-01-02 03:04 UTC");
    told("token_expires", "14", "An access token for GitLab expires soon").await.says("Our GitLab");
    // Each was looked at again with those that came later, and what lasts is not told again.
    assert_eq!(receiver.requests().len(), 6);
    assert_eq!(app.database().count("notification_messages").await, 6);
    // It was over for long, and is back.
    let sql = "UPDATE notification_marks SET at = now() - interval '1 hour'; \
               UPDATE gitlab_hooks SET seen = '{\"alert_status\": \"executable\"}'";
    app.database().execute(sql).await;
    wait::until_equal("the mark to go", "0".to_owned(), async || {
        let sql = "SELECT count(*)::text FROM notification_marks m \
                   JOIN notification_rules r ON r.id = m.rule_id WHERE r.rule = 'hook_disabled'";
        app.database().value(sql).await
    })
    .await;
    let sql = "UPDATE gitlab_hooks SET seen = '{\"alert_status\": \"temporarily_disabled\"}'";
    app.database().execute(sql).await;
    message_is(&app, "rule = 'hook_disabled' AND sent_at IS NOT NULL OFFSET 1").await;
}
