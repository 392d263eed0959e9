//! One GitLab webhook sends all its events with the same tokens: webhooks that share them.

use super::credentials::signed_webhook;
use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::{Form, Page};
use crate::support::panel::Panel;
use crate::support::webhooks::{self, SIGNING_TOKEN, with};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const NEW: &str = "the-new-token-of-both-webhooks-4711";

fn push() -> Delivery {
    Delivery::push_2015()
}

/// The same project's tag, as the same GitLab webhook sends it.
fn tag() -> Delivery {
    push()
        .header("X-Gitlab-Event", "Tag Push Hook")
        .with("/object_kind", "tag_push")
        .with("/ref", "refs/tags/v1.0.0")
}

async fn page(panel: &Panel, id: &str) -> Page {
    panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await
}

async fn open_form(panel: &Panel, id: &str) -> Form {
    page(panel, id).await.form_with("repo_name")
}

/// The form for a webhook that would match an event which none matches.
async fn create_form(app: &App, panel: &Panel, delivery: &Delivery) -> Page {
    let answer = app.send(delivery).await;
    answer.expect(200, "unmatched");
    let at = format!("/admin/hooks/delivery/{}/", answer.field("delivery"));
    let links = panel.open(&at).await.attributes(".match-tools a", "href");
    let create = links.into_iter().find(|href| href.starts_with("/admin/hooks/webhook/add/"));
    panel.get(&create.unwrap()).await
}

async fn newest(app: &App) -> String {
    app.database().value("SELECT max(id)::text FROM webhooks").await
}

#[tokio::test]
async fn a_webhook_for_the_next_event_takes_over_the_tokens_that_the_event_came_with() {
    let app = App::start().await;
    let panel = app.panel().await;
    let other = webhooks::form_for("A", "git@h:o/a.git", ("push", "Push Hook"), 7);
    app.add_webhook(&with(other, &[("secret_token", "another-repositorys-token")])).await;
    let id = app.add_webhook(&webhooks::push()).await;
    let form = create_form(&app, &panel, &tag().token(TOKEN)).await;
    assert!(!form.html.contains(TOKEN));
    let form = form.form_with("repo_name");
    assert_eq!(form.value("share_with"), Some(id.as_str()));
    panel.submit(form.set("action", "print").press("_save", "1")).await;
    app.send(&tag().token(TOKEN)).await.expect(202, "matched");
    app.send(&tag().token("another-repositorys-token")).await.expect(200, "unmatched");

    let tags = newest(&app).await;
    let audit = "SELECT changes::text FROM audit_log ORDER BY id DESC LIMIT 1";
    let audit = app.database().value(audit).await;
    assert!(audit.contains("share_with") && audit.contains("Diaspora push"), "{audit}");
    page(&panel, &tags).await.says("These have the same tokens: “Diaspora push”.");
    page(&panel, &id).await.says("These have the same tokens: “Diaspora tag_push”.");
    let setup = panel.open(&format!("/admin/hooks/webhook/{tags}/setup/")).await;
    setup.says("GitLab already has a webhook with the tokens of “Diaspora push”.");
    // It has them already; nobody else's are chosen.
    let saved = open_form(&panel, &tags).await;
    assert_eq!(saved.value("share_with"), Some(""));
}

#[tokio::test]
async fn a_webhook_made_for_a_signed_event_has_its_signing_token() {
    let app = App::start().await;
    let panel = app.panel().await;
    let signed = with(webhooks::signed_pending_push(), &[("project_id", "15")]);
    let id = app.add_webhook(&signed).await;
    let form = create_form(&app, &panel, &tag().by_gitlab_19(SIGNING_TOKEN)).await;
    let form = form.form_with("repo_name");
    assert_eq!(form.value("share_with"), Some(id.as_str()));
    panel.submit(form.set("action", "print").press("_save", "1")).await;
    app.send(&tag().by_gitlab_19(SIGNING_TOKEN)).await.expect(202, "matched");

    // A new signing token is for both, and the one before goes on for both.
    let new = format!("whsec_{}", STANDARD.encode(b"the next key of this hook, 32 by"));
    panel.submit(open_form(&panel, &newest(&app).await).await.set("signing_token", &new)).await;
    for token in [SIGNING_TOKEN, new.as_str()] {
        app.send(&push().by_gitlab_19(token)).await.expect(202, "matched");
        app.send(&tag().by_gitlab_19(token)).await.expect(202, "matched");
    }
    panel.submit(open_form(&panel, &id).await.set("end_previous_signing", "on")).await;
    app.send(&push().by_gitlab_19(SIGNING_TOKEN)).await.expect(401, "rejected");
    app.send(&tag().by_gitlab_19(SIGNING_TOKEN)).await.expect(401, "rejected");
}

/// A webhook for pushes and one for tags that were each given the same token by hand.
async fn two_webhooks(app: &App) -> (String, String) {
    let pushes = app.add_webhook(&webhooks::push()).await;
    let kind = [("object_kind", "tag_push"), ("http_x_gitlab_event", "Tag Push Hook")];
    (pushes, app.add_webhook(&with(webhooks::push(), &kind)).await)
}

#[tokio::test]
async fn a_new_token_is_set_in_all_webhooks_that_share_the_one_before() {
    let app = App::start().await;
    let panel = app.panel().await;
    let (pushes, tags) = two_webhooks(&app).await;
    let stranger = webhooks::form_for("B", "git@h:o/b.git", ("push", "Push Hook"), 8);
    let stranger =
        app.add_webhook(&with(stranger, &[("secret_token", "a-token-of-its-own-here")])).await;
    let open_elsewhere = open_form(&panel, &tags).await;
    let saved = panel.submit(open_form(&panel, &pushes).await.set("secret_token", NEW)).await;
    let told = saved.text(".messages");
    assert!(told.contains("1 other webhook has the new token too."), "{told}");
    for token in [NEW, TOKEN] {
        app.send(&push().token(token).key(token)).await.expect(202, "matched");
        app.send(&tag().token(token).key(token)).await.expect(202, "matched");
    }
    let log = app.database();
    let of = |id: &str| {
        format!(
            "SELECT changes::text FROM audit_log WHERE object_id = '{id}' ORDER BY id DESC LIMIT 1"
        )
    };
    let noted = log.value(&of(&tags)).await;
    assert!(noted.contains("secret_token") && noted.contains("previous_secret_until"), "{noted}");
    assert_eq!(log.count(&format!("audit_log WHERE object_id = '{stranger}'")).await, 1);
    // Whoever has the other one's form open learns of it.
    let conflict =
        panel.submit(open_elsewhere.set("secret_token", "yet-another-one-of-these")).await;
    assert_eq!(conflict.status, 409, "{}", conflict.html);

    // Revoked once, it is revoked in both.
    panel.submit(open_form(&panel, &tags).await.set("end_previous_secret", "on")).await;
    app.send(&push().token(TOKEN)).await.expect(401, "rejected");
    app.send(&tag().token(TOKEN)).await.expect(401, "rejected");
    app.send(&push().token(NEW).key("last")).await.expect(202, "matched");
}

#[tokio::test]
async fn a_webhook_leaves_those_that_share_its_token_where_its_box_says_so() {
    let app = App::start().await;
    let panel = app.panel().await;
    let (pushes, tags) = two_webhooks(&app).await;
    let alone = open_form(&panel, &pushes).await.unset("rotate_shared").set("secret_token", NEW);
    panel.submit(alone.set("keep_previous_days", "")).await;
    app.send(&push().token(NEW)).await.expect(202, "matched");
    app.send(&tag().token(NEW)).await.expect(200, "unmatched");
    app.send(&tag().token(TOKEN)).await.expect(202, "matched");
    assert!(!page(&panel, &pushes).await.has("[name=rotate_shared]"));

    // Taken away from one, the other keeps it; and it comes back from there.
    let emptied =
        open_form(&panel, &pushes).await.unset("enabled").set("secret_token_remove", "on");
    panel.submit(emptied).await;
    app.send(&tag().token(TOKEN).key("emptied")).await.expect(202, "matched");
    let again = open_form(&panel, &pushes).await.set("share_with", &tags).set("enabled", "on");
    panel.submit(again).await;
    app.send(&push().token(TOKEN).key("again")).await.expect(202, "matched");
}

#[tokio::test]
async fn tokens_that_cannot_be_taken_over_are_said_at_their_field() {
    let app = App::start().await;
    let panel = app.panel().await;
    let (pushes, tags) = two_webhooks(&app).await;
    let bare = [("secret_token", ""), ("signing_token", ""), ("enabled", "")];
    let third = webhooks::form_for("C", "git@h:o/c.git", ("push", "Push Hook"), 9);
    let form_for = |holder: &str| with(with(third.clone(), &bare), &[("share_with", holder)]);
    let add = async |values| {
        let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
        panel.submit(form.fill(&values)).await
    };
    let wrong = add(with(form_for(&tags), &[("max_attempts", "0")])).await;
    assert!(wrong.has("[name=share_with] option[selected]"), "what was chosen stays chosen");
    app.database().execute(&format!("DELETE FROM webhooks WHERE id = {tags}")).await;
    add(form_for(&tags)).await.says("This webhook has no token any more. Choose another.");
    assert_eq!(app.database().count("webhooks").await, 1, "{pushes}");
    // A token that is entered counts.
    add(with(form_for(&pushes), &[("secret_token", NEW)])).await;
    let digests = "SELECT count(DISTINCT secret_digest)::text FROM webhooks";
    assert_eq!(app.database().value(digests).await, "2");
}

#[tokio::test]
async fn two_who_rotate_tokens_of_the_same_webhooks_wait_for_each_other() {
    let app = App::start().await;
    let panel = app.panel().await;
    let (pushes, tags) = two_webhooks(&app).await;
    for round in 0..10 {
        let token = |who: &str| format!("the-token-of-round-{round}-by-{who}");
        let one = open_form(&panel, &pushes).await.set("secret_token", &token("one"));
        let two = open_form(&panel, &tags).await.set("secret_token", &token("two"));
        let (one, two) = tokio::join!(panel.submit(one), panel.submit(two));
        let mut answers = [one.status, two.status];
        answers.sort_unstable();
        assert_eq!(answers, [200, 409], "{}{}", one.html, two.html);
        let digests = "SELECT count(DISTINCT secret_digest)::text FROM webhooks";
        assert_eq!(app.database().value(digests).await, "1");
    }
}

#[tokio::test]
async fn a_signing_token_that_was_pasted_twice_is_known_to_be_the_same() {
    let app = App::start().await;
    let panel = app.panel().await;
    app.add_webhook(&signed_webhook()).await;
    let kind = [("object_kind", "tag_push"), ("http_x_gitlab_event", "Tag Push Hook")];
    let tags = app.add_webhook(&with(signed_webhook(), &kind)).await;
    page(&panel, &tags).await.says("These have the same tokens: “Diaspora push”.");
}
