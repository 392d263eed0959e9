//! A delivery from its first byte to the hand-over to intake. The last place that knows HTTP.

use super::answer;
use super::guard::{self, Head, Refusal};
use crate::clock;
use crate::intake::{Arrival, BodyPermit, Content, IntakeError, Origin, Sender};
use crate::web::origin::{remote_addr, remote_addr_text};
use crate::web::{Deps, connections};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::StreamExt;
use signalbox_core::delivery_reason::DeliveryReason;
use signalbox_core::idempotency;
use signalbox_core::network::sender_network;
use signalbox_core::verdict::{Endpoint, Verdict};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a sender may take for its whole body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a sender may take for each [`PACE`] bytes.
const PACE_TIMEOUT: Duration = Duration::from_secs(10);
const PACE: usize = 4 * 1024;
/// For a body room is taken for so many bytes at first, then for twice as many.
const FIRST: usize = 4 * 1024;
/// Of a refused body, this much is read to be shown.
const SHOWN: usize = 4 * 1024;

/// Receives one delivery.
pub(super) async fn receive_delivery(
    endpoint: Endpoint,
    request: HttpRequest,
    mut body: web::Payload,
) -> HttpResponse {
    let answer = read_and_submit(endpoint, &request, &mut body).await;
    answer::with_unread(answer, body)
}

async fn read_and_submit(
    endpoint: Endpoint,
    request: &HttpRequest,
    body: &mut web::Payload,
) -> HttpResponse {
    let Some(deps) = request.app_data::<web::Data<Deps>>() else {
        return answer::not_stored(IntakeError::Unavailable);
    };
    let head = guard::check_headers(request.headers(), &deps.keys.token_digest);
    let max = if head.is_ok() { deps.settings.max_body } else { SHOWN };
    let permit = deps.intake.body_permit(find_sender(request, deps, head.as_ref().ok()));
    let read = match read_body(request, permit, body, max).await {
        Ok(read) => read,
        Err(Interrupted::NotStored(error)) => return answer::not_stored(error),
        Err(Interrupted::TooSlow(detail)) => return answer::too_slow(detail),
        Err(Interrupted::Broken) => return answer::answer_broken(),
    };
    let (content, event_header) = match (head, read.too_large) {
        (Err(refusal), _) => (refused_content(refusal), event_of(request)),
        (Ok(head), true) => (refused_content(too_large(max)), head.event),
        (Ok(head), false) => read_content(deps, head, &read.bytes),
    };
    let arrival = Arrival {
        id: clock::delivery_id(),
        received_at: clock::now(),
        endpoint,
        remote_addr: remote_addr_text(request),
        headers: guard::kept_headers(request.headers()),
        event_header,
        body: read.bytes,
        content,
        origin: Origin::Received,
    };
    match deps.intake.submit_arrival(arrival, read.permit).await {
        Ok(receipt) => {
            if receipt.verdict != Verdict::Rejected {
                connections::prove_sender(request);
            }
            answer::answer_receipt(&receipt)
        }
        Err(error) => answer::not_stored(error),
    }
}

fn read_content(deps: &Deps, head: Head, body: &Bytes) -> (Content, String) {
    let repeat = deps.settings.body_repeat;
    let key = idempotency::derive_key(head.key_headers(), &head.event, body, clock::now(), repeat);
    let content = Content::from_body(&head.event, body, head.presented, key);
    (content, head.event)
}

fn refused_content(refusal: Refusal) -> Content {
    let Refusal { status, code, reason } = refusal;
    Content::Refused { status, code, reason: *reason }
}

fn too_large(max: usize) -> Refusal {
    Refusal {
        status: 413,
        code: "too_large",
        reason: Box::new(DeliveryReason::BodyTooLarge { max }),
    }
}

/// The event's header for the list, where the headers as a whole are refused.
fn event_of(request: &HttpRequest) -> String {
    guard::kept_headers(request.headers()).remove("X-Gitlab-Event").unwrap_or_default()
}

/// Whose share of the room a body takes. A signature can be checked only when the body is there: who
/// presents nothing else is not known yet.
fn find_sender(request: &HttpRequest, deps: &Deps, head: Option<&Head>) -> Sender {
    match head.and_then(|head| head.presented.token) {
        Some(token) if deps.intake.knows_token(&token) => {
            connections::prove_sender(request);
            Sender::Known
        }
        Some(_) | None => Sender::Unknown(remote_addr(request).map(sender_network)),
    }
}

struct Read {
    bytes: Bytes,
    too_large: bool,
    permit: BodyPermit,
}

/// Why a body was not read to its end.
enum Interrupted {
    NotStored(IntakeError),
    TooSlow(String),
    Broken,
}

impl From<IntakeError> for Interrupted {
    fn from(error: IntakeError) -> Self {
        Self::NotStored(error)
    }
}

/// Reads at most `max` bytes; of a larger body, the beginning.
async fn read_body(
    request: &HttpRequest,
    mut permit: BodyPermit,
    body: &mut web::Payload,
    max: usize,
) -> Result<Read, Interrupted> {
    let told = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut too_large = told.is_some_and(|length| length > max);
    let limit = if too_large { SHOWN } else { max };
    let expected = told.unwrap_or(limit).min(limit);
    let mut bytes = Vec::new();
    let end = Instant::now() + BODY_TIMEOUT;
    let (mut pace_end, mut paced) = (Instant::now() + PACE_TIMEOUT, PACE);
    loop {
        let next = timeout_at(pace_end.min(end), body.next()).await;
        let Some(chunk) = next.map_err(|_| too_slow(pace_end < end))? else { break };
        // A sender that broke off is gone; nothing of it is kept.
        let chunk = chunk.map_err(|_| Interrupted::Broken)?;
        let fits = limit.saturating_sub(bytes.len()).min(chunk.len());
        make_room(&mut bytes, fits, expected, &mut permit)?;
        bytes.extend_from_slice(chunk.get(..fits).unwrap_or_default());
        if fits < chunk.len() || (too_large && bytes.len() == limit) {
            too_large = true;
            bytes.truncate(SHOWN);
            break;
        }
        if bytes.len() >= paced {
            (pace_end, paced) = (Instant::now() + PACE_TIMEOUT, bytes.len() + PACE);
        }
    }
    Ok(Read { bytes: bytes.into(), too_large, permit })
}

/// Makes `bytes` take `more`, once there is room for what that allocates.
fn make_room(
    bytes: &mut Vec<u8>,
    more: usize,
    expected: usize,
    permit: &mut BodyPermit,
) -> Result<(), IntakeError> {
    let needed = bytes.len() + more;
    if needed > bytes.capacity() {
        let capacity = FIRST.max(bytes.capacity() * 2).min(expected).max(needed);
        permit.grow_to(capacity)?;
        bytes.reserve_exact(capacity - bytes.len());
    }
    Ok(())
}

fn too_slow(pace: bool) -> Interrupted {
    Interrupted::TooSlow(if pace {
        let seconds = PACE_TIMEOUT.as_secs();
        format!("The body came too slowly: less than {PACE} bytes in {seconds} seconds.")
    } else {
        format!("The body did not arrive within {} seconds.", BODY_TIMEOUT.as_secs())
    })
}
