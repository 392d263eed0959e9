//! Webhooks as people enter them.

use super::app::{App, TOKEN};
use super::gitlab::{Delivery, fixtures};
use serde_json::Value;
use std::collections::BTreeMap;

/// A signing token as GitLab 19 shows it.
pub const SIGNING_TOKEN: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// What is typed into the form of a webhook.
pub type WebhookForm = BTreeMap<&'static str, String>;

/// The webhook that equals `push_2015`, registered for its project.
pub fn push() -> WebhookForm {
    form_for("Diaspora", "git@example.com:mike/diaspora.git", ("push", "Push Hook"), 15)
}

/// Adds that webhook, sends the push, and waits until its job has succeeded: the ids of webhook,
/// delivery and job.
pub async fn run_push(app: &App) -> [String; 3] {
    let webhook = app.add_webhook(&push()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let [job] = answer.jobs().try_into().unwrap();
    app.job_is(&job, "succeeded").await;
    [webhook, answer.field("delivery"), job]
}

/// The same, pending registration.
pub fn pending_push() -> WebhookForm {
    with(push(), &[("project_id", "-1")])
}

/// The same, which registers at the registration endpoint only, as in 2015.
pub fn register_only() -> WebhookForm {
    with(pending_push(), &[("register_on_first_event", "off")])
}

/// The push of a webhook with the signing token alone, pending registration.
pub fn signed_pending_push() -> WebhookForm {
    with(pending_push(), &[("secret_token", ""), ("signing_token", SIGNING_TOKEN)])
}

/// A webhook of these five values, with the tests' token and the action `print`.
pub fn form_for(
    name: &str,
    url: &str,
    (kind, header): (&str, &str),
    project_id: i64,
) -> WebhookForm {
    [
        ("repo_name", name.to_owned()),
        ("repo_url", url.to_owned()),
        ("object_kind", kind.to_owned()),
        ("http_x_gitlab_event", header.to_owned()),
        ("project_id", project_id.to_string()),
        ("secret_token", TOKEN.to_owned()),
        ("action", "print".to_owned()),
    ]
    .into()
}

/// A webhook with some values changed or added.
pub fn with(mut webhook: WebhookForm, values: &[(&'static str, &str)]) -> WebhookForm {
    webhook.extend(values.iter().map(|(name, value)| (*name, (*value).to_owned())));
    webhook
}

/// The recorded events: name of the fixture, and its row of the manifest.
pub fn manifest() -> Vec<(String, Value)> {
    let text = std::fs::read(fixtures().join("manifest.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&text).unwrap();
    rows.into_iter()
        .map(|row| (row["file"].as_str().unwrap().trim_end_matches(".json").to_owned(), row))
        .collect()
}
