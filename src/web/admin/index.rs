//! The start page: how much there is of everything, what needs a person (`attention.rs`), what
//! was done last, and for an empty installation the first three steps.

mod attention;

use self::attention::Line;
use super::context::AdminContext;
use super::kit::at::At;
use super::kit::frame::Frame;
use super::log;
use super::log::badges::verb_icon;
use crate::clock;
use crate::web::filters;
use crate::web::human::{self, HumanError};
use crate::web::urls;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use signalbox_core::ids::{UserId, WebhookId};
use signalbox_core::job::JobState;
use signalbox_core::listing::Total;
use signalbox_core::role::Permission;
use signalbox_core::verdict::Verdict;
use signalbox_i18n::t;
use signalbox_store::attention::Attention;
use signalbox_store::audit::{self, Verb, object};
use signalbox_store::overview::{self, Overview};
use signalbox_store::workers::{self, Worker};
use signalbox_store::{self as store, Conn};

/// Entries of the audit log that are shown.
const RECENT: i64 = 10;
/// The most workers that are looked at, the newest first.
const MOST_WORKERS: i64 = 1_000;

/// The start page.
#[derive(Template)]
#[template(path = "admin/index.html")]
pub struct IndexPage {
    frame: Frame,
    overview: Option<Overview>,
    workers: Option<Workers>,
    /// `None` = it could not be read.
    attention: Option<Vec<Line>>,
    is_empty: bool,
    recent: Vec<Recent>,
    everyone: bool,
    log: Option<String>,
    may_add: bool,
    /// The form for a new user, for those who may.
    add_user: Option<String>,
    main_address: String,
    now: DateTime<Utc>,
}

/// How many workers there are, by their signs of life.
#[derive(Debug, Clone, Copy)]
struct Workers {
    alive: usize,
    /// Silent, though they did not stop in good order; of the last 24 hours.
    lost: usize,
}

impl Workers {
    fn count_workers(rows: &[Worker], now: DateTime<Utc>) -> Self {
        let is_recent = |at| now.signed_duration_since(at) <= TimeDelta::hours(24);
        let is_lost = |row: &&Worker| {
            row.ended_at.is_none() && !row.is_alive(now) && row.last_seen_at.is_some_and(is_recent)
        };
        Self {
            alive: rows.iter().filter(|row| row.is_alive(now)).count(),
            lost: rows.iter().filter(is_lost).count(),
        }
    }
}

/// A list, and how much is in it.
struct Kept {
    label: &'static str,
    href: String,
    total: Total,
    add: Option<String>,
}

/// One of the recent actions.
struct Recent {
    icon: &'static str,
    verb: &'static str,
    kind: String,
    name: String,
    href: Option<String>,
    by: String,
    at: At,
}

impl Recent {
    fn from_entry(row: audit::Row, may_manage: bool) -> Self {
        let is_gone = row.verb == Verb::Delete;
        let href = match row.object_type.as_str() {
            object::WEBHOOK if is_gone => Some(urls::history("hooks", "webhook", &row.object_id)),
            object::WEBHOOK => row.object_id.parse().ok().map(|id| urls::webhook(WebhookId(id))),
            object::USER if !may_manage => None,
            _ => log::object_url(&row),
        };
        Self {
            icon: verb_icon(row.verb),
            verb: row.verb.label(),
            kind: t(log::kind_label(&row.object_type)).to_owned(),
            name: row.object_name,
            href,
            by: row.actor_name,
            at: At(row.at),
        }
    }
}

impl IndexPage {
    /// Verdicts of the last 24 hours that occur at all.
    fn day(&self) -> Vec<(Verdict, Total)> {
        let known = self.overview.as_ref().map(|overview| overview.day_by_verdict.clone());
        let known = known.into_iter().flatten();
        known.filter(|(_, total)| total.number() > 0).collect()
    }

    fn is_running(&self) -> bool {
        let unfinished = self.overview.as_ref().map(|overview| overview.unfinished.as_slice());
        let mut unfinished = unfinished.unwrap_or_default().iter();
        unfinished.any(|(state, total)| *state == JobState::Running && total.number() > 0)
    }

    /// What there is, as the menu groups it: the lists that this person may see.
    fn sections(&self) -> Vec<(&'static str, Vec<Kept>)> {
        let Some(overview) = &self.overview else { return Vec::new() };
        let kept = |label, href, total| Kept { label, href, total, add: None };
        let mut webhooks = kept("Webhooks", urls::webhooks(), overview.webhooks);
        webhooks.add = self.may_add.then(urls::webhook_add);
        let mut sections = vec![(
            "Automation",
            vec![
                webhooks,
                kept("Deliveries", urls::deliveries(), overview.deliveries),
                kept("Jobs", urls::jobs(), overview.jobs),
            ],
        )];
        if let Some(add) = &self.add_user {
            let users = kept("Users", urls::users(), overview.users);
            sections.push(("Access", vec![Kept { add: Some(add.clone()), ..users }]));
        }
        if self.log.is_some() {
            sections.push(("System", vec![kept("Log", urls::log(), overview.log)]));
        }
        sections
    }

    /// Jobs that have not ended.
    fn unfinished(&self) -> Vec<(JobState, Total)> {
        self.overview.as_ref().map(|overview| overview.unfinished.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
impl IndexPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let overview = |number| Overview {
            webhooks: Total::Exactly(number),
            deliveries: Total::AtLeast(Total::CAP),
            jobs: Total::Exactly(1234),
            users: Total::Exactly(2),
            log: Total::Exactly(number),
            day: Total::Exactly(number),
            day_by_verdict: Verdict::ALL.map(|verdict| (verdict, Total::Exactly(number))).into(),
            unfinished: overview::UNFINISHED.map(|state| (state, Total::Exactly(number))).into(),
            failed_day: Total::Exactly(number),
            pending: Total::Exactly(number),
            quiet: Total::Exactly(number),
        };
        let line = |remedy| Line {
            badge: crate::web::admin::deliveries::badges::verdict_badge(Verdict::Unmatched),
            text: "47 <b>diaspora</b>".to_owned(),
            href: "/admin/hooks/delivery/?verdict=unmatched".to_owned(),
            note: "long ".repeat(60),
            at: Some(At(DateTime::UNIX_EPOCH)),
            remedy,
        };
        let plain = || Self {
            frame: crate::web::admin::context::sample_frame("Home"),
            overview: Some(overview(0)),
            workers: Some(Workers { alive: 1, lost: 0 }),
            attention: Some(Vec::new()),
            is_empty: false,
            recent: Vec::new(),
            everyone: true,
            log: Some(urls::log()),
            may_add: true,
            add_user: Some(urls::add("auth", "user")),
            main_address: "https://hooks.example.com/webhooks/gitlab".to_owned(),
            now: DateTime::UNIX_EPOCH,
        };
        let recent = |verb: Verb, name: &str, href: Option<String>| Recent {
            icon: verb_icon(verb),
            verb: verb.label(),
            kind: t("webhook").to_owned(),
            name: name.to_owned(),
            href,
            by: "ada".to_owned(),
            at: At(DateTime::UNIX_EPOCH),
        };
        let list = || {
            vec![
                recent(
                    Verb::Add,
                    "<b>diaspora</b> push",
                    Some("/admin/hooks/webhook/1/change/".into()),
                ),
                recent(Verb::Delete, &"long ".repeat(60), None),
            ]
        };
        let remedy = Some(("Create webhook", "/admin/hooks/webhook/add/?a=1&b=2".to_owned()));
        let workers = Some(Workers { alive: 0, lost: 2 });
        vec![
            Self { is_empty: true, ..plain() },
            Self { is_empty: true, may_add: false, ..plain() },
            plain(),
            Self { overview: None, workers: None, attention: None, ..plain() },
            Self {
                overview: Some(overview(3)),
                workers,
                attention: Some(vec![line(remedy), line(None)]),
                recent: list(),
                everyone: false,
                ..plain()
            },
        ]
    }
}

/// Whose actions are shown.
#[derive(Deserialize)]
pub struct IndexQuery {
    actions: Option<String>,
}

/// What the page reads; what cannot be read is none, and missing on the page.
pub struct Read {
    overview: Option<Overview>,
    workers: Option<Vec<Worker>>,
    attention: Option<Attention>,
    recent: Vec<audit::Row>,
}

/// Reads it, in four queries; `actor` = whose actions, none = everyone's.
///
/// # Errors
/// The database.
pub async fn gather_index(conn: &mut Conn, actor: Option<UserId>) -> store::Result<Read> {
    Ok(Read {
        overview: log_unreadable("the numbers", overview::load_overview(conn).await),
        workers: log_unreadable("the workers", workers::newest_workers(conn, MOST_WORKERS).await),
        attention: log_unreadable(
            "what needs attention",
            store::attention::load_attention(conn).await,
        ),
        recent: audit::recent_entries(conn, actor, RECENT).await?,
    })
}

/// `GET /admin/`
///
/// # Errors
/// The database is away (503).
pub async fn show_index(
    context: AdminContext,
    query: web::Query<IndexQuery>,
) -> Result<HttpResponse, HumanError> {
    let everyone = query.actions.as_deref() != Some("mine");
    let mut conn = context.get_conn().await?;
    let now = clock::now();
    let actor = (!everyone).then_some(context.actor.id);
    let Read { overview, workers, attention, recent } = gather_index(&mut conn, actor).await?;
    drop(conn);
    let workers = workers.map(|rows| Workers::count_workers(&rows, now));
    let may_add = context.has_permission(Permission::ChangeWebhooks);
    let may_manage = context.has_permission(Permission::ManageUsers);
    let frame = context.new_frame(t("Home"));
    let address = context.public_address();
    human::render_page(&IndexPage {
        frame,
        is_empty: overview.as_ref().is_some_and(|overview| overview.webhooks.number() == 0),
        attention: attention.map(|attention| {
            attention::attention_lines(&attention, overview.as_ref(), workers, may_add)
        }),
        overview,
        workers,
        recent: recent.into_iter().map(|row| Recent::from_entry(row, may_manage)).collect(),
        log: context.has_permission(Permission::ReadLog).then(|| {
            if everyone {
                urls::log()
            } else {
                urls::with_query(&urls::log(), &[("user", &context.actor.username)])
            }
        }),
        everyone,
        may_add,
        add_user: may_manage.then(|| urls::add("auth", "user")),
        main_address: format!("{address}{}", urls::gitlab()),
        now,
    })
}

fn log_unreadable<T>(what: &str, read: store::Result<T>) -> Option<T> {
    read.inspect_err(|error| tracing::error!(%error, "Failed to read {what}: {error}")).ok()
}
