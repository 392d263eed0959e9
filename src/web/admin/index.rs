//! The start page: what came and what ended (`charts.rs`), what needs a person (`attention.rs`), how
//! each webhook does (`rows.rs`), what was done last, and for an empty installation the first three steps.

mod attention;
mod charts;
mod kept;
mod rows;

pub use self::kept::KeptCounts;

use self::attention::Line;
use self::rows::WebhookRow;
use super::context::AdminContext;
use super::jobs::chart::Chart;
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
use chrono::{DateTime, Utc};
use serde::Deserialize;
use signalbox_core::chart::Period;
use signalbox_core::ids::{UserId, WebhookId};
use signalbox_core::role::Permission;
use signalbox_i18n::{t, to_local};
use signalbox_store::attention::Attention;
use signalbox_store::audit::{self, Verb, object};
use signalbox_store::overview::{self, Overview};
use signalbox_store::webhooks::{self, WebhookJobs};
use signalbox_store::{self as store, Conn};
use std::time::Instant;

/// Entries of the audit log that are shown.
const RECENT: i64 = 6;

/// The start page.
#[derive(Template)]
#[template(path = "admin/index.html")]
pub struct IndexPage {
    frame: Frame,
    overview: Option<Overview>,
    /// What can be looked at: name, address, whether it is.
    periods: Vec<(&'static str, String, bool)>,
    /// Empty = they could not be read.
    charts: Vec<Chart>,
    /// `None` = it could not be read.
    attention: Option<Vec<Line>>,
    /// `None` = they could not be read.
    webhooks: Option<Vec<WebhookRow>>,
    recent: Vec<Recent>,
    /// Whose actions can be shown: words, address, whether they are.
    whose: Vec<(&'static str, String, bool)>,
    everyone: bool,
    log: Option<String>,
    may_add: bool,
    /// Jobs are not paused, and this person may pause them.
    may_pause: bool,
    main_address: String,
    now: DateTime<Utc>,
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
    /// There is no webhook yet.
    fn is_empty(&self) -> bool {
        self.webhooks.as_ref().is_some_and(Vec::is_empty)
    }
}

/// How the workers are, as a state.
fn workers_state(overview: &Overview) -> &'static str {
    match (overview.alive.number(), overview.lost.number()) {
        (0, _) => "danger",
        (_, 0) => "clear",
        _ => "caution",
    }
}

#[cfg(test)]
impl IndexPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        use signalbox_core::listing::Total;
        let overview = |number| Overview {
            alive: Total::Exactly(number),
            lost: Total::Exactly(number),
            unfinished: overview::UNFINISHED.map(|state| (state, Total::Exactly(number))).into(),
            pending: Total::Exactly(number),
            quiet: Total::Exactly(number),
            counts: None,
        };
        let period = Period::Week;
        let bounds = period.bounds(&DateTime::UNIX_EPOCH);
        let charts = |number| {
            let counts = overview::Counts { deliveries: [number; 8], jobs: [number; 4] };
            let high = overview::Counts { deliveries: [number * 100; 8], jobs: [0; 4] };
            charts::draw_charts(period, &bounds, &[vec![counts; 27], vec![high]].concat()).into()
        };
        let line = |remedy| Line {
            badge: crate::web::admin::deliveries::badges::verdict_badge(
                signalbox_core::verdict::Verdict::Unmatched,
            ),
            text: "47 <b>diaspora</b>".to_owned(),
            href: "/admin/hooks/delivery/?verdict=unmatched".to_owned(),
            note: "long ".repeat(60),
            at: Some(At(DateTime::UNIX_EPOCH)),
            remedy,
        };
        let plain = || Self {
            frame: crate::web::admin::context::sample_frame("Home"),
            overview: Some(overview(0)),
            periods: period_links(period, true),
            charts: charts(0),
            attention: Some(Vec::new()),
            webhooks: Some(vec![rows::sample_row(false)]),
            recent: Vec::new(),
            whose: whose_links(period, true),
            everyone: true,
            log: Some(urls::log()),
            may_add: true,
            may_pause: true,
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
        vec![
            Self { webhooks: Some(Vec::new()), ..plain() },
            Self { webhooks: Some(Vec::new()), may_add: false, ..plain() },
            plain(),
            Self { overview: None, webhooks: None, charts: Vec::new(), attention: None, ..plain() },
            Self {
                overview: Some(overview(3)),
                webhooks: Some(vec![rows::sample_row(true), rows::sample_row(false)]),
                charts: charts(3),
                attention: Some(vec![line(remedy), line(None)]),
                recent: list(),
                everyone: false,
                ..plain()
            },
        ]
    }
}

/// What is shown: which period, whose actions.
#[derive(Deserialize)]
pub struct IndexQuery {
    period: Option<String>,
    actions: Option<String>,
}

/// What the page reads; what cannot be read is none, and missing on the page.
pub struct Read {
    overview: Option<Overview>,
    attention: Option<Attention>,
    webhooks: Option<Vec<WebhookJobs>>,
    recent: Vec<audit::Row>,
}

/// Reads it, in four queries: `actor` = whose actions, none = everyone's; `bounds` of the charts,
/// none = they are not read.
///
/// # Errors
/// The database.
pub async fn gather_index(
    conn: &mut Conn,
    actor: Option<UserId>,
    bounds: &[DateTime<Utc>],
) -> store::Result<Read> {
    Ok(Read {
        overview: log_unreadable("the numbers", overview::load_overview(conn, bounds).await),
        attention: log_unreadable(
            "what needs attention",
            store::attention::load_attention(conn).await,
        ),
        webhooks: log_unreadable("the webhooks", webhooks::list_newest_jobs(conn).await),
        recent: audit::recent_entries(conn, actor, RECENT).await?,
    })
}

/// `GET /admin/`, with `?period=24h`, `7d` or `30d`.
///
/// # Errors
/// The database is away (503).
pub async fn show_index(
    context: AdminContext,
    query: web::Query<IndexQuery>,
) -> Result<HttpResponse, HumanError> {
    let everyone = query.actions.as_deref() != Some("mine");
    let period = query.period.as_deref().and_then(Period::parse).unwrap_or(Period::Day);
    let mut conn = context.get_conn().await?;
    let now = clock::now();
    let actor = (!everyone).then_some(context.actor.id);
    let bounds = period.bounds(&to_local(now));
    let kept = &context.deps().counts;
    let counts = kept.find(&bounds, Instant::now());
    let unread: &[_] = if counts.is_some() { &[] } else { &bounds };
    let Read { overview, attention, webhooks, recent } =
        gather_index(&mut conn, actor, unread).await?;
    drop(conn);
    let counts = counts.or_else(|| {
        let counts = overview.as_ref()?.counts.clone()?;
        kept.keep(&bounds, &counts, Instant::now());
        Some(counts)
    });
    let may_add = context.has_permission(Permission::ChangeWebhooks);
    let may_manage = context.has_permission(Permission::ManageUsers);
    let frame = context.new_frame(t("Home"));
    let address = context.public_address();
    human::render_page(&IndexPage {
        frame,
        attention: attention
            .map(|attention| attention::attention_lines(&attention, overview.as_ref(), may_add)),
        overview,
        webhooks: webhooks
            .map(|rows| rows.into_iter().map(|row| rows::draw_row(row, now)).collect()),
        periods: period_links(period, everyone),
        charts: counts
            .map_or_else(Vec::new, |counts| charts::draw_charts(period, &bounds, &counts).into()),
        recent: recent.into_iter().map(|row| Recent::from_entry(row, may_manage)).collect(),
        whose: whose_links(period, everyone),
        log: context.has_permission(Permission::ReadLog).then(|| {
            if everyone {
                urls::log()
            } else {
                urls::with_query(&urls::log(), &[("user", &context.actor.username)])
            }
        }),
        everyone,
        may_add,
        may_pause: context.has_permission(Permission::Operate) && !context.is_all_paused(),
        main_address: format!("{address}{}", urls::gitlab()),
        now,
    })
}

/// The page of this period and these actions; what is usual is not said.
fn index_url(period: Period, everyone: bool) -> String {
    let period = (period != Period::Day).then_some(("period", period.as_str()));
    let actions = (!everyone).then_some(("actions", "mine"));
    urls::with_query(urls::index(), &period.into_iter().chain(actions).collect::<Vec<_>>())
}

fn period_links(shown: Period, everyone: bool) -> Vec<(&'static str, String, bool)> {
    Period::ALL.map(|period| (period.label(), index_url(period, everyone), period == shown)).into()
}

fn whose_links(period: Period, everyone: bool) -> Vec<(&'static str, String, bool)> {
    vec![
        ("Mine", index_url(period, false), !everyone),
        ("Everyone's", index_url(period, true), everyone),
    ]
}

fn log_unreadable<T>(what: &str, read: store::Result<T>) -> Option<T> {
    read.inspect_err(|error| tracing::error!(%error, "Failed to read {what}: {error}")).ok()
}
