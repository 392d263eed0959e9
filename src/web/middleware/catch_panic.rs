//! Turns a panic in a handler into a 500 with a face; actix would drop the connection.

use super::Answer;
use crate::web::human::HumanError;
use crate::web::machine::MachineError;
use crate::web::problem::{Face, Problem};
use actix_web::body::MessageBody;
use actix_web::dev::ServiceRequest;
use actix_web::middleware::Next;
use futures_util::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;

/// Runs the request; nothing it held is used again after a panic.
///
/// # Errors
/// Those of what is inside; a panic (500).
pub async fn catch_panics(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Answer {
    let face = Face::from_path(request.path());
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(answer) => answer.map(actix_web::dev::ServiceResponse::map_into_boxed_body),
        Err(panic) => {
            let problem =
                Problem::internal().caused_by(format!("panic: {}", panic_message(&*panic)));
            Err(match face {
                Face::Human => HumanError::from(problem).into(),
                Face::Machine => MachineError::from(problem).into(),
            })
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}
