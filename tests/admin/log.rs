//! The log, histories, and putting back what was changed.

use crate::support::app::{ADMIN, App, PASSWORD, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Form;
use crate::support::panel::Panel;
use crate::support::webhooks;

const LOG: &str = "/admin/log/";
const HOOKS: &str = "/admin/hooks/webhook/";

async fn change_form(panel: &Panel, id: &str) -> Form {
    panel.open(&format!("{HOOKS}{id}/change/")).await.form_with("repo_name")
}

/// The first link to a question whether to put something back.
async fn revert_link(panel: &Panel, id: &str) -> Option<String> {
    let page = panel.open(&format!("{HOOKS}{id}/history/")).await;
    page.attributes("main a", "href").into_iter().find(|href| href.ends_with("/revert/"))
}

#[tokio::test]
async fn the_log_has_sign_ins_registrations_and_changes_and_can_be_narrowed() {
    let app = App::start().await;
    Panel::anonymous(app.base()).try_login("nobody", "a password by mistake").await;
    Panel::anonymous(app.base()).try_login(ADMIN, "wrong").await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::pending_push()).await;
    app.send(&Delivery::push_2015().token(TOKEN).at_register()).await.expect(202, "registered");
    panel.submit(change_form(&panel, &id).await.set("name", "Deploy <b>web</b>")).await;

    let page = panel.open(LOG).await;
    let verbs = page.states("tbody");
    for verb in ["login_failed", "login", "add", "register", "change"] {
        assert!(verbs.contains(&verb.to_owned()), "{verb}: {verbs:?}");
    }
    assert!(!page.html.contains("a password by mistake") && !page.html.contains("<b>web"));
    page.says("Name: empty → Deploy <b>web</b>").says("127.0.0.1").says("Project ID: -1 → 15");
    let narrowed = [
        ("verb=login_failed", 2),
        ("verb=change&object_type=webhook", 1),
        ("user=system&object_type=webhook", 1),
        ("user=ada&verb=add", 1),
        ("at=1h&verb=register", 1),
        ("q=Deploy", 1),
        ("q=%22Push+Hook%22+add", 0),
    ];
    for (query, rows) in narrowed {
        let page = panel.open(&format!("{LOG}?{query}")).await;
        assert_eq!(page.rows().len(), rows, "{query}: {}", page.main());
    }
    panel.open(&format!("{LOG}?verb=nonsense&q=Deploy")).await.says("is not a choice of");
    let newest = page.rows()[0].clone();
    let entry = panel.open(&format!("{LOG}{newest}/")).await;
    entry.says("Deploy <b>web</b>").says("empty").says(ADMIN);
    assert!(entry.attributes("main a", "href").contains(&format!("{HOOKS}{id}/history/")));
    for missing in ["999999", "x"] {
        assert_eq!(panel.get(&format!("{LOG}{missing}/")).await.status, 404);
    }
    let csv = panel.get(&format!("{LOG}?format=csv&verb=change")).await;
    assert!(csv.html.contains("change") && csv.html.lines().count() >= 2, "{}", csv.html);
    let home = panel.open("/admin/").await;
    assert!(home.attributes("main a", "href").contains(&LOG.to_owned()));
}

#[tokio::test]
async fn long_logs_are_read_newer_and_older() {
    let app = App::start().await;
    app.database()
        .execute(
            "INSERT INTO audit_log (at, actor_name, verb, object_type, object_id, object_name, changes, remote_addr) \
             SELECT now(), 'system', 'change', 'webhook', '1', 'n' || n, '[]', '' FROM generate_series(1, 250) n",
        )
        .await;
    let panel = app.panel().await;
    let mut seen = Vec::new();
    let mut address = format!("{LOG}?verb=change");
    for _ in 0..3 {
        let page = panel.open(&address).await;
        seen.extend(page.rows());
        let older = page.attributes("a[rel=next]", "href");
        let Some(next) = older.first() else { break };
        address = next.clone();
    }
    assert_eq!(seen.len(), 250);
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 250, "no entry twice");
    // An object's own history too.
    let page = panel.open(&format!("{HOOKS}1/history/")).await;
    assert_eq!(page.texts("main .block").len(), 50);
    assert_eq!(page.attributes("a[rel=next]", "href"), [format!("{HOOKS}1/history/?p=2")]);
}

#[tokio::test]
async fn a_change_is_put_back_and_nothing_else() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    assert_eq!(revert_link(&panel, &id).await, None, "adding cannot be put back");
    let other = "another-secret-of-the-tests-987654";
    let form = change_form(&panel, &id).await.set("project_id", "77").set("secret_token", other);
    panel.submit(form.set("max_attempts", "9")).await;
    let link = revert_link(&panel, &id).await.unwrap();
    panel.submit(change_form(&panel, &id).await.set("name", "kept")).await;

    let ask = panel.open(&link).await;
    ask.says("77").says("15").says("cannot be reverted: old secrets are not stored");
    assert!(!ask.html.contains(other) && !ask.main().contains("kept as"));
    let digest = app.database().value("SELECT secret_digest::text FROM webhooks").await;
    let sql = "SELECT concat_ws(' ', project_id, max_attempts, name) FROM webhooks";
    assert_eq!(app.database().value(sql).await, "77 9 kept", "a GET changes nothing");
    let page = panel.submit(ask.form_to(&link)).await;
    assert_eq!(page.address, format!("{HOOKS}{id}/history/"), "{}", page.html);
    assert_eq!(app.database().value(sql).await, "15 3 kept");
    assert_eq!(app.database().value("SELECT secret_digest::text FROM webhooks").await, digest);
    page.says("Nothing left to revert: old secrets are not stored.");
    panel.open(&link).await.says("Nothing left to revert: old secrets are not stored.");
}

#[tokio::test]
async fn the_history_does_not_say_that_old_secrets_are_back() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let replaced = change_form(&panel, &id).await.set("secret_token", "another-secret-0123456789");
    panel.submit(replaced).await;
    // That one stays valid for a while; ended, it is no field that could go back either.
    panel.submit(change_form(&panel, &id).await.set("end_previous_secret", "on")).await;
    let page = panel.open(&format!("{HOOKS}{id}/history/")).await;
    let gone = "Nothing left to revert: old secrets are not stored.";
    assert_eq!(page.texts(".block-tools"), [gone, gone]);
    page.says("Previous secret token valid until");
    panel.submit(change_form(&panel, &id).await.set("name", "one")).await;
    panel.submit(change_form(&panel, &id).await.set("name", "")).await;
    let page = panel.open(&format!("{HOOKS}{id}/history/")).await;
    let now = "The current values are the ones before this change.";
    assert_eq!(page.texts(".block-tools"), ["Revert", now, gone, gone]);
}

#[tokio::test]
async fn putting_back_meets_a_change_that_came_between() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    panel.submit(change_form(&panel, &id).await.set("name", "one")).await;
    let link = revert_link(&panel, &id).await.unwrap();
    let late = panel.open(&link).await.form_to(&link);
    panel.submit(change_form(&panel, &id).await.set("name", "two")).await;
    let page = panel.submit(late).await;
    assert_eq!(page.status, 409, "{}", page.html);
    page.says("someone else changed it").says("two");
    assert_eq!(app.database().value("SELECT name FROM webhooks").await, "two");
    let page = panel.submit(page.form_to(&link)).await;
    assert_eq!(page.status, 200);
    assert_eq!(app.database().value("SELECT name FROM webhooks").await, "");
}

#[tokio::test]
async fn putting_back_what_is_run_asks_for_the_password_and_keeps_the_rules() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let form = change_form(&panel, &id).await.set("action", "notify").unset("enabled");
    let page = panel.submit(form).await;
    assert_eq!(page.address, HOOKS, "{}", page.html);
    let link = revert_link(&panel, &id).await.unwrap();
    app.let_passwords_grow_old().await;
    let page = panel.submit(panel.open(&link).await.form_to(&link)).await;
    page.says("Enter your own password");
    assert_eq!(app.database().value("SELECT action FROM webhooks").await, "notify");
    panel.submit(page.form_to(&link).set("_your_password", PASSWORD)).await;
    assert_eq!(app.database().value("SELECT action FROM webhooks").await, "print");

    // A rule that does not hold any more is named, and nothing is changed.
    app.database().execute("UPDATE webhooks SET secret_digest = NULL, enabled = false").await;
    let off = "INSERT INTO audit_log (at, actor_name, verb, object_type, object_id, object_name, changes, remote_addr) \
               VALUES (now(), 'ada', 'change', 'webhook', '1', 'x', '[{\"field\":\"enabled\",\"before\":true,\"after\":false}]', '')";
    app.database().execute(&off.replace("'1', 'x'", &format!("'{id}', 'x'"))).await;
    let link = revert_link(&panel, &id).await.unwrap();
    let page = panel.submit(panel.open(&link).await.form_to(&link)).await;
    page.says("Nothing was reverted").says("Enter a secret token");
    assert_eq!(app.database().value("SELECT enabled::text FROM webhooks").await, "false");
}

#[tokio::test]
async fn f20_a_deleted_webhook_keeps_its_history_and_can_be_added_again() {
    let app = App::start().await;
    let panel = app.panel().await;
    let webhook = webhooks::with(webhooks::push(), &[("max_attempts", "8"), ("name", "A & b")]);
    let id = panel.add_webhook(&webhook).await;
    let delete = format!("{HOOKS}{id}/delete/");
    panel.submit(panel.open(&delete).await.form_to(&delete)).await;
    let gone = panel.get(&format!("{HOOKS}{id}/change/")).await;
    assert_eq!(gone.status, 404);
    let history = format!("{HOOKS}{id}/history/");
    assert!(gone.attributes("main a", "href").contains(&history));
    let page = panel.open(&history).await;
    page.says("It was deleted.").says("Deleted by ada").says("A & b");
    // Both are told by their values alone, in the form's order, empty ones left out.
    let sides = ["Field", "Before", "Field", "After"];
    assert_eq!(page.texts("main thead th"), sides);
    let fields = page.texts(".block:last-of-type tbody th");
    assert_eq!(fields[..3], ["Repository name", "Repository URL", "Object kind"]);
    assert!(fields.contains(&"Parameters".to_owned()) && !fields.contains(&"Notes".to_owned()));
    let again = page.attributes("main a", "href");
    let again = again.iter().find(|href| href.contains("/add/?")).unwrap();
    let form = panel.get(again).await.form_with("repo_name");
    for (name, value) in [("repo_name", "Diaspora"), ("max_attempts", "8"), ("name", "A & b")] {
        assert_eq!(form.value(name), Some(value), "{name}");
    }
    assert_eq!((form.value("project_id"), form.value("pending")), (Some("15"), None));
    // Nothing about it, and nothing of another object, can be put back.
    let unknown = panel.get(&format!("{HOOKS}4711/history/")).await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.attributes("main a", "href").contains(&format!("{LOG}?q=4711")));
    let other = panel.add_webhook(&webhooks::push()).await;
    let entry = app.database().value("SELECT max(id)::text FROM audit_log").await;
    let foreign = format!("{HOOKS}{other}/history/1/revert/");
    assert_eq!(panel.get(&foreign).await.status, 404);
    let added = format!("{HOOKS}{other}/history/{entry}/revert/");
    assert_eq!(panel.get(&added).await.status, 409, "adding cannot be put back");
}

#[tokio::test]
async fn filters_lanes_and_skip_marks_are_put_back() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let changed = [
        ("ref_filter", "release/*"),
        ("path_filter", "docs/**"),
        ("condition", "branch = \"master\""),
        ("concurrency", "latest"),
        ("debounce_s", "20"),
        ("obey_skip", "on"),
    ];
    let form = change_form(&panel, &id).await;
    let form = changed.iter().fold(form, |form, (name, value)| form.set(name, value));
    let page = panel.submit(form).await;
    assert_eq!(page.address, HOOKS, "{}", page.html);
    let sql = "SELECT concat_ws('|', ref_filter, path_filter, condition, concurrency, debounce_s, \
               obey_skip) FROM webhooks";
    let now = app.database().value(sql).await;
    assert_eq!(now, "release/*|docs/**|branch = \"master\"|latest|20|t");
    let link = revert_link(&panel, &id).await.unwrap();
    let ask = panel.open(&link).await;
    ask.says("release/*").says("docs/**");
    let page = panel.submit(ask.form_to(&link)).await;
    assert_eq!(page.address, format!("{HOOKS}{id}/history/"), "{}", page.html);
    assert_eq!(app.database().value(sql).await, "|||parallel|0|f");
}
