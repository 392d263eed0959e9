//! The kind `http`: one request to the operator's address.
//!
//! The name is looked up here, every address it has is vetted, and the connection is made to one of
//! those very addresses: a name that changes its mind between the look and the call gains nothing.
//! Redirects are answers like any other, and no proxy is asked.

mod address;
mod tls;

use super::recorder::Recorder;
use super::wire::{self, Answer};
use super::{Ended, OutputChunk, RunRequest, Stream, Told};
use address::Reach;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use signalbox_core::action::{Body, Http, read_url};
use signalbox_core::job::AttemptOutcome;
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

/// Why there was no answer, or none to be glad about.
struct Failure {
    status: Option<StatusCode>,
    error: String,
    /// Whether another try may help, whatever the entry says.
    temporary: bool,
}

impl Failure {
    /// For good.
    fn refused(error: impl Into<String>) -> Self {
        Self { status: None, error: error.into(), temporary: false }
    }

    /// Nothing was sent: the other side may be back soon.
    fn away(error: impl Into<String>) -> Self {
        Self { status: None, error: error.into(), temporary: true }
    }
}

/// What can be said of an entry before it is called: its certificates, and its address where it is
/// written as a number.
pub(super) fn check(http: &Http) -> Result<(), (&'static str, String)> {
    if let Some(file) = &http.ca_file {
        tls::of_file(file).map_err(|reason| ("ca_file", reason))?;
    }
    let Some(Ok(url)) = http.url.fixed().map(read_url) else { return Ok(()) };
    let reached = match url.host() {
        Some(Host::Ipv4(address)) => vet(address.into(), http.allow_private_network),
        Some(Host::Ipv6(address)) => vet(address.into(), http.allow_private_network),
        Some(Host::Domain(_)) | None => Ok(()),
    };
    reached.map_err(|reason| ("url", reason))
}

fn vet(address: IpAddr, allow_private_network: bool) -> Result<(), String> {
    match address::reach(address) {
        Reach::Public => Ok(()),
        Reach::Private if allow_private_network => Ok(()),
        Reach::Private => Err(format!(
            "{address} is of a private network or this machine: the entry must say allow_private_network = true"
        )),
        Reach::Never => Err(format!("{address} is an address that is never called")),
    }
}

pub(super) async fn run(
    http: &Http,
    request: RunRequest,
    output: mpsc::Sender<OutputChunk>,
    stop: CancellationToken,
) -> Ended {
    let spec = &*request.spec;
    let (told, mut recorder) = match request.begin(output) {
        Ok(begun) => begun,
        Err(ended) => return ended,
    };
    let time = request.time();
    let exchanged = tokio::select! {
        exchanged = exchange(http, &request, &told, &mut recorder) => exchanged.map_err(|failure| {
            let temporary = failure.temporary || spec.retry_on_failure;
            (AttemptOutcome::Failed, Failure { temporary, ..failure })
        }),
        () = tokio::time::sleep(time) => Err((AttemptOutcome::TimedOut, Failure {
            status: None,
            error: format!(
                "There was no whole answer within its limit of {seconds} s.",
                seconds = time.as_secs_f64()
            ),
            temporary: spec.retry_on_failure,
        })),
        () = stop.cancelled() => Err((
            AttemptOutcome::Cancelled,
            Failure::refused("It was stopped while it waited for the answer."),
        )),
    };
    recorder.finish().await;
    let number = |status: StatusCode| i32::from(status.as_u16());
    match exchanged {
        Ok(status) => Ended {
            http_status: Some(number(status)),
            ..Ended::with(AttemptOutcome::Succeeded, String::new())
        },
        Err((outcome, failure)) => Ended {
            temporary: failure.temporary,
            http_status: failure.status.map(number),
            ..Ended::with(outcome, recorder.masked(&failure.error))
        },
    }
}

/// The headers of a request as they would be sent, with what is masked in the place of secrets.
/// The real one is made too: what would be refused is refused.
///
/// # Errors
/// Why it would not be sent, as a sentence.
pub(super) fn headers(
    http: &Http,
    request: &RunRequest,
    (told, masked): (&Told, &Told),
) -> Result<Vec<(String, String)>, String> {
    let url = read_url(&http.url.fill(request.source(told)))
        .map_err(|reason| format!("Not sent: its address: {reason}."))?;
    message(http, request, told, &url)?;
    let message = message(http, request, masked, &url)?;
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    // The host is part of the address, which may hold a secret.
    let shown = message.headers().iter().filter(|(name, _)| name.as_str() != "host");
    Ok(shown.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect())
}

async fn exchange(
    http: &Http,
    request: &RunRequest,
    told: &Told,
    recorder: &mut Recorder,
) -> Result<StatusCode, Failure> {
    let source = request.source(told);
    let url = read_url(&http.url.fill(source))
        .map_err(|reason| Failure::refused(format!("Not sent: its address: {reason}.")))?;
    let message = message(http, request, told, &url).map_err(Failure::refused)?;
    let (stream, to) = connect(&url, http.allow_private_network).await?;
    recorder.notice(&format!("{} {} at {to}", http.method.as_str(), http.url.as_written())).await;
    let broke = |error: hyper::Error| Failure::refused(format!("The exchange broke off: {error}."));
    let mut answer = if url.scheme() == "https" {
        let stream = tls::wrap(stream, &url, http.ca_file.as_deref()).await?;
        wire::send(stream, message).await.map_err(broke)?
    } else {
        wire::send(stream, message).await.map_err(broke)?
    };
    let status = answer.response.status();
    recorder.notice(&format!("Answer: {status}")).await;
    keep(&mut answer, recorder).await.map_err(broke)?;
    if status.is_success() {
        return Ok(status);
    }
    Err(Failure {
        status: Some(status),
        error: if status.is_redirection() {
            format!("The answer was {status}; redirects are not followed.")
        } else {
            format!("The answer was {status}.")
        },
        temporary: status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error(),
    })
}

/// Stores the answer's body, as much of it as is read.
async fn keep(answer: &mut Answer, recorder: &mut Recorder) -> hyper::Result<()> {
    let mut left = MAX_ANSWER_BYTES;
    while let Some(piece) = answer.piece().await {
        let piece = piece?;
        recorder.take(Stream::Stdout, piece.get(..left).unwrap_or(&piece)).await;
        let Some(rest) = left.checked_sub(piece.len()) else {
            recorder.notice("… the answer goes on; it is not read further.").await;
            break;
        };
        left = rest;
    }
    Ok(())
}

/// The request as it is sent.
fn message(
    http: &Http,
    request: &RunRequest,
    told: &Told,
    url: &Url,
) -> Result<Request<Full<Bytes>>, String> {
    let source = request.source(told);
    let (body, is_json) = match &http.body {
        Body::Event => (request.body.clone(), true),
        Body::Empty => (Bytes::new(), false),
        Body::Json(template) => (template.fill(source).to_string().into(), true),
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
        headers.push((name, text.fill(source)));
    }
    let builder = Request::builder().method(http.method.as_str()).uri(path);
    let builder =
        headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    builder.body(Full::new(body)).map_err(|_| {
        "Not sent: a header's value has line ends or other control characters.".to_owned()
    })
}

/// Connects to the first address of the host that answers, if all of them may be called.
async fn connect(url: &Url, allow_private: bool) -> Result<(TcpStream, SocketAddr), Failure> {
    let port = url.port_or_known_default().unwrap_or(80);
    let found: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| Failure::away(format!("{name} was not found: {error}.")))?
            .collect(),
        None => Vec::new(),
    };
    for address in &found {
        vet(address.ip(), allow_private)
            .map_err(|reason| Failure::refused(format!("Not sent: {reason}.")))?;
    }
    let mut last = "its host has no address".to_owned();
    for address in found {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, address)),
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => {
                let seconds = CONNECT.as_secs();
                last = format!("{address} did not answer within {seconds} s");
            }
        }
    }
    Err(Failure::away(format!("No connection: {last}.")))
}

#[cfg(test)]
mod tests;
