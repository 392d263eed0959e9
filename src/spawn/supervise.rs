//! The process that stands between us and a command, so that nothing the command starts outlives it.
//!
//! A child may leave its group and its session (`setsid`), and its parent may end before it: it
//! then belongs to `init`, and nobody knows any more whose it was. Where a process is a *subreaper*
//! (`prctl(2)`, `PR_SET_CHILD_SUBREAPER`) such orphans become its own children instead. So the
//! process that we fork becomes a subreaper and forks once more: the second one becomes the
//! command, the first stays, waits for everybody, and ends as the command ended once all are gone.
//!
//! It is a copy of us that never runs another program: it keeps no file open and cannot be looked
//! into. Between `fork` and its end it makes system calls and nothing else: no memory, no locks.

use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, WaitStatus, getpid, getppid, kill_process,
    set_child_subreaper, set_dumpable_behavior, set_parent_process_death_signal, setpgid, wait,
};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// Tells it to end all that is left, at once.
pub(super) const END_ALL: Signal = Signal::USR1;

/// What it says when it had to end somebody whom the command left behind.
pub(super) const LEFT_BEHIND: u8 = b'L';

/// How long those may take to end by themselves, as a `tee` at the end of its input does ...
const LINGER: Duration = Duration::from_secs(1);
/// ... until they get TERM, and from then to KILL.
const GRACE: Duration = Duration::from_secs(2);
/// After this they are given up: nobody may end them, or the kernel does not let them go.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How often is looked without being told, while somebody is to end.
const LOOK: Duration = Duration::from_millis(50);
/// And otherwise.
const SELDOM: Duration = Duration::from_mins(1);

/// Comes back in the process that is to become the command, the leader of a group of its own; the
/// one that it was called in never returns. `report` gets the command's number.
///
/// # Errors
/// What the operating system says to the fork.
pub(super) fn split(report: BorrowedFd<'_>, ours: Pid, may_leave: bool) -> io::Result<()> {
    let parent = getpid();
    // Any number but none switches it on.
    set_child_subreaper(Some(parent))?;
    block_signals(true);
    #[expect(unsafe_code, reason = "there is no safe fork")]
    // SAFETY: both processes have one thread and make system calls only, as the caller's closure
    // must, until one runs the command and the other ends.
    let forked = unsafe { libc::fork() };
    match forked {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            block_signals(false);
            setpgid(None, None)?;
            // Whoever kills the one between us ends the command.
            set_parent_process_death_signal(Some(Signal::KILL))?;
            let orphaned = getppid() != Some(parent);
            if orphaned { Err(io::Error::from(rustix::io::Errno::SRCH)) } else { Ok(()) }
        }
        command => {
            let _ = rustix::io::write(report, &command.to_ne_bytes());
            let _ = rustix::thread::set_name(c"sb-supervisor");
            let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
            keep_only(report);
            // It wakes us; that our parent is another one is what counts.
            let _ = set_parent_process_death_signal(Some(Signal::HUP));
            stay(command, ours, may_leave)
        }
    }
}

/// Waits for everybody, and ends whom the command leaves behind.
fn stay(command: i32, ours: Pid, may_leave: bool) -> ! {
    let mut status: Option<WaitStatus> = None;
    let mut since: Option<Instant> = None;
    let (mut end_all, mut is_told) = (false, false);
    loop {
        let (mut somebody_ended, mut is_alone) = (false, false);
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, ended))) => {
                    somebody_ended = true;
                    if pid.as_raw_pid() == command {
                        status = Some(ended);
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    is_alone = true;
                    break;
                }
            }
        }
        if let Some(status) = status.filter(|_| is_alone || (may_leave && !end_all)) {
            end_as(status);
        }
        if is_alone {
            end(1);
        }
        end_all |= getppid() != Some(ours);
        if status.is_some() && since.is_none() {
            since = Some(Instant::now());
        }
        let waited = since.map_or(Duration::ZERO, |since| since.elapsed());
        if waited > LINGER && !is_told {
            (is_told, somebody_ended) = (true, true);
            say(LEFT_BEHIND);
        }
        if let Some(status) = status.filter(|_| waited > GIVE_UP) {
            end_as(status);
        }
        if end_all || waited > LINGER + GRACE {
            signal_children(Signal::KILL);
        } else if is_told && somebody_ended {
            // Children of those who end become ours: each gets its own.
            signal_children(Signal::TERM);
        }
        let time = if end_all || since.is_some() { LOOK } else { SELDOM };
        end_all |= wait_for_signal(time) == Some(END_ALL.as_raw());
    }
}

/// Sends a signal to each of our children. Those of theirs that are left follow when they are ours.
fn signal_children(signal: Signal) {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Ok(list) = open(c"/proc/thread-self/children", flags, Mode::empty()) else { return };
    let mut buffer = [0_u8; 4096];
    let read = rustix::io::read(&list, &mut buffer).unwrap_or(0);
    let mut number: i32 = 0;
    // A number that is cut off has no space behind it; its turn comes with the next look.
    for byte in buffer.iter().take(read) {
        if byte.is_ascii_digit() {
            number = number.saturating_mul(10).saturating_add(i32::from(byte - b'0'));
        } else {
            if let Some(pid) = Pid::from_raw(number) {
                let _ = kill_process(pid, signal);
            }
            number = 0;
        }
    }
}

/// Ends as the command did: with its code, or by its signal.
fn end_as(status: WaitStatus) -> ! {
    if let Some(signal) = status.terminating_signal() {
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
        #[expect(unsafe_code, reason = "there is no safe way to end by a signal")]
        // SAFETY: a system call that takes two numbers.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
        }
        block_signals(false);
        if let Some(signal) = Signal::from_named_raw(signal) {
            let _ = kill_process(getpid(), signal);
        }
        end(128_i32.saturating_add(signal));
    }
    end(status.exit_status().unwrap_or(1))
}

fn end(code: i32) -> ! {
    #[expect(unsafe_code, reason = "std's exit runs what belongs to the process we are a copy of")]
    // SAFETY: it ends this process and runs nothing.
    unsafe {
        libc::_exit(code)
    }
}

/// The report is our only open file, number 0.
fn keep_only(report: BorrowedFd<'_>) {
    use std::os::fd::AsRawFd;
    let report: RawFd = report.as_raw_fd();
    #[expect(unsafe_code, reason = "closes what others of this process own, who do not run here")]
    // SAFETY: system calls on numbers. Nothing of this process that owns a file runs any more.
    unsafe {
        libc::dup2(report, 0);
        // Source: close_range(2), Linux 5.9; before, one by one.
        if libc::syscall(libc::SYS_close_range, 1_u32, u32::MAX, 0_u32) != 0 {
            for number in 1..65_536 {
                libc::close(number);
            }
        }
    }
}

fn say(what: u8) {
    #[expect(unsafe_code, reason = "file 0 is the report, which nobody else has here")]
    // SAFETY: it is open until this process ends.
    let report = unsafe { BorrowedFd::borrow_raw(0) };
    let _ = rustix::io::write(report, &[what]);
}

fn block_signals(all: bool) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    #[expect(unsafe_code, reason = "rustix has no safe interface to masks of signals")]
    // SAFETY: the set is filled before it is read; sigprocmask keeps no pointer.
    unsafe {
        if all {
            libc::sigfillset(set.as_mut_ptr());
        } else {
            libc::sigemptyset(set.as_mut_ptr());
        }
        libc::sigprocmask(libc::SIG_SETMASK, set.as_ptr(), std::ptr::null_mut());
    }
}

/// The signal that came, if one did; all are blocked, so that none is lost before we ask.
fn wait_for_signal(time: Duration) -> Option<i32> {
    let time = libc::timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(60),
        tv_nsec: time.subsec_nanos().into(),
    };
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    #[expect(unsafe_code, reason = "rustix has no safe interface to waiting for signals")]
    // SAFETY: the set is filled before it is read; none of the pointers is kept.
    let signal = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for awaited in [libc::SIGCHLD, libc::SIGHUP, libc::SIGUSR1] {
            libc::sigaddset(set.as_mut_ptr(), awaited);
        }
        libc::sigtimedwait(set.as_ptr(), std::ptr::null_mut(), &raw const time)
    };
    (signal > 0).then_some(signal)
}
