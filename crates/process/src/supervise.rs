//! The process that stands between us and a program, so that nothing the program starts outlives it.
//!
//! A child may leave its group and its session (`setsid`), and its parent may end before it: it
//! then belongs to `init`, and nobody knows any more whose it was. Where a process is a *subreaper*
//! (`prctl(2)`, `PR_SET_CHILD_SUBREAPER`) such orphans become its own children instead. So a supervisor
//! is one, runs one program at a time, waits for everybody, and tells the end once all are gone.
//!
//! Like the spawner, of which it is a copy, it has one thread and cannot be looked into.

use super::reap::{self, Usage};
use super::{Launch, Offspring, start, tree, wire};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, Signal, getpgid, getpid, kill_process, kill_process_group, set_child_subreaper,
};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// How long those left behind may take to end by themselves, as a `tee` at the end of its input does ...
const LINGER: Duration = Duration::from_secs(1);
/// ... until they get TERM, and from then to KILL.
const GRACE: Duration = Duration::from_secs(2);
/// After this they are given up: nobody may end them, or the kernel does not let them go.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How often is looked without being told, while somebody is to end.
const LOOK: Duration = Duration::from_millis(50);

/// Runs one program after the other, until somebody closes the socket.
pub(super) fn serve_supervisor(mut socket: UnixStream, signals: &OwnedFd) -> io::Result<()> {
    rustix::thread::set_name(c"sb-supervisor")?;
    loop {
        let launch = receive_launch(&mut socket)?;
        let (offspring, death_signal) = (launch.offspring, launch.death_signal);
        // Any number but none switches it on.
        set_child_subreaper((offspring != Offspring::OnItsOwn).then(getpid))?;
        let pid = match start::start_program(launch) {
            Ok(pid) => pid,
            Err(error) => {
                let number = error.raw_os_error().unwrap_or(libc::EINVAL);
                socket.write_all(&number.saturating_neg().to_ne_bytes())?;
                continue;
            }
        };
        socket.write_all(&pid.as_raw_pid().to_ne_bytes())?;
        let watch = Watch {
            socket: &mut socket,
            signals,
            pid,
            offspring,
            death_signal,
            usage: Usage::default(),
            ended: None,
            end_all: false,
            is_deserted: false,
        };
        let end = watch.see_through()?;
        socket.write_all(&end.encode_end())?;
        if !end.is_supervisor_free {
            return Ok(());
        }
    }
}

/// The next thing to start.
fn receive_launch(socket: &mut UnixStream) -> io::Result<Launch> {
    let files = loop {
        let mut first = [0];
        let (count, files) = wire::receive_into(socket.as_fd(), &mut first)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first == [wire::REQUEST] {
            break files;
        }
        // A signal for one that had ended.
    };
    let mut length = 0_usize.to_ne_bytes();
    socket.read_exact(&mut length)?;
    let mut request = vec![0; usize::from_ne_bytes(length)];
    socket.read_exact(&mut request)?;
    let launch = files.try_into().ok().and_then(|files| wire::decode_launch(&request, files));
    launch.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A program that runs, and all that it started.
struct Watch<'a> {
    socket: &'a mut UnixStream,
    signals: &'a OwnedFd,
    pid: Pid,
    offspring: Offspring,
    death_signal: Signal,
    usage: Usage,
    /// How and when the program ended.
    ended: Option<(ExitStatus, Instant)>,
    /// Whether nobody is to be left.
    end_all: bool,
    /// Whether nobody wants to hear of it any more.
    is_deserted: bool,
}

impl Watch<'_> {
    /// Waits for everybody, and ends whom the program leaves behind.
    fn see_through(mut self) -> io::Result<wire::End> {
        let mut left_behind = false;
        loop {
            let (mut somebody_ended, is_alone) = self.reap_ended();
            let waited = self.ended.map_or(Duration::ZERO, |(_, since)| since.elapsed());
            let is_over = is_alone || self.may_live() || waited > GIVE_UP;
            if let Some((status, _)) = self.ended
                && is_over
            {
                let usage = Some(self.usage);
                let is_supervisor_free = is_alone && !self.is_deserted;
                return Ok(wire::End { status, usage, left_behind, is_supervisor_free });
            }
            if waited > LINGER && !left_behind {
                (left_behind, somebody_ended) = (true, true);
            }
            if self.end_all || waited > LINGER + GRACE {
                signal_children(Signal::KILL);
            } else if left_behind && somebody_ended {
                // Children of those who end become ours: each gets its own.
                signal_children(Signal::TERM);
            }
            self.wait_for_news()?;
        }
    }

    /// Whether those who are left when the program has ended are none of our business.
    fn may_live(&self) -> bool {
        match self.offspring {
            Offspring::OnItsOwn => true,
            Offspring::MayLive => !self.end_all,
            Offspring::Ended => false,
        }
    }

    /// Waits for those who have ended: whether there were any, and whether nobody is left.
    fn reap_ended(&mut self) -> (bool, bool) {
        let mut somebody_ended = false;
        loop {
            match reap::reap_child() {
                Ok(Some((pid, status, usage))) => {
                    somebody_ended = true;
                    self.usage.add_usage(usage);
                    if pid == self.pid {
                        self.ended = Some((status, Instant::now()));
                    }
                }
                Ok(None) => return (somebody_ended, false),
                Err(_) => return (somebody_ended, true),
            }
        }
    }

    /// Waits until somebody ends, or we are told something; while somebody is to end, not for long.
    fn wait_for_news(&mut self) -> io::Result<()> {
        let look = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
        let look = (self.end_all || self.ended.is_some()).then_some(&look);
        let mut somebody_ended = [PollFd::new(self.signals, PollFlags::IN)];
        if self.is_deserted {
            // What is closed is readable for ever.
            poll(&mut somebody_ended, look)?;
        } else {
            let told = PollFd::new(&*self.socket, PollFlags::IN);
            let [somebody_ended] = somebody_ended;
            let mut files = [somebody_ended, told];
            poll(&mut files, look)?;
            let [_, told] = files;
            if !told.revents().is_empty() {
                self.listen_to_owner();
            }
        }
        // Made unreadable; who has ended is looked for in any case.
        let _ = rustix::io::read(self.signals, &mut [0; 1024]);
        Ok(())
    }

    fn listen_to_owner(&mut self) {
        let mut signals = [0; 16];
        let count = self.socket.read(&mut signals).unwrap_or(0);
        if count == 0 {
            self.is_deserted = true;
            self.signal_all(self.death_signal);
        }
        for (signal, is_for_all) in signals.into_iter().take(count).filter_map(wire::decode_signal)
        {
            if is_for_all {
                self.signal_all(signal);
            } else if self.ended.is_none() {
                let _ = kill_process(self.pid, signal);
            }
        }
    }

    fn signal_all(&mut self, signal: Signal) {
        // If it goes on when all are to end, until nobody is left.
        self.end_all |= signal == Signal::KILL;
        if self.offspring == Offspring::OnItsOwn {
            let _ = kill_process_group(self.pid, signal);
            return;
        }
        let all = tree::list_descendants(getpid());
        let has_group = all.contains(&self.pid);
        if has_group {
            // At once: none of them starts another in between.
            let _ = kill_process_group(self.pid, signal);
        }
        for pid in all {
            // Nobody gets it twice: what a program does at TERM, it does once.
            if !(has_group && getpgid(Some(pid)) == Ok(self.pid)) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

/// Sends a signal to each of our children. Those of theirs that are left follow when they are ours.
fn signal_children(signal: Signal) {
    for pid in tree::list_children(getpid()) {
        let _ = kill_process(pid, signal);
    }
}
