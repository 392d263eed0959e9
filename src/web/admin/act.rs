//! Who acts on jobs and deliveries, for `crate::control`.

use super::context::AdminContext;
use crate::clock;
use crate::control::Act;

/// Who acts on this request.
pub fn act_of_request<'a>(ctx: &'a AdminContext, remote_addr: &'a str) -> Act<'a> {
    Act { actor: &ctx.actor, remote_addr, now: clock::now() }
}
