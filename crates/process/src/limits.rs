//! What a child may use at most. Set in the child, between fork and exec.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;

/// What a process may use; `None` = as much as we may. Never more than we may ourselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Seconds of processor time, of each process of its own.
    pub cpu_s: Option<u64>,
    /// Bytes of address space, of each process.
    pub memory: Option<u64>,
    /// Files open at once, of each process.
    pub open_files: Option<u64>,
    /// Processes and threads of its user at once. Does not hold for root.
    pub processes: Option<u64>,
}

impl Limits {
    /// Sets them for this very process. System calls only: it runs between fork and exec.
    pub(super) fn apply_to_self(self) -> io::Result<()> {
        // At the first limit comes SIGXCPU, which says why; a second later SIGKILL.
        lower_limit(Resource::Cpu, self.cpu_s, 1)?;
        lower_limit(Resource::As, self.memory, 0)?;
        lower_limit(Resource::Nofile, self.open_files, 0)?;
        lower_limit(Resource::Nproc, self.processes, 0)
    }
}

fn lower_limit(resource: Resource, most: Option<u64>, more: u64) -> io::Result<()> {
    let Some(most) = most else { return Ok(()) };
    let ours = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit {
        current: Some(most.min(ours)),
        maximum: Some(most.saturating_add(more).min(ours)),
    };
    Ok(setrlimit(resource, limit)?)
}
