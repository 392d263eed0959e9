//! Signed deliveries, and several webhooks with several secrets.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, WebhookForm, with};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

pub const KEY: &[u8] = b"the key of the signed hook, 32 b";

pub fn signed_webhook() -> WebhookForm {
    let shown = format!("whsec_{}", STANDARD.encode(KEY));
    with(webhooks::push(), &[("secret_token", ""), ("signing_token", &shown)])
}

#[expect(clippy::disallowed_methods, reason = "GitLab's clock")]
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn signature(key: &[u8], id: &str, at_s: u64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(format!("{id}.{at_s}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// The push with the headers of a signed delivery.
pub fn signed(id: &str, at_s: u64, signature: &str) -> Delivery {
    Delivery::push_2015()
        .header("webhook-id", id)
        .header("webhook-timestamp", &at_s.to_string())
        .header("webhook-signature", signature)
}

#[tokio::test]
async fn a_signature_over_the_exact_bytes_is_a_credential() {
    let app = App::start().await;
    app.add_webhook(&signed_webhook()).await;
    let (now, body) = (now_s(), Delivery::push_2015().body);
    let right = signature(KEY, "w-1", now, &body);
    let answer = app.send(&signed("w-1", now, &right)).await;
    answer.expect(202, "matched");
    app.send(&signed("w-1", now, &right)).await.expect(200, "duplicate");
    // One of several entries may be right, as while a key is changed.
    let several = format!("v1,AAAA {}", signature(KEY, "w-2", now, &body));
    app.send(&signed("w-2", now, &several)).await.expect(202, "matched");
}

#[tokio::test]
async fn a_wrong_late_or_moved_signature_is_none() {
    let app = App::start().await;
    app.add_webhook(&signed_webhook()).await;
    let (now, body) = (now_s(), Delivery::push_2015().body);
    let right = signature(KEY, "w", now, &body);
    let old = now - 6 * 60;
    let early = now + 6 * 60;
    for (reason, delivery) in [
        ("another key", signed("w", now, &signature(b"another", "w", now, &body))),
        ("another body", signed("w", now, &right).with("/project_id", 15)),
        ("another id", signed("v", now, &right)),
        ("another time", signed("w", now - 1, &right)),
        ("too old", signed("w", old, &signature(KEY, "w", old, &body))),
        ("from the future", signed("w", early, &signature(KEY, "w", early, &body))),
        ("no base64", signed("w", now, "v1,?")),
        ("another version", signed("w", now, &right.replace("v1,", "v2,"))),
        ("nothing", signed("w", now, "")),
        ("the secret as a token", Delivery::push_2015().token("whsec_")),
        ("none at all", Delivery::push_2015()),
    ] {
        let answer = app.send(&delivery).await;
        assert_eq!(answer.status, 401, "{reason}: {}", answer.text);
    }
    assert_eq!(app.database().count("jobs").await, 0);
}

#[tokio::test]
async fn once_a_signature_was_seen_it_may_be_required() {
    let app = App::start().await;
    let id = app.add_webhook(&with(signed_webhook(), &[("secret_token", TOKEN)])).await;
    let panel = app.panel().await;
    let form = async || {
        let page = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
        page.form_with("repo_name")
    };
    let offered = async || form().await.names.iter().any(|name| name == "require_signature");
    let (now, body) = (now_s(), Delivery::push_2015().body);
    let both = |id: &str| signed(id, now, &signature(KEY, id, now, &body)).token(TOKEN);
    let token_alone = |key: &str| Delivery::push_2015().token(TOKEN).key(key);
    app.send(&token_alone("k-1")).await.expect(202, "matched");
    assert!(!offered().await, "no signature was seen");
    app.send(&both("w-1")).await.expect(202, "matched");
    assert!(offered().await);

    panel.submit(form().await.set("require_signature", "on")).await;
    let refused = app.send(&token_alone("k-2")).await;
    refused.expect(401, "rejected");
    assert!(refused.field("reason").contains("signature is required"), "{}", refused.text);
    let elsewhere = token_alone("k-3").with("/repository/name", "Elsewhere").with("/project_id", 9);
    app.send(&elsewhere).await.expect(401, "rejected");
    let forged = signed("w-2", now, &signature(b"another", "w-2", now, &body)).token(TOKEN);
    app.send(&forged).await.expect(401, "rejected");
    let signed_one = app.send(&both("w-3")).await;
    signed_one.expect(202, "matched");
    app.send(&signed("w-4", now, &signature(KEY, "w-4", now, &body))).await.expect(202, "matched");
    let page = |delivery: &str| format!("/admin/hooks/delivery/{delivery}/");
    let told = panel.open(&page(&refused.field("delivery"))).await;
    told.says("requires a signature");
    // A replay of what was signed is judged by what was proved then.
    let replay = format!("{}replay/", page(&signed_one.field("delivery")));
    panel.open(&replay).await.says("1 job would run");

    // Who takes the signing token away must say so of the requirement as well.
    let unsigned = form().await.press("signing_token_remove", "on");
    panel.submit(unsigned).await.says("without one, nothing is signed");
    panel.submit(form().await.unset("require_signature")).await;
    app.send(&token_alone("k-4")).await.expect(202, "matched");
}

#[tokio::test]
async fn a_token_that_another_webhook_takes_alone_is_authentic_still() {
    let app = App::start().await;
    let strict = with(signed_webhook(), &[("name", "strict"), ("secret_token", TOKEN)]);
    app.add_webhook(&strict).await;
    app.add_webhook(&with(webhooks::push(), &[("repo_name", "Elsewhere"), ("project_id", "99")]))
        .await;
    app.database()
        .execute("UPDATE webhooks SET require_signature = true WHERE name = 'strict'")
        .await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    answer.expect(200, "unmatched");
    assert!(answer.field("reason").contains("requires a signature"), "{}", answer.text);
}

#[tokio::test]
async fn a_webhook_runs_only_for_its_own_secret() {
    let app = App::start().await;
    let other = "the-secret-of-another-record-4711";
    app.add_webhook(&with(webhooks::push(), &[("name", "first")])).await;
    app.add_webhook(&with(webhooks::push(), &[("name", "second"), ("secret_token", other)])).await;
    for (token, name) in [(TOKEN, "first"), (other, "second")] {
        let answer = app.send(&Delivery::push_2015().token(token)).await;
        let [job] = answer.expect(202, "matched").jobs().try_into().unwrap();
        let sql = format!("SELECT webhook_label FROM jobs WHERE id = '{job}'");
        assert_eq!(app.database().value(&sql).await, name);
    }
}

#[tokio::test]
async fn a_known_token_of_another_project_is_authentic_but_unmatched() {
    let app = App::start().await;
    app.add_webhook(&with(webhooks::push(), &[("repo_name", "Elsewhere"), ("project_id", "99")]))
        .await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(200, "unmatched");
    app.send(&Delivery::push_2015().token(TOKEN.get(1..).unwrap())).await.expect(401, "rejected");
}

#[tokio::test]
async fn a_signed_id_serves_once_whatever_else_is_changed() {
    let app = App::start().await;
    app.add_webhook(&signed_webhook()).await;
    let (now, body) = (now_s(), Delivery::push_2015().body);
    let first = signed("w-1", now, &signature(KEY, "w-1", now, &body)).key("key-1");
    let answer = app.send(&first).await;
    answer.expect(202, "matched");
    // The key is no part of what is signed: another one makes no other delivery of it.
    app.send(&first.clone().key("key-2")).await.expect(200, "duplicate");
    app.send(&first.clone().without("Idempotency-Key")).await.expect(200, "duplicate");
    app.send(&first.clone().key("key-3").at_register()).await.expect(200, "duplicate");
    // Signed anew under the same id, as by Resend, it is still the same delivery.
    let later = now + 2;
    let again = signed("w-1", later, &signature(KEY, "w-1", later, &body)).key("key-4");
    let repeat = app.send(&again).await;
    repeat.expect(200, "duplicate");
    assert!(repeat.field("reason").contains(&answer.field("delivery")), "{}", repeat.text);
    assert_eq!(app.database().count("jobs").await, 1);
}

#[tokio::test]
async fn a_signed_id_that_did_nothing_may_serve_after_the_repair() {
    let app = App::start().await;
    let id = app.add_webhook(&with(signed_webhook(), &[("ref_filter", "elsewhere")])).await;
    let (now, body) = (now_s(), Delivery::push_2015().body);
    let push = signed("w-1", now, &signature(KEY, "w-1", now, &body));
    app.send(&push).await.expect(200, "filtered");
    let panel = app.panel().await;
    let page = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    panel.submit(page.form_with("repo_name").set("ref_filter", "")).await;
    app.send(&push).await.expect(202, "matched");
    app.send(&push).await.expect(200, "duplicate");
}
