//! Gives every request an id: in its log lines, in `X-Request-Id`, on error pages.
//!
//! The outermost middleware. An id that comes with the request is not believed.

use super::{Answer, with_headers};
use crate::clock;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use std::time::Instant;
use tracing::Instrument;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being answered, if one is.
pub fn current_id() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs the request under an id of its own, and logs how it ended.
///
/// # Errors
/// Those of what is inside.
pub async fn with_request_id(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Answer {
    let id = clock::unique_id();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let span =
        tracing::info_span!("request", request.id = %id, http.method = %method, http.path = %path);
    let work = async {
        let started = Instant::now();
        let answer = finish_request(next.call(request).await);
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.error_response().status(),
        };
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(http.status = status.as_u16(), duration_ms, "{method} {path} {status}");
        answer
    };
    CURRENT.scope(id, work).instrument(span).await
}

fn finish_request<B: MessageBody + 'static>(answer: Result<ServiceResponse<B>, Error>) -> Answer {
    with_headers(answer, |headers| {
        if let Some(value) = current_id().and_then(|id| HeaderValue::from_str(&id).ok()) {
            headers.insert(HEADER, value);
        }
    })
}
