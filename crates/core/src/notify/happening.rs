//! What happened, and what becomes one message of it: a message takes up more of the same until it is
//! sent, keeps the first few of them, and counts the rest.

use super::rule::Rule;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};

/// How many happenings a message describes; of more it has the number.
pub const DESCRIBED: usize = 5;
/// How many webhooks a message counts by their names.
const COUNTED: usize = 20;

/// What happened. The names of its variants and fields are part of the database's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values of what is said")]
pub enum Happening {
    /// A job ended.
    Job(Box<JobEnd>),
    /// A webhook received nothing for long.
    Quiet { webhook: Named, last: Option<String> },
    /// Deliveries were rejected for their credentials.
    Refused { deliveries: u64 },
    /// A job that is due waits.
    Late { seconds: u64, job: String },
    /// A worker is lost.
    WorkerLost { worker: String, host: String },
    /// The disk of the data directory is nearly full.
    DiskFull { percent: u32, free_mib: u64 },
    /// GitLab disabled a webhook; none = until somebody acts.
    HookDisabled { connection: Named, project: String, until: Option<String> },
    /// An access token expires.
    TokenExpires { connection: Named, on: String },
    /// A person tests the channel.
    Test { by: String },
}

/// A webhook or a connection, by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "plain")]
pub struct Named {
    pub id: i64,
    pub name: String,
}

/// The end of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the columns of jobs and deliveries")]
pub struct JobEnd {
    pub job: String,
    pub webhook_id: Option<i64>,
    pub webhook: String,
    pub repository: String,
    pub git_ref: String,
    pub sha: String,
    pub title: String,
    pub person: String,
    pub action: String,
    pub attempts: i32,
    /// Why it failed; none of a job of before, or of one that succeeded.
    pub failure: Option<Failure>,
    /// The same, as it was said then.
    pub error: String,
    /// The last lines of its output.
    pub output: String,
    /// The event's page in GitLab.
    pub gitlab: String,
    /// How many jobs of the webhook have failed one after the other; of one that succeeded: before it.
    pub in_a_row: u32,
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The rule; none = a test.
    pub rule: Option<Rule>,
    /// The first that happened, [`DESCRIBED`] at most.
    pub first: Vec<Happening>,
    /// All that happened.
    pub count: u64,
    /// How much of it by webhook, where it is about webhooks: names as long as there is room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<(String, u64)>,
}

impl Content {
    /// Nothing yet.
    pub fn new(rule: Option<Rule>) -> Self {
        Self { rule, first: Vec::new(), count: 0, webhooks: Vec::new() }
    }

    /// The test of a channel.
    pub fn test(by: &str) -> Self {
        let mut test = Self::new(None);
        test.take_up(Happening::Test { by: by.to_owned() });
        test
    }

    /// Whether another happening would be described, and not only counted.
    pub fn has_room(&self) -> bool {
        self.first.len() < DESCRIBED
    }

    /// Takes up another happening.
    pub fn take_up(&mut self, happening: Happening) {
        self.count += 1;
        let webhook = match &happening {
            Happening::Job(end) => Some(&end.webhook),
            Happening::Quiet { webhook, .. } => Some(&webhook.name),
            _ => None,
        };
        if let Some(name) = webhook {
            if let Some((_, count)) = self.webhooks.iter_mut().find(|(known, _)| known == name) {
                *count += 1;
            } else if self.webhooks.len() < COUNTED {
                self.webhooks.push((name.clone(), 1));
            }
        }
        if self.has_room() {
            self.first.push(happening);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(webhook: &str) -> Happening {
        Happening::Job(Box::new(JobEnd { webhook: webhook.to_owned(), ..JobEnd::default() }))
    }

    #[test]
    fn five_hundred_failures_are_one_message_of_bounded_size() {
        let mut content = Content::new(Some(Rule::Failed));
        for n in 0..500 {
            content.take_up(failed(&format!("webhook {}", n % 40)));
        }
        assert_eq!((content.count, content.first.len()), (500, DESCRIBED));
        assert_eq!(content.webhooks.len(), COUNTED);
        assert_eq!(content.webhooks[0], ("webhook 0".to_owned(), 13));
        let stored = serde_json::to_value(&content).unwrap();
        assert_eq!(serde_json::from_value::<Content>(stored).unwrap(), content);
    }

    #[test]
    fn a_stored_message_of_before_is_read() {
        let stored = r#"{"rule":"failed","first":[{"what":"job","job":"01"}],"count":1}"#;
        let content: Content = serde_json::from_str(stored).unwrap();
        let Happening::Job(end) = &content.first[0] else { panic!("a job") };
        assert_eq!((end.job.as_str(), end.attempts), ("01", 0));
    }
}
