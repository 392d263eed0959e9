//! `restart-service`, `restart-container` and `notify` as shipped, their names and addresses
//! exchanged for those of stand-ins.

use super::{finish, request, text};
use crate::Stream;
use signalbox_core::action::{ActionKind, ActionSpec, Argument};
use signalbox_core::job::AttemptOutcome;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn shipped(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A stand-in for systemctl that notes what it is told and answers as the test says.
fn systemctl(directory: &Path, restart: i32, active: i32) -> PathBuf {
    let program = directory.join("systemctl");
    let calls = directory.join("calls");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> {}\ncase \"$*\" in\n  restart*) exit {restart} ;;\n  *is-active*) exit {active} ;;\n  *status*) echo 'web.service - failed: out of wood' ;;\nesac\n",
        calls.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    calls
}

async fn restart(directory: &Path, service: &str) -> (Option<i32>, bool, String) {
    let mut spec =
        ActionSpec::from_toml("restart-service", &shipped("restart-service.toml")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions/restart-service.sh");
    let ActionKind::Command(command) = &mut spec.kind else { panic!() };
    // By way of sh, since a checkout of these sources may belong to anybody; with a PATH of its
    // own, on which the stand-in is found first.
    let path = format!("PATH={}:/usr/bin:/bin", directory.display());
    command.program = "/usr/bin/env".into();
    let before =
        [path, "RESTART_SERVICE_WAIT=0".into(), "/bin/sh".into(), script.display().to_string()];
    command.args.splice(0..0, before.map(Argument::Literal));
    let mut request = request(Arc::new(spec), "");
    request.params.insert("service".into(), service.into());
    let (ended, chunks) = finish(request).await;
    let said = text(&chunks, Stream::Stdout) + &text(&chunks, Stream::Stderr) + &ended.error();
    (ended.exit_code, ended.temporary, said)
}

#[tokio::test]
async fn restart_service_restarts_and_looks_whether_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let calls = systemctl(directory.path(), 0, 0);
    let (code, _, said) = restart(directory.path(), "example.service").await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("restart-service: example.service is active\n"), "{said}");
    assert_eq!(
        fs::read_to_string(&calls).unwrap(),
        "restart -- example.service\n--quiet is-active -- example.service\n"
    );

    systemctl(directory.path(), 1, 0);
    let (code, temporary, said) = restart(directory.path(), "example.service").await;
    assert_eq!((code, temporary), (Some(1), true));
    assert!(said.contains("out of wood") && said.contains("did not start"), "{said}");
    systemctl(directory.path(), 0, 3);
    let (code, _, said) = restart(directory.path(), "example.service").await;
    assert!(code == Some(1) && said.contains("started and ended again"), "{said}");

    // A service that the entry does not name is not restarted, whoever asks.
    fs::remove_file(&calls).unwrap();
    for service in ["ssh.service", "--force", "example.service; id", ""] {
        let (code, _, said) = restart(directory.path(), service).await;
        assert!(code.is_none() && said.contains("not in order"), "{service}: {said}");
    }
    assert!(!calls.exists());
}

#[tokio::test]
async fn notify_tells_the_chat() {
    let directory = tempfile::tempdir().unwrap();
    let hook = directory.path().join("chat-hook");
    fs::write(&hook, "abcdefgh\n").unwrap();
    fs::set_permissions(&hook, Permissions::from_mode(0o600)).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entry = shipped("notify.toml")
        .replace("https://chat.example.com", &format!("http://{address}"))
        .replace("/etc/signalbox/chat-hook", &hook.display().to_string())
        .replace("timeout_s = 30", "timeout_s = 30\nallow_private_network = true");
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = Vec::new();
        while !got.ends_with(b"}") {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            got.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        String::from_utf8(got).unwrap()
    });
    let mut request = request(Arc::new(ActionSpec::from_toml("notify", &entry).unwrap()), "");
    request.facts.user_name = "Ada \"the first\"".into();
    request.facts.project_path = "mike/diaspora".into();
    request.facts.sha = "da15608".into();
    let (sender, mut chunks) = tokio::sync::mpsc::channel(100);
    let stop = tokio_util::sync::CancellationToken::new();
    let ended = crate::run_attempt(request, sender, stop).await;
    assert_eq!((ended.outcome, ended.http_status), (AttemptOutcome::Succeeded, Some(200)));
    let sent = served.await.unwrap();
    assert!(sent.starts_with("POST /hooks/abcdefgh HTTP/1.1\r\n"), "{sent}");
    let text = r#"{"text":"Ada \"the first\" pushed main of mike/diaspora: da15608"}"#;
    assert!(sent.ends_with(text), "{sent}");
    while let Ok(chunk) = chunks.try_recv() {
        assert!(!String::from_utf8_lossy(&chunk.bytes).contains("abcdefgh"));
    }
}

#[tokio::test]
async fn restart_container_restarts_it() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("engine.sock");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let served = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in
            ["200 OK\r\nContent-Length: 13\r\n\r\n{\"Id\":\"0123\"}", "204 No Content\r\n\r\n"]
        {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            asked.push(String::from_utf8_lossy(&buffer[..read]).lines().next().unwrap().to_owned());
            stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.unwrap();
        }
        asked
    });
    let entry = shipped("restart-container.toml")
        .replace("/var/run/docker.sock", &socket.display().to_string());
    let spec = ActionSpec::from_toml("restart-container", &entry).unwrap();
    let (sender, _chunks) = tokio::sync::mpsc::channel(100);
    let stop = tokio_util::sync::CancellationToken::new();
    let ended = crate::run_attempt(request(Arc::new(spec), ""), sender, stop).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert_eq!(
        served.await.unwrap(),
        ["GET /containers/example/json HTTP/1.1", "POST /containers/example/restart HTTP/1.1"]
    );
}
