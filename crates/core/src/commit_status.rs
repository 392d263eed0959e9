//! What GitLab shows of a job at its commit. Source: <https://docs.gitlab.com/api/commits/>, “Set the
//! pipeline status of a commit”.

use crate::job::JobState;

/// GitLab's states of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitStatus {
    /// It waits.
    Pending,
    /// It is under way.
    Running,
    /// It succeeded.
    Success,
    /// It failed.
    Failed,
    /// It ended without a result.
    Canceled,
}

impl CommitStatus {
    /// What a job's state is to GitLab. A job that is to be attempted again is still under way: GitLab
    /// takes no way back from running to pending.
    #[must_use]
    pub fn of_job(state: JobState) -> Self {
        match state {
            JobState::Queued | JobState::Scheduled => Self::Pending,
            JobState::Running | JobState::Retrying => Self::Running,
            JobState::Succeeded => Self::Success,
            JobState::Failed => Self::Failed,
            JobState::Cancelled | JobState::Superseded => Self::Canceled,
        }
    }

    /// GitLab's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}
