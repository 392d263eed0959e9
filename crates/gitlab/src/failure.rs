//! Why GitLab did not do what it was asked.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_core::failure::Failure;
use signalbox_core::sentence::Sentence;

/// The most of GitLab's own words that is kept, in characters.
const MAX_WORDS: usize = 300;

/// Why. Stored so, and said in the language of whoever reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "args", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values of the sentences below")]
pub enum ApiFailure {
    /// There was no answer.
    NoAnswer { why: Failure, temporary: bool },
    /// 401.
    TokenRefused,
    /// 403 for want of a scope.
    ScopeMissing { scope: String },
    /// 403 for any other reason.
    Forbidden { message: String },
    /// 404, which GitLab also says of what the token may not see.
    NotFound,
    /// 400, 409 or 422.
    NotAccepted { message: String },
    /// 429, also after waiting.
    TooManyCalls { seconds: Option<u64> },
    /// A redirect, which is not followed.
    Moved { to: String },
    /// Any other status.
    Status { status: u16, message: String },
    /// The answer is not what the documentation says.
    Unreadable { error: String },
    /// It has more pages, or a longer one, than is read.
    TooLong,
}

impl ApiFailure {
    /// From what is stored; none if it is of another version.
    pub fn from_stored(stored: &Value) -> Option<Self> {
        Self::deserialize(stored).ok()
    }

    /// As it is stored.
    pub fn to_stored(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Whether another try may help.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::NoAnswer { temporary, .. } => *temporary,
            Self::TooManyCalls { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            Self::TokenRefused
            | Self::ScopeMissing { .. }
            | Self::Forbidden { .. }
            | Self::NotFound
            | Self::NotAccepted { .. }
            | Self::Moved { .. }
            | Self::Unreadable { .. }
            | Self::TooLong => false,
        }
    }

    /// The sentence for it.
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::NoAnswer { why, .. } => Sentence::new("GitLab cannot be reached: {reason}")
                .with_sentence("reason", why.sentence()),
            Self::TokenRefused => {
                "GitLab refused the token: it is wrong, expired or revoked.".into()
            }
            Self::ScopeMissing { scope } => {
                Sentence::new("The token lacks the scope this needs: {scope}.").with("scope", scope)
            }
            Self::Forbidden { message } => Sentence::new(
                "GitLab says that the token’s role is too low for this: {message}",
            )
            .with("message", message),
            Self::NotFound => {
                "GitLab knows no such thing, or the token may not see it.".into()
            }
            Self::NotAccepted { message } => {
                Sentence::new("GitLab did not accept it: {message}").with("message", message)
            }
            Self::TooManyCalls { seconds: Some(seconds) } => {
                Sentence::new("GitLab asks for fewer calls, and to wait {seconds} s.")
                    .with("seconds", seconds)
            }
            Self::TooManyCalls { seconds: None } => "GitLab asks for fewer calls.".into(),
            Self::Moved { to } => Sentence::new(
                "GitLab answers with a redirect to {address}, which is not followed. Use that address.",
            )
            .with("address", to),
            Self::Status { status, message } => {
                Sentence::new("GitLab answered with status {status}: {message}")
                    .with("status", status)
                    .with("message", message)
            }
            Self::Unreadable { error } => {
                Sentence::new("The answer is not one of GitLab’s API: {error}").with("error", error)
            }
            Self::TooLong => "The answer is longer than is read.".into(),
        }
    }

    /// From an answer whose status is no success.
    pub(crate) fn of_status(
        status: u16,
        body: &[u8],
        location: Option<&str>,
        wait: Option<TimeDelta>,
    ) -> Self {
        let said: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let message = gitlab_words(&said);
        match status {
            300..=399 => Self::Moved { to: location.unwrap_or_default().to_owned() },
            401 => Self::TokenRefused,
            403 if said.get("error").and_then(Value::as_str) == Some("insufficient_scope") => {
                let scope = said.get("scope").and_then(Value::as_str).unwrap_or("api");
                Self::ScopeMissing { scope: scope.to_owned() }
            }
            403 => Self::Forbidden { message },
            404 => Self::NotFound,
            400 | 409 | 422 => Self::NotAccepted { message },
            429 => Self::TooManyCalls {
                seconds: wait.and_then(|wait| u64::try_from(wait.num_seconds()).ok()),
            },
            _ => Self::Status { status, message },
        }
    }
}

/// GitLab's own words: a text, a list of texts, or lists of them by field.
fn gitlab_words(said: &Value) -> String {
    let words = ["message", "error_description", "error"]
        .into_iter()
        .find_map(|key| said.get(key))
        .map(flatten_words)
        .unwrap_or_default();
    words.chars().take(MAX_WORDS).collect()
}

fn flatten_words(words: &Value) -> String {
    match words {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(flatten_words).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(key, value)| format!("{key} {}", flatten_words(value)));
            fields.collect::<Vec<_>>().join("; ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => words.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> String {
        ApiFailure::of_status(status, body.as_bytes(), None, None).sentence().to_string()
    }

    #[test]
    fn gitlabs_own_words_are_kept_whatever_their_shape() {
        assert!(
            of(422, r#"{"message":{"url":["is blocked","is odd"]}}"#)
                .ends_with("url is blocked, is odd")
        );
        assert!(of(400, r#"{"error":"url is missing"}"#).ends_with("url is missing"));
        assert!(of(403, r#"{"message":"403 Forbidden"}"#).ends_with("403 Forbidden"));
        let scope = r#"{"error":"insufficient_scope","error_description":"…","scope":"api"}"#;
        assert_eq!(of(403, scope), "The token lacks the scope this needs: api.");
        assert!(of(502, "<html>").starts_with("GitLab answered with status 502"));
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let failure = ApiFailure::TooManyCalls { seconds: Some(7) };
        assert_eq!(ApiFailure::from_stored(&failure.to_stored()), Some(failure));
        assert_eq!(ApiFailure::from_stored(&serde_json::json!({"code": "of_tomorrow"})), None);
    }
}
