//! A container engine's API over its socket. Source: docs.docker.com/reference/api/engine; Podman
//! speaks the same. Addresses carry no version, so that the engine's own holds.
//!
//! What the engine says of a container stays JSON: a client with types of its own would lose the
//! fields that it does not know when it makes the container anew.

use crate::Stream;
use crate::call_failure::CallFailure;
use crate::recorder::Recorder;
use crate::wire::{self, Answer};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, StatusCode};
use serde_json::Value;
use signalbox_core::action::Login;
use signalbox_core::failure::Failure;
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
pub(super) fn path(path: &str, query: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

pub(super) struct Engine<'a> {
    socket: &'a Path,
}

impl<'a> Engine<'a> {
    pub(super) fn at(socket: &'a Path) -> Self {
        Self { socket }
    }

    /// One call; its answer as JSON, null if it is empty. That nothing was to be done is fine.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, CallFailure> {
        let exchange = async {
            let mut answer = self.send(method, path, (body, None)).await?;
            let status = answer.response.status();
            let body = whole(&mut answer).await?;
            if status.is_success() || status == StatusCode::NOT_MODIFIED {
                return Ok(serde_json::from_slice(&body).unwrap_or(Value::Null));
            }
            Err(refusal(status, &body))
        };
        timeout(CALL, exchange).await.unwrap_or_else(|_| {
            Err(CallFailure::away(Failure::EngineSilent { seconds: CALL.as_secs() }))
        })
    }

    /// Pulls an image and shows how it goes on.
    pub(super) async fn pull(
        &self,
        image: &str,
        login: Option<&Login>,
        recorder: &mut Recorder,
    ) -> Result<(), CallFailure> {
        if image.is_empty() || image.starts_with("sha256:") {
            return Err(CallFailure::refused(Failure::ImageNameless));
        }
        let has_tag =
            image.contains('@') || image.rsplit('/').next().is_some_and(|last| last.contains(':'));
        // Without a tag the engine would pull every tag there is.
        let query: &[(&str, &str)] = &[("fromImage", image), ("tag", "latest")];
        let query = if has_tag { query.split_at(1).0 } else { query };
        let path = self::path("/images/create", query);
        let mut answer = self.send(Method::POST, &path, (None, login)).await?;
        let status = answer.response.status();
        if !status.is_success() {
            let body = whole(&mut answer).await?;
            return Err(refusal(status, &body));
        }
        let mut line = Vec::new();
        while let Some(piece) = answer.piece().await {
            line.extend_from_slice(&piece?);
            while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                let rest = line.split_off(end + 1);
                progress(&std::mem::replace(&mut line, rest), recorder).await?;
            }
            if line.len() > MAX_ANSWER_BYTES {
                return Err(CallFailure::refused(Failure::EngineEndless));
            }
        }
        progress(&line, recorder).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        (body, login): (Option<Value>, Option<&Login>),
    ) -> Result<Answer, CallFailure> {
        let stream = UnixStream::connect(self.socket).await.map_err(|error| {
            let socket = self.socket.display().to_string();
            CallFailure::away(Failure::NoEngine { socket, error: error.to_string() })
        })?;
        let mut request = Request::builder().method(method).uri(path).header("host", "engine");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if let Some(login) = login {
            request = request.header("x-registry-auth", login.header());
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = request
            .body(Full::new(bytes))
            .map_err(|_| CallFailure::refused(Failure::EngineAddress))?;
        Ok(wire::send(stream, request).await?)
    }
}

impl From<hyper::Error> for CallFailure {
    fn from(error: hyper::Error) -> Self {
        Self::away(Failure::EngineBroken { error: error.to_string() })
    }
}

/// A text of the engine's, if it is there.
fn text<'a>(said: &'a Value, key: &str) -> Option<&'a str> {
    said.get(key).and_then(Value::as_str)
}

fn refusal(status: StatusCode, body: &[u8]) -> CallFailure {
    let said: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let message = text(&said, "message").map(str::to_owned);
    CallFailure {
        status: Some(status),
        why: Failure::EngineRefused { status: status.to_string(), message },
        temporary: status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn whole(answer: &mut Answer) -> Result<Vec<u8>, CallFailure> {
    let mut body = Vec::new();
    while let Some(piece) = answer.piece().await {
        body.extend_from_slice(&piece?);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(CallFailure::refused(Failure::EngineEndless));
        }
    }
    Ok(body)
}

/// A line of a pull. What is drawn over and over, a bar's progress, is left out.
async fn progress(line: &[u8], recorder: &mut Recorder) -> Result<(), CallFailure> {
    let Ok(said) = serde_json::from_slice::<Value>(line) else { return Ok(()) };
    if let Some(error) = text(&said, "error") {
        // A registry that is away is often back soon.
        return Err(CallFailure::away(Failure::NotPulled { error: error.to_owned() }));
    }
    let drawn = said.pointer("/progressDetail/current").is_some_and(Value::is_number);
    if let Some(status) = text(&said, "status").filter(|_| !drawn) {
        let id = text(&said, "id").map(|id| format!("{id}: ")).unwrap_or_default();
        recorder.take(Stream::Stdout, format!("{id}{status}\n").as_bytes()).await;
    }
    Ok(())
}
