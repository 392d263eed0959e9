//! Why a delivery was judged as it was: per webhook tried, each condition with both values.
//!
//! Stored with the delivery (`deliveries.reason`), so its field names are part of the database's
//! shape. Credentials appear as words only.

use crate::ids::WebhookId;
use crate::sentence::Sentence;
use serde::{Deserialize, Serialize};

/// The whole trace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The webhooks tried, nearest first.
    #[serde(rename = "records")]
    pub webhooks: Vec<WebhookTrace>,
    /// For refusals that no webhook is to blame for: a word (`unauthenticated`, `not_json` …).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refusal: Option<String>,
    /// How many deliveries this row stands for, where strangers sent too many to keep.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counted: Option<u64>,
    /// Every address by which the event names its repository, kept where no webhook took it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub urls: Vec<String>,
    /// The webhook that a person chose, whatever its values and filters say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub forced: Option<WebhookId>,
}

/// How one webhook fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTrace {
    /// The webhook.
    pub webhook: WebhookId,
    /// How it was called at the time.
    pub label: String,
    /// Each condition, in the order they are read.
    pub checks: Vec<FieldCheck>,
}

impl WebhookTrace {
    /// How many conditions held.
    pub fn count_equal(&self) -> usize {
        self.checks.iter().filter(|check| check.equal).count()
    }

    /// The filters that did not let the event pass.
    pub fn filtered_checks(&self) -> impl Iterator<Item = &FieldCheck> {
        self.differing_checks().filter(|check| check.field.is_filter())
    }

    /// The conditions that did not hold.
    pub fn differing_checks(&self) -> impl Iterator<Item = &FieldCheck> {
        self.checks.iter().filter(|check| !check.equal)
    }
}

/// What of a webhook is compared with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the webhook's columns")]
pub enum MatchField {
    Credential,
    RepoName,
    RepoUrl,
    ObjectKind,
    #[serde(rename = "http_x_gitlab_event")]
    EventHeader,
    ProjectId,
    RefFilter,
    PathFilter,
    Condition,
    ObeySkip,
}

impl MatchField {
    /// The webhook's column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::RepoName => "repo_name",
            Self::RepoUrl => "repo_url",
            Self::ObjectKind => "object_kind",
            Self::EventHeader => "http_x_gitlab_event",
            Self::ProjectId => "project_id",
            Self::RefFilter => "ref_filter",
            Self::PathFilter => "path_filter",
            Self::Condition => "condition",
            Self::ObeySkip => "obey_skip",
        }
    }

    /// How it is called in a sentence.
    pub fn field_words(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::RepoName => "repository name",
            Self::RepoUrl => "repository URL",
            Self::ObjectKind => "object kind",
            Self::EventHeader => "event header",
            Self::ProjectId => "project ID",
            Self::RefFilter => "ref filter",
            Self::PathFilter => "path filter",
            Self::Condition => "condition",
            Self::ObeySkip => "skip request",
        }
    }

    /// Whether it is a filter, which is asked only where the five fields match.
    pub fn is_filter(self) -> bool {
        match self {
            Self::RefFilter | Self::PathFilter | Self::Condition | Self::ObeySkip => true,
            Self::Credential
            | Self::RepoName
            | Self::RepoUrl
            | Self::ObjectKind
            | Self::EventHeader
            | Self::ProjectId => false,
        }
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCheck {
    /// The webhook's field.
    pub field: MatchField,
    /// What the webhook asks for.
    pub expected: String,
    /// What the delivery brought.
    pub actual: String,
    /// Whether that is the same.
    pub equal: bool,
    /// What Signalbox itself says in `actual`, where it is more than the delivery's own text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub words: Option<Sentence>,
}

impl FieldCheck {
    /// One condition.
    pub fn new(
        field: MatchField,
        expected: impl Into<String>,
        actual: impl Into<String>,
        equal: bool,
    ) -> Self {
        Self { field, expected: expected.into(), actual: actual.into(), equal, words: None }
    }

    /// One condition of which Signalbox itself says how it fares.
    pub fn with_words(
        field: MatchField,
        expected: impl Into<String>,
        words: Sentence,
        equal: bool,
    ) -> Self {
        let actual = words.to_string();
        Self { words: Some(words), ..Self::new(field, expected, actual, equal) }
    }
}
