//! What is told of an event for other reasons than one field that differs.

use super::super::project::is_update_sample;
use super::{Remedy, Told, Wanted, fields, one, told};
use crate::event::Event;
use crate::event::kind::SYSTEM_HOOK;
use crate::event::repository::RepositoryUrl;
use crate::sentence::Sentence;
use crate::webhook::Webhook;

/// What a delivery of GitLab's sample is told, which it sends for projects without a commit.
pub const SAMPLE: &str = "This is GitLab's sample for a project that has no commits yet: push once, then press Test again.";
/// The same for the sample that it sends as a system hook's Test.
pub const SYSTEM_SAMPLE: &str = "This is the sample that GitLab sends as a system hook's Test. The first real event registers the webhook.";

/// What a sample is told; none for a real event.
pub fn sample_sentence(event: &Event) -> Option<&'static str> {
    let is_sample = event.is_sample || is_update_sample(event);
    is_sample.then_some(if event.header == SYSTEM_HOOK { SYSTEM_SAMPLE } else { SAMPLE })
}

/// The same, with what helps.
pub fn sample(event: &Event) -> Option<Told> {
    sample_sentence(event).map(|sentence| told(Remedy::PushOnce, sentence))
}

/// The sentence for a project that was renamed or moved. What a person would not see, case and
/// spaces, is named as such.
pub fn renamed(webhook: &Webhook, event: &Event) -> Told {
    let label = webhook.label();
    let wanted = Wanted::of(webhook, &label);
    let mut fields = fields(&wanted, event);
    fields.retain(|field| !field.mark.is_equal());
    if let [only] = fields.as_slice()
        && only.expected.trim().to_lowercase() == only.actual.trim().to_lowercase()
    {
        return Told { remedy: Remedy::TakeOver, ..one(&wanted, only) };
    }
    let sentence = Sentence::new(
        "Project {project} was renamed or moved. “{label}” still asks for {expected}; this is {actual}.",
    );
    let place = |name: &str, url: &str| format!("{name:?} ({})", RepositoryUrl::parse(url));
    let sentence = sentence
        .with("project", webhook.project_id)
        .with("label", label)
        .with("expected", place(&webhook.repo_name, &webhook.repo_url))
        .with("actual", place(&event.repo_name, &event.repo_url));
    told(Remedy::TakeOver, sentence)
}

/// The sentence for a secret that came with an event of another repository.
pub fn elsewhere(label: &str) -> Told {
    let pattern = "No webhook is for this repository. It carries the secret of “{label}”.";
    told(Remedy::Create, Sentence::new(pattern).with("label", label))
}

/// The same, where the event is one of `meant`, whose secret did not come.
pub fn misplaced(label: &str, meant: &str) -> Told {
    let sentence = Sentence::new(
        "It carries the secret of “{label}”, but fits “{meant}”. Enter the secret of “{meant}” in GitLab.",
    );
    told(Remedy::Nothing, sentence.with("label", label).with("meant", meant))
}

/// The sentence for a webhook of GitLab's that sends the events of two of ours, which have two
/// secrets.
pub fn not_shared(label: &str, meant: &str) -> Told {
    let sentence = Sentence::new(
        "It carries the secret of “{label}”, but fits “{meant}”. Give both webhooks the same secret.",
    );
    told(Remedy::Nothing, sentence.with("label", label).with("meant", meant))
}
