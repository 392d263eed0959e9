//! What a webhook that waits for its Test asks for, above its form.

use super::setup;
use crate::web::admin::kit::fragment::Fragment;
use crate::web::{filters, urls};
use askama::Template;
use signalbox_store::webhooks::Row;

#[derive(Template)]
#[template(path = "admin/webhooks/_next_step.html")]
struct NextStep {
    /// What to enter in GitLab.
    address: String,
    /// The page that shows how.
    setup: String,
}

/// Draws it.
pub(super) fn draw_next_step(row: &Row, public_address: &str) -> Fragment {
    Fragment::from_template(&NextStep {
        address: setup::gitlab_url(row, public_address),
        setup: urls::webhook_setup(row.id),
    })
}
