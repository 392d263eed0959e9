//! Comments on merge requests. Source: <https://docs.gitlab.com/api/notes/#merge-requests>.

use crate::{ApiFailure, Client};
use serde::Deserialize;
use serde_json::{Value, json};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Note {
    /// Its number.
    pub id: i64,
    /// What it says, in Markdown.
    #[serde(default)]
    pub body: String,
}

fn path(project: i64, merge_request: i64) -> String {
    format!("projects/{project}/merge_requests/{merge_request}/notes")
}

impl Client {
    /// All comments of a merge request.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn list_notes(
        &self,
        project: i64,
        merge_request: i64,
    ) -> Result<Vec<Note>, ApiFailure> {
        self.get_all(&path(project, merge_request)).await
    }

    /// Comments on a merge request.
    ///
    /// # Errors
    /// Why GitLab did not take it.
    pub async fn create_note(
        &self,
        project: i64,
        merge_request: i64,
        body: &str,
    ) -> Result<(), ApiFailure> {
        let note = json!({ "body": body });
        let path = path(project, merge_request);
        self.send_json::<Value>("POST", &path, Some(&note)).await.map(drop)
    }

    /// Changes a comment, as its author only may.
    ///
    /// # Errors
    /// Why GitLab did not take it.
    pub async fn edit_note(
        &self,
        project: i64,
        merge_request: i64,
        note: i64,
        body: &str,
    ) -> Result<(), ApiFailure> {
        let path = format!("{}/{note}", path(project, merge_request));
        self.send_json::<Value>("PUT", &path, Some(&json!({ "body": body }))).await.map(drop)
    }
}
