//! The queue: jobs that wait for an attempt. A job is its own place in it, its column `due_at` says
//! from when on a worker may take it; NULL = nobody may.
//!
//! A worker looks first without a lock ([`list_due`]), then begins what it has room for: jobs outside
//! lanes many at a time ([`begin_due`]), one in a lane under that lane's lock
//! (`signalbox::worker::begin`).

use super::attempts::{Begun, DeliveryRow, JobRow};
use super::cached::cached;
use super::listen::Topic;
use super::schema::jobs;
use super::transitions::Held;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bytea, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::job::{JobEvent, JobState};
use signalbox_core::pause::{Pause, Scope};

/// From when to when jobs have become due.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The earliest. What ended leaves its entries in the index while anybody may still see them: a
    /// look that begins at the first job that waits does not read them all each time.
    pub from: DateTime<Utc>,
    /// Now.
    pub to: DateTime<Utc>,
}

/// A job that a worker may take.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, QueryableByName)]
#[diesel(table_name = jobs)]
pub struct DueJob {
    /// From when on.
    pub due_at: Option<DateTime<Utc>>,
    /// Its id.
    pub id: String,
    /// Its action.
    pub action: String,
    /// Its lane; empty = none.
    pub lane: String,
}

/// The jobs that are due, the longest waiting first.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn list_due(conn: &mut Conn, span: Span, most: i64) -> Result<Vec<DueJob>> {
    Ok(jobs::table
        .filter(jobs::due_at.ge(span.from))
        .filter(jobs::due_at.le(span.to))
        .order((jobs::due_at, jobs::id))
        .limit(most)
        .select((jobs::due_at, jobs::id, jobs::action, jobs::lane))
        .load(conn)
        .await?)
}

/// Webhooks of which a job waits, in order, from the one after `last` on and around; 0 stands for those
/// that are gone. Of each, one entry of the index is read.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn waiting_webhooks(conn: &mut Conn, last: i64, most: i64) -> Result<Vec<i64>> {
    let after = "(SELECT coalesce(webhook_id, 0) FROM jobs WHERE due_at IS NOT NULL \
                 AND coalesce(webhook_id, 0) > turn.webhook ORDER BY coalesce(webhook_id, 0) LIMIT 1)";
    let found = diesel::sql_query(format!(
        "WITH RECURSIVE turn (webhook) AS (SELECT {after} FROM (SELECT $1 AS webhook) AS turn \
         UNION ALL SELECT {after} FROM turn WHERE turn.webhook IS NOT NULL) \
         SELECT webhook FROM turn WHERE webhook IS NOT NULL LIMIT $2"
    ));
    let from = async |conn: &mut Conn, last: i64| {
        let found = found.clone().bind::<BigInt, _>(last).bind::<BigInt, _>(most);
        cached(found).load::<Waiting>(conn).await
    };
    let mut webhooks = from(conn, last).await?;
    if i64::try_from(webhooks.len()).is_ok_and(|found| found < most) {
        webhooks.extend(from(conn, -1).await?);
    }
    let mut webhooks: Vec<_> = webhooks.into_iter().map(|row| row.webhook).collect();
    webhooks.sort_unstable();
    webhooks.dedup();
    Ok(webhooks)
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    webhook: i64,
}

/// Of each of these webhooks, the jobs that are due, the longest waiting first, at most `each`.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn due_of(
    conn: &mut Conn,
    webhooks: &[i64],
    each: usize,
    span: Span,
) -> Result<Vec<DueJob>> {
    let due = diesel::sql_query(
        "SELECT due.due_at, due.id, due.action, due.lane FROM unnest($1) AS turn (webhook) \
         CROSS JOIN LATERAL (SELECT due_at, id, action, lane FROM jobs \
           WHERE coalesce(webhook_id, 0) = turn.webhook AND due_at BETWEEN $2 AND $3 \
           ORDER BY due_at, id LIMIT $4) AS due",
    )
    .bind::<Array<BigInt>, _>(webhooks)
    .bind::<Timestamptz, _>(span.from)
    .bind::<Timestamptz, _>(span.to)
    .bind::<BigInt, _>(i64::try_from(each).unwrap_or(i64::MAX));
    Ok(cached(due).load(conn).await?)
}

/// Who takes jobs, and which.
#[derive(Debug, Clone, Copy)]
pub struct Take<'a> {
    /// The worker.
    pub worker: &'a str,
    /// The most jobs.
    pub most: i64,
    /// Only these; none = any.
    pub only: Option<&'a [String]>,
    /// Actions whose jobs belong into a lane of the host: left out.
    pub except: &'a [String],
    /// Webhooks that are paused: left out, also where a job of theirs came after the last look.
    pub paused: &'a [i64],
    /// When they became due; its end is now.
    pub span: Span,
}

#[derive(QueryableByName)]
struct BegunRow {
    #[diesel(embed)]
    job: JobRow,
    #[diesel(sql_type = Nullable<Text>)]
    event: Option<String>,
    #[diesel(sql_type = Nullable<Bytea>)]
    body: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Text>)]
    webhook_url: Option<String>,
}

/// Rows of `webhooks` are locked in the order in which the intake locks them.
macro_rules! begin {
    ($from:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT id FROM ",
            $from,
            " WHERE due_at BETWEEN $7 AND $1 AND lane = '' AND action <> ALL ($2) \
               AND coalesce(webhook_id, 0) <> ALL ($6) \
               ORDER BY due_at, id LIMIT $3 FOR UPDATE OF jobs SKIP LOCKED), \
             begun AS (UPDATE jobs SET state = $4, attempts = attempts + 1, started_at = $1, \
               finished_at = NULL FROM due WHERE jobs.id = due.id RETURNING jobs.*), \
             attempt AS (INSERT INTO job_attempts (job_id, number, worker, started_at, error) \
               SELECT id, attempts, $5, $1, '' FROM begun), \
             shown AS MATERIALIZED (SELECT webhooks.id FROM webhooks \
               JOIN begun ON webhooks.id = begun.webhook_id AND webhooks.last_job_id = begun.id \
               ORDER BY webhooks.id FOR NO KEY UPDATE OF webhooks), \
             show AS (UPDATE webhooks SET last_job_state = $4 FROM shown \
               WHERE webhooks.id = shown.id) \
             SELECT begun.*, deliveries.event, deliveries.body, webhooks.repo_url AS webhook_url \
             FROM begun LEFT JOIN deliveries ON deliveries.id = begun.delivery_id \
             LEFT JOIN webhooks ON webhooks.id = begun.webhook_id ORDER BY begun.id"
        )
    };
}

/// Begins an attempt of each job that is due and stands in no lane, in their order; those that
/// another worker is taking are passed over.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn begin_due(conn: &mut Conn, take: Take<'_>) -> Result<Vec<Begun>> {
    let begin = match take.only {
        Some(_) => begin!("unnest($8) AS these (these) JOIN jobs ON id = these"),
        None => begin!("jobs"),
    };
    let begin = diesel::sql_query(begin)
        .into_boxed::<diesel::pg::Pg>()
        .bind::<Timestamptz, _>(take.span.to)
        .bind::<Array<Text>, _>(take.except)
        .bind::<BigInt, _>(take.most)
        .bind::<Nullable<Text>, _>(JobEvent::Begin.target_state().map(JobState::as_str))
        .bind::<Text, _>(take.worker)
        .bind::<Array<BigInt>, _>(take.paused)
        .bind::<Timestamptz, _>(take.span.from);
    let begin = match take.only {
        Some(these) => begin.bind::<Array<Text>, _>(these),
        None => begin,
    };
    let rows: Vec<BegunRow> = cached(begin).load(conn).await?;
    let with_delivery = |BegunRow { job, event, body, webhook_url }| {
        Begun::new(job, event.map(|event| DeliveryRow { event, body }), webhook_url)
    };
    Ok(rows.into_iter().map(with_delivery).collect())
}

/// The most jobs that one statement holds.
const HOLD_BATCH: i64 = 1_000;

/// Holds jobs that are due and whose scope is paused, so that those behind them are found.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn hold_paused(conn: &mut Conn, pauses: &[Pause], now: DateTime<Utc>) -> Result<()> {
    for pause in pauses {
        let (webhook, lane) = match &pause.scope {
            Scope::All => (None, None),
            Scope::Webhook(id) => (Some(*id), None),
            Scope::Lane(lane) => (None, Some(lane.as_str())),
        };
        diesel::sql_query(
            "WITH due AS (SELECT id FROM jobs WHERE due_at <= $1 \
               AND ($2 IS NULL OR webhook_id = $2) AND ($3 IS NULL OR lane = $3) \
               ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED), \
             held AS (UPDATE jobs SET held = $5 FROM due WHERE jobs.id = due.id RETURNING jobs.id) \
             SELECT pg_notify($6, id) FROM held",
        )
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<BigInt>, _>(webhook)
        .bind::<Nullable<Text>, _>(lane)
        .bind::<BigInt, _>(HOLD_BATCH)
        .bind::<Text, _>(Held::Paused.as_str())
        .bind::<Text, _>(Topic::Job.channel_name())
        .execute(conn)
        .await?;
    }
    Ok(())
}
