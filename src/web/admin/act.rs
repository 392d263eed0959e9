//! Who acts, for the services.

use super::context::AdminContext;
use crate::clock;
use crate::{control, webhooks};
use signalbox_core::actor::Actor;
use signalbox_core::seal::Keys;

/// Who acts on jobs and deliveries with this request.
pub fn act_of_request<'a>(ctx: &'a AdminContext, remote_addr: &'a str) -> control::Act<'a> {
    control::Act { actor: &ctx.actor, remote_addr, now: clock::now() }
}

/// Who acts on webhooks and connections with this request.
pub fn act_from<'a>(ctx: &'a AdminContext, remote_addr: &'a str) -> webhooks::Act<'a> {
    act_of(&ctx.actor, remote_addr, &ctx.deps().keys)
}

/// The same for what goes on after the request.
pub fn act_of<'a>(actor: &'a Actor, remote_addr: &'a str, keys: &'a Keys) -> webhooks::Act<'a> {
    webhooks::Act {
        actor: Some(actor),
        remote_addr,
        keys,
        nonce: clock::random_bytes(),
        now: clock::now(),
    }
}
