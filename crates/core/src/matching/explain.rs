//! A webhook beside an event, for a person: five fields with a mark each, and one plain sentence
//! with what to do about it. What is decided, `super::decide` decides; this only tells.

mod cases;

pub use cases::{
    SAMPLE, SYSTEM_SAMPLE, elsewhere, misplaced, not_shared, renamed, sample, sample_sentence,
};

use super::project::may_lack_repository;
use crate::credential::Check;
use crate::event::Event;
use crate::event::repository::RepositoryUrl;
use crate::sentence::Sentence;
use crate::verdict::Endpoint;
use crate::webhook::{ProjectId, Webhook};

/// What a webhook asks for, and how it stands.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the record's fields")]
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
    pub fn of(webhook: &'a Webhook, label: &'a str) -> Self {
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
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What the webhook asks for.
    pub expected: String,
    /// What the event brings; empty for nothing.
    pub actual: String,
    /// How it fares.
    pub mark: Mark,
}

/// The five fields, in the form's order.
pub fn fields(wanted: &Wanted<'_>, event: &Event) -> Vec<Field> {
    let text = |name, expected: &str, actual: &str| Field {
        name,
        expected: expected.to_owned(),
        actual: actual.to_owned(),
        mark: if expected == actual { Mark::Equal } else { differs(actual) },
    };
    let mut fields = vec![
        text("repo_name", wanted.repo_name, &event.repo_name),
        address(wanted.repo_url, event),
        text("object_kind", wanted.object_kind, &event.object_kind),
        text("http_x_gitlab_event", wanted.http_x_gitlab_event, &event.header),
        project(wanted.project_id, event.project_id),
    ];
    let same_project = fields.last().is_some_and(|project| project.mark.is_equal());
    if may_lack_repository(event, same_project) {
        let absent = fields.iter_mut().take(2).filter(|field| field.mark == Mark::Absent);
        absent.for_each(|field| field.mark = Mark::NotCompared);
    }
    fields
}

fn differs(actual: &str) -> Mark {
    if actual.is_empty() { Mark::Absent } else { Mark::Differs }
}

fn address(expected: &str, event: &Event) -> Field {
    let canonical = RepositoryUrl::parse(expected);
    let same = event.repo_urls.iter().find(|url| RepositoryUrl::parse(url).same_as(&canonical));
    let actual = same.unwrap_or(&event.repo_url);
    let mark = match same {
        // Written alike in one of its forms is as good as alike.
        Some(_) if event.repo_urls.iter().any(|url| url == expected) => Mark::Equal,
        Some(_) => Mark::OtherForm,
        None if expected.is_empty() && actual.is_empty() => Mark::Equal,
        None => differs(actual),
    };
    Field { name: "repo_url", expected: expected.to_owned(), actual: actual.clone(), mark }
}

fn project(expected: ProjectId, actual: Option<i64>) -> Field {
    let mark = match (expected, actual) {
        (ProjectId::Pending, Some(_)) => Mark::Awaited,
        (ProjectId::Known(expected), Some(actual)) if expected == actual => Mark::Equal,
        (ProjectId::Known(0), None) => Mark::Equal,
        (_, None) => Mark::Absent,
        (ProjectId::Known(_), Some(_)) => Mark::Differs,
    };
    let actual = actual.map_or_else(String::new, |id| id.to_string());
    Field { name: "project_id", expected: expected.to_string(), actual, mark }
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
pub struct Told {
    /// The sentence.
    pub sentence: Sentence,
    /// What helps.
    pub remedy: Remedy,
    /// The fields in its gap `fields`, which it lists in English.
    pub off: Vec<&'static str>,
}

fn told(remedy: Remedy, sentence: impl Into<Sentence>) -> Told {
    Told { sentence: sentence.into(), remedy, off: Vec::new() }
}

/// The sentence where no webhook comes near.
pub fn no_webhook() -> Told {
    told(Remedy::Create, "No webhook is for this repository.")
}

/// What stands between a webhook and an event: one sentence, by the most telling difference.
pub fn tell(
    wanted: &Wanted<'_>,
    event: &Event,
    credential: Check,
    (endpoint, allow_none): (Endpoint, bool),
) -> Told {
    let fields = fields(wanted, event);
    let off: Vec<&Field> =
        fields.iter().filter(|field| matches!(field.mark, Mark::Differs | Mark::Absent)).collect();
    let label = wanted.label;
    let of_project = |id| wanted.project_id == ProjectId::Known(id);
    if credential == Check::Absent && event.project_id.is_some_and(of_project) {
        let sentence = Sentence::new(
            "It was sent without a secret, and “{label}” has one. GitLab forgets it when the URL is changed: enter it again.",
        );
        return told(Remedy::Setup, sentence.with("label", label));
    }
    let identity = ["repo_name", "repo_url", "project_id"];
    let near = |field: &&Field| identity.contains(&field.name) && field.mark.is_equal();
    if fields.iter().find(near).is_none() {
        return no_webhook();
    }
    match off.as_slice() {
        [] if !credential.accepted(allow_none) => secret(label, credential),
        [] => equal(wanted, endpoint),
        [only] => one(wanted, only),
        several => {
            let names: Vec<&str> = several.iter().map(|field| words(field.name)).collect();
            let equal = fields.len() - several.len();
            let sentence =
                Sentence::new("Nearest is “{label}”: {equal} of 5 values fit, {fields} differ.")
                    .with("label", label)
                    .with("equal", equal)
                    .with("fields", listed(&names));
            let off = several.iter().map(|field| words(field.name)).collect();
            Told { off, ..told(Remedy::Fix, sentence) }
        }
    }
}

/// All fields fit and the secret does too.
fn equal(wanted: &Wanted<'_>, endpoint: Endpoint) -> Told {
    let label = wanted.label;
    let waits = wanted.project_id.is_pending();
    if waits && endpoint == Endpoint::Main && !wanted.registers_on_first_event {
        let sentence = Sentence::new(
            "“{label}” fits, but waits for its Test: this came to the main address. Send the Test to the registration address.",
        );
        return told(Remedy::Setup, sentence.with("label", label));
    }
    if !wanted.enabled && endpoint == Endpoint::Main {
        let sentence = Sentence::new("“{label}” fits, but is switched off.");
        return told(Remedy::Enable, sentence.with("label", label));
    }
    told(Remedy::Nothing, Sentence::new("“{label}” fits in every value.").with("label", label))
}

fn secret(label: &str, credential: Check) -> Told {
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
    told(remedy, Sentence::new(pattern).with("label", label))
}

/// One field is off.
fn one(wanted: &Wanted<'_>, field: &Field) -> Told {
    let (label, expected, actual) = (wanted.label, &field.expected, &field.actual);
    let quoted = |text: &str| format!("{text:?}");
    if field.mark == Mark::Absent {
        let sentence = Sentence::new(absent(field.name))
            .with("label", label)
            .with("expected", quoted(expected));
        return told(Remedy::Fix, sentence);
    }
    if field.name == "project_id" {
        let sentence = Sentence::new(
            "“{label}” is registered to project {expected}, this is project {actual}. If the project was moved or made anew, reset its registration.",
        );
        let sentence = sentence.with("label", label).with("expected", expected);
        return told(Remedy::Reset, sentence.with("actual", actual));
    }
    let sentence = Sentence::new(how(field)).with("label", label);
    let sentence = if field.name == "repo_url" {
        let canonical = |text: &str| RepositoryUrl::parse(text.trim()).to_string();
        sentence.with("expected", canonical(expected)).with("actual", canonical(actual))
    } else {
        sentence.with("expected", quoted(expected)).with("actual", quoted(actual))
    };
    told(Remedy::Fix, sentence)
}

/// The sentence for a field that the event lacks.
fn absent(field: &str) -> &'static str {
    match field {
        "repo_name" => "This event carries no repository name, but “{label}” asks for {expected}.",
        "repo_url" => "This event carries no repository URL, but “{label}” asks for {expected}.",
        "object_kind" => "This event carries no object kind, but “{label}” asks for {expected}.",
        "project_id" => "This event carries no project ID, but “{label}” asks for {expected}.",
        _ => "This event carries no event header, but “{label}” asks for {expected}.",
    }
}

/// In what way two texts differ, where a person might not see it.
fn how(field: &Field) -> &'static str {
    let (expected, actual) = (field.expected.trim(), field.actual.trim());
    let in_case = expected.to_lowercase() == actual.to_lowercase();
    match field.name {
        "repo_url" => {
            let (expected, actual) = (RepositoryUrl::parse(expected), RepositoryUrl::parse(actual));
            if expected.to_string().to_lowercase() == actual.to_string().to_lowercase() {
                "“{label}” fits but for the address: it differs in upper and lower case only."
            } else if expected.path() == actual.path() {
                "“{label}” fits but for the address: the same path, but on another server."
            } else {
                "“{label}” fits but for the address: it asks for {expected}, this is {actual}."
            }
        }
        "repo_name" if expected == actual => {
            "“{label}” expects the repository name {expected}, got {actual}: they differ in spaces only."
        }
        "repo_name" if in_case => {
            "“{label}” expects the repository name {expected}, got {actual}: they differ in upper and lower case only."
        }
        "repo_name" => "“{label}” expects the repository name {expected}, got {actual}.",
        "object_kind" if expected == actual => {
            "“{label}” expects the object kind {expected}, got {actual}: they differ in spaces only."
        }
        "object_kind" if in_case => {
            "“{label}” expects the object kind {expected}, got {actual}: they differ in upper and lower case only."
        }
        "object_kind" => "“{label}” expects the object kind {expected}, got {actual}.",
        _ if expected == actual => {
            "“{label}” expects the event header {expected}, got {actual}: they differ in spaces only."
        }
        _ if in_case => {
            "“{label}” expects the event header {expected}, got {actual}: they differ in upper and lower case only."
        }
        _ => "“{label}” expects the event header {expected}, got {actual}.",
    }
}

/// A field in a sentence.
pub fn words(field: &'static str) -> &'static str {
    match field {
        "repo_name" => "repository name",
        "repo_url" => "repository URL",
        "object_kind" => "object kind",
        "http_x_gitlab_event" => "event header",
        "project_id" => "project ID",
        other => other,
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests;
