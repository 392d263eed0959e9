//! A child from its start to its end: its pipes, signals to it and its group, what it used.

use super::reap::{self, Usage};
use super::{Order, Report, guard, supervise, thread, tree};
use rustix::process::{
    Pid, PidfdFlags, Signal, kill_process, kill_process_group, test_kill_process,
};
use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// A started process and its group. Dropped before it ended, the group gets the death signal, as
/// if Signalbox had died.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    /// Readable once the process has ended. Source: `pidfd_open(2)`.
    end: AsyncFd<OwnedFd>,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    death_signal: Signal,
    /// There is one where a supervisor stands between us and the command.
    report: Option<Report>,
    ended: Option<(ExitStatus, Usage)>,
}

impl Child {
    pub(super) fn of(
        pid: Pid,
        started: &mut std::process::Child,
        (death_signal, report): (Signal, Option<Report>),
    ) -> io::Result<Self> {
        let end = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)?;
        #[expect(unsafe_code, reason = "tokio watches a descriptor that it does not own")]
        // SAFETY: an `OwnedFd` is the same open descriptor until it is dropped, which the `AsyncFd`
        // does itself, after it has stopped watching.
        let end = unsafe { AsyncFd::register_with_interest(end, Interest::READABLE)? };
        Ok(Self {
            pid,
            end,
            stdin: started.stdin.take().map(ChildStdin::from_std).transpose()?,
            stdout: started.stdout.take().map(ChildStdout::from_std).transpose()?,
            stderr: started.stderr.take().map(ChildStderr::from_std).transpose()?,
            death_signal,
            report,
            ended: None,
        })
    }

    /// The command's number, which is its group's too.
    pub fn pid(&self) -> i32 {
        self.group().as_raw_pid()
    }

    fn group(&self) -> Pid {
        self.report.as_ref().map_or(self.pid, |report| report.command)
    }

    /// Whether somebody had to be ended whom the command left behind. Known once it has ended.
    pub fn left_behind(&mut self) -> bool {
        let ended = self.ended.is_some();
        self.report.as_mut().is_some_and(|report| ended && report.left_behind())
    }

    /// The writing end of its standard input, if piped; once.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// The reading end of its standard output, if piped; once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// The reading end of its standard error, if piped; once.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.stderr.take()
    }

    /// Waits for the process: if all that it starts ends with it, for them too, else for none of
    /// them. May be called again.
    ///
    /// # Errors
    /// What the operating system says, which it does not for a child of ours.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some((status, _)) = self.ended {
                return Ok(status);
            }
            self.ended = reap::reap(self.pid)?;
            if self.ended.is_none() {
                let mut ready = self.end.readable().await?;
                // It stays readable for good; only an early wake-up must be waited out again.
                if !reap::has_ended(self.end.get_ref()) {
                    ready.clear_ready();
                }
            }
        }
    }

    /// What it used, with those of its children that it waited for, once it has ended.
    pub fn usage(&self) -> Option<Usage> {
        self.ended.map(|(_, usage)| usage)
    }

    /// Sends a signal to the process alone, if it has not ended.
    pub fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            // It may end at this moment; its number is still its own until `wait` returns.
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Sends a signal to every process left in its group, also when the first one has ended. If all
    /// that it starts ends with it: to everybody, until it has ended.
    pub fn signal_group(&self, signal: Signal) {
        if self.report.is_some() {
            if self.ended.is_none() {
                self.signal_all(signal);
            }
            return;
        }
        // While members live, no other process can get the number. A living process of that number
        // after ours was waited for means that the group is gone and the number went to a stranger.
        let gone = self.ended.is_some();
        let taken_over = gone && test_kill_process(self.pid) != Err(rustix::io::Errno::SRCH);
        if !taken_over {
            let _ = kill_process_group(self.pid, signal);
        }
    }
}

impl Child {
    fn signal_all(&self, signal: Signal) {
        if signal == Signal::KILL {
            // It goes on until nobody is left; we may reach those that gained rights it has not.
            let _ = kill_process(self.pid, supervise::END_ALL);
        }
        let all = tree::descendants(self.pid);
        if all.contains(&self.group()) {
            // At once: none of them starts another in between.
            let _ = kill_process_group(self.group(), signal);
        }
        for pid in all {
            let _ = kill_process(pid, signal);
        }
    }

    /// Ends the one between us and the command, which waits in vain for somebody to end.
    pub fn give_up(&self) {
        if self.ended.is_none() {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.signal_group(self.death_signal);
            // Its number stays taken until somebody has waited for it.
            let _ = thread().send(Order::Reap(self.pid));
        }
        if self.death_signal == Signal::KILL {
            guard::release(self.group());
        }
    }
}
