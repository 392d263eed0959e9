//! The workers: who runs jobs, where, when it last gave a sign of life, and what it does now; and
//! what is paused.

mod scopes;

use super::banner::{pause_text, paused_scope_text};
use super::context::AdminContext;
use super::kit::at::At;
use super::kit::badge::{Badge, Tone};
use super::kit::frame::Frame;
use crate::clock;
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
pub use scopes::Group;
use signalbox_core::job::WORKER_TIMEOUT;
use signalbox_core::role::Permission;
use signalbox_i18n::t;
use signalbox_store::workers::{Busy, Worker};
use signalbox_store::{pauses, workers};

/// The most workers shown.
const MOST: i64 = 100;
/// So long without a sign of life is worth a mark; after the longer a worker counts as dead.
/// (`crate::worker` gives one every five seconds.)
const STALE: TimeDelta = TimeDelta::seconds(8);
const DEAD: TimeDelta = WORKER_TIMEOUT;

/// The page.
#[derive(Template)]
#[template(path = "admin/workers/page.html")]
pub struct WorkersPage {
    /// The page's frame.
    pub frame: Frame,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// The workers, those that live first.
    pub workers: Vec<WorkerView>,
    /// What is paused.
    pub pauses: Vec<PauseView>,
    /// What can be paused, for those who may, in groups.
    pub scopes: Vec<Group>,
    /// Whether this person may pause and resume.
    pub may_operate: bool,
}

/// A worker.
pub struct WorkerView {
    /// What it said of itself.
    pub worker: Worker,
    /// How it is.
    pub badge: Badge,
    /// When it began.
    pub started: At,
    /// When it last gave a sign of life, or stopped.
    pub seen: Option<At>,
    /// What it runs: webhook, job, attempt, since.
    pub busy: Vec<BusyView>,
}

/// An attempt under way.
pub struct BusyView {
    /// The webhook's name.
    pub label: String,
    /// The job's page.
    pub href: String,
    /// Which attempt.
    pub attempt: i32,
    /// Since when.
    pub since: At,
}

/// Something that is paused.
pub struct PauseView {
    /// What.
    pub what: String,
    /// What, since when, by whom and why.
    pub told: String,
    /// The scope's word.
    pub scope: String,
    /// How many jobs wait for it.
    pub waiting: i64,
}

/// GET the page.
///
/// # Errors
/// The database (503).
pub async fn show_workers(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let now = clock::now();
    let mut conn = ctx.get_conn().await?;
    let known = workers::newest_workers(&mut conn, MOST).await?;
    let busy = workers::list_busy(&mut conn).await?;
    let all = pauses::list_pauses(&conn).await?;
    let mut shown = Vec::with_capacity(all.len());
    for pause in &all {
        let waiting = pauses::held_by(&mut conn, &pause.scope).await?;
        shown.push(PauseView {
            what: paused_scope_text(pause),
            told: pause_text(pause),
            scope: pause.scope.to_word(),
            waiting,
        });
    }
    let may_operate = ctx.has_permission(Permission::Operate);
    render_page(&WorkersPage {
        scopes: if may_operate {
            scopes::unpaused_scopes(&mut conn, &ctx.deps().catalogue, &all).await?
        } else {
            Vec::new()
        },
        frame: ctx.new_frame(t("Workers")),
        workers: known.into_iter().map(|worker| worker_view(worker, &busy, now)).collect(),
        pauses: shown,
        may_operate,
        now,
    })
}

fn worker_view(worker: Worker, busy: &[Busy], now: DateTime<Utc>) -> WorkerView {
    let busy: Vec<BusyView> = busy
        .iter()
        .filter(|(name, ..)| *name == worker.name)
        .map(|(_, job, attempt, label, since)| BusyView {
            label: label.clone(),
            href: urls::object("hooks", "job", job),
            attempt: *attempt,
            since: At(*since),
        })
        .collect();
    WorkerView {
        badge: worker_badge(&worker, now),
        started: At(worker.started_at),
        seen: worker.ended_at.or(worker.last_seen_at).map(At),
        busy,
        worker,
    }
}

/// How a worker is, by the age of its last sign of life.
fn worker_badge(worker: &Worker, now: DateTime<Utc>) -> Badge {
    let age = worker.last_seen_at.map(|seen| now - seen);
    match (worker.ended_at, age) {
        (Some(_), _) => Badge::new("stopped", "Stopped", "stop", Tone::Quiet),
        (None, Some(age)) if age < STALE => Badge::new("alive", "Online", "check", Tone::Good),
        (None, Some(age)) if age < DEAD => {
            Badge::new("stale", "No heartbeat", "clock", Tone::Caution)
        }
        (None, _) => Badge::new("dead", "Lost", "unplug", Tone::Bad),
    }
}

/// The page, empty or with everything that it can show.
#[cfg(test)]
pub fn sample_workers(full: bool) -> WorkersPage {
    let now = DateTime::UNIX_EPOCH;
    let worker = Worker {
        name: "host-1-01M87".into(),
        host: "<host>".into(),
        pid: 1,
        version: "1".into(),
        concurrency: 4,
        started_at: now,
        ended_at: None,
        last_seen_at: None,
    };
    let seen = |age| {
        let last_seen_at = Some(now - TimeDelta::seconds(age));
        Worker { last_seen_at, ..worker.clone() }
    };
    let busy = [(worker.name.clone(), "01M87".to_owned(), 2, "<Site>".to_owned(), now)];
    let pause = PauseView {
        what: t("All jobs are paused").into(),
        told: format!("{}: <ada>", t("All jobs are paused")),
        scope: "all".into(),
        waiting: 3,
    };
    WorkersPage {
        frame: crate::web::admin::context::sample_frame("Workers"),
        now,
        workers: if full {
            [1, 9, 20].map(|age| worker_view(seen(age), &busy, now)).into()
        } else {
            Vec::new()
        },
        pauses: if full { vec![pause] } else { Vec::new() },
        scopes: vec![
            Group { label: None, scopes: vec![("all".into(), "Everything".into())] },
            Group { label: Some("Lanes"), scopes: vec![("lane:host:x".into(), "<x>".into())] },
        ],
        may_operate: full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_known_by_the_age_of_its_last_sign_of_life() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let mut worker = Worker {
            name: "w".into(),
            host: "h".into(),
            pid: 1,
            version: "1".into(),
            concurrency: 4,
            started_at: now - TimeDelta::hours(1),
            ended_at: None,
            last_seen_at: None,
        };
        let looks = |worker: &Worker, age: Option<i64>| {
            let last_seen_at = age.map(|age| now - TimeDelta::seconds(age));
            let badge = worker_badge(&Worker { last_seen_at, ..worker.clone() }, now);
            format!("{} {}", badge.state, badge.tone.as_str())
        };
        assert_eq!(looks(&worker, Some(5)), "alive good");
        assert_eq!(looks(&worker, Some(9)), "stale caution");
        assert_eq!(looks(&worker, Some(15)), "dead bad");
        assert_eq!(looks(&worker, None), "dead bad");
        worker.ended_at = Some(now);
        assert_eq!(looks(&worker, None), "stopped quiet");
    }
}
