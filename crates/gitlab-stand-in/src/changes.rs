//! What a test does to the stand-in, and asks it.

use crate::deliver::Outcome;
use crate::deployments::Deployment;
use crate::faults::{Fault, Planned};
use crate::hooks::{BEARABLE, MOST};
use crate::notes::Note;
use crate::statuses::Status;
use crate::world::Call;
use crate::{Commit, Event, GitLab, Group, Hook, Owner, Project, Token};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::time::Duration;

/// A delivery of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// To which webhook.
    pub hook: i64,
    /// Its entry in the log.
    pub event: i64,
    /// What it was answered; `None`: nothing.
    pub status: Option<u16>,
}

/// What there is.
impl GitLab {
    /// Adds a token.
    pub fn add_token(&self, mut token: Token) {
        let mut world = self.shared.lock();
        token.id = world.next_id();
        token.created_at = world.now();
        let owner = token.owner_name();
        let same = world.tokens.iter().find(|it| it.owner_name() == owner).map(|it| it.user_id);
        token.user_id = same.unwrap_or_else(|| world.next_id());
        world.tokens.push(token);
    }

    /// Adds a project, and answers its number.
    pub fn add_project(&self, mut project: Project) -> i64 {
        let mut world = self.shared.lock();
        if project.id == 0 {
            project.id = world.next_id();
        }
        project.created_at = world.now();
        let id = project.id;
        world.projects.insert(id, project);
        id
    }

    /// Adds a group, and answers its number.
    pub fn add_group(&self, mut group: Group) -> i64 {
        let mut world = self.shared.lock();
        if group.id == 0 {
            group.id = world.next_id();
        }
        let id = group.id;
        world.groups.insert(id, group);
        id
    }

    /// The webhooks of a project, a group or the whole GitLab, with their secrets.
    pub fn hooks(&self, owner: Owner) -> Vec<Hook> {
        self.shared.lock().hooks_of(owner).into_iter().cloned().collect()
    }

    /// The log of a webhook, the oldest first.
    pub fn events(&self, hook: i64) -> Vec<Event> {
        let world = self.shared.lock();
        world.events.values().filter(|event| event.hook == hook).cloned().collect()
    }

    /// A project's commit statuses, as the API shows them, the oldest first.
    pub fn statuses(&self, project: i64) -> Vec<Value> {
        let world = self.shared.lock();
        let of_project = world.statuses.values().filter(|it| it.project == project);
        of_project.map(Status::show).collect()
    }

    /// A project's deployments, as the API shows them, the oldest first.
    pub fn deployments(&self, project: i64) -> Vec<Value> {
        let world = self.shared.lock();
        let of_project = world.deployments.values().filter(|it| it.project == project);
        of_project.map(Deployment::show).collect()
    }

    /// A merge request's comments, as the API shows them, the oldest first.
    pub fn notes(&self, project: i64, iid: i64) -> Vec<Value> {
        let world = self.shared.lock();
        let of = |it: &&Note| (it.project, it.merge_request) == (project, iid);
        world.notes.values().filter(of).map(Note::show).collect()
    }
}

/// What happens to it.
impl GitLab {
    /// Pushes one commit, sends the event to whoever listens, and answers what became of it.
    pub async fn push(&self, project: i64, branch: &str, sha: &str, title: &str) -> Vec<Sent> {
        self.push_commit(project, branch, Commit::new(sha, title)).await
    }

    /// As `push`, with a commit of one's own.
    pub async fn push_commit(&self, project: i64, branch: &str, head: Commit) -> Vec<Sent> {
        let deliveries = self.shared.lock().push(project, branch, head);
        let mut sent = Vec::new();
        for delivery in deliveries.unwrap_or_else(|| absent("project", project)) {
            let outcome = delivery.send(&self.shared.client).await;
            let event = self.shared.lock().settle(&delivery, &outcome);
            sent.push(Sent { hook: delivery.hook, event, status: outcome.status });
        }
        sent
    }

    /// Pushes one commit as if no receiver could be reached: the event is in the log, and nothing
    /// was sent.
    pub fn push_unreceived(&self, project: i64, branch: &str, sha: &str, title: &str) -> Vec<Sent> {
        let mut world = self.shared.lock();
        let deliveries = world.push(project, branch, Commit::new(sha, title));
        let deliveries = deliveries.unwrap_or_else(|| absent("project", project));
        let outcome = Outcome::unanswered("execution expired".to_owned(), world.patience);
        let settle = |delivery: crate::deliver::Delivery| Sent {
            hook: delivery.hook,
            event: world.settle(&delivery, &outcome),
            status: None,
        };
        deliveries.into_iter().map(settle).collect()
    }

    /// Gives a project another name.
    pub fn rename_project(&self, project: i64, name: &str) {
        self.change_project(project, |project| name.clone_into(&mut project.name));
    }

    /// Moves a project to another path. The old one leads to it.
    pub fn move_project(&self, project: i64, path: &str) {
        let mut old = String::new();
        self.change_project(project, |project| {
            old = std::mem::replace(&mut project.path, path.to_owned());
            project.urls = None;
        });
        self.shared.lock().moved.insert(old, project);
    }

    /// Archives a project, or brings it back.
    pub fn archive_project(&self, project: i64, archived: bool) {
        self.change_project(project, |project| project.archived = archived);
    }

    /// Deletes a project with its webhooks.
    pub fn remove_project(&self, project: i64) {
        let mut world = self.shared.lock();
        world.projects.remove(&project);
        world.hooks.retain(|_, hook| hook.owner() != Owner::Project(project));
    }

    fn change_project(&self, id: i64, change: impl FnOnce(&mut Project)) {
        let mut world = self.shared.lock();
        change(world.projects.get_mut(&id).unwrap_or_else(|| absent("project", id)));
    }

    /// Revokes a token.
    pub fn revoke_token(&self, value: &str) {
        let mut world = self.shared.lock();
        let token = world.tokens.iter_mut().find(|token| token.value == value);
        token.unwrap_or_else(|| absent("token", 0)).revoked = true;
    }

    /// Changes a webhook as a maintainer does on GitLab's page, where a changed URL takes the
    /// token with it too.
    pub fn change_hook(&self, hook: i64, change: impl FnOnce(&mut Hook)) {
        let mut world = self.shared.lock();
        let hook = world.hooks.get_mut(&hook).unwrap_or_else(|| absent("webhook", hook));
        let before = hook.clone();
        change(hook);
        hook.forget_after(&before);
    }

    /// Makes a webhook forget its secret token.
    pub fn clear_hook_token(&self, hook: i64) {
        self.change_hook(hook, |hook| hook.token = None);
    }

    /// Switches a webhook off, until a time or for good.
    pub fn disable_hook(&self, hook: i64, until: Option<DateTime<Utc>>) {
        self.change_hook(hook, |hook| {
            hook.failures = if until.is_some() { BEARABLE + 1 } else { MOST + 1 };
            hook.disabled_until = until;
        });
    }

    /// Deletes a webhook with its log, as a maintainer does on GitLab's page.
    pub fn remove_hook(&self, hook: i64) {
        let mut world = self.shared.lock();
        world.hooks.remove(&hook).unwrap_or_else(|| absent("webhook", hook));
        world.events.retain(|_, event| event.hook != hook);
    }

    /// Takes the body out of an entry of the log, as GitLab does where it is too large.
    pub fn oversize_event(&self, event: i64) {
        let mut world = self.shared.lock();
        let event = world.events.get_mut(&event).unwrap_or_else(|| absent("event", event));
        event.request_data = serde_json::json!({ "oversize": true });
    }
}

/// How it behaves.
impl GitLab {
    /// What it takes for its own address, which is in links and in `X-Gitlab-Instance`.
    pub fn set_external_url(&self, url: &str) {
        url.clone_into(&mut self.shared.lock().url);
    }

    /// Which GitLab it is: 19.1, if nothing else is said. Before 19.0 it knows no signing token,
    /// before 17.4 no Resend, before 17.3 no log, before 16.11 no Test.
    pub fn set_version(&self, major: u32, minor: u32) {
        self.shared.lock().version = (major, minor);
    }

    /// How long it waits for a receiver: 10 seconds, if nothing else is said.
    pub fn set_webhook_timeout(&self, timeout: Duration) {
        self.shared.lock().patience = timeout;
    }

    /// Whether it switches failing webhooks off: at the 4th failure in a row for a minute, which
    /// doubles with each further one; at the 40th until a Test succeeds.
    pub fn disable_failing_hooks(&self, on: bool) {
        self.shared.lock().switches_off = on;
    }

    /// Moves its clock on.
    pub fn advance(&self, time: TimeDelta) {
        self.shared.lock().ahead += time;
    }

    /// Its clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.lock().now()
    }

    /// Lets the next calls fail that hold this text in `METHOD PATH?QUERY`.
    pub fn fail_next(&self, times: usize, calls: &str, fault: Fault) {
        let calls = calls.to_owned();
        self.shared.lock().faults.push(Planned { times, calls, fault });
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// How many calls held this text in `METHOD PATH?QUERY`.
    pub fn count(&self, calls: &str) -> usize {
        let world = self.shared.lock();
        let holds = |call: &&Call| format!("{} {}", call.method, call.path).contains(calls);
        world.calls.iter().filter(holds).count()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.shared.lock().calls.clear();
    }
}

/// A test names something that is not there.
#[expect(clippy::panic, reason = "such a test is wrong, and must fail")]
fn absent(what: &str, id: i64) -> ! {
    panic!("the stand-in has no {what} {id}")
}
