//! A secret key that is lost, wrong or changed: nothing goes on as if nothing had happened.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, SIGNING_TOKEN, with};
use std::fs;
use std::path::PathBuf;
use std::process::Output;

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

const OLD: &str = "the secret key of the tests, 0123456789";
const NEW: &str = "another secret key of the tests, 987654";

fn with_both() -> webhooks::WebhookForm {
    with(webhooks::push(), &[("signing_token", SIGNING_TOKEN)])
}

fn key_file(app: &App) -> PathBuf {
    app.folder().join("data/secret-key")
}

async fn takes_both_secrets(app: &App, key: &str) {
    app.send(&Delivery::push_2015().token(TOKEN).key(key)).await.expect(202, "matched");
    let signed = Delivery::push_2015().by_gitlab_19(SIGNING_TOKEN).without("X-Gitlab-Token");
    app.send(&signed).await.expect(202, "matched");
}

async fn ready(app: &App) -> (u16, String) {
    let answer = reqwest::get(format!("{}/readyz", app.base())).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_wrong_secret_key_is_said_at_the_start_by_check_and_by_readyz() {
    let mut app = Setup::new().await.setting("SIGNALBOX_SECRET_KEY", OLD).start().await;
    app.add_webhook(&with_both()).await;
    assert_eq!(ready(&app).await.0, 200);
    assert!(app.run(&["check"], &[]).status.success());
    let wrong = [("SIGNALBOX_SECRET_KEY", NEW)];
    for command in ["check", "serve"] {
        let output = app.run(&[command], &wrong);
        assert_eq!(output.status.code(), Some(1), "{command}: {}", text(&output));
        assert!(text(&output).contains("the secret key is not the one of this database"));
    }
    // A server that goes on beside a changed key is not ready.
    app.database().execute("UPDATE secret_key_check SET sealed = 'another'").await;
    let (status, said) = ready(&app).await;
    assert!(status == 503 && said.contains("The secret key is not the one"), "{said}");
    app.stop().await;
}

#[tokio::test]
async fn a_lost_secret_key_is_not_replaced() {
    let mut app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.stop().await;
    let kept = fs::read(key_file(&app)).unwrap();
    fs::remove_file(key_file(&app)).unwrap();
    // Neither with the check value, nor with a database of the version before, which has none.
    for _ in 0..2 {
        for command in ["check", "serve"] {
            let output = app.run(&[command], &[]);
            assert_eq!(output.status.code(), Some(1), "{command}: {}", text(&output));
            assert!(text(&output).contains("the secret key is missing"), "{}", text(&output));
            assert!(!key_file(&app).exists());
        }
        app.database().execute("DELETE FROM secret_key_check").await;
    }
    fs::write(key_file(&app), kept).unwrap();
    app.restart().await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");
    assert_eq!(app.database().count("secret_key_check").await, 1);
}

#[tokio::test]
async fn a_wrong_secret_key_of_the_version_before_is_known_by_what_is_sealed() {
    let mut app = Setup::new().await.setting("SIGNALBOX_SECRET_KEY", OLD).start().await;
    app.add_webhook(&with_both()).await;
    app.stop().await;
    app.database().execute("DELETE FROM secret_key_check").await;
    let output = app.run(&["serve"], &[("SIGNALBOX_SECRET_KEY", NEW)]);
    assert!(text(&output).contains("is not the one of this database"), "{}", text(&output));
}

#[tokio::test]
async fn a_changed_secret_key_seals_everything_again() {
    let mut app = App::start().await;
    app.add_webhook(&with_both()).await;
    takes_both_secrets(&app, "k1").await;
    // Not beside a server that would go on sealing with the old one.
    let output = app.run(&["rotate-secret-key"], &[]);
    assert!(text(&output).contains("stop all of them"), "{}", text(&output));
    app.stop().await;
    let sealed = "SELECT encode(signing_token, 'hex') FROM webhooks";
    let (old, before) = (fs::read(key_file(&app)).unwrap(), app.database().value(sealed).await);
    let output = app.run(&["rotate-secret-key"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    assert_ne!(fs::read(key_file(&app)).unwrap(), old);
    assert_ne!(app.database().value(sealed).await, before);
    app.restart().await;
    takes_both_secrets(&app, "k2").await;
    app.stop().await;
    fs::write(key_file(&app), old).unwrap();
    assert!(!app.run(&["check"], &[]).status.success());
}

#[tokio::test]
async fn a_change_that_was_interrupted_before_the_file_is_finished_by_the_next_start() {
    let mut app = App::start().await;
    app.add_webhook(&with_both()).await;
    app.stop().await;
    let old = fs::read(key_file(&app)).unwrap();
    assert!(app.run(&["rotate-secret-key"], &[]).status.success());
    // As it was between the commit and the renaming.
    fs::rename(key_file(&app), app.folder().join("data/secret-key.next")).unwrap();
    fs::write(key_file(&app), old).unwrap();
    app.restart().await;
    takes_both_secrets(&app, "k1").await;
    // And before the commit: the file that waits is taken.
    app.stop().await;
    fs::write(app.folder().join("data/secret-key.next"), NEW).unwrap();
    assert!(app.run(&["rotate-secret-key"], &[]).status.success());
    assert_eq!(fs::read_to_string(key_file(&app)).unwrap(), NEW);
    app.restart().await;
    takes_both_secrets(&app, "k2").await;
}

#[tokio::test]
async fn a_set_secret_key_is_changed_for_one_that_is_set() {
    let mut app = Setup::new().await.setting("SIGNALBOX_SECRET_KEY", OLD).start().await;
    app.add_webhook(&with_both()).await;
    app.stop().await;
    let output = app.run(&["rotate-secret-key"], &[]);
    assert!(text(&output).contains("SIGNALBOX_NEW_SECRET_KEY"), "{}", text(&output));
    let new = [("SIGNALBOX_NEW_SECRET_KEY", NEW)];
    assert!(app.run(&["rotate-secret-key"], &new).status.success());
    let again = app.run(&["rotate-secret-key"], &new);
    assert!(again.status.success() && text(&again).contains("already"), "{}", text(&again));
    assert!(app.run(&["check"], &[("SIGNALBOX_SECRET_KEY", NEW)]).status.success());
    assert!(!app.run(&["check"], &[]).status.success());
}
