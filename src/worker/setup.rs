//! Sets up apalis' own schema, beside ours.

use anyhow::Context;
use apalis_postgres::PostgresStorage;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::time::Duration;

/// Connections of apalis: one listens, one fetches, one notes what ended.
const CONNECTIONS: u32 = 4;

/// Applies apalis' migrations; several processes may at once, one at a time does.
///
/// # Errors
/// If the server cannot be reached, or refuses (the extension hstore must be installable).
pub async fn queue_schema(url: &str) -> anyhow::Result<()> {
    let pool = connect(url).await?;
    let done = PostgresStorage::setup(&pool).await;
    pool.close().await;
    done.context("apalis' tables could not be set up")
}

/// apalis' own small pool.
pub(super) async fn connect(url: &str) -> anyhow::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(5))
        .connect(url)
        .await
        .context("the queue's database cannot be reached")
}
