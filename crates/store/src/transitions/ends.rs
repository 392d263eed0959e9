//! The ends of many attempts in one statement, where nobody else is in the matter.

use super::Finish;
use crate::cached::{cached, column_of};
use crate::output::NewChunk;
use crate::types::JsonText;
use crate::{Conn, Result};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bytea, Int4, Int8, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::job::JobState;
use std::collections::HashSet;

/// The end of an attempt, with what it printed last.
#[derive(Debug)]
pub struct Ending<'a> {
    /// The end, and what follows.
    pub finish: Finish<'a>,
    /// What is not stored yet of its output.
    pub output: Vec<NewChunk<'a>>,
}

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Rows are locked in their order: of jobs, then of webhooks, as everybody does.
const END: &str = "\
    WITH given AS (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
      $15, $16, $24, $26) AS g (job, number, at, outcome, exit_code, http_status, signal, cpu_ms, \
      peak_memory_kib, why, state, used, lost, error, finished_at, run_at, failure, argv)), \
    job AS MATERIALIZED (SELECT jobs.id FROM jobs JOIN given ON jobs.id = given.job \
      WHERE jobs.state = $17 AND jobs.lane = '' AND jobs.cancel_requested_at IS NULL \
      ORDER BY jobs.id FOR UPDATE OF jobs), \
    ended AS (UPDATE job_attempts a SET outcome = g.outcome, finished_at = g.at, \
      exit_code = g.exit_code, http_status = g.http_status, signal = g.signal, cpu_ms = g.cpu_ms, \
      peak_memory_kib = g.peak_memory_kib, error = g.why, \
      failure = g.failure, argv = g.argv FROM job JOIN given g ON g.job = job.id \
      WHERE a.job_id = g.job AND a.number = g.number AND a.outcome IS NULL RETURNING g.*), \
    moved AS (UPDATE jobs SET state = e.state, tries_used = e.used, tries_lost = e.lost, \
      error = e.error, finished_at = e.finished_at, run_at = coalesce(e.run_at, jobs.run_at) \
      FROM ended e WHERE jobs.id = e.job RETURNING jobs.id, jobs.webhook_id, jobs.state), \
    shown AS MATERIALIZED (SELECT w.id, moved.state FROM webhooks w \
      JOIN moved ON w.id = moved.webhook_id AND w.last_job_id = moved.id \
      ORDER BY w.id FOR NO KEY UPDATE OF w), \
    show AS (UPDATE webhooks SET last_job_state = shown.state FROM shown \
      WHERE webhooks.id = shown.id), \
    printed AS (INSERT INTO job_output (job_id, attempt, seq, stream, at, bytes, notice) \
      SELECT o.* FROM unnest($18, $19, $20, $21, $22, $23, $25) \
      AS o (job, attempt, seq, stream, at, bytes, notice) \
      JOIN ended ON ended.job = o.job) \
    SELECT id FROM moved";

/// Ends attempts and moves their jobs; answers the jobs that moved. Nothing is written of one that
/// stands in a lane, whose end was asked for, or whose attempt was given up.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database; then nothing is written at all.
pub async fn end_many(conn: &mut Conn, endings: &[Ending<'_>]) -> Result<HashSet<String>> {
    let finishes = column_of(endings, |ending| &ending.finish);
    let chunks: Vec<&NewChunk<'_>> = endings.iter().flat_map(|ending| &ending.output).collect();
    let statement = diesel::sql_query(END)
        .into_boxed::<diesel::pg::Pg>()
        .bind::<Array<Text>, _>(column_of(&finishes, |of| of.job.as_str()))
        .bind::<Array<Int4>, _>(column_of(&finishes, |of| of.number))
        .bind::<Array<Timestamptz>, _>(column_of(&finishes, |of| of.now))
        .bind::<Array<Text>, _>(column_of(&finishes, |of| of.end.outcome.as_str()))
        .bind::<Array<Nullable<Int4>>, _>(column_of(&finishes, |of| of.end.exit_code))
        .bind::<Array<Nullable<Int4>>, _>(column_of(&finishes, |of| of.end.http_status))
        .bind::<Array<Nullable<Int4>>, _>(column_of(&finishes, |of| of.end.signal))
        .bind::<Array<Nullable<Int8>>, _>(column_of(&finishes, |of| of.end.cpu_ms))
        .bind::<Array<Nullable<Int8>>, _>(column_of(&finishes, |of| of.end.peak_memory_kib))
        .bind::<Array<Text>, _>(column_of(&finishes, |of| of.end.error_text()))
        .bind::<Array<Text>, _>(column_of(&finishes, |of| of.next.resulting_state()))
        .bind::<Array<Int4>, _>(column_of(&finishes, |of| of.tally.used))
        .bind::<Array<Int4>, _>(column_of(&finishes, |of| of.tally.lost))
        .bind::<Array<Text>, _>(column_of(&finishes, |of| of.error_text()))
        .bind::<Array<Nullable<Timestamptz>>, _>(column_of(&finishes, |of| of.finished_at()))
        .bind::<Array<Nullable<Timestamptz>>, _>(column_of(&finishes, |of| of.next.due_at(of.now)))
        .bind::<Text, _>(JobState::Running)
        .bind::<Array<Text>, _>(column_of(&chunks, |chunk| chunk.job_id))
        .bind::<Array<Int4>, _>(column_of(&chunks, |chunk| chunk.attempt))
        .bind::<Array<Int4>, _>(column_of(&chunks, |chunk| chunk.seq))
        .bind::<Array<Text>, _>(column_of(&chunks, |chunk| chunk.stream))
        .bind::<Array<Timestamptz>, _>(column_of(&chunks, |chunk| chunk.at))
        .bind::<Array<Bytea>, _>(column_of(&chunks, |chunk| chunk.bytes))
        .bind::<Array<Nullable<Jsonb>>, _>(column_of(&finishes, |of| {
            of.end.failure.as_ref().map(JsonText::from_value)
        }))
        .bind::<Array<Nullable<Jsonb>>, _>(column_of(&chunks, |chunk| {
            chunk.notice.as_ref().map(JsonText::from_value)
        }))
        .bind::<Array<Nullable<Jsonb>>, _>(column_of(&finishes, |of| {
            of.end.argv.as_ref().map(JsonText::from_value)
        }));
    let moved: Vec<Moved> = cached(statement).load(conn).await?;
    Ok(moved.into_iter().map(|job| job.id).collect())
}
