//! Lanes as the database keeps them: the lock on one, who stands in it, who is held back.
//!
//! Order of locks, for everybody: the pause lock, the lane's, then rows of jobs. What follows from
//! how a lane stands is `signalbox_core::lane`'s to say.

mod standing;

pub use standing::{Overtaken, find_max_concurrent, with_newer};

use super::cached::cached;
use super::listen::Topic;
use super::schema::jobs;
use super::transitions::{self, Held};
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::ids::{JobId, WebhookId};
use signalbox_core::job::JobState;
use signalbox_core::lane::{self, Decision, decide_lane};
use signalbox_core::webhook::Concurrency;

/// Takes a lane's lock until the transaction ends. Nothing to do for the empty name, which is
/// that of no lane.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn lock_lane(conn: &mut Conn, lane: &str) -> Result<()> {
    if !lane.is_empty() {
        let lock =
            diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('lane ' || $1, 0))")
                .bind::<Text, _>(lane);
        cached(lock).execute(conn).await?;
    }
    Ok(())
}

/// Takes the lock of the lane a job stands in, and tells its name.
///
/// # Errors
/// [`StoreError::NotFound`](super::StoreError::NotFound) if there is no such job.
pub async fn lock_of(conn: &mut Conn, job: &JobId) -> Result<String> {
    let lane: String = jobs::table.find(job.as_str()).select(jobs::lane).first(conn).await?;
    lock_lane(conn, &lane).await?;
    Ok(lane)
}

/// What a job runs, and the lane it stands in.
///
/// # Errors
/// [`StoreError::NotFound`](super::StoreError::NotFound) if there is no such job.
pub async fn place_of(conn: &mut Conn, job: &JobId) -> Result<(String, String)> {
    Ok(jobs::table.find(job.as_str()).select((jobs::action, jobs::lane)).first(conn).await?)
}

/// Puts all waiting jobs of an action into the lane that its catalogue entry names; the lane's
/// lock is held.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn adopt_waiting(conn: &mut Conn, action: &str, lane: &str) -> Result<()> {
    diesel::update(jobs::table)
        .filter(jobs::action.eq(action))
        .filter(jobs::state.eq_any(JobState::WAITING))
        .filter(jobs::lane.ne(lane))
        .set(jobs::lane.eq(lane))
        .execute(conn)
        .await?;
    Ok(())
}

/// Puts the jobs of a parallel webhook that wait or run into its lane: it limits them now. The
/// lane's lock is held.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn adopt_parallel(conn: &mut Conn, webhook: WebhookId, lane: &str) -> Result<()> {
    // Each part has an index that leads to these few among all that have ended.
    diesel::sql_query(
        "WITH these AS MATERIALIZED (SELECT id FROM jobs WHERE id IN ( \
           SELECT id FROM jobs WHERE coalesce(webhook_id, 0) = $1 AND due_at IS NOT NULL UNION ALL \
           SELECT id FROM jobs WHERE held <> '' AND webhook_id = $1 UNION ALL \
           SELECT id FROM jobs WHERE state = $3 AND webhook_id = $1) \
           AND lane = '' AND concurrency = $4 ORDER BY id FOR UPDATE) \
         UPDATE jobs SET lane = $2 FROM these WHERE jobs.id = these.id",
    )
    .bind::<BigInt, _>(webhook.0)
    .bind::<Text, _>(lane)
    .bind::<Text, _>(JobState::Running)
    .bind::<Text, _>(Concurrency::Parallel)
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a job that waits again into its webhook's lane, if that limits them now.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn join_lane(conn: &mut Conn, job: &JobId) -> Result<()> {
    diesel::sql_query(
        "UPDATE jobs SET lane = 'webhook:' || webhook_id FROM webhooks \
         WHERE jobs.id = $1 AND jobs.lane = '' AND webhooks.id = jobs.webhook_id \
         AND webhooks.concurrency = $2 AND webhooks.max_concurrent_jobs IS NOT NULL",
    )
    .bind::<Text, _>(job.as_str())
    .bind::<Text, _>(Concurrency::Parallel)
    .execute(conn)
    .await?;
    Ok(())
}

/// Looks at a lane, marks who is overtaken, and releases those that may run. The
/// lane's lock is held.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn advance_lane(conn: &mut Conn, lane: &str, now: DateTime<Utc>) -> Result<Decision> {
    if lane.is_empty() {
        return Ok(Decision::default());
    }
    let decision = decide_lane(&standing::lane_members(conn, lane, now).await?);
    for (old, new) in &decision.superseded {
        transitions::supersede_waiting(conn, old, new, now).await?;
    }
    for (old, new) in &decision.cancelled {
        transitions::overtake_running(conn, old, new, now).await?;
    }
    transitions::release_jobs(conn, &decision.next, Held::Lane).await?;
    Ok(decision)
}

/// Holds the jobs of a lane that are due but have not their turn, all but these: whoever frees the
/// lane releases them. The lane's lock is held.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn hold_waiting(
    conn: &mut Conn,
    lane: &str,
    next: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(
        "WITH held AS (UPDATE jobs SET held = $1 WHERE lane = $2 AND due_at <= $3 \
           AND id <> ALL ($4) RETURNING id) \
         SELECT pg_notify($5, id) FROM held",
    )
    .bind::<Text, _>(Held::Lane.as_str())
    .bind::<Text, _>(lane)
    .bind::<Timestamptz, _>(now)
    .bind::<Array<Text>, _>(next)
    .bind::<Text, _>(Topic::Job.channel_name())
    .execute(conn)
    .await?;
    Ok(())
}

/// The lanes in which somebody is held back.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn waited_for(conn: &mut Conn) -> Result<Vec<String>> {
    Ok(jobs::table
        .filter(jobs::held.eq(Held::Lane.as_str()))
        .filter(jobs::lane.ne(""))
        .select(jobs::lane)
        .distinct()
        .load(conn)
        .await?)
}

#[derive(QueryableByName)]
struct Lane {
    #[diesel(sql_type = Text)]
    lane: String,
}

/// The lanes of the host that jobs stand in.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn of_host(conn: &mut Conn) -> Result<Vec<String>> {
    // From one lane to the next in the index, however many jobs stand in each.
    let lanes: Vec<Lane> = diesel::sql_query(
        "WITH RECURSIVE lanes AS ((SELECT lane COLLATE \"C\" AS lane FROM jobs WHERE lane <> '' \
         AND lane COLLATE \"C\" >= $1 ORDER BY lane COLLATE \"C\" LIMIT 1) \
         UNION ALL SELECT (SELECT next.lane COLLATE \"C\" FROM jobs AS next WHERE next.lane <> '' \
         AND next.lane COLLATE \"C\" > lanes.lane ORDER BY next.lane COLLATE \"C\" LIMIT 1) \
         FROM lanes WHERE starts_with(lanes.lane, $1)) \
         SELECT lane FROM lanes WHERE starts_with(lane, $1)",
    )
    .bind::<Text, _>(lane::of_host(""))
    .load(conn)
    .await?;
    Ok(lanes.into_iter().map(|row| row.lane).collect())
}

/// How many of its lane are before a job, and which of them runs.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn count_before(
    conn: &mut Conn,
    lane: &str,
    queued_at: DateTime<Utc>,
    id: &str,
) -> Result<(i64, Option<String>)> {
    let running = jobs::table
        .filter(jobs::lane.eq(lane))
        .filter(jobs::state.eq(JobState::Running))
        .select(jobs::id)
        .first(conn)
        .await
        .optional()?;
    let earlier =
        jobs::queued_at.lt(queued_at).or(jobs::queued_at.eq(queued_at).and(jobs::id.lt(id)));
    let waiting: i64 = jobs::table
        .filter(jobs::lane.eq(lane))
        .filter(jobs::state.eq_any(JobState::WAITING))
        .filter(earlier)
        .count()
        .get_result(conn)
        .await?;
    Ok((waiting + i64::from(running.is_some()), running))
}
