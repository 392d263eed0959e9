//! The words of the banner that every page shows while something is held back.

use super::kit::at::At;
use signalbox_core::pause::{Pause, Scope};
use signalbox_i18n::say;
use signalbox_i18n::t;

/// What is held back, in words.
pub fn paused_scope_text(pause: &Pause) -> String {
    match &pause.scope {
        Scope::All => t("All jobs are paused").to_owned(),
        Scope::Webhook(_) => say!("Jobs of “{name}” are paused", name = pause.note.name),
        Scope::Lane(_) => say!("The lane “{name}” is paused", name = pause.note.name),
    }
}

/// The same with who, when and why.
pub fn pause_text(pause: &Pause) -> String {
    let note = &pause.note;
    let since = At(note.since).absolute();
    let told = say!(
        "{what} since {since}, by {name}",
        what = paused_scope_text(pause),
        since = since,
        name = note.by
    );
    let told = match pause.until {
        Some(until) => say!("{what}, until {time}", what = told, time = At(until).absolute()),
        None => told,
    };
    if note.reason.is_empty() { told } else { format!("{told}: {}", note.reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use signalbox_core::pause::Note;

    #[test]
    fn a_pause_says_what_who_and_why() {
        let note = Note {
            name: "Site".into(),
            reason: "release day".into(),
            by: "ada".into(),
            since: DateTime::UNIX_EPOCH,
        };
        let mut pause = Pause { scope: Scope::Webhook(7), note, until: None };
        assert_eq!(
            pause_text(&pause),
            "Jobs of “Site” are paused since 1970-01-01 00:00:00 UTC, by ada: release day"
        );
        pause.until = Some(DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(18));
        assert_eq!(
            pause_text(&pause),
            "Jobs of “Site” are paused since 1970-01-01 00:00:00 UTC, by ada, \
             until 1970-01-01 18:00:00 UTC: release day"
        );
    }
}
