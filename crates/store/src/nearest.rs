//! The webhooks that a delivery comes near to, for its page: more than intake needs to judge it.

use super::candidates::Candidate;
use super::schema::webhooks;
use super::{Conn, Result};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::event::Event;
use signalbox_core::ids::WebhookId;

/// Most webhooks looked at.
const MOST: i64 = 500;
/// Most webhooks looked at that share one credential.
const MOST_SHARING: i64 = 50;

/// Webhooks equal to the event in at least one of project, repository name, and kind with header;
/// those of the same project or name first.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn load_nearest(conn: &mut Conn, event: &Event) -> Result<Vec<Candidate>> {
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

/// The webhooks of a token, present or previous, and these, for which a signature verified; those
/// of this project first.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn load_by_credential(
    conn: &mut Conn,
    token: Option<&[u8]>,
    signed_for: &[WebhookId],
    project_id: Option<i64>,
) -> Result<Vec<Candidate>> {
    let tokens: Vec<&[u8]> = token.into_iter().collect();
    let with_token = webhooks::secret_digest
        .eq_any(tokens.clone())
        .assume_not_null()
        .or(webhooks::previous_secret_digest.eq_any(tokens).assume_not_null());
    let signed_for = signed_for.iter().map(|id| id.0);
    Ok(webhooks::table
        .filter(with_token.or(webhooks::id.eq_any(signed_for)))
        .order((webhooks::project_id.eq(project_id.unwrap_or(0)).desc(), webhooks::id))
        .limit(MOST_SHARING)
        .select(Candidate::as_select())
        .load(conn)
        .await?)
}
