//! Replay many: the list of runs, the plan of one (what would happen, counted before anything is
//! made), and its start. A run under way is `run.rs`.

use super::run::{RunRow, told_runs};
use super::{judge_for_request, read_form_number, skip_reason};
use crate::clock;
use crate::control::replays::{self, Plan, Start};
use crate::web::admin::act::act_of_request;
use crate::web::admin::context::AdminContext;
use crate::web::admin::deliveries::Deliveries;
use crate::web::admin::kit::at::span_text;
use crate::web::admin::kit::back::preserved_list;
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::admin::kit::list_view::{Chip, active_chips};
use crate::web::admin::kit::query::{Asked, read_query};
use crate::web::admin::kit::resource::Resource;
use crate::web::admin::kit::views::Posted;
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::ids::{DeliveryId, WebhookId};
use signalbox_core::listing::group_thousands;
use signalbox_core::replay::{Pace, Per};
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::deliveries::{Filter, Sort};
use signalbox_store::replays as stored;
use signalbox_store::replays::Chosen;
use std::time::Duration;
use url::form_urlencoded;

/// How long a plan is worked on; a larger one says how far it came.
const LONGEST: Duration = Duration::from_secs(4);
/// Most ticked deliveries in an address.
const MOST_IDS: usize = 200;
/// The pace that a form begins with: twice a second.
const PACE: Pace = Pace { number: 2, per: Per::Second };

/// The runs.
#[derive(Template)]
#[template(path = "admin/replay/list.html")]
pub struct RunsPage {
    /// The page's frame.
    pub frame: Frame,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// Newest first.
    pub runs: Vec<RunRow>,
    /// The deliveries.
    pub deliveries: String,
}

/// The plan of a run.
#[derive(Template)]
#[template(path = "admin/replay/plan.html")]
pub struct PlanPage {
    /// The page's frame.
    pub frame: Frame,
    /// The filters that choose the deliveries.
    pub narrowed: Vec<Chip>,
    /// The search that chooses them.
    pub search: String,
    /// Whether it is for every delivery there is.
    pub everything: bool,
    /// How many deliveries.
    pub total: String,
    /// Whether all of them were judged for this page; else how many.
    pub judged: Option<String>,
    /// How many would be replayed.
    pub replayed: String,
    /// How many jobs that makes.
    pub jobs: String,
    /// The jobs of each webhook: name, form, number.
    pub webhooks: Vec<(String, String, String)>,
    /// What is left out: why, and how many.
    pub skips: Vec<(&'static str, String)>,
    /// How long it takes at the pace that the form begins with.
    pub takes: String,
    /// Whether anything would be replayed.
    pub runs_something: bool,
    /// The pace that the form begins with.
    pub pace: i32,
    /// Whether this person may start it.
    pub may_start: bool,
    /// What the form remembers.
    pub hidden: Vec<(&'static str, String)>,
    /// The ticked deliveries; none = all that match.
    pub ids: Vec<String>,
    /// Back to the list.
    pub back: String,
}

/// What an address or a form chooses.
struct Choice {
    asked: Asked<Sort, Filter>,
    ids: Vec<String>,
}

impl Choice {
    /// Reads it; none = nothing is chosen, the runs are meant.
    fn from_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let (mut query, mut ids) = (None, Vec::new());
        for (name, value) in pairs {
            match name {
                "of" => query = Some(value.to_owned()),
                "id" => ids.extend(value.parse::<DeliveryId>().ok().map(|id| id.to_string())),
                _ => {}
            }
        }
        ids.truncate(MOST_IDS);
        if query.is_none() && ids.is_empty() {
            return None;
        }
        let query = query.unwrap_or_default();
        Some(Self { asked: read_query(&urls::deliveries(), &query, Deliveries::LISTING), ids })
    }

    /// The same as it was at that moment, whatever comes later.
    fn freeze_at(&self, newest: String, at: DateTime<Utc>) -> Chosen {
        let mut filter = self.asked.query.filter.clone();
        let received = &mut filter.received;
        if let Some(within) = received.within.take() {
            let since = at - within;
            received.since = Some(received.since.map_or(since, |known| known.max(since)));
        }
        // A search looks through the newest before a moment: through the same ones to the end.
        received.before = Some(received.before.map_or(at, |known| known.min(at)));
        let terms = self.asked.query.terms.clone();
        Chosen { terms, filter, ids: self.ids.clone(), newest }
    }

    /// It in words, for the list of runs.
    fn choice_text(&self) -> String {
        if !self.ids.is_empty() {
            return say!("Ticked deliveries");
        }
        let mut parts: Vec<String> = Vec::new();
        if !self.asked.search.is_empty() {
            parts.push(format!("{}: {}", t("Search"), self.asked.search));
        }
        let filters = active_chips(Deliveries::LISTING.filters, &self.asked.address);
        parts.extend(filters.iter().map(|chip| format!("{}: {}", t(&chip.label), chip.value)));
        if parts.is_empty() { say!("All deliveries") } else { parts.join(", ") }
    }

    fn back_url(&self) -> String {
        self.asked.address.href()
    }
}

fn pairs_of(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// GET the runs, or the plan of one: `?of=` the list's search and filters, `?id=` ticked ones.
///
/// # Errors
/// The database (503).
pub async fn show_replays(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let pairs = pairs_of(ctx.query());
    let Some(choice) = Choice::from_pairs(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())))
    else {
        return show_runs(&ctx).await;
    };
    if let Some(warning) = why_refused(&choice) {
        ctx.leave_message(Level::Warning, warning);
        return Ok(see_other(choice.back_url()));
    }
    let at = clock::now();
    let mut conn = ctx.get_conn().await?;
    let newest = stored::newest_delivery(&mut conn).await?;
    let chosen = choice.freeze_at(newest.clone(), at);
    let plan = replays::plan_run(&mut conn, &chosen, judge_for_request(&ctx), LONGEST).await?;
    let mut hidden = vec![
        ("once", clock::unique_id()),
        ("newest", newest),
        ("at", at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
    ];
    if choice.ids.is_empty() {
        hidden.push(("of", choice.asked.address.query()));
    }
    hidden.extend(choice.ids.iter().map(|id| ("id", id.clone())));
    let may_start = ctx.has_permission(Permission::Operate);
    let back = if choice.ids.is_empty() {
        choice.back_url()
    } else {
        preserved_list(&ctx, &urls::deliveries())
    };
    render_page(&draw_plan(
        ctx.new_frame(t("Bulk replay")),
        &choice,
        plan,
        (hidden, may_start, back),
    ))
}

fn why_refused(choice: &Choice) -> Option<String> {
    let warnings = &choice.asked.warnings;
    let nothing = t("Nothing was replayed. Check the list again.");
    (!warnings.is_empty()).then(|| format!("{} {nothing}", warnings.join(" ")))
}

async fn show_runs(ctx: &AdminContext) -> Result<HttpResponse, HumanError> {
    let mut conn = ctx.get_conn().await?;
    let runs = stored::list_runs(&mut conn, 100).await?;
    render_page(&RunsPage {
        frame: ctx
            .new_frame(t("Replays"))
            .with_crumb(t("Deliveries").to_owned(), urls::deliveries()),
        now: clock::now(),
        runs: told_runs(&runs),
        deliveries: urls::deliveries(),
    })
}

/// POST: starts a run, and leads to its page.
///
/// # Errors
/// The form is not the plan's (400), the database (503).
pub async fn submit_run(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let pairs = posted.into_inner();
    let choice = Choice::from_pairs(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())))
        .ok_or_else(|| Problem::bad_request("Choose what to replay."))?;
    let values = Values::from_pairs(pairs);
    if let Some(warning) = why_refused(&choice) {
        ctx.leave_message(Level::Warning, warning);
        return Ok(see_other(choice.back_url()));
    }
    let (at, newest) =
        (values.get_trimmed("at").parse::<DateTime<Utc>>(), values.get_trimmed("newest"));
    let (Ok(at), Ok(newest)) = (at, newest.parse::<DeliveryId>()) else {
        return Err(Problem::bad_request("The form is incomplete. Reload the page.").into());
    };
    let pace = Per::parse(values.get_trimmed("per"))
        .and_then(|per| Pace::new_checked(values.get_trimmed("pace").parse().ok()?, per))
        .ok_or_else(|| {
            Problem::bad_request("Enter a rate from 1 to 100, per second or per minute.")
        })?;
    let start = Start {
        chosen: choice.freeze_at(newest.to_string(), at.min(clock::now())),
        told: choice.choice_text(),
        pace,
        once: read_form_number(&values)?,
    };
    let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
    let run = replays::start_run(&mut conn, act_of_request(&ctx, &remote_addr), &start).await?;
    tracing::info!(replay.id = %run, user.name = %ctx.actor.username, "Bulk replay {run} was started by {}", ctx.actor.username);
    Ok(see_other(urls::replay_run(run)))
}

fn draw_plan(
    frame: Frame,
    choice: &Choice,
    plan: Plan,
    (hidden, may_start, back): (Vec<(&'static str, String)>, bool, String),
) -> PlanPage {
    let jobs = plan.count_jobs();
    let webhook = |(id, label, jobs): (WebhookId, String, i64)| {
        (label, urls::webhook(id), group_thousands(jobs))
    };
    PlanPage {
        frame: frame
            .with_crumb(t("Deliveries").to_owned(), urls::deliveries())
            .with_crumb(t("Replays").to_owned(), urls::replays()),
        narrowed: active_chips(Deliveries::LISTING.filters, &choice.asked.address),
        search: choice.asked.search.clone(),
        everything: choice.ids.is_empty() && !choice.asked.address.is_narrowed(),
        total: group_thousands(plan.total),
        judged: (plan.judged < plan.total).then(|| group_thousands(plan.judged)),
        replayed: group_thousands(plan.replayed),
        jobs: group_thousands(jobs),
        webhooks: plan.webhooks.into_iter().map(webhook).collect(),
        skips: plan
            .skips
            .into_iter()
            .map(|(skip, count)| (skip_reason(skip), group_thousands(count)))
            .collect(),
        takes: span_text(PACE.time_of(plan.replayed)),
        runs_something: plan.replayed > 0 || plan.judged < plan.total,
        pace: PACE.number,
        may_start,
        hidden,
        ids: choice.ids.clone(),
        back,
    }
}

/// A plan with everything on it, for the test of all pages.
#[cfg(test)]
pub fn sample_plan(words: &'static str) -> PlanPage {
    let asked = read_query(&urls::deliveries(), "verdict=unmatched&q=x", Deliveries::LISTING);
    let choice = Choice { asked, ids: Vec::new() };
    let plan = Plan {
        total: 12_000,
        judged: 9_000,
        replayed: 8_000,
        webhooks: vec![(WebhookId(7), words.to_owned(), 8_000)],
        skips: signalbox_core::replay::Skip::ALL.map(|skip| (skip, 1)).into(),
    };
    let back = choice.back_url();
    draw_plan(
        crate::web::admin::context::sample_frame(words),
        &choice,
        plan,
        (vec![("of", words.to_owned())], true, back),
    )
}
