//! Commit statuses. Source: <https://docs.gitlab.com/api/commits/>, “Set the pipeline status of a commit”.

use crate::{ApiFailure, Client};
use serde::Serialize;
use serde_json::Value;

/// The longest text of a status, in characters.
const MAX_TEXT: usize = 255;

/// What a commit is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NewStatus<'a> {
    /// GitLab's word.
    pub state: &'a str,
    /// What has this state.
    pub name: &'a str,
    /// The branch or tag; none = GitLab finds one that holds the commit.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<&'a str>,
    /// Where more is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_url: Option<&'a str>,
}

impl Client {
    /// Sets the status of a commit. One that GitLab has already, or is further than, is set.
    ///
    /// # Errors
    /// Why GitLab did not set it.
    pub async fn set_status(
        &self,
        project: i64,
        sha: &str,
        status: NewStatus<'_>,
    ) -> Result<(), ApiFailure> {
        let name: String = status.name.chars().take(MAX_TEXT).collect();
        let fits = |url: &&str| url.chars().count() <= MAX_TEXT;
        let status =
            NewStatus { name: &name, target_url: status.target_url.filter(fits), ..status };
        let body = serde_json::to_value(status)
            .map_err(|error| ApiFailure::Unreadable { error: error.to_string() })?;
        let path = format!("projects/{project}/statuses/{sha}");
        match self.send_json::<Value>("POST", &path, Some(&body)).await {
            Err(ApiFailure::NotAccepted { message })
                if message.contains("Cannot transition status") =>
            {
                Ok(())
            }
            set => set.map(drop),
        }
    }
}
