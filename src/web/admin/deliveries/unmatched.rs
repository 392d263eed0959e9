//! Unmatched deliveries by repository: what is sent here and wanted by no webhook, and the form
//! for the webhook that is missing.

use super::matching::create_with;
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::filter::{WITHIN, parse_within};
use crate::web::admin::kit::frame::Frame;
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::listing::group_thousands;
use signalbox_core::role::Permission;
use signalbox_i18n::t;
use signalbox_store::unmatched::{self, Group, MOST};
use url::form_urlencoded;

/// How far back is looked where the address does not say.
const USUAL: &str = "7d";

/// The page.
#[derive(Template)]
#[template(path = "admin/deliveries/unmatched.html")]
pub struct UnmatchedPage {
    /// The page's frame.
    pub frame: Frame,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// How far back is looked: words, address, whether it is this one.
    pub periods: Vec<(&'static str, String, bool)>,
    /// The groups, newest first.
    pub groups: Vec<GroupView>,
    /// The list, not grouped.
    pub list: String,
    /// Whether older ones were left out.
    pub is_cut: bool,
    /// How many are looked at.
    pub most: String,
}

/// The deliveries of one repository.
pub struct GroupView {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// GitLab's id of the project.
    pub project_id: Option<i64>,
    /// The headers that came.
    pub events: String,
    /// How many.
    pub count: String,
    /// When the newest came.
    pub last: At,
    /// The newest.
    pub newest: String,
    /// All of them.
    pub all: String,
    /// The form for a webhook, for those who may.
    pub create: Option<String>,
    /// Whether it has a webhook already, as the newest delivery's page tells.
    pub has_webhook: bool,
}

/// GET the page.
///
/// # Errors
/// The database (503).
pub async fn show_unmatched(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let asked = form_urlencoded::parse(ctx.query().as_bytes())
        .find(|(name, value)| name == "received" && parse_within(value).is_ok());
    let received = asked.map_or_else(|| USUAL.to_owned(), |(_, value)| value.into_owned());
    let now = clock::now();
    let since = parse_within(&received).map_or(now, |time| now - time);
    let mut conn = ctx.get_conn().await?;
    let groups = unmatched::by_repository(&mut conn, since).await?;
    let may_edit = ctx.has_permission(Permission::ChangeWebhooks);
    let frame = ctx
        .new_frame(t("Unmatched by repository"))
        .with_crumb(t("Deliveries").to_owned(), urls::deliveries());
    render_page(&UnmatchedPage {
        frame,
        now,
        periods: WITHIN
            .iter()
            .map(|(value, words)| {
                let href = urls::with_query(urls::unmatched(), &[("received", value)]);
                (*words, href, *value == received)
            })
            .collect(),
        is_cut: groups.iter().map(|group| group.count).sum::<i64>() >= MOST,
        groups: groups.into_iter().map(|group| group_view(group, &received, may_edit)).collect(),
        list: urls::with_query(&urls::deliveries(), &[("verdict", "unmatched")]),
        most: group_thousands(MOST),
    })
}

fn group_view(group: Group, received: &str, may_edit: bool) -> GroupView {
    let project = group.project_id.map(|id| id.to_string());
    let mut query = vec![("verdict", "unmatched"), ("received", received)];
    if !group.repo_name.is_empty() {
        query.push(("repo_name", &group.repo_name));
    }
    query.extend(project.as_deref().map(|id| ("project_id", id)));
    let values = [group.repo_name.as_str(), &group.repo_url, &group.object_kind, &group.event];
    GroupView {
        all: urls::with_query(&urls::deliveries(), &query),
        create: (may_edit && !group.repo_name.is_empty() && !group.has_webhook)
            .then(|| create_with(values, group.project_id, &group.last_id)),
        newest: urls::object("hooks", "delivery", &group.last_id),
        has_webhook: group.has_webhook,
        events: group.events.join(", "),
        count: group_thousands(group.count),
        last: At(group.last_at),
        project_id: group.project_id,
        name: group.repo_name,
        url: group.repo_url,
    }
}

/// The page with one group, for the test of all pages.
#[cfg(test)]
pub fn sample_unmatched(words: &str) -> UnmatchedPage {
    let group = |name: &str| GroupView {
        name: name.to_owned(),
        url: words.to_owned(),
        project_id: None,
        events: words.to_owned(),
        count: "10,000".to_owned(),
        last: At(DateTime::UNIX_EPOCH),
        newest: "/admin/".to_owned(),
        all: "/admin/".to_owned(),
        create: (name != words).then(|| "/admin/".to_owned()),
        has_webhook: name == words,
    };
    UnmatchedPage {
        frame: crate::web::admin::context::sample_frame(words),
        now: DateTime::UNIX_EPOCH,
        periods: vec![("Past hour", "/admin/".to_owned(), true)],
        groups: vec![group(""), group(words)],
        list: "/admin/".to_owned(),
        is_cut: true,
        most: "10,000".to_owned(),
    }
}
