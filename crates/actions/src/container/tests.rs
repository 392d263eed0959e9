//! Containers, on a stand-in that speaks the engine's API on a socket.

mod engine;

use crate::{Ended, RunRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};
use signalbox_core::action::{ActionSpec, EventFacts};
use signalbox_core::job::AttemptOutcome;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What the stand-in has, and what it was asked.
#[derive(Default)]
struct State {
    /// By name.
    containers: BTreeMap<String, Value>,
    /// What a pull brings; the image's id.
    newest: &'static str,
    calls: Vec<String>,
    /// The logins that came with pulls.
    logins: Vec<Value>,
    /// The password that a pull must come with; empty = none.
    password: &'static str,
    /// The call that is refused.
    refuse: &'static str,
}

struct Engine {
    state: Arc<Mutex<State>>,
    directory: TempDir,
}

const OLD: &str = "0123456789abcdef0123456789abcdef";

fn web() -> Value {
    json!({
        "Id": OLD, "Name": "/web", "Image": "sha256:old", "State": { "Running": true },
        "Config": {
            "Image": "registry.example.com:5000/web", "Hostname": "0123456789ab",
            "Env": ["PATH=/bin", "COLOUR=red"], "Cmd": ["serve"], "Entrypoint": null,
            "Labels": { "made-by": "image", "mine": "yes" }, "WorkingDir": "/app",
            "NewerField": { "kept": true },
        },
        "HostConfig": {
            "NetworkMode": "front", "Binds": ["/srv:/srv"], "AutoRemove": false,
            "RestartPolicy": { "Name": "always" }, "FieldOfTomorrow": 7,
        },
        "Mounts": [
            { "Type": "bind", "Source": "/srv", "Destination": "/srv" },
            { "Type": "volume", "Name": "abc", "Destination": "/data", "RW": true },
        ],
        "NetworkSettings": { "Networks": {
            "back": { "Aliases": ["db", "0123456789ab"], "IPAddress": "10.0.0.2" },
            "front": { "Aliases": null, "NetworkID": "n1" },
        } },
    })
}

impl Engine {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("engine.sock")).unwrap();
        let state = Arc::new(Mutex::new(State { newest: "sha256:new", ..State::default() }));
        state.lock().unwrap().containers.insert("web".into(), web());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { state, directory }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("engine.sock")
    }

    async fn run(&self, operation: &str) -> (Ended, String) {
        let text = format!(
            "kind = 'container'\nsocket = '{}'\ncontainer = 'web'\noperation = '{operation}'\nstop_timeout_s = 3",
            self.socket().display()
        );
        run(&text).await
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    fn names(&self) -> Vec<String> {
        self.state.lock().unwrap().containers.keys().cloned().collect()
    }
}

pub(crate) async fn run(text: &str) -> (Ended, String) {
    let request = RunRequest {
        spec: Arc::new(ActionSpec::from_toml("x", text).unwrap()),
        params: BTreeMap::new(),
        facts: EventFacts::default(),
        body: "{}".into(),
        timeout: Duration::from_mins(1),
    };
    let (sender, mut chunks) = mpsc::channel(1_000);
    let ended = crate::run_attempt(request, sender, CancellationToken::new()).await;
    let mut output = Vec::new();
    while let Ok(chunk) = chunks.try_recv() {
        output.extend(chunk.bytes);
    }
    (ended, String::from_utf8(output).unwrap())
}

/// Answers one request.
async fn serve(mut stream: UnixStream, state: Arc<Mutex<State>>) {
    let mut got = Vec::new();
    let mut buffer = [0; 8192];
    let (head, body) = loop {
        let read = stream.read(&mut buffer).await.unwrap();
        got.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&got).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .split("content-length: ")
            .nth(1)
            .map_or(0, |rest| rest.lines().next().unwrap().trim().parse::<usize>().unwrap());
        if body.len() >= length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let login = head.split("x-registry-auth: ").nth(1).map(|rest| {
        let json = URL_SAFE.decode(rest.lines().next().unwrap()).unwrap();
        serde_json::from_slice(&json).unwrap()
    });
    let (status, answer) = state.lock().unwrap().answer(method, target, (&body, login));
    let answer = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

impl State {
    fn key(&self, name: &str) -> Option<String> {
        let named =
            |(key, it): (&String, &Value)| (key == name || it["Id"] == name).then(|| key.clone());
        self.containers.iter().find_map(named)
    }

    fn answer(
        &mut self,
        method: &str,
        target: &str,
        (body, login): (&str, Option<Value>),
    ) -> (u16, String) {
        let url = Url::parse(&format!("http://engine{target}")).unwrap();
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let parts: Vec<&str> = url.path().trim_matches('/').split('/').collect();
        self.calls.push(format!("{method} {target}"));
        let refused = json!({ "message": "no such thing" }).to_string();
        if !self.refuse.is_empty() && target.contains(self.refuse) {
            return (500, json!({ "message": "the disk is full" }).to_string());
        }
        match (method, parts.as_slice()) {
            ("POST", ["images", "create"])
                if login.as_ref().map_or("", |login| login["password"].as_str().unwrap())
                    != self.password =>
            {
                (500, json!({ "message": "no basic auth credentials" }).to_string())
            }
            ("POST", ["images", "create"]) => {
                self.logins.extend(login);
                let lines = [
                    json!({ "status": "Pulling from web", "id": "latest" }),
                    json!({ "status": "Downloading", "progressDetail": { "current": 1 } }),
                    json!({ "status": "Digest: sha256:new" }),
                ];
                (200, lines.map(|line| line.to_string()).join("\r\n"))
            }
            ("GET", ["images", rest @ .., "json"]) => {
                let id = if rest.join("/") == "sha256:old" { "sha256:old" } else { self.newest };
                let config = json!({
                    "Env": ["PATH=/bin"], "Cmd": ["serve"], "Entrypoint": null,
                    "Labels": { "made-by": "image" }, "WorkingDir": "/app",
                });
                (200, json!({ "Id": id, "Config": config }).to_string())
            }
            ("POST", ["containers", "create"]) => {
                let mut made: Value = serde_json::from_str(body).unwrap();
                made["Id"] = "fresh".into();
                made["Image"] = self.newest.into();
                self.containers.insert(query["name"].clone(), made);
                (201, json!({ "Id": "fresh" }).to_string())
            }
            ("POST", ["networks", _, "connect"]) => (200, String::new()),
            (_, ["containers", name, rest @ ..]) => {
                let Some(key) = self.key(name) else { return (404, refused) };
                match (method, rest) {
                    ("GET", ["json"]) => (200, self.containers[&key].to_string()),
                    ("POST", ["restart"]) => (204, String::new()),
                    ("POST", ["stop"]) => {
                        self.containers.get_mut(&key).unwrap()["State"]["Running"] = false.into();
                        (204, String::new())
                    }
                    ("POST", ["start"]) => {
                        self.containers.get_mut(&key).unwrap()["State"]["Running"] = true.into();
                        (204, String::new())
                    }
                    ("POST", ["rename"]) if self.containers.contains_key(&query["name"]) => {
                        (409, json!({ "message": "name in use" }).to_string())
                    }
                    ("POST", ["rename"]) => {
                        let it = self.containers.remove(&key).unwrap();
                        self.containers.insert(query["name"].clone(), it);
                        (204, String::new())
                    }
                    ("DELETE", []) => {
                        self.containers.remove(&key);
                        (204, String::new())
                    }
                    _ => (400, refused),
                }
            }
            _ => (404, refused),
        }
    }
}

#[tokio::test]
async fn a_container_is_restarted() {
    let engine = Engine::start();
    let (ended, output) = engine.run("restart").await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert_eq!(output, "web was restarted.\n");
    assert_eq!(engine.calls(), ["GET /containers/web/json", "POST /containers/web/restart?t=3"]);
    engine.state.lock().unwrap().containers.clear();
    let (ended, _) = engine.run("restart").await;
    assert_eq!((ended.http_status, ended.temporary), (Some(404), false));
    assert_eq!(ended.error(), "The engine refused (404 Not Found): no such thing.");
}

#[tokio::test]
async fn a_newer_image_makes_a_new_container_like_the_old_one() {
    let engine = Engine::start();
    let (ended, output) = engine.run("recreate").await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert_eq!(
        output,
        "Pulling registry.example.com:5000/web\nlatest: Pulling from web\nDigest: sha256:new\nReplacing web\nweb runs the newest image.\n"
    );
    assert_eq!(
        engine.calls(),
        [
            "GET /containers/web/json",
            "POST /images/create?fromImage=registry.example.com%3A5000%2Fweb&tag=latest",
            "GET /images/registry.example.com:5000/web/json",
            "GET /images/sha256:old/json",
            &format!("POST /containers/{OLD}/stop?t=3"),
            &format!("POST /containers/{OLD}/rename?name=web-before-signalbox"),
            "POST /containers/create?name=web",
            "POST /networks/back/connect",
            "POST /containers/fresh/start",
            &format!("DELETE /containers/{OLD}"),
        ]
    );
    assert_eq!(engine.names(), ["web"]);
    let state = engine.state.lock().unwrap();
    let made = &state.containers["web"];
    assert_eq!(
        (&made["Env"], &made["Labels"]),
        (&json!(["COLOUR=red"]), &json!({ "mine": "yes" }))
    );
    for absent in ["Cmd", "Entrypoint", "WorkingDir", "Hostname"] {
        assert_eq!(made[absent], Value::Null, "{absent} is the image's to say");
    }
    assert_eq!(made["NewerField"], json!({ "kept": true }));
    assert_eq!(made["HostConfig"]["FieldOfTomorrow"], 7);
    assert_eq!(made["HostConfig"]["Binds"], json!(["/srv:/srv", "abc:/data"]));
    assert_eq!(made["NetworkingConfig"], json!({ "EndpointsConfig": { "front": {} } }));
}

#[tokio::test]
async fn without_a_newer_image_nothing_is_touched() {
    let engine = Engine::start();
    engine.state.lock().unwrap().newest = "sha256:old";
    let (ended, output) = engine.run("recreate").await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert!(output.ends_with("web runs the newest registry.example.com:5000/web already.\n"));
    assert!(engine.calls().iter().all(|call| !call.contains("stop")));
}

#[tokio::test]
async fn if_the_new_one_fails_the_old_one_runs_again() {
    for refuse in ["/create?name", "/networks/", "/containers/fresh/start", "/rename"] {
        let engine = Engine::start();
        engine.state.lock().unwrap().refuse = refuse;
        let (ended, _) = engine.run("recreate").await;
        assert_eq!(ended.outcome, AttemptOutcome::Failed);
        assert!(
            ended.error().ends_with("the disk is full. The old one runs again."),
            "{refuse}: {}",
            ended.error()
        );
        assert_eq!(engine.names(), ["web"], "{refuse}");
        let state = engine.state.lock().unwrap();
        let web = &state.containers["web"];
        assert_eq!((&web["Id"], &web["State"]["Running"]), (&json!(OLD), &json!(true)), "{refuse}");
    }
}

#[tokio::test]
async fn what_a_killed_attempt_left_aside_is_put_back_first() {
    let engine = Engine::start();
    {
        let mut state = engine.state.lock().unwrap();
        let web = state.containers.remove("web").unwrap();
        state.containers.insert("web-before-signalbox".into(), web);
    }
    let (ended, output) = engine.run("recreate").await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert!(output.starts_with("Putting web-before-signalbox back"), "{output}");
    assert_eq!(engine.names(), ["web"]);
}

#[tokio::test]
async fn an_engine_that_is_away_may_come_back() {
    let text =
        "kind = 'container'\nsocket = '/nowhere/x.sock'\ncontainer = 'web'\noperation = 'restart'";
    let (ended, _) = run(text).await;
    assert_eq!((ended.outcome, ended.temporary), (AttemptOutcome::Failed, true));
    assert!(ended.error().starts_with("No engine at /nowhere/x.sock: "), "{}", ended.error());
}

/// An entry that renews the container and logs in at this registry.
fn with_login(engine: &Engine, server: &str) -> String {
    let file = engine.directory.path().join("password");
    std::fs::write(&file, "pass-word\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    format!(
        "kind = 'container'\nsocket = '{}'\ncontainer = 'web'\noperation = 'recreate'\n\
         registry = {{ server = '{server}', username = 'robot', password = '{{secret.P}}' }}\n\
         secrets = {{ P = {{ file = '{}' }} }}",
        engine.socket().display(),
        file.display()
    )
}

#[tokio::test]
async fn a_registry_that_asks_for_a_login_gets_it_and_no_other_does() {
    let engine = Engine::start();
    engine.state.lock().unwrap().password = "pass-word";
    let (ended, output) = run(&with_login(&engine, "registry.example.com:5000")).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{} {output}", ended.error());
    let logins = std::mem::take(&mut engine.state.lock().unwrap().logins);
    let wanted = json!({
        "username": "robot", "password": "pass-word", "serveraddress": "registry.example.com:5000",
    });
    assert_eq!(logins, [wanted]);
    assert!(!output.contains("pass-word"), "{output}");

    let engine = Engine::start();
    engine.state.lock().unwrap().password = "pass-word";
    let (ended, _) = engine.run("recreate").await;
    assert_eq!(ended.outcome, AttemptOutcome::Failed);
    assert!(ended.error().contains("no basic auth credentials"), "{}", ended.error());

    let (ended, _) = run(&with_login(&engine, "other.example.com")).await;
    assert_eq!((ended.outcome, ended.temporary), (AttemptOutcome::Failed, false));
    let why = "registry.example.com:5000/web is not of the registry other.example.com";
    assert!(ended.error().contains(why), "{}", ended.error());
    let state = engine.state.lock().unwrap();
    assert!(state.logins.is_empty() && state.containers["web"]["Image"] == "sha256:old");
}
