//! The begin of an attempt: may the job run now? Who is paused or whose lane is not free is held
//! back; who lets it go is `crate::store::lanes`, or the end of the pause.

use super::attempt::{Runner, give_up, is_alive};
use crate::clock;
use crate::core::ids::JobId;
use crate::core::job::JobState;
use crate::core::lane;
use crate::core::pause::holding;
use crate::store::attempts::{self, DeliveryRow, JobRow};
use crate::store::lanes::{self, Held};
use crate::store::pauses::{self, Side};
use crate::store::{Conn, StoreError, queue, transaction};
use chrono::{DateTime, TimeDelta, Utc};

/// How long a job that may not run now is held back.
const LATER: TimeDelta = TimeDelta::seconds(2);

pub(super) enum Begin {
    /// The attempt is begun.
    Started(Box<Started>),
    /// The job has nothing to run.
    Nothing,
    /// Not now: the row is held back until then.
    Later,
}

pub(super) struct Started {
    pub number: i32,
    pub job: JobRow,
    pub delivery: Option<DeliveryRow>,
}

impl Runner {
    pub(super) async fn begin(&self, job: &JobId) -> Result<Begin, StoreError> {
        let mut pooled = self.pool.get().await?;
        let conn: &mut Conn = &mut pooled;
        let now = clock::now();
        transaction(conn, async |conn: &mut Conn| {
            pauses::lock(conn, Side::Begin).await?;
            let lane = match self.enter_lane(conn, job).await {
                Err(StoreError::NotFound) => return Ok(Begin::Nothing),
                other => other?,
            };
            let mut row = match attempts::lock_job(conn, job).await {
                Err(StoreError::NotFound) => return Ok(Begin::Nothing),
                other => other?,
            };
            if row.run_at > now {
                queue::postpone(conn, job, row.run_at).await?;
                return Ok(Begin::Later);
            }
            for open in attempts::open(conn, Some(job)).await? {
                // Ours that is not running any more is one whose end could not be written.
                if open.worker != self.worker && is_alive(conn, &open.worker).await? {
                    queue::postpone(conn, job, now + LATER).await?;
                    return Ok(Begin::Later);
                }
                give_up(conn, &mut row, open.number, now).await?;
            }
            match JobState::parse(&row.state) {
                Some(JobState::Queued | JobState::Scheduled | JobState::Retrying) => {}
                _ => return Ok(Begin::Nothing),
            }
            if let Some(turned_away) = turn(conn, job, &row, (&lane, now)).await? {
                return Ok(turned_away);
            }
            let number = row.attempts + 1;
            attempts::begin(conn, job, number, &self.worker, now).await?;
            let delivery = match attempts::delivery_of(conn, &row.delivery_id).await {
                Err(StoreError::NotFound) => None,
                found => Some(found?),
            };
            Ok(Begin::Started(Box::new(Started { number, job: row, delivery })))
        })
        .await
    }

    /// Takes the lock of the job's lane, and tells its name. Where the catalogue's entry names a
    /// resource of the host, that is the lane of all its jobs.
    async fn enter_lane(&self, conn: &mut Conn, job: &JobId) -> Result<String, StoreError> {
        let (action, lane) = lanes::place_of(conn, job).await?;
        let named = self.catalogue.get(&action).and_then(|spec| spec.lane.clone());
        let Some(named) = named.map(|name| lane::of_host(&name)) else {
            lanes::lock(conn, &lane).await?;
            return Ok(lane);
        };
        lanes::lock(conn, &named).await?;
        lanes::adopt(conn, &action, &named).await?;
        Ok(named)
    }
}

/// Turns the job away if it is not its turn; none = it may run.
async fn turn(
    conn: &mut Conn,
    job: &JobId,
    row: &JobRow,
    (lane, now): (&str, DateTime<Utc>),
) -> Result<Option<Begin>, StoreError> {
    if holding(&pauses::all(conn).await?, row.webhook_id, lane).is_some() {
        lanes::hold(conn, job, Held::Paused, now).await?;
        // A newer one may have overtaken it meanwhile.
        lanes::settle(conn, lane, now).await?;
        return Ok(Some(Begin::Later));
    }
    if lane.is_empty() {
        return Ok(None);
    }
    let decision = lanes::settle(conn, lane, now).await?;
    if decision.superseded.iter().any(|(old, _)| old == job.as_str()) {
        return Ok(Some(Begin::Nothing));
    }
    if decision.next.as_deref() == Some(job.as_str()) {
        return Ok(None);
    }
    lanes::hold(conn, job, Held::Lane, now).await?;
    Ok(Some(Begin::Later))
}
