//! What can be done to many jobs at once: run again, cancel, delete from history. The doing is `crate::control`.

use crate::control;
use crate::web::admin::act::act_of_request;
use crate::web::admin::context::{AdminContext, BulkAction};
use crate::web::admin::kit::bulk::{Asks, Batch};
use signalbox_core::ids::JobId;
use signalbox_core::role::Permission;
use signalbox_store::{Conn, StoreError};

/// The actions.
pub(super) static ACTIONS: &[BulkAction] = &[
    BulkAction {
        name: "run_again",
        label: "Run selected jobs again",
        permission: Permission::Operate,
        asks: Asks::Always,
        verb: ["Run {n} job again", "Run {n} jobs again"],
        done: ["{n} job was queued again.", "{n} jobs were queued again."],
        icon: "retry",
        is_danger: false,
        guarded: false,
        goes: &["Start new attempts of ended jobs, with the same event and parameters."],
        stays: &["Jobs that have not ended."],
        run: |ctx, conn, ids| Box::pin(run_again(ctx, conn, ids)),
    },
    BulkAction {
        name: "cancel",
        label: "Cancel selected jobs",
        permission: Permission::Operate,
        asks: Asks::Always,
        verb: ["Cancel {n} job", "Cancel {n} jobs"],
        done: ["{n} job was cancelled.", "{n} jobs were cancelled."],
        icon: "stop",
        is_danger: true,
        guarded: false,
        goes: &[
            "End waiting jobs immediately.",
            "Send running processes SIGTERM, and SIGKILL ten seconds later.",
        ],
        stays: &["Jobs that have ended.", "What running processes have done so far."],
        run: |ctx, conn, ids| Box::pin(cancel_selected(ctx, conn, ids)),
    },
    BulkAction {
        name: "delete",
        label: "Delete selected jobs from history",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Always,
        verb: ["Delete {n} job from history", "Delete {n} jobs from history"],
        done: ["{n} job was deleted.", "{n} jobs were deleted."],
        icon: "trash",
        is_danger: true,
        guarded: true,
        goes: &["Delete ended jobs with their attempts and output, permanently."],
        stays: &[
            "Jobs that have not ended. Cancel them first.",
            "Their deliveries and log entries.",
        ],
        run: |ctx, conn, ids| Box::pin(delete_selected(ctx, conn, ids)),
    },
];

/// The ids of a form; what is none names no job.
fn parse_ids(ids: &[String]) -> Vec<JobId> {
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

async fn run_again(
    ctx: &AdminContext,
    conn: &mut Conn,
    ids: &[String],
) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done =
        control::run_again_many(conn, act_of_request(ctx, &remote_addr), parse_ids(ids)).await?;
    let mut batch = Batch { done: done.done, left: Vec::new() };
    batch.leave_rows("Not ended, or removed", done.skipped);
    Ok(batch)
}

async fn cancel_selected(
    ctx: &AdminContext,
    conn: &mut Conn,
    ids: &[String],
) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done =
        control::cancel_many(conn, act_of_request(ctx, &remote_addr), parse_ids(ids)).await?;
    let mut batch = Batch { done: done.done, left: Vec::new() };
    batch.leave_rows("Being stopped", done.stopping);
    batch.leave_rows("Already ended, stopping, or removed", done.skipped);
    Ok(batch)
}

async fn delete_selected(
    ctx: &AdminContext,
    conn: &mut Conn,
    ids: &[String],
) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done =
        control::delete_many(conn, act_of_request(ctx, &remote_addr), parse_ids(ids)).await?;
    let mut batch = Batch { done: done.done, left: Vec::new() };
    batch.leave_rows("Not ended, or removed", done.skipped);
    Ok(batch)
}
