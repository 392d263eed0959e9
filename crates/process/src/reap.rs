//! Waiting for children in the one way that also tells what they used: `wait4(2)`.

use rustix::process::Pid;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// What a process used, with those of its children that it waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, in programs and in the kernel.
    pub cpu: Duration,
    /// The most memory that the largest of them held at once, in KiB.
    pub peak_memory_kib: u64,
}

impl Usage {
    /// Adds what another process used.
    pub(super) fn add_usage(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.peak_memory_kib = self.peak_memory_kib.max(other.peak_memory_kib);
    }
}

/// A child of ours that has ended, if there is one; from then on its number is free.
///
/// # Errors
/// We have no children.
pub(super) fn reap_child() -> io::Result<Option<(Pid, ExitStatus, Usage)>> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    #[expect(unsafe_code, reason = "no safe interface tells what one child used")]
    // SAFETY: both pointers lead to variables of this function that are large enough, and zero is
    // a value of every field of `rusage`.
    let (waited, usage) = unsafe {
        let waited = libc::wait4(-1, &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (waited, usage.assume_init())
    };
    if waited < 0 {
        return Err(io::Error::last_os_error());
    }
    let ended = Pid::from_raw(waited);
    Ok(ended.map(|pid| (pid, ExitStatus::from_raw(status), usage_from_rusage(&usage))))
}

fn usage_from_rusage(usage: &libc::rusage) -> Usage {
    let time = |time: libc::timeval| {
        let whole = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default());
        whole + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or_default())
    };
    Usage {
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        peak_memory_kib: u64::try_from(usage.ru_maxrss).unwrap_or_default(),
    }
}
