//! The two addresses GitLab calls, and nothing else: `guard.rs` refuses cheaply, `receive.rs`
//! reads and hands over to `crate::intake`, `answer.rs` puts the receipt into words for GitLab.
//!
//! They alone need no session and no CSRF token.

mod answer;
mod guard;
mod receive;

use super::machine::MachineError;
use super::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use signalbox_core::verdict::Endpoint;

/// The main address.
pub const MAIN: &str = "/webhooks/gitlab";
/// The register address.
pub const REGISTER: &str = "/webhooks/gitlab/register";

/// Adds both addresses, with and without a slash at the end.
pub fn gitlab_routes(config: &mut web::ServiceConfig) {
    let endpoints = [(MAIN, Endpoint::Main), (REGISTER, Endpoint::Register)];
    for (address, endpoint) in endpoints {
        for pattern in [address.to_owned(), format!("{address}/")] {
            let receive = move |request: HttpRequest, body: web::Payload| {
                receive::receive_delivery(endpoint, request, body)
            };
            let resource = web::resource(pattern).route(web::post().to(receive)).default_service(
                web::to(|request: HttpRequest| async move { Err::<&str, _>(use_post(&request)) }),
            );
            config.service(resource);
        }
    }
}

fn use_post(request: &HttpRequest) -> MachineError {
    let mut problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "Method not allowed",
        format!(
            "This address is for GitLab's webhooks: it takes POST, not {}. Enter it as the URL of a \
             webhook in your GitLab project.",
            request.method()
        ),
    );
    problem.allow = Some("POST".to_owned());
    problem.into()
}
