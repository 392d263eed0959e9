//! What is told of an event for other reasons than one field that differs.

use super::super::project::is_update_sample;
use super::{
    Explanation, Remedy, Wanted, build_explanation, compare_fields, explain_one, renamed_sentence,
};
use crate::delivery_reason::{DeliveryReason, Place};
use crate::event::Event;
use crate::event::kind::SYSTEM_HOOK;
use crate::event::repository::RepositoryUrl;
use crate::sentence::Sentence;
use crate::webhook::Webhook;

/// What GitLab's sample is, which it sends for projects without a commit; none for a real event.
pub fn sample_reason(event: &Event) -> Option<DeliveryReason> {
    let is_sample = event.is_sample || is_update_sample(event);
    is_sample.then_some(if event.header == SYSTEM_HOOK {
        DeliveryReason::SystemSample
    } else {
        DeliveryReason::Sample
    })
}

/// The same, with what helps.
pub fn sample_explanation(event: &Event) -> Option<Explanation> {
    sample_reason(event).map(|reason| build_explanation(Remedy::PushOnce, reason.sentence()))
}

/// The repositories that the webhook asks for and that the event is of.
pub(super) fn compared_places(webhook: &Webhook, event: &Event) -> (Place, Place) {
    let place = |name: &str, url: &str| Place {
        name: name.to_owned(),
        url: RepositoryUrl::parse(url).to_string(),
    };
    (place(&webhook.repo_name, &webhook.repo_url), place(&event.repo_name, &event.repo_url))
}

/// The sentence for a project that was renamed or moved. What a person would not see, case and
/// spaces, is named as such.
pub fn explain_renamed(webhook: &Webhook, event: &Event) -> Explanation {
    let label = webhook.label();
    let wanted = Wanted::for_webhook(webhook, &label);
    let mut fields = compare_fields(&wanted, event);
    fields.retain(|field| !field.mark.is_equal());
    if let [only] = fields.as_slice()
        && only.expected.trim().to_lowercase() == only.actual.trim().to_lowercase()
    {
        return Explanation { remedy: Remedy::TakeOver, ..explain_one(&wanted, only) };
    }
    let (expected, actual) = compared_places(webhook, event);
    let sentence = renamed_sentence(&webhook.project_id, &label, &expected, &actual);
    build_explanation(Remedy::TakeOver, sentence)
}

/// The sentence for a secret that came with an event of another repository.
pub fn explain_elsewhere(label: &str) -> Explanation {
    let pattern = "No webhook is for this repository. It carries the secret of “{label}”.";
    build_explanation(Remedy::Create, Sentence::new(pattern).with("label", label))
}

/// The same, where the event is one of `meant`, whose secret did not come.
pub fn explain_misplaced(label: &str, meant: &str) -> Explanation {
    let sentence = Sentence::new(
        "It carries the secret of “{label}”, but fits “{meant}”. Enter the secret of “{meant}” in GitLab.",
    );
    build_explanation(Remedy::Nothing, sentence.with("label", label).with("meant", meant))
}

/// The sentence for a webhook of GitLab's that sends the events of two of ours, which have two
/// secrets.
pub fn not_shared(label: &str, meant: &str) -> Explanation {
    let sentence = Sentence::new(
        "It carries the secret of “{label}”, but fits “{meant}”. Give both webhooks the same secret.",
    );
    build_explanation(Remedy::Nothing, sentence.with("label", label).with("meant", meant))
}
