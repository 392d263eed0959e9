//! What a job waits for, told on its page: its place in its lane, or who has paused it.

use crate::web::admin::banner::pause_text;
use signalbox_core::job::JobState;
use signalbox_core::lane;
use signalbox_core::pause::{Pause, find_holding};
use signalbox_core::webhook::Concurrency;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::jobs::Job;
use signalbox_store::{Conn, Result, lanes, pauses};

/// What a job waits for.
#[derive(Debug, Clone, Default)]
pub struct Waits {
    /// Jobs of its lane before it, the running one too.
    pub before: i64,
    /// The job of its lane that runs.
    pub running: Option<String>,
    /// How many jobs of its webhook run side by side, if those are limited.
    pub max_concurrent_jobs: Option<i32>,
    /// Who holds it back.
    pub pause: Option<Pause>,
}

impl Waits {
    /// Looks it up, if the job waits at all.
    ///
    /// # Errors
    /// Any [`StoreError`](signalbox_store::StoreError) of the database.
    pub async fn find_for_job(conn: &mut Conn, job: &Job) -> Result<Self> {
        let waits = match job.state {
            JobState::Queued | JobState::Scheduled | JobState::Retrying => true,
            JobState::Running
            | JobState::Succeeded
            | JobState::Failed
            | JobState::Cancelled
            | JobState::Superseded => false,
        };
        if !waits {
            return Ok(Self::default());
        }
        let all = pauses::list_pauses(conn).await?;
        let pause = find_holding(&all, job.webhook_id, &job.lane).cloned();
        let (before, running) = if job.lane.is_empty() {
            (0, None)
        } else {
            lanes::count_before(conn, &job.lane, job.queued_at, &job.id).await?
        };
        let own =
            lane::webhook_of_lane(&job.lane).filter(|_| job.concurrency == Concurrency::Parallel);
        let max_concurrent_jobs = match own {
            Some(webhook) => lanes::find_max_concurrent(conn, webhook).await?,
            None => None,
        };
        Ok(Self { before, running, max_concurrent_jobs, pause })
    }

    /// The same in words.
    pub fn waits_text(&self, job: &Job) -> Option<String> {
        if let Some(pause) = &self.pause {
            return Some(pause_text(pause));
        }
        if let Some(most) = self.max_concurrent_jobs {
            return (self.before > 0)
                .then(|| say!("Waiting: the webhook’s max concurrent jobs is {n}.", n = most));
        }
        let lane = lane::lane_label(&job.lane);
        (self.before > 0).then(|| {
            let place = self.before + 1;
            say!(
                "Waiting at place {place} in the lane “{lane}”, which runs one job at a time.",
                place = place,
                lane = t(&lane)
            )
        })
    }
}
