//! The log of a webhook: what was sent in the last seven days, and sending it again.

use crate::deliver::{Delivery, Errand, Outcome, Purpose};
use crate::hooks::Owner;
use crate::pages;
use crate::reply::{Answer, Next, Reply, Request};
use crate::world::{World, stamp};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

/// What stands as the status where there was no answer.
const INTERNAL_ERROR: &str = "internal error";

/// One entry of the log.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number.
    pub id: i64,
    /// The webhook's number.
    pub hook: i64,
    /// `push_hooks`, …
    pub trigger: String,
    /// What was sent, with secrets redacted.
    pub request_headers: Map<String, Value>,
    /// The body, with e-mail addresses redacted.
    pub request_data: Value,
    /// What the receiver answered: a number, or `internal error` where it did not.
    pub response_status: String,
    /// The body of its answer.
    pub response_body: String,
    /// When.
    pub created_at: DateTime<Utc>,
    response_headers: Map<String, Value>,
    execution_duration: f64,
    url: String,
    sent_to: String,
}

impl Event {
    /// The key that it was sent with, and is sent with again.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.request_headers.get("Idempotency-Key")?.as_str()
    }

    fn show(&self) -> Value {
        json!({
            "id": self.id,
            "url": self.url,
            "trigger": self.trigger,
            "request_headers": self.request_headers,
            "request_data": self.request_data,
            "response_headers": self.response_headers,
            "response_body": self.response_body,
            "execution_duration": self.execution_duration,
            "response_status": self.response_status,
            "created_at": stamp(self.created_at),
        })
    }

    fn matches(&self, status: &str) -> bool {
        let code = self.response_status.parse().unwrap_or(0);
        match status {
            "successful" => (200..300).contains(&code),
            "client_failure" => (400..500).contains(&code),
            "server_failure" => {
                (500..600).contains(&code) || self.response_status == INTERNAL_ERROR
            }
            other => self.response_status == other,
        }
    }
}

impl World {
    /// Writes a delivery into its webhook's log.
    pub(crate) fn log(&mut self, delivery: &Delivery, outcome: &Outcome) -> i64 {
        let custom = self.hooks.get(&delivery.hook).map(|hook| &hook.custom_headers);
        let is_secret = |name: &String| {
            name == "X-Gitlab-Token" || custom.is_some_and(|custom| custom.contains_key(name))
        };
        let headers = delivery.headers.iter().map(|(name, value)| {
            let shown = if is_secret(name) { "[REDACTED]" } else { value };
            (name.clone(), shown.into())
        });
        let mut url = url::Url::parse(&delivery.template).ok();
        if let Some(url) = url.as_mut().filter(|url| url.password().is_some()) {
            let _ = url.set_username("*****");
            let _ = url.set_password(Some("*****"));
        }
        let event = Event {
            hook: delivery.hook,
            trigger: delivery.trigger.clone(),
            request_headers: headers.collect(),
            request_data: without_addresses(&delivery.body),
            response_status: outcome
                .status
                .map_or_else(|| INTERNAL_ERROR.to_owned(), |status| status.to_string()),
            response_body: outcome.body.clone(),
            created_at: self.now(),
            response_headers: outcome.headers.clone(),
            execution_duration: outcome.took.as_secs_f64(),
            url: url.map_or_else(|| delivery.template.clone(), String::from),
            sent_to: delivery.url.clone(),
            id: self.next_id(),
        };
        let id = event.id;
        self.events.insert(id, event);
        id
    }
}

/// A body as the log keeps it: whatever is an e-mail address is redacted.
fn without_addresses(value: &Value) -> Value {
    match value {
        Value::String(text) if is_address(text) => "[REDACTED]".into(),
        Value::Array(list) => list.iter().map(without_addresses).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), without_addresses(value))).collect()
        }
        other => other.clone(),
    }
}

fn is_address(text: &str) -> bool {
    let Some((person, host)) = text.split_once('@') else { return false };
    let of_host = |letter: char| letter.is_ascii_alphanumeric() || letter == '.' || letter == '-';
    !person.is_empty()
        && !host.is_empty()
        && !person.contains([' ', '/', ':'])
        && host.chars().all(of_host)
}

/// `GET …/hooks/:hook_id/events`: the newest first.
pub(crate) fn list(world: &World, owner: Owner, request: &Request, id: &str) -> Answer {
    const DAYS: i64 = 7;
    let hook = world.hook(owner, id)?.id;
    if request.number("per_page")?.is_some_and(|rows| !(1..=20).contains(&rows)) {
        return Err(Reply::error(400, "per_page does not have a valid value"));
    }
    let wanted = request.text("status");
    let wanted: Option<Vec<&str>> = wanted.as_deref().map(|text| text.split(',').collect());
    let classes = ["successful", "client_failure", "server_failure"];
    let valid = |status: &&str| {
        classes.contains(status) || status.parse().is_ok_and(|code: u16| (100..600).contains(&code))
    };
    if wanted.iter().flatten().any(|status| !valid(status)) {
        return Err(Reply::error(400, "status does not have a valid value"));
    }
    // From the beginning of the day seven days ago.
    let first_day = (world.now() - TimeDelta::days(DAYS)).date_naive();
    let mut rows: Vec<_> = world
        .events
        .values()
        .filter(|event| event.hook == hook && event.created_at.date_naive() >= first_day)
        .filter(|event| {
            wanted.as_ref().is_none_or(|all| all.iter().any(|status| event.matches(status)))
        })
        .collect();
    rows.reverse();
    pages::by_number(world, request, &rows, |event| event.show())
}

/// `POST …/hooks/:hook_id/events/:event_id/resend`: the same data with the same key. What the log
/// has redacted goes out redacted.
pub(crate) fn resend(
    world: &mut World,
    owner: Owner,
    user: i64,
    (id, event): (&str, &str),
) -> Result<Next, Reply> {
    let hook = world.hook(owner, id)?.clone();
    world.press("resend", owner, user)?;
    let event = event.parse().ok().and_then(|id| world.events.get(&id));
    let event = event.filter(|event| event.hook == hook.id);
    let event = event.ok_or_else(|| Reply::not_found(None))?;
    if event.sent_to != hook.full_url() {
        let message = "The hook URL has changed, and this log entry cannot be retried";
        return Err(Reply::message(422, message));
    }
    if hook.alert_status(world.now()) != "executable" {
        return Err(Reply::message(422, "Hook disabled"));
    }
    let key = event.idempotency_key().map(str::to_owned);
    let delivery = Delivery::new(world, &hook, &event.trigger, event.request_data.clone(), key);
    Ok(Next::Send(Box::new(Errand { delivery, purpose: Purpose::Resend })))
}
