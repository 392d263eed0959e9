//! What a message says, in the language of its channel, with links to where the panel is reached.

use super::Teller;
use signalbox_core::notify::happening::Content;
use signalbox_core::notify::letter::Letter;
use signalbox_core::notify::wording::{Pages, draft_message};
use signalbox_i18n::{Locale, say, say_in};
use signalbox_store::notify::channels::Channel;

/// Where pages of the panel lie, for whoever knows its address.
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "plain")]
pub struct Paths {
    pub job: fn(&str) -> String,
    pub webhook: fn(i64) -> String,
    pub connection: fn(i64) -> String,
    pub workers: fn() -> String,
    pub refused: fn() -> String,
}

/// The message for a channel; for none, as it is shown in the panel itself.
pub fn compose_letter(teller: &Teller, channel: Option<&Channel>, content: &Content) -> Letter {
    let base = match (&teller.public_url, channel) {
        (Some(url), _) => url.as_str().trim_end_matches('/').to_owned(),
        (None, Some(channel)) => channel.panel_url.clone(),
        (None, None) => String::new(),
    };
    let at = |path: String| (!base.is_empty()).then(|| format!("{base}{path}"));
    let paths = teller.paths;
    let pages = Pages {
        job: &|job| at((paths.job)(job)),
        webhook: &|webhook| at((paths.webhook)(webhook)),
        connection: &|connection| at((paths.connection)(connection)),
        workers: at((paths.workers)()),
        refused: at((paths.refused)()),
    };
    let draft = draft_message(content, &pages);
    let footer = match teller.label.as_str() {
        "" => "Signalbox".to_owned(),
        label => format!("Signalbox, {label}"),
    };
    let write = || Letter::from_draft(&draft, footer, &say);
    match channel.and_then(|channel| Locale::of_tag(&channel.language)) {
        Some(locale) => say_in(locale, write),
        None => write(),
    }
}
