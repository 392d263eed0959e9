//! Pausing and resuming, from the workers' page and the start page.

use super::act::act_of_request;
use super::context::AdminContext;
use super::kit::form::Values;
use super::kit::frame::Level;
use super::kit::views::Posted;
use crate::clock;
use crate::control::{self, ControlError};
use crate::web::human::{HumanError, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use signalbox_core::pause::{self, Release, Scope};
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};

/// The longest reason, in characters.
const LONGEST: usize = 200;

/// POST: holds jobs back.
///
/// # Errors
/// No such scope (400), it is held back already (409), the database (503).
pub async fn submit_pause(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let scope = read_scope(&values)?;
    let back = match values.get_trimmed("next") {
        "" => urls::workers(),
        next => urls::safe_next(Some(next)),
    };
    let reason: String = values.get_trimmed("reason").chars().take(LONGEST).collect();
    if reason.is_empty() {
        ctx.leave_message(
            Level::Error,
            t("Nothing was paused. Enter a reason, so that others know."),
        );
        return Ok(see_other(back));
    }
    let (word, time) = (values.get_trimmed("until"), values.get_trimmed("until_time"));
    let Some(until) = pause::parse_end(word, time, &i18n::to_local(clock::now())) else {
        ctx.leave_message(
            Level::Error,
            t("Nothing was paused. Enter the time when it ends, such as 18:00."),
        );
        return Ok(see_other(back));
    };
    let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
    let act = act_of_request(&ctx, &remote_addr);
    let done = control::pause_scope(&mut conn, act, scope, &reason, until).await;
    done.map_err(refused_pause)?;
    ctx.leave_message(Level::Success, t("Paused. Running jobs go on, new ones are held."));
    Ok(see_other(back))
}

/// POST: lets jobs go.
///
/// # Errors
/// No such scope (400), it is not held back (409), the database (503).
pub async fn submit_resume(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let scope = read_scope(&values)?;
    let release = match values.get_trimmed("release") {
        "newest" => Release::Newest,
        _ => Release::All,
    };
    let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
    let done =
        control::resume_scope(&mut conn, act_of_request(&ctx, &remote_addr), &scope, release).await;
    let released = done.map_err(refused_pause)?;
    let released = i64::try_from(released).unwrap_or(i64::MAX);
    let told = i18n::count_phrase(released, "Resumed {n} job.", "Resumed {n} jobs.");
    ctx.leave_message(Level::Success, told);
    Ok(see_other(urls::workers()))
}

fn read_scope(values: &Values) -> Result<Scope, HumanError> {
    Scope::parse(values.get_trimmed("scope"))
        .ok_or_else(|| Problem::bad_request(t("The form is incomplete. Reload the page.")).into())
}

fn refused_pause(error: ControlError) -> Problem {
    let detail = match error {
        ControlError::Store(error) => return error.into(),
        ControlError::Already(by) => say!("{name} has already paused it.", name = by),
        ControlError::Gone | ControlError::NotNow(_) => {
            t("It is not paused, or no longer exists.").to_owned()
        }
    };
    Problem::new(StatusCode::CONFLICT, "not_now", "Nothing was changed", detail)
        .with_link(t("Back to the workers"), urls::workers())
}
