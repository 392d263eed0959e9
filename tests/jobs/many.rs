//! Many jobs at once, from the list: each with its own entry in the log, what cannot be is counted.

use super::run::{push, record_with};
use crate::support::app::Setup;

const LIST: &str = "/admin/hooks/job/";

#[tokio::test]
async fn ticked_jobs_are_cancelled_and_all_that_match_run_again() {
    let setup = Setup::new().await.action("say", "", "echo said").argument("--no-worker");
    let app = setup.start().await;
    record_with(&app, "say", &[]).await;
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
    let page = panel.submit(asked.form_with("post")).await;
    assert!(page.text(".message").contains("2 jobs were cancelled."), "{}", page.main());
    assert_eq!(app.database().count("audit_log WHERE verb = 'cancel'").await, 2);

    // The list changes while it is gone through: a job run again is cancelled no more.
    let list = panel.open(&format!("{LIST}?state=cancelled")).await;
    let form = list.form_with("_selected_action").set("action", "run_again");
    let asked = panel.submit(form.press("select_across", "1")).await;
    assert!(asked.text("h1").contains("Run again 2 jobs?"), "{}", asked.main());
    let page = panel.submit(asked.form_with("post")).await;
    assert!(page.text(".message").contains("2 jobs were queued again."), "{}", page.main());
    assert_eq!(app.database().count("jobs WHERE state = 'queued'").await, 3);

    // What has not ended cannot be run again, which is said and stops nothing.
    let list = panel.open(LIST).await;
    let form = list.form_with("_selected_action").set("action", "run_again");
    let asked = panel.submit(form.press("select_across", "1")).await;
    let page = panel.submit(asked.form_with("post")).await;
    let said = page.text(".message");
    assert!(said.contains("No job was queued again. 3 had not ended"), "{said}");
}
