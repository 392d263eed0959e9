//! A delivery from its first byte to the hand-over to intake. The last place that knows HTTP.

use super::answer;
use super::guard::{self, Head, Refusal};
use crate::clock;
use crate::core::event::Event;
use crate::core::idempotency;
use crate::core::verdict::Endpoint;
use crate::intake::{Arrival, Content, IntakeError, Origin, Room};
use crate::web::Deps;
use crate::web::origin::remote_addr_text;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::time::Duration;

/// How long a sender may take for its whole body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes for which room is taken at a time, where the length is not told beforehand.
const STEP: usize = 256 * 1024;
/// Of a refused body, this much is read to be shown.
const SHOWN: usize = 4 * 1024;

/// Receives one delivery.
pub(super) async fn receive(
    endpoint: Endpoint,
    request: HttpRequest,
    body: web::Payload,
) -> HttpResponse {
    let Some(deps) = request.app_data::<web::Data<Deps>>() else {
        return answer::not_stored(IntakeError::Unavailable);
    };
    let head = guard::check(request.headers(), &deps.keys.token_digest);
    let max = if head.is_ok() { deps.settings.max_body } else { SHOWN };
    let read = match tokio::time::timeout(BODY_TIMEOUT, read(&request, deps, body, max)).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => return answer::not_stored(error),
        Err(_) => return answer::too_slow(),
    };
    let (content, event_header) = match (head, read.too_large) {
        (Err(refusal), _) => (refused(refusal), event_of(&request)),
        (Ok(head), true) => (refused(too_large(max)), head.event),
        (Ok(head), false) => content(deps, head, &read.bytes),
    };
    let arrival = Arrival {
        id: clock::delivery_id(),
        received_at: clock::now(),
        endpoint,
        remote_addr: remote_addr_text(&request),
        headers: guard::kept(request.headers()),
        event_header,
        body: read.bytes,
        content,
        origin: Origin::Received,
    };
    match deps.intake.submit(arrival).await {
        Ok(receipt) => answer::receipt(&receipt),
        Err(error) => answer::not_stored(error),
    }
}

fn content(deps: &Deps, head: Head, body: &Bytes) -> (Content, String) {
    let content = match Event::read(&head.event, body) {
        Ok(event) => {
            let when = (clock::now(), deps.settings.body_repeat);
            let key =
                idempotency::key(head.key_headers(), &head.event, &head.presented, body, when);
            Content::Event { event: Box::new(event), presented: head.presented.clone(), key }
        }
        Err(error) => {
            Content::Refused { status: 400, code: "not_json", sentence: error.to_string() }
        }
    };
    (content, head.event)
}

fn refused(refusal: Refusal) -> Content {
    let Refusal { status, code, sentence } = refusal;
    Content::Refused { status, code, sentence }
}

fn too_large(max: usize) -> Refusal {
    Refusal {
        status: 413,
        code: "too_large",
        sentence: format!("The body is larger than {max} bytes"),
    }
}

/// The event's header for the list, where the headers as a whole are refused.
fn event_of(request: &HttpRequest) -> String {
    guard::kept(request.headers()).remove("X-Gitlab-Event").unwrap_or_default()
}

struct Read {
    bytes: Bytes,
    too_large: bool,
    _room: Vec<Room>,
}

/// Reads at most `max` bytes; of a larger body, the beginning.
async fn read(
    request: &HttpRequest,
    deps: &Deps,
    mut body: web::Payload,
    max: usize,
) -> Result<Read, IntakeError> {
    let told = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut too_large = told.is_some_and(|length| length > max);
    let limit = if too_large { SHOWN } else { max };
    let mut room = vec![deps.intake.reserve(told.unwrap_or(STEP).min(limit))?];
    let mut reserved = told.unwrap_or(STEP).min(limit);
    let mut bytes = BytesMut::with_capacity(reserved.min(STEP));
    while let Some(chunk) = body.next().await {
        // A sender that broke off is told nothing, since it is gone; nothing of it is kept.
        let chunk = chunk.map_err(|_| IntakeError::Unavailable)?;
        let fits = limit.saturating_sub(bytes.len()).min(chunk.len());
        bytes.extend_from_slice(chunk.get(..fits).unwrap_or_default());
        if fits < chunk.len() || (too_large && bytes.len() == limit) {
            too_large = true;
            bytes.truncate(SHOWN);
            break;
        }
        while bytes.len() > reserved {
            room.push(deps.intake.reserve(STEP)?);
            reserved += STEP;
        }
    }
    Ok(Read { bytes: bytes.freeze(), too_large, _room: room })
}
