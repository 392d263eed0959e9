//! The attempts this process is making, by job: what tells an attempt under way from one whose
//! end could not be written down.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The jobs being run here.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Inner>);

#[derive(Default)]
struct Inner {
    jobs: Mutex<HashSet<String>>,
    ended: Notify,
}

/// One job being run; ends when dropped.
pub(super) struct Mark {
    running: Running,
    job: String,
}

impl Running {
    /// Marks a job as being run here; none if it is already.
    pub(super) fn mark(&self, job: &str) -> Option<Mark> {
        self.jobs()
            .insert(job.to_owned())
            .then(|| Mark { running: self.clone(), job: job.to_owned() })
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

    fn jobs(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.running.jobs().remove(&self.job);
        self.running.0.ended.notify_waiters();
    }
}
