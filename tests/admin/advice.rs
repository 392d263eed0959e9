//! What is advised on a delivery's page and in GitLab's answer: it speaks of the webhook whose
//! credential was presented, and follows a project that was renamed.

use crate::api::credentials::{KEY, now_s, signature, signed, signed_webhook};
use crate::support::app::{ADMIN, App, PASSWORD, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::webhooks::{self, WebhookForm, with};

const OTHER: &str = "the secret of another webhook";

fn push() -> Delivery {
    Delivery::push_2015().token(TOKEN)
}

fn page_address(answer: &crate::support::gitlab::Answer) -> String {
    format!("/admin/hooks/delivery/{}/", answer.field("delivery"))
}

fn links(page: &Page) -> Vec<String> {
    page.attributes("section.match a", "href")
}

/// The healthy webhook of the project, whose secret is not [`TOKEN`].
fn prod() -> WebhookForm {
    with(webhooks::push(), &[("name", "prod-deploy"), ("secret_token", OTHER)])
}

#[tokio::test]
async fn a_repository_whose_webhook_is_pending_is_not_told_to_create_one() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&webhooks::pending_push()).await;
    let answer = app.send(&push().header("X-Gitlab-Event", "Issue Hook")).await;
    answer.expect(200, "unmatched");
    for list in ["/admin/", "/admin/hooks/delivery/unmatched/"] {
        let list = panel.open(list).await;
        let offers = list.texts("main a");
        assert!(!offers.iter().any(|offer| offer.contains("Create webhook")), "{offers:?}");
        assert!(offers.iter().any(|offer| offer == "Compare"), "{offers:?}");
    }
}

#[tokio::test]
async fn the_webhook_of_the_presented_secret_is_told_of_and_not_the_healthy_one() {
    let app = App::start().await;
    let panel = app.panel().await;
    let prod = panel.add_webhook(&prod()).await;
    // Registered, and pending with the slip still in it.
    for project in ["15", "-1"] {
        let slip = "git@example.com:mike/diaspora-2.git";
        let staging = with(
            webhooks::push(),
            &[("name", "staging"), ("repo_url", slip), ("project_id", project)],
        );
        let staging = panel.add_webhook(&staging).await;
        let answer = app.send(&push().key(project)).await;
        answer.expect(200, "unmatched");
        let reason = answer.field("reason");
        assert!(reason.contains("“staging”") && !reason.contains("prod-deploy"), "{reason}");
        let page = panel.open(&page_address(&answer)).await;
        let sentence = page.text("[data-sentence]");
        assert!(sentence.contains("“staging”") && !sentence.contains("prod-deploy"), "{sentence}");
        assert_eq!(page.attributes("[data-webhook]", "data-webhook")[0], staging);
        // Of the healthy one nothing is to be changed, neither its secret nor its values.
        let own = format!("/admin/hooks/webhook/{prod}/");
        let offered: Vec<_> =
            links(&page).into_iter().filter(|href| href.starts_with(&own)).collect();
        assert_eq!(offered, [own], "its own page, and no form");
        app.database().execute("DELETE FROM webhooks WHERE name = 'staging'").await;
    }
}

#[tokio::test]
async fn a_slip_in_the_name_of_a_pending_webhook_is_told_in_the_answer() {
    let app = App::start().await;
    let slip = with(webhooks::pending_push(), &[("repo_name", "Diasporra")]);
    app.add_webhook(&slip).await;
    let reason = app.send(&push()).await.field("reason");
    assert!(reason.contains("\"Diasporra\", got \"Diaspora\""), "{reason}");
}

#[tokio::test]
async fn who_presents_another_webhooks_secret_learns_nothing_of_this_one() {
    let app = App::start().await;
    let panel = app.panel().await;
    let elsewhere = webhooks::form_for("Other", "git@h:o/o.git", ("push", "Push Hook"), 7);
    panel.add_webhook(&with(elsewhere, &[("name", "elsewhere")])).await;
    let alone = app.send(&push().key("one")).await;
    panel.add_webhook(&prod()).await;
    let answer = app.send(&push().key("two")).await;
    answer.expect(200, "unmatched");
    assert_eq!(
        answer.field("reason"),
        "No webhook for \"push\" events of project 15 (\"Diaspora\")"
    );
    assert_eq!(answer.field("reason"), alone.field("reason"), "as if there were none");

    let page = panel.open(&page_address(&answer)).await;
    assert_eq!(
        page.text("[data-sentence]"),
        "It carries the secret of “elsewhere”, but fits “prod-deploy”. \
         Enter the secret of “prod-deploy” in GitLab."
    );
    assert!(!page.has(".match-tools"), "nothing here is to be changed");
}

#[tokio::test]
async fn two_webhooks_for_one_of_gitlabs_are_to_share_its_secret() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&with(webhooks::push(), &[("name", "push")])).await;
    let tags = [("name", "tags"), ("object_kind", "tag_push"), ("secret_token", OTHER)];
    let tags = with(webhooks::push(), &tags);
    panel.add_webhook(&with(tags, &[("http_x_gitlab_event", "Tag Push Hook")])).await;
    let tag = push().with("/object_kind", "tag_push").header("X-Gitlab-Event", "Tag Push Hook");
    let page = panel.open(&page_address(&app.send(&tag).await)).await;
    page.says("carries the secret of “push”, but fits “tags”. Give both webhooks the same secret.");
}

#[tokio::test]
async fn a_delivery_without_a_secret_says_that_gitlab_forgets_it() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&prod()).await;
    let tag = push().with("/object_kind", "tag_push").header("X-Gitlab-Event", "Tag Push Hook");
    for delivery in [push(), tag] {
        let answer = app.send(&delivery.without("X-Gitlab-Token")).await;
        answer.expect(401, "rejected");
        assert!(!answer.text.contains("prod-deploy") && !answer.text.contains("URL"), "{answer:?}");
        let page = panel.open(&page_address(&answer)).await;
        assert_eq!(
            page.text("[data-sentence]"),
            "It was sent without a secret, and “prod-deploy” has one. \
             GitLab forgets it when the URL is changed: enter it again."
        );
        assert_eq!(links(&page)[0], format!("/admin/hooks/webhook/{id}/setup/"));
    }
}

/// The push after the project was renamed and moved to another group.
fn renamed(delivery: Delivery) -> Delivery {
    delivery
        .with("/repository/name", "Dandelion")
        .with("/repository/url", "git@example.com:flowers/dandelion.git")
        .with("/repository/git_ssh_url", "git@example.com:flowers/dandelion.git")
        .with("/repository/git_http_url", "http://example.com/flowers/dandelion.git")
        .with("/repository/homepage", "http://example.com/flowers/dandelion")
}

async fn places(app: &App) -> Vec<String> {
    let sql =
        "SELECT concat_ws(' ', name, repo_name, repo_url, version) FROM webhooks ORDER BY name";
    app.database().column(sql).await
}

#[tokio::test]
async fn a_renamed_project_is_told_as_renamed_and_mended_with_one_press() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&with(webhooks::push(), &[("name", "a")])).await;
    let tags = [("name", "b"), ("object_kind", "tag_push")];
    let tags = with(with(webhooks::push(), &tags), &[("http_x_gitlab_event", "Tag Push Hook")]);
    let web = with(tags, &[("repo_url", "http://example.com/mike/diaspora")]);
    panel.add_webhook(&web).await;
    panel.add_webhook(&with(prod(), &[("name", "c")])).await;
    let before = places(&app).await;

    let push = renamed(push());
    let answer = app.send(&push).await;
    answer.expect(200, "unmatched");
    assert_eq!(
        answer.field("reason"),
        "Project 15 was renamed or moved. “a” still asks for \"Diaspora\" \
         (example.com/mike/diaspora); this is \"Dandelion\" (example.com/flowers/dandelion)."
    );
    let page = panel.open(&page_address(&answer)).await;
    assert_eq!(
        page.text("[data-sentence]"),
        "Project 15 was renamed or moved. “a” still asks for \"Diaspora\" \
         (example.com/mike/diaspora); this is \"Dandelion\" (example.com/flowers/dandelion)."
    );
    // Lists lead there, and advise no second webhook.
    for list in ["/admin/", "/admin/hooks/delivery/unmatched/"] {
        let list = panel.open(list).await;
        list.says("Compare");
        let offers = list.texts("main a");
        assert!(!offers.iter().any(|offer| offer.contains("Create webhook")), "{offers:?}");
        assert!(list.attributes("main a", "href").contains(&page_address(&answer)));
    }
    let action = format!("{}take-over/", page_address(&answer));
    let form = page.form_to(&action);
    assert!(page.says("in 2 webhooks").attributes(".match-tools a", "href").is_empty());

    // Whoever may not edit webhooks has no such button, and cannot press it.
    app.database()
        .execute(&format!(
            "INSERT INTO users (username, password_hash, role, created_at) SELECT 'operator', \
             password_hash, 'operator', now() FROM users WHERE username = '{ADMIN}'"
        ))
        .await;
    let operator = Panel::login(app.base(), "operator", PASSWORD).await;
    let seen = operator.open(&page_address(&answer)).await;
    assert!(!seen.html.contains("take-over"), "{}", seen.html);
    let csrf = seen.form_to("/admin/logout/");
    let forged = form.clone().set("csrf_token", csrf.value("csrf_token").unwrap());
    assert_eq!(operator.submit(forged).await.status, 403);

    // What was changed since it was looked at is not overwritten, nor is the other one then.
    app.database().execute("UPDATE webhooks SET version = version + 1 WHERE name = 'b'").await;
    assert_eq!(panel.submit(form).await.status, 409);
    app.database().execute("UPDATE webhooks SET version = version - 1 WHERE name = 'b'").await;
    assert_eq!(places(&app).await, before);

    let form = panel.open(&page_address(&answer)).await.form_to(&action);
    let mended = panel.submit(form.clone()).await;
    assert_eq!(mended.address, page_address(&answer), "{}", mended.html);
    let told = mended.text(".messages");
    assert!(told.contains("2 webhooks now have the new name and URL."), "{told}");
    assert_eq!(
        places(&app).await,
        [
            "a Dandelion git@example.com:flowers/dandelion.git 2",
            "b Dandelion http://example.com/flowers/dandelion.git 2",
            "c Diaspora git@example.com:mike/diaspora.git 1",
        ]
    );
    let logged = "audit_log WHERE verb = 'change' AND actor_name = 'ada' \
                  AND changes::text LIKE '%Dandelion%'";
    assert_eq!(app.database().count(logged).await, 2);
    // The same press again: there is nothing left to mend.
    assert_eq!(panel.submit(form).await.status, 409);
    assert_eq!(mended.attributes(".match-verdicts .badge", "data-state"), ["unmatched", "matched"]);

    // Another one with a slip is not what is told of a delivery that found its webhook.
    panel.add_webhook(&with(webhooks::push(), &[("name", "d")])).await;
    let matched = app.send(&push).await;
    let page = panel.open(&page_address(matched.expect(202, "matched"))).await;
    page.says("“a” fits in every value");
    assert!(!page.html.contains("take-over"), "{}", page.html);
}

#[tokio::test]
async fn a_signature_proves_a_renamed_project_too_and_a_wrong_secret_none() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&signed_webhook()).await;
    let body = renamed(Delivery::push_2015()).body;
    let at = now_s();
    let delivery = signed("id-1", at, &signature(KEY, "id-1", at, &body)).body(body);
    let answer = app.send(&delivery).await;
    assert!(answer.field("reason").contains("renamed or moved"), "{answer:?}");
    let page = panel.open(&page_address(&answer)).await;
    let form = page.form_to(&format!("{}take-over/", page_address(&answer)));

    let answer = app.send(&renamed(push().token("nobody's"))).await;
    answer.expect(401, "rejected");
    let stranger = panel.open(&page_address(&answer)).await;
    assert!(!stranger.html.contains("take-over") && !stranger.html.contains("Edit webhook"));
    let told = panel.submit(form).await.text(".messages");
    assert!(told.contains("1 webhook now has the new name and URL."), "{told}");
}
