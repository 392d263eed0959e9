//! Deliveries: what is sent with which headers, and what follows from the receiver's answer.

use crate::bodies;
use crate::hooks::{BEARABLE, Hook, MOST, Owner, signing_key};
use crate::projects::Commit;
use crate::reply::Reply;
use crate::world::{World, uuid};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use std::time::{Duration, Instant};

/// One request to a receiver.
pub(crate) struct Delivery {
    pub hook: i64,
    /// The webhook's URL, with braces for variables.
    pub template: String,
    pub url: String,
    pub trigger: String,
    pub headers: Vec<(String, String)>,
    pub body: Value,
    patience: Duration,
}

/// A delivery that somebody waits for.
pub(crate) struct Errand {
    pub delivery: Delivery,
    pub purpose: Purpose,
}

#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Test,
    Resend,
    /// The test of a system hook, which is answered with its body whatever the receiver says.
    SystemTest,
}

/// What became of a delivery.
pub(crate) struct Outcome {
    /// `None`: no answer.
    pub status: Option<u16>,
    pub headers: Map<String, Value>,
    pub body: String,
    pub error: String,
    pub took: Duration,
}

impl Outcome {
    pub fn unanswered(error: String, took: Duration) -> Self {
        Self { status: None, headers: Map::new(), body: String::new(), error, took }
    }

    fn delivered(&self) -> bool {
        self.status.is_some_and(|status| (200..400).contains(&status))
    }
}

impl Delivery {
    /// With this key, or with one of its own.
    pub fn new(
        world: &World,
        hook: &Hook,
        trigger: &str,
        body: Value,
        key: Option<String>,
    ) -> Self {
        let key = key.unwrap_or_else(uuid);
        let event = match hook.owner {
            Owner::System => "System Hook".to_owned(),
            Owner::Project(_) | Owner::Group(_) => title(trigger),
        };
        let mut headers: Vec<(String, String)> = hook.custom_headers.clone().into_iter().collect();
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        add("Content-Type", "application/json".to_owned());
        add("User-Agent", format!("GitLab/{}", world.version_text()));
        add("Idempotency-Key", key.clone());
        add("X-Gitlab-Event", event);
        add("X-Gitlab-Webhook-UUID", uuid());
        add("X-Gitlab-Instance", world.url.clone());
        if let Some(token) = &hook.token {
            add("X-Gitlab-Token", token.clone());
        }
        add("X-Gitlab-Event-UUID", uuid());
        if world.signs() {
            let time = world.now().timestamp().to_string();
            if let Some(secret) = hook.signing_token.as_deref().and_then(signing_key) {
                let signature = sign(&secret, &format!("{key}.{time}.{body}"));
                add("webhook-signature", format!("v1,{signature}"));
            }
            add("webhook-id", key);
            add("webhook-timestamp", time);
        }
        Self {
            hook: hook.id,
            template: hook.url.clone(),
            url: hook.full_url(),
            trigger: trigger.to_owned(),
            headers,
            body,
            patience: world.patience,
        }
    }

    pub async fn send(&self, client: &reqwest::Client) -> Outcome {
        let start = Instant::now();
        let mut request = client.post(&self.url).timeout(self.patience);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = match request.body(self.body.to_string()).send().await {
            Ok(answer) => answer,
            Err(error) => return Outcome::unanswered(reasons(&error), start.elapsed()),
        };
        let status = answer.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| {
            Value::from(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers =
            answer.headers().iter().map(|(name, it)| (capitalized(name.as_str()), text(it)));
        let headers = headers.collect();
        match answer.text().await {
            Ok(body) => Outcome {
                status: Some(status),
                headers,
                body,
                error: String::new(),
                took: start.elapsed(),
            },
            Err(error) => Outcome::unanswered(reasons(&error), start.elapsed()),
        }
    }
}

/// An error with all that it came from.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// `push_hooks` as `Push Hook`.
fn title(trigger: &str) -> String {
    let singular = trigger.strip_suffix('s').unwrap_or(trigger);
    singular.split('_').map(capitalized).collect::<Vec<_>>().join(" ")
}

/// `content-type` as `Content-Type`.
fn capitalized(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// HMAC-SHA256, as Standard Webhooks wants it.
fn sign(key: &[u8], message: &str) -> String {
    // Keys of any length are taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

impl World {
    /// A push of one new commit, and what is to be sent of it. `None`: no such project.
    pub(crate) fn push(
        &mut self,
        id: i64,
        branch: &str,
        mut head: Commit,
    ) -> Option<Vec<Delivery>> {
        let now = self.now();
        let project = self.projects.get_mut(&id)?;
        head.at = head.at.or(Some(now));
        let before = project.head(branch).map(|head| head.sha.clone());
        project.branches.entry(branch.to_owned()).or_default().push(head.clone());
        let project = self.projects.get(&id)?;
        let between = (before.as_deref().unwrap_or(bodies::NOTHING), head.sha.as_str());
        let reference = format!("refs/heads/{branch}");
        let body = bodies::push(self, project, &reference, between, std::slice::from_ref(&head));
        let hooks = self
            .hooks_above(project)
            .into_iter()
            .filter(|hook| hook.wants_push(branch) && hook.alert_status(now) == "executable");
        let delivery = |hook| Delivery::new(self, hook, "push_hooks", body.clone(), None);
        Some(hooks.map(delivery).collect())
    }

    /// Writes down what became of a delivery: in the log, and in the count of failures. Answers
    /// the entry's number.
    pub(crate) fn settle(&mut self, delivery: &Delivery, outcome: &Outcome) -> i64 {
        let (now, counted) = (self.now(), self.switches_off);
        if let Some(hook) = self.hooks.get_mut(&delivery.hook) {
            if outcome.delivered() {
                hook.enable();
            } else if counted && hook.alert_status(now) == "executable" {
                if hook.failures >= BEARABLE {
                    let doubled = 1 << (hook.failures - BEARABLE).min(11);
                    let pause = TimeDelta::minutes(doubled).min(TimeDelta::days(1));
                    hook.disabled_until = Some(now + pause);
                }
                hook.failures = (hook.failures + 1).min(MOST + 1);
            }
        }
        self.log(delivery, outcome)
    }

    /// The answer to whoever waited for this delivery.
    pub(crate) fn answer_errand(&mut self, errand: &Errand, outcome: &Outcome) -> Reply {
        self.settle(&errand.delivery, outcome);
        match (errand.purpose, outcome.status) {
            (Purpose::SystemTest, _) => Reply::created(errand.delivery.body.clone()),
            (_, None) => Reply::message(422, &outcome.error),
            (Purpose::Resend, Some(status)) => {
                Reply::created(serde_json::json!({ "response_status": status }))
            }
            (Purpose::Test, Some(200..300)) => Reply::message(201, "201 Created"),
            (Purpose::Test, Some(_)) => Reply::message(422, &outcome.body),
        }
    }
}
