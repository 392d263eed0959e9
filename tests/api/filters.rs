//! Filters of a webhook, from the form to the job that is or is not made.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, WebhookForm, with};
use serde_json::json;

fn push(key: &str) -> Delivery {
    Delivery::push_2015().token(TOKEN).key(key)
}

fn filtered(values: &[(&'static str, &str)]) -> WebhookForm {
    with(webhooks::push(), values)
}

#[tokio::test]
async fn a_ref_filter_lets_its_branches_pass() {
    let app = App::start().await;
    app.add_webhook(&filtered(&[("ref_filter", "master\r\nrelease/*\r\n!release/old")])).await;
    for (git_ref, status, verdict) in [
        ("refs/heads/master", 202, "matched"),
        ("refs/heads/release/2", 202, "matched"),
        ("refs/heads/release/old", 200, "filtered"),
        ("refs/heads/mast", 200, "filtered"),
        ("refs/heads/release/2/a", 200, "filtered"),
    ] {
        let answer = app.send(&push(git_ref).with("/ref", git_ref)).await;
        answer.expect(status, verdict);
        if verdict == "filtered" {
            let reason = answer.field("reason");
            let branch = git_ref.trim_start_matches("refs/heads/");
            assert!(reason.starts_with("Filtered: “"), "{reason}");
            assert!(reason.ends_with(&format!("this event is for {branch}")), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_path_filter_runs_where_gitlab_does_not_tell() {
    let app = App::start().await;
    app.add_webhook(&filtered(&[("path_filter", "docs/\n!docs/*.txt")])).await;
    let files = |key: &str, added: &[&str], total: i64| {
        push(key)
            .with("/before", "a".repeat(40))
            .with("/commits", json!([{ "id": "1", "added": added, "message": "m" }]))
            .with("/total_commits_count", total)
    };
    app.send(&files("1", &["docs/a.md"], 1)).await.expect(202, "matched");
    let missed = app.send(&files("2", &["src/a.rs", "docs/a.txt"], 1)).await;
    missed.expect(200, "filtered");
    assert!(missed.field("reason").contains("src/a.rs"), "{}", missed.text);
    app.send(&files("3", &["src/a.rs"], 21)).await.expect(202, "matched");
    let trace = "SELECT reason::text FROM deliveries WHERE idempotency_key = '3'";
    let trace = app.database().value(trace).await;
    assert!(trace.contains("GitLab lists 1 of its 21 commits"), "{trace}");
    let created = files("4", &["src/a.rs"], 1).with("/before", "0".repeat(40));
    app.send(&created).await.expect(202, "matched");
}

#[tokio::test]
async fn a_condition_is_worked_out_and_its_value_kept() {
    let app = App::start().await;
    let condition = "branch = \"master\" and user_name not in [\"Robot\"]";
    app.add_webhook(&filtered(&[("condition", condition)])).await;
    app.send(&push("1")).await.expect(202, "matched");
    let answer = app.send(&push("2").with("/user_name", "Robot")).await;
    answer.expect(200, "filtered");
    let panel = app.panel().await;
    let page = panel.open(&format!("/admin/hooks/delivery/{}/", answer.field("delivery"))).await;
    page.says(condition).says("false, as branch = \"master\", user_name = \"Robot\"");
}

#[tokio::test]
async fn a_webhook_may_obey_requests_not_to_run() {
    let app = App::start().await;
    let id = app.add_webhook(&filtered(&[("obey_skip", "on")])).await;
    let commits = json!([{ "id": "1", "message": "Docs [ci skip]\n" }]);
    let asks = |key: &str| push(key).with("/commits", commits.clone());
    app.send(&asks("1")).await.expect(200, "filtered");
    app.send(&push("2")).await.expect(202, "matched");
    let panel = app.panel().await;
    let page = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    panel.submit(page.form_with("repo_name").unset("obey_skip")).await;
    app.send(&asks("3")).await.expect(202, "matched");
}

#[tokio::test]
async fn a_repeat_of_what_was_filtered_out_runs_once_the_filter_is_mended() {
    let app = App::start().await;
    let id = app.add_webhook(&filtered(&[("ref_filter", "main")])).await;
    app.send(&push("k")).await.expect(200, "filtered");
    let panel = app.panel().await;
    let page = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    panel.submit(page.form_with("repo_name").set("ref_filter", "master")).await;
    app.send(&push("k")).await.expect(202, "matched");
    app.send(&push("k")).await.expect(200, "duplicate");
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_named_beside_its_field() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    let wrong =
        [("ref_filter", "main\n[a"), ("path_filter", "!"), ("condition", "brunch = \"main\"")];
    let page = panel.submit(form.fill(&filtered(&wrong))).await;
    page.says("Line 2:").says("Column 1: there is no field \"brunch\"");
    let named = page.attributes("[aria-invalid=true]", "name");
    assert_eq!(named, ["ref_filter", "path_filter", "condition"]);
    assert_eq!(page.form_with("repo_name").value("condition"), Some("brunch = \"main\""));
    assert_eq!(app.database().count("webhooks").await, 0);
}

#[tokio::test]
async fn known_and_unknown_events_are_chosen_or_typed_and_an_odd_pair_is_warned_of() {
    let app = App::start().await;
    let panel = app.panel().await;
    let page = panel.open("/admin/hooks/webhook/add/").await;
    for (field, count) in [("object_kind", 40), ("http_x_gitlab_event", 20)] {
        let options = page.attributes(&format!("select[name={field}] option"), "value");
        assert!(options.len() > count && options.last().unwrap() == "other", "{options:?}");
    }
    // Without scripts, "Other…" and a word beside it.
    let typed =
        with(webhooks::push(), &[("object_kind", "other"), ("http_x_gitlab_event", "other")]);
    let form = page.form_with("repo_name").fill(&typed);
    let form =
        form.set("object_kind_other", "dance").set("http_x_gitlab_event_other", "Dance Hook");
    panel.submit(form).await;
    let stored = "SELECT concat(object_kind, ' / ', http_x_gitlab_event) FROM webhooks";
    assert_eq!(app.database().value(stored).await, "dance / Dance Hook");
    let dance = push("1").header("X-Gitlab-Event", "Dance Hook").with("/object_kind", "dance");
    app.send(&dance).await.expect(202, "matched");
    let odd = filtered(&[("http_x_gitlab_event", "Tag Push Hook")]);
    let id = panel.add_webhook(&odd).await;
    let page = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    page.says("GitLab does not send push events under Tag Push Hook");
}

#[tokio::test]
async fn events_without_a_repository_have_webhooks_without_one() {
    let app = App::start().await;
    let kind = ("user_create", "System Hook");
    app.add_webhook(&webhooks::form_for("", "", kind, 0)).await;
    let created = Delivery::fixture("system_user_created").token(TOKEN);
    app.send(&created).await.expect(202, "matched");
}
