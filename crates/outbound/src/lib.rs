#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod call_failure;
mod connect;
mod tls;
mod wire;

pub use call_failure::CallFailure;
pub use connect::{PrivateNetwork, connect_to_host, vet_url};
pub use tls::{PemFault, Roots};
pub use wire::{Answer, send_request};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Request, StatusCode};
use signalbox_core::failure::Failure;
use signalbox_core::sentence::Sentence;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use url::Url;

/// How Signalbox names itself.
pub const AGENT: &str = concat!("signalbox/", env!("CARGO_PKG_VERSION"));

/// A request to an address.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// HTTP's word.
    pub method: &'a str,
    /// Where to: `http` or `https`.
    pub url: &'a Url,
    /// Headers beside host and user agent, their names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// What is sent.
    pub body: Bytes,
}

/// How calls are made.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Whether private networks may be called.
    pub private_network: PrivateNetwork,
    /// Whose certificates are believed.
    pub roots: Roots,
    /// How long a call may take, its answer's body included.
    pub time_limit: Duration,
    /// The most of an answer's body that is read, in bytes.
    pub max_answer: usize,
}

/// What the other side said, whatever its status.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as much of it as is read.
    pub body: Bytes,
    /// Whether there was more of it.
    pub is_cut: bool,
}

/// Makes a call that may be made again: one that broke off is a failure for now.
///
/// # Errors
/// If there was no whole answer.
pub async fn send_call(call: Call<'_>, manner: &Manner) -> Result<Answered, CallFailure> {
    let seconds = manner.time_limit.as_secs_f64().to_string();
    tokio::time::timeout(manner.time_limit, exchange(call, manner))
        .await
        .unwrap_or_else(|_| Err(CallFailure::fail_for_now(Failure::NoAnswer { seconds })))
}

async fn exchange(call: Call<'_>, manner: &Manner) -> Result<Answered, CallFailure> {
    let message = build_message(call.method, call.url, call.headers, call.body)
        .map_err(CallFailure::refuse_for_good)?;
    let (stream, _) = connect_to_url(call.url, manner.private_network).await?;
    let again = |failure: CallFailure| CallFailure {
        temporary: failure.temporary || matches!(failure.why, Failure::ExchangeBroken { .. }),
        ..failure
    };
    let mut answer =
        send_over(stream, call.url, Some(&manner.roots), message).await.map_err(again)?;
    let (mut body, mut is_cut) = (Vec::new(), false);
    while let Some(piece) = answer.next_piece().await {
        let piece = piece.map_err(|error| again(broken_exchange(&error)))?;
        let left = manner.max_answer - body.len();
        is_cut = piece.len() > left;
        body.extend_from_slice(piece.get(..left).unwrap_or(&piece));
        if is_cut {
            break;
        }
    }
    let head = answer.response;
    Ok(Answered {
        status: head.status(),
        headers: head.headers().clone(),
        body: body.into(),
        is_cut,
    })
}

/// Connects to the host of an address.
///
/// # Errors
/// If it may not be called, or takes no connection.
pub async fn connect_to_url(
    url: &Url,
    private: PrivateNetwork,
) -> Result<(TcpStream, SocketAddr), CallFailure> {
    connect_to_host(url.host(), url.port_or_known_default().unwrap_or(80), private).await
}

/// Sends a request over a connection; with TLS where the address asks for it, for which it needs roots.
///
/// # Errors
/// If the other side is not believed, or the exchange breaks off.
pub async fn send_over(
    stream: TcpStream,
    url: &Url,
    roots: Option<&Roots>,
    message: Request<Full<Bytes>>,
) -> Result<Answer, CallFailure> {
    let sent = if url.scheme() == "https" {
        let roots = roots.ok_or(CallFailure::refuse_for_good(Failure::NoCertificates))?;
        send_request(roots.wrap_in_tls(stream, url).await?, message).await
    } else {
        send_request(stream, message).await
    };
    sent.map_err(|error| broken_exchange(&error))
}

/// Nobody knows how much of it was done: it is not tried again by itself.
pub fn broken_exchange(error: &hyper::Error) -> CallFailure {
    CallFailure::refuse_for_good(Failure::ExchangeBroken { error: error.to_string() })
}

/// A request as it is sent: with host and user agent, unless the headers have their own.
///
/// # Errors
/// If a header's value cannot be one.
pub fn build_message<N: AsRef<str>, V: AsRef<str>>(
    method: &str,
    url: &Url,
    headers: &[(N, V)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, Failure> {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = url
        .query()
        .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = format!("{}{port}", url.host_str().unwrap_or_default());
    let own = [("host", &*host), ("user-agent", AGENT)];
    let given = || headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let own = own.into_iter().filter(|(name, _)| !given().any(|(given, _)| given == *name));
    own.chain(given())
        .fold(Request::builder().method(method).uri(path), |builder, (name, value)| {
            builder.header(name, value)
        })
        .body(Full::new(body))
        .map_err(|_| Failure::NotSent {
            reason: Sentence::new("a header's value has line ends or other control characters"),
        })
}
