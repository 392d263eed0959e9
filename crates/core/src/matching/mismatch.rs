//! What keeps an event from matching a webhook. The five fields with a mark each; the sentence for
//! what differs (`sentences.rs`), which the stored reason (`nearest.rs`) and the match panel share; for
//! the panel also what helps. What is decided, `super::decide` decides; this only says.

mod cases;
mod nearest;
mod sentences;

pub use cases::{
    explain_elsewhere, explain_misplaced, explain_renamed, not_shared, sample_explanation,
    sample_reason,
};
pub(super) use nearest::{Sought, nearest_reason};
pub use sentences::filtered_sentence;
pub(crate) use sentences::{difference_sentence, renamed_sentence};

use super::project::may_lack_repository;
use super::trace::{FieldCheck, MatchField};
use crate::credential::Check;
use crate::event::Event;
use crate::event::repository::RepositoryUrl;
use crate::sentence::Sentence;
use crate::verdict::Endpoint;
use crate::webhook::{ProjectId, Webhook};

/// What a webhook asks for, and how it stands.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the webhook's fields")]
pub struct Wanted<'a> {
    pub label: &'a str,
    pub repo_name: &'a str,
    pub repo_url: &'a str,
    pub object_kind: &'a str,
    pub http_x_gitlab_event: &'a str,
    pub project_id: ProjectId,
    pub enabled: bool,
    pub registers_on_first_event: bool,
}

impl<'a> Wanted<'a> {
    /// Of a webhook, which is called so.
    pub fn for_webhook(webhook: &'a Webhook, label: &'a str) -> Self {
        Self {
            label,
            repo_name: &webhook.repo_name,
            repo_url: &webhook.repo_url,
            object_kind: &webhook.object_kind,
            http_x_gitlab_event: &webhook.http_x_gitlab_event,
            project_id: webhook.project_id,
            enabled: webhook.enabled,
            registers_on_first_event: webhook.register_on_first_event,
        }
    }
}

/// How a field fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The same.
    Equal,
    /// Another form of the same address: ssh and http.
    OtherForm,
    /// Something else.
    Differs,
    /// The event has no such thing.
    Absent,
    /// The webhook waits for it.
    Awaited,
    /// Such events need not have it, and this one has not.
    NotCompared,
}

impl Mark {
    /// Whether the field is as the webhook wants it.
    pub fn is_equal(self) -> bool {
        matches!(self, Self::Equal | Self::OtherForm | Self::NotCompared)
    }
}

/// One of the five fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedField {
    /// Which.
    pub field: MatchField,
    /// What the webhook asks for.
    pub expected: String,
    /// What the event brings; empty for nothing.
    pub actual: String,
    /// How it fares.
    pub mark: Mark,
}

/// The five fields, in the form's order.
pub fn compare_fields(wanted: &Wanted<'_>, event: &Event) -> Vec<ComparedField> {
    let text = |field, expected: &str, actual: &str| ComparedField {
        field,
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        mark: if expected == actual { Mark::Equal } else { mark_difference(actual) },
    };
    let mut fields = vec![
        text(MatchField::RepoName, wanted.repo_name, &event.repo_name),
        compare_address(wanted.repo_url, event),
        text(MatchField::ObjectKind, wanted.object_kind, &event.object_kind),
        text(MatchField::EventHeader, wanted.http_x_gitlab_event, &event.header),
        compare_project(wanted.project_id, event.project_id),
    ];
    let same_project = fields.last().is_some_and(|project| project.mark.is_equal());
    if may_lack_repository(event, same_project) {
        let absent = fields.iter_mut().take(2).filter(|field| field.mark == Mark::Absent);
        absent.for_each(|field| field.mark = Mark::NotCompared);
    }
    fields
}

fn mark_difference(actual: &str) -> Mark {
    if actual.is_empty() { Mark::Absent } else { Mark::Differs }
}

fn compare_address(expected: &str, event: &Event) -> ComparedField {
    let canonical = RepositoryUrl::parse(expected);
    let same = event.repo_urls.iter().find(|url| RepositoryUrl::parse(url).same_as(&canonical));
    let actual = same.unwrap_or(&event.repo_url);
    let mark = match same {
        // Written alike in one of its forms is as good as alike.
        Some(_) if event.repo_urls.iter().any(|url| url == expected) => Mark::Equal,
        Some(_) => Mark::OtherForm,
        None if expected.is_empty() && actual.is_empty() => Mark::Equal,
        None => mark_difference(actual),
    };
    let (expected, actual) = (expected.to_owned(), actual.clone());
    ComparedField { field: MatchField::RepoUrl, expected, actual, mark }
}

fn compare_project(expected: ProjectId, actual: Option<i64>) -> ComparedField {
    let mark = match (expected, actual) {
        (ProjectId::Pending, Some(_)) => Mark::Awaited,
        (ProjectId::Known(expected), Some(actual)) if expected == actual => Mark::Equal,
        (ProjectId::Known(0), None) => Mark::Equal,
        (_, None) => Mark::Absent,
        (ProjectId::Known(_), Some(_)) => Mark::Differs,
    };
    let actual = actual.map_or_else(String::new, |id| id.to_string());
    ComparedField { field: MatchField::ProjectId, expected: expected.to_string(), actual, mark }
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing is wrong.
    Nothing,
    /// A webhook is missing.
    Create,
    /// The webhook's values.
    Fix,
    /// The webhook forgets its project.
    Reset,
    /// The webhook takes over the project's new name and address.
    TakeOver,
    /// The webhook's registration.
    Setup,
    /// The secret, in GitLab or in the webhook.
    Secret,
    /// The webhook is switched on.
    Enable,
    /// A commit in GitLab.
    PushOnce,
}

/// A sentence, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The sentence.
    pub sentence: Sentence,
    /// What helps.
    pub remedy: Remedy,
}

fn build_explanation(remedy: Remedy, sentence: impl Into<Sentence>) -> Explanation {
    Explanation { sentence: sentence.into(), remedy }
}

/// The sentence where no webhook comes near.
pub fn no_webhook() -> Explanation {
    build_explanation(Remedy::Create, "No webhook is for this repository.")
}

/// What stands between a webhook and an event: one sentence, by the most telling difference.
pub fn explain_mismatch(
    wanted: &Wanted<'_>,
    event: &Event,
    credential: Check,
    endpoint: Endpoint,
    allow_none: bool,
) -> Explanation {
    let fields = compare_fields(wanted, event);
    let off: Vec<&ComparedField> =
        fields.iter().filter(|field| matches!(field.mark, Mark::Differs | Mark::Absent)).collect();
    let label = wanted.label;
    let of_project = |id| wanted.project_id == ProjectId::Known(id);
    if credential == Check::Absent && event.project_id.is_some_and(of_project) {
        let sentence = Sentence::new(
            "It was sent without a secret, and “{label}” has one. GitLab forgets it when the URL is changed: enter it again.",
        );
        return build_explanation(Remedy::Setup, sentence.with("label", label));
    }
    let identity = [MatchField::RepoName, MatchField::RepoUrl, MatchField::ProjectId];
    let near = |found: &&ComparedField| identity.contains(&found.field) && found.mark.is_equal();
    if fields.iter().find(near).is_none() {
        return no_webhook();
    }
    match off.as_slice() {
        [] if !credential.is_accepted(allow_none) => explain_secret(label, credential),
        [] => explain_equal(wanted, endpoint),
        [only] => explain_one(wanted, only),
        several => {
            let names = several.iter().map(|off| Sentence::new(off.field.field_words())).collect();
            let sentence =
                Sentence::new("Nearest is “{label}”: {equal} of 5 values fit, {fields} differ.")
                    .with("label", label)
                    .with("equal", fields.len() - several.len())
                    .with_list("fields", names);
            build_explanation(Remedy::Fix, sentence)
        }
    }
}

/// All fields fit and the secret does too.
fn explain_equal(wanted: &Wanted<'_>, endpoint: Endpoint) -> Explanation {
    let label = wanted.label;
    let waits = wanted.project_id.is_pending();
    if waits && endpoint == Endpoint::Main && !wanted.registers_on_first_event {
        let sentence = Sentence::new(
            "“{label}” fits, but waits for its Test: this came to the main endpoint. Send the Test to the registration endpoint.",
        );
        return build_explanation(Remedy::Setup, sentence.with("label", label));
    }
    if !wanted.enabled && endpoint == Endpoint::Main {
        let sentence = Sentence::new("“{label}” fits, but is switched off.");
        return build_explanation(Remedy::Enable, sentence.with("label", label));
    }
    build_explanation(
        Remedy::Nothing,
        Sentence::new("“{label}” fits in every value.").with("label", label),
    )
}

fn explain_secret(label: &str, credential: Check) -> Explanation {
    // It is GitLab's form that lacks the secret: a healthy webhook is not told to change its own.
    let (remedy, pattern) = match credential {
        Check::Absent => (
            Remedy::Setup,
            "“{label}” fits, but no secret token was sent: enter the webhook's secret in GitLab's form.",
        ),
        Check::SignatureRequired => (
            Remedy::Setup,
            "“{label}” fits, but requires a signature, and this came unsigned. Check the signing token in GitLab's form.",
        ),
        Check::StaleSignature => (
            Remedy::Nothing,
            "“{label}” fits, but the signature is more than five minutes old or new: look at the clocks.",
        ),
        Check::NotRequired => (
            Remedy::Secret,
            "“{label}” fits, but has no secret, and nothing is accepted without one: set one.",
        ),
        Check::Wrong | Check::Valid(_) => (
            Remedy::Setup,
            "“{label}” fits, but the secret is wrong: GitLab's form holds another one than the webhook.",
        ),
    };
    build_explanation(remedy, Sentence::new(pattern).with("label", label))
}

/// One field is off.
fn explain_one(wanted: &Wanted<'_>, off: &ComparedField) -> Explanation {
    let is_project = off.field == MatchField::ProjectId && off.mark != Mark::Absent;
    let remedy = if is_project { Remedy::Reset } else { Remedy::Fix };
    let check = FieldCheck::new(off.field, &*off.expected, &*off.actual, false);
    build_explanation(remedy, difference_sentence(wanted.label, &check))
}

#[cfg(test)]
mod tests;
