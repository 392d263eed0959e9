//! The buttons of a connection's page: "Test connection" asks GitLab again; "Fix" makes a webhook what it is
//! to be, once or whenever it differs; "New tokens" gives both ends other ones; "Catch up" takes what GitLab
//! could not deliver.

use super::connection_id;
use super::page::missing_connection;
use crate::connections::{self, CatchUp, CaughtUp, SetupError};
use crate::intake::Policy;
use crate::web::admin::act::act_of;
use crate::web::admin::context::{AdminContext, save_problem};
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::frame::Level;
use crate::web::admin::kit::views::Posted;
use crate::web::human::{HumanError, see_other};
use crate::web::urls;
use actix_web::HttpResponse;
use signalbox_i18n::{self as i18n, say, t};
use signalbox_store::StoreError;
use signalbox_store::gitlab::{self, Connection};
use std::future::Future;
use std::time::Duration;

/// How long a page waits for GitLab. What was asked for goes on after that.
const PATIENCE: Duration = Duration::from_secs(15);

/// POST: asks GitLab what it and the token are.
///
/// # Errors
/// No such connection (404), the database (503).
pub async fn submit_check(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = connection_id(ctx.segment("id")).map_err(|error| missing_connection(&ctx, error))?;
    let connection = gitlab::find_connection(&mut *ctx.get_conn().await?, id)
        .await
        .map_err(|error| missing_connection(&ctx, error))?;
    check_and_tell(&ctx, connection).await;
    Ok(see_other(urls::gitlab_connection(id)))
}

/// Asks GitLab, and leaves a message of what it said.
pub(super) async fn check_and_tell(ctx: &AdminContext, connection: Connection) {
    let (pool, keys) = (ctx.deps().pool.clone(), ctx.deps().keys.clone());
    let asked =
        wait_for(async move { connections::check_connection(&pool, &keys, &connection).await });
    match asked.await {
        Some(Ok(Ok(learned))) if learned.token_owner.is_empty() => {
            ctx.leave_message(Level::Success, t("GitLab accepted the token."));
        }
        Some(Ok(Ok(learned))) => ctx.leave_message(
            Level::Success,
            say!("GitLab accepted the token of {user}.", user = learned.token_owner),
        ),
        Some(Ok(Err(failure))) => {
            ctx.leave_message(Level::Error, i18n::say(&failure.sentence()));
        }
        Some(Err(_)) | None => tell_waiting(ctx),
    }
}

/// Says that GitLab lets us wait.
pub fn tell_waiting(ctx: &AdminContext) {
    let text = t("GitLab has not answered yet. Reload this page to see what it says.");
    ctx.leave_message(Level::Warning, text);
}

/// Starts something and waits a while for it. It goes on when the wait ends or the person leaves.
pub async fn wait_for<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    tokio::time::timeout(PATIENCE, tokio::spawn(work)).await.ok()?.ok()
}

/// POST: makes a webhook in GitLab what it is to be, gives it another token, catches up on what it missed or
/// leaves that out, or says whether it is fixed without being asked.
///
/// # Errors
/// No such connection or webhook (404), the database (503).
pub async fn submit_fix(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let values = Values::from_pairs(posted.into_inner());
    let find = async {
        let (id, hook) = (connection_id(ctx.segment("id"))?, connection_id(values.get("hook"))?);
        let mut conn = ctx.deps().pool.get_conn().await?;
        let connection = gitlab::find_connection(&mut conn, id).await?;
        let hook = gitlab::find_hook(&mut conn, hook).await?;
        if hook.connection_id == id { Ok((connection, hook)) } else { Err(StoreError::NotFound) }
    };
    let (connection, hook) = find.await.map_err(|error| missing_connection(&ctx, error))?;
    let back = urls::gitlab_connection(connection.id);
    let (pool, keys) = (ctx.deps().pool.clone(), ctx.deps().keys.clone());
    let who = ctx.actor.username.clone();
    let (done, told) = match values.get("act") {
        "auto" | "ask" => {
            let auto_fix = values.get("act") == "auto";
            gitlab::set_auto_fix(&mut *ctx.get_conn().await?, hook.id, auto_fix).await?;
            let told = if auto_fix {
                t("What differs is fixed by itself from now on.")
            } else {
                t("What differs is fixed when you say so.")
            };
            ctx.leave_message(Level::Success, told);
            return Ok(see_other(back));
        }
        "leave" => {
            connections::leave_out(&mut *ctx.get_conn().await?, &hook).await?;
            tracing::info!(user.name = %who, "Missed events of project {} were left out by {who}", hook.project_id);
            ctx.leave_message(Level::Success, t("The missed events are left out."));
            return Ok(see_other(back));
        }
        "catch_up" => {
            let intake = ctx.deps().intake.clone();
            let policy = Policy { allow_no_secret: ctx.deps().settings.allow_no_secret };
            let work = async move {
                let deps = CatchUp { pool: &pool, keys: &keys, intake: &intake, policy };
                connections::catch_up_now(deps, &connection, &hook).await
            };
            match wait_for(work).await {
                Some(Ok(done)) => tell_caught_up(&ctx, done),
                Some(Err(error)) => tell_setup_error(&ctx, error)?,
                None => tell_waiting(&ctx),
            }
            return Ok(see_other(back));
        }
        "rotate" => {
            let (actor, remote_addr) = (ctx.actor.clone(), ctx.remote_addr());
            let rotate = async move {
                let act = act_of(&actor, &remote_addr, &keys);
                connections::rotate_tokens(&pool, &act, &connection, &hook).await
            };
            let told = "Both ends have new tokens. Those before stay valid for 7 days.";
            (wait_for(rotate).await, t(told))
        }
        _ => {
            let fix = async move { connections::fix_hook(&pool, &keys, &connection, &hook).await };
            (wait_for(fix).await, t("The webhook in GitLab is what it should be."))
        }
    };
    match done {
        Some(Ok(())) => {
            tracing::info!(user.name = %who, "A webhook in GitLab was changed by {who}");
            ctx.leave_message(Level::Success, told);
        }
        Some(Err(error)) => tell_setup_error(&ctx, error)?,
        None => tell_waiting(&ctx),
    }
    Ok(see_other(back))
}

/// Leaves messages of what became of catching up.
fn tell_caught_up(ctx: &AdminContext, done: CaughtUp) {
    let CaughtUp { taken, resent, branches, goes_on, .. } = done;
    if taken + resent > 0 {
        let text = say!(
            "Taken from GitLab’s log: {taken}. Sent again by GitLab: {resent}.",
            taken = taken,
            resent = resent
        );
        ctx.leave_message(Level::Success, text);
    }
    if goes_on {
        let text = t("GitLab sends events again five times a minute. The rest follows by itself.");
        ctx.leave_message(Level::Warning, text);
    }
    if branches > 0 {
        let text = say!(
            "Branches without an event: {n}. Their pushes are made within two minutes.",
            n = branches
        );
        ctx.leave_message(Level::Success, text);
    } else if taken + resent == 0 && !goes_on {
        ctx.leave_message(Level::Success, t("Nothing was missed."));
    }
}

/// Leaves a message of why a webhook was not set up.
///
/// # Errors
/// The database (503), or a webhook that changed meanwhile (409).
pub fn tell_setup_error(ctx: &AdminContext, error: SetupError) -> Result<(), HumanError> {
    let text = match error {
        SetupError::Gitlab(failure) => i18n::say(&failure.sentence()),
        SetupError::Refused(why) => i18n::say(&why),
        SetupError::Busy => t("Somebody else is setting it up.").to_owned(),
        SetupError::Intake(_) => {
            t("An event could not be stored. The rest is taken at the next check.").to_owned()
        }
        SetupError::Save(error) => return Err(save_problem(error).into()),
    };
    ctx.leave_message(Level::Error, text);
    Ok(())
}
