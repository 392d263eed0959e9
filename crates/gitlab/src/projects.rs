//! Projects. Source: <https://docs.gitlab.com/api/projects/>.

use crate::{ApiFailure, Client};
use serde::Deserialize;

/// The role that may change a project's webhooks: Maintainer.
const MAINTAINER: &str = "40";
/// How many projects a search shows.
const PAGE: &str = "20";

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Project {
    /// Its id, which stays when it is renamed or moved.
    pub id: i64,
    /// Its name, without its groups.
    pub name: String,
    /// Its path with those of its groups.
    pub path_with_namespace: String,
    /// Its page.
    pub web_url: String,
    /// Where it is cloned from over ssh.
    pub ssh_url_to_repo: String,
    /// Where it is cloned from over http.
    pub http_url_to_repo: String,
    /// Its default branch; none while it is empty.
    #[serde(default)]
    pub default_branch: Option<String>,
    /// Whether it is closed for changes.
    #[serde(default)]
    pub archived: bool,
}

impl Client {
    /// The projects whose webhooks the token may change and whose path holds the words, those with
    /// the newest activity first: a page of them.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn search_projects(&self, words: &str) -> Result<Vec<Project>, ApiFailure> {
        let mut query = vec![
            ("membership", "true"),
            ("min_access_level", MAINTAINER),
            ("archived", "false"),
            ("simple", "true"),
            ("order_by", "last_activity_at"),
            ("per_page", PAGE),
        ];
        if !words.is_empty() {
            query.extend([("search", words), ("search_namespaces", "true")]);
        }
        self.get_json("projects", &query).await
    }

    /// A project.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn fetch_project(&self, id: i64) -> Result<Project, ApiFailure> {
        self.get_json(&format!("projects/{id}"), &[]).await
    }

    /// The project of a path, such as `group/app`.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn find_project(&self, path: &str) -> Result<Project, ApiFailure> {
        let path: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
        self.get_json(&format!("projects/{path}"), &[]).await
    }
}
