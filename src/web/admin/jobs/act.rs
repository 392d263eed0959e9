//! What a person can do with a job: the buttons of its page, the question before a cancel, and
//! what they send. What is legal in which state is `signalbox_core::job`'s to say.

use super::page::{id_of, missing_job, no_such};
use crate::control::{self, Cancelled, ControlError};
use crate::web::admin::act::act_of_request;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::back::{carry_list, list_with, preserved_on};
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use signalbox_core::ids::JobId;
use signalbox_core::job::JobState;
use signalbox_core::role::{Permission, Role};
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::jobs::{self, Job};

/// How likely a button is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// It is the best thing to do.
    Best,
    /// Now and then.
    Usual,
    /// Rarely: it stands in a menu.
    Rare,
}

/// A button of a job's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Its verb, in its address and its reason's id.
    pub verb: &'static str,
    /// The word on it.
    pub label: &'static str,
    /// A symbol of `icons.svg`.
    pub icon: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Where it is sent, or leads.
    pub href: String,
    /// Whether it leads to a question, instead of being sent.
    pub asks: bool,
    /// What is sent with it.
    pub fields: Vec<(&'static str, String)>,
    /// How likely it is wanted.
    pub rank: Rank,
    /// Why it cannot be pressed now.
    pub reason: Option<&'static str>,
}

/// The buttons: all of them always, those that are not legal now with the reason. They keep `list`,
/// the query of the list that the page was opened from.
pub fn job_buttons(job: &Job, list: &str, role: Role) -> Vec<Button> {
    if !role.has_permission(Permission::Operate) {
        return Vec::new();
    }
    let href = |verb| carry_list(&urls::verb("hooks", "job", &job.id, verb), list);
    let may = |legal: fn(JobState) -> bool| legal(job.state);
    let stopping = job.cancel_requested_at.is_some();
    let mut buttons = vec![Button {
        verb: "run-again",
        label: "Run again",
        icon: "retry",
        about: "Starts a new attempt with the same event and parameters",
        href: href("run-again"),
        asks: false,
        fields: Vec::new(),
        rank: if job.state == JobState::Failed { Rank::Best } else { Rank::Usual },
        reason: (!may(JobState::may_run_again)).then_some("Only ended jobs can be run again."),
    }];
    if may(JobState::may_run_now) {
        buttons.push(Button {
            verb: "run-now",
            label: "Run now",
            icon: "play",
            about: "Starts without waiting for the scheduled time",
            href: href("run-now"),
            asks: false,
            fields: Vec::new(),
            rank: Rank::Usual,
            reason: None,
        });
    }
    buttons.push(Button {
        verb: "cancel",
        label: "Cancel",
        icon: "stop",
        about: "Ends this job and stops its processes",
        href: href("cancel"),
        asks: true,
        fields: Vec::new(),
        rank: Rank::Usual,
        reason: if !may(JobState::may_cancel) {
            Some("It has already ended.")
        } else if stopping {
            Some("It is already being stopped.")
        } else {
            None
        },
    });
    if may(JobState::is_final) && role.has_permission(Permission::ChangeWebhooks) {
        buttons.push(Button {
            verb: "delete",
            label: "Delete from history",
            icon: "trash",
            about: "Removes this job, its attempts and their output permanently",
            // The list's own question, about this one.
            href: list_with(&urls::jobs(), list),
            asks: true,
            fields: vec![("action", "delete".to_owned()), ("_selected_action", job.id.clone())],
            rank: Rank::Rare,
            reason: None,
        });
    }
    buttons
}

/// POST: runs a job again.
///
/// # Errors
/// No such job (404), not legal now (409), the database (503).
pub async fn run_again(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
    let done = control::run_again(&mut conn, act_of_request(&ctx, &remote_addr), &id).await;
    done.map_err(|error| refused_act(&ctx, &id, RUN_AGAIN, error))?;
    ctx.leave_message(Level::Success, t("The job is queued again."));
    Ok(see_other(preserved_on(&ctx, &urls::job(&id))))
}

/// POST: lets a job run that waits for its time.
///
/// # Errors
/// No such job (404), not legal now (409), the database (503).
pub async fn run_now(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
    let done = control::run_now(&mut conn, act_of_request(&ctx, &remote_addr), &id).await;
    done.map_err(|error| refused_act(&ctx, &id, HURRIED, error))?;
    ctx.leave_message(Level::Success, t("The job starts as soon as a worker is free."));
    Ok(see_other(preserved_on(&ctx, &urls::job(&id))))
}

/// The question before a cancel.
#[derive(Template)]
#[template(path = "admin/jobs/cancel.html")]
pub struct CancelPage {
    /// The page's frame.
    pub frame: Frame,
    /// What happens, in a sentence.
    pub what: &'static str,
    /// Back to the job.
    pub back: String,
}

/// GET: asks whether to cancel a job.
///
/// # Errors
/// No such job (404), not legal now (409), the database (503).
pub async fn cancel_form(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let job = jobs::find_job(&mut *ctx.get_conn().await?, &id).await;
    let job = job.map_err(|error| missing_job(&ctx, error))?;
    let state = job.state;
    if !state.may_cancel() {
        return Err(refused_act(&ctx, &id, CANCELLED, ControlError::NotNow(state)).into());
    }
    let what = if state == JobState::Running {
        "Its processes get SIGTERM, and SIGKILL ten seconds later. What they have done is not \
         undone."
    } else {
        "No attempt is running. The job ends at once."
    };
    let frame = ctx
        .new_frame(say!("Cancel this job of “{name}”?", name = job.webhook_label))
        .with_crumb(t("Jobs"), urls::jobs())
        .with_crumb(say!("Job {id}", id = id), urls::job(&id));
    render_page(&CancelPage { frame, what, back: preserved_on(&ctx, &urls::job(&id)) })
}

/// POST: cancels a job.
///
/// # Errors
/// No such job (404), not legal now (409), the database (503).
pub async fn submit_cancel(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
    let done = control::cancel_job(&mut conn, act_of_request(&ctx, &remote_addr), &id).await;
    match done.map_err(|error| refused_act(&ctx, &id, CANCELLED, error))? {
        Cancelled::Done => ctx.leave_message(Level::Success, t("The job was cancelled.")),
        Cancelled::Stopping => ctx.leave_message(Level::Info, t("The job is being stopped.")),
    }
    Ok(see_other(preserved_on(&ctx, &urls::job(&id))))
}

/// What is said where something is not legal: the headline, and when it is.
type Rule = (&'static str, &'static str);

const RUN_AGAIN: Rule = ("The job cannot be run again", "Only ended jobs can be run again.");
const HURRIED: Rule =
    ("The job cannot be run now", "Only scheduled or retrying jobs can be run now.");
const CANCELLED: Rule =
    ("The job cannot be cancelled", "Only jobs that have not ended can be cancelled.");

fn refused_act(
    ctx: &AdminContext,
    id: &JobId,
    (title, rule): Rule,
    error: ControlError,
) -> Problem {
    let detail = match error {
        ControlError::Gone => return no_such(ctx),
        ControlError::Store(error) => return error.into(),
        ControlError::NotNow(state) => {
            let state = t(state.label()).to_lowercase();
            format!("{} {}", say!("It is {state} now.", state = state), t(rule))
        }
        ControlError::Already(by) if by.is_empty() => {
            t("It is already being stopped: a newer job supersedes it.").to_owned()
        }
        ControlError::Already(by) => say!("{name} has already requested this.", name = by),
    };
    Problem::new(StatusCode::CONFLICT, "not_now", title, detail)
        .with_link(t("Back to the job"), urls::job(id))
}
