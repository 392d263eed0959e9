//! What pages call the fields of webhooks, deliveries and users: one label for each, in forms,
//! traces, previews and histories, whose stored entries outlive the forms that they came from. And
//! what more than one page says.

use super::channel_labels;
use super::kit::entry::{Entry, Kind, Labels};
use super::kit::resource::LogWords;
use crate::accounts::login::LoginError;
use crate::accounts::throttle::Wait;
use signalbox_core::replay::Skip;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::audit::{self, Verb};

/// Each field as it is stored, and its label.
const LABELS: [(&str, &str); 46] = [
    ("name", "Name"),
    ("repo_name", "Repository name"),
    ("repo_url", "Repository URL"),
    ("object_kind", "Object kind"),
    ("project_id", "Project ID"),
    ("http_x_gitlab_event", "Event header"),
    ("enabled", "Enabled"),
    ("secret_token", "Secret token"),
    ("signing_token", "Signing token"),
    ("share_with", "Use the tokens of"),
    ("credential", "Credential"),
    ("previous_secret_until", "Previous secret token valid until"),
    ("previous_signing_until", "Previous signing token valid until"),
    ("ref_filter", "Branches and tags"),
    ("path_filter", "Files"),
    ("condition", "Condition"),
    ("obey_skip", "Honor “[skip ci]”"),
    ("require_signature", "Require a signature"),
    ("register_on_first_event", "Register at main endpoint"),
    ("action", "Action"),
    ("action_params", "Parameters"),
    ("concurrency", "Concurrency"),
    ("debounce_s", "Debounce (seconds)"),
    ("cancel_running", "Cancel the running job when a newer one arrives"),
    ("max_concurrent_jobs", "Max concurrent jobs"),
    ("max_attempts", "Max attempts"),
    ("timeout_s", "Timeout (seconds)"),
    ("notes", "Notes"),
    ("delivery", "Delivery"),
    ("user_id", "User ID"),
    ("user_name", "User"),
    ("user_email", "User e-mail"),
    ("username", "Username"),
    ("password", "Password"),
    ("role", "Role"),
    ("active", "Active"),
    ("base_url", "Address"),
    ("access_token", "Access token"),
    ("ca_pem", "Certificates"),
    ("allow_private_network", "Allow private networks"),
    ("time_zone", "Time zone"),
    ("view_name", "Name"),
    ("list", "List"),
    ("query", "Search and filters"),
    ("columns", "Columns"),
    ("for_everybody", "For everybody"),
];

/// The label of a field; its own name where it has none here.
pub fn field_label(field: &str) -> &str {
    let mut all = LABELS.iter().chain(&channel_labels::LABELS);
    all.find(|(known, _)| *known == field).map_or(field, |(_, words)| *words)
}

/// Fields whose values are words of ours.
const TRANSLATED: &[&str] = &["state", "concurrency", "role"];

/// What the kit says of entries about webhooks and users.
pub const LOG_WORDS: LogWords = LogWords {
    labels: &LABELS,
    translated: TRANSLATED,
    about_secrets: &["previous_secret_until", "previous_signing_until", "share_with"],
    suggested: [
        "Filled in from the delivery. Nothing is stored yet: save to keep it.",
        "Filled in from the delivery. The stored value is {was}: save to replace it.",
    ],
    ..LogWords::PLAIN
};

/// All labels, for drawing entries.
pub fn all_labels() -> Labels {
    // The first of two stays.
    let all = channel_labels::LABELS.iter().chain(&LABELS);
    let fields = all.map(|(field, label)| ((*field).to_owned(), (*label).to_owned()));
    Labels { fields: fields.collect(), translated: TRANSLATED }
}

/// An entry of the log, as the kit shows it.
pub fn to_kit_entry(row: audit::Row) -> Entry {
    Entry {
        id: row.id,
        at: row.at,
        actor: row.actor_name,
        remote_addr: row.remote_addr,
        verb: row.verb.label(),
        kind: match row.verb {
            Verb::Add => Kind::Added,
            Verb::Change | Verb::Register => Kind::Changed,
            Verb::Delete => Kind::Deleted,
            _ => Kind::Other,
        },
        name: row.object_name,
        changes: row.changes,
    }
}

/// Why nobody was signed in, in the reader's language.
pub fn login_error_text(error: &LoginError) -> String {
    match error {
        LoginError::Throttled(wait) => throttled_text(*wait),
        other => t(&other.to_string()).to_owned(),
    }
}

/// How long to wait after too many wrong passwords.
pub fn throttled_text(wait: Wait) -> String {
    say!("Too many wrong passwords. Try again in {n} seconds.", n = wait.seconds)
}

/// Why a delivery cannot be replayed, in a sentence.
pub fn skip_reason(skip: Skip) -> &'static str {
    match skip {
        Skip::Rejected => "It was rejected. Only authentic deliveries can run.",
        Skip::BodyGone => "Its body was removed.",
        Skip::Duplicate => "It is a duplicate of another delivery.",
        Skip::Made => "It is a replay or a manual delivery itself.",
        Skip::Secret => "The secret it was sent with no longer belongs to any webhook.",
        Skip::Disabled => "The webhook that it matches is disabled.",
        Skip::Unmatched => "No webhook matches it now.",
        Skip::Filtered => "A filter excludes it now.",
        Skip::Gone => "It was removed in the meantime.",
        Skip::Failed => "It could not be stored.",
    }
}
