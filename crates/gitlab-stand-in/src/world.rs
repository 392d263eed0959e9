//! All that the stand-in knows, behind one lock.

use crate::deployments::Deployment;
use crate::events::Event;
use crate::faults::Planned;
use crate::groups::Group;
use crate::hooks::{Hook, Owner};
use crate::notes::Note;
use crate::projects::Project;
use crate::reply::{Reply, Request};
use crate::statuses::Status;
use crate::tokens::{Role, Token};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) struct World {
    /// What GitLab takes for its own address.
    pub url: String,
    pub version: (u32, u32),
    /// How long it waits for the answer to a delivery.
    pub patience: Duration,
    /// Whether failing webhooks are switched off.
    pub switches_off: bool,
    pub tokens: Vec<Token>,
    pub projects: BTreeMap<i64, Project>,
    /// Where moved projects stood before.
    pub moved: BTreeMap<String, i64>,
    pub groups: BTreeMap<i64, Group>,
    pub hooks: BTreeMap<i64, Hook>,
    pub events: BTreeMap<i64, Event>,
    pub statuses: BTreeMap<i64, Status>,
    pub deployments: BTreeMap<i64, Deployment>,
    pub notes: BTreeMap<i64, Note>,
    pub faults: Vec<Planned>,
    pub calls: Vec<Call>,
    /// When a person had webhooks tested or events sent again: what, of whose webhook, by whom.
    pub presses: BTreeMap<(&'static str, Owner, i64), Vec<DateTime<Utc>>>,
    /// How far its clock is ahead.
    pub ahead: TimeDelta,
    last_id: i64,
}

/// One call of the API, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `GET`, …
    pub method: String,
    /// Path and query, as they came.
    pub path: String,
    /// Whether it came with a token that serves.
    pub authenticated: bool,
    /// What it was answered; `None` where the connection was broken off.
    pub status: Option<u16>,
}

impl World {
    pub fn new(url: String) -> Self {
        Self {
            url,
            version: (19, 1),
            patience: Duration::from_secs(10),
            switches_off: false,
            tokens: Vec::new(),
            projects: BTreeMap::new(),
            moved: BTreeMap::new(),
            groups: BTreeMap::new(),
            hooks: BTreeMap::new(),
            events: BTreeMap::new(),
            statuses: BTreeMap::new(),
            deployments: BTreeMap::new(),
            notes: BTreeMap::new(),
            faults: Vec::new(),
            calls: Vec::new(),
            presses: BTreeMap::new(),
            ahead: TimeDelta::zero(),
            last_id: 0,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the stand-in's clock, which tests move on")]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }

    pub fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    pub fn version_text(&self) -> String {
        format!("{}.{}.0", self.version.0, self.version.1)
    }

    /// Since 19.0.
    pub fn signs(&self) -> bool {
        self.version >= (19, 0)
    }

    /// The project of a call: by number, or by the path it has or had.
    pub fn project(
        &self,
        token: Option<&Token>,
        request: &Request,
        id: &str,
    ) -> Result<&Project, Reply> {
        let missing = || Reply::not_found(Some("Project"));
        let by_path = |project: &&Project| project.path.eq_ignore_ascii_case(id);
        let number = id.parse().ok();
        let now = number.and_then(|id| self.projects.get(&id));
        let now = now.or_else(|| self.projects.values().find(by_path));
        let before = || self.moved.get(id).and_then(|id| self.projects.get(id));
        let project = now.or_else(before).ok_or_else(missing)?;
        let member = token.is_some_and(|token| token.role_in(self, project.id).is_some());
        if !member && !project.public {
            return Err(missing());
        }
        if now.is_some() {
            return Ok(project);
        }
        if !request.reads() {
            return Err(Reply::message(405, "Non GET methods are not allowed for moved projects"));
        }
        let (head, tail) = request.target.split_once("/projects/").unwrap_or_default();
        let tail = tail.find(['/', '?']).and_then(|end| tail.get(end..)).unwrap_or_default();
        let address = format!("{}{head}/projects/{}{tail}", self.url, project.id);
        let text = format!("This resource has been moved permanently to {address}");
        let mut reply = Reply::new(301, Value::String(text));
        reply.headers.push(("Location", address));
        Err(reply)
    }

    /// The project of a call, of which the caller has this role at least.
    pub fn project_as(
        &self,
        token: &Token,
        request: &Request,
        id: &str,
        role: Role,
    ) -> Result<&Project, Reply> {
        let project = self.project(Some(token), request, id)?;
        if token.role_in(self, project.id).is_some_and(|own| own >= role) {
            Ok(project)
        } else {
            Err(Reply::forbidden())
        }
    }

    /// As `project_as`, to write something that an archived project does not take.
    pub fn project_to_write(
        &self,
        token: &Token,
        request: &Request,
        id: &str,
        role: Role,
    ) -> Result<&Project, Reply> {
        let project = self.project_as(token, request, id, role)?;
        if project.archived { Err(Reply::forbidden()) } else { Ok(project) }
    }

    /// The group of a call, which the caller owns.
    pub fn group_as_owner(&self, token: &Token, id: &str) -> Result<&Group, Reply> {
        let number = id.parse().ok();
        let group = number
            .and_then(|id| self.groups.get(&id))
            .or_else(|| self.groups.values().find(|group| group.path.eq_ignore_ascii_case(id)))
            .ok_or_else(|| Reply::not_found(Some("Group")))?;
        match token.role_in_group(self, group.id) {
            None => Err(Reply::not_found(Some("Group"))),
            Some(role) if role < Role::Owner => Err(Reply::forbidden()),
            Some(_) => Ok(group),
        }
    }

    /// Counts one press of a button that may be pressed five times a minute.
    pub fn press(&mut self, what: &'static str, owner: Owner, user: i64) -> Result<(), Reply> {
        const PRESSES: usize = 5;
        let now = self.now();
        let presses = self.presses.entry((what, owner, user)).or_default();
        presses.retain(|&then| now - then < TimeDelta::minutes(1));
        if presses.len() >= PRESSES {
            return Err(Reply::too_many());
        }
        presses.push(now);
        Ok(())
    }
}

/// `GET /version`, `GET /metadata`.
pub(crate) fn metadata(world: &World, full: bool) -> Reply {
    let mut answer = json!({ "version": world.version_text(), "revision": "0123456789a" });
    if let (true, Some(answer)) = (full, answer.as_object_mut()) {
        let kas = json!({ "enabled": false, "externalUrl": null, "version": null });
        answer.insert("kas".to_owned(), kas);
        answer.insert("enterprise".to_owned(), true.into());
    }
    Reply::ok(answer)
}

/// A time as the API writes it.
pub(crate) fn stamp(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A random UUID.
pub(crate) fn uuid() -> String {
    let mut bytes = [0; 16];
    // Where there is no chance, all UUIDs are equal, and a test that wants two fails.
    let _ = getrandom::fill(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) | (4 << 76);
    let number = number & !(0b11 << 62) | (0b10 << 62);
    let text = format!("{number:032x}");
    let mut groups = String::new();
    for (index, digit) in text.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            groups.push('-');
        }
        groups.push(digit);
    }
    groups
}
