//! One job's page: how it stands, its attempts with their output, and what can be done with it.

use super::log::{Log, MOST_CHUNKS};
use crate::clock;
use crate::control::{self, ControlError};
use crate::core::ids::JobId;
use crate::core::job::JobState;
use crate::core::output::page_text;
use crate::core::role::Permission;
use crate::store::jobs::{Attempt, Job};
use crate::store::{StoreError, deliveries, jobs, webhooks};
use crate::web::admin::context::AdminContext;
use crate::web::admin::deliveries::page::{Step, job_steps};
use crate::web::admin::kit::at::{At, span};
use crate::web::admin::kit::back::{preserved_list, preserved_on};
use crate::web::admin::kit::column::Badge;
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::human::{HumanError, page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use chrono::{DateTime, Utc};

/// One job.
#[derive(Template)]
#[template(path = "admin/jobs/page.html")]
pub struct JobPage {
    /// The page's frame.
    pub frame: Frame,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// The job.
    pub job: Job,
    /// Its state.
    pub badge: Badge,
    /// How it stands, in a sentence.
    pub sentence: String,
    /// Its way, step by step.
    pub steps: Vec<Step>,
    /// Its attempts, newest first.
    pub attempts: Vec<AttemptView>,
    /// The event that set it off, while it is kept.
    pub cause: Option<deliveries::Brief>,
    /// Its record's form, while there is one.
    pub record: Option<String>,
    /// Who asked for it again, if someone did.
    pub again_by: Option<String>,
    /// The action's parameters.
    pub params: Vec<(String, String)>,
    /// Where "Run again" is sent, for those who may.
    pub run_again: Option<String>,
    /// Why it cannot be run again now.
    pub not_again: Option<&'static str>,
    /// Whether the page keeps itself up to date.
    pub is_live: bool,
}

/// One attempt.
pub struct AttemptView {
    /// Its number.
    pub number: i32,
    /// How it ended.
    pub badge: Badge,
    /// The worker.
    pub worker: String,
    /// When it began.
    pub started: At,
    /// How long it took, or has taken.
    pub took: String,
    /// Exit code, signal or HTTP status, in words.
    pub ending: Option<String>,
    /// What went wrong.
    pub error: String,
    /// Its output.
    pub log: Log,
    /// Its output as plain text.
    pub raw: String,
    /// Whether it is shown at once.
    pub is_open: bool,
}

impl AttemptView {
    /// A line's anchor: `L12` for the newest attempt, `a1-L12` for others.
    pub fn anchor(&self, number: &usize) -> String {
        if self.is_open { format!("L{number}") } else { format!("a{}-L{number}", self.number) }
    }
}

/// GET a job's page.
///
/// # Errors
/// No such job (404), the database (503).
pub async fn show(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.conn().await?;
    let job = jobs::find(&mut conn, &id).await.map_err(|error| missing(&ctx, error))?;
    let mut attempts = Vec::new();
    for attempt in jobs::attempts_of(&mut conn, &id).await? {
        let chunks = jobs::output_of(&mut conn, &id, attempt.number, MOST_CHUNKS).await?;
        attempts.push((attempt, Log::of(&chunks)));
    }
    let cause = match job.delivery_id.parse() {
        Ok(delivery) => deliveries::brief(&mut conn, &delivery).await?,
        Err(_) => None,
    };
    let record = match job.webhook_id.map(crate::core::ids::WebhookId) {
        Some(id) => match webhooks::find(&mut conn, id).await {
            Ok(_) => Some(urls::webhook(id)),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let frame = ctx.frame(format!("Job {id}")).crumb("Jobs", preserved_list(&ctx, &urls::jobs()));
    let may_operate = ctx.may(Permission::Operate);
    let shown = Shown { job, attempts, cause, record, may_operate };
    page(&draw(frame, shown, clock::now()))
}

/// GET an attempt's output as plain text: `?attempt=2`, else the newest's.
///
/// # Errors
/// No such job or attempt (404), the database (503).
pub async fn output(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.conn().await?;
    let job = jobs::find(&mut conn, &id).await.map_err(|error| missing(&ctx, error))?;
    let asked = url::form_urlencoded::parse(ctx.query().as_bytes())
        .find(|(name, _)| name == "attempt")
        .map(|(_, value)| value.parse::<i32>());
    let attempt = asked.unwrap_or(Ok(job.attempts)).map_err(|_| no_such(&ctx))?;
    let chunks = jobs::output_of(&mut conn, &id, attempt, MOST_CHUNKS).await?;
    let bytes: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(page_text(&bytes)))
}

/// POST: runs a job again.
///
/// # Errors
/// No such job (404), not legal now (409), the database (503).
pub async fn run_again(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let mut conn = ctx.conn().await?;
    let remote_addr = ctx.remote_addr();
    let act = control::Act { actor: &ctx.actor, remote_addr: &remote_addr, now: clock::now() };
    control::run_again(&mut conn, act, &id).await.map_err(|error| match error {
        ControlError::Already(_) => refused(&id, JobState::Running),
        ControlError::Gone => no_such(&ctx),
        ControlError::NotNow(state) => refused(&id, state),
        ControlError::Store(error) => error.into(),
    })?;
    ctx.flash(Level::Success, "The job is queued again.");
    Ok(see_other(preserved_on(&ctx, &urls::job(&id))))
}

fn refused(id: &JobId, state: JobState) -> Problem {
    let detail = format!("It is {} now. A job can be run again once it has ended.", state.as_str());
    Problem::new(StatusCode::CONFLICT, "not_now", "The job cannot be run again now", detail)
        .link("Back to the job", urls::job(id))
}

fn id_of(ctx: &AdminContext) -> Result<JobId, HumanError> {
    ctx.segment("id").parse().map_err(|_| no_such(ctx).into())
}

fn missing(ctx: &AdminContext, error: StoreError) -> Problem {
    match error {
        StoreError::NotFound => no_such(ctx),
        other => other.into(),
    }
}

fn no_such(ctx: &AdminContext) -> Problem {
    let id: String = ctx.segment("id").chars().take(40).collect();
    Problem::no_such(format!("job {id}")).link("All jobs", urls::jobs())
}

/// What was read for a job's page.
pub struct Shown {
    /// The job.
    pub job: Job,
    /// Its attempts with their output, newest first.
    pub attempts: Vec<(Attempt, Log)>,
    /// The event that set it off.
    pub cause: Option<deliveries::Brief>,
    /// Its record's form.
    pub record: Option<String>,
    /// Whether this person may run it again.
    pub may_operate: bool,
}

/// Draws a job.
pub fn draw(frame: Frame, shown: Shown, now: DateTime<Utc>) -> JobPage {
    let Shown { job, attempts, cause, record, may_operate } = shown;
    let state = JobState::parse(&job.state);
    let again = state.is_some_and(JobState::may_run_again);
    let newest = attempts.first().map(|(attempt, _)| attempt);
    JobPage {
        sentence: sentence(&job, newest, now),
        badge: Badge::job(&job.state),
        steps: job_steps(&job),
        params: params(&job.action_params),
        again_by: again_by(&job, cause.as_ref()),
        run_again: may_operate.then(|| urls::verb("hooks", "job", &job.id, "run-again")),
        not_again: (!again).then_some("A job can be run again once it has ended."),
        is_live: !state.is_some_and(JobState::is_final),
        attempts: (0..)
            .zip(attempts)
            .map(|(place, (attempt, log))| attempt_view(attempt, log, (place == 0, now)))
            .collect(),
        frame,
        now,
        job,
        cause,
        record,
    }
}

/// The event's own person stands there until someone asks for the job again.
fn again_by(job: &Job, cause: Option<&deliveries::Brief>) -> Option<String> {
    let asked_again = cause.is_none_or(|cause| cause.user_name != job.requested_by);
    (asked_again && !job.requested_by.is_empty()).then(|| job.requested_by.clone())
}

/// How a job stands, in a sentence.
fn sentence(job: &Job, newest: Option<&Attempt>, now: DateTime<Utc>) -> String {
    let took = newest
        .and_then(|attempt| Some(attempt.finished_at? - attempt.started_at))
        .map(|time| format!(" after {}", span(time)))
        .unwrap_or_default();
    let attempt = format!("Attempt {} of {}", job.attempts, job.max_attempts);
    let reason = if job.error.is_empty() { String::new() } else { format!(" {}", job.error) };
    match JobState::parse(&job.state) {
        Some(JobState::Queued) => "Waits for a free worker.".to_owned(),
        Some(JobState::Scheduled) => format!("Waits until {}.", At(job.run_at).absolute()),
        Some(JobState::Running) => match newest {
            Some(newest) => format!(
                "{attempt} has been running for {} on {}.",
                span(now - newest.started_at),
                newest.worker
            ),
            None => format!("{attempt} is running."),
        },
        Some(JobState::Succeeded) => format!("{attempt} succeeded{took}."),
        Some(JobState::Retrying) => {
            format!("{attempt} failed; the next one comes {}.{reason}", At(job.run_at).ago(&now))
        }
        Some(JobState::Failed) if job.attempts == 0 => format!("It was never started.{reason}"),
        Some(JobState::Failed) => format!("{attempt} failed{took}, and no more follows.{reason}"),
        Some(JobState::Cancelled) => format!("Ended by a person.{reason}"),
        Some(JobState::Superseded) => "A newer job took its place.".to_owned(),
        None => reason,
    }
}

fn attempt_view(
    attempt: Attempt,
    log: Log,
    (is_newest, now): (bool, DateTime<Utc>),
) -> AttemptView {
    let ending = match (attempt.exit_code, attempt.signal, attempt.http_status) {
        (Some(code), _, _) => Some(format!("exit code {code}")),
        (None, Some(signal), _) => Some(format!("ended by signal {signal}")),
        (None, None, Some(status)) => Some(format!("HTTP {status}")),
        (None, None, None) => None,
    };
    let number = attempt.number.to_string();
    AttemptView {
        raw: urls::with_query(
            &urls::verb("hooks", "job", &attempt.job_id, "output"),
            &[("attempt", &number)],
        ),
        number: attempt.number,
        badge: Badge::outcome(attempt.outcome.as_deref()),
        worker: attempt.worker,
        started: At(attempt.started_at),
        took: span(attempt.finished_at.unwrap_or(now) - attempt.started_at),
        ending,
        error: attempt.error,
        log,
        is_open: is_newest,
    }
}

fn params(stored: &serde_json::Value) -> Vec<(String, String)> {
    let text =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = stored.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), text(value))).collect()
}
