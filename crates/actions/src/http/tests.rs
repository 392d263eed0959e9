//! Calls out, against a server in this process.

mod tls;

use super::*;
use crate::Catalogue;
use signalbox_core::action::{ActionSpec, EventFacts};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that answers one request with these bytes; what it was sent comes back.
async fn server(answer: Vec<u8>) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            got.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&got).to_ascii_lowercase();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.split("content-length: ").nth(1).map_or(0, |rest| {
                    rest.lines().next().unwrap().trim().parse::<usize>().unwrap()
                });
                if body.len() >= length || read == 0 {
                    break;
                }
            }
        }
        // Who has read enough hangs up.
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
        String::from_utf8_lossy(&got).into_owned()
    });
    (port, task)
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn entry(text: &str) -> Arc<ActionSpec> {
    Arc::new(ActionSpec::from_toml("call", &format!("kind = 'http'\n{text}")).unwrap())
}

async fn call(spec: Arc<ActionSpec>) -> (Ended, String) {
    let request = RunRequest {
        spec,
        params: BTreeMap::new(),
        facts: EventFacts {
            event: "Push Hook".into(),
            git_ref: "refs/heads/main".into(),
            project_id: Some(15),
            job: "01J".into(),
            attempt: 2,
            ..EventFacts::default()
        },
        body: r#"{"object_kind":"push"}"#.into(),
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

#[tokio::test]
async fn the_event_is_sent_and_the_answer_kept() {
    let (port, sent) = server(answer("201 Created", "thank you\n")).await;
    let spec =
        entry(&format!("url = 'http://127.0.0.1:{port}/in?x=1'\nallow_private_network = true"));
    let (ended, output) = call(spec).await;
    assert_eq!((ended.outcome, ended.http_status), (AttemptOutcome::Succeeded, Some(201)));
    assert_eq!(
        output,
        format!(
            "POST http://127.0.0.1:{port}/in?x=1 at 127.0.0.1:{port}\nAnswer: 201 Created\nthank you\n"
        )
    );
    let sent = sent.await.unwrap();
    assert!(sent.starts_with("POST /in?x=1 HTTP/1.1\r\n"), "{sent}");
    for line in [
        format!("host: 127.0.0.1:{port}"),
        "x-gitlab-event: Push Hook".to_owned(),
        "idempotency-key: 01J".to_owned(),
        "x-signalbox-attempt: 2".to_owned(),
        "content-type: application/json".to_owned(),
    ] {
        assert!(sent.contains(&format!("\r\n{line}\r\n")), "{line}: {sent}");
    }
    assert!(sent.ends_with("\r\n\r\n{\"object_kind\":\"push\"}"), "{sent}");
}

#[tokio::test]
async fn a_template_is_filled_and_secrets_are_sent_but_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    fs::write(&file, "s3cret/token\n").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (port, sent) = server(answer("200 OK", "you said s3cret/token")).await;
    let spec = entry(&format!(
        "url = 'http://127.0.0.1:{port}/{{secret.T}}'\nmethod = 'PUT'\nallow_private_network = true\n\
         headers = {{ Authorization = 'Bearer {{secret.T}}', Content-Type = 'application/x' }}\n\
         body = {{ text = 'to {{branch}}', id = '{{project_id}}' }}\n\
         secrets = {{ T = {{ file = '{}' }} }}",
        file.display()
    ));
    let (ended, output) = call(spec).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert!(!output.contains("s3cret"), "{output}");
    assert!(output.contains("{secret.T}") && output.contains("you said ••••••"), "{output}");
    let sent = sent.await.unwrap();
    assert!(sent.starts_with("PUT /s3cret/token HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("\r\nauthorization: Bearer s3cret/token\r\n"), "{sent}");
    assert_eq!(sent.matches("content-type").count(), 1, "{sent}");
    assert!(sent.ends_with("{\"id\":15,\"text\":\"to main\"}"), "{sent}");
}

#[tokio::test]
async fn the_status_decides() {
    for (status, temporary, error) in [
        ("302 Found", false, "The answer was 302 Found; redirects are not followed."),
        ("404 Not Found", false, "The answer was 404 Not Found."),
        ("429 Too Many Requests", true, "The answer was 429 Too Many Requests."),
        ("500 Internal Server Error", true, "The answer was 500 Internal Server Error."),
        ("503 Service Unavailable", true, "The answer was 503 Service Unavailable."),
    ] {
        let raw = format!(
            "HTTP/1.1 {status}\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
        );
        let (port, _) = server(raw.into_bytes()).await;
        let spec =
            entry(&format!("url = 'http://127.0.0.1:{port}/'\nallow_private_network = true"));
        let (ended, _) = call(spec).await;
        assert_eq!(
            (ended.outcome, ended.temporary, &*ended.error()),
            (AttemptOutcome::Failed, temporary, error)
        );
    }
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let mut raw = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    raw.extend(std::iter::repeat_n(b'x', 3 * MAX_ANSWER_BYTES));
    let (port, _) = server(raw).await;
    let spec = entry(&format!("url = 'http://127.0.0.1:{port}/'\nallow_private_network = true"));
    let (ended, output) = call(spec).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert!(output.contains("it is not read further") && output.len() < 2 * MAX_ANSWER_BYTES);
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let text =
        format!("url = 'http://127.0.0.1:{port}/'\nallow_private_network = true\ntimeout_s = 1");
    let (ended, _) = call(entry(&text)).await;
    assert_eq!((ended.outcome, ended.temporary), (AttemptOutcome::TimedOut, false));
    assert_eq!(ended.error(), "There was no whole answer within its limit of 1 s.");
    drop(listener);
    let (ended, _) = call(entry(&text)).await;
    assert_eq!((ended.outcome, ended.temporary), (AttemptOutcome::Failed, true));
    assert!(ended.error().starts_with("No connection: 127.0.0.1:"), "{}", ended.error());
}

/// A host that answers nowhere else would be reached, were the guard not there.
#[tokio::test]
async fn private_hosts_are_called_only_where_the_entry_says_so() {
    for host in ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"] {
        let (port, served) = server(answer("200 OK", "")).await;
        let (ended, _) = call(entry(&format!("url = 'http://{host}:{port}/'"))).await;
        assert_eq!((ended.outcome, ended.temporary), (AttemptOutcome::Failed, false), "{host}");
        assert!(
            ended.error().contains("allow_private_network = true"),
            "{host}: {}",
            ended.error()
        );
        assert!(!served.is_finished(), "{host} was called");
        served.abort();
    }
    for host in ["0.0.0.0", "169.254.169.254", "[fe80::1]", "[::]", "[::ffff:169.254.169.254]"] {
        let text = format!("url = 'http://{host}/'\nallow_private_network = true");
        let (ended, _) = call(entry(&text)).await;
        assert!(ended.error().contains("is an address that is never called"), "{}", ended.error());
    }
}

#[test]
fn an_entry_that_could_never_be_called_is_a_fault() {
    let directory = tempfile::tempdir().unwrap();
    let write = |text: &str| {
        let file = directory.path().join("call.toml");
        fs::write(&file, format!("kind = 'http'\n{text}")).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        Catalogue::load_directory(Some(directory.path())).1
    };
    let faults = write("\nurl = 'http://127.1/'");
    assert_eq!(faults[0].line, Some(3));
    assert!(faults[0].reason.to_string().starts_with("url: 127.0.0.1 is of a private network"));
    assert_eq!(write("url = 'http://127.1/'\nallow_private_network = true"), []);
    assert!(write("url = 'http://169.254.1.1/'\nallow_private_network = true").len() == 1);
}

#[tokio::test]
async fn no_proxy_is_asked_and_tls_needs_a_trusted_certificate() {
    // Speaks no TLS at all: the handshake fails, and nothing of the request is sent in the clear.
    let (port, sent) = server(answer("200 OK", "")).await;
    let text =
        format!("url = 'https://127.0.0.1:{port}/'\nallow_private_network = true\ntimeout_s = 2");
    let (ended, _) = call(entry(&text)).await;
    assert_ne!(ended.outcome, AttemptOutcome::Succeeded);
    sent.abort();
    assert!(!ended.error().is_empty());
}
