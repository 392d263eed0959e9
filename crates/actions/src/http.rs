//! The kind `http`: one request to the operator's address.
//!
//! The name is looked up here, every address it has is vetted, and the connection is made to one of
//! those very addresses: a name that changes its mind between the look and the call gains nothing.
//! Redirects are answers like any other, and no proxy is asked.

mod address;
mod tls;

use super::call_failure::CallFailure;
use super::recorder::Recorder;
use super::wire::{self, Answer};
use super::{Ended, OutputChunk, RunRequest, Stream, Told};
use address::Reach;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use signalbox_core::action::{Body, Http, read_url};
use signalbox_core::failure::Failure;
use signalbox_core::job::AttemptOutcome;
use signalbox_core::output::OutputNotice;
use signalbox_core::sentence::Sentence;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

/// How long one address is tried.
const CONNECT: Duration = Duration::from_secs(10);

/// The most of an answer that is read.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

const AGENT: &str = concat!("signalbox/", env!("CARGO_PKG_VERSION"));

/// What can be said of an entry before it is called: its certificates, and its address where it is
/// written as a number.
pub(super) fn check_http(http: &Http) -> Result<(), (&'static str, Sentence)> {
    if let Some(file) = &http.ca_file {
        tls::of_file(file).map_err(|reason| ("ca_file", reason))?;
    }
    let Some(Ok(url)) = http.url.as_fixed().map(read_url) else { return Ok(()) };
    let reached = match url.host() {
        Some(Host::Ipv4(address)) => vet_address(address.into(), http.allow_private_network),
        Some(Host::Ipv6(address)) => vet_address(address.into(), http.allow_private_network),
        Some(Host::Domain(_)) | None => Ok(()),
    };
    reached.map_err(|reason| ("url", reason))
}

fn vet_address(address: IpAddr, allow_private_network: bool) -> Result<(), Sentence> {
    match address::classify_address(address) {
        Reach::Public => Ok(()),
        Reach::Private if allow_private_network => Ok(()),
        Reach::Private => Err(Sentence::new(
            "{address} is of a private network or this machine: the entry must say allow_private_network = true",
        )
        .with("address", address)),
        Reach::Never => Err(Sentence::new("{address} is an address that is never called")
            .with("address", address)),
    }
}

pub(super) async fn run_request(
    http: &Http,
    request: RunRequest,
    output: mpsc::Sender<OutputChunk>,
    stop: CancellationToken,
) -> Ended {
    let spec = &*request.spec;
    let (told, mut recorder) = match request.begin_recording(output) {
        Ok(begun) => begun,
        Err(failure) => return Ended::not_started(spec, failure),
    };
    let time = request.time_limit();
    let exchanged = tokio::select! {
        exchanged = exchange_messages(http, &request, &told, &mut recorder) => exchanged.map_err(|failure| {
            let temporary = failure.temporary || spec.retry_on_failure;
            (AttemptOutcome::Failed, CallFailure { temporary, ..failure })
        }),
        () = tokio::time::sleep(time) => Err((AttemptOutcome::TimedOut, CallFailure {
            status: None,
            why: Failure::NoAnswer { seconds: time.as_secs_f64().to_string() },
            temporary: spec.retry_on_failure,
        })),
        () = stop.cancelled() => Err((
            AttemptOutcome::Cancelled,
            CallFailure::refuse_for_good(Failure::StoppedWaiting),
        )),
    };
    recorder.finish_output().await;
    let number = |status: StatusCode| i32::from(status.as_u16());
    match exchanged {
        Ok(status) => Ended {
            http_status: Some(number(status)),
            ..Ended::with_outcome(AttemptOutcome::Succeeded, None)
        },
        Err((outcome, failure)) => Ended {
            temporary: failure.temporary,
            http_status: failure.status.map(number),
            ..Ended::with_outcome(outcome, Some(recorder.mask_failure(failure.why)))
        },
    }
}

fn bad_address(reason: Sentence) -> Failure {
    Failure::NotSent {
        reason: Sentence::new("its address: {reason}").with_sentence("reason", reason),
    }
}

/// The headers of a request as they would be sent, with what is masked in the place of secrets.
/// The real one is made too: what would be refused is refused.
///
/// # Errors
/// Why it would not be sent, as a sentence.
pub(super) fn build_headers(
    http: &Http,
    request: &RunRequest,
    told: &Told,
    masked: &Told,
) -> Result<Vec<(String, String)>, Failure> {
    let url = read_url(&http.url.fill_text(request.fill_source(told))).map_err(bad_address)?;
    build_message(http, request, told, &url)?;
    let message = build_message(http, request, masked, &url)?;
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    // The host is part of the address, which may hold a secret.
    let shown = message.headers().iter().filter(|(name, _)| name.as_str() != "host");
    Ok(shown.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect())
}

async fn exchange_messages(
    http: &Http,
    request: &RunRequest,
    told: &Told,
    recorder: &mut Recorder,
) -> Result<StatusCode, CallFailure> {
    let source = request.fill_source(told);
    let url = read_url(&http.url.fill_text(source))
        .map_err(|why| CallFailure::refuse_for_good(bad_address(why)))?;
    let message = build_message(http, request, told, &url).map_err(CallFailure::refuse_for_good)?;
    let (stream, to) = connect_to_host(&url, http.allow_private_network).await?;
    recorder
        .record_notice(OutputNotice::Calling {
            method: http.method.as_str().to_owned(),
            url: http.url.as_written(),
            to: to.to_string(),
        })
        .await;
    let broke = |error: hyper::Error| {
        CallFailure::refuse_for_good(Failure::ExchangeBroken { error: error.to_string() })
    };
    let mut answer = if url.scheme() == "https" {
        let stream = tls::wrap_in_tls(stream, &url, http.ca_file.as_deref()).await?;
        wire::send_request(stream, message).await.map_err(broke)?
    } else {
        wire::send_request(stream, message).await.map_err(broke)?
    };
    let status = answer.response.status();
    recorder.record_notice(OutputNotice::Answered { status: status.to_string() }).await;
    record_body(&mut answer, recorder).await.map_err(broke)?;
    if status.is_success() {
        return Ok(status);
    }
    Err(CallFailure {
        status: Some(status),
        why: Failure::HttpStatus {
            status: status.to_string(),
            is_redirect: status.is_redirection(),
        },
        temporary: status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error(),
    })
}

/// Stores the answer's body, as much of it as is read.
async fn record_body(answer: &mut Answer, recorder: &mut Recorder) -> hyper::Result<()> {
    let mut left = MAX_ANSWER_BYTES;
    while let Some(piece) = answer.next_piece().await {
        let piece = piece?;
        recorder.take_bytes(Stream::Stdout, piece.get(..left).unwrap_or(&piece)).await;
        let Some(rest) = left.checked_sub(piece.len()) else {
            recorder.record_notice(OutputNotice::AnswerCut).await;
            break;
        };
        left = rest;
    }
    Ok(())
}

/// The request as it is sent.
fn build_message(
    http: &Http,
    request: &RunRequest,
    told: &Told,
    url: &Url,
) -> Result<Request<Full<Bytes>>, Failure> {
    let source = request.fill_source(told);
    let (body, is_json) = match &http.body {
        Body::Event => (request.body.clone(), true),
        Body::Empty => (Bytes::new(), false),
        Body::Json(template) => (template.fill_template(source).to_string().into(), true),
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = url
        .query()
        .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let facts = &request.facts;
    let mut headers: Vec<(String, String)> = [
        ("host", format!("{}{port}", url.host_str().unwrap_or_default())),
        ("user-agent", AGENT.to_owned()),
        ("x-signalbox-delivery", facts.delivery.clone()),
        ("x-signalbox-job", facts.job.clone()),
        ("x-signalbox-attempt", facts.attempt.to_string()),
        // The same on every try: who keeps account of it does nothing twice.
        ("idempotency-key", facts.job.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    if is_json {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    if http.body == Body::Event {
        headers.push(("x-gitlab-event".to_owned(), facts.event.clone()));
    }
    for (name, text) in &http.headers {
        let name = name.to_ascii_lowercase();
        headers.retain(|(known, _)| *known != name);
        headers.push((name, text.fill_text(source)));
    }
    let builder = Request::builder().method(http.method.as_str()).uri(path);
    let builder =
        headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    builder.body(Full::new(body)).map_err(|_| Failure::NotSent {
        reason: "a header's value has line ends or other control characters".into(),
    })
}

/// Connects to the first address of the host that answers, if all of them may be called.
async fn connect_to_host(
    url: &Url,
    allow_private: bool,
) -> Result<(TcpStream, SocketAddr), CallFailure> {
    let port = url.port_or_known_default().unwrap_or(80);
    let found: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| {
                let (name, error) = (name.to_owned(), error.to_string());
                CallFailure::fail_for_now(Failure::HostNotFound { name, error })
            })?
            .collect(),
        None => Vec::new(),
    };
    for address in &found {
        vet_address(address.ip(), allow_private)
            .map_err(|reason| CallFailure::refuse_for_good(Failure::NotSent { reason }))?;
    }
    let mut last = Sentence::new("its host has no address");
    for address in found {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, address)),
            Ok(Err(error)) => {
                last = Sentence::new("{address}: {error}")
                    .with("address", address)
                    .with("error", error);
            }
            Err(_) => {
                last = Sentence::new("{address} did not answer within {seconds} s")
                    .with("address", address)
                    .with("seconds", CONNECT.as_secs());
            }
        }
    }
    Err(CallFailure::fail_for_now(Failure::NoConnection { last }))
}

#[cfg(test)]
mod tests;
