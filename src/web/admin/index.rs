//! The start page: how much there is of everything, what was done last, and for an empty
//! installation the first three steps.

use super::context::AdminContext;
use super::kit::at::At;
use super::kit::frame::Frame;
use super::kit::log_icon;
use crate::clock;
use crate::core::ids::WebhookId;
use crate::core::listing::Total;
use crate::core::role::Permission;
use crate::store::audit::{self, Verb, object};
use crate::store::overview::{self, Overview};
use crate::web::human::{self, HumanError};
use crate::web::urls;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// Entries of the audit log that are shown.
const RECENT: i64 = 10;

/// The start page.
#[derive(Template)]
#[template(path = "admin/index.html")]
pub struct IndexPage {
    frame: Frame,
    overview: Overview,
    recent: Vec<Recent>,
    everyone: bool,
    log: Option<String>,
    may_add: bool,
    register_address: String,
    main_address: String,
    now: DateTime<Utc>,
}

/// One of the recent actions.
struct Recent {
    icon: &'static str,
    verb: &'static str,
    kind: &'static str,
    name: String,
    href: Option<String>,
    by: String,
    at: At,
}

impl Recent {
    fn of(row: audit::Row, may_manage: bool) -> Self {
        let is_gone = row.verb == Verb::Delete;
        let href = match row.object_type.as_str() {
            object::WEBHOOK if is_gone => Some(urls::history("hooks", "webhook", &row.object_id)),
            object::WEBHOOK => row.object_id.parse().ok().map(|id| urls::webhook(WebhookId(id))),
            object::JOB => Some(urls::object("hooks", "job", &row.object_id)),
            object::USER if may_manage => Some(urls::history("auth", "user", &row.object_id)),
            _ => None,
        };
        Self {
            icon: log_icon(row.verb),
            verb: row.verb.label(),
            kind: kind(&row.object_type),
            name: row.object_name,
            href,
            by: row.actor_name,
            at: At(row.at),
        }
    }
}

fn kind(object_type: &str) -> &'static str {
    match object_type {
        object::PAUSE => "pause of jobs",
        object::WEBHOOK => "webhook",
        object::JOB => "job",
        object::USER => "user",
        _ => "object",
    }
}

impl IndexPage {
    /// The states it is shown in.
    pub fn samples() -> Vec<Self> {
        let none = Overview {
            webhooks: Total::Exactly(0),
            pending: Total::Exactly(0),
            deliveries: Total::Exactly(0),
            unmatched: Total::Exactly(0),
            jobs: Total::Exactly(0),
            running: Total::Exactly(0),
            waiting: Total::Exactly(0),
            failed: Total::Exactly(0),
        };
        let plain = || Self {
            frame: Frame::sample("Home"),
            overview: none,
            recent: Vec::new(),
            everyone: true,
            log: Some(urls::log()),
            may_add: true,
            register_address: "https://hooks.example.com/webhooks/gitlab/register".to_owned(),
            main_address: "https://hooks.example.com/webhooks/gitlab".to_owned(),
            now: DateTime::UNIX_EPOCH,
        };
        let full = Overview {
            webhooks: Total::Exactly(12),
            pending: Total::Exactly(1),
            deliveries: Total::AtLeast(Total::CAP),
            unmatched: Total::Exactly(3),
            jobs: Total::Exactly(1234),
            running: Total::Exactly(2),
            waiting: Total::Exactly(5),
            failed: Total::Exactly(4),
        };
        let recent = |verb: Verb, name: &str, href: Option<String>| Recent {
            icon: log_icon(verb),
            verb: verb.label(),
            kind: "webhook",
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
        vec![
            plain(),
            Self { may_add: false, ..plain() },
            Self { overview: full, recent: list(), ..plain() },
            Self { overview: full, everyone: false, ..plain() },
        ]
    }

    fn is_empty(&self) -> bool {
        self.overview.webhooks.number() == 0
    }
}

/// Whose actions are shown.
#[derive(Deserialize)]
pub struct IndexQuery {
    actions: Option<String>,
}

/// `GET /admin/`
///
/// # Errors
/// The database is away (503).
pub async fn page(
    context: AdminContext,
    query: web::Query<IndexQuery>,
) -> Result<HttpResponse, HumanError> {
    let everyone = query.actions.as_deref() != Some("mine");
    let mut conn = context.conn().await?;
    let overview = overview::load(&mut conn).await?;
    let actor = (!everyone).then_some(context.actor.id);
    let recent = audit::recent(&mut conn, actor, RECENT).await?;
    drop(conn);
    let may_manage = context.may(Permission::ManageUsers);
    let frame = context.frame("Home");
    let address = context.public_address();
    human::page(&IndexPage {
        frame,
        overview,
        recent: recent.into_iter().map(|row| Recent::of(row, may_manage)).collect(),
        log: context.may(Permission::ReadLog).then(|| {
            if everyone {
                urls::log()
            } else {
                urls::with_query(&urls::log(), &[("user", &context.actor.username)])
            }
        }),
        everyone,
        may_add: context.may(Permission::ChangeRecords),
        register_address: format!("{address}{}", urls::gitlab_register()),
        main_address: format!("{address}{}", urls::gitlab()),
        now: clock::now(),
    })
}
