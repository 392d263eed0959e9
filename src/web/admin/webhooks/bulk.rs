//! What can be done to many webhooks at once: delete, enable, disable, reset. The doing is
//! `crate::webhooks`.

use super::act;
use crate::core::ids::WebhookId;
use crate::core::role::Permission;
use crate::store::{Conn, StoreError};
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::bulk::{Asks, Batch, BulkAction};
use crate::webhooks;

/// The actions.
pub(super) static ACTIONS: &[BulkAction] = &[
    BulkAction {
        name: "delete",
        label: "Delete selected webhooks",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Always,
        verb: "Delete",
        done: "deleted",
        icon: "trash",
        is_danger: true,
        guarded: true,
        goes: &[
            "The webhooks: what GitLab sends for them is answered as unmatched.",
            "Their secrets: they cannot be brought back.",
        ],
        stays: &[
            "All deliveries they received.",
            "All jobs they made, with their output; jobs that have not ended are still run.",
            "Their history.",
        ],
        run: |ctx, conn, ids| Box::pin(delete(ctx, conn, ids)),
    },
    BulkAction {
        name: "enable",
        label: "Enable selected webhooks",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Beyond,
        verb: "Enable",
        done: "enabled",
        icon: "check",
        is_danger: false,
        guarded: false,
        goes: &["From now on, deliveries that match them make jobs."],
        stays: &["Webhooks without a secret token and without a signing token stay disabled."],
        run: |ctx, conn, ids| Box::pin(switch(ctx, conn, (ids, true))),
    },
    BulkAction {
        name: "disable",
        label: "Disable selected webhooks",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Beyond,
        verb: "Disable",
        done: "disabled",
        icon: "slash",
        is_danger: false,
        guarded: false,
        goes: &["From now on, deliveries that match them make no job and are listed as disabled."],
        stays: &["Jobs that were made already: they are still run."],
        run: |ctx, conn, ids| Box::pin(switch(ctx, conn, (ids, false))),
    },
    BulkAction {
        name: "reset",
        label: "Reset registration of selected webhooks",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Always,
        verb: "Reset the registration of",
        done: "reset",
        icon: "retry",
        is_danger: true,
        guarded: true,
        goes: &["Their project IDs: nothing runs them until a Test with their secret has come."],
        stays: &["Everything else of them; their history says which project IDs they had."],
        run: |ctx, conn, ids| Box::pin(reset(ctx, conn, ids)),
    },
];

/// The ids of a form; what is none names no webhook.
fn parsed(ids: &[String]) -> Vec<WebhookId> {
    ids.iter().filter_map(|id| id.parse().ok().map(WebhookId)).collect()
}

async fn delete(ctx: &AdminContext, conn: &mut Conn, ids: &[String]) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done = webhooks::delete_many(conn, &act(ctx, &remote_addr), &parsed(ids)).await?;
    let mut batch = Batch { done, left: Vec::new() };
    batch.leave("had been deleted before", ids.len().saturating_sub(done));
    Ok(batch)
}

async fn reset(ctx: &AdminContext, conn: &mut Conn, ids: &[String]) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done = webhooks::reset_many(conn, &act(ctx, &remote_addr), &parsed(ids)).await?;
    let mut batch = Batch { done, left: Vec::new() };
    batch.leave("had waited for a Test before, or are gone", ids.len().saturating_sub(done));
    Ok(batch)
}

async fn switch(
    ctx: &AdminContext,
    conn: &mut Conn,
    (ids, enabled): (&[String], bool),
) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let rule = (enabled, ctx.deps().settings.allow_no_secret);
    let switched = webhooks::switch_many(conn, &act(ctx, &remote_addr), &parsed(ids), rule).await?;
    let mut batch = Batch { done: switched.changed, left: Vec::new() };
    let already = if enabled { "had been enabled before" } else { "had been disabled before" };
    batch.leave(already, switched.already);
    batch.leave("stayed disabled for lack of a secret", switched.without_secret);
    Ok(batch)
}
