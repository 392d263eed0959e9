//! The job's whole life in one place: its states, what an attempt can end in, what follows.
//!
//! ```text
//! queued ──► running ──► succeeded
//!   ▲           ├──────► retrying ──► running     (temporary failure, attempts left)
//!   │           ├──────► failed                   (final, or attempts used up)
//!   │           ├──────► cancelled                (a person)
//!   └───────────┘ lost: the worker died           (does not count as a try, up to a limit)
//! scheduled ──► queued        queued ──► superseded (a newer one of its lane)
//! ```
//!
//! Pure: the time and the jitter are arguments. Who may move a job is the table in `transition.rs`;
//! `signalbox_store::transitions` alone writes what it says.

mod transition;

pub use transition::{FinalState, JobEvent, next_state};

use super::retry::Policy;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// Waits for a time.
    Scheduled,
    /// An attempt is under way.
    Running,
    /// Done.
    Succeeded,
    /// An attempt failed; another follows at `run_at`.
    Retrying,
    /// Attempts used up, or a failure that is not retried.
    Failed,
    /// Ended by a person.
    Cancelled,
    /// A newer job of the same lane took its place.
    Superseded,
}

impl JobState {
    /// Every state, in the order tabs show them.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Scheduled,
        Self::Running,
        Self::Succeeded,
        Self::Retrying,
        Self::Failed,
        Self::Cancelled,
        Self::Superseded,
    ];

    /// Those in which a job waits for an attempt.
    pub const WAITING: [Self; 3] = [Self::Queued, Self::Scheduled, Self::Retrying];

    /// The machine word: stored, in addresses and `data-state`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }

    /// The state of a machine word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The word a person reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Scheduled => "Scheduled",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Retrying => "Retrying",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Superseded => "Superseded",
        }
    }

    /// Whether nothing follows unless a person acts.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Scheduled | Self::Running | Self::Retrying => false,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Superseded => true,
        }
    }

    /// Whether "Cancel" is legal.
    #[must_use]
    pub fn may_cancel(self) -> bool {
        !self.is_final()
    }

    /// Whether "Run now" is legal: it waits for a time.
    #[must_use]
    pub fn may_run_now(self) -> bool {
        match self {
            Self::Scheduled | Self::Retrying => true,
            Self::Queued
            | Self::Running
            | Self::Succeeded
            | Self::Failed
            | Self::Cancelled
            | Self::Superseded => false,
        }
    }

    /// Whether "Run again" is legal.
    #[must_use]
    pub fn may_run_again(self) -> bool {
        self.is_final()
    }
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Exit 0.
    Succeeded,
    /// Another exit code, a signal, or it could not be started.
    Failed,
    /// The time limit ended it.
    TimedOut,
    /// A person ended it.
    Cancelled,
    /// Its worker died.
    Lost,
}

impl AttemptOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] =
        [Self::Succeeded, Self::Failed, Self::TimedOut, Self::Cancelled, Self::Lost];

    /// The stored word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }

    /// The outcome of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// The words a person reads.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::TimedOut => "Timed out",
            Self::Cancelled => "Cancelled",
            Self::Lost => "Worker lost",
        }
    }
}

/// How often a job may be tried.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    /// Attempts that ended by themselves (lost ones apart) since the job was last asked for.
    pub used: i32,
    /// The most there may be.
    pub max: i32,
    /// Attempts whose worker died, since the job was last asked for.
    pub lost: i32,
}

/// The most attempts that a job may come to, `made` of which have begun. Lost attempts use up no
/// try, and a job that is run again has all its tries before it.
#[must_use]
pub fn most_attempts(made: i32, state: JobState, tries: Tries) -> i32 {
    let ended = made - i32::from(state == JobState::Running);
    (ended - tries.used + tries.max).max(tries.max)
}

/// Lost attempts after which a job fails: an action that ends its worker each time must not go
/// round for ever.
pub const MAX_LOST: i32 = 3;

/// How often a worker gives a heartbeat.
pub const HEARTBEAT: Duration = Duration::from_secs(5);
/// A worker whose last heartbeat is older is lost: others take its jobs.
pub const WORKER_TIMEOUT: TimeDelta = TimeDelta::seconds(15);

/// What follows an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The job is in a final state.
    End(FinalState),
    /// The job is tried again at this time.
    RetryAt(DateTime<Utc>),
    /// The job is tried again as soon as a worker is free.
    RunAgain,
}

impl Next {
    /// The same, unless a person has asked for the job's end: then nothing more is tried.
    #[must_use]
    pub fn unless_cancelled(self, cancelled: bool) -> Self {
        match self {
            Self::RetryAt(_) | Self::RunAgain if cancelled => Self::End(FinalState::Cancelled),
            other => other,
        }
    }
}

/// What follows an attempt that ended so. `retry` is how long another try is waited for, if the
/// failure asks for one (exit 75, or an entry with `retry_on_failure`); `jitter` lies in 0..1.
#[must_use]
pub fn decide_next(
    outcome: AttemptOutcome,
    retry: Option<&Policy>,
    tries: Tries,
    now: DateTime<Utc>,
    jitter: f64,
) -> Next {
    match (outcome, retry) {
        (AttemptOutcome::Succeeded, _) => Next::End(FinalState::Succeeded),
        (AttemptOutcome::Cancelled, _) => Next::End(FinalState::Cancelled),
        (AttemptOutcome::Lost, _) if tries.lost < MAX_LOST => Next::RunAgain,
        (AttemptOutcome::Failed | AttemptOutcome::TimedOut, Some(retry))
            if tries.used < tries.max =>
        {
            Next::RetryAt(now + retry.wait_after(tries.used, jitter))
        }
        (AttemptOutcome::Failed | AttemptOutcome::TimedOut | AttemptOutcome::Lost, _) => {
            Next::End(FinalState::Failed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn next_after(
        outcome: AttemptOutcome,
        temporary: bool,
        used: i32,
        max: i32,
        lost: i32,
    ) -> Next {
        let policy = temporary.then(Policy::default);
        decide_next(outcome, policy.as_ref(), Tries { used, max, lost }, NOW, 0.0)
    }

    #[test]
    fn a_temporary_failure_waits_longer_each_time_until_tries_are_used_up() {
        let waits: Vec<i64> = (1..=6)
            .map(|used| match next_after(AttemptOutcome::Failed, true, used, 7, 0) {
                Next::RetryAt(at) => (at - NOW).num_seconds(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(waits, [1, 5, 30, 120, 600, 600]);
        assert_eq!(
            next_after(AttemptOutcome::Failed, true, 7, 7, 0),
            Next::End(FinalState::Failed)
        );
    }

    #[test]
    fn a_plain_failure_is_final_and_a_lost_worker_is_not() {
        assert_eq!(
            next_after(AttemptOutcome::Failed, false, 1, 9, 0),
            Next::End(FinalState::Failed)
        );
        assert_eq!(next_after(AttemptOutcome::Lost, false, 0, 1, 1), Next::RunAgain);
        assert_eq!(
            next_after(AttemptOutcome::Lost, false, 0, 1, MAX_LOST),
            Next::End(FinalState::Failed)
        );
    }

    #[test]
    fn nothing_more_is_tried_of_a_job_that_is_cancelled() {
        let temporary = next_after(AttemptOutcome::Failed, true, 1, 9, 0);
        assert_eq!(temporary.unless_cancelled(true), Next::End(FinalState::Cancelled));
        assert_eq!(Next::RunAgain.unless_cancelled(true), Next::End(FinalState::Cancelled));
        assert_eq!(Next::RunAgain.unless_cancelled(false), Next::RunAgain);
        let done = Next::End(FinalState::Succeeded);
        assert_eq!(done.unless_cancelled(true), done, "it was done before");
    }

    #[test]
    fn the_most_attempts_grow_with_lost_ones_and_when_it_is_run_again() {
        let most =
            |made, state, used, lost| most_attempts(made, state, Tries { used, max: 3, lost });
        assert_eq!(most(0, JobState::Queued, 0, 0), 3);
        assert_eq!(most(1, JobState::Running, 0, 0), 3);
        assert_eq!(most(2, JobState::Retrying, 2, 0), 3);
        assert_eq!(most(3, JobState::Failed, 3, 0), 3);
        assert_eq!(most(2, JobState::Running, 0, 1), 4, "the first was lost");
        assert_eq!(most(5, JobState::Queued, 0, 0), 8, "run again after five");
        assert_eq!(most(6, JobState::Running, 0, 0), 8);
        assert_eq!(most(6, JobState::Failed, 1, 0), 8);
        assert_eq!(most(1, JobState::Failed, 9, 0), 3, "never below what the webhook says");
    }

    #[test]
    fn every_word_reads_back() {
        assert!(JobState::ALL.iter().all(|s| JobState::parse(s.as_str()) == Some(*s)));
        assert!(AttemptOutcome::ALL.iter().all(|o| AttemptOutcome::parse(o.as_str()) == Some(*o)));
    }

    proptest! {
        #[test]
        fn a_job_never_tries_for_ever(
            outcomes in prop::collection::vec((0usize..5, any::<bool>()), 200),
            max in 1i32..20,
        ) {
            let mut tries = Tries { used: 0, max, lost: 0 };
            let mut ended = false;
            for (index, temporary) in outcomes {
                let outcome = AttemptOutcome::ALL[index];
                match outcome {
                    AttemptOutcome::Lost => tries.lost += 1,
                    _ => tries.used += 1,
                }
                let policy = temporary.then(Policy::default);
                match decide_next(outcome, policy.as_ref(), tries, NOW, 0.5) {
                    Next::End(_) => { ended = true; break; }
                    Next::RetryAt(at) => prop_assert!(at > NOW),
                    Next::RunAgain => prop_assert_eq!(outcome, AttemptOutcome::Lost),
                }
                prop_assert!(tries.used + tries.lost < max + MAX_LOST);
            }
            prop_assert!(ended);
        }
    }
}
