//! What can be done to many webhooks at once: delete, enable, disable, reset. The doing is
//! `crate::webhooks`.

use super::act_from;
use crate::web::admin::context::{AdminContext, BulkAction};
use crate::web::admin::kit::bulk::{Asks, Batch};
use crate::webhooks;
use signalbox_core::ids::WebhookId;
use signalbox_core::role::Permission;
use signalbox_store::{Conn, StoreError};

/// The actions.
pub(super) static ACTIONS: &[BulkAction] = &[
    BulkAction {
        name: "delete",
        label: "Delete selected webhooks",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Always,
        verb: ["Delete {n} webhook", "Delete {n} webhooks"],
        done: ["{n} webhook was deleted.", "{n} webhooks were deleted."],
        icon: "trash",
        is_danger: true,
        guarded: true,
        goes: &[
            "Delete the webhooks. Later deliveries for them are unmatched.",
            "Delete their secrets, which cannot be restored.",
        ],
        stays: &[
            "The deliveries they received.",
            "All their jobs and output. Jobs that have not ended still run.",
            "Their history.",
        ],
        run: |ctx, conn, ids| Box::pin(delete_selected(ctx, conn, ids)),
    },
    BulkAction {
        name: "enable",
        label: "Enable selected webhooks",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Beyond,
        verb: ["Enable {n} webhook", "Enable {n} webhooks"],
        done: ["{n} webhook was enabled.", "{n} webhooks were enabled."],
        icon: "check",
        is_danger: false,
        guarded: false,
        goes: &["Create jobs for deliveries that match them, from now on."],
        stays: &["Webhooks without a secret token or signing token stay disabled."],
        run: |ctx, conn, ids| Box::pin(switch_selected(ctx, conn, ids, true)),
    },
    BulkAction {
        name: "disable",
        label: "Disable selected webhooks",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Beyond,
        verb: ["Disable {n} webhook", "Disable {n} webhooks"],
        done: ["{n} webhook was disabled.", "{n} webhooks were disabled."],
        icon: "slash",
        is_danger: false,
        guarded: false,
        goes: &["Stop creating jobs. Deliveries that match them are listed as disabled."],
        stays: &["Existing jobs. They still run."],
        run: |ctx, conn, ids| Box::pin(switch_selected(ctx, conn, ids, false)),
    },
    BulkAction {
        name: "reset",
        label: "Reset registration of selected webhooks",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Always,
        verb: ["Reset the registration of {n} webhook", "Reset the registration of {n} webhooks"],
        done: ["{n} webhook was reset.", "{n} webhooks were reset."],
        icon: "retry",
        is_danger: true,
        guarded: true,
        goes: &[
            "Forget their project IDs. They run nothing until GitLab sends a Test with their secret.",
        ],
        stays: &["Everything else. Their history keeps the old project IDs."],
        run: |ctx, conn, ids| Box::pin(reset_selected(ctx, conn, ids)),
    },
];

/// The ids of a form; what is none names no webhook.
fn parse_ids(ids: &[String]) -> Vec<WebhookId> {
    ids.iter().filter_map(|id| id.parse().ok().map(WebhookId)).collect()
}

async fn delete_selected(
    ctx: &AdminContext,
    conn: &mut Conn,
    ids: &[String],
) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done = webhooks::delete_many(conn, &act_from(ctx, &remote_addr), &parse_ids(ids)).await?;
    let mut batch = Batch { done, left: Vec::new() };
    batch.leave_rows("Already deleted", ids.len().saturating_sub(done));
    Ok(batch)
}

async fn reset_selected(
    ctx: &AdminContext,
    conn: &mut Conn,
    ids: &[String],
) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done = webhooks::reset_many(conn, &act_from(ctx, &remote_addr), &parse_ids(ids)).await?;
    let mut batch = Batch { done, left: Vec::new() };
    batch.leave_rows("Already pending, or deleted", ids.len().saturating_sub(done));
    Ok(batch)
}

async fn switch_selected(
    ctx: &AdminContext,
    conn: &mut Conn,
    ids: &[String],
    enabled: bool,
) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let (act, allow_none) = (act_from(ctx, &remote_addr), ctx.deps().settings.allow_no_secret);
    let switched = webhooks::switch_many(conn, &act, &parse_ids(ids), enabled, allow_none).await?;
    let mut batch = Batch { done: switched.changed, left: Vec::new() };
    let already = if enabled { "Already enabled" } else { "Already disabled" };
    batch.leave_rows(already, switched.already);
    batch.leave_rows("Left disabled, no token", switched.without_secret);
    Ok(batch)
}
