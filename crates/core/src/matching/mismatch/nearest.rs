//! The reason to store for an event that matches no webhook.

use super::cases::compared_places;
use crate::credential::Check;
use crate::delivery_reason::DeliveryReason;
use crate::event::Event;
use crate::matching::five_values::Comparison;
use crate::matching::trace::{FieldCheck, MatchField};
use crate::webhook::Webhook;

/// Among which webhooks one is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::matching) enum Sought {
    /// All of them.
    Any,
    /// Those that wait for their registration.
    Pending,
}

/// On the webhook that came nearest, of those whose credential was presented: to others nothing
/// of a webhook is told, since GitLab shows the answer to the maintainers of the project.
pub(in crate::matching) fn nearest_reason(
    event: &Event,
    compared: &[(&Webhook, Comparison)],
    sought: Sought,
) -> DeliveryReason {
    let nearest = compared
        .iter()
        .filter(|(_, c)| c.accepted || c.credential == Check::SignatureRequired)
        .min_by_key(|(webhook, c)| (!c.is_renamed, c.trace.differing_checks().count(), webhook.id));
    let Some((nearest, comparison)) = nearest else { return no_webhook(event, sought) };
    let (webhook, is_pending) = (nearest.label(), nearest.project_id.is_pending());
    if is_pending && comparison.is_nearly_equal() {
        if nearest.register_on_first_event {
            return DeliveryReason::NoProject;
        }
        return DeliveryReason::AwaitsRegistration { webhook };
    }
    // A pending webhook has no id to differ in, and a filter is not what keeps another one away.
    let differing: Vec<&FieldCheck> = comparison
        .trace
        .differing_checks()
        .filter(|check| !(is_pending && check.field == MatchField::ProjectId))
        .filter(|check| !check.field.is_filter())
        .collect();
    let (expected, actual) = compared_places(nearest, event);
    match differing.as_slice() {
        [_] if comparison.credential == Check::SignatureRequired => {
            DeliveryReason::Unsigned { webhook }
        }
        [_] | [_, _] if comparison.is_renamed => {
            let project = nearest.project_id.raw();
            DeliveryReason::Renamed { project, webhook, expected, actual }
        }
        [only] => {
            let pending = sought == Sought::Pending;
            DeliveryReason::Differs { webhook, check: (*only).clone(), pending }
        }
        [name, url] if name.field == MatchField::RepoName && url.field == MatchField::RepoUrl => {
            DeliveryReason::OtherRepository { webhook, expected, actual }
        }
        _ => no_webhook(event, sought),
    }
}

fn no_webhook(event: &Event, sought: Sought) -> DeliveryReason {
    let lacks = [
        (MatchField::ObjectKind, event.object_kind.is_empty()),
        (MatchField::ProjectId, event.project_id.is_none()),
        (MatchField::RepoName, event.repo_name.is_empty()),
        (MatchField::RepoUrl, event.repo_urls.is_empty()),
    ];
    // Many an event of a known kind has no repository by nature; without a kind it is a template's.
    let is_template = event.object_kind.is_empty();
    let missing = lacks.into_iter().filter(|(_, lacks)| is_template && *lacks);
    DeliveryReason::NoWebhook {
        object_kind: event.object_kind.clone(),
        project: event.project_id,
        repo_name: event.repo_name.clone(),
        pending: sought == Sought::Pending,
        missing: missing.map(|(field, _)| field).collect(),
    }
}
