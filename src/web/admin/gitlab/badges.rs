//! How a connection, a call and a webhook in GitLab stand, as badges and sentences.

use crate::connections::{MissedEvents, ends_soon, find_drift};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::badge::{Badge, Tone};
use chrono::{DateTime, Utc};
use signalbox_core::listing::group_thousands;
use signalbox_gitlab::ApiFailure;
use signalbox_gitlab::hooks::Drift;
use signalbox_i18n::{self as i18n, say, t};
use signalbox_store::gitlab::{Connection, HookRow};

/// How a connection stands.
pub fn connection_badge(connection: &Connection, now: DateTime<Utc>) -> Badge {
    match (connection.checked_at, &connection.failure) {
        (None, _) => Badge::new("unchecked", "Not checked yet", "question", Tone::Quiet),
        (_, Some(_)) => Badge::new("failed", "Failed", "cross", Tone::Bad),
        _ if ends_soon(connection, now) => {
            Badge::new("expiring", "Token expires soon", "warning", Tone::Caution)
        }
        _ => Badge::new("connected", "Connected", "check", Tone::Good),
    }
}

/// What a stored failure says.
pub fn failure_text(stored: Option<&serde_json::Value>) -> Option<String> {
    stored.map(|stored| match ApiFailure::from_stored(stored) {
        Some(failure) => i18n::say(&failure.sentence()),
        // Of another version.
        None => t("Failed").to_owned(),
    })
}

/// How a webhook in GitLab stands, and what is to be said of it.
pub fn hook_state(row: &HookRow) -> (Badge, Vec<String>) {
    let drift = find_drift(&row.hook, &row.webhooks);
    let mut told: Vec<String> = failure_text(row.hook.failure.as_ref()).into_iter().collect();
    told.extend(drift.iter().map(drift_text));
    if row.hook.unwritten && row.hook.hook_id.is_some() {
        told.push(t("GitLab does not have its new tokens yet.").to_owned());
    }
    if row.hook.archived {
        told.push(t("The project is archived.").to_owned());
    }
    told.extend(missed_text(row.hook.missed.as_ref()));
    let is_disabled = drift.iter().any(|drift| matches!(drift, Drift::Disabled { .. }));
    let badge = if row.hook.failure.is_some() {
        Badge::new("failed", "Failed", "cross", Tone::Bad)
    } else if is_disabled {
        Badge::new("disabled", "Disabled in GitLab", "slash", Tone::Bad)
    } else if row.hook.hook_id.is_none() {
        Badge::new("missing", "Not in GitLab yet", "hourglass", Tone::Plain)
    } else if drift.is_empty() && !row.hook.unwritten && row.hook.missed.is_some() {
        Badge::new("missed", "Missed events", "warning", Tone::Caution)
    } else if drift.is_empty() && row.hook.archived {
        Badge::new("archived", "Archived", "slash", Tone::Quiet)
    } else if drift.is_empty() && !row.hook.unwritten {
        Badge::new("healthy", "In order", "check", Tone::Good)
    } else {
        Badge::new("differs", "Differs", "warning", Tone::Caution)
    };
    (badge, told)
}

/// What waits for a person in GitLab's log.
fn missed_text(stored: Option<&serde_json::Value>) -> Option<String> {
    let missed: MissedEvents = serde_json::from_value(stored?.clone()).ok()?;
    let kinds: Vec<String> = missed
        .kinds
        .iter()
        .map(|(kind, count)| format!("{}: {}", t(kind), group_thousands(*count)))
        .collect();
    Some(say!(
        "GitLab could not deliver {n} events from {from} to {to} ({kinds}). “Catch up” runs them.",
        n = group_thousands(missed.count),
        from = At(missed.from).minute(),
        to = At(missed.to).minute(),
        kinds = kinds.join(", ")
    ))
}

fn drift_text(drift: &Drift) -> String {
    match drift {
        Drift::Url { is } => say!("It sends to {address}.", address = is),
        Drift::SslVerification => t("It accepts any certificate.").to_owned(),
        Drift::Trigger(trigger) => say!("It does not send {trigger}.", trigger = trigger.0),
        Drift::Token => t("It has no secret token.").to_owned(),
        Drift::SigningToken => t("It has no signing token.").to_owned(),
        Drift::BranchFilter { is } => {
            say!("It sends pushes of these branches only: {filter}.", filter = is)
        }
        Drift::Template => t("It sends a custom template instead of the event.").to_owned(),
        Drift::Disabled { until: Some(until) } => {
            say!("GitLab sends nothing to it until {time}.", time = At(*until).minute())
        }
        Drift::Disabled { until: None } => t("GitLab sends nothing to it.").to_owned(),
    }
}
