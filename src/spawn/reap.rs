//! Waiting for children in the one way that also tells what they used: `wait4(2)`.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// What a process used, with those of its children that it waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, in programs and in the kernel.
    pub cpu: Duration,
    /// The most memory that the largest of them held at once, in KiB.
    pub peak_memory_kib: u64,
}

/// How a child ended, if it has; from then on its number is free.
pub(super) fn reap(pid: Pid) -> io::Result<Option<(ExitStatus, Usage)>> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    #[expect(unsafe_code, reason = "no safe interface tells what one child used")]
    // SAFETY: both pointers lead to variables of this function that are large enough, and zero is
    // a value of every field of `rusage`.
    let (waited, usage) = unsafe {
        let waited =
            libc::wait4(pid.as_raw_pid(), &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (waited, usage.assume_init())
    };
    match waited {
        0 => Ok(None),
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(Some((ExitStatus::from_raw(status), in_our_words(&usage)))),
    }
}

fn in_our_words(usage: &libc::rusage) -> Usage {
    let time = |time: libc::timeval| {
        let whole = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default());
        whole + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or_default())
    };
    Usage {
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        peak_memory_kib: u64::try_from(usage.ru_maxrss).unwrap_or_default(),
    }
}

/// Whether the process of a pidfd has ended, waited for or not.
pub(super) fn has_ended(pidfd: &OwnedFd) -> bool {
    let mut look = [PollFd::new(pidfd, PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut look, Some(&at_once)).is_ok_and(|ready| ready > 0)
}
