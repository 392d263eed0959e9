//! Who acts, for the services.

use super::context::AdminContext;
use crate::clock;
use crate::{control, webhooks};

/// Who acts on jobs and deliveries with this request.
pub fn act_of_request<'a>(ctx: &'a AdminContext, remote_addr: &'a str) -> control::Act<'a> {
    control::Act { actor: &ctx.actor, remote_addr, now: clock::now() }
}

/// Who acts on webhooks and connections with this request.
pub fn act_from<'a>(ctx: &'a AdminContext, remote_addr: &'a str) -> webhooks::Act<'a> {
    webhooks::Act {
        actor: Some(&ctx.actor),
        remote_addr,
        keys: &ctx.deps().keys,
        nonce: clock::random_bytes(),
        now: clock::now(),
    }
}
