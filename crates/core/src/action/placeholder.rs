//! The facts of an event that an entry may ask for, a closed list, and how its `command` asks.
//!
//! An event's text is a *value*, always: it never chooses a variable's name, never becomes part of
//! an argument and never becomes an option (`invocation.rs` refuses that).

use super::{Argument, Parameter};
use crate::event::repository::RepositoryUrl;
use crate::event::{Event, GitRef};
use crate::sentence::Sentence;
use std::borrow::Cow;

/// What a job's run is told about its event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFacts {
    /// GitLab's event header, as `Push Hook`.
    pub event: String,
    /// The body's `object_kind`, as `push`.
    pub kind: String,
    /// Its ref.
    pub git_ref: GitRef,
    /// The commit.
    pub sha: String,
    /// GitLab's number of the project.
    pub project_id: Option<i64>,
    /// The project's path, as `group/name`: that of the address.
    pub project_path: String,
    /// The repository's address that was compared with the webhook's, of those the event has.
    pub repo_url: String,
    /// Who triggered it.
    pub user_name: String,
    /// The delivery's id.
    pub delivery: String,
    /// The job's id.
    pub job: String,
    /// Which attempt of the job this is, from 1.
    pub attempt: i32,
}

impl EventFacts {
    /// What a run is told: of the event, and of the delivery, the job and its attempt.
    ///
    /// Of an event's addresses one is compared with the webhook's: the others, and the path beside
    /// them, say what the sender likes.
    #[must_use]
    pub fn from_event(
        event: Event,
        webhook_url: &str,
        delivery: &str,
        job: &str,
        attempt: i32,
    ) -> Self {
        let (repo_url, project_path) = compare_addresses(&event, webhook_url);
        Self {
            event: event.header,
            kind: event.object_kind,
            git_ref: event.git_ref,
            sha: event.sha,
            project_id: event.project_id,
            project_path,
            repo_url,
            user_name: event.user_name,
            delivery: delivery.to_owned(),
            job: job.to_owned(),
            attempt,
        }
    }
}

/// The address that stands for the event's repository with a webhook of this address, and its path.
fn compare_addresses(event: &Event, webhook_url: &str) -> (String, String) {
    let wanted = RepositoryUrl::parse(webhook_url);
    let is_same = |url: &&String| RepositoryUrl::parse(url).same_as(&wanted);
    let url = match event.repo_urls.iter().find(is_same) {
        Some(url) => url,
        // Matched by its project's id alone.
        None if event.repo_urls.is_empty() => webhook_url,
        // A person sent it to a webhook of another repository.
        None => return (event.repo_url.clone(), event.project_path.clone()),
    };
    let address = RepositoryUrl::parse(url);
    // In front of the path may stand the folder of a GitLab that is not at its host's root.
    let in_folder = url.starts_with("http")
        && event.project_path.contains('/')
        && address
            .path()
            .strip_suffix(&event.project_path)
            .is_some_and(|folder| folder.ends_with('/'));
    match url {
        "" => (String::new(), event.project_path.clone()),
        _ if in_folder => (url.to_owned(), event.project_path.clone()),
        _ => (url.to_owned(), address.path().to_owned()),
    }
}

/// One fact, by the word an entry uses for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fact {
    /// `{event}`
    Event,
    /// `{kind}`
    Kind,
    /// `{ref}`
    Ref,
    /// `{branch}`: the ref without `refs/heads/`; empty for any other ref.
    Branch,
    /// `{tag}`: the ref without `refs/tags/`; empty for any other ref.
    Tag,
    /// `{sha}`
    Sha,
    /// `{project_id}`
    ProjectId,
    /// `{project_path}`
    ProjectPath,
    /// `{repo_url}`
    RepoUrl,
    /// `{user_name}`
    UserName,
    /// `{delivery}`
    Delivery,
    /// `{job}`
    Job,
    /// `{attempt}`
    Attempt,
}

impl Fact {
    /// Every fact.
    pub const ALL: [Self; 13] = [
        Self::Event,
        Self::Kind,
        Self::Ref,
        Self::Branch,
        Self::Tag,
        Self::Sha,
        Self::ProjectId,
        Self::ProjectPath,
        Self::RepoUrl,
        Self::UserName,
        Self::Delivery,
        Self::Job,
        Self::Attempt,
    ];

    /// The word in a placeholder.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Kind => "kind",
            Self::Ref => "ref",
            Self::Branch => "branch",
            Self::Tag => "tag",
            Self::Sha => "sha",
            Self::ProjectId => "project_id",
            Self::ProjectPath => "project_path",
            Self::RepoUrl => "repo_url",
            Self::UserName => "user_name",
            Self::Delivery => "delivery",
            Self::Job => "job",
            Self::Attempt => "attempt",
        }
    }

    /// The fact of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.as_str() == word)
    }

    /// The words there are, for a message about one that is not.
    pub(super) fn list_known() -> Sentence {
        let known: Vec<_> = Self::ALL.iter().map(|fact| fact.as_str()).collect();
        let known = known.join(", ");
        Sentence::new("there are {known} and param.NAME").with("known", known)
    }

    /// The environment variable that carries it.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::Event => "SIGNALBOX_EVENT",
            Self::Kind => "SIGNALBOX_KIND",
            Self::Ref => "SIGNALBOX_REF",
            Self::Branch => "SIGNALBOX_BRANCH",
            Self::Tag => "SIGNALBOX_TAG",
            Self::Sha => "SIGNALBOX_SHA",
            Self::ProjectId => "SIGNALBOX_PROJECT_ID",
            Self::ProjectPath => "SIGNALBOX_PROJECT_PATH",
            Self::RepoUrl => "SIGNALBOX_REPO_URL",
            Self::UserName => "SIGNALBOX_USER_NAME",
            Self::Delivery => "SIGNALBOX_DELIVERY",
            Self::Job => "SIGNALBOX_JOB",
            Self::Attempt => "SIGNALBOX_ATTEMPT",
        }
    }

    /// Its value for an event; empty where the event has none.
    #[must_use]
    pub fn value_for(self, facts: &EventFacts) -> Cow<'_, str> {
        match self {
            Self::Event => facts.event.as_str().into(),
            Self::Kind => facts.kind.as_str().into(),
            Self::Ref => facts.git_ref.as_str().into(),
            Self::Branch => facts.git_ref.branch_name().into(),
            Self::Tag => facts.git_ref.tag_name().into(),
            Self::Sha => facts.sha.as_str().into(),
            Self::ProjectId => facts.project_id.map(|id| id.to_string()).unwrap_or_default().into(),
            Self::ProjectPath => facts.project_path.as_str().into(),
            Self::RepoUrl => facts.repo_url.as_str().into(),
            Self::UserName => facts.user_name.as_str().into(),
            Self::Delivery => facts.delivery.as_str().into(),
            Self::Job => facts.job.as_str().into(),
            Self::Attempt => facts.attempt.to_string().into(),
        }
    }
}

impl Argument {
    /// Reads one element of an entry's `command`, which follows `before`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub(super) fn parse_argument(
        element: &str,
        before: Option<&Self>,
        parameters: &[Parameter],
    ) -> Result<Self, Sentence> {
        if element.contains('\0') {
            return Err("an element has a NUL byte".into());
        }
        let Some(word) = sole_placeholder(element) else {
            return match mixed_placeholder(element) {
                Some(word) => Err(Sentence::new(
                    "{element} mixes text with {{word}}: a placeholder is an element of its own",
                )
                .with("element", format!("{element:?}"))
                .with("word", word)),
                None => Ok(Self::Literal(element.to_owned())),
            };
        };
        if let Some(Self::Literal(option)) = before
            && takes_code(option)
        {
            return Err(Sentence::new("{element} follows {option}: it would be run as code")
                .with("element", format!("{element:?}"))
                .with("option", format!("{option:?}")));
        }
        if let Some(fact) = Fact::parse(word) {
            return Ok(Self::Fact(fact));
        }
        let Some(name) = word.strip_prefix("param.") else {
            return Err(Sentence::new("{element} is unknown: {known}")
                .with("element", format!("{element:?}"))
                .with_sentence("known", Fact::list_known()));
        };
        match parameters.iter().find(|parameter| parameter.name == name) {
            None => Err(Sentence::new("{element}: no [parameters.{name}] is declared").with("element", format!("{element:?}")).with("name", name)),
            Some(parameter) if !parameter.always_has_a_value() => Err(Sentence::new("{element}: an argument cannot be left out: make the parameter required or give it a default").with("element", format!("{element:?}"))),
            Some(_) => Ok(Self::Parameter(name.to_owned())),
        }
    }
}

/// The word of an element that is one placeholder and nothing else.
fn sole_placeholder(element: &str) -> Option<&str> {
    let word = element.strip_prefix('{')?.strip_suffix('}')?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    (!word.is_empty() && word.chars().all(is_word)).then_some(word)
}

/// A known placeholder inside other text: a mistake, unless it is a shell's `${…}`.
fn mixed_placeholder(element: &str) -> Option<&str> {
    let mut before = None;
    for part in element.split_inclusive('{') {
        if before.is_some_and(|before: &str| !before.ends_with("${"))
            && let Some((word, _)) = part.split_once('}')
            && (Fact::parse(word).is_some() || word.starts_with("param."))
        {
            return Some(word);
        }
        before = Some(part);
    }
    None
}

/// Whether the element after this option is code to interpreters: `sh -c`, `perl -e`, `git -c`.
fn takes_code(option: &str) -> bool {
    let short = option.strip_prefix('-').is_some_and(|letters| {
        letters.ends_with(['c', 'e', 'E']) && letters.chars().all(|c| c.is_ascii_alphabetic())
    });
    short || matches!(option, "--command" | "--eval" | "--execute" | "--print")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_facts(urls: &[&str], path: &str, webhook_url: &str) -> (String, String) {
        let event = Event {
            repo_url: urls.first().copied().unwrap_or_default().to_owned(),
            repo_urls: urls.iter().map(|url| (*url).to_owned()).collect(),
            project_path: path.to_owned(),
            ..Event::default()
        };
        let facts = EventFacts::from_event(event, webhook_url, "D", "J", 1);
        (facts.repo_url, facts.project_path)
    }

    #[test]
    fn an_action_gets_the_address_that_was_compared_and_its_path() {
        let webhook = "git@git.example.com:team/app.git";
        let web = "https://git.example.com/team/app.git";
        let own = (web.to_owned(), "team/app".to_owned());
        assert_eq!(address_facts(&[web], "team/app", webhook), own);
        // What a sender writes beside it is not given on.
        assert_eq!(
            address_facts(&["https://evil.example.com/a/b.git", web], "evil/app", webhook),
            own
        );
        assert_eq!(address_facts(&[web], "app", webhook), own);
        let by_id = (webhook.to_owned(), "team/app".to_owned());
        assert_eq!(address_facts(&[], "evil/app", webhook), by_id);
        assert_eq!(address_facts(&[], "a/b", ""), (String::new(), "a/b".to_owned()));
        // A GitLab that is not at its host's root.
        let folder = "https://example.com/gitlab/team/app.git";
        let in_folder = (folder.to_owned(), "team/app".to_owned());
        assert_eq!(address_facts(&[folder], "team/app", folder), in_folder);
        // A person sent it to another repository's webhook.
        let other = "https://git.example.com/team/other.git";
        assert_eq!(
            address_facts(&[other], "team/other", webhook),
            (other.into(), "team/other".into())
        );
    }
}
