//! `check`, `migrate`, and settings that are wrong.

use crate::support::app::{Setup, bare_command};
use crate::support::database::Database;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

#[tokio::test]
async fn check_is_content_with_a_sound_installation() {
    let setup = Setup::new().await.action("mine", "", "echo");
    let output = setup.run(&["check"]);
    assert!(output.status.success(), "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("mine") && said.contains("can read its secret key"), "{said}");
    assert!(said.contains("useradd --system NAME, then user = \"NAME\""), "{said}");
    assert!(said.trim_end().ends_with("see above."), "{said}");
}

#[tokio::test]
async fn check_names_every_fault_at_once() {
    let setup = Setup::new().await.action("open-to-all", "", "echo");
    let actions = setup.folder().join("actions");
    fs::write(actions.join("broken.toml"), "kind = \"command\"\ncommand = [\n").unwrap();
    fs::write(actions.join("odd.toml"), "kind = \"command\"\ncommand = [\"/bin/true\"]\nodd = 1\n")
        .unwrap();
    let program = actions.join("open-to-all.sh");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o777)).unwrap();
    let output = setup.run(&["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = text(&output);
    for name in ["broken.toml", "odd.toml", "open-to-all"] {
        assert!(said.contains(name), "nothing of {name} in: {said}");
    }
}

#[tokio::test]
async fn check_says_that_migrations_are_missing_and_migrate_brings_them() {
    let database = Database::empty().await;
    let setup = Setup::without_user(database.clone());
    assert_eq!(setup.run(&["check"]).status.code(), Some(1));
    let output = setup.run(&["migrate"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(database.count("webhooks").await == 0 && database.count("jobs").await == 0);
    let again = setup.run(&["migrate"]);
    assert!(again.status.success(), "{}", text(&again));
    assert!(setup.run(&["check"]).status.success());
}

#[tokio::test]
async fn two_processes_may_migrate_at_once() {
    let database = Database::empty().await;
    let setup = Setup::without_user(database.clone());
    let mut children: Vec<_> =
        (0..4).map(|_| setup.command_of(&["migrate"]).spawn().unwrap()).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
}

#[tokio::test]
async fn wrong_settings_are_told_together_and_nothing_starts() {
    let setup = Setup::new()
        .await
        .setting("SIGNALBOX_BIND", "nowhere")
        .setting("SIGNALBOX_WORKER_CONCURRENCY", "many")
        .setting("SIGNALBOX_TRUSTED_PROXIES", "10.0.0.0/99")
        .setting("SIGNALBOX_LABEL", "longer than the top bar has room for")
        .setting("SIGNALBOX_METRICS_TOKEN", "too short");
    let output = setup.run(&["serve"]);
    assert!(!output.status.success());
    let said = text(&output);
    for setting in ["WORKER_CONCURRENCY", "TRUSTED_PROXIES", "LABEL", "METRICS_TOKEN"] {
        assert!(said.contains(&format!("SIGNALBOX_{setting}: ")), "{setting}: {said}");
    }
    assert!(!said.contains("too short"), "a secret is not repeated: {said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_database_that_is_not_there_is_one_clear_sentence() {
    let output = bare_command()
        .arg("serve")
        .env("DATABASE_URL", "postgres:///nothing?host=/nonexistent&user=nobody")
        .env("SIGNALBOX_DATA_DIR", env!("CARGO_TARGET_TMPDIR"))
        .env("SIGNALBOX_BIND", "127.0.0.1:0")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = text(&output);
    assert!(said.contains("database") && !said.contains("panicked"), "{said}");
}

#[test]
fn help_names_every_command() {
    let output = bare_command().arg("--help").output().unwrap();
    let said = text(&output);
    for command in ["serve", "worker", "migrate", "createsuperuser", "changepassword", "check"] {
        assert!(said.contains(command), "{command}: {said}");
    }
}

#[tokio::test]
async fn a_secret_that_is_given_as_a_flag_is_warned_of() {
    let setup = Setup::new().await;
    let key = "k".repeat(32);
    let output = setup.run(&["check", "--secret-key", &key]);
    let said = text(&output);
    assert!(said.contains("--secret-key holds a secret"), "{said}");
    assert!(said.contains("SIGNALBOX_SECRET_KEY") && !said.contains(&key), "{said}");
    let bare = Database::migrated().await.url;
    for (url, warned) in [(format!("{bare}&password=hush"), true), (bare, false)] {
        let said = text(&setup.run(&["--database-url", &url, "check"]));
        assert_eq!(said.contains("--database-url holds a secret"), warned, "{said}");
    }
    assert!(!text(&setup.run(&["check"])).contains("holds a secret"));
}
