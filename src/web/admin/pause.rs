//! Pausing and resuming, from the workers' page; the words of the banner that every page shows
//! while something is held back.

use super::context::AdminContext;
use super::jobs::act::act;
use super::kit::at::At;
use super::kit::form::Values;
use super::kit::frame::Level;
use super::kit::views::Posted;
use crate::control::{self, ControlError};
use crate::web::human::{HumanError, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use signalbox_core::pause::{Pause, Release, Scope};
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};

/// The longest reason, in characters.
const LONGEST: usize = 200;

/// What is held back, in words.
pub fn what(pause: &Pause) -> String {
    match &pause.scope {
        Scope::All => t("All jobs are paused").to_owned(),
        Scope::Webhook(_) => say!("Jobs of “{name}” are paused", name = pause.note.name),
        Scope::Lane(_) => say!("The lane “{name}” is paused", name = pause.note.name),
    }
}

/// The same with who, when and why.
pub fn told(pause: &Pause) -> String {
    let note = &pause.note;
    let since = At(note.since).absolute();
    let told =
        say!("{what} since {since}, by {name}", what = what(pause), since = since, name = note.by);
    if note.reason.is_empty() { told } else { format!("{told}: {}", note.reason) }
}

/// POST: holds jobs back.
///
/// # Errors
/// No such scope (400), it is held back already (409), the database (503).
pub async fn pause(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let scope = scope(&values)?;
    let reason: String = values.trimmed("reason").chars().take(LONGEST).collect();
    if reason.is_empty() {
        ctx.flash(Level::Error, t("Nothing was paused. Enter a reason, so that others know."));
        return Ok(see_other(urls::workers()));
    }
    let (mut conn, remote_addr) = (ctx.conn().await?, ctx.remote_addr());
    let done = control::pause(&mut conn, act(&ctx, &remote_addr), scope, &reason).await;
    done.map_err(refused)?;
    ctx.flash(Level::Success, t("Paused. Running jobs go on, new ones are held."));
    Ok(see_other(urls::workers()))
}

/// POST: lets jobs go.
///
/// # Errors
/// No such scope (400), it is not held back (409), the database (503).
pub async fn resume(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let scope = scope(&values)?;
    let release = match values.trimmed("release") {
        "newest" => Release::Newest,
        _ => Release::All,
    };
    let (mut conn, remote_addr) = (ctx.conn().await?, ctx.remote_addr());
    let done = control::resume(&mut conn, act(&ctx, &remote_addr), &scope, release).await;
    let released = done.map_err(refused)?;
    let released = i64::try_from(released).unwrap_or(i64::MAX);
    let told = i18n::count(released, "Resumed {n} job.", "Resumed {n} jobs.");
    ctx.flash(Level::Success, told);
    Ok(see_other(urls::workers()))
}

fn scope(values: &Values) -> Result<Scope, HumanError> {
    Scope::parse(values.trimmed("scope"))
        .ok_or_else(|| Problem::bad_request(t("The form is incomplete. Reload the page.")).into())
}

fn refused(error: ControlError) -> Problem {
    let detail = match error {
        ControlError::Store(error) => return error.into(),
        ControlError::Already(by) => say!("{name} has already paused it.", name = by),
        ControlError::Gone | ControlError::NotNow(_) => {
            t("It is not paused, or no longer exists.").to_owned()
        }
    };
    Problem::new(StatusCode::CONFLICT, "not_now", "Nothing was changed", detail)
        .link(t("Back to the workers"), urls::workers())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use signalbox_core::pause::Note;

    #[test]
    fn a_pause_says_what_who_and_why() {
        let note = Note {
            name: "Site".into(),
            reason: "release day".into(),
            by: "ada".into(),
            since: DateTime::UNIX_EPOCH,
        };
        let pause = Pause { scope: Scope::Webhook(7), note };
        assert_eq!(
            told(&pause),
            "Jobs of “Site” are paused since 1970-01-01 00:00:00 UTC, by ada: release day"
        );
    }
}
