//! A webhook's fields as the audit log keeps them. Secrets are not among them.

use chrono::{DateTime, Utc};
use signalbox_core::change::{Snapshot, Value};
use signalbox_store::webhooks::Row;

fn number_or_none(number: Option<i32>) -> Value {
    number.map_or(Value::None, |number| Value::Number(number.into()))
}

/// The fields of a webhook, for telling before from after.
pub(super) fn take_snapshot(row: &Row) -> Snapshot {
    let text = |text: &str| Value::Text(text.to_owned());
    let time = |at: Option<DateTime<Utc>>| {
        at.map_or(Value::None, |at| Value::Text(at.format("%Y-%m-%d %H:%M UTC").to_string()))
    };
    Snapshot::from([
        ("name", text(&row.name)),
        ("repo_name", text(&row.repo_name)),
        ("repo_url", text(&row.repo_url)),
        ("object_kind", text(&row.object_kind)),
        ("project_id", Value::Number(row.project_id)),
        ("http_x_gitlab_event", text(&row.http_x_gitlab_event)),
        ("enabled", Value::Bool(row.enabled)),
        ("ref_filter", text(&row.ref_filter)),
        ("path_filter", text(&row.path_filter)),
        ("condition", text(&row.condition)),
        ("obey_skip", Value::Bool(row.obey_skip)),
        ("previous_secret_until", time(row.previous_secret_until)),
        ("previous_signing_until", time(row.previous_signing_until)),
        ("require_signature", Value::Bool(row.require_signature)),
        ("register_on_first_event", Value::Bool(row.register_on_first_event)),
        ("action", text(&row.action)),
        ("action_params", text(&row.action_params.to_string())),
        ("concurrency", text(row.concurrency.as_str())),
        ("debounce_s", Value::Number(i64::from(row.debounce_s))),
        ("cancel_running", Value::Bool(row.cancel_running)),
        ("max_concurrent_jobs", number_or_none(row.max_concurrent_jobs)),
        ("max_attempts", Value::Number(i64::from(row.max_attempts))),
        ("timeout_s", number_or_none(row.timeout_s)),
        ("notes", text(&row.notes)),
    ])
}
