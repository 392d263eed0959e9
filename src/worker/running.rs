//! The attempts this process is making: what a cancel ends, and what a stop waits for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The jobs being run here.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Inner>);

#[derive(Default)]
struct Inner {
    attempts: Mutex<HashMap<(String, i32), CancellationToken>>,
    ended: Notify,
}

/// One attempt being made, from its begin in the database on; ends when dropped.
pub(super) struct Mark {
    running: Running,
    attempt: (String, i32),
    /// Ends the attempt.
    pub stop: CancellationToken,
}

impl Running {
    /// Marks an attempt as being made here, ended by `stop`.
    pub(super) fn mark_running(&self, job: &str, number: i32, stop: CancellationToken) -> Mark {
        let attempt = (job.to_owned(), number);
        self.lock_attempts().insert(attempt.clone(), stop.clone());
        Mark { running: self.clone(), attempt, stop }
    }

    /// The attempts being made here, by job and number.
    pub(super) fn attempts_being_made(&self) -> HashSet<(String, i32)> {
        self.lock_attempts().keys().cloned().collect()
    }

    /// The jobs being run here.
    pub(super) fn jobs_being_run(&self) -> Vec<String> {
        self.lock_attempts().keys().map(|(job, _)| job.clone()).collect()
    }

    /// Ends a job's attempt; true if that is news.
    pub(super) fn stop_attempt(&self, job: &str) -> bool {
        let attempts = self.lock_attempts();
        let of_job = attempts.iter().filter(|((of, _), stop)| of == job && !stop.is_cancelled());
        of_job.inspect(|(_, stop)| stop.cancel()).count() > 0
    }

    pub(super) fn len(&self) -> usize {
        self.lock_attempts().len()
    }

    /// Waits until nothing runs here.
    pub(super) async fn wait_until_idle(&self) {
        loop {
            let ended = self.0.ended.notified();
            if self.len() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn lock_attempts(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<(String, i32), CancellationToken>> {
        self.0.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.running.lock_attempts().remove(&self.attempt);
        self.running.0.ended.notify_waiters();
    }
}
