//! The records that a delivery comes near to, for its page: more than intake needs to judge it.

use super::candidates::Candidate;
use super::schema::webhooks;
use super::{Conn, Result};
use crate::core::event::Event;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// Most records looked at.
const MOST: i64 = 500;

/// Records equal to the event in at least one of project, repository name, and kind with header;
/// those of the same project or name first.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn load(conn: &mut Conn, event: &Event) -> Result<Vec<Candidate>> {
    let of_project = webhooks::project_id.eq(event.project_id.unwrap_or(0));
    let of_name = webhooks::repo_name.eq(&event.repo_name);
    let of_kind = webhooks::object_kind
        .eq(&event.object_kind)
        .and(webhooks::http_x_gitlab_event.eq(&event.header));
    Ok(webhooks::table
        .filter(of_project.or(of_name).or(of_kind))
        .order((of_name.desc(), of_project.desc(), webhooks::id))
        .limit(MOST)
        .select(Candidate::as_select())
        .load(conn)
        .await?)
}
