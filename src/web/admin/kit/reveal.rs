//! New secrets, shown once on the next page: kept in the session until then, sealed, so that the
//! database never holds them in the clear.

use crate::clock;
use crate::web::admin::context::AdminContext;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use signalbox_core::seal::{open, seal};

const ENTRY: &str = "reveal";
const CONTEXT: &[u8] = b"shown once";

/// A secret's label and text.
pub type Shown = (String, String);

/// Keeps secrets for the next page.
pub fn keep(ctx: &AdminContext, secrets: &[Shown]) {
    if secrets.is_empty() {
        return;
    }
    let sealed = serde_json::to_vec(secrets)
        .ok()
        .and_then(|plain| seal(&ctx.deps().keys.seal, clock::random(), CONTEXT, &plain).ok());
    let kept = sealed
        .is_some_and(|sealed| ctx.session().insert(ENTRY, STANDARD_NO_PAD.encode(sealed)).is_ok());
    if !kept {
        tracing::warn!("Failed to keep a new secret for the next page; it is not shown");
    }
}

/// Takes what the page before kept.
pub fn take(ctx: &AdminContext) -> Vec<Shown> {
    let Some(text) = ctx.session().get::<String>(ENTRY).ok().flatten() else {
        return Vec::new();
    };
    ctx.session().remove(ENTRY);
    STANDARD_NO_PAD
        .decode(text)
        .ok()
        .and_then(|sealed| open(&ctx.deps().keys.seal, CONTEXT, &sealed).ok())
        .and_then(|plain| serde_json::from_slice(&plain).ok())
        .unwrap_or_default()
}
