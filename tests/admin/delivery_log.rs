//! The delivery log: grouping, the body as tree, text and command, and what retention leaves.

use crate::support::app::{ADMIN, App, PASSWORD, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::webhooks;
use std::process::Command;

fn push() -> Delivery {
    Delivery::push_2015().token(TOKEN)
}

fn page(id: &str) -> String {
    format!("/admin/hooks/delivery/{id}/")
}

#[tokio::test]
async fn f55_unmatched_deliveries_are_grouped_by_repository() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    for project in [16, 16, 17] {
        app.send(&push().with("/project_id", project)).await.expect(200, "unmatched");
    }
    app.send(&push()).await.expect(202, "matched");
    let panel = app.panel().await;
    let list = panel.open("/admin/hooks/delivery/").await;
    let address = "/admin/hooks/delivery/unmatched/";
    assert!(list.attributes("main a", "href").contains(&address.to_owned()));
    list.says("Retention: bodies 14 days, deliveries 90 days");
    let groups = panel.open(address).await;
    assert_eq!(groups.texts("[data-id] [data-label=Deliveries]"), ["1", "2"]);
    assert_eq!(groups.texts("[data-id] [data-label=\"Project ID\"]"), ["17", "16"]);
    let links = groups.attributes("[data-id] [data-label=Deliveries] a", "href");
    assert_eq!(panel.get(&links[1]).await.rows().len(), 2, "the number is the list's");
    let create = groups.attributes("[data-id] .button", "href").remove(1);
    let form = panel.get(&create).await.form_with("repo_name");
    assert_eq!(form.value("project_id"), Some("16"));
    assert_eq!(form.value("repo_url"), Some("git@example.com:mike/diasporadiaspora.git"));
    panel.open(&format!("{address}?received=1h")).await.says("Diaspora");
}

#[tokio::test]
async fn a_reason_is_stored_as_a_code_with_values_and_an_old_sentence_is_shown_as_it_is() {
    let app = App::start().await;
    app.add_webhook(&webhooks::with(webhooks::push(), &[("name", "deploy"), ("ref_filter", "v*")]))
        .await;
    let answer = app.send(&push()).await;
    let id = answer.expect(200, "filtered").field("delivery");
    let english = "Filtered: “deploy” runs only for branch or tag v*; this event is for master";
    assert_eq!(answer.field("reason"), english);
    let column = |column: &str| format!("SELECT {column} FROM deliveries WHERE id = '{id}'");
    assert_eq!(app.database().value(&column("reason_code")).await, "filtered");
    let args = "concat_ws('|', reason_args ->> 'webhook', reason_args #>> '{check,field}', \
                reason_args #>> '{check,actual}', summary)";
    let stored = format!("deploy|ref_filter|refs/heads/master|{english}");
    assert_eq!(app.database().value(&column(args)).await, stored);
    let chinese = Panel::reading(app.base(), "zh-Hans");
    chinese.try_login(ADMIN, PASSWORD).await;
    let shown = chinese.open(&page(&id)).await;
    shown.says("“deploy”仅为分支或标签 v* 运行；此事件属于 master");

    // Of a version that kept the sentence alone, or of a later one.
    for code in ["NULL", "'of_a_later_version'"] {
        let old = "summary = 'It was so because of x', reason_args = NULL";
        let set = format!("UPDATE deliveries SET {old}, reason_code = {code} WHERE id = '{id}'");
        app.database().execute(&set).await;
        chinese.open(&page(&id)).await.says("It was so because of x");
    }
}

#[tokio::test]
async fn a_body_is_shown_as_tree_as_text_and_as_a_command_that_works() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let body =
        br#"{"object_kind":"push","project_id":15,"big":12345678901234567890123,"big":"it's","repository":{"name":"Diaspora","url":"git@example.com:mike/diaspora.git"}}"#;
    let answer = app.send(&push().body(body.to_vec())).await;
    let id = answer.expect(202, "matched").field("delivery");
    let shown = app.panel().await.open(&page(&id)).await;
    let leaves = shown.texts("#body-tree p");
    assert!(leaves.contains(&"big 12345678901234567890123".to_owned()), "{leaves:?}");
    assert!(leaves.contains(&"big \"it's\"".to_owned()), "{leaves:?}");
    assert_eq!(shown.text("#body-raw"), String::from_utf8(body.to_vec()).unwrap());
    assert_eq!(
        shown.texts(".timeline-name"),
        ["Received", "Evaluated", "Queued", "Started", "Ended"]
    );
    let command = shown.text("#body-curl");
    assert!(command.contains("YOUR-SECRET-TOKEN") && !command.contains(TOKEN), "{command}");

    // Its lines are joined by the way this test reads texts.
    let command = command.replace("YOUR-SECRET-TOKEN", TOKEN).replace(" \\ ", " ");
    // Apart from the sender's bytes the token is new, so this is no repeat by its body.
    app.database().execute("DELETE FROM idempotency_keys").await;
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\"verdict\":\"matched\""), "{command}\n{text}");
    let sql = "SELECT count(DISTINCT body_sha256)::text FROM deliveries";
    assert_eq!(app.database().value(sql).await, "1", "the very bytes were sent");
}

#[tokio::test]
async fn a_delivery_without_its_body_says_so() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let answer = app.send(&push().with("/project_id", 16)).await;
    app.database().execute("UPDATE deliveries SET body = NULL").await;
    let panel = app.panel().await;
    let shown = panel.open(&page(&answer.field("delivery"))).await;
    assert!(shown.text("[data-expired]").contains("removed after 14 days"), "{}", shown.html);
    // The columns still tell what differs.
    shown.says("registered to project 15, this is project 16");
    let download = format!("{}body/", page(&answer.field("delivery")));
    assert_eq!(panel.get(&download).await.status, 404);
}

#[tokio::test]
async fn deliveries_are_found_by_id_commit_repository_and_person() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let id = app.send(&push()).await.field("delivery");
    app.send(&push().token("wrong").with("/repository/name", "Elsewhere").with("/user_name", "X"))
        .await;
    let panel = app.panel().await;
    for words in [
        id.as_str(),
        &id.to_lowercase(),
        "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
        "John",
        "Diaspora",
    ] {
        let found = panel.get(&format!("/admin/hooks/delivery/?q={words}")).await.rows();
        assert!(found.contains(&id), "{words}: {found:?}");
    }
    assert_eq!(panel.get("/admin/hooks/delivery/?q=Elsewhere").await.rows().len(), 1);
}

#[tokio::test]
async fn deliveries_are_narrowed_by_status_and_source_and_found_by_their_job() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let matched = app.send(&push()).await;
    let (id, [job]) = (matched.field("delivery"), matched.jobs().try_into().unwrap());
    let rejected = app.send(&push().token("wrong")).await.field("delivery");
    let panel = app.panel().await;
    let rows =
        async |query: &str| panel.open(&format!("/admin/hooks/delivery/?{query}")).await.rows();
    assert_eq!(rows("http_status=401").await, [rejected]);
    assert_eq!(rows("http_status=202&source=gitlab").await, std::slice::from_ref(&id));
    assert!(rows("source=replay").await.is_empty());
    assert_eq!(rows(&format!("q={job}")).await, std::slice::from_ref(&id));
    let asked = panel.open(&format!("{}replay/", page(&id))).await;
    panel.submit(asked.form_with("once")).await;
    let list = panel.open("/admin/hooks/delivery/?source=replay").await;
    assert_eq!(list.rows().len(), 1);
    assert!(list.text("tbody tr").contains("Replayed"), "{}", list.main());
    let wrong = panel.open("/admin/hooks/delivery/?http_status=abc&source=x").await;
    assert_eq!(wrong.texts("main .message").len(), 2);
}

#[tokio::test]
async fn f29_a_repeat_makes_no_job_and_leads_to_what_it_repeats() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let first = app.send(&push().key("k")).await;
    let again = app.send(&push().key("k")).await;
    again.expect(200, "duplicate");
    let shown = app.panel().await.open(&page(&again.field("delivery"))).await;
    assert_eq!(shown.attributes(".verdict", "data-state"), ["duplicate"]);
    assert_eq!(shown.attributes(".verdict-text a", "href"), [page(&first.field("delivery"))]);
    shown.says("Nothing ran twice");
    assert_eq!(app.database().count("jobs").await, 1);
}

#[tokio::test]
async fn f30_what_is_no_json_or_too_large_is_listed_with_its_cause_and_its_start() {
    let app = Setup::new().await.setting("SIGNALBOX_MAX_BODY", "2000").start().await;
    app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    let long = format!("{{\"start\": \"of it\", \"rest\": \"{}\"}}", "x".repeat(2000));
    for (body, status, cause, start) in [
        ("{\"object_kind\": push", 400, "not JSON", "{\"object_kind\": push"),
        (long.as_str(), 413, "larger than 2000 bytes", "{\"start\": \"of it\""),
    ] {
        let answer = app.send(&push().body(body)).await;
        answer.expect(status, "rejected");
        let list = panel.open("/admin/hooks/delivery/?verdict=rejected").await;
        let id = list.rows().remove(0);
        let shown = panel.open(&page(&id)).await;
        assert_eq!(shown.attributes(".verdict", "data-state"), ["rejected"]);
        assert!(shown.text(".verdict-text").contains(cause), "{}", shown.text(".verdict-text"));
        assert!(shown.text("#body-raw").starts_with(start), "{}", shown.html);
        assert!(!shown.html.contains(TOKEN));
    }
}

#[tokio::test]
async fn f52_what_a_disabled_webhook_would_have_run_offers_to_enable_it() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.add_webhook(&webhooks::push()).await;
    app.database().execute("UPDATE webhooks SET enabled = false, version = version + 1").await;
    let answer = app.send(&push()).await;
    answer.expect(200, "disabled");
    assert_eq!(app.database().count("jobs").await, 0);
    let address = page(&answer.field("delivery"));
    let shown = panel.open(&address).await;
    assert_eq!(shown.attributes(".verdict", "data-state"), ["disabled"]);
    let enable = format!("/admin/hooks/webhook/{id}/change/?enabled=1");
    assert!(shown.attributes("main a", "href").contains(&enable), "{}", shown.html);
    let form = panel.get(&enable).await.form_with("repo_name");
    assert_eq!(form.value("enabled"), Some("on"));
    panel.submit(form.press("_save", "1")).await;
    app.send(&push()).await.expect(202, "matched");
    // Who may not change webhooks is not led there.
    let links = app.person("viewer").await.open(&address).await.attributes("main a", "href");
    assert!(!links.contains(&enable), "{links:?}");
}

#[tokio::test]
async fn what_an_event_is_about_is_listed_found_and_leads_to_gitlab() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let commit = "http://example.com/mike/diaspora/commit/da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
    let answer = app.send(&push()).await;
    let id = answer.expect(202, "matched").field("delivery");
    let [job]: [String; 1] = answer.jobs().try_into().unwrap();
    let panel = app.panel().await;
    for (list, words) in [("delivery", "readme"), ("job", "%22fixed%20readme%22")] {
        let found = panel.open(&format!("/admin/hooks/{list}/?q={words}")).await;
        let cells = found.texts("[data-id] [data-column=title]");
        assert_eq!(cells, ["fixed readmeda156088 · John Smith"], "{list}");
        assert!(panel.get(&format!("/admin/hooks/{list}/?q=unheard-of")).await.rows().is_empty());
    }
    for address in [page(&id), format!("/admin/hooks/job/{job}/")] {
        let shown = panel.open(&address).await;
        assert_eq!(shown.text(".page-title"), "fixed readme");
        assert_eq!(shown.attributes(".object-tools a[rel=noreferrer]", "href"), [commit]);
    }
    let window = panel.open(&format!("/admin/hooks/job/{job}/")).await.text("title");
    assert!(window.contains(" Diaspora push: fixed readme · "), "{window}");

    // Whoever has no valid token leads nobody anywhere, and nobody to another server.
    let refused = app.send(&Delivery::push_2015().token("wrong").key("refused")).await;
    let refused = panel.open(&page(&refused.expect(401, "rejected").field("delivery"))).await;
    assert!(!refused.html.contains("noreferrer"));
    let elsewhere = push().key("elsewhere").with(
        "/commits",
        serde_json::json!([
            { "message": "<b>\n\nmore", "url": "https://elsewhere.example.com/a" },
        ]),
    );
    let elsewhere = app.send(&elsewhere).await.expect(202, "matched").field("delivery");
    let elsewhere = panel.open(&page(&elsewhere)).await;
    assert_eq!(elsewhere.text(".page-title"), "<b>");
    let project = ["http://example.com/mike/diaspora"];
    assert_eq!(elsewhere.attributes(".object-tools a[rel=noreferrer]", "href"), project);
}
