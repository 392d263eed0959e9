//! A form filled in from a payload that was pasted, and the name of an installation.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::{Delivery, fixtures};
use crate::support::webhooks::manifest;

const ADD: &str = "/admin/hooks/webhook/add/";
const PAYLOAD: &str = "/admin/hooks/webhook/payload/";

#[tokio::test]
async fn a_payload_fills_the_form_of_a_webhook_that_its_event_matches() {
    let app = App::start().await;
    let panel = app.panel().await;
    assert!(panel.open(ADD).await.attributes("main a", "href").contains(&PAYLOAD.to_owned()));
    let paste = async |body: &str, header: &str| {
        let form = panel.open(PAYLOAD).await.form_with("body");
        panel.submit(form.set("body", body).set("header", header)).await
    };
    let body = String::from_utf8(Delivery::push_2015().body).unwrap();
    let page = paste(&body, "").await;
    assert!(page.address.starts_with(&format!("{ADD}?")), "{}", page.html);
    let form = page.form_with("repo_name");
    assert_eq!(form.value("http_x_gitlab_event"), Some("Push Hook"), "what the kind comes under");
    panel.submit(form.set("secret_token", TOKEN)).await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");
    // Every recorded event that names a repository leads to a form.
    for (name, row) in manifest() {
        let path = fixtures().join(format!("{name}.json"));
        let Ok(body) = std::fs::read_to_string(&path) else { continue };
        let header = row["event_header"].as_str().unwrap_or_default();
        let page = paste(&body, header).await;
        assert!(page.address.starts_with(ADD), "{name}: {}", page.main());
    }
}

#[tokio::test]
async fn what_is_no_payload_is_said_with_its_place_and_is_not_lost() {
    let app = App::start().await;
    let panel = app.panel().await;
    for (body, words) in [
        ("{\"object_kind\": push", "line 1 column 17"),
        ("[1, 2]", "not an object"),
        ("", "not JSON"),
        ("{\"a\": 1}", "names neither an event nor a repository"),
    ] {
        let form = panel.open(PAYLOAD).await.form_with("body").set("body", body);
        let page = panel.submit(form.set("header", "Push Hook")).await;
        assert_eq!((page.status, page.address.as_str()), (200, PAYLOAD));
        page.says(words);
        let again = page.form_with("body");
        assert_eq!(again.value("body").unwrap().trim(), body);
        assert_eq!(again.value("header"), Some("Push Hook"));
    }
    assert_eq!(app.person("operator").await.get(PAYLOAD).await.status, 403);
}

#[tokio::test]
async fn an_installation_may_have_a_name_on_every_page() {
    let app = Setup::new().await.setting("SIGNALBOX_LABEL", "Staging <b>").start().await;
    let page = app.panel().await.open("/admin/").await;
    assert_eq!(page.text(".topbar .environment"), "Staging <b>");
    assert!(page.text("title").ends_with("Signalbox (Staging <b>)"), "{}", page.text("title"));
    let plain = App::start().await.panel().await.open("/admin/").await;
    assert!(!plain.has(".environment"));
}
