//! Brings the schema up to date, one process at a time.
//!
//! The migrations are embedded in the binary. apalis' own schema is set up beside them by
//! `crate::worker::setup`.

use super::{Conn, Result, StoreError};
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// Signalbox's migrations, in order.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The advisory lock that lets one process migrate at a time.
const LOCK: i64 = 0x5167_6e61_6c42_6f78;

/// Applies what is pending; answers the versions it applied.
///
/// # Errors
/// [`StoreError::Unavailable`] if the server cannot be reached or a migration fails; the text
/// says which.
pub async fn run(url: &str) -> Result<Vec<String>> {
    let mut conn = connect(url).await?;
    diesel::sql_query("SELECT pg_advisory_lock($1)")
        .bind::<BigInt, _>(LOCK)
        .execute(&mut conn)
        .await?;
    // Closing the connection, below, gives the lock back.
    tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(conn);
        harness
            .run_pending_migrations(MIGRATIONS)
            .map(|versions| versions.iter().map(ToString::to_string).collect())
            .map_err(|error| StoreError::Unavailable(format!("a migration failed: {error}")))
    })
    .await
    .map_err(|error| StoreError::Unavailable(error.to_string()))?
}

/// The versions that are not applied yet.
///
/// # Errors
/// [`StoreError::Unavailable`] if the server cannot be reached or its migrations cannot be read.
pub async fn pending(url: &str) -> Result<Vec<String>> {
    let conn = connect(url).await?;
    tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(conn);
        harness
            .pending_migrations(MIGRATIONS)
            .map(|found| found.iter().map(|one| one.name().version().to_string()).collect())
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    })
    .await
    .map_err(|error| StoreError::Unavailable(error.to_string()))?
}

async fn connect(url: &str) -> Result<Conn> {
    Conn::establish(url).await.map_err(|error| StoreError::Unavailable(error.to_string()))
}
