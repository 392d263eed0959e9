//! The process that supervisors are copies of: this program once more, before it has read or started
//! anything, so that there is next to nothing to copy.
//!
//! It has one thread, no settings and no environment. What it makes lives on if somebody kills it. If somebody
//! kills a supervisor, what that one watched becomes the spawner's (it is a subreaper too), which ends it.

use super::guard::close_to_others;
use super::{reap, signals, supervise, tree, wire};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, getpid, kill_process, set_child_subreaper};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;

/// What this program is told if it is to be the spawner.
pub(super) const SUBCOMMAND: &str = "spawner";

/// Where this process was started as the spawner, it is that until its end.
pub fn as_spawner() -> Option<ExitCode> {
    if std::env::args_os().nth(1)? != SUBCOMMAND {
        return None;
    }
    // It ends when its socket, the standard input, does.
    let _ = serve_spawns();
    Some(ExitCode::SUCCESS)
}

fn serve_spawns() -> io::Result<()> {
    rustix::thread::set_name(c"sb-spawner")?;
    // What it becomes is told secrets.
    close_to_others()?;
    std::env::set_current_dir("/")?;
    close_inherited();
    set_child_subreaper(Some(getpid()))?;
    let mut children = Children::default();
    let signals = signals::block_signals()?;
    let socket = io::stdin();
    loop {
        let told = &mut [PollFd::new(&socket, PollFlags::IN), PollFd::new(&signals, PollFlags::IN)];
        poll(told, None)?;
        let [asked, ended] = told;
        if !ended.revents().is_empty() {
            let _ = rustix::io::read(&signals, &mut [0; 1024]);
            children.reap_ended();
        }
        if !asked.revents().is_empty() {
            let (count, sockets) = wire::receive_into(socket.as_fd(), &mut [0])?;
            if count == 0 {
                return Ok(());
            }
            for its in sockets {
                children.supervisors.extend(make_supervisor(its, &signals));
            }
        }
    }
}

/// Whom the spawner made, and whom it was left.
#[derive(Default)]
struct Children {
    supervisors: Vec<Pid>,
    /// Those whose supervisor ended by itself: they may live on.
    left: Vec<Pid>,
    /// Those that were ended. Children of theirs become ours after them.
    killed: Vec<Pid>,
}

impl Children {
    /// Waits for those who have ended, and ends whom a supervisor watched that somebody killed.
    fn reap_ended(&mut self) {
        let (mut has_orphans, mut has_left) = (false, false);
        while let Ok(Some((pid, status, _))) = reap::reap_child() {
            if take(&mut self.supervisors, pid) {
                let was_killed = status.signal().is_some();
                has_orphans |= was_killed;
                has_left |= !was_killed;
            }
            has_orphans |= take(&mut self.killed, pid);
        }
        let mut others = tree::list_children(getpid());
        others.retain(|pid| !self.supervisors.contains(pid));
        // Of two that ended at the same moment, nobody knows whose they were.
        if has_left || !has_orphans {
            self.left = others;
            return;
        }
        others.retain(|pid| !self.left.contains(pid));
        for pid in &others {
            let _ = kill_process(*pid, Signal::KILL);
        }
        self.killed = others;
    }
}

/// Whether it was among them, where it is no more.
fn take(pids: &mut Vec<Pid>, pid: Pid) -> bool {
    let before = pids.len();
    pids.retain(|each| *each != pid);
    pids.len() < before
}

/// Its socket is closed in either case: by us, and by a supervisor at its end.
fn make_supervisor(its: OwnedFd, signals: &OwnedFd) -> Option<Pid> {
    #[expect(unsafe_code, reason = "there is no safe fork")]
    // SAFETY: there is only this thread, so that the copy lacks nothing. Files 0 and 1 are open; nobody owns them.
    let made = unsafe {
        let made = libc::fork();
        if made == 0 {
            // Were it open in a supervisor, nobody would notice that the spawner has ended.
            libc::dup2(1, 0);
        }
        made
    };
    if made == 0 {
        // Never well: its end is no program's success.
        let _ = supervise::serve_supervisor(UnixStream::from(its), signals);
        std::process::exit(1);
    }
    // Less than 0 if there can be no more.
    (made > 0).then(|| Pid::from_raw(made)).flatten()
}

/// Closes what whoever started Signalbox left open, such as the pipe of a build tool: here it would be
/// kept open, and handed on to each program.
fn close_inherited() {
    #[expect(unsafe_code, reason = "closes files of which nobody in this process knows")]
    // SAFETY: nothing was opened here yet, so that none of them has an owner.
    unsafe {
        // Source: close_range(2), Linux 5.9; before, they stay open.
        libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32);
    }
}
