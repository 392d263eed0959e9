//! Bulk actions: ticked rows or all that match, asked about on a page, done in batches, each
//! object with its own entry in its history.

use crate::support::app::{App, PASSWORD};
use crate::support::page::{Form, Page};
use crate::support::panel::Panel;
use crate::support::seed;
use crate::support::webhooks::{self, with};

const LIST: &str = "/admin/hooks/webhook/";

/// Webhooks named `bulk 1` to `bulk N`, and one named `other`.
async fn many(app: &App, webhooks: u32) {
    seed::webhooks(app.database(), webhooks).await;
    app.add_webhook(&with(webhooks::push(), &[("repo_name", "other")])).await;
}

/// The list's form with this action chosen, nothing ticked.
fn bulk(page: &Page, action: &str) -> Form {
    let mut form = page.form_with("_selected_action").set("action", action);
    form.fields.retain(|(name, _)| name != "select_across");
    form
}

fn tick(mut form: Form, ids: &[String]) -> Form {
    form.fields.extend(ids.iter().map(|id| ("_selected_action".to_owned(), id.clone())));
    form
}

async fn enabled(app: &App) -> i64 {
    app.database().count("webhooks WHERE enabled").await
}

#[tokio::test]
async fn f26_nothing_ticked_is_said_and_changes_nothing() {
    let app = App::start().await;
    many(&app, 3).await;
    let panel = app.panel().await;
    let list = panel.open(&format!("{LIST}?q=bulk&o=-1")).await;
    let page = panel.submit(bulk(&list, "delete")).await;
    assert_eq!((page.status, page.address.as_str()), (200, "/admin/hooks/webhook/?q=bulk&o=-1"));
    assert!(page.text(".message[data-level=warning]").contains("Nothing was selected"));
    let none = panel.submit(tick(bulk(&list, ""), &list.rows())).await;
    assert!(none.text(".message[data-level=warning]").contains("No action was chosen"));
    assert_eq!((app.database().count("webhooks").await, enabled(&app).await), (4, 4));
}

#[tokio::test]
async fn ticked_rows_are_switched_off_and_on_each_with_its_entry() {
    let app = App::start().await;
    many(&app, 3).await;
    app.database().execute("UPDATE webhooks SET secret_digest = NULL WHERE project_id = 1").await;
    let panel = app.panel().await;
    let list = panel.open(&format!("{LIST}?q=bulk")).await;
    let page = panel.submit(tick(bulk(&list, "disable"), &list.rows())).await;
    assert!(page.html.contains("3 webhooks were disabled."), "{}", page.html);
    assert_eq!(enabled(&app).await, 1);
    // One has no secret, so it cannot be switched on again; one is on already.
    app.database().execute("UPDATE webhooks SET enabled = true WHERE project_id = 2").await;
    let page = panel.submit(tick(bulk(&page, "enable"), &list.rows())).await;
    let said = page.text(".message");
    assert!(said.contains("1 webhook was enabled."), "{said}");
    assert!(said.contains("Already enabled: 1."), "{said}");
    assert!(said.contains("Left disabled, no token: 1."), "{said}");
    let id: String =
        app.database().value("SELECT id::text FROM webhooks WHERE project_id = 3").await;
    panel.open(&format!("{LIST}{id}/history/")).await.says("Enabled");
    assert_eq!(app.database().count("audit_log WHERE verb = 'change'").await, 4);
    assert_eq!(app.database().count("webhooks WHERE project_id = 3 AND version = 3").await, 1);
}

#[tokio::test]
async fn f24_all_that_match_are_exactly_those_of_the_filter() {
    let app = App::start().await;
    many(&app, 130).await;
    let panel = app.panel().await;
    let list = panel.open(&format!("{LIST}?q=bulk")).await;
    assert_eq!(list.rows().len(), 100);
    assert!(list.html.contains("Select all 130 webhooks"));
    let asked = panel.submit(bulk(&list, "disable").press("select_across", "1")).await;
    assert!(asked.text("h1").contains("Disable 130 webhooks?"), "{}", asked.main());
    asked.says("Search: bulk");
    assert_eq!(enabled(&app).await, 131);
    // What comes in between was not asked about.
    seed::webhooks(app.database(), 3).await;
    let page = panel.submit(asked.form_with("post")).await;
    assert!(page.html.contains("130 webhooks were disabled."), "{}", page.html);
    assert_eq!(page.address, "/admin/hooks/webhook/?q=bulk");
    assert_eq!(enabled(&app).await, 4);
    assert_eq!(
        app.database().count("webhooks WHERE NOT enabled AND repo_name LIKE 'bulk%'").await,
        130
    );
}

#[tokio::test]
async fn f25_five_thousand_are_deleted_with_a_small_page() {
    let app = App::start().await;
    many(&app, 5_000).await;
    let panel = app.panel().await;
    let list = panel.open(&format!("{LIST}?q=bulk&p=2")).await;
    let asked = panel.submit(bulk(&list, "delete").press("select_across", "1")).await;
    assert!(asked.text("h1").contains("Delete 5,000 webhooks?"), "{}", asked.main());
    assert!(asked.html.len() < 50_000, "{} bytes", asked.html.len());
    asked.says("The deliveries they received.");
    let page = panel.submit(asked.form_with("post")).await;
    assert!(page.html.contains("5,000 webhooks were deleted."), "{}", page.html);
    assert_eq!(app.database().column("SELECT repo_name FROM webhooks").await, ["other"]);
    assert_eq!(app.database().count("audit_log WHERE verb = 'delete'").await, 5_000);
}

#[tokio::test]
async fn a_question_can_be_declined_and_a_bad_filter_touches_nothing() {
    let app = App::start().await;
    many(&app, 3).await;
    let panel = app.panel().await;
    let list = panel.open(&format!("{LIST}?q=bulk")).await;
    let asked = panel.submit(tick(bulk(&list, "delete"), &list.rows()[..2])).await;
    assert!(asked.text("h1").contains("Delete 2 webhooks?"));
    assert_eq!(asked.texts(".names li"), ["bulk 1, Push Hook", "bulk 2, Push Hook"]);
    assert_eq!(asked.attributes("main .buttons a", "href"), ["/admin/hooks/webhook/?q=bulk"]);
    // A filter that cannot be used would let through more than the person saw.
    let mut form = bulk(&list, "delete").press("select_across", "1").press("post", "yes");
    form.action = format!("{LIST}?q=bulk&no_such_filter=1");
    let page = panel.submit(form).await;
    assert!(page.text(".message[data-level=warning]").contains("no_such_filter"), "{}", page.html);
    assert_eq!(app.database().count("webhooks").await, 4);
}

#[tokio::test]
async fn who_may_not_change_webhooks_is_offered_nothing_and_refused() {
    let app = App::start().await;
    many(&app, 2).await;
    let panel = app.panel().await;
    let form = bulk(&panel.open(LIST).await, "disable");
    app.database().execute("UPDATE users SET role = 'operator'").await;
    let panel: Panel = app.panel().await;
    let list = panel.open(LIST).await;
    assert!(!list.has("[name=_selected_action]") && !list.has("[name=action]"));
    let token = list.form_with("csrf_token").value("csrf_token").unwrap().to_owned();
    let page = panel.submit(tick(form.set("csrf_token", &token), &list.rows())).await;
    assert_eq!((page.status, enabled(&app).await), (403, 3));
}

#[tokio::test]
async fn every_choice_tells_how_many_it_has_under_the_other_filters() {
    let app = App::start().await;
    many(&app, 3).await;
    app.database().execute("UPDATE webhooks SET enabled = false WHERE project_id = 1").await;
    let panel = app.panel().await;
    let counts = |page: &Page, words: &str| {
        let choices = page.texts(".filter-group a");
        assert!(choices.iter().any(|choice| choice == words), "no {words} in {choices:?}");
    };
    let page = panel.open(LIST).await;
    counts(&page, "push 4");
    counts(&page, "tag_push 0");
    let page = panel.open(&format!("{LIST}?enabled=0")).await;
    counts(&page, "push 1");
    counts(&page, "Yes 3");
    counts(&page, "No 1");
}

#[tokio::test]
async fn registrations_are_reset_after_a_question_and_with_the_password() {
    let app = App::start().await;
    seed::webhooks(app.database(), 4).await;
    app.database().execute("UPDATE webhooks SET project_id = -1 WHERE project_id = 4").await;
    let panel = app.panel().await;
    let ask = async || {
        let form = panel.open(LIST).await.form_with("_selected_action").set("action", "reset");
        panel.submit(form.press("select_across", "1")).await
    };
    let asked = ask().await;
    assert_eq!(asked.text("h1"), "Reset the registration of 4 webhooks?");
    app.let_passwords_grow_old().await;
    assert_eq!(app.database().count("webhooks WHERE project_id = -1").await, 1);
    let again = panel.submit(asked.form_with("post")).await;
    assert!(again.has("[name=_your_password]"), "{}", again.html);
    let form = again.form_with("post").set("_your_password", PASSWORD);
    let done = panel.submit(form).await;
    let said = done.text(".message");
    assert!(said.contains("3 webhooks were reset. Already pending, or deleted: 1."), "{said}");
    assert_eq!(app.database().count("webhooks WHERE project_id = -1 AND version = 2").await, 3);
    let undo = "audit_log WHERE verb = 'change' AND changes::text LIKE '%project_id%'";
    assert_eq!(app.database().count(undo).await, 3);
}
