//! The setup page of a webhook, over HTTP: what it says, what it lists, and the reset.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::webhooks;

fn test_push() -> Delivery {
    Delivery::push_2015().token(TOKEN)
}

async fn add(panel: &Panel) -> Page {
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    panel.submit(form.fill(&webhooks::pending_push())).await
}

fn setup(id: &str) -> String {
    format!("/admin/hooks/webhook/{id}/setup/")
}

#[tokio::test]
async fn a_new_pending_webhook_leads_to_its_setup_page_with_the_secret_once() {
    let app = App::start().await;
    let panel = app.panel().await;
    let page = add(&panel).await;
    let id = app.database().value("SELECT id::text FROM webhooks").await;
    assert_eq!(page.address, setup(&id), "{}", page.html);
    let url = format!("{}/webhooks/gitlab", app.base());
    assert_eq!(page.attributes("#webhook-url", "value"), [url]);
    assert!(!page.html.contains("/webhooks/gitlab/register"), "{}", page.html);
    assert_eq!(page.attributes("#secret-secret_token", "value"), [TOKEN]);
    assert!(page.text(".setup-boxes [data-ticked]").contains("Push events"));
    assert!(!page.has("noscript meta"), "the secret would vanish by itself");
    assert_eq!(page.attributes("#wait", "data-state"), ["pending"]);

    let again = panel.open(&setup(&id)).await;
    assert!(!again.html.contains(TOKEN), "the secret is shown once");
    again.says("It is not shown again").says("Waiting for the Test");
    // Browsers without scripts load it again by themselves, and by hand.
    assert!(again.html.contains("http-equiv=\"refresh\""));
    assert!(again.attributes("main a", "href").contains(&setup(&id)));

    // One that has its id already leads back to the list.
    let form = panel.open("/admin/hooks/webhook/add/").await.form_with("repo_name");
    assert_eq!(panel.submit(form.fill(&webhooks::push())).await.address, "/admin/hooks/webhook/");
}

#[tokio::test]
async fn every_attempt_is_listed_with_its_reason_until_the_test_registers_it() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::pending_push()).await;
    let panel = app.panel().await;
    let part = format!("{}?part=wait", setup(&id));
    let newest = async || {
        let page = panel.open(&part).await;
        (page.texts("[data-id] [data-label=Why]").first().cloned().unwrap_or_default(), page)
    };
    assert!(newest().await.1.html.contains("Nothing received yet"));
    let stranger = Delivery::push_2015().token("wrong").with("/repository/name", "Elsewhere");
    app.send(&stranger.at_register()).await.expect(401, "rejected");
    assert_eq!(newest().await.0, "", "what carries neither its name nor its secret is not shown");

    for (delivery, status, verdict, words) in [
        (test_push().token("wrong"), 401, "rejected", "Wrong token"),
        (test_push().without("X-Gitlab-Token"), 401, "rejected", "No token"),
        (test_push().with("/repository/name", "diaspora"), 200, "unmatched", "lower case only"),
        (
            test_push().with("/object_kind", "tag_push").header("X-Gitlab-Event", "Tag Push Hook"),
            200,
            "unmatched",
            "object kind and event header differ",
        ),
    ] {
        app.send(&delivery).await.expect(status, verdict);
        let (why, page) = newest().await;
        assert!(why.contains(words), "{words}: {why}");
        assert_eq!(page.attributes("#wait", "data-state"), ["pending"]);
        assert!(page.attributes("#wait", "data-announce")[0].contains(words));
        assert!(!page.html.contains(TOKEN));
    }
    app.send(&test_push()).await.expect(202, "registered");
    let (why, page) = newest().await;
    assert!(why.contains("Registered project 15"), "{why}");
    assert_eq!(page.attributes("#wait", "data-state"), ["registered"]);
    assert_eq!(page.attributes("#wait", "data-announce"), ["Registered: project 15."]);
    assert!(page.attributes("#wait", "data-poll").is_empty(), "it need not be asked any more");
    assert!(page.html.contains("Nothing is left to do"), "{}", page.html);
    assert!(!page.has("#main-address"), "one address serves from the start");
    // Leaving and returning loses nothing.
    assert_eq!(panel.open(&setup(&id)).await.rows().len(), 5);
}

#[tokio::test]
async fn the_sample_of_an_empty_project_and_a_long_silence_are_explained() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::pending_push()).await;
    for sample in [Delivery::sample(), Delivery::sample().at_register()] {
        let answer = app.send(&sample.token(TOKEN)).await;
        answer.expect(200, "unmatched");
        assert!(answer.field("reason").contains("push once"), "{}", answer.text);
    }
    // Its signature names no webhook whose signing token it could be checked with.
    let signed = app.send(&Delivery::sample().by_gitlab_19(webhooks::SIGNING_TOKEN)).await;
    signed.expect(401, "rejected");
    assert!(signed.field("reason").contains("push once"), "{}", signed.text);
    let project = "SELECT project_id::text FROM webhooks";
    assert_eq!(app.database().value(project).await, "-1");
    let panel = app.panel().await;
    panel.open(&setup(&id)).await.says("push once");
    app.database()
        .execute(
            "UPDATE webhooks SET pending_since = now() - interval '11 minutes'; \
             UPDATE deliveries SET received_at = now() - interval '1 hour'",
        )
        .await;
    panel
        .open(&setup(&id))
        .await
        .says("Nothing received for ten minutes")
        .says("Outbound requests");
}

#[tokio::test]
async fn a_second_test_changes_nothing_and_a_reset_lets_the_webhook_wait_again() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::pending_push()).await;
    app.send(&test_push().key("one")).await.expect(202, "registered");
    let state = "SELECT concat_ws(' ', project_id, version, registered_at) FROM webhooks";
    let before = app.database().value(state).await;
    app.send(&test_push().key("two").at_register()).await.expect(200, "registered");
    app.send(&test_push().key("again")).await.expect(202, "matched");
    let other = test_push().with("/project_id", 99).key("three");
    app.send(&other).await.expect(200, "unmatched");
    assert_eq!(app.database().value(state).await, before);

    let panel = app.panel().await;
    let address = format!("/admin/hooks/webhook/{id}/reset/");
    let form = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    assert!(form.attributes("main a", "href").contains(&address), "no link to the reset");
    let reset = panel.open(&address).await.says("project 15").form_with("version");
    let old = reset.clone().set("version", "1");
    assert_eq!(panel.submit(old).await.status, 409);
    assert_eq!(app.database().value(state).await, before);
    let page = panel.submit(reset).await;
    assert_eq!(page.address, setup(&id), "{}", page.html);
    page.says("Waiting for the Test");
    let version = "SELECT concat_ws(' ', project_id, version) FROM webhooks";
    assert_eq!(app.database().value(version).await, "-1 3");
    let history = panel.open(&format!("/admin/hooks/webhook/{id}/history/")).await;
    history.says("Project ID").says("15").says("-1");
    // What came before the reset is not listed again, and the next Test registers.
    assert!(panel.open(&setup(&id)).await.rows().is_empty());
    app.send(&test_push().with("/project_id", 99).key("four")).await.expect(202, "registered");
    assert_eq!(app.database().value(version).await, "99 4");
}

#[tokio::test]
async fn a_webhook_with_a_signing_token_alone_tells_of_what_comes_unsigned() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::signed_pending_push()).await;
    let panel = app.panel().await;
    let page = panel.open(&setup(&id)).await;
    page.says("The one you pasted here").says("the signing token is enough");
    assert!(!page.html.contains(webhooks::SIGNING_TOKEN), "GitLab shows it, nobody else");
    let why = async || {
        let page = panel.open(&format!("{}?part=wait", setup(&id))).await;
        page.texts("[data-id] [data-label=Why]").first().cloned().unwrap_or_default()
    };
    app.send(&Delivery::push_2015()).await.expect(401, "rejected");
    assert!(why().await.starts_with("No signature"), "{}", why().await);
    let other = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    app.send(&Delivery::push_2015().by_gitlab_19(other)).await.expect(401, "rejected");
    assert!(why().await.starts_with("Wrong signature"), "{}", why().await);
    let test = Delivery::push_2015().by_gitlab_19(webhooks::SIGNING_TOKEN);
    app.send(&test).await.expect(202, "registered");
    assert!(why().await.starts_with("Registered project 15"), "{}", why().await);
}

#[tokio::test]
async fn who_registers_elsewhere_is_told_that_gitlab_forgets_the_secret() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::register_only()).await;
    let panel = app.panel().await;
    let page = panel.open(&setup(&id)).await;
    let register = format!("{}/webhooks/gitlab/register", app.base());
    assert_eq!(page.attributes("#webhook-url", "value"), [register]);
    page.says("enter the secret again");

    app.send(&test_push()).await.expect(200, "unmatched");
    panel.open(&setup(&id)).await.says("this came to the main endpoint");
    app.send(&test_push().at_register()).await.expect(202, "registered");
    assert_eq!(app.database().count("jobs").await, 0, "there nothing is run");
    let page = panel.open(&setup(&id)).await;
    let main = format!("{}/webhooks/gitlab", app.base());
    for place in ["#main-address", "#webhook-url"] {
        assert_eq!(page.attributes(place, "value"), std::slice::from_ref(&main), "{place}");
    }
    page.says("GitLab forgets the secret when the URL changes");

    // A new one is made where the page leads, and shown once.
    let change = format!("/admin/hooks/webhook/{id}/change/");
    let new = format!("{change}#id_secret_token");
    assert!(page.attributes(".next a", "href").contains(&new), "{}", page.html);
    let form = panel.open(&change).await.form_with("repo_name");
    let saved =
        panel.submit(form.set("keep_previous_days", "").press("secret_token_generate", "on")).await;
    let [secret] = saved.attributes("#reveal-1", "value").try_into().unwrap();
    app.send(&test_push().key("a").token(&secret)).await.expect(202, "matched");
    app.send(&test_push().key("b")).await.expect(401, "rejected");
    assert_eq!(panel.get("/admin/hooks/webhook/999/setup/").await.status, 404);
}

#[tokio::test]
async fn where_a_webhook_registers_is_chosen_put_back_and_kept() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.add_webhook(&webhooks::pending_push()).await;
    let at_main =
        async || app.database().value("SELECT register_on_first_event::text FROM webhooks").await;
    let change = format!("/admin/hooks/webhook/{id}/change/");
    let form = async || panel.open(&change).await.form_with("repo_name");
    assert_eq!(at_main().await, "true", "a new one registers at the main endpoint");
    panel.submit(form().await.set("register_on_first_event", "off")).await;
    assert_eq!(at_main().await, "false");
    // Who sends no such field leaves it as it is.
    panel.submit(form().await.unset("register_on_first_event").set("notes", "x")).await;
    assert_eq!(at_main().await, "false");
    panel.submit(form().await.set("register_on_first_event", "on")).await;
    let history = panel.open(&format!("/admin/hooks/webhook/{id}/history/")).await;
    let links = history.attributes("main a", "href");
    let link = links.iter().find(|href| href.ends_with("/revert/")).unwrap();
    let ask = panel.open(link).await;
    ask.says("No, at the registration endpoint only");
    panel.submit(ask.form_to(link)).await;
    assert_eq!(at_main().await, "false");
    assert_eq!(form().await.value("register_on_first_event"), Some("off"));
}

#[tokio::test]
async fn while_a_secret_is_replaced_the_previous_one_is_known_too() {
    let app = App::start().await;
    let id = app.add_webhook(&webhooks::pending_push()).await;
    let panel = app.panel().await;
    app.database()
        .execute(
            "UPDATE webhooks SET previous_secret_digest = secret_digest, secret_digest = '\\x00', \
             previous_secret_until = now() + interval '1 day'",
        )
        .await;
    // Of another repository: it is listed for its secret alone.
    let other = test_push().with("/repository/name", "Elsewhere");
    app.send(&other).await.expect(200, "unmatched");
    let part = format!("{}?part=wait", setup(&id));
    let page = panel.open(&part).await;
    let why = page.texts("[data-id] [data-label=Why]");
    assert!(why[0].contains("Diaspora"), "{why:?}");
    app.database().execute("UPDATE webhooks SET previous_secret_until = now()").await;
    assert!(!panel.open(&part).await.has("[data-id]"), "its time is over");
}
