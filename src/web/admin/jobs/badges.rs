//! The states of jobs and of their attempts as badges.

use crate::web::admin::kit::badge::{Badge, Tone};
use signalbox_core::job::{AttemptOutcome, JobState};

/// A job's state.
pub fn job_badge(state: JobState) -> Badge {
    let (icon, tone) = match state {
        JobState::Queued => ("clock", Tone::Plain),
        JobState::Scheduled => ("calendar", Tone::Plain),
        JobState::Running => ("play", Tone::Busy),
        JobState::Succeeded => ("check", Tone::Good),
        JobState::Retrying => ("retry", Tone::Again),
        JobState::Failed => ("cross", Tone::Bad),
        JobState::Cancelled => ("stop", Tone::Quiet),
        JobState::Superseded => ("skip", Tone::Quiet),
    };
    Badge::new(state.as_str(), state.label(), icon, tone)
}

/// An attempt's outcome; none = it still runs.
pub fn outcome_badge(outcome: Option<AttemptOutcome>) -> Badge {
    let Some(outcome) = outcome else { return job_badge(JobState::Running) };
    let (icon, tone) = match outcome {
        AttemptOutcome::Succeeded => ("check", Tone::Good),
        AttemptOutcome::Failed => ("cross", Tone::Bad),
        AttemptOutcome::TimedOut => ("timer", Tone::Bad),
        AttemptOutcome::Cancelled => ("stop", Tone::Quiet),
        AttemptOutcome::Lost => ("unplug", Tone::Again),
    };
    Badge::new(outcome.as_str(), outcome.label(), icon, tone)
}
