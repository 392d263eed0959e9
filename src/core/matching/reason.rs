//! The one sentence that says why nothing ran.

use super::filters;
use super::five_values::Comparison;
use super::trace::FieldCheck;
use crate::core::event::Event;
use crate::core::webhook::Webhook;

/// On a record that equals the event, but does not want it.
pub(super) fn filtered_reason(record: &Webhook, comparison: &Comparison) -> String {
    let name = quoted(record);
    let Some(check) = comparison.trace.filtered().next() else { return name };
    let (expected, actual) = (&check.expected, &check.actual);
    match check.field.as_str() {
        "obey_skip" => format!("{name} equals it, but {actual} asks for no run"),
        "ref_filter" if actual.is_empty() => {
            format!(
                "{name} equals it, but its ref_filter {expected:?} wants a branch or tag, and the event has none"
            )
        }
        "ref_filter" => {
            format!("{name} equals it, but its ref_filter {expected:?} leaves out {actual:?}")
        }
        "path_filter" => {
            format!(
                "{name} equals it, but its path_filter {expected:?} leaves out all it changes: {actual}"
            )
        }
        field => format!("{name} equals it, but its {field} {expected:?} is {actual}"),
    }
}

/// On the record that came nearest.
pub(super) fn nearest_reason(
    event: &Event,
    compared: &[(&Webhook, Comparison)],
    what: &str,
) -> String {
    let nearest =
        compared.iter().min_by_key(|(record, c)| (c.trace.differing().count(), record.id));
    let Some((record, comparison)) = nearest else { return no_record(event, what) };
    if record.project_id.is_pending() && comparison.is_nearly_equal() {
        return format!(
            "{} equals it, but is pending registration: send it to the register address first",
            quoted(record)
        );
    }
    // A pending record has no id to differ in, and a filter is not what keeps another record away.
    let differing: Vec<_> = comparison
        .trace
        .differing()
        .filter(|check| !(record.project_id.is_pending() && check.field == "project_id"))
        .filter(|check| !filters::FIELDS.contains(&check.field.as_str()))
        .collect();
    match differing.as_slice() {
        [only] if only.field == "credential" => {
            format!("{} equals it, but its secret is another one", quoted(record))
        }
        [only] => format!(
            "No {what} matches; nearest is {}: its {} is {:?}, {}",
            quoted(record),
            only.field,
            only.expected,
            delivered(only)
        ),
        _ => no_record(event, what),
    }
}

fn delivered(check: &FieldCheck) -> String {
    if check.actual.is_empty() {
        "the delivery has none".to_owned()
    } else {
        format!("the delivery's {:?}", check.actual)
    }
}

/// Says what the event is, and what it lacks: the body of a custom template has what was put in.
fn no_record(event: &Event, what: &str) -> String {
    let mut missing = Vec::new();
    let mut note = |is_missing: bool, name| {
        if is_missing {
            missing.push(name);
        }
    };
    note(event.object_kind.is_empty(), "no object_kind");
    note(event.project_id.is_none(), "no project id");
    note(event.repo_name.is_empty(), "no repository name");
    note(event.repo_urls.is_empty(), "no repository address");
    let project =
        event.project_id.map_or_else(|| "no project".to_owned(), |id| format!("project {id}"));
    let kind = if event.object_kind.is_empty() { "unknown" } else { &event.object_kind };
    let told = format!("No {what} for {kind:?} events of {project} ({:?})", event.repo_name);
    // Many an event of a known kind has no repository by nature; without a kind it is a template's.
    if event.object_kind.is_empty() {
        format!("{told}: the body has {}", missing.join(", "))
    } else {
        told
    }
}

pub(super) fn quoted(record: &Webhook) -> String {
    format!("{:?}", record.label())
}

pub(super) fn named(first: &Webhook, count: usize) -> String {
    match count {
        1 => quoted(first),
        more => format!("{} and {} more", quoted(first), more - 1),
    }
}
