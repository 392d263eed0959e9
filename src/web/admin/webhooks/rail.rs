//! What stands beside a record's form: its newest deliveries and jobs.

use crate::core::ids::WebhookId;
use crate::store::webhooks::Row;
use crate::store::{self, Conn};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::column::Badge;
use crate::web::admin::kit::resource::{RailList, RailRow};
use crate::web::urls;

pub(super) async fn deliveries(conn: &mut Conn, row: &Row) -> store::Result<RailList> {
    let newest = store::deliveries::of_record(conn, row.project_id, &row.object_kind, 8).await?;
    let id = row.project_id.to_string();
    let query = [("project_id", id.as_str()), ("object_kind", row.object_kind.as_str())];
    Ok(RailList {
        title: "Deliveries",
        more: ("All", urls::with_query(&urls::deliveries(), &query)),
        empty: if row.is_pending() {
            "None yet: the Test brings the first."
        } else {
            "Nothing received yet."
        },
        rows: newest
            .into_iter()
            .map(|delivery| RailRow {
                badge: Badge::verdict(&delivery.verdict),
                href: urls::object("hooks", "delivery", &delivery.id),
                at: At(delivery.received_at),
            })
            .collect(),
    })
}

pub(super) async fn jobs(conn: &mut Conn, id: WebhookId) -> store::Result<RailList> {
    let newest = store::jobs::of_webhook(conn, id, 8).await?;
    Ok(RailList {
        title: "Jobs",
        more: ("All", urls::with_query(&urls::jobs(), &[("webhook", &id.to_string())])),
        empty: "No jobs yet: a matched delivery makes one.",
        rows: newest
            .into_iter()
            .map(|job| RailRow {
                badge: Badge::job(&job.state),
                href: urls::object("hooks", "job", &job.id),
                at: At(job.queued_at),
            })
            .collect(),
    })
}
