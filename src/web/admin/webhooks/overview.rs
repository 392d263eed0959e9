//! A webhook's own page, read before anything is changed: what it does, how it stands, and what
//! came of it lately.

use super::setup::{gitlab_url, missing_webhook, trigger_words};
use super::{META, load_notices, to_loaded, webhook_id};
use crate::clock;
use crate::web::admin::change::{about_change, short_ref};
use crate::web::admin::context::AdminContext;
use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::jobs::badges::job_badge;
use crate::web::admin::jobs::chart::{Chart, count_by_bar};
use crate::web::admin::jobs::dots::Dot;
use crate::web::admin::jobs::ending_text;
use crate::web::admin::jobs::page::stored_params;
use crate::web::admin::jobs::stats::draw_ended_jobs;
use crate::web::admin::kit::at::{At, span_text};
use crate::web::admin::kit::back::{back_to_list, draw_subject, preserved_on};
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::frame::Frame;
use crate::web::admin::kit::resource::Notice;
use crate::web::admin::words::field_label;
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_actions::Catalogue;
use signalbox_core::chart::Period;
use signalbox_core::ids::WebhookId;
use signalbox_core::job::JobState;
use signalbox_core::lane;
use signalbox_core::pause::find_holding;
use signalbox_core::role::Permission;
use signalbox_core::verdict::Verdict;
use signalbox_i18n::{say, t, to_local};
use signalbox_store::stats::{self, Bucket};
use signalbox_store::webhooks::{self, Row};
use signalbox_store::{Conn, jobs};

/// Jobs that are dots.
const DOTS: i64 = 20;
/// The newest of them, which have a line each.
const LINES: usize = 5;
/// Days of the chart, today included.
const DAYS: usize = 14;

/// The page.
#[derive(Template)]
#[template(path = "admin/webhooks/overview.html")]
pub struct OverviewPage {
    /// The page's frame.
    pub frame: Frame,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// How the webhook is called.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Where it is turned on and off, for those who may.
    pub switch: Option<String>,
    /// What is to be done next, while it waits for its Test.
    pub next: Option<NextStep>,
    /// What is odd about it.
    pub notices: Vec<Notice>,
    /// What it does.
    pub flow: Flow,
    /// Its newest jobs, the oldest of them first.
    pub dots: Vec<Dot>,
    /// How many of those failed, in words.
    pub failed: String,
    /// The newest, newest first.
    pub newest: Vec<JobLine>,
    /// All its jobs.
    pub jobs: String,
    /// How its jobs ended, day by day; none where none did.
    pub chart: Option<Chart>,
    /// What it received last: verdict, page and time.
    pub last_delivery: Option<(Badge, String, At)>,
    /// All its deliveries.
    pub deliveries: String,
    /// What people noted of it.
    pub notes: String,
}

/// How a webhook gets its Test.
pub struct NextStep {
    /// What to enter in GitLab.
    pub address: String,
    /// The page that shows how.
    pub setup: String,
}

/// What a webhook does: event, filters, action.
pub struct Flow {
    /// The event as GitLab's form calls it, where it does.
    pub trigger: Option<&'static str>,
    /// Its header.
    pub event: String,
    /// The repository that sends it; empty = it has none.
    pub repository: String,
    /// What must be true of it too: label, and patterns or an expression.
    pub filters: Vec<(&'static str, Vec<String>)>,
    /// Whether it may ask to be skipped.
    pub obeys_skip: bool,
    /// The action.
    pub action: String,
    /// What that is, as its file says.
    pub description: String,
    /// Its parameters.
    pub params: Vec<(String, String)>,
}

/// A job, in a line.
pub struct JobLine {
    /// Its state.
    pub badge: Badge,
    /// Its page.
    pub href: String,
    /// What it is about.
    pub title: String,
    /// Commit and person.
    pub about: String,
    /// How it failed, in short; empty = it did not, or not so.
    pub ending: String,
    /// How long it took.
    pub took: Option<String>,
    /// When it was asked for.
    pub at: At,
}

/// GET the page.
///
/// # Errors
/// No such webhook (404), the database (503).
pub async fn show_overview(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let missing = |error| missing_webhook(&ctx, error);
    let id = webhook_id(ctx.segment("id")).map_err(missing)?;
    let mut conn = ctx.get_conn().await?;
    let row = webhooks::find_webhook(&mut conn, id).await.map_err(missing)?;
    let shown = load_shown(&ctx, &mut conn, row).await?;
    let may_edit = ctx.has_permission(Permission::ChangeWebhooks);
    let mut object = to_loaded(&shown.row);
    if may_edit {
        // The switch says it.
        object.badges.retain(|badge| !["enabled", "disabled"].contains(&badge.state.as_str()));
    }
    let catalogue = &ctx.deps().catalogue;
    let lane = catalogue.get(&shown.row.action).and_then(|spec| spec.lane.clone());
    let lane = lane.map_or_else(|| lane::own_lane(id), |name| lane::of_host(&name));
    if find_holding(ctx.pauses(), Some(id.0), &lane).is_some() {
        object.badges.push(verdict_badge(Verdict::Paused));
    }
    let frame = ctx
        .new_frame(object.name.clone())
        .with_crumb(t(META.title), back_to_list(&ctx, &META))
        .about(draw_subject(&ctx, &META, &object));
    let mut page = draw_overview(frame, shown, catalogue, &ctx.public_address(), clock::now());
    let switch = urls::with_query(&urls::webhook_switch(id), &[(super::switch::STAY, "1")]);
    page.switch = may_edit.then(|| preserved_on(&ctx, &switch));
    render_page(&page)
}

/// What is read for the page.
pub struct Shown {
    row: Row,
    notices: Vec<Notice>,
    jobs: Vec<jobs::Row>,
    /// Where the days of its chart begin and end.
    days: Vec<DateTime<Utc>>,
    buckets: Vec<Bucket>,
}

async fn load_shown(ctx: &AdminContext, conn: &mut Conn, row: Row) -> Result<Shown, HumanError> {
    let (id, days) = (WebhookId(row.id), two_weeks(clock::now()));
    Ok(Shown {
        notices: load_notices(ctx, conn, &row).await?,
        jobs: jobs::of_webhook(conn, id, DOTS).await?,
        buckets: stats::of_webhook(conn, id, &days).await?,
        days,
        row,
    })
}

/// Two weeks of whole days of the reader's, up to the end of today.
fn two_weeks(now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut month = Period::Month.bounds(&to_local(now));
    month.split_off(month.len() - 1 - DAYS)
}

fn draw_overview(
    frame: Frame,
    shown: Shown,
    catalogue: &Catalogue,
    address: &str,
    now: DateTime<Utc>,
) -> OverviewPage {
    let Shown { row, notices, jobs, days, buckets } = shown;
    let id = row.id.to_string();
    let failed = jobs.iter().filter(|row| row.job.state == JobState::Failed).count();
    let last = row.last_verdict.zip(row.last_delivery_id.as_deref()).zip(row.last_delivery_at);
    OverviewPage {
        frame,
        now,
        name: row.label(),
        enabled: row.enabled,
        switch: None,
        next: row.is_pending().then(|| NextStep {
            address: gitlab_url(&row, address),
            setup: urls::webhook_setup(row.id),
        }),
        notices,
        flow: draw_flow(&row, catalogue),
        dots: jobs.iter().rev().map(|row| Dot::from_job(&row.job)).collect(),
        failed: say!("{n} of {all} failed", n = failed, all = jobs.len()),
        newest: jobs.iter().take(LINES).map(job_line).collect(),
        jobs: urls::with_query(&urls::jobs(), &[("webhook", &id)]),
        chart: (!buckets.is_empty()).then(|| draw_weeks(&id, &days, &buckets)),
        last_delivery: last.map(|((verdict, id), at)| {
            (verdict_badge(verdict), urls::object("hooks", "delivery", id), At(at))
        }),
        deliveries: urls::with_query(&urls::deliveries(), &[("webhook", &id)]),
        notes: row.notes,
    }
}

fn draw_flow(row: &Row, catalogue: &Catalogue) -> Flow {
    let lines = |text: &str| {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let condition = Some(row.condition.trim()).filter(|text| !text.is_empty());
    let filters = [
        ("ref_filter", lines(&row.ref_filter)),
        ("path_filter", lines(&row.path_filter)),
        ("condition", condition.map(str::to_owned).into_iter().collect()),
    ];
    Flow {
        trigger: trigger_words(&row.http_x_gitlab_event),
        event: row.http_x_gitlab_event.clone(),
        repository: row.repo_name.clone(),
        filters: filters
            .into_iter()
            .filter(|(_, values)| !values.is_empty())
            .map(|(field, values)| (field_label(field), values))
            .collect(),
        obeys_skip: row.obey_skip,
        action: row.action.clone(),
        description: catalogue
            .get(&row.action)
            .map(|spec| spec.description.clone())
            .unwrap_or_default(),
        params: stored_params(&row.action_params),
    }
}

fn job_line(row: &jobs::Row) -> JobLine {
    let job = &row.job;
    let times = job.started_at.zip(job.finished_at);
    let texts = [job.title.as_str(), short_ref(&job.git_ref), &row.event];
    JobLine {
        badge: job_badge(job.state),
        href: urls::object("hooks", "job", &job.id),
        title: texts.into_iter().find(|text| !text.is_empty()).unwrap_or(&job.id).to_owned(),
        about: about_change(&row.sha, row.person()),
        ending: if job.state == JobState::Failed { ending_text(row) } else { String::new() },
        took: times.map(|(started, finished)| span_text(finished - started)),
        at: At(job.queued_at),
    }
}

fn draw_weeks(webhook: &str, days: &[DateTime<Utc>], buckets: &[Bucket]) -> Chart {
    let numbers = count_by_bar(buckets, days.len() - 1);
    draw_ended_jobs("weeks", (Period::Month, "14 days"), days, numbers, &[("webhook", webhook)])
}

/// The page of this webhook, with these jobs, for the test of all pages.
#[cfg(test)]
pub fn sample_overview(row: Row, jobs: Vec<jobs::Row>, may_edit: bool) -> OverviewPage {
    let day = |days| DateTime::UNIX_EPOCH + chrono::TimeDelta::days(days);
    let bucket = |part, state: &str| Bucket { part, state: state.to_owned(), jobs: 3 };
    let buckets = [bucket(0, "succeeded"), bucket(13, "failed")];
    let buckets = buckets.into_iter().filter(|_| !jobs.is_empty()).collect();
    let notices = super::mismatch_notice(&row).into_iter().collect();
    let shown = Shown { row, notices, jobs, days: (0..=14).map(day).collect(), buckets };
    let frame = crate::web::admin::context::sample_frame("Webhook");
    let catalogue = Catalogue::load_directory(None).0;
    let address = "https://signalbox.example.com";
    let mut page = draw_overview(frame, shown, &catalogue, address, day(14));
    page.switch = may_edit.then(|| "/admin/".to_owned());
    page
}
