//! Replacing a secret: the old one goes on for a while, and what was seen last is shown.

use super::credentials::{KEY, now_s, signature, signed, signed_webhook};
use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::{Form, Page};
use crate::support::panel::Panel;
use crate::support::webhooks::{self, with};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const NEW_KEY: &[u8] = b"another key of a signed hook, 32";
const NEW: &str = "the-new-secret-of-the-tests-98765";

async fn page(panel: &Panel, id: &str) -> Page {
    panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await
}

async fn form(panel: &Panel, id: &str) -> Form {
    page(panel, id).await.form_with("repo_name")
}

fn push(token: &str, key: &str) -> Delivery {
    Delivery::push_2015().token(token).key(key)
}

#[tokio::test]
async fn a_replaced_token_goes_on_until_its_date_or_until_it_is_ended() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let change = form(&panel, &id).await.set("secret_token", NEW).set("keep_previous_days", "7");
    panel.submit(change).await;
    app.send(&push(NEW, "k1")).await.expect(202, "matched");
    app.send(&push(TOKEN, "k2")).await.expect(202, "matched");
    app.send(&push("another", "k3")).await.expect(401, "rejected");
    let sql = "SELECT round(extract(epoch FROM previous_secret_until - now()) / 86400)::text FROM webhooks";
    assert_eq!(app.database().value(sql).await, "7");
    page(&panel, &id).await.says("Revoke the previous secret token now").says("Still valid until");
    let trace = "SELECT reason::text FROM deliveries WHERE idempotency_key = 'k2'";
    assert!(app.database().value(trace).await.contains("valid token, the previous one"));

    // What is over is not accepted any more, and forgotten with the next change.
    app.database().execute("UPDATE webhooks SET previous_secret_until = now()").await;
    app.send(&push(TOKEN, "k4")).await.expect(401, "rejected");
    assert!(!page(&panel, &id).await.html.contains("Revoke the previous"));

    app.database()
        .execute("UPDATE webhooks SET previous_secret_until = now() + interval '1 day'")
        .await;
    app.send(&push(TOKEN, "k5")).await.expect(202, "matched");
    panel.submit(form(&panel, &id).await.set("end_previous_secret", "on")).await;
    app.send(&push(TOKEN, "k6")).await.expect(401, "rejected");
    app.send(&push(NEW, "k7")).await.expect(202, "matched");
    assert_eq!(app.database().count("webhooks WHERE previous_secret_digest IS NOT NULL").await, 0);
    let audit = app.database().column("SELECT changes::text FROM audit_log ORDER BY id").await;
    let ended = audit.last().unwrap();
    assert!(ended.contains("previous_secret_until"), "{ended}");
    assert!(audit.iter().all(|text| !text.contains(NEW) && !text.contains(TOKEN)), "{audit:?}");
}

#[tokio::test]
async fn the_old_token_goes_on_for_a_week_unless_it_is_revoked_at_once() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.add_webhook(&webhooks::push()).await;
    panel.submit(form(&panel, &id).await.set("secret_token", NEW)).await;
    app.send(&push(TOKEN, "kept")).await.expect(202, "matched");
    let sql = "SELECT round(extract(epoch FROM previous_secret_until - now()) / 86400)::text FROM webhooks";
    assert_eq!(app.database().value(sql).await, "7");
    let third = form(&panel, &id).await.set("secret_token", "a-third-one-of-these");
    panel.submit(third.set("keep_previous_days", "")).await;
    for (token, status) in [(TOKEN, 401), (NEW, 401), ("a-third-one-of-these", 202)] {
        assert_eq!(app.send(&push(token, token)).await.status, status, "{token}");
    }
}

#[tokio::test]
async fn a_replaced_signing_token_goes_on_too() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.add_webhook(&signed_webhook()).await;
    let new = STANDARD.encode(NEW_KEY);
    let change = form(&panel, &id).await.set("signing_token", &format!("whsec_{new}"));
    panel.submit(change.set("keep_previous_days", "1")).await;
    let (now, body) = (now_s(), Delivery::push_2015().body);
    for (id, key) in [("w-1", KEY), ("w-2", NEW_KEY)] {
        let answer = app.send(&signed(id, now, &signature(key, id, now, &body))).await;
        answer.expect(202, "matched");
    }
    panel.submit(form(&panel, &id).await.set("end_previous_signing", "on")).await;
    let late = signed("w-3", now, &signature(KEY, "w-3", now, &body));
    app.send(&late).await.expect(401, "rejected");
}

#[tokio::test]
async fn the_webhook_says_what_it_was_last_seen_with() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.add_webhook(&with(signed_webhook(), &[("secret_token", TOKEN)])).await;
    page(&panel, &id).await.says("No event has used it yet");
    let (now, body) = (now_s(), Delivery::push_2015().body);
    let seen = "SELECT concat(last_token_at IS NOT NULL, ' ', last_signature_at IS NOT NULL) FROM webhooks";
    app.send(&push(TOKEN, "k1")).await.expect(202, "matched");
    assert_eq!(app.database().value(seen).await, "t f");
    app.send(&signed("w-1", now, &signature(KEY, "w-1", now, &body))).await.expect(202, "matched");
    assert_eq!(app.database().value(seen).await, "t t");
    let page = page(&panel, &id).await;
    page.says("Last used 20");
    assert!(!page.main().contains("No event has used it yet"));
}
