//! What attempts print: chunks in order, written before anybody is told of them.

use super::schema::job_output;
use super::{Conn, Result, listen};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// A chunk to store.
#[derive(Debug, Insertable)]
#[diesel(table_name = job_output)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct NewChunk<'a> {
    pub job_id: &'a str,
    pub attempt: i32,
    pub seq: i32,
    pub stream: &'a str,
    pub at: DateTime<Utc>,
    pub bytes: &'a [u8],
}

/// Stores chunks, then tells who watches.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn insert(conn: &mut Conn, chunks: &[NewChunk<'_>]) -> Result<()> {
    let Some(first) = chunks.first() else { return Ok(()) };
    diesel::insert_into(job_output::table).values(chunks).execute(conn).await?;
    listen::tell(conn, listen::Topic::Job, first.job_id).await
}
