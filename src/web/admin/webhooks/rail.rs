//! What stands above and beside a record's form: what is odd about it, its last deliveries and jobs.

use crate::core::event::kind;
use crate::core::ids::WebhookId;
use crate::store::webhooks::Row;
use crate::store::{self, Conn, deliveries, jobs};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::column::Badge;
use crate::web::admin::kit::resource::{Notice, RailList, RailRow};
use crate::web::urls;

/// A pair that GitLab never sends may be saved, but will not match.
pub(super) fn mismatch(row: &Row) -> Option<Notice> {
    let (kind, header) = (&row.object_kind, &row.http_x_gitlab_event);
    (!kind::agree(header, kind)).then(|| Notice {
        text: format!(
            "GitLab does not send {kind} events under {header}: nothing will match this webhook."
        ),
        link: None,
    })
}

pub(super) fn twin(row: &Row) -> Notice {
    Notice {
        text: "Another webhook is equal in all five values: both will run.".to_owned(),
        link: Some((row.label(), urls::webhook(WebhookId(row.id)))),
    }
}

pub(super) async fn deliveries_rail(conn: &mut Conn, row: &Row) -> store::Result<RailList> {
    let newest = deliveries::of_record(conn, row.project_id, &row.object_kind, 8).await?;
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

pub(super) async fn jobs_rail(conn: &mut Conn, id: WebhookId) -> store::Result<RailList> {
    let newest = jobs::of_webhook(conn, id, 8).await?;
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
