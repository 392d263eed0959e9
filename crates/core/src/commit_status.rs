//! What GitLab shows of a job at its commit. Source: <https://docs.gitlab.com/api/commits/>, “Set the
//! pipeline status of a commit”.

use crate::job::JobState;

/// The longest name of an environment, in characters.
const MAX_ENVIRONMENT: usize = 255;

/// Whether GitLab takes this for the name of an environment. Source:
/// <https://docs.gitlab.com/ci/yaml/#environmentname>.
#[must_use]
pub fn is_environment(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_/${}. ".contains(c);
    !name.is_empty()
        && name.chars().count() <= MAX_ENVIRONMENT
        && name.chars().all(fits)
        && !name.starts_with('/')
        && !name.ends_with('/')
}

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

#[cfg(test)]
mod tests {
    use super::is_environment;

    #[test]
    fn what_gitlab_takes_for_an_environment_is_told() {
        for name in ["production", "review/my-branch", "Staging 2", "a.b_c"] {
            assert!(is_environment(name), "{name}");
        }
        for name in ["", "/a", "a/", "生产", "a;b", &"a".repeat(256)] {
            assert!(!is_environment(name), "{name}");
        }
    }
}
