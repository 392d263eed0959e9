//! What a token is and may do. Personal, group and project access tokens alike: those of groups and
//! projects belong to a bot. Sources: <https://docs.gitlab.com/api/personal_access_tokens/>,
//! <https://docs.gitlab.com/api/users/>.

use crate::{ApiFailure, Client};
use chrono::NaiveDate;
use serde::Deserialize;

/// What GitLab says of the token that asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Token {
    /// What its owner called it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The day at whose beginning, in UTC, it ends; none = never.
    pub expires_at: Option<NaiveDate>,
}

/// Whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// How they sign in.
    pub username: String,
    /// What they are called.
    pub name: String,
}

/// The instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// GitLab's version, such as `18.5.0-ee`.
    pub version: String,
}

impl Client {
    /// The token that this client has.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn fetch_token(&self) -> Result<Token, ApiFailure> {
        self.get_json("personal_access_tokens/self", &[]).await
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn fetch_user(&self) -> Result<User, ApiFailure> {
        self.get_json("user", &[]).await
    }

    /// The instance's version.
    ///
    /// # Errors
    /// Why GitLab did not say.
    pub async fn fetch_instance(&self) -> Result<Instance, ApiFailure> {
        self.get_json("version", &[]).await
    }
}
