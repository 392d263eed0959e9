//! What attempts print: chunks in order.

use super::schema::job_output;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// A chunk to store.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = job_output)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct NewChunk<'a> {
    pub job_id: &'a str,
    pub attempt: i32,
    pub seq: i32,
    pub stream: &'a str,
    pub at: DateTime<Utc>,
    pub bytes: &'a [u8],
    pub notice: Option<serde_json::Value>,
}

/// Stores chunks; those that are stored already stay as they are.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn insert_chunks(conn: &mut Conn, chunks: &[NewChunk<'_>]) -> Result<()> {
    diesel::insert_into(job_output::table)
        .values(chunks)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}
