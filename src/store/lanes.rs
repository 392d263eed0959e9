//! Lanes as the database keeps them: the lock on one, who stands in it, who is held back.
//!
//! Order of locks, for everybody: the pause lock, the lane's, then rows of jobs. What follows from
//! how a lane stands is `crate::core::lane`'s to say.

mod standing;

pub use standing::{Overtaken, with_newer};

use super::schema::jobs;
use super::{Conn, Result, attempts, listen, queue};
use crate::core::ids::JobId;
use crate::core::job::JobState;
use crate::core::lane::{self, Decision, decide};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

/// After this a job that is held back is offered again in any case.
const HELD: TimeDelta = TimeDelta::minutes(5);

/// Why a job is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Its lane is not free.
    Lane,
    /// It is paused.
    Paused,
}

impl Held {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lane => "lane",
            Self::Paused => "paused",
        }
    }
}

/// Takes a lane's lock until the transaction ends. Nothing to do for the empty name, which is
/// that of no lane.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn lock(conn: &mut Conn, lane: &str) -> Result<()> {
    if !lane.is_empty() {
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('lane ' || $1, 0))")
            .bind::<Text, _>(lane)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Takes the lock of the lane a job stands in, and tells its name.
///
/// # Errors
/// [`StoreError::NotFound`](super::StoreError::NotFound) if there is no such job.
pub async fn lock_of(conn: &mut Conn, job: &JobId) -> Result<String> {
    let lane: String = jobs::table.find(job.as_str()).select(jobs::lane).first(conn).await?;
    lock(conn, &lane).await?;
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
pub async fn adopt(conn: &mut Conn, action: &str, lane: &str) -> Result<()> {
    diesel::update(jobs::table)
        .filter(jobs::action.eq(action))
        .filter(jobs::state.eq_any(WAITING))
        .filter(jobs::lane.ne(lane))
        .set(jobs::lane.eq(lane))
        .execute(conn)
        .await?;
    Ok(())
}

/// The states of a job that waits.
pub(super) const WAITING: [&str; 3] = ["queued", "scheduled", "retrying"];

/// Looks at a lane, marks who is overtaken, and lets the next one go if it was held back. The
/// lane's lock is held.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn settle(conn: &mut Conn, lane: &str, now: DateTime<Utc>) -> Result<Decision> {
    if lane.is_empty() {
        return Ok(Decision::default());
    }
    let decision = decide(&standing::members(conn, lane, now).await?);
    for (old, new) in &decision.superseded {
        supersede(conn, old, new, now).await?;
    }
    for (old, new) in &decision.cancelled {
        standing::stop(conn, old, new, now).await?;
    }
    if let Some(Ok(next)) = decision.next.as_ref().map(|next| next.parse::<JobId>()) {
        let held = diesel::update(jobs::table.find(next.as_str()))
            .filter(jobs::held.eq(Held::Lane.as_str()))
            .set(jobs::held.eq(""))
            .execute(conn)
            .await?;
        if held == 1 {
            queue::requeue(conn, &next).await?;
        }
    }
    Ok(decision)
}

/// Marks a waiting job as overtaken by another.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn supersede(conn: &mut Conn, old: &str, new: &str, now: DateTime<Utc>) -> Result<()> {
    let changed = diesel::update(jobs::table.find(old))
        .filter(jobs::state.eq_any(WAITING))
        .set((
            jobs::state.eq(JobState::Superseded.as_str()),
            jobs::superseded_by.eq(new),
            jobs::held.eq(""),
            jobs::finished_at.eq(now),
        ))
        .execute(conn)
        .await?;
    match old.parse::<JobId>() {
        Ok(job) if changed == 1 => {
            attempts::note_state(conn, &job, JobState::Superseded).await?;
            queue::withdraw(conn, &job).await
        }
        _ => Ok(()),
    }
}

/// Holds a job back until [`settle`] or the end of a pause lets it go.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn hold(conn: &mut Conn, job: &JobId, why: Held, now: DateTime<Utc>) -> Result<()> {
    diesel::update(jobs::table.find(job.as_str()))
        .set(jobs::held.eq(why.as_str()))
        .execute(conn)
        .await?;
    listen::tell(conn, listen::Topic::Job, job.as_str()).await?;
    queue::postpone(conn, job, now + HELD).await
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

/// The lanes of the host that jobs stand in.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn of_host(conn: &mut Conn) -> Result<Vec<String>> {
    Ok(jobs::table
        .filter(jobs::lane.like(format!("{}%", lane::of_host(""))))
        .select(jobs::lane)
        .distinct()
        .order(jobs::lane)
        .load(conn)
        .await?)
}

/// How many of its lane are before a job, and which of them runs.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn before(
    conn: &mut Conn,
    lane: &str,
    (queued_at, id): (DateTime<Utc>, &str),
) -> Result<(i64, Option<String>)> {
    let running = jobs::table
        .filter(jobs::lane.eq(lane))
        .filter(jobs::state.eq(JobState::Running.as_str()))
        .select(jobs::id)
        .first(conn)
        .await
        .optional()?;
    let earlier =
        jobs::queued_at.lt(queued_at).or(jobs::queued_at.eq(queued_at).and(jobs::id.lt(id)));
    let waiting: i64 = jobs::table
        .filter(jobs::lane.eq(lane))
        .filter(jobs::state.eq_any(WAITING))
        .filter(earlier)
        .count()
        .get_result(conn)
        .await?;
    Ok((waiting + i64::from(running.is_some()), running))
}
