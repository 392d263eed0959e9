//! The middleware, one concern a file; their order is in `crate::web`. No queries but the one
//! that reads who is signed in, and no pages.

pub mod authenticate;
pub mod authorize;
pub mod catch_panic;
pub mod csrf;
pub mod legible;
pub mod locale;
pub mod own_host;
pub mod request_id;
pub mod security_headers;
pub mod time_zone;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::error::InternalError;
use actix_web::http::header::HeaderMap;
use actix_web::{Error, HttpResponse};

/// What a middleware answers.
pub type Answer = Result<ServiceResponse<BoxBody>, Error>;

/// Changes the headers of an answer, also of one that is still an error: actix turns an error
/// into its answer outside of every middleware, so it is turned here and carried on as it is.
fn with_headers<B: MessageBody + 'static>(
    answer: Result<ServiceResponse<B>, Error>,
    change: impl FnOnce(&mut HeaderMap),
) -> Answer {
    match answer {
        Ok(mut response) => {
            change(response.headers_mut());
            Ok(response.map_into_boxed_body())
        }
        Err(error) => {
            let mut response: HttpResponse = error.error_response();
            change(response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}
