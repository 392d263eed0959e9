//! An authentic event at the main address: what it matches, what is stored, what is answered.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::{Delivery, fixtures};
use crate::support::webhooks::{self, form_for, manifest, with};
use std::collections::BTreeSet;

#[tokio::test]
async fn f73_a_push_is_answered_at_once_and_its_job_runs() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    answer.expect(202, "matched");
    let delivery = answer.field("delivery");
    assert_eq!(answer.header("X-Delivery-Id"), delivery);
    assert_eq!(answer.header("X-Match"), "matched");
    assert!(answer.header("Content-Type").starts_with("application/json"));
    assert!(!answer.field("reason").is_empty());
    let [job] = answer.jobs().try_into().unwrap();
    app.job_is(&job, "succeeded").await;

    let stored = app
        .database()
        .value(&format!(
            "SELECT concat_ws(' | ', verdict, http_status, event, object_kind, project_id, \
             repo_name, ref, user_id, user_name, user_email, endpoint) \
             FROM deliveries WHERE id = '{delivery}'"
        ))
        .await;
    assert_eq!(
        stored,
        "matched | 202 | Push Hook | push | 15 | Diaspora | refs/heads/master | 4 | John Smith \
         | john@example.com | main"
    );
}

#[tokio::test]
async fn f31_the_body_is_kept_byte_for_byte_and_the_token_nowhere() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    // What jsonb would refuse, fold or rewrite: NUL, a repeated key, an odd number.
    let text = String::from_utf8(Delivery::push_2015().body).unwrap();
    let text = text.replacen('{', "{ \"x\":\"\\u0000\", \"x\" : 1.0e2,\t", 1);
    let answer = app.send(&Delivery::push_2015().token(TOKEN).body(text.clone())).await;
    answer.expect(202, "matched");
    let sql = format!(
        "SELECT convert_from(body, 'UTF8') FROM deliveries WHERE id = '{}'",
        answer.field("delivery")
    );
    assert_eq!(app.database().value(&sql).await, text);

    let everywhere = "SELECT concat(headers::text, reason::text, summary) FROM deliveries";
    assert!(!app.database().value(everywhere).await.contains(TOKEN));
    assert!(!app.log().contains(TOKEN));
    assert!(!answer.text.contains(TOKEN));
}

#[tokio::test]
async fn only_known_headers_are_kept() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let delivery = Delivery::push_2015()
        .token(TOKEN)
        .header("X-Custom-Password", "hunter2-of-the-hook")
        .header("Authorization", "Basic aHVudGVyMg==");
    app.send(&delivery).await.expect(202, "matched");
    let headers = app.database().value("SELECT headers::text FROM deliveries").await;
    assert!(!headers.contains("hunter2") && !headers.contains("aHVudGVy"), "{headers}");
    assert!(headers.contains("Push Hook"), "{headers}");
}

#[tokio::test]
async fn a_push_of_another_project_is_unmatched() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN).with("/project_id", 16)).await;
    answer.expect(200, "unmatched");
    assert_eq!(answer.header("X-Match"), "unmatched");
    assert!(answer.jobs().is_empty());
    let reason = answer.field("reason");
    assert!(reason.contains("15") && reason.contains("16"), "{reason}");
    assert_eq!(app.database().count("jobs").await, 0);
}

#[tokio::test]
async fn f52_a_disabled_webhook_runs_nothing() {
    let app = App::start().await;
    let panel = app.panel().await;
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    panel.submit(form.fill(&webhooks::push()).unset("enabled")).await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(200, "disabled");
    assert_eq!(app.database().count("jobs").await, 0);
}

#[tokio::test]
async fn every_form_of_the_address_is_the_same_repository() {
    let app = App::start().await;
    let addresses = [
        "git@example.com:mike/diaspora.git",
        "ssh://git@EXAMPLE.com/mike/diaspora.git",
        "http://example.com/mike/diaspora",
    ];
    for (number, address) in addresses.into_iter().enumerate() {
        let name = format!("Diaspora {number}");
        app.add_webhook(&with(webhooks::push(), &[("repo_name", &name), ("repo_url", address)]))
            .await;
        let push = Delivery::push_2015().token(TOKEN).with("/repository/name", name.as_str());
        app.send(&push).await.expect(202, "matched");
        let other = push.with("/repository/git_http_url", "http://example.com/mike/diaspora-2");
        let other = other.with("/repository/git_ssh_url", "git@example.com:mike/diaspora-2");
        let other = other.with("/repository/url", "git@example.com:mike/diaspora-2");
        let other = other.with("/repository/homepage", "http://example.com/mike/diaspora-2");
        app.send(&other).await.expect(200, "unmatched");
    }
}

#[tokio::test]
async fn every_webhook_that_matches_runs() {
    let app = Setup::new().await.action("second", "", "echo second").start().await;
    app.add_webhook(&webhooks::push()).await;
    app.add_webhook(&with(webhooks::push(), &[("action", "second"), ("name", "another")])).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    assert_eq!(answer.expect(202, "matched").jobs().len(), 2, "{}", answer.text);
    for job in answer.jobs() {
        app.job_is(&job, "succeeded").await;
    }
}

#[tokio::test]
async fn every_recorded_event_finds_the_webhook_made_for_it() {
    let app = App::start().await;
    let panel = app.panel().await;
    let mut known = BTreeSet::new();
    let mut tried = 0;
    for (name, row) in manifest() {
        let text = |member: &str| row[member].as_str().unwrap_or_default();
        let kind = row["object_kind"].as_str().unwrap_or(text("event_name"));
        let body: serde_json::Value =
            serde_json::from_slice(&Delivery::fixture(&name).body).unwrap();
        let project = row["project_id"].as_i64().or(body["project"]["id"].as_i64());
        let Some(project) = project else { continue };
        if text("repository_name").is_empty() || text("repository_url").is_empty() {
            continue;
        }
        let wanted = form_for(
            text("repository_name"),
            text("repository_url"),
            (kind, text("event_header")),
            project,
        );
        if known.insert(wanted.clone()) {
            panel.add_webhook(&wanted).await;
        }
        let answer = app.send(&Delivery::fixture(&name).token(TOKEN)).await;
        assert_eq!(answer.status, 202, "{name}: {}", answer.text);
        let kept = "SELECT concat_ws(',', ref, sha, coalesce(user_id, 0), user_name, user_email)";
        let of_it = format!("{kept} FROM deliveries WHERE id = '{}'", answer.field("delivery"));
        let user_id = row["user_id"].as_i64().unwrap_or(0).to_string();
        let expected =
            [text("ref"), text("sha"), &user_id, text("user_name"), text("user_email")].join(",");
        assert_eq!(app.database().value(&of_it).await, expected, "{name}");
        tried += 1;
    }
    assert!(tried >= 15, "only {tried} events name a project and a repository");
}

#[tokio::test]
async fn bodies_of_old_installations_match_and_register() {
    const SHOP: &str = "git@git.example.org:retail/shop.git";
    let app = App::start().await;
    let panel = app.panel().await;
    let ids = async |kind: &str| {
        let sql = format!("SELECT project_id::text FROM webhooks WHERE object_kind = '{kind}'");
        app.database().value(&sql).await
    };
    for (file, header, kind, project, registered) in [
        ("merge_request_6", "Merge Request Hook", "merge_request", -1, "77"),
        ("tag_push_7", "Tag Push Hook", "tag_push", -1, "77"),
        // It says no ID: an address is enough for a webhook that has one.
        ("pipeline_8", "Pipeline Hook", "pipeline", 77, "77"),
    ] {
        panel.add_webhook(&form_for("Shop", SHOP, (kind, header), project)).await;
        let body = std::fs::read(fixtures().join(format!("field/{file}.json"))).unwrap();
        let delivery = Delivery::push_2015().body(body).header("X-Gitlab-Event", header);
        let answer = app.send(&delivery.clone().token("another secret of somebody")).await;
        assert_eq!(answer.status, 401, "{file}: {}", answer.text);
        let answer = app.send(&delivery.token(TOKEN)).await;
        assert_eq!((answer.status, answer.jobs().len()), (202, 1), "{file}: {}", answer.text);
        assert_eq!(ids(kind).await, registered, "{file}");
    }
}
