//! One press for a project that was renamed or moved in GitLab: the webhooks that proved to be its
//! own take over its new name and address. What it changes, `crate::webhooks` does.

use super::matching::move_mark;
use super::page::{id_of, missing_delivery};
use crate::clock;
use crate::control;
use crate::intake::Policy;
use crate::web::admin::act::act_from;
use crate::web::admin::context::{AdminContext, save_problem};
use crate::web::admin::kit::frame::Level;
use crate::web::admin::kit::views::Posted;
use crate::web::human::{HumanError, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use crate::webhooks::SaveError;
use actix_web::HttpResponse;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::deliveries;

/// POST: gives them name and address, and leads back to the delivery.
///
/// # Errors
/// No such delivery (404), other webhooks or versions than were shown (409), the database (503).
pub async fn submit_take_over(
    ctx: AdminContext,
    posted: Posted,
) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    let back = urls::delivery(&id);
    let mut conn = ctx.get_conn().await?;
    let full = deliveries::find_delivery(&mut conn, &id)
        .await
        .map_err(|error| missing_delivery(&ctx, error))?;
    let deps = ctx.deps();
    let policy = Policy { allow_no_secret: deps.settings.allow_no_secret };
    let now = control::evaluate_again(&mut conn, &full, &deps.keys, policy, clock::now()).await?;
    let shown = posted.iter().filter(|(name, _)| name == "webhook").map(|(_, mark)| mark.clone());
    let shown: Vec<String> = shown.collect();
    let conflict = || Problem::conflict().with_link(t("Back to the delivery"), back.clone());
    if shown.is_empty() || now.renamed.iter().map(move_mark).collect::<Vec<_>>() != shown {
        return Err(conflict().into());
    }
    let remote_addr = ctx.remote_addr();
    let act = act_from(&ctx, &remote_addr);
    let refused = |error| match error {
        SaveError::Stale | SaveError::Gone => conflict(),
        other => save_problem(other),
    };
    let rows = crate::webhooks::take_over(&mut conn, &act, &now.renamed).await.map_err(refused)?;
    let who = &ctx.actor.username;
    for row in &rows {
        tracing::info!(webhook.id = row.id, user.name = %who, "Webhook {} got its renamed project's name and URL by {who}", row.id);
    }
    let text = i18n::count_phrase(
        i64::try_from(rows.len()).unwrap_or(i64::MAX),
        "{n} webhook now has the new name and URL.",
        "{n} webhooks now have the new name and URL.",
    );
    ctx.leave_message(Level::Success, text);
    Ok(see_other(back))
}
