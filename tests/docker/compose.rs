//! The engine and its compose, as a person at the terminal uses them.

use crate::support::app::repository;
use crate::support::wait;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Where `docker-compose.yml` publishes the panel.
pub const BASE: &str = "http://127.0.0.1:8080";

#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}:\n{text}\n{error}", output.status);
    text
}

#[track_caller]
pub fn docker(arguments: &[&str]) -> String {
    output(Command::new("docker").args(arguments))
}

/// Runs compose (v2 or v1, as the script found it) in the sources' root.
#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the program's")]
#[track_caller]
pub fn compose(arguments: &[&str]) -> String {
    let words = std::env::var("SIGNALBOX_TEST_COMPOSE").unwrap();
    let mut words = words.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).current_dir(repository()).arg("--file").arg("docker-compose.yml");
    if override_file().exists() {
        command.arg("--file").arg(override_file());
    }
    output(command.args(arguments))
}

#[track_caller]
pub fn exec(service: &str, arguments: &[&str]) -> String {
    compose(&[&["exec", "-T", service], arguments].concat())
}

pub fn inspect(service: &str) -> Value {
    let id =
        docker(&["ps", "-aq", "--filter", &format!("label=com.docker.compose.service={service}")]);
    let text = docker(&["container", "inspect", &id]);
    serde_json::from_str::<Value>(&text).unwrap()[0].take()
}

/// Waits until the engine says so of the service. Its checks are 10 s apart, so it may take two waits.
pub async fn health(service: &str, wanted: &str) {
    let now = || inspect(service)["State"]["Health"]["Status"].as_str().unwrap_or("").to_owned();
    for _ in 0..60 {
        if now() == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    wait::until_equal(&format!("{service}'s health"), wanted.to_owned(), async || now()).await;
}

/// Waits until it is ready to take events.
pub async fn serves() {
    wait::until("ready", async || {
        let answer = reqwest::get(format!("{BASE}/readyz")).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
}

/// What a statement says, asked as the service's own user.
#[track_caller]
pub fn query(sql: &str) -> String {
    exec("postgres", &["psql", "--username=signalbox", "-qtAXc", sql, "signalbox"])
}

/// Waits until the database answers so. Of an engine that has just begun again, the health that is
/// shown may be the one from before its end.
pub async fn answers(sql: &str, wanted: &str) {
    wait::until_equal(sql, wanted.to_owned(), async || {
        let asked = std::panic::catch_unwind(|| query(sql));
        asked.unwrap_or_default()
    })
    .await;
}

pub async fn job_state(id: &str, wanted: &str) {
    let sql = format!("SELECT state FROM jobs WHERE id = '{id}'");
    wait::until_equal(&format!("job {id}"), wanted.to_owned(), async || query(&sql)).await;
}

/// Runs the newest migration's way back.
pub fn undo_migration(version: &str) {
    let folder = fs::read_dir(repository().join("migrations")).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().replace('-', "");
        name.starts_with(&format!("{version}_")).then_some(path)
    });
    let down = fs::read_to_string(folder.unwrap().join("down.sql")).unwrap();
    let record = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'");
    query(&format!("BEGIN; {down}; {record}; COMMIT"));
}

fn own_actions() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("docker-actions")
}

fn override_file() -> PathBuf {
    own_actions().join("override.yml")
}

/// Removes what a run that was broken off left.
pub fn clear_away() {
    compose(&["down", "--volumes"]);
    if own_actions().exists() {
        fs::remove_dir_all(own_actions()).unwrap();
    }
}

/// Mounts an actions directory of the operator's own, as docs/operations.md says. Its action ends at
/// once if it has been started before.
pub fn mount_own_actions() {
    let actions = own_actions().join("actions");
    fs::create_dir_all(&actions).unwrap();
    let action = "description = \"slow the first time\"\nkind = \"command\"\n\
        command = [\"/bin/sh\", \"-c\", \"mkdir /var/lib/signalbox/started || exit 0; sleep 600\"]\n";
    fs::write(actions.join("once-slow.toml"), action).unwrap();
    fs::set_permissions(&actions, PermissionsExt::from_mode(0o755)).unwrap();
    let text = format!(
        "services:\n  signalbox:\n    volumes:\n      - {}:/etc/signalbox/actions:ro\n",
        actions.display()
    );
    fs::write(override_file(), text).unwrap();
}

/// Ends the first process of a service as the kernel would, without the engine's knowledge.
pub fn kill_process_of(service: &str) {
    let pid = inspect(service)["State"]["Pid"].to_string();
    output(Command::new("kill").args(["-KILL", &pid]));
}
