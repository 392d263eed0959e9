//! The attempts this process is making, by job: what tells an attempt under way from one whose
//! end could not be written down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The jobs being run here.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Inner>);

#[derive(Default)]
struct Inner {
    jobs: Mutex<HashMap<String, CancellationToken>>,
    ended: Notify,
}

/// One job being run; ends when dropped.
pub(super) struct Mark {
    running: Running,
    job: String,
}

impl Running {
    /// Marks a job as being run here, ended by `stop`; none if it is already.
    pub(super) fn mark(&self, job: &str, stop: CancellationToken) -> Option<Mark> {
        let mut jobs = self.jobs();
        if jobs.contains_key(job) {
            return None;
        }
        jobs.insert(job.to_owned(), stop);
        Some(Mark { running: self.clone(), job: job.to_owned() })
    }

    /// The jobs being run here.
    pub(super) fn jobs_being_run(&self) -> Vec<String> {
        self.jobs().keys().cloned().collect()
    }

    /// Ends a job's attempt; true if that is news.
    pub(super) fn stop(&self, job: &str) -> bool {
        let jobs = self.jobs();
        let running = jobs.get(job).filter(|stop| !stop.is_cancelled());
        running.inspect(|stop| stop.cancel()).is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.jobs().len()
    }

    /// Waits until nothing runs here.
    pub(super) async fn idle(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.len() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.running.jobs().remove(&self.job);
        self.running.0.ended.notify_waiters();
    }
}
