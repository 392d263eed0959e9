//! The begin of an attempt of a job in a lane: has it its turn? If not, it is held until whoever
//! frees the lane, or ends the pause, releases it (`signalbox_store::lanes`).

use super::attempt::Runner;
use crate::clock;
use signalbox_core::ids::JobId;
use signalbox_core::lane;
use signalbox_core::pause::find_holding;
use signalbox_store::attempts::{self, Begun};
use signalbox_store::pauses::{self, Side};
use signalbox_store::transitions::{self, Held};
use signalbox_store::{Conn, StoreError, lanes, run_transaction};

pub(super) enum Turn {
    /// The attempt has begun.
    Begun(Box<Begun>),
    /// The job is held, was taken by another worker, or waits for nothing any more.
    NotNow,
}

impl Runner {
    pub(super) async fn begin_in_lane(
        &self,
        conn: &mut Conn,
        job: &JobId,
    ) -> Result<Turn, StoreError> {
        let now = clock::now();
        run_transaction(conn, async |conn: &mut Conn| {
            pauses::lock_pauses(conn, Side::Begin).await?;
            let lane = match self.enter_lane(conn, job).await {
                Err(StoreError::NotFound) => return Ok(Turn::NotNow),
                other => other?,
            };
            let mut row = match attempts::lock_job(conn, job).await {
                Err(StoreError::NotFound) => return Ok(Turn::NotNow),
                other => other?,
            };
            if lane.is_empty() || !row.is_due(now) {
                return Ok(Turn::NotNow);
            }
            let is_paused =
                find_holding(&pauses::list_pauses(conn).await?, row.webhook_id, &lane).is_some();
            if is_paused {
                transitions::hold_job(conn, job, Held::Paused).await?;
            }
            // A newer one may have overtaken it meanwhile.
            let next = lanes::advance_lane(conn, &lane, now).await?.next;
            if is_paused || !next.iter().any(|next| next == job.as_str()) {
                lanes::hold_waiting(conn, &lane, &next, now).await?;
                return Ok(Turn::NotNow);
            }
            row.attempts += 1;
            transitions::begin_attempt(conn, job, row.attempts, &self.worker, now).await?;
            let delivery = match attempts::delivery_of(conn, &row.delivery_id).await {
                Err(StoreError::NotFound) => None,
                found => Some(found?),
            };
            let webhook_url = attempts::webhook_url(conn, row.webhook_id).await?;
            Ok(Turn::Begun(Box::new(Begun::new(row, delivery, webhook_url))))
        })
        .await
    }

    /// Takes the lock of the job's lane, and tells its name. Where the catalogue's entry names a
    /// resource of the host, that is the lane of all its jobs.
    async fn enter_lane(&self, conn: &mut Conn, job: &JobId) -> Result<String, StoreError> {
        let (action, lane) = lanes::place_of(conn, job).await?;
        let named = self.catalogue.get(&action).and_then(|spec| spec.lane.clone());
        let Some(named) = named.map(|name| lane::of_host(&name)) else {
            lanes::lock_lane(conn, &lane).await?;
            return Ok(lane);
        };
        lanes::lock_lane(conn, &named).await?;
        lanes::adopt_waiting(conn, &action, &named).await?;
        Ok(named)
    }
}
