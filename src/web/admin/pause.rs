//! Pausing and resuming, from the workers' page; the words of the banner that every page shows
//! while something is held back.

use super::context::AdminContext;
use super::jobs::act::act;
use super::kit::at::At;
use super::kit::form::Values;
use super::kit::frame::Level;
use super::kit::views::Posted;
use crate::control::{self, ControlError};
use crate::core::pause::{Pause, Release, Scope};
use crate::web::human::{HumanError, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The longest reason, in characters.
const LONGEST: usize = 200;

/// What is held back, in words.
pub fn what(pause: &Pause) -> String {
    match &pause.scope {
        Scope::All => "All jobs are paused".to_owned(),
        Scope::Webhook(_) => format!("Jobs of “{}” are paused", pause.note.name),
        Scope::Lane(_) => format!("The lane “{}” is paused", pause.note.name),
    }
}

/// The same with who, when and why.
pub fn told(pause: &Pause) -> String {
    let note = &pause.note;
    let since = At(note.since).absolute();
    let reason = if note.reason.is_empty() { String::new() } else { format!(": {}", note.reason) };
    format!("{} since {since}, by {}{reason}", what(pause), note.by)
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
        ctx.flash(Level::Error, "Nothing was paused: say why, so that others know.");
        return Ok(see_other(urls::workers()));
    }
    let (mut conn, remote_addr) = (ctx.conn().await?, ctx.remote_addr());
    let done = control::pause(&mut conn, act(&ctx, &remote_addr), scope, &reason).await;
    done.map_err(refused)?;
    ctx.flash(Level::Success, "Paused. What runs goes on; nothing more begins.");
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
    let jobs = match released {
        1 => "1 job goes".to_owned(),
        number => format!("{number} jobs go"),
    };
    ctx.flash(Level::Success, format!("Resumed: {jobs} on."));
    Ok(see_other(urls::workers()))
}

fn scope(values: &Values) -> Result<Scope, Problem> {
    Scope::parse(values.trimmed("scope")).ok_or_else(|| {
        Problem::bad_request("The form does not say what is meant. Reload the page.")
    })
}

fn refused(error: ControlError) -> Problem {
    let detail = match error {
        ControlError::Store(error) => return error.into(),
        ControlError::Already(by) => format!("{by} has paused it already."),
        ControlError::Gone | ControlError::NotNow(_) => {
            "It is not paused, or not there any more. Somebody may have been quicker.".to_owned()
        }
    };
    Problem::new(StatusCode::CONFLICT, "not_now", "Nothing was changed", detail)
        .link("Back to the workers", urls::workers())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::pause::Note;
    use chrono::DateTime;

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
