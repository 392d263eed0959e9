//! The one writer of a job's state: what [`JobEvent`]s do to rows of `jobs`.
//!
//! Which event may meet which state is `signalbox_core::job`'s to say; a row in another state is left
//! alone. Whoever calls holds the lock of the job's lane (`store::lanes`).

mod ends;

pub use ends::{Ending, end_many};

use super::attempts::{self, End, Tally};
use super::listen::{self, Topic};
use super::schema::{job_attempts, jobs, webhooks};
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox_core::ids::JobId;
use signalbox_core::job::{JobEvent, JobState, Next};

/// The columns that move with a job's state: none = left as it is; within, none = NULL.
#[expect(clippy::option_option, reason = "left alone and emptied are two things")]
#[derive(Default, AsChangeset)]
#[diesel(table_name = jobs)]
struct Changes<'a> {
    state: Option<JobState>,
    attempts: Option<i32>,
    tries_used: Option<i32>,
    tries_lost: Option<i32>,
    error: Option<&'a str>,
    run_at: Option<DateTime<Utc>>,
    queued_at: Option<DateTime<Utc>>,
    started_at: Option<Option<DateTime<Utc>>>,
    finished_at: Option<Option<DateTime<Utc>>>,
    requested_by: Option<&'a str>,
    cancel_requested_at: Option<Option<DateTime<Utc>>>,
    cancelled_by: Option<&'a str>,
    held: Option<&'a str>,
    superseded_by: Option<Option<String>>,
}

/// Writes an event; false if the job's state does not allow it.
async fn write_event(
    conn: &mut Conn,
    job: &str,
    event: JobEvent,
    changes: Changes<'_>,
) -> Result<bool> {
    let changes = Changes { state: event.target_state(), ..changes };
    let state = changes.state;
    let written = diesel::update(jobs::table.find(job))
        .filter(jobs::state.eq_any(event.source_states()))
        .set(changes)
        .execute(conn)
        .await?;
    if written == 1 {
        note_state(conn, job, state).await?;
    }
    Ok(written == 1)
}

/// Shows the state on its webhook's row, if this is that webhook's last job, and tells who watches.
async fn note_state(conn: &mut Conn, job: &str, state: Option<JobState>) -> Result<()> {
    if let Some(state) = state {
        diesel::update(webhooks::table.filter(webhooks::last_job_id.eq(job)))
            .filter(webhooks::id.nullable().eq_any(jobs::table.find(job).select(jobs::webhook_id)))
            .set(webhooks::last_job_state.eq(state))
            .execute(conn)
            .await?;
    }
    listen::notify_topic(conn, Topic::Job, job).await
}

/// Begins an attempt of a job in a lane; false if it does not wait. Jobs outside lanes are begun
/// many at a time, by [`super::queue::begin_due`].
///
/// # Errors
/// [`StoreError::Constraint`](super::StoreError::Constraint) if that attempt exists.
pub async fn begin_attempt(
    conn: &mut Conn,
    job: &JobId,
    number: i32,
    worker: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changes = Changes {
        attempts: Some(number),
        started_at: Some(Some(now)),
        finished_at: Some(None),
        held: Some(""),
        ..Changes::default()
    };
    if !write_event(conn, job.as_str(), JobEvent::Begin, changes).await? {
        return Ok(false);
    }
    diesel::insert_into(job_attempts::table)
        .values((
            job_attempts::job_id.eq(job.as_str()),
            job_attempts::number.eq(number),
            job_attempts::worker.eq(worker),
            job_attempts::started_at.eq(now),
            job_attempts::error.eq(""),
        ))
        .execute(conn)
        .await?;
    Ok(true)
}

/// The end of an attempt, and what follows it.
#[derive(Debug, Clone, Copy)]
pub struct Finish<'a> {
    /// The job.
    pub job: &'a JobId,
    /// The attempt's number.
    pub number: i32,
    /// How it ended.
    pub end: &'a End,
    /// What follows.
    pub next: Next,
    /// The job's tries, this one among them if it counts.
    pub tally: Tally,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Finish<'_> {
    /// Why the job failed, in words.
    fn error_text(&self) -> String {
        if self.next.resulting_state() == JobState::Succeeded {
            String::new()
        } else {
            self.end.error_text()
        }
    }

    /// When the job ended, if it did.
    fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.next.resulting_state().is_final().then_some(self.now)
    }
}

/// Ends an attempt and moves its job; false if it had ended already (it was given up as lost).
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn finish_attempt(conn: &mut Conn, finish: Finish<'_>) -> Result<bool> {
    let Finish { job, number, end, next, tally, now } = finish;
    if !attempts::end_attempt(conn, job, number, end, now).await? {
        return Ok(false);
    }
    let error = finish.error_text();
    let changes = Changes {
        tries_used: Some(tally.used),
        tries_lost: Some(tally.lost),
        finished_at: Some(finish.finished_at()),
        error: Some(&error),
        run_at: next.due_at(now),
        ..Changes::default()
    };
    write_event(conn, job.as_str(), JobEvent::End(next), changes).await
}

/// Ends a job that waits.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn cancel_waiting(
    conn: &mut Conn,
    job: &JobId,
    by: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changes = Changes {
        cancel_requested_at: Some(Some(now)),
        cancelled_by: Some(by),
        held: Some(""),
        finished_at: Some(Some(now)),
        ..Changes::default()
    };
    write_event(conn, job.as_str(), JobEvent::Cancel, changes).await
}

/// Notes that a person asks for the end of a running job, and tells the workers.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn ask_to_cancel(
    conn: &mut Conn,
    job: &JobId,
    by: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changes = Changes {
        cancel_requested_at: Some(Some(now)),
        cancelled_by: Some(by),
        ..Changes::default()
    };
    let asked = write_event(conn, job.as_str(), JobEvent::AskToCancel, changes).await?;
    if asked {
        listen::notify_topic(conn, Topic::Cancel, job.as_str()).await?;
    }
    Ok(asked)
}

/// Asks for the end of a running job whose place another takes, once.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn overtake_running(
    conn: &mut Conn,
    old: &str,
    new: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = diesel::update(jobs::table.find(old))
        .filter(jobs::state.eq_any(JobEvent::AskToCancel.source_states()))
        .filter(jobs::cancel_requested_at.is_null())
        .set((jobs::cancel_requested_at.eq(now), jobs::superseded_by.eq(new)))
        .execute(conn)
        .await?;
    if changed == 1 {
        listen::notify_topic(conn, Topic::Cancel, old).await?;
        listen::notify_topic(conn, Topic::Job, old).await?;
    }
    Ok(changed == 1)
}

/// Marks a job that waits as overtaken by another.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn supersede_waiting(
    conn: &mut Conn,
    old: &str,
    new: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changes = Changes {
        superseded_by: Some(Some(new.to_owned())),
        held: Some(""),
        finished_at: Some(Some(now)),
        ..Changes::default()
    };
    write_event(conn, old, JobEvent::Supersede, changes).await
}

/// Lets a job that waits for its time run now.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn run_now(conn: &mut Conn, job: &JobId, now: DateTime<Utc>) -> Result<bool> {
    let changes = Changes { run_at: Some(now), held: Some(""), ..Changes::default() };
    let due = write_event(conn, job.as_str(), JobEvent::RunNow, changes).await?;
    listen::wake_workers(conn).await?;
    Ok(due)
}

/// Makes an ended job wait for another attempt, its tries counted anew.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn run_again(
    conn: &mut Conn,
    job: &JobId,
    requested_by: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changes = Changes {
        tries_used: Some(0),
        tries_lost: Some(0),
        error: Some(""),
        run_at: Some(now),
        queued_at: Some(now),
        finished_at: Some(None),
        requested_by: Some(requested_by),
        cancel_requested_at: Some(None),
        cancelled_by: Some(""),
        superseded_by: Some(None),
        held: Some(""),
        ..Changes::default()
    };
    let queued = write_event(conn, job.as_str(), JobEvent::RunAgain, changes).await?;
    listen::wake_workers(conn).await?;
    Ok(queued)
}

/// Why a job is held.
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

/// Holds a job: no worker takes it until it is released.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn hold_job(conn: &mut Conn, job: &JobId, why: Held) -> Result<bool> {
    let changes = Changes { held: Some(why.as_str()), ..Changes::default() };
    write_event(conn, job.as_str(), JobEvent::Hold, changes).await
}

/// Releases a job that is held for this reason, and wakes the workers; false if it is not.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn release_job(conn: &mut Conn, job: &JobId, why: Held) -> Result<bool> {
    Ok(release_jobs(conn, &[job.as_str().to_owned()], why).await? == 1)
}

/// Releases those of these jobs that are held for this reason, and wakes the workers; how many it were.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn release_jobs(conn: &mut Conn, these: &[String], why: Held) -> Result<usize> {
    if these.is_empty() {
        return Ok(0);
    }
    let released: Vec<String> = diesel::update(jobs::table.filter(jobs::id.eq_any(these)))
        .filter(jobs::held.eq(why.as_str()))
        .filter(jobs::state.eq_any(JobEvent::Release.source_states()))
        .set(jobs::held.eq(""))
        .returning(jobs::id)
        .get_results(conn)
        .await?;
    for job in &released {
        listen::notify_topic(conn, Topic::Job, job).await?;
    }
    if !released.is_empty() {
        listen::wake_workers(conn).await?;
    }
    Ok(released.len())
}
