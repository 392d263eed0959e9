//! A child from its start to its end: its pipes, signals to it and its group, what it used.

use super::reap::Usage;
use super::{Launch, Offspring, Receiver, Sender, Stdio, pool, wire};
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};
use std::io;
use std::mem::replace;
use std::os::fd::AsFd;
use std::process::ExitStatus;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// A started process and its group. Dropped before it ended, the group gets the death signal, as
/// if Signalbox had died.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    offspring: Offspring,
    /// Our end of its socket, until the end.
    supervisor: Option<UnixStream>,
    stdin: Option<Sender>,
    stdout: Option<Receiver>,
    stderr: Option<Receiver>,
    /// What the supervisor has said of the end so far.
    said: Vec<u8>,
    end: Option<wire::End>,
}

impl Child {
    pub(super) async fn start_child(mut launch: Launch) -> io::Result<Self> {
        let (stdin, input) = replace(&mut launch.stdin, Stdio::Null).for_reading()?;
        let (stdout, output) = replace(&mut launch.stdout, Stdio::Null).for_writing()?;
        let (stderr, errors) = replace(&mut launch.stderr, Stdio::Null).for_writing()?;

        let supervisor = pool::take_supervisor()?;
        let request = wire::encode_launch(&launch);
        let head = [&[wire::REQUEST][..], &request.len().to_ne_bytes()].concat();
        // It has read all that was sent before, so that there is room for the beginning.
        let files = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        let sent = wire::send_parts(&supervisor, &[&head, &request], &files)?;
        drop((stdin, stdout, stderr));

        let mut supervisor = UnixStream::from_std(supervisor)?;
        let left = request.get(sent.saturating_sub(head.len())..).unwrap_or_default();
        supervisor.write_all(left).await?;
        let mut number = [0; wire::STARTED];
        supervisor.read_exact(&mut number).await?;
        let number = i32::from_ne_bytes(number);
        let Some(pid) = Pid::from_raw(number.max(0)) else {
            give_back(supervisor);
            return Err(io::Error::from_raw_os_error(number.saturating_neg()));
        };
        Ok(Self {
            pid,
            offspring: launch.offspring,
            supervisor: Some(supervisor),
            stdin: input,
            stdout: output,
            stderr: errors,
            said: Vec::with_capacity(wire::End::LENGTH),
            end: None,
        })
    }

    /// The process's number, which is its group's too.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// Whether somebody had to be ended whom it left behind. Known once it has ended.
    pub fn left_behind(&self) -> bool {
        self.end.is_some_and(|end| end.left_behind)
    }

    /// The writing end of its standard input, if piped; once.
    pub fn take_stdin(&mut self) -> Option<Sender> {
        self.stdin.take()
    }

    /// The reading end of its standard output, if piped; once.
    pub fn take_stdout(&mut self) -> Option<Receiver> {
        self.stdout.take()
    }

    /// The reading end of its standard error, if piped; once.
    pub fn take_stderr(&mut self) -> Option<Receiver> {
        self.stderr.take()
    }

    /// Waits for the process: if all that it starts ends with it, for them too, else for none of
    /// them. May be called again.
    ///
    /// # Errors
    /// What the operating system says, which it does not for a socket of ours.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        while let Some(supervisor) = &mut self.supervisor {
            if supervisor.read_buf(&mut self.said).await.unwrap_or(0) == 0 {
                // Somebody killed it, and so the kernel the process; the rest of the group is left.
                let _ = kill_process_group(self.pid, Signal::KILL);
                self.give_up();
            } else if let Some(end) = wire::End::decode_end(&self.said) {
                self.end = Some(end);
                if let Some(supervisor) = self.supervisor.take()
                    && end.is_supervisor_free
                {
                    give_back(supervisor);
                }
            }
        }
        self.end.map(|end| end.status).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// What it used, with those of its children that it waited for, once it has ended.
    pub fn resource_usage(&self) -> Option<Usage> {
        self.end?.usage
    }

    /// Sends a signal to the process alone, if it has not ended.
    pub fn send_signal(&self, signal: Signal) {
        self.send_byte(wire::encode_signal(signal, false));
    }

    /// Sends a signal to every process left in its group, also when the first one has ended. If all
    /// that it starts ends with it: to everybody, until it has ended.
    pub fn signal_group(&self, signal: Signal) {
        self.send_byte(wire::encode_signal(signal, true));
        // While members live, no other process can get the number. A living process of that number
        // after ours was waited for means that the group is gone and the number went to a stranger.
        let may_be_left = self.end.is_some() && self.offspring == Offspring::OnItsOwn;
        if may_be_left && test_kill_process(self.pid) == Err(rustix::io::Errno::SRCH) {
            let _ = kill_process_group(self.pid, signal);
        }
    }

    fn send_byte(&self, signal: u8) {
        if let Some(supervisor) = &self.supervisor {
            // Not by way of tokio: a drop cannot wait until it knows that there is room.
            let _ = send(supervisor, &[signal], SendFlags::NOSIGNAL);
        }
    }

    /// Waits no longer for those who do not end. Its supervisor goes on trying.
    pub fn give_up(&mut self) {
        if self.supervisor.take().is_some() {
            self.end = Some(wire::End::unseen_end());
        }
    }
}

/// For the next one, which may be of another runtime.
fn give_back(supervisor: UnixStream) {
    if let Ok(supervisor) = supervisor.into_std() {
        pool::give_back(supervisor);
    }
}
