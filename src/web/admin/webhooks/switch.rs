//! The switch in a row of the list and on a webhook's page: turns one webhook on or off, and offers to turn it back.

use super::{META, act_from, webhook_id};
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::back::{back_to_list, missing_object, preserved_on, query_parameter};
use crate::web::admin::kit::filter::yes_no;
use crate::web::admin::kit::frame::{Level, Undo};
use crate::web::admin::kit::views::Posted;
use crate::web::human::{HumanError, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::webhooks;

/// In the address: whether the webhook's own page comes next.
pub(super) const STAY: &str = "stay";

/// POST: turns a webhook on or off, and leads back to its page or to the list as it was.
///
/// # Errors
/// No such webhook (404), a form without the state (400), the database (503).
pub async fn submit_switch(ctx: AdminContext, posted: Posted) -> Result<HttpResponse, HumanError> {
    let id = webhook_id(ctx.segment("id"))
        .map_err(|error| missing_object(&ctx, &META, ctx.segment("id"), error))?;
    let stays = query_parameter(ctx.query(), STAY).is_some();
    let here =
        if stays { urls::with_query(ctx.path(), &[(STAY, "1")]) } else { ctx.path().to_owned() };
    let asked = posted.iter().find(|(name, _)| name == "enabled");
    let enabled = asked
        .and_then(|(_, value)| yes_no(value).ok())
        .ok_or_else(|| Problem::bad_request(t("The form is incomplete. Reload the page.")))?;
    let mut conn = ctx.get_conn().await?;
    let row = webhooks::find_webhook(&mut conn, id)
        .await
        .map_err(|error| missing_object(&ctx, &META, ctx.segment("id"), error))?;
    let remote_addr = ctx.remote_addr();
    let (act, allow_none) = (act_from(&ctx, &remote_addr), ctx.deps().settings.allow_no_secret);
    let switched =
        crate::webhooks::switch_many(&mut conn, &act, &[id], enabled, allow_none).await?;
    let (name, who) = (row.label(), &ctx.actor.username);
    if switched.changed == 1 {
        let word = if enabled { "enabled" } else { "disabled" };
        tracing::info!(webhook.id = row.id, user.name = %who, "Webhook {} was {word} by {who}", row.id);
        ctx.flash_undo(
            if enabled {
                say!("The webhook “{name}” was enabled.", name = name)
            } else {
                say!("The webhook “{name}” was disabled.", name = name)
            },
            Undo {
                label: "Undo".to_owned(),
                action: preserved_on(&ctx, &here),
                field: ("enabled".to_owned(), if enabled { "0" } else { "1" }.to_owned()),
            },
        );
    } else if switched.without_secret == 1 {
        let text = say!("The webhook “{name}” stays disabled: it has no secret.", name = name);
        ctx.flash_link(Level::Warning, text, t("Set a secret"), META.change_url(&id.0.to_string()));
    } else {
        let text = if enabled {
            say!("The webhook “{name}” was already enabled.", name = name)
        } else {
            say!("The webhook “{name}” was already disabled.", name = name)
        };
        ctx.leave_message(Level::Info, text);
    }
    Ok(see_other(if stays {
        preserved_on(&ctx, &urls::webhook(id))
    } else {
        back_to_list(&ctx, &META)
    }))
}
