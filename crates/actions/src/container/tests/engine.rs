//! The same on a real engine (`make docker-test`), with a registry that requires a login: what the
//! stand-in only believes.

use super::run;
use crate::Ended;
use serde_json::Value;
use signalbox_core::job::AttemptOutcome;
use std::fmt::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// `robot` with the password `pass-word`, as docker-registry reads it.
const LOGINS: &str = "robot:$2b$05$abcdefghijklmnopqrstuulQElbHkP7vjLqXxb3Lzm18cJsfRyGH6\n";

fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).output().unwrap()
}

/// What scripts/docker-test.sh says.
#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the program's")]
fn setting(name: &str) -> String {
    std::env::var(name).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a condition is being waited for")]
fn pause_between_looks() {
    std::thread::sleep(Duration::from_millis(100));
}

/// What `docker` says; panics if it fails.
#[track_caller]
fn said(arguments: &[&str]) -> String {
    let output = docker(arguments);
    let (text, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "docker {arguments:?}: {text}{error}");
    text.trim().to_owned()
}

fn inspect(name: &str) -> Value {
    let text = said(&["container", "inspect", name]);
    serde_json::from_str::<Value>(&text).unwrap()[0].take()
}

/// A registry on loopback, and the names that one test gives to things of the engine.
struct Place {
    directory: TempDir,
    registry: Child,
    server: String,
    name: String,
}

impl Place {
    fn start(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("logins"), LOGINS).unwrap();
        std::fs::write(path("password"), "pass-word\n").unwrap();
        std::fs::set_permissions(path("password"), PermissionsExt::from_mode(0o600)).unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\n\
             http: {{ addr: '{server}' }}\n\
             auth: {{ htpasswd: {{ realm: test, path: {} }} }}\n",
            path("images").display(),
            path("logins").display(),
        );
        std::fs::write(path("registry.yml"), config).unwrap();
        let mut registry = Command::new("docker-registry");
        registry.arg("serve").arg(path("registry.yml"));
        let registry = registry.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let place = Self { directory, registry, server, name: format!("signalbox-test-{name}") };
        place.remove();
        place.login();
        place
    }

    /// Logs the client in, which pushes; Signalbox must not profit from it.
    fn login(&self) {
        let started = Instant::now();
        let login =
            ["login", "--username", "robot", "--password", "pass-word", self.server.as_str()];
        while !docker(&login).status.success() {
            assert!(started.elapsed() < Duration::from_mins(1), "{}", said(&login));
            pause_between_looks();
        }
    }

    fn image(&self) -> String {
        format!("{}/web", self.server)
    }

    /// Pushes an image of these lines on top of the tests' Debian, which this machine then forgets.
    fn publish(&self, lines: &str) {
        let (base, image) = (setting("SIGNALBOX_TEST_IMAGE"), self.image());
        let context: PathBuf = self.directory.path().join("context");
        std::fs::create_dir_all(&context).unwrap();
        std::fs::write(context.join("Dockerfile"), format!("FROM {base}\n{lines}\n")).unwrap();
        said(&["build", "--quiet", "--tag", &image, context.to_str().unwrap()]);
        said(&["push", "--quiet", &image]);
        said(&["image", "rm", "--force", &image]);
    }

    fn entry(&self, operation: &str, password: Option<&Path>) -> String {
        let socket = setting("DOCKER_HOST");
        let mut text = format!(
            "kind = 'container'\nsocket = '{}'\ncontainer = '{}'\noperation = '{operation}'\n\
             stop_timeout_s = 1\n",
            socket.strip_prefix("unix://").unwrap(),
            self.name
        );
        if let Some(file) = password {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "registry = {{ server = '{}', username = 'robot', password = '{{secret.P}}' }}\n\
                 secrets = {{ P = {{ file = '{}' }} }}\n",
                self.server,
                file.display()
            );
        }
        text
    }

    async fn recreate(&self) -> (Ended, String) {
        run(&self.entry("recreate", Some(&self.directory.path().join("password")))).await
    }

    /// The containers that bear the name, with what was left aside.
    fn names(&self) -> String {
        said(&["ps", "--all", "--filter", &format!("name={}", self.name), "--format", "{{.Names}}"])
    }

    fn remove(&self) {
        for name in [self.name.clone(), format!("{}{}", self.name, super::super::ASIDE)] {
            drop(docker(&["rm", "--force", "--volumes", &name]));
        }
        drop(docker(&["network", "rm", &format!("{}-back", self.name)]));
        drop(docker(&["volume", "rm", "--force", &format!("{}-named", self.name)]));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.remove();
        drop(docker(&["logout", &self.server]));
        self.registry.kill().unwrap();
        self.registry.wait().unwrap();
    }
}

/// A container that somebody set up with care.
fn start_web(place: &Place) -> Value {
    let (back, named) = (format!("{}-back", place.name), format!("{}-named:/named", place.name));
    said(&["network", "create", &back]);
    said(&["pull", "--quiet", &place.image()]);
    let mut run = vec!["run", "--detach", "--name", &place.name, "--volume", &named];
    run.extend(["--env", "MINE=yes", "--label", "mine=yes", "--restart", "unless-stopped"]);
    run.extend(["--memory", "64m", "--read-only", "--cap-drop", "ALL"]);
    run.extend(["--publish", "127.0.0.1::80", "--add-host", "other:10.1.2.3"]);
    let image = place.image();
    run.push(&image);
    said(&run);
    said(&["network", "connect", "--alias", "web", &back, &place.name]);
    for file in ["/data/kept", "/named/kept"] {
        said(&["exec", &place.name, "touch", file]);
    }
    inspect(&place.name)
}

const FIRST: &str = "ENV VERSION=1\nLABEL of=1\nVOLUME /data\nEXPOSE 80\nCMD [\"sleep\", \"600\"]";
const SECOND: &str = "ENV VERSION=2\nLABEL of=2\nVOLUME /data\nEXPOSE 80\nCMD [\"sleep\", \"900\"]";

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn a_container_is_restarted_in_its_place() {
    let place = Place::start("restart");
    place.publish(FIRST);
    let old = start_web(&place);
    let (ended, output) = run(&place.entry("restart", None)).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{} {output}", ended.error());
    let new = inspect(&place.name);
    assert_eq!((&new["Id"], &new["State"]["Running"]), (&old["Id"], &true.into()));
    assert_ne!(new["State"]["StartedAt"], old["State"]["StartedAt"]);
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn a_newer_image_takes_over_settings_volumes_and_networks() {
    let place = Place::start("recreate");
    place.publish(FIRST);
    let old = start_web(&place);
    let (ended, output) = place.recreate().await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{} {output}", ended.error());
    assert!(output.contains("already"), "{output}");
    assert_eq!(inspect(&place.name)["Id"], old["Id"], "there was nothing newer");

    place.publish(SECOND);
    let (ended, output) = place.recreate().await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{} {output}", ended.error());
    assert!(!output.contains("pass-word"), "{output}");
    assert_eq!(place.names(), place.name, "the old one is gone");
    let new = inspect(&place.name);
    assert_ne!((&new["Id"], &new["Image"]), (&old["Id"], &old["Image"]));
    assert_eq!(new["State"]["Running"], true, "{new}");
    assert_eq!(new["Config"]["Cmd"], serde_json::json!(["sleep", "900"]));
    let env = new["Config"]["Env"].to_string();
    assert!(env.contains("MINE=yes") && env.contains("VERSION=2"), "{env}");
    assert!(!env.contains("VERSION=1"), "{env}");
    assert_eq!(new["Config"]["Labels"], serde_json::json!({ "mine": "yes", "of": "2" }));
    for key in [
        "RestartPolicy",
        "Memory",
        "ReadonlyRootfs",
        "CapDrop",
        "PortBindings",
        "ExtraHosts",
        "NetworkMode",
        "SecurityOpt",
    ] {
        assert_eq!(new["HostConfig"][key], old["HostConfig"][key], "{key}");
    }
    let back = format!("{}-back", place.name);
    let aliases = new["NetworkSettings"]["Networks"][&back]["Aliases"].to_string();
    assert!(aliases.contains("\"web\""), "{aliases}");
    assert_eq!(new["NetworkSettings"]["Networks"].as_object().unwrap().len(), 2);
    // The volume without a name too, which the engine would make again, empty.
    said(&["exec", &place.name, "ls", "/data/kept", "/named/kept"]);
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn an_image_that_does_not_start_leaves_the_old_one_running() {
    let place = Place::start("rollback");
    place.publish(FIRST);
    let old = start_web(&place);
    place.publish("VOLUME /data\nENTRYPOINT [\"/no/such/program\"]");
    let (ended, output) = place.recreate().await;
    assert_eq!(ended.outcome, AttemptOutcome::Failed, "{output}");
    assert!(ended.error().contains("/no/such/program"), "{}", ended.error());
    assert!(ended.error().ends_with("The old one runs again."), "{}", ended.error());
    assert_eq!(place.names(), place.name, "nothing is left aside");
    let now = inspect(&place.name);
    assert_eq!((&now["Id"], &now["State"]["Running"]), (&old["Id"], &true.into()));
    said(&["exec", &place.name, "ls", "/data/kept", "/named/kept"]);
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn what_a_crash_left_aside_is_put_back_and_renewed() {
    let place = Place::start("aside");
    place.publish(FIRST);
    let old = start_web(&place);
    place.publish(SECOND);
    said(&["stop", "--time", "1", &place.name]);
    said(&["rename", &place.name, &format!("{}{}", place.name, super::super::ASIDE)]);
    let (ended, output) = place.recreate().await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{} {output}", ended.error());
    assert!(output.starts_with("Putting "), "{output}");
    assert_eq!(place.names(), place.name);
    assert_ne!(inspect(&place.name)["Image"], old["Image"]);
    said(&["exec", &place.name, "ls", "/data/kept", "/named/kept"]);
}

#[tokio::test]
#[ignore = "needs a Docker engine: make docker-test"]
async fn a_registry_refuses_without_the_login_and_nothing_is_touched() {
    let place = Place::start("login");
    place.publish(FIRST);
    let old = start_web(&place);
    place.publish(SECOND);
    let wrong = place.directory.path().join("wrong");
    std::fs::write(&wrong, "other-word\n").unwrap();
    std::fs::set_permissions(&wrong, PermissionsExt::from_mode(0o600)).unwrap();
    for password in [None, Some(wrong.as_path())] {
        let (ended, output) = run(&place.entry("recreate", password)).await;
        assert_eq!(ended.outcome, AttemptOutcome::Failed, "{output}");
        assert!(!format!("{}{output}", ended.error()).contains("other-word"), "{output}");
        let now = inspect(&place.name);
        assert_eq!(
            (&now["Id"], &now["State"]["StartedAt"]),
            (&old["Id"], &old["State"]["StartedAt"])
        );
    }
    let (ended, output) = place.recreate().await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{} {output}", ended.error());
}
