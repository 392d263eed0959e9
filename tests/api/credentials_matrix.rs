//! Every way a credential may be wrong, for each kind of credential and both together.

use super::credentials::{KEY, now_s, signature, signed, signed_webhook};
use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};

/// A way of getting a header wrong: none, or what is sent in the place of the right value.
fn wrong_ways(right: &str) -> Vec<(&'static str, Vec<String>)> {
    let swapped: String = right
        .chars()
        .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    vec![
        ("absent", vec![]),
        ("empty", vec![String::new()]),
        ("twice", vec![right.to_owned(), right.to_owned()]),
        ("wrong case", vec![swapped]),
        ("a prefix", vec![right.chars().take(right.chars().count() - 1).collect()]),
        ("with a suffix", vec![format!("{right}x")]),
        ("non-ASCII", vec![format!("{right}é数")]),
        ("64 KiB", vec![right.repeat(65_536 / right.len() + 1)]),
    ]
}

fn replaced(delivery: &Delivery, name: &str, values: &[String]) -> Delivery {
    values.iter().fold(delivery.clone().without(name), |delivery, value| delivery.also(name, value))
}

/// The push, signed and with the token, under a key of its own.
fn right(number: usize) -> (Delivery, String) {
    let (id, now) = (format!("w-{number}"), now_s());
    let signature = signature(KEY, &id, now, &Delivery::push_2015().body);
    (signed(&id, now, &signature).token(TOKEN), signature)
}

#[tokio::test]
async fn a_wrong_token_is_refused_in_every_way_it_can_be_wrong() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    for (way, values) in wrong_ways(TOKEN) {
        let answer = app.send(&replaced(&Delivery::push_2015(), "X-Gitlab-Token", &values)).await;
        assert_eq!(answer.status, 401, "{way}: {}", answer.text);
        answer.expect(401, "rejected");
    }
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");
    assert_eq!(app.database().count("jobs").await, 1);
    assert!(!app.log().contains(TOKEN));
}

#[tokio::test]
async fn a_wrong_signature_is_refused_in_every_way_it_can_be_wrong() {
    let app = App::start().await;
    app.add_webhook(&signed_webhook()).await;
    let (delivery, signature) = right(0);
    let delivery = delivery.without("X-Gitlab-Token");
    for (way, values) in wrong_ways(&signature) {
        let answer = app.send(&replaced(&delivery, "webhook-signature", &values)).await;
        assert_eq!(answer.status, 401, "{way}: {}", answer.text);
    }
    for name in ["webhook-id", "webhook-timestamp"] {
        let value = delivery.headers.iter().find(|(known, _)| known == name).unwrap().1.clone();
        for (way, values) in wrong_ways(&value).into_iter().filter(|(way, _)| *way != "wrong case")
        {
            let answer = app.send(&replaced(&delivery, name, &values)).await;
            assert_eq!(answer.status, 401, "{name} {way}: {}", answer.text);
        }
    }
    app.send(&delivery).await.expect(202, "matched");
    assert_eq!(app.database().count("jobs").await, 1);
}

#[tokio::test]
async fn with_both_either_is_enough_and_none_is_not() {
    let app = App::start().await;
    app.add_webhook(&with(signed_webhook(), &[("secret_token", TOKEN)])).await;
    let (both, signature) = right(0);
    let mut runs = 1;
    app.send(&both).await.expect(202, "matched");
    let ways = wrong_ways(TOKEN).into_iter().zip(wrong_ways(&signature)).enumerate();
    for (number, ((way, tokens), (_, _))) in ways {
        let (both, signature) = right(number + 1);
        let signatures = wrong_ways(&signature).swap_remove(number).1;
        let no_token = replaced(&both, "X-Gitlab-Token", &tokens);
        let no_signature = replaced(&both, "webhook-signature", &signatures);
        let neither = replaced(&no_token, "webhook-signature", &signatures);
        // Two such headers together are more than the server reads at all.
        let refused = if way == "64 KiB" { 431 } else { 401 };
        assert_eq!(app.send(&neither).await.status, refused, "neither: {way}");
        // A header that came twice or is far too long is refused, whatever stands beside it.
        let expected = if matches!(way, "twice" | "64 KiB") { 401 } else { 202 };
        let answer = app.send(&no_token).await;
        assert_eq!(answer.status, expected, "token {way}: {}", answer.text);
        let other = no_signature.header("webhook-id", &format!("v-{number}"));
        let answer = app.send(&other).await;
        assert_eq!(answer.status, expected, "signature {way}: {}", answer.text);
        runs += if expected == 202 { 2 } else { 0 };
    }
    assert_eq!(app.database().count("jobs").await, runs);
}
