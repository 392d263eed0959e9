//! Why a delivery became what it became: a code with its values. Stored so
//! (`deliveries.reason_code`, `reason_args`), and said in the language of whoever reads it.

use super::matching::mismatch;
use super::matching::trace::{FieldCheck, MatchField};
use super::sentence::Sentence;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

/// Why. The names of its variants and fields are part of the database's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "args", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values of the sentences below")]
pub enum DeliveryReason {
    /// Jobs are queued.
    Matched(Webhooks),
    /// A person gave it to this webhook, whatever its fields and filters say.
    Forced { webhook: String, by: String },
    /// It matched, but a pause holds its jobs.
    Paused { matched: Box<Self>, by: String, note: String },
    /// Webhooks took the project's ID.
    Registered { project: i64, webhooks: Webhooks },
    /// The webhook had taken it before.
    AlreadyRegistered { webhook: String, project: i64 },
    /// One took the ID, and jobs are queued.
    RegisteredAndMatched { project: i64, webhooks: Webhooks },
    /// One took the ID, but no job is queued.
    RegisteredOnly { project: i64, webhook: String, because: Box<Self> },
    /// A repeat.
    Duplicate { of: String },
    /// It matches a webhook that is disabled.
    Disabled { webhook: String },
    /// It matches but for this filter.
    Filtered { webhook: String, check: FieldCheck },
    /// It came late, and the webhook runs the newest event of a branch only, which is another one.
    Overtaken { webhook: String },
    /// It matches but for this field.
    Differs { webhook: String, check: FieldCheck, pending: bool },
    /// It matches but for the repository's name and URL.
    OtherRepository { webhook: String, expected: Place, actual: Place },
    /// The same, of the webhook's own project.
    Renamed { project: i64, webhook: String, expected: Place, actual: Place },
    /// It matches a webhook that only the registration endpoint registers.
    AwaitsRegistration { webhook: String },
    /// It matches a webhook that requires a signature.
    Unsigned { webhook: String },
    /// It names no project that could be registered.
    NoProject,
    /// No webhook comes near.
    NoWebhook {
        object_kind: String,
        project: Option<i64>,
        repo_name: String,
        /// Among those that wait for their registration.
        pending: bool,
        /// What the body of an unknown kind lacks.
        missing: Vec<MatchField>,
    },
    /// GitLab's sample for a project without commits.
    Sample,
    /// GitLab's sample as a system hook's Test.
    SystemSample,
    /// Its header is of another kind than its body.
    HeaderDisagrees { header: String, object_kind: String },
    /// It presents no credential.
    NoCredential,
    /// Its token is valid, but a signature is required.
    OnlyToken,
    /// Its credential is no webhook's.
    WrongCredential,
    /// Further rejected deliveries of a sender, in one row.
    Counted { more: u64 },
    /// There is no event header.
    NoEventHeader,
    /// The body is encoded.
    Encoded,
    /// There is no media type.
    NoMediaType,
    /// It is of another media type.
    MediaType { named: String },
    /// A header is not text.
    HeaderNotText { name: String },
    /// A header came more than once.
    HeaderRepeated { name: String },
    /// A header is too long.
    HeaderTooLong { name: String, max: usize },
    /// The body is too large.
    BodyTooLarge { max: usize },
    /// The body cannot be parsed.
    NotJson { error: String },
    /// The body is nested too deep.
    TooDeep { levels: usize },
    /// The body is not an object.
    NotObject,
}

/// One webhook by its name, and how many more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "just said")]
pub struct Webhooks {
    pub first: String,
    pub more: usize,
}

/// A repository by its name and URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "just said")]
pub struct Place {
    pub name: String,
    pub url: String,
}

impl Webhooks {
    fn sentence(&self) -> Sentence {
        let name = Sentence::new("“{label}”").with("label", &self.first);
        match self.more {
            0 => name,
            more => {
                Sentence::new("{name} and {n} more").with_sentence("name", name).with("n", more)
            }
        }
    }
}

impl DeliveryReason {
    /// As it is stored: the code, and the values if there are any.
    pub fn to_stored(&self) -> (String, Option<Value>) {
        let mut whole = serde_json::to_value(self).unwrap_or_default();
        let code = whole.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
        (code, whole.get_mut("args").map(Value::take))
    }

    /// From what is stored; none if it is of another version.
    pub fn from_stored(code: &str, args: Option<&Value>) -> Option<Self> {
        let whole = match args {
            Some(args) => json!({ "code": code, "args": args }),
            None => json!({ "code": code }),
        };
        serde_json::from_value(whole).ok()
    }

    /// Whether it is one of GitLab's samples.
    pub fn is_sample(&self) -> bool {
        matches!(self, Self::Sample | Self::SystemSample)
    }

    /// The sentence for it.
    #[expect(clippy::too_many_lines, reason = "an arm for each reason")]
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::Matched(webhooks) => {
                Sentence::new("Matched: queued for {webhooks}").with_sentence("webhooks", webhooks.sentence())
            }
            Self::Forced { webhook, by } => Sentence::new(
                "Matched: queued for “{label}”, forced by {by}; its fields and filters were not checked",
            )
            .with("label", webhook)
            .with("by", by),
            Self::Paused { matched, by, note } => Sentence::new("{matched}; held by {by}: {note}")
                .with_sentence("matched", matched.sentence())
                .with("by", by)
                .with("note", note),
            Self::Registered { project, webhooks } => {
                Sentence::new("Registered project {project} for {webhooks}")
                    .with("project", project)
                    .with_sentence("webhooks", webhooks.sentence())
            }
            Self::AlreadyRegistered { webhook, project } => {
                Sentence::new("“{label}” is already registered for project {project}: nothing changed")
                    .with("label", webhook)
                    .with("project", project)
            }
            Self::RegisteredAndMatched { project, webhooks } => {
                Sentence::new("Registered project {project} and queued for {webhooks}")
                    .with("project", project)
                    .with_sentence("webhooks", webhooks.sentence())
            }
            Self::RegisteredOnly { project, webhook, because } => Sentence::new(
                "Registered project {project} for “{label}”, but nothing runs. {why}",
            )
            .with("project", project)
            .with("label", webhook)
            .with_sentence("why", because.sentence()),
            Self::Duplicate { of } => {
                Sentence::new("A repeat of delivery {first}: nothing runs twice").with("first", of)
            }
            Self::Disabled { webhook } => {
                Sentence::new("“{label}” matches, but is disabled").with("label", webhook)
            }
            Self::AwaitsRegistration { webhook } => Sentence::new(
                "“{label}” matches, but is pending: send it to the registration endpoint first",
            )
            .with("label", webhook),
            Self::Unsigned { webhook } => Sentence::new(
                "“{label}” matches, but requires a signature, and only its secret token was sent",
            )
            .with("label", webhook),
            Self::Filtered { webhook, check } => mismatch::filtered_sentence(webhook, check),
            Self::Overtaken { webhook } => Sentence::new(
                "“{label}” runs only the newest event of a branch, and there is a newer one",
            )
            .with("label", webhook),
            Self::Differs { webhook, check, pending } => {
                let pattern = if *pending {
                    "No pending webhook matches. {difference}"
                } else {
                    "No webhook matches. {difference}"
                };
                Sentence::new(pattern).with_sentence("difference", mismatch::difference_sentence(webhook, check))
            }
            Self::OtherRepository { webhook, expected, actual } => {
                Sentence::new("No webhook matches. “{label}” expects {expected}, got {actual}.")
                    .with("label", webhook)
                    .with("expected", expected)
                    .with("actual", actual)
            }
            Self::Renamed { project, webhook, expected, actual } => {
                mismatch::renamed_sentence(project, webhook, expected, actual)
            }
            Self::NoProject => "The event names no project, so there is no id to register".into(),
            Self::NoWebhook { object_kind, project, repo_name, pending, missing } => {
                no_webhook(object_kind, *project, repo_name, *pending, missing)
            }
            Self::Sample => "This is GitLab's sample for a project that has no commits yet: push once, then press Test again.".into(),
            Self::SystemSample => "This is the sample that GitLab sends as a system hook's Test. The first real event registers the webhook.".into(),
            Self::HeaderDisagrees { header, object_kind } => Sentence::new(
                "The header says {header}, but the body is a {kind} event, which does not come under it",
            )
            .with("header", format!("{header:?}"))
            .with("kind", format!("{object_kind:?}")),
            Self::NoCredential => "Neither a token nor a signature was sent".into(),
            Self::OnlyToken => "A signature is required, and only the secret token is valid".into(),
            Self::WrongCredential => "The token or signature is not valid".into(),
            Self::Counted { more: 1 } => {
                "1 more rejected delivery of this sender, counted but not kept".into()
            }
            Self::Counted { more } => Sentence::new(
                "{counted} more rejected deliveries of this sender in one minute, counted but not kept",
            )
            .with("counted", more),
            Self::NoEventHeader => "The header X-Gitlab-Event is missing".into(),
            Self::Encoded => "The body has a Content-Encoding; GitLab sends plain JSON".into(),
            Self::NoMediaType => "The Content-Type is missing; it must be application/json".into(),
            Self::MediaType { named } => {
                Sentence::new("The Content-Type is {named}; it must be application/json")
                    .with("named", format!("{named:?}"))
            }
            Self::HeaderNotText { name } => {
                Sentence::new("The header {name} is not plain text").with("name", name)
            }
            Self::HeaderRepeated { name } => {
                Sentence::new("The header {name} came more than once").with("name", name)
            }
            Self::HeaderTooLong { name, max } => {
                Sentence::new("The header {name} is longer than {max} bytes")
                    .with("name", name)
                    .with("max", max)
            }
            Self::BodyTooLarge { max } => {
                Sentence::new("The body is larger than {max} bytes").with("max", max)
            }
            Self::NotJson { error } => {
                Sentence::new("The body is not JSON: {error}").with("error", error)
            }
            Self::TooDeep { levels } => {
                Sentence::new("The body is nested more than {levels} levels deep")
                    .with("levels", levels)
            }
            Self::NotObject => "The body is JSON, but not an object".into(),
        }
    }
}

/// Says what the event is, and what it lacks: the body of a custom template has what was put in.
fn no_webhook(
    object_kind: &str,
    project: Option<i64>,
    repo_name: &str,
    pending: bool,
    missing: &[MatchField],
) -> Sentence {
    let kind = if object_kind.is_empty() { "unknown" } else { object_kind };
    let pattern = match (pending, project.is_some()) {
        (false, true) => "No webhook for {kind} events of project {project} ({name})",
        (false, false) => "No webhook for {kind} events of no project ({name})",
        (true, true) => "No pending webhook for {kind} events of project {project} ({name})",
        (true, false) => "No pending webhook for {kind} events of no project ({name})",
    };
    let sentence = Sentence::new(pattern)
        .with("kind", format!("{kind:?}"))
        .with("project", project.unwrap_or_default())
        .with("name", format!("{repo_name:?}"));
    if missing.is_empty() {
        return sentence;
    }
    let missing = missing.iter().map(|field| Sentence::new(field.field_words())).collect();
    Sentence::new("{sentence}. The body lacks: {missing}")
        .with_sentence("sentence", sentence)
        .with_list("missing", missing)
}

/// In English.
impl fmt::Display for DeliveryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, url } = self;
        write!(f, "{name:?} ({url})")
    }
}

pub mod samples;

#[cfg(test)]
mod tests;
