//! Problems as JSON: `{"error": code, "detail": …, "request_id": …}`, for addresses that
//! programs call.

use super::human::add_headers;
use super::middleware::request_id;
use super::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use signalbox_store::StoreError;
use std::fmt;

/// A problem answered with JSON.
#[derive(Debug)]
pub struct MachineError(Box<Problem>);

impl MachineError {
    /// The problem itself.
    pub fn problem(&self) -> &Problem {
        &self.0
    }
}

impl From<Problem> for MachineError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<StoreError> for MachineError {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl fmt::Display for MachineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.title)
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    error: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl ResponseError for MachineError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        self.0.log_problem();
        let mut response = HttpResponse::build(self.0.status);
        add_headers(&mut response, &self.0);
        response.json(Answer {
            error: self.0.code,
            detail: &self.0.detail,
            request_id: request_id::current_id(),
        })
    }
}
