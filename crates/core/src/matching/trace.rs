//! Why a delivery was judged as it was: per webhook tried, each condition with both values.
//!
//! Stored with the delivery (`deliveries.reason`), so its field names are part of the database's
//! shape. Credentials appear as words only.

use crate::ids::WebhookId;
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
    pub fn equal(&self) -> usize {
        self.checks.iter().filter(|check| check.equal).count()
    }

    /// The filters that did not let the event pass.
    pub fn filtered(&self) -> impl Iterator<Item = &FieldCheck> {
        self.differing().filter(|check| super::filters::FIELDS.contains(&check.field.as_str()))
    }

    /// The conditions that did not hold.
    pub fn differing(&self) -> impl Iterator<Item = &FieldCheck> {
        self.checks.iter().filter(|check| !check.equal)
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCheck {
    /// The webhook's field.
    pub field: String,
    /// What the webhook asks for.
    pub expected: String,
    /// What the delivery brought.
    pub actual: String,
    /// Whether that is the same.
    pub equal: bool,
}

impl FieldCheck {
    /// One condition.
    pub fn new(
        field: &str,
        expected: impl Into<String>,
        actual: impl Into<String>,
        equal: bool,
    ) -> Self {
        Self { field: field.to_owned(), expected: expected.into(), actual: actual.into(), equal }
    }
}
