//! A project that was renamed or moved keeps its id: its webhooks here take over its name and address.

use super::setup::own_act;
use crate::webhooks::{SaveError, take_over};
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::project::{Move, follow_place};
use signalbox_core::seal::Keys;
use signalbox_gitlab::projects::Project;
use signalbox_store::Conn;
use signalbox_store::gitlab::{self, Hook};
use signalbox_store::webhooks::Row;

/// Notes how the project of a webhook in GitLab stands, and lets the webhooks here follow it. Each has an
/// entry in its history.
///
/// # Errors
/// The database; [`SaveError::Stale`] if somebody changed one meanwhile.
pub(super) async fn follow_project(
    conn: &mut Conn,
    keys: &Keys,
    hook: &Hook,
    project: &Project,
) -> Result<(), SaveError> {
    if hook.archived != project.archived {
        gitlab::note_archived(conn, hook.id, project.archived).await?;
    }
    let served = gitlab::hook_webhooks(conn, hook.id).await?;
    let moves: Vec<Move> = served.iter().filter_map(|row| find_move(row, project)).collect();
    if moves.is_empty() {
        return Ok(());
    }
    take_over(conn, &own_act(keys), &moves).await?;
    tracing::info!(
        gitlab.project = project.id,
        "Project {} is {} now; its webhooks follow",
        project.id,
        project.path_with_namespace
    );
    Ok(())
}

fn find_move(row: &Row, project: &Project) -> Option<Move> {
    if row.project_id != project.id {
        return None;
    }
    let urls =
        [&project.ssh_url_to_repo, &project.http_url_to_repo, &project.web_url].map(String::as_str);
    let (repo_name, repo_url) =
        follow_place((&row.repo_name, &row.repo_url), &project.name, &urls)?;
    Some(Move { id: WebhookId(row.id), version: row.version, repo_name, repo_url })
}
