//! A container engine's API over its socket. Source: docs.docker.com/reference/api/engine; Podman
//! speaks the same. Addresses carry no version, so that the engine's own holds.
//!
//! What the engine says of a container stays JSON: a client with types of its own would lose the
//! fields that it does not know when it makes the container anew.

use crate::Stream;
use crate::recorder::Recorder;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, StatusCode};
use serde_json::Value;
use signalbox_core::action::Login;
use signalbox_core::failure::Failure;
use signalbox_outbound::{self as outbound, Answer, CallFailure};
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::time::timeout;
use url::form_urlencoded;

/// How long one call may take, the time that a container needs to stop included. A pull is held
/// to the action's own limit.
const CALL: Duration = Duration::from_mins(5);

/// The longest answer that is read, and the longest line of a pull's progress.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// A path with a query.
pub(super) fn path_with_query(path: &str, query: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

pub(super) struct Engine<'a> {
    socket: &'a Path,
}

impl<'a> Engine<'a> {
    pub(super) fn for_socket(socket: &'a Path) -> Self {
        Self { socket }
    }

    /// One call; its answer as JSON, null if it is empty. That nothing was to be done is fine.
    pub(super) async fn call_engine(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, CallFailure> {
        let exchange = async {
            let mut answer = self.send_call(method, path, body, None).await?;
            let status = answer.response.status();
            let body = read_whole(&mut answer).await?;
            if status.is_success() || status == StatusCode::NOT_MODIFIED {
                return Ok(serde_json::from_slice(&body).unwrap_or(Value::Null));
            }
            Err(explain_refusal(status, &body))
        };
        timeout(CALL, exchange).await.unwrap_or_else(|_| {
            Err(CallFailure::fail_for_now(Failure::EngineSilent { seconds: CALL.as_secs() }))
        })
    }

    /// Pulls an image and shows how it goes on.
    pub(super) async fn pull_image(
        &self,
        image: &str,
        login: Option<&Login>,
        recorder: &mut Recorder,
    ) -> Result<(), CallFailure> {
        if image.is_empty() || image.starts_with("sha256:") {
            return Err(CallFailure::refuse_for_good(Failure::ImageNameless));
        }
        let has_tag =
            image.contains('@') || image.rsplit('/').next().is_some_and(|last| last.contains(':'));
        // Without a tag the engine would pull every tag there is.
        let query: &[(&str, &str)] = &[("fromImage", image), ("tag", "latest")];
        let query = if has_tag { query.split_at(1).0 } else { query };
        let path = self::path_with_query("/images/create", query);
        let mut answer = self.send_call(Method::POST, &path, None, login).await?;
        let status = answer.response.status();
        if !status.is_success() {
            let body = read_whole(&mut answer).await?;
            return Err(explain_refusal(status, &body));
        }
        let mut line = Vec::new();
        while let Some(piece) = answer.next_piece().await {
            line.extend_from_slice(&piece.map_err(|error| broken_engine(&error))?);
            while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                let rest = line.split_off(end + 1);
                record_progress(&std::mem::replace(&mut line, rest), recorder).await?;
            }
            if line.len() > MAX_ANSWER_BYTES {
                return Err(CallFailure::refuse_for_good(Failure::EngineEndless));
            }
        }
        record_progress(&line, recorder).await
    }

    async fn send_call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        login: Option<&Login>,
    ) -> Result<Answer, CallFailure> {
        let stream = UnixStream::connect(self.socket).await.map_err(|error| {
            let socket = self.socket.display().to_string();
            CallFailure::fail_for_now(Failure::NoEngine { socket, error: error.to_string() })
        })?;
        let mut request = Request::builder().method(method).uri(path).header("host", "engine");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if let Some(login) = login {
            request = request.header("x-registry-auth", login.auth_header());
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = request
            .body(Full::new(bytes))
            .map_err(|_| CallFailure::refuse_for_good(Failure::EngineAddress))?;
        outbound::send_request(stream, request).await.map_err(|error| broken_engine(&error))
    }
}

fn broken_engine(error: &hyper::Error) -> CallFailure {
    CallFailure::fail_for_now(Failure::EngineBroken { error: error.to_string() })
}

/// A text of the engine's, if it is there.
fn text_of<'a>(said: &'a Value, key: &str) -> Option<&'a str> {
    said.get(key).and_then(Value::as_str)
}

fn explain_refusal(status: StatusCode, body: &[u8]) -> CallFailure {
    let said: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let message = text_of(&said, "message").map(str::to_owned);
    CallFailure {
        status: Some(status),
        why: Failure::EngineRefused { status: status.to_string(), message },
        temporary: status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn read_whole(answer: &mut Answer) -> Result<Vec<u8>, CallFailure> {
    let mut body = Vec::new();
    while let Some(piece) = answer.next_piece().await {
        body.extend_from_slice(&piece.map_err(|error| broken_engine(&error))?);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(CallFailure::refuse_for_good(Failure::EngineEndless));
        }
    }
    Ok(body)
}

/// A line of a pull. What is drawn over and over, a bar's progress, is left out.
async fn record_progress(line: &[u8], recorder: &mut Recorder) -> Result<(), CallFailure> {
    let Ok(said) = serde_json::from_slice::<Value>(line) else { return Ok(()) };
    if let Some(error) = text_of(&said, "error") {
        // A registry that is away is often back soon.
        return Err(CallFailure::fail_for_now(Failure::NotPulled { error: error.to_owned() }));
    }
    let drawn = said.pointer("/progressDetail/current").is_some_and(Value::is_number);
    if let Some(status) = text_of(&said, "status").filter(|_| !drawn) {
        let id = text_of(&said, "id").map(|id| format!("{id}: ")).unwrap_or_default();
        recorder.take_bytes(Stream::Stdout, format!("{id}{status}\n").as_bytes()).await;
    }
    Ok(())
}
