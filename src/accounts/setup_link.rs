//! The one-time link that makes the first account, for a server without users.
//!
//! Its token lives in this process only: each start prints a new one, and none is valid once
//! there is a user (`users::create_first` sees to that under a lock).

use crate::clock;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// The token of the one-time link. Cheap to clone.
#[derive(Clone)]
pub struct SetupLink {
    token: SecretString,
}

impl SetupLink {
    /// A link with a new token.
    #[must_use]
    pub fn with_fresh_token() -> Self {
        Self { token: clock::secret_text().into() }
    }

    /// The token, to be printed on the console while there is no user.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.expose_secret()
    }

    /// Whether this is the token.
    #[must_use]
    pub fn matches_token(&self, presented: &str) -> bool {
        self.token().as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_token_fits() {
        let link = SetupLink::with_fresh_token();
        assert!(link.matches_token(link.token()));
        assert!(
            !link.matches_token(SetupLink::with_fresh_token().token()) && !link.matches_token("")
        );
    }
}
