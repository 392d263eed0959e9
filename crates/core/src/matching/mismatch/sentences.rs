//! The sentence for each way in which a webhook and an event may miss each other in one thing.

use crate::delivery_reason::Place;
use crate::event::GitRef;
use crate::event::repository::RepositoryUrl;
use crate::matching::filters::{PUSH_OPTION, UNREADABLE};
use crate::matching::trace::{FieldCheck, MatchField};
use crate::sentence::Sentence;

/// The sentence for a webhook and an event that differ in one field.
pub(crate) fn difference_sentence(label: &str, check: &FieldCheck) -> Sentence {
    let (expected, actual) = (&check.expected, &check.actual);
    let quoted = |text: &str| format!("{text:?}");
    if actual.is_empty() {
        return Sentence::new(absent_sentence(check.field))
            .with("label", label)
            .with("expected", quoted(expected));
    }
    let sentence = Sentence::new(how_texts_differ(check)).with("label", label);
    match check.field {
        MatchField::ProjectId => sentence.with("expected", expected).with("actual", actual),
        MatchField::RepoUrl => {
            let canonical = |text: &str| RepositoryUrl::parse(text.trim()).to_string();
            sentence.with("expected", canonical(expected)).with("actual", canonical(actual))
        }
        _ => sentence.with("expected", quoted(expected)).with("actual", quoted(actual)),
    }
}

/// The sentence for a project whose webhook asks for the name and URL that it had before.
pub(crate) fn renamed_sentence(
    project: &impl ToString,
    label: &str,
    expected: &Place,
    actual: &Place,
) -> Sentence {
    Sentence::new(
        "Project {project} was renamed or moved. “{label}” still asks for {expected}; this is {actual}.",
    )
    .with("project", project.to_string())
    .with("label", label)
    .with("expected", expected)
    .with("actual", actual)
}

/// The sentence for an event that matches a webhook but for this filter.
pub fn filtered_sentence(label: &str, check: &FieldCheck) -> Sentence {
    let FieldCheck { field, expected, actual, words, .. } = check;
    let said = words.clone().unwrap_or_else(|| actual.clone().into());
    if expected == UNREADABLE {
        return Sentence::new("Filtered: the {field} of “{label}” cannot be read. {fault}")
            .with_sentence("field", field.field_words())
            .with("label", label)
            .with_sentence("fault", said);
    }
    let lines: Vec<&str> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let pattern = match field {
        MatchField::RefFilter if actual.is_empty() => {
            "Filtered: “{label}” runs only for branch or tag {expected}; this event has neither"
        }
        MatchField::RefFilter => {
            "Filtered: “{label}” runs only for branch or tag {expected}; this event is for {actual}"
        }
        MatchField::PathFilter => {
            "Filtered: “{label}” runs only for changes of {expected}; this push changes {actual}"
        }
        MatchField::ObeySkip => "Filtered: “{label}” obeys skip requests; this event has {actual}",
        _ => "Filtered: “{label}” runs only if “{expected}”, which is {actual}",
    };
    let sentence = Sentence::new(pattern).with("label", label).with("expected", lines.join(", "));
    match field {
        MatchField::RefFilter => {
            sentence.with("actual", GitRef::from(actual.as_str()).short_name())
        }
        MatchField::ObeySkip if actual == PUSH_OPTION => {
            sentence.with_sentence("actual", PUSH_OPTION)
        }
        _ => sentence.with_sentence("actual", said),
    }
}

/// The sentence for a field that the event lacks.
fn absent_sentence(field: MatchField) -> &'static str {
    match field {
        MatchField::RepoName => {
            "This event carries no repository name, but “{label}” asks for {expected}."
        }
        MatchField::RepoUrl => {
            "This event carries no repository URL, but “{label}” asks for {expected}."
        }
        MatchField::ObjectKind => {
            "This event carries no object kind, but “{label}” asks for {expected}."
        }
        MatchField::ProjectId => {
            "This event carries no project ID, but “{label}” asks for {expected}."
        }
        _ => "This event carries no event header, but “{label}” asks for {expected}.",
    }
}

/// In what way two texts differ, where a person might not see it.
fn how_texts_differ(check: &FieldCheck) -> &'static str {
    let (expected, actual) = (check.expected.trim(), check.actual.trim());
    let in_case = expected.to_lowercase() == actual.to_lowercase();
    match check.field {
        MatchField::ProjectId => {
            "“{label}” is registered to project {expected}, this is project {actual}. If the project was moved or created again, reset its registration."
        }
        MatchField::RepoUrl => {
            let (expected, actual) = (RepositoryUrl::parse(expected), RepositoryUrl::parse(actual));
            if expected.to_string().to_lowercase() == actual.to_string().to_lowercase() {
                "“{label}” fits but for the address: it differs in upper and lower case only."
            } else if expected.path() == actual.path() {
                "“{label}” fits but for the address: the same path, but on another server."
            } else {
                "“{label}” fits but for the address: it asks for {expected}, this is {actual}."
            }
        }
        MatchField::RepoName if expected == actual => {
            "“{label}” expects the repository name {expected}, got {actual}: they differ in spaces only."
        }
        MatchField::RepoName if in_case => {
            "“{label}” expects the repository name {expected}, got {actual}: they differ in upper and lower case only."
        }
        MatchField::RepoName => "“{label}” expects the repository name {expected}, got {actual}.",
        MatchField::ObjectKind if expected == actual => {
            "“{label}” expects the object kind {expected}, got {actual}: they differ in spaces only."
        }
        MatchField::ObjectKind if in_case => {
            "“{label}” expects the object kind {expected}, got {actual}: they differ in upper and lower case only."
        }
        MatchField::ObjectKind => "“{label}” expects the object kind {expected}, got {actual}.",
        _ if expected == actual => {
            "“{label}” expects the event header {expected}, got {actual}: they differ in spaces only."
        }
        _ if in_case => {
            "“{label}” expects the event header {expected}, got {actual}: they differ in upper and lower case only."
        }
        _ => "“{label}” expects the event header {expected}, got {actual}.",
    }
}
