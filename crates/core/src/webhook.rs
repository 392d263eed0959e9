//! The webhook: the five values an event must equal, its credentials, filters and action.
//!
//! `Webhook` is what the matcher reads; how a person's input becomes one is
//! `signalbox::webhooks::input`, how it is stored is `signalbox_store::webhooks`.

use crate::credential::{Required, SigningKey};
use crate::ids::WebhookId;
use crate::matching::filters::Filters;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// A webhook's project: an id of GitLab's, or "pending registration" (stored as -1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProjectId {
    /// Waits for a Test event to bring the id.
    Pending,
    /// GitLab's id; 0 stands for events that belong to no project.
    Known(i64),
}

impl ProjectId {
    /// The number that stands for "pending registration" in the database and the form.
    pub const PENDING: i64 = -1;

    /// From the stored number.
    #[must_use]
    pub fn from_raw(raw: i64) -> Self {
        if raw == Self::PENDING { Self::Pending } else { Self::Known(raw) }
    }

    /// The number to store.
    #[must_use]
    pub fn raw(self) -> i64 {
        match self {
            Self::Pending => Self::PENDING,
            Self::Known(id) => id,
        }
    }

    /// Whether the webhook still waits for its id.
    #[must_use]
    pub fn is_pending(self) -> bool {
        matches!(self, Self::Pending)
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending => f.write_str("pending registration"),
            Self::Known(id) => id.fmt(f),
        }
    }
}

/// How the jobs of one webhook share time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Concurrency {
    /// All at once.
    #[default]
    Parallel,
    /// One after another.
    Serial,
    /// One after another, and only the newest waiting one.
    Latest,
}

impl Concurrency {
    /// Every choice, in the form's order.
    pub const ALL: [Self; 3] = [Self::Parallel, Self::Serial, Self::Latest];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parallel => "parallel",
            Self::Serial => "serial",
            Self::Latest => "latest",
        }
    }

    /// The choice of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }
}

/// A secret that was replaced and is accepted until some time.
#[derive(Debug, Clone)]
pub struct Previous<T> {
    /// The secret, in the form it is compared in.
    pub secret: T,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl<T> Previous<T> {
    /// The secret, if it still counts.
    pub fn valid_at(&self, now: DateTime<Utc>) -> Option<&T> {
        (now < self.until).then_some(&self.secret)
    }
}

/// A webhook as the matcher and the worker see it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the columns are what they are")]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Optional label; empty means none.
    pub name: String,
    /// `repository.name`, compared exactly.
    pub repo_name: String,
    /// An address of the repository, compared in canonical form.
    pub repo_url: String,
    /// `object_kind`, or `event_name` where an event has no kind.
    pub object_kind: String,
    /// GitLab's project id, or pending.
    pub project_id: ProjectId,
    /// The `X-Gitlab-Event` header, compared exactly.
    pub http_x_gitlab_event: String,
    /// Switched on.
    pub enabled: bool,
    /// Keyed digest of the secret token.
    pub secret_digest: Option<Vec<u8>>,
    /// GitLab's signing token, opened.
    pub signing_key: Option<SigningKey>,
    /// Keyed digest of the secret token before.
    pub previous_secret: Option<Previous<Vec<u8>>>,
    /// The signing token before.
    pub previous_signing: Option<Previous<SigningKey>>,
    /// Whether the secret token alone is not enough.
    pub require_signature: bool,
    /// Which of the events that equal it are wanted.
    pub filters: Arc<Filters>,
    /// Register at the main address too, not at the register address only.
    pub register_on_first_event: bool,
    /// Name of the catalogue entry to run.
    pub action: String,
    /// Values for the entry's parameters, a JSON object of strings.
    pub action_params: serde_json::Value,
    /// How its jobs share time.
    pub concurrency: Concurrency,
    /// How long the newest job of a ref waits for a newer one, in seconds.
    pub debounce_s: i32,
    /// Whether the newest job of a ref ends the one that runs.
    pub cancel_running: bool,
    /// How many of its jobs run at once, where they run side by side; none = any number.
    pub max_concurrent_jobs: Option<i32>,
    /// How often one job may be tried, lost attempts apart.
    pub max_attempts: i32,
    /// Wall-clock limit of one attempt, in seconds; none = the entry's.
    pub timeout_s: Option<i32>,
}

impl Webhook {
    /// The credentials it asks for at that time.
    #[must_use]
    pub fn required_credentials(&self, now: DateTime<Utc>) -> Required<'_> {
        let previous_token = self.previous_secret.as_ref().and_then(|old| old.valid_at(now));
        Required {
            token: self.secret_digest.as_deref(),
            previous_token: previous_token.map(Vec::as_slice),
            signing: self.signing_key.as_ref(),
            previous_signing: self.previous_signing.as_ref().and_then(|old| old.valid_at(now)),
            signature: self.require_signature,
        }
    }

    /// How the webhook is called on pages and in snapshots.
    #[must_use]
    pub fn label(&self) -> String {
        webhook_label(&self.name, &self.repo_name, &self.object_kind)
    }
}

/// What a webhook is called: its name, else "`repo_name` `object_kind`", as the first system printed it.
#[must_use]
pub fn webhook_label(name: &str, repo_name: &str, object_kind: &str) -> String {
    match (name, repo_name) {
        ("", "") => object_kind.to_owned(),
        ("", _) => format!("{repo_name} {object_kind}"),
        _ => name.to_owned(),
    }
}
