//! `prune`: applies retention now.

use super::print_line;
use crate::app::Database;
use crate::config::Settings;
use crate::worker::upkeep::{self, Meeting, Removed};
use std::process::ExitCode;

pub(super) async fn prune_now(settings: Settings) -> anyhow::Result<ExitCode> {
    let database = Database::join_running(&settings).await?;
    let removed = remove_old(&settings, &database).await;
    database.stop_server().await;
    let Removed { bodies, deliveries, keys, sessions, jobs, output, workers, calls, messages } =
        removed?;
    print_line(&format!(
        "Removed {bodies} bodies, {deliveries} deliveries, {keys} idempotency keys, {sessions} sessions, \
         {jobs} jobs, {output} pieces of output, {workers} workers, {calls} calls of GitLab and {messages} \
         messages."
    ));
    Ok(ExitCode::SUCCESS)
}

async fn remove_old(settings: &Settings, database: &Database) -> anyhow::Result<Removed> {
    let pool = database.build_pool(settings)?;
    Ok(upkeep::remove_expired(&pool, settings.retention, Meeting::Wait).await?.unwrap_or_default())
}
