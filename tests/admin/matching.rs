//! The match panel of a delivery's page, over HTTP.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::webhooks::{self, WebhookForm, with};

fn push() -> Delivery {
    Delivery::push_2015().token(TOKEN)
}

async fn page_of(app: &App, panel: &Panel, delivery: &Delivery) -> Page {
    let id = app.send(delivery).await.field("delivery");
    panel.open(&format!("/admin/hooks/delivery/{id}/")).await
}

#[tokio::test]
async fn f1_the_nearest_webhook_is_named_with_exactly_what_differs() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let other = webhooks::form_for("Other", "git@h:o/o.git", ("push", "Push Hook"), 7);
    panel.add_webhook(&other).await;
    let page = page_of(&app, &panel, &push().with("/project_id", 1612)).await;
    assert_eq!(
        page.text("[data-sentence]"),
        "“Diaspora push” is registered to project 15, this is project 1612. \
         If the project was moved or created again, reset its registration."
    );
    let nearest = format!("[data-webhook=\"{id}\"]");
    assert_eq!(page.states(&format!("{nearest} tbody tr:last-child")), ["equal"]);
    let differing = page.states(&nearest).into_iter().filter(|state| state == "differs").count();
    assert_eq!(differing, 1);
    assert_eq!(page.texts(&format!("{nearest} .diff-char")), ["612", "5"]);
    assert_eq!(page.attributes("[data-webhook]", "data-webhook")[0], id, "nearest first");
    let links = page.attributes("main a", "href");
    assert!(links.contains(&format!("/admin/hooks/webhook/{id}/reset/")), "{links:?}");
}

#[tokio::test]
async fn each_way_to_miss_a_webhook_has_its_sentence() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&webhooks::push()).await;
    for (delivery, words) in [
        (push().with("/repository/name", "diaspora"), "differ in upper and lower case only"),
        (push().with("/repository/name", "Diaspora "), "differ in spaces only"),
        (push().token("wrong"), "the secret is wrong"),
        (push().without("X-Gitlab-Token"), "was sent without a secret"),
        (
            push().with("/object_kind", "tag_push").header("X-Gitlab-Event", "Tag Push Hook"),
            "object kind and event header differ",
        ),
        (
            push()
                .with("/project_id", 4)
                .with("/repository/name", "New")
                .with("/repository/url", "git@example.com:a/new.git")
                .with("/repository/git_ssh_url", "git@example.com:a/new.git")
                .with("/repository/git_http_url", "http://example.com/a/new.git")
                .with("/repository/homepage", "http://example.com/a/new"),
            "No webhook is for this repository",
        ),
        (
            push().body(r#"{"object_kind":"push","project_id":15,"project":{"name":"gitlab"}}"#),
            "has no commits yet: push once",
        ),
    ] {
        let page = page_of(&app, &panel, &delivery).await;
        assert!(page.text("[data-sentence]").contains(words), "{words}: {}", page.text("main"));
    }
}

#[tokio::test]
async fn f2_another_form_of_the_address_is_equal_and_marked_so() {
    let app = App::start().await;
    let panel = app.panel().await;
    let http: WebhookForm =
        with(webhooks::push(), &[("repo_url", "ssh://git@example.com:22/mike/diaspora")]);
    panel.add_webhook(&http).await;
    let page = page_of(&app, &panel, &push()).await;
    page.says("same repository, different URL form (SSH/HTTP)").says("fits in every value");
}

#[tokio::test]
async fn what_was_mended_is_judged_anew_and_the_first_verdict_stays() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&webhooks::push()).await;
    let delivery = push().with("/project_id", 42).with("/repository/name", "Mended");
    let answer = app.send(&delivery).await;
    answer.expect(200, "unmatched");
    let page = format!("/admin/hooks/delivery/{}/", answer.field("delivery"));
    assert!(!panel.open(&page).await.has(".match-verdicts"), "nothing has changed yet");

    // Fix webhook: the form comes with what was delivered, and says what is stored.
    let fix = panel.open(&page).await.attributes(".match-tools a", "href").remove(0);
    assert!(fix.starts_with(&format!("/admin/hooks/webhook/{id}/change/?")), "{fix}");
    let form = panel.get(&fix).await;
    assert_eq!(form.attributes("[data-suggested]", "id"), ["field-repo_name", "field-project_id"]);
    assert!(form.text("[data-suggested]").contains("stored value is Diaspora"), "{}", form.html);
    panel.submit(form.form_with("repo_name").press("_save", "1")).await;

    let now = panel.open(&page).await;
    assert_eq!(now.attributes(".match-verdicts .badge", "data-state"), ["unmatched", "matched"]);
    app.send(&delivery).await.expect(202, "matched");
}

#[tokio::test]
async fn a_wrong_secret_that_was_mended_in_the_webhook_is_seen() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel
        .add_webhook(&with(webhooks::push(), &[("secret_token", "another-one-entirely")]))
        .await;
    let answer = app.send(&push()).await;
    answer.expect(401, "rejected");
    let form = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    panel.submit(form.form_with("repo_name").set("secret_token", TOKEN).press("_save", "1")).await;
    let page = panel.open(&format!("/admin/hooks/delivery/{}/", answer.field("delivery"))).await;
    // Only the start of a rejected body is kept, which here is all of it.
    assert_eq!(page.attributes(".match-verdicts .badge", "data-state"), ["rejected", "matched"]);
    assert!(!page.html.contains(TOKEN));
}

#[tokio::test]
async fn a_webhook_made_from_a_delivery_matches_the_next_one() {
    let app = App::start().await;
    let panel = app.panel().await;
    // Somebody's token makes the delivery authentic.
    let other = webhooks::form_for("Other", "git@h:o/o.git", ("note", "Note Hook"), 7);
    panel.add_webhook(&other).await;
    let page = page_of(&app, &panel, &push()).await;
    let create = page.attributes(".match-tools a", "href").remove(0);
    let form = panel.get(&create).await.form_with("repo_name");
    let url = "git@example.com:mike/diasporadiaspora.git";
    let expected = with(webhooks::push(), &[("repo_url", url)]);
    for name in ["repo_name", "repo_url", "object_kind", "http_x_gitlab_event", "project_id"] {
        assert_eq!(form.value(name), Some(expected[name].as_str()), "{name}");
    }
    let saved = panel.submit(form.set("secret_token", TOKEN).press("_save", "1")).await;
    assert_eq!(saved.address, "/admin/hooks/webhook/", "{}", saved.html);
    app.send(&push()).await.expect(202, "matched");
}
