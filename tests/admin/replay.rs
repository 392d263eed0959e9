//! Replay of one delivery: the dry run that starts nothing, the new delivery with its job, and what
//! cannot be replayed.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::webhooks::{self, with};

/// A push to the webhook that tests make.
pub fn push() -> Delivery {
    Delivery::push_2015().token(TOKEN)
}

/// The address that asks how to replay.
pub fn ask(id: &str) -> String {
    format!("/admin/hooks/delivery/{id}/replay/")
}

/// The id of a delivery whose page this is.
pub fn delivery_of(page: &Page) -> String {
    let id = page.address.trim_start_matches("/admin/hooks/delivery/").trim_end_matches('/');
    assert_eq!(id.len(), 26, "{}: {}", page.address, page.html);
    id.to_owned()
}

/// How many rows there are in all tables that a replay writes.
async fn rows(app: &App) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in ["deliveries", "jobs", "idempotency_keys", "audit_log"] {
        rows.push(app.database().count(table).await);
    }
    rows
}

async fn replay(panel: &Panel, id: &str) -> Page {
    let asked = panel.open(&ask(id)).await;
    panel.submit(asked.form_with("once")).await
}

#[tokio::test]
async fn f70_a_dry_run_shows_what_would_run_and_starts_nothing() {
    let script = "echo ran >> \"$(dirname \"$0\")/ran\"";
    let more = "env = [\"PATH\"]\n[parameters.branch]\ntype = \"string\"\ndefault = \"a b;c\"\n\
                [secrets]\nAPI_TOKEN = { env = \"PLANTED\" }";
    let app = Setup::new().await.setting("PLANTED", "planted-secret-4711");
    let app = app.action("touch", more, script);
    let file = app.folder().join("actions/touch.toml");
    let entry = std::fs::read_to_string(&file).unwrap();
    let entry =
        entry.replace("touch.sh\"]", "touch.sh\", \"--ref\", \"{ref}\", \"{param.branch}\"]");
    std::fs::write(&file, entry).unwrap();
    let app = app.start().await;
    let webhook = with(webhooks::push(), &[("action", "touch")]);
    app.add_webhook(&webhook).await;
    let id = app.send(&push().with("/project_id", 16)).await.field("delivery");
    let panel = app.panel().await;
    let before = rows(&app).await;

    panel.open(&ask(&id)).await.says("registered to project 15").says("Nothing would run");
    let webhook = app.database().value("SELECT id::text FROM webhooks").await;
    let dry = panel.get(&format!("{}?way=force&webhook={webhook}", ask(&id))).await;
    let program = app.folder().join("actions/touch.sh").display().to_string();
    assert_eq!(dry.texts(".argv li"), [program.as_str(), "--ref", "refs/heads/master", "a b;c"]);
    let environment = dry.texts(".rehearsal .headers tr");
    assert!(environment.contains(&"SIGNALBOX_REFrefs/heads/master".to_owned()), "{environment:?}");
    assert!(environment.contains(&"SIGNALBOX_PARAM_BRANCHa b;c".to_owned()), "{environment:?}");
    assert!(environment.contains(&"API_TOKEN••••••".to_owned()), "{environment:?}");
    assert!(
        environment.iter().any(|row| row.starts_with("PATHfrom Signalbox's own environment")),
        "{environment:?}"
    );
    assert!(!dry.html.contains("planted-secret"), "a secret is shown");
    dry.says("Lane").says("nothing was started");
    assert!(dry.text(".rehearsal .code").contains("\"object_kind\": \"push\""));

    assert_eq!(rows(&app).await, before, "a row was written");
    // The same page, sent, does it: once, so that the dry run has started nothing.
    panel.submit(dry.form_with("once")).await;
    let job = app.database().value("SELECT id FROM jobs").await;
    app.job_is(&job, "succeeded").await;
    let ran = std::fs::read_to_string(app.folder().join("actions/ran")).unwrap();
    assert_eq!(ran.lines().count(), 1, "{ran}");
}

#[tokio::test]
async fn f28_a_replay_is_a_new_delivery_with_a_job_of_its_own() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let answer = app.send(&push().key("one")).await;
    let id = answer.expect(202, "matched").field("delivery");
    let panel = app.panel().await;
    let page = replay(&panel, &id).await;
    let new = delivery_of(&page);
    assert_ne!(new, id);
    page.says(&format!("Replayed by ada, from delivery {id}"));
    assert_eq!(page.states(".verdict-text, .page-head")[0], "matched");
    let sql = format!(
        "SELECT concat_ws('|', j.requested_by, j.state <> '', d.source, d.made_by, d.replay_of, \
         d.idempotency_key, d.body = o.body) FROM jobs j \
         JOIN deliveries d ON d.id = j.delivery_id JOIN deliveries o ON o.id = d.replay_of \
         WHERE d.id = '{new}'"
    );
    let made = app.database().value(&sql).await;
    assert_eq!(made, format!("ada|t|replay|ada|{id}||t"));
    let sql = format!("SELECT id FROM jobs WHERE delivery_id = '{new}'");
    app.job_is(&app.database().value(&sql).await, "succeeded").await;
    // The first one tells of it, and GitLab's own repeat is a duplicate still.
    panel.open(&format!("/admin/hooks/delivery/{id}/")).await.says(&new);
    app.send(&push().key("one")).await.expect(200, "duplicate");
    assert_eq!(app.database().count("audit_log WHERE verb = 'replay'").await, 1);
    let log = panel.open("/admin/log/?verb=replay").await;
    log.says("Replayed").says("ada");
}

#[tokio::test]
async fn one_form_makes_one_delivery() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let id = app.send(&push()).await.field("delivery");
    let panel = app.panel().await;
    let form = panel.open(&ask(&id)).await.form_with("once");
    let (first, second) = tokio::join!(panel.submit(form.clone()), panel.submit(form.clone()));
    let third = panel.submit(form).await;
    assert_eq!(delivery_of(&first), delivery_of(&second));
    assert_eq!(delivery_of(&first), delivery_of(&third));
    assert_eq!(app.database().count("deliveries").await, 2);
    assert_eq!(app.database().count("jobs").await, 2);
}

#[tokio::test]
async fn f36_what_was_rejected_or_has_no_body_says_why_it_cannot_be_replayed() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let rejected = app.send(&push().token("wrong")).await.field("delivery");
    let expired = app.send(&push()).await.field("delivery");
    let panel = app.panel().await;
    let form = panel.open(&ask(&expired)).await.form_with("once");
    app.database()
        .execute(&format!("UPDATE deliveries SET body = NULL WHERE id = '{expired}'"))
        .await;
    for (id, why) in [(&rejected, "It was rejected"), (&expired, "body was removed")] {
        let page = panel.open(&format!("/admin/hooks/delivery/{id}/")).await;
        let button = ".verdict-actions button[aria-disabled=true]";
        let described = page.attributes(button, "aria-describedby").remove(0);
        assert!(page.text(&format!("#{described}")).contains(why), "{}", page.html);
        let asked = panel.open(&ask(id)).await;
        asked.says(why);
        assert!(!asked.has("[name=once]"), "nothing to send");
    }
    // A form from before, and one for a delivery that was never authentic.
    let page = panel.submit(form.clone()).await;
    assert_eq!(page.status, 409, "{}", page.html);
    let mut forged = form;
    forged.action = ask(&rejected);
    assert_eq!(panel.submit(forged).await.status, 409);
    assert_eq!(app.database().count("jobs").await, 1);
}

#[tokio::test]
async fn a_duplicate_can_be_run_again_anyway() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&push().key("k")).await.expect(202, "matched");
    let id = app.send(&push().key("k")).await.expect(200, "duplicate").field("delivery");
    let panel = app.panel().await;
    let page = panel.open(&format!("/admin/hooks/delivery/{id}/")).await;
    let button = page.texts(".verdict-actions a");
    assert_eq!(button, ["Run again anyway…"]);
    let asked = panel.open(&ask(&id)).await;
    asked.says("Run this delivery again anyway?");
    let new = delivery_of(&panel.submit(asked.form_with("once")).await);
    assert_eq!(app.database().count(&format!("jobs WHERE delivery_id = '{new}'")).await, 1);
}

#[tokio::test]
async fn pending_paused_and_disabled_webhooks_are_told_apart() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    let webhook = app.add_webhook(&webhooks::pending_push()).await;
    // Authentic, but for another event, so that nothing is registered.
    let id = app.send(&push().header("X-Gitlab-Event", "Tag Push Hook")).await.field("delivery");
    let fix = format!("UPDATE deliveries SET event = 'Push Hook' WHERE id = '{id}'");
    app.database().execute(&fix).await;
    let panel = app.panel().await;
    // As it matches now: a replay registers nothing, not even where GitLab's own event would.
    panel.open(&ask(&id)).await.says("is pending").says("Nothing would run");
    let force = format!("{}?way=force&webhook={webhook}", ask(&id));
    let asked = panel.get(&force).await;
    asked.says("It is pending and stays pending").says("1 job would run");
    let page = panel.submit(asked.form_with("once")).await;
    page.says("forced by ada").says("Replayed by ada");
    let project = || async { app.database().value("SELECT project_id::text FROM webhooks").await };
    assert_eq!(project().await, "-1");

    let pause = panel.open("/admin/hooks/worker/").await.form_to("/admin/hooks/worker/pause/");
    panel.submit(pause.set("reason", "freeze")).await;
    let asked = panel.get(&force).await;
    asked.says("ada paused its jobs: freeze");
    let page = panel.submit(asked.form_with("once")).await;
    assert!(page.states("main").contains(&"paused".to_owned()), "{}", page.main());

    let form = panel.get(&force).await.form_with("once");
    app.database().execute("UPDATE webhooks SET enabled = false").await;
    let asked = panel.get(&force).await;
    asked.says("webhook is disabled").says("Enable it first");
    assert!(!asked.has("[name=once]"));
    assert_eq!(panel.submit(form).await.status, 409);
    assert_eq!(app.database().count("jobs").await, 2);
}

#[tokio::test]
async fn what_was_shown_is_what_runs_and_who_may_not_only_looks() {
    let app = App::start().await;
    let id = {
        app.add_webhook(&webhooks::push()).await;
        app.send(&push().with("/project_id", 16)).await.field("delivery")
    };
    let panel = app.panel().await;
    let asked = panel.open(&ask(&id)).await;
    // Between the look and the press, a webhook that wants it appears.
    app.add_webhook(&with(webhooks::push(), &[("project_id", "16")])).await;
    let page = panel.submit(asked.form_with("once")).await;
    assert!(page.text(".message").contains("others would run now"), "{}", page.html);
    assert_eq!(app.database().count("deliveries").await, 1);
    // The delivery's page offers it as the thing to do.
    let shown = panel.open(&format!("/admin/hooks/delivery/{id}/")).await;
    assert_eq!(shown.texts(".verdict-actions [data-kind=primary]"), ["Replay…"]);
    let viewer = app.person("viewer").await;
    let looked = viewer.open(&ask(&id)).await;
    looked.says("1 job would run").says("Only operators and admins can replay");
    assert!(!looked.has("[name=once]"));
    assert!(!viewer.open(&format!("/admin/hooks/delivery/{id}/")).await.has(".verdict-actions"));
    let operator = app.person("operator").await;
    replay(&operator, &id).await.says("Replayed by operator");
}

#[tokio::test]
async fn a_signed_delivery_is_authentic_still_and_so_is_the_replay_of_its_replay() {
    let app = App::start().await;
    let key = webhooks::SIGNING_TOKEN;
    let webhook = with(webhooks::push(), &[("secret_token", ""), ("signing_token", key)]);
    app.add_webhook(&webhook).await;
    let signed = Delivery::push_2015().by_gitlab_19(key);
    let id = app.send(&signed).await.expect(202, "matched").field("delivery");
    let panel = app.panel().await;
    let first = delivery_of(&replay(&panel, &id).await);
    let second = delivery_of(&replay(&panel, &first).await);
    let sql = format!("SELECT verdict FROM deliveries WHERE id = '{second}'");
    assert_eq!(app.database().value(&sql).await, "matched");
    // With another secret it is no longer belongs to any webhook; a person may still force it.
    app.database()
        .execute("UPDATE webhooks SET signing_token = NULL, secret_digest = '\\x00'")
        .await;
    panel.open(&ask(&id)).await.says("no longer belongs to any webhook");
}
