//! The log that GitLab keeps of what a webhook sent in the last seven days, and sending again.
//! Source: <https://docs.gitlab.com/api/project_webhooks/#list-all-events-for-a-project-webhook>.

use crate::hooks::Owner;
use crate::{ApiFailure, Client};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::time::Duration;

/// The most events that GitLab shows at once.
const PAGE: usize = 20;

/// What GitLab sent, or could not send.
#[derive(Debug, Clone, Deserialize)]
pub struct LogEvent {
    /// Its number; a later one has a higher number.
    pub id: i64,
    /// The headers, secrets redacted.
    #[serde(default)]
    request_headers: Map<String, Value>,
    /// The body, e-mail addresses redacted; a mark in its place where it was too large.
    request_data: Box<RawValue>,
    /// A number, or a word where nobody answered.
    #[serde(default)]
    response_status: Value,
    /// When the answer came, or none.
    created_at: DateTime<Utc>,
    /// How long that took, in seconds.
    #[serde(default)]
    execution_duration: Option<f64>,
}

impl LogEvent {
    /// A header.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let found = self.request_headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str()).map(Cow::Borrowed)
    }

    /// The key that it was sent with; none of versions before 17.4.
    pub fn key(&self) -> Option<Cow<'_, str>> {
        self.header("Idempotency-Key").filter(|key| !key.is_empty())
    }

    /// Whether the receiver took it: GitLab counts redirections as that too.
    pub fn was_taken(&self) -> bool {
        let number = match &self.response_status {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        number.is_some_and(|status: u64| (200..400).contains(&status))
    }

    /// The body, as the log shows it.
    pub fn body(&self) -> &str {
        self.request_data.get()
    }

    /// Whether the log holds a mark in its body's place.
    pub fn is_oversized(&self) -> bool {
        #[derive(Deserialize)]
        struct Mark {
            oversize: bool,
        }
        serde_json::from_str::<Mark>(self.body()).is_ok_and(|mark| mark.oversize)
    }

    /// When it was logged.
    pub fn logged_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// When it was sent.
    pub fn sent_at(&self) -> DateTime<Utc> {
        let took = Duration::try_from_secs_f64(self.execution_duration.unwrap_or_default());
        let took = took.ok().and_then(|took| TimeDelta::from_std(took).ok()).unwrap_or_default();
        self.created_at - took
    }
}

impl Client {
    /// A page of what a webhook sent, the newest first; the first page is 1. Whether there may be another
    /// one comes with it. While it is paged, new events move older ones on.
    ///
    /// # Errors
    /// Why GitLab did not say; [`ApiFailure::NotFound`] of versions before 17.3, which show no log.
    pub async fn fetch_log_page(
        &self,
        owner: Owner,
        id: i64,
        page: usize,
    ) -> Result<(Vec<LogEvent>, bool), ApiFailure> {
        let path = format!("{}/{id}/events", owner.path());
        let query = [("per_page", PAGE.to_string()), ("page", page.to_string())];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        let events: Vec<LogEvent> = self.get_json(&path, &query).await?;
        let may_go_on = events.len() >= PAGE;
        Ok((events, may_go_on))
    }

    /// Has an event sent again: the same data with the same key. It is sent before this returns.
    ///
    /// # Errors
    /// Why GitLab did not; it does so five times a minute.
    pub async fn resend_event(&self, owner: Owner, id: i64, event: i64) -> Result<(), ApiFailure> {
        let path = format!("{}/{id}/events/{event}/resend", owner.path());
        self.send_json::<Value>("POST", &path, None).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_event(status: &Value, data: &Value) -> LogEvent {
        serde_json::from_value(json!({
            "id": 7, "created_at": "2026-01-01T00:00:10.500Z", "execution_duration": 10.25,
            "request_headers": { "idempotency-key": "k" },
            "request_data": data, "response_status": status,
        }))
        .unwrap()
    }

    #[test]
    fn what_nobody_took_is_told_from_what_was_taken() {
        for (status, taken) in [
            (json!("200"), true),
            (json!(202), true),
            (json!("302"), true),
            (json!("401"), false),
            (json!("503"), false),
            (json!("internal error"), false),
            (Value::Null, false),
        ] {
            assert_eq!(read_event(&status, &json!({})).was_taken(), taken, "{status}");
        }
    }

    #[test]
    fn an_event_says_its_key_its_time_and_whether_its_body_is_there() {
        let event = read_event(&json!("200"), &json!({ "object_kind": "push" }));
        assert_eq!(event.key().as_deref(), Some("k"));
        assert_eq!(event.sent_at().to_rfc3339(), "2026-01-01T00:00:00.250+00:00");
        assert!(!event.is_oversized());
        assert!(read_event(&json!("200"), &json!({ "oversize": true })).is_oversized());
    }
}
