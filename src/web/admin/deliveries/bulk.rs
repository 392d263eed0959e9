//! What can be done to many deliveries at once: replay them, by way of a plan on a page of its own.

use crate::web::admin::context::BulkAction;
use crate::web::admin::kit::bulk::{Asks, Batch, Chosen};
use crate::web::admin::kit::query::PRESERVED;
use crate::web::urls;
use signalbox_core::role::Permission;

/// What can be done to many deliveries.
pub(super) static ACTIONS: &[BulkAction] = &[BulkAction {
    name: "replay",
    label: "Replay selected deliveries",
    permission: Permission::Operate,
    asks: Asks::Elsewhere(plan_address),
    verb: ["Replay {n} delivery", "Replay {n} deliveries"],
    done: ["{n} delivery was replayed.", "{n} deliveries were replayed."],
    icon: "retry",
    is_danger: false,
    guarded: false,
    goes: &[],
    stays: &[],
    // The plan's own form does it.
    run: |_, _, _| Box::pin(std::future::ready(Ok(Batch::default()))),
}];

/// The address of a plan: it carries the filter, or the ids of what is ticked.
fn plan_address(chosen: &Chosen<'_>) -> String {
    match chosen.ids {
        None => urls::with_query(urls::replays(), &[("of", chosen.query)]),
        Some(ids) => {
            let ids = ids.iter().map(|id| ("id", id.as_str()));
            let list = Some((PRESERVED, chosen.query)).filter(|(_, query)| !query.is_empty());
            let pairs: Vec<(&str, &str)> = ids.chain(list).collect();
            urls::with_query(urls::replays(), &pairs)
        }
    }
}
