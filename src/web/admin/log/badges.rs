//! What was done, as badge and symbol.

use crate::web::admin::kit::badge::{Badge, Tone};
use signalbox_store::audit::Verb;

/// The symbol of what was done.
pub fn verb_icon(verb: Verb) -> &'static str {
    match verb {
        Verb::Add => "plus",
        Verb::Change => "pencil",
        Verb::Delete => "trash",
        Verb::Register => "tag",
        Verb::Login | Verb::Logout | Verb::LoginFailed => "user",
        Verb::RunAgain | Verb::RunNow | Verb::Resume | Verb::Replay => "retry",
        Verb::Cancel => "stop",
        Verb::Pause => "pause",
    }
}

/// What was done.
pub fn verb_badge(verb: Verb) -> Badge {
    Badge::new(verb.as_str(), verb.label(), verb_icon(verb), Tone::Plain)
}
