//! New secrets, shown once on the next page: kept in the session until then, sealed by the site.

use super::context::Context;
use super::site::Site;

const ENTRY: &str = "reveal";

/// A secret's label and text.
pub type Shown = (String, String);

/// Keeps secrets for the next page.
pub fn keep_secrets<S: Site>(ctx: &Context<S>, secrets: &[Shown]) {
    if secrets.is_empty() {
        return;
    }
    let sealed = serde_json::to_vec(secrets).ok().and_then(|plain| ctx.seal_secret(&plain));
    let kept = sealed.is_some_and(|sealed| ctx.session().insert(ENTRY, sealed).is_ok());
    if !kept {
        tracing::warn!("Failed to keep a new secret for the next page; it is not shown");
    }
}

/// Takes what the page before kept.
pub fn take_secrets<S: Site>(ctx: &Context<S>) -> Vec<Shown> {
    let Some(text) = ctx.session().get::<String>(ENTRY).ok().flatten() else {
        return Vec::new();
    };
    ctx.session().remove(ENTRY);
    ctx.open_secret(&text).and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_default()
}
