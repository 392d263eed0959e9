//! GitLab's events: one small typed value for all of them, read once at the door.
//!
//! Project, repository, ref, commit and user sit in different places per event (`payload.rs`);
//! after [`Event::read`] nobody looks at the body again to decide anything. Reading never panics
//! and refuses only what is not a JSON object: a field that is missing or of another type is
//! taken as absent.

pub mod kind;
mod payload;
pub mod repository;

/// What Signalbox needs of an event. Empty text stands for "the event has none".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// The `X-Gitlab-Event` header.
    pub header: String,
    /// `object_kind`, else `event_name`.
    pub object_kind: String,
    /// GitLab's id of the project.
    pub project_id: Option<i64>,
    /// `repository.name`, else `project.name`.
    pub repo_name: String,
    /// The address shown: `repository.url`, else the first other one.
    pub repo_url: String,
    /// Every address by which the event names its repository.
    pub repo_urls: Vec<String>,
    /// `project.path_with_namespace`, else the path of the address.
    pub project_path: String,
    /// Branch or tag, as the event writes it (`refs/heads/main` for a push).
    pub git_ref: String,
    /// The commit.
    pub sha: String,
    /// GitLab's id of who caused it.
    pub user_id: Option<i64>,
    /// Their name.
    pub user_name: String,
    /// Their e-mail address, which GitLab may have redacted.
    pub user_email: String,
}

/// A body that is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON; says where and why.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON, but not an object.
    #[error("the body is JSON, but not an object")]
    NotObject,
}

impl Event {
    /// Reads an event from its header and the exact bytes of its body.
    ///
    /// # Errors
    /// [`Unreadable`] if the body is not a JSON object; the text names line and column.
    pub fn read(header: &str, body: &[u8]) -> Result<Self, Unreadable> {
        payload::read(header, body)
    }

    /// The branch of a push or of an event that names one, without `refs/heads/`.
    pub fn branch(&self) -> &str {
        self.git_ref
            .strip_prefix("refs/heads/")
            .unwrap_or_else(|| if self.git_ref.starts_with("refs/") { "" } else { &self.git_ref })
    }
}

#[cfg(test)]
mod tests;
