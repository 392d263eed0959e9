//! Webhooks into a file and out of one, in the panel: the plan, what is done on the button, what is
//! refused, and who may. F74.

use crate::support::app::{App, PASSWORD, TOKEN};
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::webhooks::{form_for, pending_push, push, with};

const LIST: &str = "/admin/hooks/webhook/";
const IMPORT: &str = "/admin/hooks/webhook/import/";
const EXPORT: &str = "/admin/hooks/webhook/export/";

fn other() -> crate::support::webhooks::WebhookForm {
    form_for("Other", "https://gitlab.example.com/a/other.git", ("push", "Push Hook"), 7)
}

/// Gives a file to the page, as a browser sends it.
async fn plan(panel: &Panel, file: &str) -> Page {
    let form = panel.open(IMPORT).await.form_with("file");
    let file = file.replace('\n', "\r\n");
    panel.submit(form.set("file", &file)).await
}

/// Presses the button under a plan.
async fn confirm(panel: &Panel, page: &Page) -> Page {
    panel.submit(page.form_with("mark")).await
}

fn counts(page: &Page) -> [String; 4] {
    ["[data-new]", "[data-changed]", "[data-same]", "[data-faulty]"].map(|css| page.text(css))
}

#[tokio::test]
async fn f74_an_export_is_planned_and_imported_elsewhere_and_secrets_are_asked_for() {
    let (here, there) = (App::start().await, App::start().await);
    let panel = here.panel().await;
    panel
        .add_webhook(&with(push(), &[("ref_filter", "master\n!wip/*"), ("notes", "数据: y")]))
        .await;
    panel.add_webhook(&with(other(), &[("enabled", "on")])).await;
    let list = panel.open(LIST).await;
    assert!(list.attributes("main a", "href").contains(&EXPORT.to_owned()), "{}", list.html);
    let file = panel.open(EXPORT).await;
    let header = |name: &str| file.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-disposition"), "attachment; filename=\"webhooks.yaml\"");
    assert!(!file.html.contains(TOKEN), "{}", file.html);
    // The filters of the list hold for the file too.
    let some = panel.open(&format!("{EXPORT}?q=other")).await.html;
    assert!(some.contains("repo_name: Other") && !some.contains("Diaspora"), "{some}");

    // Elsewhere: an empty list leads there; the plan says what would be, and nothing is done yet.
    let panel = there.panel().await;
    let empty = panel.open(LIST).await;
    assert!(empty.attributes(".empty a", "href").contains(&IMPORT.to_owned()), "{}", empty.html);
    let page = plan(&panel, &file.html).await;
    assert_eq!(counts(&page), ["2", "0", "0", "0"]);
    page.says("Diaspora").says("Needs a secret").says("The file holds no secrets");
    assert_eq!(there.database().count("webhooks").await, 0);
    let list = confirm(&panel, &page).await;
    assert!(list.address.starts_with(LIST), "{}", list.address);
    let message = list.text(".message");
    assert!(message.contains("Imported: 2 added"), "{message}");
    assert!(message.contains("Disabled until they have a secret: "), "{message}");
    let off = there.database().count("webhooks WHERE NOT enabled AND project_id > 0").await;
    let told = "audit_log WHERE verb = 'add' AND object_type = 'webhook' AND actor_name = 'ada'";
    assert_eq!((off, there.database().count(told).await), (2, 2));

    // A secret each, and they are what they were.
    for id in list.rows() {
        let form = panel.open(&format!("{LIST}{id}/change/")).await.form_with("repo_name");
        panel.submit(form.set("secret_token", TOKEN).set("enabled", "on")).await;
    }
    assert_eq!(panel.open(EXPORT).await.html, file.html);
    let page = plan(&panel, &file.html).await;
    assert_eq!(counts(&page), ["0", "0", "2", "0"]);
    page.says("Nothing to import.");
    assert!(!page.has("[name=mark]"));
}

#[tokio::test]
async fn a_plan_names_each_change_and_what_is_only_here_and_history_has_it_afterwards() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&pending_push()).await;
    let file = panel.open(EXPORT).await.html;
    panel.add_webhook(&other()).await;
    app.database().execute("UPDATE webhooks SET project_id = 15 WHERE project_id = -1").await;
    let file = file.replace("max_attempts: 3", "max_attempts: 9");
    let page = plan(&panel, &file).await;
    assert_eq!(counts(&page), ["0", "1", "0", "0"]);
    assert_eq!(page.texts("[data-line] tbody tr > *"), ["Max attempts", "3", "9"]);
    page.says("1 webhook here is not in the file. It stays as it is.");
    let list = confirm(&panel, &page).await;
    assert!(list.text(".message").contains("0 added, 1 changed"), "{}", list.html);
    let state = "SELECT format('%s %s %s', max_attempts, project_id, enabled) FROM webhooks \
                 ORDER BY id LIMIT 1";
    assert_eq!(app.database().value(state).await, "9 15 t", "Nothing is deleted or unregistered");
    assert_eq!(app.database().count("webhooks").await, 2);
    panel.open(&format!("{LIST}{id}/history/")).await.says("Max attempts").says("ada");
}

#[tokio::test]
async fn a_plan_that_others_overtook_is_drawn_anew_and_not_carried_out() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&push()).await;
    let file = panel.open(EXPORT).await.html.replace("max_attempts: 3", "max_attempts: 9");
    let page = plan(&panel, &file).await;
    app.database().execute("UPDATE webhooks SET max_attempts = 5, version = version + 1").await;
    let again = confirm(&panel, &page).await;
    again.says("Nothing was imported: webhooks have changed since you opened this page.");
    assert_eq!(again.texts("[data-line] tbody tr > *"), ["Max attempts", "5", "9"]);
    assert_eq!(app.database().value("SELECT max_attempts::text FROM webhooks").await, "5");
    // What it says now can be confirmed; the same button pressed twice does nothing more.
    confirm(&panel, &again).await;
    let twice = confirm(&panel, &again).await;
    twice.says("Nothing to import.");
    let changes = app.database().count("audit_log WHERE verb = 'change'").await;
    assert_eq!((app.database().count("webhooks").await, changes), (1, 1));
}

#[tokio::test]
async fn every_fault_is_named_with_its_place_and_nothing_is_imported() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&push()).await;
    let sound = panel.open(EXPORT).await.html;
    let twist = |of: &str, to: &str| {
        assert!(sound.contains(of), "{sound}");
        sound.replace(of, to)
    };
    // Not a file of webhooks at all: the reader's own words, and the text is still there.
    for (text, words) in [
        ("", "not a file of webhooks"),
        ("signalbox: 1\nwebhooks:\n- colour: red\n", "line 3"),
        ("signalbox: 9\nwebhooks: []\n", "the file is of version 9"),
        ("{ \"signalbox\": 1, ", "line 1"),
    ] {
        let page = plan(&panel, text).await;
        page.says(words).says("Nothing was imported.");
        let given = page.form_with("file");
        assert_eq!(given.value("file").unwrap().trim_end(), text.trim_end());
    }
    let page = plan(&panel, &twist("env: SIGNALBOX_TOKEN_DIASPORA_PUSH", "env: glpat-4711")).await;
    page.says("never put the secret itself into the file");

    // Rules that a form would name too, for every webhook.
    let twisted = twist("action: print", "action: nothing").replace("parallel", "sideways");
    let page = plan(&panel, &twisted).await;
    assert_eq!(counts(&page), ["0", "0", "0", "1"]);
    page.says("action").says("“sideways” is not parallel, serial or latest.");
    page.says("Nothing can be imported while a webhook in the file is invalid");
    assert!(!page.has("[name=mark]"));
    // Nor when the button of another file's plan is sent with it.
    let planned = plan(&panel, &twist("attempts: 3", "attempts: 9")).await;
    let page = panel.submit(planned.form_with("mark").set("file", &twisted)).await;
    assert_eq!(counts(&page)[3], "1");
    let kept = "webhooks WHERE action = 'print' AND concurrency = 'parallel' AND max_attempts = 3";
    assert_eq!(app.database().count(kept).await, 1);

    // Of very many the first are drawn, those with faults before all others.
    let webhook = sound.split_once("webhooks:\n").unwrap().1;
    let many = (1..=250).map(|n| {
        let name = format!("repo_name: Web {n}");
        let other = webhook.replace("repo_name: Diaspora", &name).replace("id: 15", "id: 4711");
        if n == 249 { other.replace("parallel", "sideways") } else { other }
    });
    let page =
        plan(&panel, &format!("signalbox: 1\nwebhooks:\n{}", many.collect::<String>())).await;
    assert_eq!(counts(&page), ["249", "0", "0", "1"]);
    assert_eq!(page.texts("[data-line]").len(), 200);
    assert_eq!(page.attributes("[data-line]", "data-line")[..2], ["249", "1"]);
    page.says("50 more are not listed, but counted above.");

    // More than a form takes.
    let long = format!("{sound}# {}\n", "x".repeat(1_100_000));
    let page = plan(&panel, &long).await;
    assert_eq!(page.status, 413);
    page.says("The request is larger than this address takes.");
}

#[tokio::test]
async fn who_may_look_may_export_and_who_may_change_webhooks_may_import() {
    let app = App::start().await;
    app.add_webhook(&push()).await;
    for role in ["viewer", "operator"] {
        let panel = app.person(role).await;
        let links = panel.open(LIST).await.attributes("main a", "href");
        assert!(links.contains(&EXPORT.to_owned()) && !links.contains(&IMPORT.to_owned()));
        assert_eq!(panel.get(EXPORT).await.status, 200);
        assert_eq!(panel.get(IMPORT).await.status, 403);
    }
    let panel = app.panel().await;
    let file = panel.open(EXPORT).await.html.replace("attempts: 3", "attempts: 9");
    let page = plan(&panel, &file).await;
    app.let_passwords_grow_old().await;
    // An old sign-in is asked for its password before anything is changed.
    let page = confirm(&panel, &page).await;
    assert!(page.has("[name=_your_password]"), "{}", page.html);
    let wrong = panel.submit(page.form_with("mark").set("_your_password", "wrong")).await;
    assert!(wrong.has("[name=_your_password]"));
    let changed = || app.database().count("webhooks WHERE max_attempts = 9");
    assert_eq!(changed().await, 0);
    panel.submit(wrong.form_with("mark").set("_your_password", PASSWORD)).await;
    assert_eq!(changed().await, 1);
    // A list's parameter that cannot be is named, not left out in silence.
    let page = panel.get(&format!("{EXPORT}?colour=red")).await;
    assert!(page.text(".message").contains("colour"), "{}", page.html);
}
