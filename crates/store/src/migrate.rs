//! Brings the schema up to date, one process at a time.
//!
//! The migrations are embedded in the binary.

use super::{Conn, Result, StoreError};
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// Signalbox's migrations, in order.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// The advisory lock that lets one process migrate at a time.
const LOCK: i64 = 0x5167_6e61_6c42_6f78;

/// Applies what is pending; answers the versions it applied.
///
/// # Errors
/// [`StoreError::Unavailable`] if the server cannot be reached or a migration fails; the text
/// says which.
pub async fn run_migrations(url: &str) -> Result<Vec<String>> {
    let mut conn = connect_for_migrations(url).await?;
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
pub async fn pending_migrations(url: &str) -> Result<Vec<String>> {
    let conn = connect_for_migrations(url).await?;
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

async fn connect_for_migrations(url: &str) -> Result<Conn> {
    Conn::establish(url).await.map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Whether every migration is applied, by the word of the database.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn is_current(conn: &mut Conn) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Version {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let applied: Vec<Version> =
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(conn).await?;
    let known: Vec<Box<dyn diesel::migration::Migration<diesel::pg::Pg>>> =
        diesel::migration::MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(known.iter().all(|migration| {
        let version = migration.name().version().to_string();
        applied.iter().any(|row| row.version == version)
    }))
}
