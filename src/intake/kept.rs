//! How much is kept of what a sender writes: what an index must hold, and what a stranger may cost.

use serde_json::Value;
use signalbox_core::delivery_reason::DeliveryReason;
use signalbox_core::event::Event;
use signalbox_core::matching::trace::Trace;
use signalbox_store::arrivals::{NewDelivery, StoredReason};
use signalbox_store::types::JsonText;
use std::collections::BTreeMap;

/// Most bytes of an indexed value: an index of PostgreSQL's takes 2,704 a row, its id among them.
const INDEXED: usize = 2_000;

/// Most bytes of a title; GitLab's own have at most 255 characters.
const TITLE: usize = 300;

/// Most bytes of a rejected delivery, as a whole.
const REJECTED: usize = 4 * 1024;
/// Most bytes of each of its texts, of its trace, and of what has a fixed size.
const TEXT: usize = 100;
const SUMMARY: usize = 300;
const TRACE: usize = 1_200;
const FIXED: usize = 300;

/// The beginning of a text, in whole characters.
pub(super) fn truncate_text(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

/// As much of a value as an index holds.
pub(super) fn truncate_indexed(text: &str) -> &str {
    truncate_text(text, INDEXED)
}

/// What an event is about, in a line.
pub(super) fn title_of(event: &Event) -> &str {
    truncate_text(event.headline(), TITLE)
}

/// The headers of a rejected delivery.
pub(super) fn headers_of_rejected(headers: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    headers.iter().map(|(name, value)| (name.as_str(), truncate_text(value, TEXT))).collect()
}

/// Why a delivery was rejected.
pub(super) fn reason_of_rejected(reason: &DeliveryReason) -> StoredReason {
    let summary = truncate_text(&reason.to_string(), SUMMARY).to_owned();
    let (code, mut args) = reason.to_stored();
    let values = args.as_mut().and_then(Value::as_object_mut);
    for value in values.into_iter().flat_map(|values| values.values_mut()) {
        if let Value::String(text) = value {
            *text = truncate_text(text, TEXT).to_owned();
        }
    }
    StoredReason { summary, code, args: args.as_ref().map(JsonText::from_value) }
}

/// The trace of a rejected delivery: the nearest webhooks, as far as there is room.
pub(super) fn trace_of_rejected(mut trace: Trace) -> Trace {
    for webhook in &mut trace.webhooks {
        webhook.label = truncate_text(&webhook.label, TEXT).to_owned();
        for check in &mut webhook.checks {
            check.expected = truncate_text(&check.expected, TEXT).to_owned();
            check.actual = truncate_text(&check.actual, TEXT).to_owned();
        }
    }
    trace.urls.retain(|url| url.len() <= TEXT);
    trace.urls.truncate(2);
    while trace_size(&trace) > TRACE && trace.webhooks.pop().is_some() {}
    trace
}

fn trace_size(trace: &Trace) -> usize {
    serde_json::to_vec(trace).map_or(0, |text| text.len())
}

/// Shortens a rejected delivery whose headers and trace have this size: its body gets what is left.
pub(super) fn shorten_rejected(row: &mut NewDelivery<'_>, headers_and_trace: usize) {
    let texts = [
        &mut row.event,
        &mut row.object_kind,
        &mut row.repo_name,
        &mut row.repo_url,
        &mut row.git_ref,
        &mut row.sha,
        &mut row.user_name,
        &mut row.user_email,
        &mut row.idempotency_key,
        &mut row.title,
    ];
    let mut used = FIXED + headers_and_trace + row.why.text_bytes();
    for text in texts {
        *text = truncate_text(text, TEXT);
        used += text.len();
    }
    // Whoever may not send anything may not lead anybody anywhere.
    row.web_url = "";
    let left = REJECTED.saturating_sub(used);
    row.body = row.body.map(|body| body.get(..left).unwrap_or(body));
}
