//! One entry of the log, field by field.

use super::{kind_label, object_url};
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::entry::EntryView;
use crate::web::admin::kit::frame::Frame;
use crate::web::admin::kit::pages::Follow;
use crate::web::admin::log::badges::verb_badge;
use crate::web::admin::words::{all_labels, to_kit_entry};
use crate::web::filters;
use crate::web::human::{self, HumanError};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::{StoreError, audit};

/// An entry's page.
#[derive(Template)]
#[template(path = "admin/log/entry.html")]
pub struct EntryPage {
    frame: Frame,
    entry: EntryView,
    verb: Badge,
    kind: String,
    name: String,
    object: Option<String>,
    same_user: String,
    now: DateTime<Utc>,
}

impl EntryPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let row = |changes| audit::Row {
            id: 9,
            at: DateTime::UNIX_EPOCH,
            actor_id: None,
            actor_name: "<b>ada</b>".to_owned(),
            verb: audit::Verb::Change,
            object_type: "webhook".to_owned(),
            object_id: "7".to_owned(),
            object_name: "<i>diaspora</i>".to_owned(),
            changes,
            remote_addr: String::new(),
        };
        let secret = vec![signalbox_core::change::Change::of_secret("secret_token")];
        [row(secret), row(Vec::new())]
            .into_iter()
            .map(|row| {
                Self::from_row(
                    crate::web::admin::context::sample_frame(&say!("Entry {n}", n = 9)),
                    row,
                    true,
                    DateTime::UNIX_EPOCH,
                )
            })
            .collect()
    }

    fn from_row(frame: Frame, row: audit::Row, may_open: bool, now: DateTime<Utc>) -> Self {
        Self {
            frame,
            verb: verb_badge(row.verb),
            kind: kind_label(&row.object_type).to_owned(),
            name: row.object_name.clone(),
            object: object_url(&row).filter(|_| may_open),
            same_user: urls::with_query(&urls::log(), &[("user", &row.actor_name)]),
            entry: EntryView::from_entry(to_kit_entry(row), Follow::Nothing, &all_labels()),
            now,
        }
    }
}

/// `GET /admin/log/<id>/`
///
/// # Errors
/// No such entry (404); the database is away (503).
pub async fn show_entry(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = ctx.segment("id").to_owned();
    let missing =
        || Problem::no_such(t("such entry of the log")).with_link(t("The whole log"), urls::log());
    let number: i64 = id.parse().map_err(|_| missing())?;
    let found = audit::find_entry(&mut *ctx.get_conn().await?, number).await;
    let row = found.map_err(|error| match error {
        StoreError::NotFound => missing(),
        other => other.into(),
    })?;
    let may_open =
        row.object_type != audit::object::USER || ctx.has_permission(Permission::ManageUsers);
    let frame = ctx.new_frame(say!("Entry {n}", n = number)).with_crumb(t("Log"), urls::log());
    human::render_page(&EntryPage::from_row(frame, row, may_open, clock::now()))
}
