//! Which event may move a job from where to where: the whole table in one `match`.

use super::{JobState, Next};
use chrono::{DateTime, Utc};

/// What happens to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEvent {
    /// A worker begins an attempt.
    Begin,
    /// An attempt ended, by itself or because its worker was lost or stopped.
    End(Next),
    /// A person ends a job that waits.
    Cancel,
    /// A person, or a newer job of its ref, asks the worker to end the attempt.
    AskToCancel,
    /// A newer job takes its place.
    Supersede,
    /// A person does not want to wait for its time.
    RunNow,
    /// A person wants an ended job once more, its tries counted anew.
    RunAgain,
    /// Its lane is not free, or it is paused.
    Hold,
    /// What held it back is over.
    Release,
}

/// Where the event leads, or nothing if a job in that state cannot meet it.
#[must_use]
pub fn next_state(from: JobState, event: JobEvent) -> Option<JobState> {
    let may_meet = match event {
        JobEvent::Begin
        | JobEvent::Cancel
        | JobEvent::Supersede
        | JobEvent::Hold
        | JobEvent::Release => JobState::WAITING.contains(&from),
        JobEvent::RunNow => from.may_run_now(),
        JobEvent::AskToCancel | JobEvent::End(_) => from == JobState::Running,
        JobEvent::RunAgain => from.may_run_again(),
    };
    may_meet.then(|| event.target_state().unwrap_or(from))
}

impl JobEvent {
    /// The states in which a job can meet it.
    #[must_use]
    pub fn source_states(self) -> Vec<JobState> {
        JobState::ALL.into_iter().filter(|from| next_state(*from, self).is_some()).collect()
    }

    /// The state it leads to; none if it leaves each job's state as it is.
    #[must_use]
    pub fn target_state(self) -> Option<JobState> {
        match self {
            Self::Begin => Some(JobState::Running),
            Self::End(next) => Some(next.resulting_state()),
            Self::Cancel => Some(JobState::Cancelled),
            Self::Supersede => Some(JobState::Superseded),
            Self::RunAgain => Some(JobState::Queued),
            Self::AskToCancel | Self::RunNow | Self::Hold | Self::Release => None,
        }
    }
}

/// An end: nothing follows, whatever the attempt's outcome was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalState {
    /// Done.
    Succeeded,
    /// Attempts used up, or a failure that is not retried.
    Failed,
    /// Ended by a person, or by a newer job that took its place.
    Cancelled,
}

impl Next {
    /// The state it leads to.
    #[must_use]
    pub fn resulting_state(self) -> JobState {
        match self {
            Self::End(FinalState::Succeeded) => JobState::Succeeded,
            Self::End(FinalState::Failed) => JobState::Failed,
            Self::End(FinalState::Cancelled) => JobState::Cancelled,
            Self::RetryAt(_) => JobState::Retrying,
            Self::RunAgain => JobState::Queued,
        }
    }

    /// When the next attempt is due, if one follows.
    #[must_use]
    pub fn due_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::RetryAt(at) => Some(at),
            Self::RunAgain => Some(now),
            Self::End(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all_events() -> Vec<JobEvent> {
        let ends = [FinalState::Succeeded, FinalState::Failed, FinalState::Cancelled];
        let next = ends.map(Next::End).into_iter();
        let next = next.chain([Next::RetryAt(DateTime::UNIX_EPOCH), Next::RunAgain]);
        let other = [
            JobEvent::Begin,
            JobEvent::Cancel,
            JobEvent::AskToCancel,
            JobEvent::Supersede,
            JobEvent::RunNow,
            JobEvent::RunAgain,
            JobEvent::Hold,
            JobEvent::Release,
        ];
        next.map(JobEvent::End).chain(other).collect()
    }

    #[test]
    fn cancel_is_legal_where_a_job_waits_or_runs() {
        for state in JobState::ALL {
            let allows = |event| next_state(state, event).is_some();
            let cancels = allows(JobEvent::Cancel) || allows(JobEvent::AskToCancel);
            assert_eq!(state.may_cancel(), cancels, "{state:?}");
        }
    }

    #[test]
    fn every_state_is_reached_and_left_by_somebody() {
        for state in JobState::ALL {
            let leaves = all_events()
                .into_iter()
                .any(|event| next_state(state, event).is_some_and(|to| to != state));
            assert!(leaves, "{state:?} is a trap");
            // Scheduled is where a debounced job begins.
            let is_reached = JobState::ALL.into_iter().any(|from| {
                all_events().into_iter().any(|event| next_state(from, event) == Some(state))
            });
            assert!(is_reached, "{state:?} is never reached");
        }
    }

    #[test]
    fn an_attempt_begins_where_a_job_waits_and_ends_where_it_runs() {
        assert_eq!(
            JobEvent::Begin.source_states(),
            [JobState::Queued, JobState::Scheduled, JobState::Retrying]
        );
        assert_eq!(JobEvent::End(Next::RunAgain).source_states(), [JobState::Running]);
    }

    proptest! {
        /// Whatever happens in whatever order: one attempt at a time, each ended once, and a final
        /// state is left by a person's wish alone.
        #[test]
        fn attempts_never_overlap(
            choices in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
            scheduled in any::<bool>(),
        ) {
            let mut state = if scheduled { JobState::Scheduled } else { JobState::Queued };
            let mut open = 0;
            for choice in choices {
                let event = *choice.get(&all_events());
                let Some(to) = next_state(state, event) else { continue };
                match event {
                    JobEvent::Begin => open += 1,
                    JobEvent::End(_) => open -= 1,
                    JobEvent::RunAgain => prop_assert!(state.is_final()),
                    _ => prop_assert!(!state.is_final()),
                }
                prop_assert_eq!(open, i32::from(to == JobState::Running));
                state = to;
            }
        }
    }
}
