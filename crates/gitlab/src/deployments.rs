//! Deployments. Source: <https://docs.gitlab.com/api/deployments/>.

use crate::{ApiFailure, Client};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A deployment to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NewDeployment<'a> {
    /// Where to; GitLab adds the environment if there is none of that name.
    pub environment: &'a str,
    /// What is deployed.
    pub sha: &'a str,
    /// The branch or tag.
    #[serde(rename = "ref")]
    pub git_ref: &'a str,
    /// Whether that is a tag.
    pub tag: bool,
    /// GitLab's word for how it stands.
    pub status: &'a str,
}

#[derive(Deserialize)]
struct Made {
    id: i64,
}

impl Client {
    /// Makes a deployment; its number.
    ///
    /// # Errors
    /// Why GitLab did not.
    pub async fn create_deployment(
        &self,
        project: i64,
        deployment: NewDeployment<'_>,
    ) -> Result<i64, ApiFailure> {
        let body = serde_json::to_value(deployment)
            .map_err(|error| ApiFailure::Unreadable { error: error.to_string() })?;
        let path = format!("projects/{project}/deployments");
        let made: Made = self.send_json("POST", &path, Some(&body)).await?;
        Ok(made.id)
    }

    /// Says how a deployment stands. One that stands so already, or is further, is set.
    ///
    /// # Errors
    /// Why GitLab did not set it.
    pub async fn set_deployment(
        &self,
        project: i64,
        deployment: i64,
        status: &str,
    ) -> Result<(), ApiFailure> {
        let path = format!("projects/{project}/deployments/{deployment}");
        let body = json!({ "status": status });
        match self.send_json::<serde_json::Value>("PUT", &path, Some(&body)).await {
            Err(ApiFailure::NotAccepted { message }) if message.contains("cannot transition") => {
                Ok(())
            }
            set => set.map(drop),
        }
    }
}
