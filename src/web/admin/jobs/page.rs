//! One job's page: how it stands, its attempts with their output, and what can be done with it.

use super::act::{Button, Rank, job_buttons};
use super::attempt::{AttemptView, Place, error_of, is_followed};
use super::log::{Log, MOST_CHUNKS};
use super::told::ToldView;
use super::view::View;
use super::waits::Waits;
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::admin::deliveries::steps::{Step, job_steps};
use crate::web::admin::jobs::badges::job_badge;
use crate::web::admin::kit::at::{At, span_text};
use crate::web::admin::kit::back::{self, carry_list, preserved_list};
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::kit::frame::Frame;
use crate::web::assets;
use crate::web::filters;
use crate::web::human::{HumanError, render_page};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::ids::{JobId, WebhookId};
use signalbox_core::job::JobState;
use signalbox_core::role::Role;
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::gitlab::statuses::{self, Told};
use signalbox_store::jobs::{Attempt, Job};
use signalbox_store::{StoreError, deliveries, jobs, webhooks};

/// One job.
#[derive(Template)]
#[template(path = "admin/jobs/page.html")]
pub struct JobPage {
    /// The page's frame.
    pub frame: Frame,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// The window's title.
    pub window_title: String,
    /// The job.
    pub job: Job,
    /// Its state.
    pub badge: Badge,
    /// How it stands, in a sentence.
    pub sentence: String,
    /// What went wrong, if something did.
    pub reason: String,
    /// How the output of the attempt that failed ended, and what that is.
    pub last_lines: Option<(&'static str, String)>,
    /// Its way, step by step.
    pub steps: Vec<Step>,
    /// Its attempts, newest first.
    pub attempts: Vec<AttemptView>,
    /// The event that set it off, while it is kept.
    pub cause: Option<deliveries::Brief>,
    /// The page in GitLab of what that event is about.
    pub gitlab_page: Option<String>,
    /// Its webhook's page, while there is one.
    pub webhook: Option<String>,
    /// Who asked for it again, if someone did.
    pub again_by: Option<String>,
    /// The action's parameters.
    pub params: Vec<(String, String)>,
    /// What can be done with it, for those who may.
    pub buttons: Vec<Button>,
    /// The same, where it is rarely wanted.
    pub rare: Vec<Button>,
    /// The window's icon.
    pub window_icon: String,
    /// The webhook's jobs before and after this one.
    pub beside: [Option<String>; 2],
    /// Where it stands in its lane, or who holds it back, while it waits.
    pub waits: Option<String>,
    /// The job that runs before it in its lane, or the newer one that took its place.
    pub other: Option<(&'static str, String)>,
    /// Whether the page keeps itself up to date.
    pub is_live: bool,
    /// Where what is printed from now on comes from; none where it is not shown.
    pub events: Option<String>,
    /// This page, with all that its address asks for.
    pub here: String,
    /// For how many days output is kept.
    pub keep_days: i64,
    /// What GitLab shows of it, where it is told.
    pub told: Option<ToldView>,
}

/// GET a job's page.
///
/// # Errors
/// No such job (404), the database (503).
pub async fn show_job(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.get_conn().await?;
    let job = jobs::find_job(&mut conn, &id).await.map_err(|error| missing_job(&ctx, error))?;
    let view = View::from_query(ctx.query());
    let is_live = !job.state.is_final();
    let mut attempts = Vec::new();
    for attempt in jobs::attempts_of(&mut conn, &id).await? {
        let (number, is_newest) = (attempt.number, attempts.is_empty());
        // Of many attempts, those that nobody asked for are left in the database.
        let log = if is_newest || view.attempt == Some(number) {
            let chunks = jobs::output_of(&mut conn, &id, number, MOST_CHUNKS).await?;
            let view = view.for_attempt(number, is_newest);
            Some(Log::from_chunks(&chunks, &view, is_followed(is_newest, is_live, &view)))
        } else {
            None
        };
        attempts.push((attempt, log));
    }
    let cause = match job.delivery_id.parse() {
        Ok(delivery) => deliveries::find_brief(&mut conn, &delivery).await?,
        Err(_) => None,
    };
    let webhook = match job.webhook_id.map(WebhookId) {
        Some(id) => match webhooks::find_webhook(&mut conn, id).await {
            Ok(_) => Some(urls::webhook(id)),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let frame = ctx
        .new_frame(say!("Job {id}", id = id))
        .with_crumb(t("Jobs"), preserved_list(&ctx, &urls::jobs()));
    let beside = match job.webhook_id {
        Some(webhook) => jobs::find_neighbours(&mut conn, WebhookId(webhook), &id).await?,
        None => jobs::Neighbours::default(),
    };
    let role = ctx.actor.role;
    let waits = Waits::find_for_job(&mut conn, &job).await?;
    let keep = ctx.deps().retention.output;
    let told = statuses::find_told(&mut conn, &job.id).await?;
    let shown = Shown { job, attempts, view, keep, cause, webhook, beside, waits, told, role };
    render_page(&draw_job(frame, shown, clock::now()))
}

pub(super) fn id_of(ctx: &AdminContext) -> Result<JobId, HumanError> {
    ctx.segment("id").parse().map_err(|_| no_such(ctx).into())
}

pub(super) fn missing_job(ctx: &AdminContext, error: StoreError) -> Problem {
    match error {
        StoreError::NotFound => no_such(ctx),
        other => other.into(),
    }
}

pub(super) fn no_such(ctx: &AdminContext) -> Problem {
    back::no_such(ctx, t("job"), ctx.segment("id"), t("All jobs"), urls::jobs())
}

/// What was read for a job's page.
pub struct Shown {
    /// The job.
    pub job: Job,
    /// Its attempts with their output, newest first.
    pub attempts: Vec<(Attempt, Option<Log>)>,
    /// How their output is looked at.
    pub view: View,
    /// How long output is kept.
    pub keep: TimeDelta,
    /// The event that set it off.
    pub cause: Option<deliveries::Brief>,
    /// Its webhook's page.
    pub webhook: Option<String>,
    /// That webhook's jobs before and after it.
    pub beside: jobs::Neighbours,
    /// What it waits for.
    pub waits: Waits,
    /// What GitLab was told of it.
    pub told: Option<Told>,
    /// What this person may do with it.
    pub role: Role,
}

/// Draws a job.
pub fn draw_job(frame: Frame, shown: Shown, now: DateTime<Utc>) -> JobPage {
    let Shown { job, attempts, view, keep, cause, webhook, beside, waits, told, role } = shown;
    let state = job.state;
    let newest = attempts.first().map(|(attempt, _)| attempt);
    let is_live = !state.is_final();
    let (rare, buttons) = job_buttons(&job, &view.list, role)
        .into_iter()
        .partition(|button| button.rank == Rank::Rare);
    let address = |id: String| carry_list(&urls::object("hooks", "job", id), &view.list);
    JobPage {
        events: (!view.is_fixed()).then(|| events_url(&job, attempts.first(), &view)),
        here: view.address_at(&urls::object("hooks", "job", &job.id)),
        keep_days: keep.num_days(),
        sentence: job_sentence(&job, newest, now),
        reason: failure_text(&job, newest),
        last_lines: last_lines(state, attempts.first().and_then(|(_, log)| log.as_ref())),
        badge: current_badge(&job),
        steps: job_steps(&job),
        params: stored_params(&job.action_params),
        again_by: again_by(&job, cause.as_ref()),
        buttons,
        rare,
        window_icon: assets::url(window_icon(state)),
        beside: [beside.previous, beside.next].map(|id| id.map(address)),
        other: other_job(&job, &waits),
        waits: waits.waits_text(&job),
        is_live,
        attempts: (0..)
            .zip(attempts)
            .map(|(place, (attempt, log))| {
                let place = Place { view: &view, is_newest: place == 0, is_live, now };
                AttemptView::from_attempt(attempt, log, place)
            })
            .collect(),
        window_title: frame.window_title_for(&short_words(&job)),
        frame,
        now,
        job,
        gitlab_page: cause
            .as_ref()
            .map(|cause| cause.web_url.clone())
            .filter(|page| !page.is_empty()),
        cause,
        webhook,
        told: told.map(ToldView::from_stored),
    }
}

/// The icon of the page's window, by which a failed job is found among others.
fn window_icon(state: JobState) -> &'static str {
    if state == JobState::Failed { "favicon-failed.svg" } else { "favicon.svg" }
}

/// What a row of open windows has room for: how it stands, and what it is.
fn short_words(job: &Job) -> String {
    let mark = match job.state {
        JobState::Succeeded => "✓",
        JobState::Failed => "✕",
        JobState::Running => "▶",
        JobState::Queued | JobState::Scheduled | JobState::Retrying => "…",
        JobState::Cancelled | JobState::Superseded => "–",
    };
    let about = if job.title.is_empty() { &job.git_ref } else { &job.title };
    let colon = if about.is_empty() { "" } else { ": " };
    format!("{mark} {}{colon}{about}", job.webhook_label)
}

/// Where what is printed after this comes from.
fn events_url(job: &Job, newest: Option<&(Attempt, Option<Log>)>, view: &View) -> String {
    let after = newest.map(|(attempt, log)| {
        format!("{}.{}", attempt.number, log.as_ref().map_or(-1, |log| log.last_seq))
    });
    let after = after.unwrap_or_default();
    let mut pairs = vec![("after", after.as_str())];
    if view.times {
        pairs.push(("times", "1"));
    }
    urls::with_query(&urls::verb("hooks", "job", &job.id, "events"), &pairs)
}

/// A running job that is to end says so.
pub(super) fn current_badge(job: &Job) -> Badge {
    let badge = job_badge(job.state);
    if job.state == JobState::Running && job.cancel_requested_at.is_some() {
        return Badge { label: "Stopping".to_owned(), icon: "stop", ..badge };
    }
    badge
}

/// The job that stands before this one, or has taken its place.
fn other_job(job: &Job, waits: &Waits) -> Option<(&'static str, String)> {
    let address = |id: &str| urls::object("hooks", "job", id);
    let newer = job.superseded_by.as_deref().filter(|_| gave_way(job));
    let newer = newer.map(|id| ("Newer job", address(id)));
    newer.or_else(|| Some(("Running job", address(waits.running.as_deref()?))))
}

/// Whether a newer job has its place. One that had ended by itself when it was asked to keeps it.
fn gave_way(job: &Job) -> bool {
    let state = job.state;
    let is_asked = state == JobState::Running && job.cancel_requested_at.is_some();
    is_asked || matches!(state, JobState::Superseded | JobState::Cancelled)
}

/// The event's own person stands there until someone asks for the job again.
fn again_by(job: &Job, cause: Option<&deliveries::Brief>) -> Option<String> {
    let asked_again = cause.is_none_or(|cause| cause.user_name != job.requested_by);
    (asked_again && !job.requested_by.is_empty()).then(|| job.requested_by.clone())
}

/// How a job stands, in a sentence.
pub(super) fn job_sentence(job: &Job, newest: Option<&Attempt>, now: DateTime<Utc>) -> String {
    let (n, max, name) = (job.attempts, job.most_attempts(), &job.cancelled_by);
    let took =
        newest.and_then(|attempt| Some(span_text(attempt.finished_at? - attempt.started_at)));
    match job.state {
        JobState::Queued => t("Waiting for a free worker.").to_owned(),
        JobState::Scheduled => {
            say!("Waiting until {time}.", time = At(job.run_at).absolute())
        }
        JobState::Running if job.superseded_by.is_some() => {
            t("Superseded by a newer job of the same ref: its processes are being stopped.")
                .to_owned()
        }
        JobState::Running if job.cancel_requested_at.is_some() => {
            say!("Cancelled by {name}: its processes are being stopped.", name = name)
        }
        JobState::Running => match newest {
            Some(newest) => say!(
                "Attempt {n} of {max} has been running for {time} on {worker}.",
                n = n,
                max = max,
                time = span_text(now - newest.started_at),
                worker = newest.worker
            ),
            None => say!("Attempt {n} of {max} is running.", n = n, max = max),
        },
        JobState::Succeeded => match took {
            Some(time) => {
                say!("Attempt {n} of {max} succeeded after {time}.", n = n, max = max, time = time)
            }
            None => say!("Attempt {n} of {max} succeeded.", n = n, max = max),
        },
        JobState::Retrying => say!(
            "Attempt {n} of {max} failed. The next one starts {when}.",
            n = n,
            max = max,
            when = At(job.run_at).ago(&now)
        ),
        JobState::Failed if job.attempts == 0 => t("It never started.").to_owned(),
        JobState::Failed => {
            let failed = i18n::count_phrase(
                n.into(),
                "Failed after {n} attempt.",
                "Failed after {n} attempts.",
            );
            match took {
                Some(time) => format!("{failed} {}", say!("The last took {time}.", time = time)),
                None => failed,
            }
        }
        JobState::Cancelled if job.superseded_by.is_some() => {
            t("Cancelled: superseded by a newer job of the same ref.").to_owned()
        }
        JobState::Cancelled => say!("Cancelled by {name}.", name = name),
        JobState::Superseded => {
            t("Superseded by a newer job of the same ref before it started.").to_owned()
        }
    }
}

/// What went wrong, in the words of the worker that saw it.
fn failure_text(job: &Job, newest: Option<&Attempt>) -> String {
    match job.state {
        JobState::Retrying | JobState::Failed | JobState::Cancelled => newest
            .filter(|attempt| attempt.error == job.error)
            .map_or_else(|| job.error.clone(), error_of),
        JobState::Queued
        | JobState::Scheduled
        | JobState::Running
        | JobState::Succeeded
        | JobState::Superseded => String::new(),
    }
}

/// What the newest attempt printed last, if it failed.
fn last_lines(state: JobState, log: Option<&Log>) -> Option<(&'static str, String)> {
    let has_failed = matches!(state, JobState::Retrying | JobState::Failed);
    let log = log.filter(|log| has_failed && !log.last_lines.is_empty())?;
    let what =
        if log.has_stderr { "Last lines of standard error" } else { "Last lines of the output" };
    Some((what, log.last_lines.clone()))
}

/// An action's parameters as they are stored, as texts.
pub fn stored_params(stored: &serde_json::Value) -> Vec<(String, String)> {
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = stored.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), text(value))).collect()
}
