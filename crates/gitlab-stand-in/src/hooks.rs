//! Webhooks: what they are, what they listen for, and how the API shows them.

use crate::projects::Project;
use crate::reply::Reply;
use crate::world::{World, stamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What every webhook can listen for.
const EVERYWHERE: [&str; 4] =
    ["push_events", "tag_push_events", "merge_requests_events", "repository_update_events"];
/// What those of projects and groups can listen for as well.
const OF_PROJECTS: [&str; 15] = [
    "issues_events",
    "confidential_issues_events",
    "note_events",
    "confidential_note_events",
    "pipeline_events",
    "wiki_page_events",
    "deployment_events",
    "feature_flag_events",
    "job_events",
    "releases_events",
    "milestone_events",
    "emoji_events",
    "resource_access_token_events",
    "resource_deploy_token_events",
    "vulnerability_events",
];
/// What only those of groups can.
const OF_GROUPS: [&str; 3] = ["subgroup_events", "member_events", "project_events"];

/// So many failures one after the other are no reason to switch a webhook off.
pub(crate) const BEARABLE: u32 = 3;
/// More than this switch it off for good.
pub(crate) const MOST: u32 = 39;

/// Whose a webhook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A project's.
    Project(i64),
    /// A group's: it gets the events of all projects below.
    Group(i64),
    /// The whole GitLab's.
    System,
}

/// A webhook. What is public can be changed by hand, with `GitLab::change_hook`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    pub(crate) id: i64,
    pub(crate) owner: Owner,
    /// Where it sends to; `{name}` stands for a variable.
    pub url: String,
    /// What it is called.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The secret token, which the API never shows.
    pub token: Option<String>,
    /// The signing token, `whsec_…`, which the API never shows.
    pub signing_token: Option<String>,
    /// What it listens for, by the API's names: `push_events`, …
    pub events: BTreeMap<&'static str, bool>,
    /// Which branches' pushes it gets, in the form that the strategy says.
    pub push_events_branch_filter: Option<String>,
    /// `wildcard`, `regex` or `all_branches`.
    pub branch_filter_strategy: String,
    /// Whether the receiver's certificate is checked.
    pub enable_ssl_verification: bool,
    /// Values of what stands in braces in the URL.
    pub url_variables: BTreeMap<String, String>,
    /// Headers that it adds.
    pub custom_headers: BTreeMap<String, String>,
    /// Failures one after the other.
    pub(crate) failures: u32,
    pub(crate) disabled_until: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
}

impl Hook {
    pub(crate) fn new(id: i64, owner: Owner, now: DateTime<Utc>) -> Self {
        let mut events: BTreeMap<_, _> = EVERYWHERE.map(|name| (name, false)).into();
        match owner {
            Owner::System => events.extend([("repository_update_events", true)]),
            Owner::Project(_) | Owner::Group(_) => {
                events.extend(OF_PROJECTS.map(|name| (name, false)));
                events.extend([("push_events", true)]);
            }
        }
        if let Owner::Group(_) = owner {
            events.extend(OF_GROUPS.map(|name| (name, false)));
        }
        Self {
            id,
            owner,
            url: String::new(),
            name: None,
            description: None,
            token: None,
            signing_token: None,
            events,
            push_events_branch_filter: None,
            branch_filter_strategy: "wildcard".to_owned(),
            enable_ssl_verification: true,
            url_variables: BTreeMap::new(),
            custom_headers: BTreeMap::new(),
            failures: 0,
            disabled_until: None,
            created_at: now,
        }
    }

    /// Its number.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Whose it is.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// `executable`, `temporarily_disabled` or `disabled`.
    pub(crate) fn alert_status(&self, now: DateTime<Utc>) -> &'static str {
        if self.failures > MOST {
            "disabled"
        } else if self.failures > BEARABLE && self.disabled_until.is_some_and(|end| end >= now) {
            "temporarily_disabled"
        } else {
            "executable"
        }
    }

    pub(crate) fn enable(&mut self) {
        (self.failures, self.disabled_until) = (0, None);
    }

    /// The URL with its variables.
    pub(crate) fn full_url(&self) -> String {
        let mut url = self.url.clone();
        for (name, value) in &self.url_variables {
            url = url.replace(&format!("{{{name}}}"), value);
        }
        url
    }

    /// What GitLab forgets of a webhook whose URL changed: the secret token, unless it is given
    /// with the URL, and the custom headers even then.
    pub(crate) fn forget_after(&mut self, before: &Self) {
        if self.url != before.url && self.token == before.token {
            self.token = None;
        }
        if self.full_url() != before.full_url() {
            self.custom_headers.clear();
        }
    }

    /// Whether a push to this branch is for it.
    pub(crate) fn wants_push(&self, branch: &str) -> bool {
        let listens = self.events.get("push_events") == Some(&true);
        let filter = self.push_events_branch_filter.as_deref().unwrap_or_default();
        let pattern = match self.branch_filter_strategy.as_str() {
            _ if filter.is_empty() => return listens,
            "all_branches" => return listens,
            "regex" => filter.to_owned(),
            _ => format!("^{}$", regex::escape(filter).replace(r"\*", ".*")),
        };
        listens && Regex::new(&pattern).is_ok_and(|pattern| pattern.is_match(branch))
    }

    pub(crate) fn show(&self, world: &World) -> Value {
        let keys = |map: &BTreeMap<String, String>| -> Value {
            map.keys().map(|key| json!({ "key": key })).collect()
        };
        let mut shown = json!({
            "id": self.id,
            "url": self.url,
            "name": self.name,
            "description": self.description,
            "created_at": stamp(self.created_at),
            "enable_ssl_verification": self.enable_ssl_verification,
            "alert_status": self.alert_status(world.now()),
            "disabled_until": self.disabled_until.map(stamp),
            "url_variables": keys(&self.url_variables),
            "push_events_branch_filter": self.push_events_branch_filter,
            "branch_filter_strategy": self.branch_filter_strategy,
            "custom_webhook_template": null,
            "custom_headers": keys(&self.custom_headers),
        });
        if let Some(shown) = shown.as_object_mut() {
            let flags = self.events.iter().map(|(&name, &on)| (name.to_owned(), on.into()));
            shown.extend(flags);
            match self.owner {
                Owner::Project(id) => shown.insert("project_id".to_owned(), id.into()),
                Owner::Group(id) => shown.insert("group_id".to_owned(), id.into()),
                Owner::System => None,
            };
            if world.signs() {
                let present = self.token.is_some();
                shown.insert("token_present".to_owned(), present.into());
                let present = self.signing_token.is_some();
                shown.insert("signing_token_present".to_owned(), present.into());
            }
        }
        shown
    }
}

/// The key of a signing token: 32 bytes.
pub(crate) fn signing_key(token: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(token.strip_prefix("whsec_")?).ok()?;
    (key.len() == 32).then_some(key)
}

impl World {
    /// The webhook of a call, which must be this owner's.
    pub(crate) fn hook(&self, owner: Owner, id: &str) -> Result<&Hook, Reply> {
        let hook = id.parse().ok().and_then(|id| self.hooks.get(&id));
        hook.filter(|hook| hook.owner == owner).ok_or_else(|| Reply::not_found(None))
    }

    pub(crate) fn hooks_of(&self, owner: Owner) -> Vec<&Hook> {
        self.hooks.values().filter(|hook| hook.owner == owner).collect()
    }

    /// Who gets this project's events: its own webhooks, those of the groups above, the system's.
    pub(crate) fn hooks_above(&self, project: &Project) -> Vec<&Hook> {
        let above = |hook: &&Hook| match hook.owner {
            Owner::Project(id) => id == project.id,
            Owner::Group(id) => self.groups.get(&id).is_some_and(|it| it.holds(&project.path)),
            Owner::System => true,
        };
        self.hooks.values().filter(above).collect()
    }
}
