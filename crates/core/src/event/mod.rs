//! GitLab's events: one small typed value for all of them, read once at the door.
//!
//! Project, repository, ref, commit and user sit in different places per event (`payload.rs`);
//! after [`Event::from_body`] nobody looks at the body again to decide anything. Reading never panics
//! and refuses only what is not a JSON object: a field that is missing or of another type is
//! taken as absent.

mod changes;
mod facts;
mod git_ref;
pub mod kind;
mod links;
pub mod nesting;
mod payload;
pub mod repository;
mod shallow;
mod web_page;

pub use changes::Changes;
pub use git_ref::{GitRef, is_commit_id};
pub use links::Links;

use crate::delivery_reason::DeliveryReason;
use nesting::MAX_LEVELS;

/// What Signalbox needs of an event. Empty text stands for "the event has none".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Event {
    /// The `X-Gitlab-Event` header.
    pub header: String,
    /// `object_kind`, else `event_name`.
    pub object_kind: String,
    /// GitLab's id of the project.
    pub project_id: Option<i64>,
    /// Whether no project's ID stands where GitLab 10 and later have it.
    pub is_project_implied: bool,
    /// `repository.name`, else `project.name`.
    pub repo_name: String,
    /// The address shown: `repository.url`, else the first other one.
    pub repo_url: String,
    /// Every address by which the event names its repository.
    pub repo_urls: Vec<String>,
    /// `project.path_with_namespace`, else the path of the address.
    pub project_path: String,
    /// The branch, tag or other ref that it points at, always whole.
    pub git_ref: GitRef,
    /// The whole id of the commit.
    pub sha: String,
    /// GitLab's id of who caused it.
    pub user_id: Option<i64>,
    /// Their name.
    pub user_name: String,
    /// Their login name.
    pub user_username: String,
    /// Their e-mail address, which GitLab may have redacted.
    pub user_email: String,
    /// Where the branch or tag stood before.
    pub before: String,
    /// Where it stands after; forty (or sixty-four) zeros if it is gone.
    pub after: String,
    /// The branch that a merge request goes to.
    pub target_branch: String,
    /// What was done: `open`, `merge`, `create` …
    pub action: String,
    /// How it stands: `success`, `opened` …
    pub status: String,
    /// Title of a merge request or issue, name of a release.
    pub title: String,
    /// Message of the newest commit.
    pub message: String,
    /// The page in GitLab of what it is about, if its host is the repository's.
    pub web_url: String,
    /// What started a pipeline: `push`, `schedule` …
    pub source: String,
    /// Whether a merge request is a draft.
    pub draft: bool,
    /// Where the source branch of a merge request stood, if it has new commits.
    pub oldrev: String,
    /// Name of a job.
    pub job: String,
    /// Its stage.
    pub stage: String,
    /// Where something is deployed to.
    pub environment: String,
    /// Of a merge request or issue.
    pub labels: Labels,
    /// The names of what an update changed: `title`, `labels` …
    pub changed: Vec<String>,
    /// Whether the pusher asked for no CI (`git push -o ci.skip`).
    pub push_skips_ci: bool,
    /// Whether GitLab made it up, to test a webhook of a project without commits.
    pub is_sample: bool,
    /// Commits and files.
    pub changes: Changes,
}

/// Titles of labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Those that it has.
    pub present: Vec<String>,
    /// Those that it had not before.
    pub added: Vec<String>,
    /// Those that it has no longer.
    pub removed: Vec<String>,
}

fn read_fields(body: &[u8]) -> Result<payload::Fields, Unreadable> {
    if nesting::is_too_deep(body) {
        return Err(Unreadable::TooDeep);
    }
    payload::read_fields(body)
}

/// A body that is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub enum Unreadable {
    /// Looked no further into.
    TooDeep,
    /// Not JSON; says where and why.
    NotJson(String),
    /// JSON, but not an object.
    NotObject,
}

impl Unreadable {
    /// Why its delivery is rejected.
    pub fn reason(&self) -> DeliveryReason {
        match self {
            Self::TooDeep => DeliveryReason::TooDeep { levels: MAX_LEVELS },
            Self::NotJson(error) => DeliveryReason::NotJson { error: error.clone() },
            Self::NotObject => DeliveryReason::NotObject,
        }
    }

    /// A word for the trace.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooDeep => "too_deep",
            Self::NotJson(_) | Self::NotObject => "not_json",
        }
    }
}

impl Event {
    /// What it is about, in a line: the title of a merge request, an issue or a release, else the first
    /// line of the newest commit's message.
    pub fn headline(&self) -> &str {
        let text = if self.title.is_empty() { &self.message } else { &self.title };
        text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// Reads an event from its header and the exact bytes of its body.
    ///
    /// # Errors
    /// [`Unreadable`] if the body is not a JSON object; the text names line and column.
    pub fn from_body(header: &str, body: &[u8]) -> Result<Self, Unreadable> {
        Ok(payload::read_event(header, read_fields(body)?))
    }

    /// Whether it is a push to a branch or tag that was not there.
    pub fn is_created(&self) -> bool {
        is_zeros(&self.before)
    }

    /// Whether it is a push that removes a branch or tag.
    pub fn is_deleted(&self) -> bool {
        is_zeros(&self.after)
    }
}

/// GitLab's "no commit": zeros only.
fn is_zeros(sha: &str) -> bool {
    !sha.is_empty() && sha.bytes().all(|digit| digit == b'0')
}

#[cfg(test)]
mod tests;
