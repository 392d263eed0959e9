//! What can be done to many jobs at once: run again, cancel, delete from history. The doing is `crate::control`.

use super::act::act;
use crate::control;
use crate::core::ids::JobId;
use crate::core::role::Permission;
use crate::store::{Conn, StoreError};
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::bulk::{Asks, Batch, BulkAction};

/// The actions.
pub(super) static ACTIONS: &[BulkAction] = &[
    BulkAction {
        name: "run_again",
        label: "Run selected jobs again",
        permission: Permission::Operate,
        asks: Asks::Always,
        verb: "Run again",
        done: "queued again",
        icon: "retry",
        is_danger: false,
        guarded: false,
        goes: &["Jobs that have ended are queued again, with the same event and parameters."],
        stays: &["Jobs that have not ended."],
        run: |ctx, conn, ids| Box::pin(run_again(ctx, conn, ids)),
    },
    BulkAction {
        name: "cancel",
        label: "Cancel selected jobs",
        permission: Permission::Operate,
        asks: Asks::Always,
        verb: "Cancel",
        done: "cancelled",
        icon: "stop",
        is_danger: true,
        guarded: false,
        goes: &[
            "Jobs that wait end at once, and nothing is run.",
            "Running programs get SIGTERM, and SIGKILL ten seconds later if they are still there.",
        ],
        stays: &["Jobs that have ended.", "What running programs have done by then."],
        run: |ctx, conn, ids| Box::pin(cancel(ctx, conn, ids)),
    },
    BulkAction {
        name: "delete",
        label: "Delete selected jobs from history",
        permission: Permission::ChangeWebhooks,
        asks: Asks::Always,
        verb: "Delete from history",
        done: "deleted",
        icon: "trash",
        is_danger: true,
        guarded: true,
        goes: &[
            "Jobs that have ended, with their attempts and all output: they cannot be brought back.",
        ],
        stays: &[
            "Jobs that have not ended: cancel them first.",
            "Their deliveries, and what the log says of them.",
        ],
        run: |ctx, conn, ids| Box::pin(delete(ctx, conn, ids)),
    },
];

/// The ids of a form; what is none names no job.
fn parsed(ids: &[String]) -> Vec<JobId> {
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}

async fn run_again(
    ctx: &AdminContext,
    conn: &mut Conn,
    ids: &[String],
) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done = control::run_again_many(conn, act(ctx, &remote_addr), parsed(ids)).await?;
    let mut batch = Batch { done: done.done, left: Vec::new() };
    batch.leave("had not ended, or is gone", done.skipped);
    Ok(batch)
}

async fn cancel(ctx: &AdminContext, conn: &mut Conn, ids: &[String]) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done = control::cancel_many(conn, act(ctx, &remote_addr), parsed(ids)).await?;
    let mut batch = Batch { done: done.done, left: Vec::new() };
    batch.leave("will stop: the worker ends what runs", done.stopping);
    batch.leave("had ended before, was being stopped, or is gone", done.skipped);
    Ok(batch)
}

async fn delete(ctx: &AdminContext, conn: &mut Conn, ids: &[String]) -> Result<Batch, StoreError> {
    let remote_addr = ctx.remote_addr();
    let done = control::delete_many(conn, act(ctx, &remote_addr), parsed(ids)).await?;
    let mut batch = Batch { done: done.done, left: Vec::new() };
    batch.leave("had not ended, or is gone", done.skipped);
    Ok(batch)
}
