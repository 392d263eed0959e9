//! What a message says: sentences, and data that no language changes. In which language it is read,
//! the channel says.

mod samples;

pub use samples::samples;

use super::happening::{Content, Happening, JobEnd, Named};
use super::rule::Rule;
use crate::listing::group_thousands;
use crate::sentence::Sentence;

/// How good the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something is wrong.
    Bad,
    /// It is right again.
    Good,
    /// Neither.
    Plain,
}

/// A message before it has a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// How good the news is.
    pub tone: Tone,
    /// What happened.
    pub title: Sentence,
    /// What follows from it; none = the title says all.
    pub intro: Option<Sentence>,
    /// The happenings that are described.
    pub parts: Vec<Part>,
    /// What is only counted; none = nothing.
    pub more: Option<Sentence>,
}

/// One happening.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// What it is about: data.
    pub title: String,
    /// Why.
    pub error: Option<Sentence>,
    /// Label and value.
    pub facts: Vec<(Sentence, String)>,
    /// The last lines of output.
    pub output: String,
    /// Words and address.
    pub links: Vec<(Sentence, String)>,
}

/// Addresses of the panel: by what they lead to, none where nobody knows how the panel is reached.
pub struct Pages<'a> {
    /// A job's page.
    pub job: &'a dyn Fn(&str) -> Option<String>,
    /// A webhook's page.
    pub webhook: &'a dyn Fn(i64) -> Option<String>,
    /// The page of a connection to GitLab.
    pub connection: &'a dyn Fn(i64) -> Option<String>,
    /// The workers' page.
    pub workers: Option<String>,
    /// The deliveries whose credentials were refused.
    pub refused: Option<String>,
}

impl Pages<'_> {
    /// Where no page is known.
    pub fn none() -> Pages<'static> {
        Pages {
            job: &|_| None,
            webhook: &|_| None,
            connection: &|_| None,
            workers: None,
            refused: None,
        }
    }
}

/// What a message says of this.
pub fn draft_message(content: &Content, pages: &Pages<'_>) -> Draft {
    let described = u64::try_from(content.first.len()).unwrap_or(u64::MAX);
    let left = content.count.saturating_sub(described);
    Draft {
        tone: tone_of(content),
        title: title(content),
        intro: intro(content),
        parts: content.first.iter().map(|one| describe(one, pages)).collect(),
        more: (left > 0)
            .then(|| count(left, "{n} more is not listed.", "{n} more are not listed.")),
    }
}

fn tone_of(content: &Content) -> Tone {
    match content.rule {
        None => Tone::Plain,
        Some(Rule::Recovered) => Tone::Good,
        Some(
            Rule::Failed
            | Rule::FailedInARow { .. }
            | Rule::Quiet { .. }
            | Rule::Refused { .. }
            | Rule::Late { .. }
            | Rule::WorkerLost
            | Rule::DiskFull { .. }
            | Rule::HookDisabled
            | Rule::TokenExpires { .. },
        ) => Tone::Bad,
    }
}

fn count(n: u64, one: &'static str, many: &'static str) -> Sentence {
    Sentence::new(if n == 1 { one } else { many }).with("n", group_thousands(n))
}

/// The one webhook that all of it is about.
fn only_webhook(content: &Content) -> Option<&str> {
    match content.webhooks.as_slice() {
        [(name, count)] if *count == content.count => Some(name),
        _ => None,
    }
}

fn title(content: &Content) -> Sentence {
    let n = content.count;
    let Some(rule) = content.rule else { return "Test message".into() };
    match (rule, only_webhook(content)) {
        (Rule::Failed, Some(name)) if n == 1 => {
            Sentence::new("“{webhook}” failed").with("webhook", name)
        }
        (Rule::Failed, Some(name)) => Sentence::new("{n} jobs of “{webhook}” failed")
            .with("n", group_thousands(n))
            .with("webhook", name),
        (Rule::Failed, None) => count(n, "{n} job failed", "{n} jobs failed"),
        (Rule::FailedInARow { times }, Some(name)) => {
            Sentence::new("“{webhook}” failed {times} times in a row")
                .with("webhook", name)
                .with("times", times)
        }
        (Rule::FailedInARow { times }, None) => {
            Sentence::new("{n} webhooks failed {times} times in a row")
                .with("n", group_thousands(n))
                .with("times", times)
        }
        (Rule::Recovered, Some(name)) => {
            Sentence::new("“{webhook}” succeeds again").with("webhook", name)
        }
        (Rule::Recovered, None) => {
            Sentence::new("{n} webhooks succeed again").with("n", group_thousands(n))
        }
        (Rule::Quiet { days }, Some(name)) => {
            Sentence::new("“{webhook}” has received nothing for {days} days")
                .with("webhook", name)
                .with("days", days)
        }
        (Rule::Quiet { days }, None) => {
            Sentence::new("{n} webhooks have received nothing for {days} days")
                .with("n", group_thousands(n))
                .with("days", days)
        }
        (Rule::WorkerLost, _) => count(n, "A worker is lost", "{n} workers are lost"),
        (Rule::HookDisabled, _) => {
            count(n, "GitLab has disabled a webhook", "GitLab has disabled {n} webhooks")
        }
        (Rule::TokenExpires { .. }, _) => count(
            n,
            "An access token for GitLab expires soon",
            "{n} access tokens for GitLab expire soon",
        ),
        (Rule::Refused { .. } | Rule::Late { .. } | Rule::DiskFull { .. }, _) => {
            state_title(content)
        }
    }
}

/// Of what has one state, which the last happening tells.
fn state_title(content: &Content) -> Sentence {
    match content.first.last() {
        Some(Happening::Refused { deliveries }) => count(
            *deliveries,
            "A delivery was rejected for its credentials within an hour",
            "{n} deliveries were rejected for their credentials within an hour",
        ),
        Some(Happening::Late { seconds, .. }) => {
            Sentence::new("The oldest due job has waited {seconds} s")
                .with("seconds", group_thousands(*seconds))
        }
        Some(Happening::DiskFull { percent, .. }) => {
            Sentence::new("The data directory's disk is {percent} % full").with("percent", percent)
        }
        _ => "Something happened".into(),
    }
}

fn intro(content: &Content) -> Option<Sentence> {
    let text = match content.rule {
        None => "If you can read this, messages of this channel arrive.",
        Some(Rule::Quiet { .. }) => {
            "Check in GitLab whether its webhook is still there, enabled, and calls this address."
        }
        Some(Rule::Refused { .. }) => {
            "Somebody calls without a valid token, or a secret was changed on one side only."
        }
        Some(Rule::Late { .. }) => {
            "Workers are busy, paused or away. The page of workers shows what runs and what waits."
        }
        Some(Rule::WorkerLost) => "Jobs that it ran go to the other workers.",
        Some(Rule::DiskFull { .. }) => {
            "When it is full, nothing can be received or run. Make room, or shorten the retention."
        }
        Some(Rule::HookDisabled) => {
            "It sends nothing until a Test succeeds, and GitLab's Test did not. See what it says."
        }
        Some(Rule::TokenExpires { .. }) => {
            "Make a new one in GitLab and enter it here: without it, webhooks are not kept in order."
        }
        Some(Rule::Failed | Rule::FailedInARow { .. } | Rule::Recovered) => return None,
    };
    Some(text.into())
}

fn fact(facts: &mut Vec<(Sentence, String)>, label: &'static str, value: &str) {
    if !value.is_empty() {
        facts.push((label.into(), value.to_owned()));
    }
}

fn link(words: &'static str, href: Option<String>) -> Option<(Sentence, String)> {
    href.map(|href| (words.into(), href))
}

fn describe(happening: &Happening, pages: &Pages<'_>) -> Part {
    let mut facts = Vec::new();
    match happening {
        Happening::Job(end) => describe_job(end, pages),
        Happening::Quiet { webhook, last } => {
            fact(&mut facts, "Last delivery", last.as_deref().unwrap_or_default());
            let links = link("Open webhook", (pages.webhook)(webhook.id)).into_iter().collect();
            Part { title: webhook.name.clone(), facts, links, ..Part::default() }
        }
        Happening::Refused { .. } => Part {
            links: link("Open deliveries", pages.refused.clone()).into_iter().collect(),
            ..Part::default()
        },
        Happening::Late { job, .. } => Part {
            title: job.clone(),
            links: [
                link("Open job", (pages.job)(job)),
                link("Open workers", pages.workers.clone()),
            ]
            .into_iter()
            .flatten()
            .collect(),
            ..Part::default()
        },
        Happening::WorkerLost { worker, host } => {
            fact(&mut facts, "Host", host);
            let links = link("Open workers", pages.workers.clone()).into_iter().collect();
            Part { title: worker.clone(), facts, links, ..Part::default() }
        }
        Happening::DiskFull { free_mib, .. } => {
            fact(&mut facts, "Free", &format!("{} MiB", group_thousands(*free_mib)));
            Part { facts, ..Part::default() }
        }
        Happening::HookDisabled { connection, project, until } => {
            fact(&mut facts, "Until", until.as_deref().unwrap_or_default());
            Part { title: project.clone(), ..describe_connection(connection, facts, pages) }
        }
        Happening::TokenExpires { connection, on } => {
            fact(&mut facts, "Expires", on);
            describe_connection(connection, facts, pages)
        }
        Happening::Test { by } => {
            fact(&mut facts, "Sent by", by);
            Part { facts, ..Part::default() }
        }
    }
}

fn describe_connection(
    connection: &Named,
    mut facts: Vec<(Sentence, String)>,
    pages: &Pages<'_>,
) -> Part {
    fact(&mut facts, "Connection", &connection.name);
    let links = link("Open connection", (pages.connection)(connection.id)).into_iter().collect();
    Part { title: connection.name.clone(), facts, links, ..Part::default() }
}

fn describe_job(end: &JobEnd, pages: &Pages<'_>) -> Part {
    let mut facts = Vec::new();
    let short_ref = ["refs/heads/", "refs/tags/"]
        .iter()
        .find_map(|prefix| end.git_ref.strip_prefix(prefix))
        .unwrap_or(&end.git_ref);
    let commit: String = end.sha.chars().take(8).collect();
    fact(&mut facts, "Repository", &end.repository);
    fact(&mut facts, "Ref", short_ref);
    fact(&mut facts, "Commit", &commit);
    fact(&mut facts, "Person", &end.person);
    fact(&mut facts, "Action", &end.action);
    if end.attempts > 1 {
        fact(&mut facts, "Attempts", &end.attempts.to_string());
    }
    let said = || Some(end.error.clone()).filter(|error| !error.is_empty()).map(Sentence::from);
    let title = match end.title.as_str() {
        "" => end.webhook.clone(),
        title => format!("{}: {title}", end.webhook),
    };
    let gitlab = Some(end.gitlab.clone()).filter(|href| !href.is_empty());
    Part {
        title,
        error: end.failure.as_ref().map(crate::failure::Failure::sentence).or_else(said),
        facts,
        output: end.output.clone(),
        links: [link("Open job", (pages.job)(&end.job)), link("Open in GitLab", gitlab)]
            .into_iter()
            .flatten()
            .collect(),
    }
}

#[cfg(test)]
mod tests;
