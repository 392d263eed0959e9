//! The kind `http`: one request to the operator's address.
//!
//! Whom it may call, and whose certificate is believed, is `signalbox_outbound`'s.

mod ca_file;

use super::recorder::Recorder;
use super::{Ended, OutputChunk, RunRequest, Stream, Told};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use signalbox_core::action::{Body, Http, read_url};
use signalbox_core::failure::Failure;
use signalbox_core::job::AttemptOutcome;
use signalbox_core::output::OutputNotice;
use signalbox_core::sentence::Sentence;
use signalbox_outbound::{self as outbound, Answer, CallFailure, PrivateNetwork, Roots};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The most of an answer that is read.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// What can be said of an entry before it is called: its certificates, and its address where it is
/// written as a number.
pub(super) fn check_http(http: &Http) -> Result<(), (&'static str, Sentence)> {
    if let Some(file) = &http.ca_file {
        ca_file::read_roots(file).map_err(|reason| ("ca_file", reason))?;
    }
    let Some(Ok(url)) = http.url.as_fixed().map(read_url) else { return Ok(()) };
    outbound::vet_url(&url, private_network(http)).map_err(|reason| ("url", reason))
}

fn private_network(http: &Http) -> PrivateNetwork {
    if http.allow_private_network {
        return PrivateNetwork::Allowed;
    }
    PrivateNetwork::Refused(
        "{address} is of a private network or this machine: the entry must say allow_private_network = true",
    )
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
    let roots = find_roots(http, &url).await.map_err(CallFailure::refuse_for_good)?;
    let (stream, to) = outbound::connect_to_url(&url, private_network(http)).await?;
    recorder
        .record_notice(OutputNotice::Calling {
            method: http.method.as_str().to_owned(),
            url: http.url.as_written(),
            to: to.to_string(),
        })
        .await;
    let mut answer = outbound::send_over(stream, &url, roots.as_ref(), message).await?;
    let status = answer.response.status();
    recorder.record_notice(OutputNotice::Answered { status: status.to_string() }).await;
    record_body(&mut answer, recorder).await.map_err(|error| outbound::broken_exchange(&error))?;
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
    let facts = &request.facts;
    let mut headers: Vec<(String, String)> = [
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
    outbound::build_message(http.method.as_str(), url, &headers, body)
}

/// Whose certificates are believed, where that matters.
async fn find_roots(http: &Http, url: &Url) -> Result<Option<Roots>, Failure> {
    if url.scheme() != "https" {
        return Ok(None);
    }
    let file = http.ca_file.clone();
    let read = tokio::task::spawn_blocking(move || match file {
        Some(file) => ca_file::read_roots(&file).map_err(|reason| Failure::NotSent {
            reason: Sentence::new("ca_file: {reason}").with_sentence("reason", reason),
        }),
        None => Roots::of_this_machine(),
    });
    read.await.map_err(|_| Failure::CertificatesUnreadable)?.map(Some)
}

#[cfg(test)]
mod tests;
