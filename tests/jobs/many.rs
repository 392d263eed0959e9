//! Many jobs at once, from the list: each with its own entry in the log, what cannot be is counted.

use super::run::{push, webhook_with};
use crate::support::app::{PASSWORD, Setup};

const LIST: &str = "/admin/hooks/job/";

#[tokio::test]
async fn ticked_jobs_are_cancelled_and_all_that_match_run_again() {
    let setup = Setup::new().await.action("say", "", "echo said").argument("--no-worker");
    let app = setup.start().await;
    webhook_with(&app, "say", &[]).await;
    for key in ["a", "b", "c"] {
        push(&app, key).await;
    }
    let panel = app.panel().await;
    let list = panel.open(LIST).await;
    let ids = list.rows();
    assert_eq!(ids.len(), 3);
    let mut form = list.form_with("_selected_action").set("action", "cancel");
    form.fields.retain(|(name, _)| name != "select_across");
    form.fields.extend(ids.iter().take(2).map(|id| ("_selected_action".to_owned(), id.clone())));
    let asked = panel.submit(form).await;
    assert!(asked.text("h1").contains("Cancel 2 jobs?"), "{}", asked.main());
    assert_eq!(app.database().count("jobs WHERE state = 'cancelled'").await, 0);
    // Each is named by what tells it from the others, here and on its box.
    let at =
        |column: &str| format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC')");
    let names = format!(
        "SELECT webhook_label || ', Diaspora, ' || {} FROM jobs ORDER BY id DESC",
        at("queued_at")
    );
    let names = app.database().column(&names).await;
    assert_eq!(asked.texts(".names li"), names[..2]);
    let boxes =
        |names: &[String]| names.iter().map(|name| format!("Select {name}")).collect::<Vec<_>>();
    assert_eq!(list.attributes(".row-box", "aria-label"), boxes(&names));
    let deliveries = panel.open("/admin/hooks/delivery/").await;
    let names = format!(
        "SELECT webhook_label || ', Diaspora, Push Hook, ' || {} FROM deliveries \
         JOIN jobs ON jobs.delivery_id = deliveries.id ORDER BY deliveries.id DESC",
        at("received_at")
    );
    let names = app.database().column(&names).await;
    assert_eq!(deliveries.attributes(".row-box", "aria-label"), boxes(&names));
    let page = panel.submit(asked.form_with("post")).await;
    assert!(page.text(".message").contains("2 jobs were cancelled."), "{}", page.main());
    assert_eq!(app.database().count("audit_log WHERE verb = 'cancel'").await, 2);

    // The list changes while it is gone through: a job run again is cancelled no more.
    let list = panel.open(&format!("{LIST}?state=cancelled")).await;
    let form = list.form_with("_selected_action").set("action", "run_again");
    let asked = panel.submit(form.press("select_across", "1")).await;
    assert!(asked.text("h1").contains("Run 2 jobs again?"), "{}", asked.main());
    let page = panel.submit(asked.form_with("post")).await;
    assert!(page.text(".message").contains("2 jobs were queued again."), "{}", page.main());
    assert_eq!(app.database().count("jobs WHERE state = 'queued'").await, 3);

    // What has not ended cannot be run again, which is said and stops nothing.
    let list = panel.open(LIST).await;
    let form = list.form_with("_selected_action").set("action", "run_again");
    let asked = panel.submit(form.press("select_across", "1")).await;
    let page = panel.submit(asked.form_with("post")).await;
    let said = page.text(".message");
    assert!(said.contains("Nothing was changed. Not ended, or removed: 3."), "{said}");
}

#[tokio::test]
async fn jobs_that_have_ended_are_deleted_from_history_by_who_may_and_with_the_password() {
    let more = "cd \"$(dirname \"$0\")\"; while ! [ -e go ]; do sleep 0.05; done";
    let app = Setup::new().await.action("hold", "", more).start().await;
    webhook_with(&app, "hold", &[]).await;
    let [first, second] = [push(&app, "a").await, push(&app, "b").await];
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    for job in [&first, &second] {
        app.job_is(job, "succeeded").await;
    }
    std::fs::remove_file(app.folder().join("actions/go")).unwrap();
    let third = push(&app, "c").await;
    app.job_is(&third, "running").await;
    let operator = app.person("operator").await;
    let page = operator.open(&format!("{LIST}{second}/")).await;
    assert!(!page.has("main [data-kind=danger]"), "an operator is not offered it");
    assert!(!operator.open(LIST).await.main().contains("Delete selected"));

    // One, from its page, back to the list as it was left.
    let panel = app.panel().await;
    assert!(!panel.open(&format!("{LIST}{third}/")).await.main().contains("Delete from history"));
    let kept = "_changelist_filters=state%3Dsucceeded";
    let page = panel.open(&format!("{LIST}{second}/?{kept}")).await;
    let asked = panel.submit(page.form_with("_selected_action")).await;
    assert_eq!(asked.text("h1"), "Delete 1 job from history?");
    app.let_passwords_grow_old().await;
    let again = panel.submit(asked.form_with("post")).await;
    let form = again.form_with("post").set("_your_password", PASSWORD);
    assert_eq!(app.database().count("jobs").await, 3);
    let list = panel.submit(form).await;
    assert_eq!(list.address, format!("{LIST}?state=succeeded"));
    assert!(list.text(".message").contains("1 job was deleted."), "{}", list.html);
    assert_eq!(list.rows(), std::slice::from_ref(&first));
    let of = format!("job_attempts WHERE job_id = '{second}'");
    assert_eq!(app.database().count(&of).await, 0);
    assert_eq!(app.database().count("deliveries").await, 3, "deliveries stay");
    let gone = panel.get(&format!("{LIST}{second}/")).await;
    assert_eq!(gone.status, 404);
    let log = gone.attributes("main a", "href");
    let log = log.iter().find(|href| href.starts_with("/admin/log/?q=")).unwrap();
    panel.open(log).await.says("Deleted").says("ada").says("succeeded");

    // All that match: what runs stays.
    let form = panel.open(LIST).await.form_with("_selected_action").set("action", "delete");
    let asked = panel.submit(form.press("select_across", "1")).await;
    let page = panel.submit(asked.form_with("post")).await;
    let said = page.text(".message");
    assert!(said.contains("1 job was deleted. Not ended, or removed: 1."), "{said}");
    assert_eq!(page.rows(), std::slice::from_ref(&third));
}
