//! Faults on demand: what a GitLab that is slow, overloaded or half away answers.

use crate::reply::{Reply, Request};
use crate::world::World;
use serde_json::Value;
use std::time::Duration;

/// What happens in the place of the answer, or before it.
#[derive(Clone, Debug)]
pub enum Fault {
    /// 429 with `Retry-After`, in seconds.
    TooManyRequests {
        /// The seconds.
        retry_after: u32,
    },
    /// 500, as GitLab says it.
    InternalServerError,
    /// 502 with a page of HTML, as the proxy before GitLab says it.
    BadGateway,
    /// This status with this JSON.
    Answer(u16, Value),
    /// The right answer, after this time.
    Slow(Duration),
    /// The right status and half of the body; then the connection is broken off.
    BrokenOff,
    /// 200 and a body that is no JSON.
    WrongJson,
}

/// A fault that waits for its calls.
pub(crate) struct Planned {
    pub times: usize,
    pub calls: String,
    pub fault: Fault,
}

impl World {
    /// The fault that is planned for this call, if one is.
    pub(crate) fn fault(&mut self, request: &Request) -> Option<Fault> {
        let call = format!("{} {}", request.method, request.target);
        let planned = self.faults.iter_mut().find(|it| it.times > 0 && call.contains(&it.calls))?;
        planned.times -= 1;
        Some(planned.fault.clone())
    }
}

impl Fault {
    /// What it answers as JSON, where it does so without asking for the right answer.
    pub(crate) fn reply(&self) -> Option<Reply> {
        match self {
            Self::TooManyRequests { retry_after } => {
                let mut reply = Reply::message(429, "Retry later");
                reply.headers.push(("Retry-After", retry_after.to_string()));
                Some(reply)
            }
            Self::InternalServerError => Some(Reply::message(500, "500 Internal Server Error")),
            Self::Answer(status, body) => Some(Reply::new(*status, body.clone())),
            Self::BadGateway | Self::Slow(_) | Self::BrokenOff | Self::WrongJson => None,
        }
    }
}

/// The proxy's page.
pub(crate) const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>GitLab is not responding (502)\
    </title></head><body><h1>502</h1></body></html>\n";
/// No JSON.
pub(crate) const NO_JSON: &str = "{\"message\": ";
