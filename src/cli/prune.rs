//! `prune`: applies retention now.

use super::say;
use crate::app::Database;
use crate::config::Settings;
use crate::worker::upkeep::{self, Meeting, Removed};
use std::process::ExitCode;

pub(super) async fn prune(settings: Settings) -> anyhow::Result<ExitCode> {
    let database = Database::join(&settings).await?;
    let removed = removed(&settings, &database).await;
    database.close().await;
    let Removed { bodies, deliveries, keys, sessions, jobs, output, workers } = removed?;
    say(&format!(
        "Removed {bodies} bodies, {deliveries} deliveries, {keys} idempotency keys, {sessions} sessions, \
         {jobs} jobs, {output} pieces of output and {workers} workers."
    ));
    Ok(ExitCode::SUCCESS)
}

async fn removed(settings: &Settings, database: &Database) -> anyhow::Result<Removed> {
    let pool = database.pool(settings)?;
    Ok(upkeep::once(&pool, settings.retention, Meeting::Wait).await?.unwrap_or_default())
}
