//! The one sentence that says what became of a delivery. It is stored in English: its patterns
//! stand in `locales/*/told/matching.po`, by which a page says it in the reader's language.

use super::filters;
use super::five_values::Comparison;
use super::trace::FieldCheck;
use crate::credential::Check;
use crate::event::Event;
use crate::webhook::Webhook;

/// Among which webhooks one is looked for.
#[derive(Clone, Copy)]
pub(super) enum Sought {
    /// All of them.
    Any,
    /// Those that wait for their registration.
    Pending,
}

/// On webhooks whose jobs are queued.
pub(super) fn queued(first: &Webhook, count: usize) -> String {
    let webhooks = named(first, count);
    format!("queued for {webhooks}")
}

/// On an event that registers nothing.
pub(super) const NO_PROJECT: &str = "The event names no project, so there is no id to register";

/// On a webhook that equals the event, but is switched off.
pub(super) fn disabled_reason(webhook: &Webhook) -> String {
    format!("{label:?} matches, but is disabled", label = webhook.label())
}

/// On a webhook that equals the event, but does not want it.
pub(super) fn filtered_reason(webhook: &Webhook, comparison: &Comparison) -> String {
    let label = webhook.label();
    let Some(check) = comparison.trace.filtered().next() else { return label };
    let (expected, actual) = (&check.expected, &check.actual);
    match check.field.as_str() {
        "obey_skip" => format!("{label:?} equals it, but {actual} asks for no run"),
        "ref_filter" if actual.is_empty() => {
            format!(
                "{label:?} equals it, but its ref_filter {expected:?} wants a branch or tag, and the event has none"
            )
        }
        "ref_filter" => {
            format!("{label:?} equals it, but its ref_filter {expected:?} leaves out {actual:?}")
        }
        "path_filter" => {
            format!(
                "{label:?} equals it, but its path_filter {expected:?} leaves out all it changes: {actual}"
            )
        }
        field => format!("{label:?} equals it, but its {field} {expected:?} is {actual}"),
    }
}

/// On the webhook that came nearest, of those whose credential was presented: to others nothing
/// of a webhook is told, since GitLab shows the answer to the maintainers of the project.
pub(super) fn nearest_reason(
    event: &Event,
    compared: &[(&Webhook, Comparison)],
    sought: Sought,
) -> String {
    let nearest = compared
        .iter()
        .filter(|(_, c)| c.accepted || c.credential == Check::SignatureRequired)
        .min_by_key(|(webhook, c)| (!c.is_renamed, c.trace.differing().count(), webhook.id));
    let Some((webhook, comparison)) = nearest else { return no_webhook(event, sought) };
    let label = webhook.label();
    if webhook.project_id.is_pending() && comparison.is_nearly_equal() {
        if webhook.register_on_first_event {
            return NO_PROJECT.to_owned();
        }
        return format!(
            "{label:?} equals it, but is pending registration: send it to the register address first"
        );
    }
    // A pending webhook has no id to differ in, and a filter is not what keeps another webhook away.
    let differing: Vec<_> = comparison
        .trace
        .differing()
        .filter(|check| !(webhook.project_id.is_pending() && check.field == "project_id"))
        .filter(|check| !filters::FIELDS.contains(&check.field.as_str()))
        .collect();
    let project_id = webhook.project_id;
    match differing.as_slice() {
        [_] if comparison.credential == Check::SignatureRequired => {
            format!(
                "{label:?} equals it, but requires a signature, and only its secret token was sent"
            )
        }
        [only] if comparison.is_renamed => {
            let (field, expected, delivered) = (&only.field, &only.expected, delivered(only));
            format!(
                "Project {project_id} was renamed or moved: update webhook {label:?}, whose {field} is {expected:?}, {delivered}"
            )
        }
        [only] => {
            let (field, expected, delivered) = (&only.field, &only.expected, delivered(only));
            match sought {
                Sought::Any => format!(
                    "No record matches; nearest is {label:?}: its {field} is {expected:?}, {delivered}"
                ),
                Sought::Pending => format!(
                    "No pending record matches; nearest is {label:?}: its {field} is {expected:?}, {delivered}"
                ),
            }
        }
        [name, url] if name.field == "repo_name" && url.field == "repo_url" => {
            let (expected, actual) = places(webhook, event);
            if comparison.is_renamed {
                format!(
                    "Project {project_id} was renamed or moved: update webhook {label:?} from {expected} to {actual}"
                )
            } else {
                format!("No webhook matches; {label:?} asks for {expected}, this is {actual}")
            }
        }
        _ => no_webhook(event, sought),
    }
}

/// What a webhook asks for and what came: name and address of the repository.
fn places(webhook: &Webhook, event: &Event) -> (String, String) {
    let place = |name: &str, url: &str| format!("{name:?} at {url:?}");
    (place(&webhook.repo_name, &webhook.repo_url), place(&event.repo_name, &event.repo_url))
}

fn delivered(check: &FieldCheck) -> String {
    if check.actual.is_empty() {
        "the delivery has none".to_owned()
    } else {
        let actual = &check.actual;
        format!("the delivery's {actual:?}")
    }
}

/// Says what the event is, and what it lacks: the body of a custom template has what was put in.
fn no_webhook(event: &Event, sought: Sought) -> String {
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
    let name = &event.repo_name;
    let told = match sought {
        Sought::Any => format!("No record for {kind:?} events of {project} ({name:?})"),
        Sought::Pending => format!("No pending record for {kind:?} events of {project} ({name:?})"),
    };
    // Many an event of a known kind has no repository by nature; without a kind it is a template's.
    if event.object_kind.is_empty() {
        let missing = missing.join(", ");
        format!("{told}: the body has {missing}")
    } else {
        told
    }
}

pub(super) fn named(first: &Webhook, count: usize) -> String {
    let label = first.label();
    match count.saturating_sub(1) {
        0 => format!("{label:?}"),
        more => format!("{label:?} and {more} more"),
    }
}
