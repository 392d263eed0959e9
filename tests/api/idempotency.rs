//! Repeats: whatever GitLab sends again, its job runs once.

use super::credentials::{KEY, now_s, signature, signed, signed_webhook};
use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::task::JoinSet;

fn push(key: &str) -> Delivery {
    Delivery::push_2015().token(TOKEN).key(key)
}

#[tokio::test]
async fn f29_a_repeat_with_its_key_makes_no_second_job() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let first = app.send(&push("k-1")).await;
    first.expect(202, "matched");
    let second = app.send(&push("k-1")).await;
    second.expect(200, "duplicate");
    assert_eq!(second.header("X-Match"), "duplicate");
    assert_ne!(second.field("delivery"), first.field("delivery"));
    let duplicate_of = app
        .database()
        .value("SELECT duplicate_of FROM deliveries WHERE verdict = 'duplicate'")
        .await;
    assert_eq!(duplicate_of, first.field("delivery"));
    app.send(&push("k-2")).await.expect(202, "matched");
    assert_eq!(app.database().count("jobs").await, 2);
}

#[tokio::test]
async fn a_signed_deliverys_id_is_its_key_too() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let signed = || Delivery::push_2015().token(TOKEN).header("webhook-id", "w-1");
    app.send(&signed()).await.expect(202, "matched");
    app.send(&signed()).await.expect(200, "duplicate");
}

#[tokio::test]
async fn an_old_gitlab_sends_no_key_and_an_equal_body_is_a_repeat() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let push = Delivery::push_2015().token(TOKEN);
    app.send(&push).await.expect(202, "matched");
    app.send(&push).await.expect(200, "duplicate");
    let other = push.with("/after", "0".repeat(40));
    app.send(&other).await.expect(202, "matched");
    assert_eq!(app.database().count("jobs").await, 2);
}

#[tokio::test]
async fn looking_for_equal_bodies_can_be_switched_off() {
    let app = Setup::new().await.setting("SIGNALBOX_BODY_REPEAT_S", "0").start().await;
    app.add_webhook(&webhooks::push()).await;
    let push = Delivery::push_2015().token(TOKEN);
    app.send(&push).await.expect(202, "matched");
    app.send(&push).await.expect(202, "matched");
}

#[tokio::test]
async fn a_delivery_that_did_nothing_is_judged_anew() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&with(webhooks::push(), &[("project_id", "16")])).await;
    app.send(&push("k").token("wrong")).await.expect(401, "rejected");
    app.send(&push("k")).await.expect(200, "unmatched");
    let form =
        panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await.form_with("repo_name");
    panel.submit(form.set("project_id", "15")).await;
    app.send(&push("k")).await.expect(202, "matched");
    app.send(&push("k")).await.expect(200, "duplicate");
}

#[tokio::test]
async fn the_two_addresses_do_not_share_keys() {
    let app = App::start().await;
    app.add_webhook(&webhooks::pending_push()).await;
    app.send(&push("k").at_register()).await.expect(202, "registered");
    app.send(&push("k")).await.expect(202, "matched");
}

#[tokio::test]
async fn two_servers_receiving_one_event_at_once_make_one_job() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let other = app.beside().await;
    for round in 0..5 {
        let mut sends = JoinSet::new();
        for number in 0..20 {
            let base = if number % 2 == 0 { app.base() } else { &other.base }.to_owned();
            let delivery = push(&format!("round-{round}"));
            sends.spawn(async move { delivery.send(&base).await });
        }
        let answers = sends.join_all().await;
        let verdicts: Vec<_> = answers.iter().map(|answer| answer.field("verdict")).collect();
        let matched = verdicts.iter().filter(|verdict| *verdict == "matched").count();
        let duplicates = verdicts.iter().filter(|verdict| *verdict == "duplicate").count();
        assert_eq!((matched, duplicates), (1, 19), "{verdicts:?}");
    }
    assert_eq!(app.database().count("jobs").await, 5);
    assert_eq!(app.database().count("deliveries").await, 100);
}

const ATTACKERS: &str = "a-secret-of-somebody-elses-webhook-1";

/// A webhook for another project of the same name, whose secrets somebody else holds.
async fn add_attackers_webhook(app: &App) {
    let signing = format!("whsec_{}", STANDARD.encode(ATTACKERS_KEY));
    let values =
        [("project_id", "16"), ("secret_token", ATTACKERS), ("signing_token", signing.as_str())];
    app.add_webhook(&with(webhooks::push(), &values)).await;
}

const ATTACKERS_KEY: &[u8] = b"the signing key of an attacker!!";

#[tokio::test]
async fn the_secret_of_one_webhook_takes_no_key_of_another() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    add_attackers_webhook(&app).await;
    let attack = push("k").token(ATTACKERS).with("/project_id", 16);
    app.send(&attack).await.expect(202, "matched");
    app.send(&attack).await.expect(200, "duplicate");
    app.send(&push("k")).await.expect(202, "matched");
    app.send(&push("k")).await.expect(200, "duplicate");
    // Nor that of an equal body, which stands for a key.
    let keyless = Delivery::push_2015();
    app.send(&keyless.token(ATTACKERS).with("/project_id", 16)).await.expect(202, "matched");
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");
}

#[tokio::test]
async fn the_secret_of_one_webhook_takes_no_signed_id_of_another() {
    let app = App::start().await;
    app.add_webhook(&signed_webhook()).await;
    add_attackers_webhook(&app).await;
    let now = now_s();
    let attack = Delivery::push_2015().with("/project_id", 16);
    let attackers = signature(ATTACKERS_KEY, "w-1", now, &attack.body);
    let attack = signed("w-1", now, &attackers).body(attack.body);
    app.send(&attack.key("w-1")).await.expect(202, "matched");
    let right = signature(KEY, "w-1", now, &Delivery::push_2015().body);
    let authentic = || signed("w-1", now, &right).key("w-1");
    app.send(&authentic()).await.expect(202, "matched");
    app.send(&authentic().key("w-2")).await.expect(200, "duplicate");
}

#[tokio::test]
async fn a_stranger_at_an_open_webhook_takes_nothing_from_one_with_a_secret() {
    let app = Setup::new().await.setting("SIGNALBOX_ALLOW_NO_SECRET", "true").start().await;
    let open = app.add_webhook(&with(webhooks::push(), &[("secret_token", "")])).await;
    let own = app.add_webhook(&with(webhooks::push(), &[("name", "With a secret")])).await;
    let runs =
        async |id: &str| app.database().count(&format!("jobs WHERE webhook_id = {id}")).await;
    app.send(&Delivery::push_2015().key("k")).await.expect(202, "matched");
    assert_eq!((runs(&open).await, runs(&own).await), (1, 0));
    app.send(&push("k")).await.expect(202, "matched");
    assert_eq!((runs(&open).await, runs(&own).await), (1, 1));
    app.send(&push("k")).await.expect(200, "duplicate");
    assert_eq!((runs(&open).await, runs(&own).await), (1, 1));
}

#[tokio::test]
async fn a_repeat_under_the_new_secret_is_a_repeat() {
    const NEW: &str = "the-new-secret-of-the-tests-98765";
    let app = App::start().await;
    let panel = app.panel().await;
    let id = app.add_webhook(&webhooks::push()).await;
    let keyless = Delivery::push_2015();
    app.send(&push("k")).await.expect(202, "matched");
    app.send(&keyless.token(TOKEN)).await.expect(202, "matched");
    let form = panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await;
    let form = form.form_with("repo_name").set("secret_token", NEW);
    panel.submit(form.set("keep_previous_days", "7")).await;
    app.send(&push("k").token(NEW)).await.expect(200, "duplicate");
    app.send(&push("k")).await.expect(200, "duplicate");
    app.send(&Delivery::push_2015().token(NEW)).await.expect(200, "duplicate");
    assert_eq!(app.database().count("jobs").await, 2);
}

#[tokio::test]
async fn keys_that_were_stored_before_they_had_a_webhook_refuse_repeats() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.database()
        .execute(
            "INSERT INTO idempotency_keys (endpoint, key, delivery, expires_at) \
             VALUES ('main', 'k', '01JDM000000000000000000000', now() + interval '1 day')",
        )
        .await;
    app.send(&push("k")).await.expect(200, "duplicate");
    app.send(&push("k").at_register()).await.expect(200, "registered");
}
