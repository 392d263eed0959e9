//! Adding, changing and deleting webhooks.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Form;
use crate::support::panel::Panel;
use crate::support::webhooks::{self, with};

const LIST: &str = "/admin/hooks/webhook/";

async fn change_form(panel: &Panel, id: &str) -> Form {
    panel.open(&format!("{LIST}{id}/change/")).await.form_with("repo_name")
}

#[tokio::test]
async fn f48_a_new_webhook_is_listed_and_its_secret_never_shown_again() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open(&format!("{LIST}add/")).await.form_with("repo_name");
    for name in ["repo_name", "repo_url", "object_kind", "project_id", "http_x_gitlab_event"] {
        assert!(form.names.iter().any(|known| known == name), "{name}: {:?}", form.names);
    }
    let id = panel.add_webhook(&webhooks::pending_push()).await;
    let list = panel.open(LIST).await;
    assert_eq!(list.rows(), std::slice::from_ref(&id));
    list.says("Diaspora").says("Pending");
    assert!(list.states("main").contains(&"pending".to_owned()), "{:?}", list.states("main"));
    let page = panel.open(&format!("{LIST}{id}/change/")).await;
    assert!(!page.html.contains(TOKEN));
    assert_eq!(page.form_with("repo_name").value("secret_token"), Some(""));
    assert_eq!(page.form_with("repo_name").value("project_id"), Some("-1"));
}

#[tokio::test]
async fn faults_stand_beside_their_fields_and_lose_no_input() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open(&format!("{LIST}add/")).await.form_with("repo_name");
    let wrong = form
        .fill(&webhooks::push())
        .set("repo_name", "")
        .set("project_id", "fifteen")
        .set("max_attempts", "0")
        .set("repo_url", "git@example.com:mike/<b>diaspora</b>.git");
    let page = panel.submit(wrong).await;
    assert_eq!(page.status, 200);
    assert!(page.text("title").starts_with("Error"), "{}", page.text("title"));
    let named = page.attributes("[aria-invalid=true]", "name");
    for field in ["repo_name", "project_id", "max_attempts"] {
        assert!(named.iter().any(|name| name == field), "{field} is not marked, only {named:?}");
    }
    let form = page.form_with("repo_name");
    assert_eq!(form.value("project_id"), Some("fifteen"));
    assert_eq!(form.value("object_kind"), Some("push"));
    assert!(!page.html.contains(TOKEN), "a secret is not echoed");
    assert!(!page.html.contains("<b>diaspora"), "what was typed is text");
    assert_eq!(app.database().count("webhooks").await, 0);
}

#[tokio::test]
async fn a_webhook_without_a_secret_cannot_be_enabled() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open(&format!("{LIST}add/")).await.form_with("repo_name");
    let page = panel.submit(form.fill(&webhooks::push()).set("secret_token", "")).await;
    assert!(page.has("[aria-invalid=true]") || page.has("[role=alert]"), "{}", page.html);
    assert_eq!(app.database().count("webhooks").await, 0);
}

#[tokio::test]
async fn f48_a_blank_secret_keeps_the_old_one() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let form = change_form(&panel, &id).await.set("name", "renamed");
    panel.submit(form).await;
    assert_eq!(change_form(&panel, &id).await.value("name"), Some("renamed"));
    app.send(&Delivery::push_2015().token(TOKEN).key("1")).await.expect(202, "matched");
    let other = "another-secret-of-the-tests-987654";
    panel
        .submit(
            change_form(&panel, &id).await.set("secret_token", other).set("keep_previous_days", ""),
        )
        .await;
    app.send(&Delivery::push_2015().token(TOKEN).key("2")).await.expect(401, "rejected");
    app.send(&Delivery::push_2015().token(other).key("3")).await.expect(202, "matched");
}

#[tokio::test]
async fn f18_the_second_of_two_editors_is_told_and_the_first_is_kept() {
    let app = App::start().await;
    let (one, other) = (app.panel().await, app.panel().await);
    let id = one.add_webhook(&webhooks::push()).await;
    let (first, second) = (change_form(&one, &id).await, change_form(&other, &id).await);
    one.submit(first.set("name", "the first")).await;
    let page = other.submit(second.set("name", "the second")).await;
    assert_eq!(page.status, 409, "{}", page.html);
    page.says("the second").says("the first");
    assert_eq!(app.database().value("SELECT name FROM webhooks").await, "the first");
}

#[tokio::test]
async fn f18_a_conflict_is_solved_field_by_field() {
    let app = App::start().await;
    let (one, other) = (app.panel().await, app.panel().await);
    let id = one.add_webhook(&webhooks::push()).await;
    let (first, second) = (change_form(&one, &id).await, change_form(&other, &id).await);
    one.submit(first.set("notes", "theirs").set("max_attempts", "5")).await;
    let second = second.set("name", "mine").set("notes", "mine too").set("object_kind", "release");
    let page = other.submit(second.unset("enabled")).await;
    assert_eq!(page.status, 409);
    // What both differ in, with the value that the form was opened with.
    let labels = page.texts(".picks tbody th");
    for label in ["Name", "Object kind", "Enabled", "Max attempts", "Notes"] {
        assert!(labels.iter().any(|l| l.starts_with(label)), "no {label} in {labels:?}");
    }
    assert_eq!(labels.len(), 5, "{labels:?}");
    let form = page.form_with("_was");
    // What only the other changed is theirs at first; what this one changed, this one's.
    assert_eq!((form.value("max_attempts"), form.value("name")), (Some("5"), Some("mine")));
    let page = other.submit(form.set("notes", "theirs").press("_continue", "1")).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let kept = "SELECT concat_ws(',', name, notes, max_attempts, object_kind, enabled, version) FROM webhooks";
    assert_eq!(app.database().value(kept).await, "mine,theirs,5,release,f,3");
}

#[tokio::test]
async fn f20_f27_deleting_asks_first_and_keeps_the_history() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");
    let ask = panel.open(&format!("{LIST}{id}/delete/")).await;
    ask.says("Diaspora");
    assert_eq!(app.database().count("webhooks").await, 1, "a GET must not delete");
    panel.submit(ask.form_to(&format!("{LIST}{id}/delete/"))).await;
    assert_eq!(app.database().count("webhooks").await, 0);
    assert_eq!(app.database().count("jobs").await, 1);
    let history = panel.open(&format!("{LIST}{id}/history/")).await;
    history.says("ada");
    assert!(!history.html.contains(TOKEN));
    assert_eq!(panel.get(&format!("{LIST}{id}/change/")).await.status, 404);
}

#[tokio::test]
async fn f19_history_shows_before_and_after_and_of_a_secret_only_that_it_changed() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let other = "another-secret-of-the-tests-987654";
    let form = change_form(&panel, &id).await;
    panel.submit(form.set("project_id", "77").set("secret_token", other)).await;
    let history = panel.open(&format!("{LIST}{id}/history/")).await;
    history.says("15").says("77").says("ada");
    assert!(!history.html.contains(TOKEN) && !history.html.contains(other));
    let stored = app.database().column("SELECT changes::text FROM audit_log").await.concat();
    assert!(!stored.contains(TOKEN) && !stored.contains(other));
}

#[tokio::test]
async fn f15_saving_leads_back_to_the_list_as_it_was() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let list = panel.open(&format!("{LIST}?q=dias")).await;
    let link = list
        .attributes("[data-id] a", "href")
        .into_iter()
        .find(|href| href.contains(&format!("/{id}/?")))
        .unwrap();
    let edit = panel.open(&link).await.attributes("main .tabs a", "href").remove(1);
    let form = panel.open(&edit).await.form_with("repo_name");
    let after = panel.submit(form.press("_save", "Save")).await;
    assert_eq!(after.address, format!("{LIST}?q=dias"), "{}", after.html);
    let form = change_form(&panel, &id).await;
    let after = panel.submit(form.press("_continue", "Save and continue editing")).await;
    assert!(after.address.starts_with(&format!("{LIST}{id}/change/")), "{}", after.address);
}

#[tokio::test]
async fn f13_a_post_without_its_token_is_refused_and_changes_nothing() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open(&format!("{LIST}add/")).await.form_with("repo_name");
    let form = form.fill(&webhooks::push());
    let none = panel.submit(form.clone().unset("csrf_token")).await;
    let wrong = panel.submit(form.clone().set("csrf_token", "AAAA")).await;
    let foreign = app.panel().await.open(&format!("{LIST}add/")).await.form_with("repo_name");
    let foreign = panel.submit(form.set("csrf_token", foreign.value("csrf_token").unwrap())).await;
    assert_eq!((none.status, wrong.status, foreign.status), (403, 403, 403));
    assert_eq!(app.database().count("webhooks").await, 0);
}

#[tokio::test]
async fn webhooks_whose_branches_exclude_each_other_are_no_duplicates() {
    let app = App::start().await;
    let panel = app.panel().await;
    let filtered = |refs: &str| with(webhooks::push(), &[("ref_filter", refs)]);
    let main = panel.add_webhook(&filtered("main")).await;
    panel.add_webhook(&filtered("develop\nrefs/tags/v1")).await;
    let page = format!("{LIST}{main}/change/");
    assert!(!panel.open(&page).await.html.contains("has the same five fields"));
    // A pattern may match main too.
    panel.add_webhook(&filtered("m*")).await;
    assert_eq!(panel.open(&page).await.texts("main .message[data-level=warning]").len(), 1);
}

#[tokio::test]
async fn f53_a_webhook_equal_to_another_is_saved_with_a_word_that_leads_to_the_other() {
    let app = App::start().await;
    let panel = app.panel().await;
    let first = panel.add_webhook(&with(webhooks::push(), &[("name", "The first")])).await;
    let second = panel.add_webhook(&with(webhooks::push(), &[("name", "The second")])).await;
    let link = |id: &str| format!("/admin/hooks/webhook/{id}/change/");
    for (one, other, name) in [(&first, &second, "The second"), (&second, &first, "The first")] {
        let page = panel.open(&link(one)).await;
        page.says("Another webhook has the same five fields: both run.").says(name);
        let links = page.attributes("main .message a", "href");
        assert_eq!(links, [format!("/admin/hooks/webhook/{other}/")], "{}", page.html);
    }
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    assert_eq!(answer.jobs().len(), 2, "both run");
    // A webhook that differs in one value is no twin.
    let form = panel.open(&link(&second)).await.form_with("repo_name");
    panel.submit(form.set("project_id", "16").press("_save", "1")).await;
    assert!(
        !panel
            .open(&link(&first))
            .await
            .main()
            .contains("Another webhook has the same five fields")
    );
}

#[tokio::test]
async fn a_form_that_is_sent_twice_adds_one_webhook_and_may_be_mended_in_between() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open(&format!("{LIST}add/")).await.form_with("repo_name");
    let form = form.fill(&webhooks::push());
    // What was refused is not sent: its form comes back with another number.
    let refused = panel.submit(form.clone().set("repo_name", "")).await;
    assert_ne!(refused.form_with("repo_name").value("_once"), form.value("_once"));
    let (one, two) = tokio::join!(panel.submit(form.clone()), panel.submit(form.clone()));
    assert_eq!((one.status, two.status), (200, 200));
    let again = panel.submit(form).await;
    assert!(again.text(".message").contains("Nothing was added twice"), "{}", again.html);
    assert_eq!(app.database().count("webhooks").await, 1);
    assert_eq!(app.database().count("audit_log WHERE object_type = 'webhook'").await, 1);
    // A change that is sent twice is one, and no quarrel with oneself.
    let id = app.database().value("SELECT id::text FROM webhooks").await;
    let form = panel.open(&format!("{LIST}{id}/change/")).await.form_with("repo_name");
    let form = form.set("notes", "twice").press("_save", "1");
    panel.submit(form.clone()).await;
    let again = panel.submit(form).await;
    assert_eq!((again.status, again.address.as_str()), (200, LIST));
    assert!(again.text(".message").contains("already has these values"), "{}", again.html);
    assert_eq!(app.database().count("audit_log WHERE verb = 'change'").await, 1);
    // A copy is one, too; and what is no form of ours is taken as it comes.
    let copy = panel.open(&format!("{LIST}{id}/change/")).await.form_with("repo_name");
    let copy = copy.set("secret_token", TOKEN).set("name", "copy").press("_saveasnew", "1");
    panel.submit(copy.clone()).await;
    panel.submit(copy.clone()).await;
    assert_eq!(app.database().count("webhooks WHERE name = 'copy'").await, 1);
    panel.submit(copy.unset("_once")).await;
    assert_eq!(app.database().count("webhooks WHERE name = 'copy'").await, 2);
}

#[tokio::test]
async fn an_address_that_people_copy_is_mended_or_refused() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    let bare = form.fill(&webhooks::push()).set("repo_url", "mike/diaspora");
    let refused = panel.submit(bare).await;
    refused.says("Enter the full URL, such as https://gitlab.example.com/group/app.");
    assert_eq!(app.database().count("webhooks").await, 0);
    let page = "http://example.com/mike/diaspora/-/tree/master";
    panel.add_webhook(&with(webhooks::push(), &[("repo_url", page)])).await;
    let typed = "git@example.com:2222/mike/diaspora.git";
    panel.add_webhook(&with(webhooks::push(), &[("repo_url", typed)])).await;
    let stored = app.database().column("SELECT repo_url FROM webhooks ORDER BY id").await;
    assert_eq!(stored, ["http://example.com/mike/diaspora", typed]);
    let ssh = "ssh://git@example.com:2222/mike/diaspora.git";
    let answer = app.send(&Delivery::push_2015().token(TOKEN).with("/repository/url", ssh)).await;
    assert_eq!(answer.expect(202, "matched").jobs().len(), 2);
}

#[tokio::test]
async fn a_new_webhook_excludes_deletions_by_a_box() {
    let app = App::start().await;
    let panel = app.panel().await;
    for (condition, stored) in [
        ("", "not deleted"),
        ("created or draft", "not deleted and (created or draft)"),
        ("deleted", "deleted"),
        // A text with these letters is not that field.
        ("message contains 'deleted'", "not deleted and (message contains 'deleted')"),
    ] {
        let webhook = webhooks::with(
            webhooks::push(),
            &[("exclude_deletions", "on"), ("condition", condition), ("name", stored)],
        );
        let id = panel.add_webhook(&webhook).await;
        let sql = format!("SELECT condition FROM webhooks WHERE id = {id}");
        assert_eq!(app.database().value(&sql).await, stored);
        let form = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
        assert!(!form.form_with("condition").names.contains(&"exclude_deletions".to_owned()));
    }
    let faulty = webhooks::with(
        webhooks::push(),
        &[("exclude_deletions", "on"), ("condition", "branch = ")],
    );
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    let page = panel.submit(form.fill(&faulty)).await;
    assert!(page.html.contains("branch is compared with a text"), "{}", page.html);
    assert_eq!(page.form_with("condition").value("exclude_deletions"), Some("on"));
}
