//! What GitLab is told. It shows body and headers of the answer to its maintainers, so both say
//! which delivery this is and what became of it; strangers learn nothing about webhooks.

use crate::intake::{IntakeError, Receipt};
use crate::web::machine::MachineError;
use crate::web::problem::Problem;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError, web};
use bytes::Bytes;
use serde::Serialize;
use signalbox_core::ids::JobId;
use std::pin::Pin;
use std::task::{Context, Poll};

#[derive(Serialize)]
struct Body<'a> {
    delivery: &'a str,
    verdict: &'a str,
    jobs: Vec<&'a str>,
    reason: &'a str,
}

/// The answer to a stored delivery.
pub(super) fn answer_receipt(receipt: &Receipt) -> HttpResponse {
    let status = StatusCode::from_u16(receipt.status).unwrap_or(StatusCode::OK);
    HttpResponse::build(status)
        .insert_header(("X-Delivery-Id", receipt.delivery.as_str()))
        .insert_header(("X-Match", receipt.verdict.as_str()))
        .json(Body {
            delivery: receipt.delivery.as_str(),
            verdict: receipt.verdict.as_str(),
            jobs: receipt.jobs.iter().map(JobId::as_str).collect(),
            reason: &receipt.reason,
        })
}

/// The answer to a delivery of which nothing was stored.
pub(super) fn not_stored(error: IntakeError) -> HttpResponse {
    let (code, detail, retry_after_s) = match error {
        IntakeError::Overloaded => {
            ("overloaded", "Too many deliveries are waiting. Send it again in a moment.", 2)
        }
        IntakeError::SenderLimit => (
            "sender_limit",
            "Too many bytes from your address are under way. Send it again in a moment.",
            2,
        ),
        IntakeError::Unavailable => {
            ("unavailable", "The delivery could not be stored. Send it again in a moment.", 5)
        }
    };
    let mut problem =
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, "The delivery was not stored", detail);
    problem.retry_after_s = Some(retry_after_s);
    MachineError::from(problem).error_response()
}

/// The answer to a body that did not come in time.
pub(super) fn too_slow(detail: String) -> HttpResponse {
    let problem = Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "Too slow", detail);
    MachineError::from(problem).error_response()
}

/// The answer to a body that did not arrive whole.
pub(super) fn answer_broken() -> HttpResponse {
    let detail = "The body did not arrive whole: its length or its chunks are invalid.";
    MachineError::from(Problem::bad_request(detail)).error_response()
}

/// Keeps what was not read of a body until the answer is sent, so that actix closes the connection. A
/// chunked body that is dropped before is read to its end, however long its sender takes.
pub(super) fn with_unread(response: HttpResponse, unread: web::Payload) -> HttpResponse {
    response.map_body(|_, body| BoxBody::new(WithUnread { body, _unread: unread }))
}

struct WithUnread {
    body: BoxBody,
    _unread: web::Payload,
}

impl MessageBody for WithUnread {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
