//! The process that supervisors are copies of: this program once more, before it has read or started
//! anything, so that there is next to nothing to copy.
//!
//! It has one thread, no settings and no environment. What it makes is none of its business, and lives on if
//! somebody kills it.

use super::guard::close_to_others;
use super::{reap, signals, supervise, wire};
use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
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
    let signals = signals::block_signals()?;
    let socket = io::stdin();
    loop {
        let told = &mut [PollFd::new(&socket, PollFlags::IN), PollFd::new(&signals, PollFlags::IN)];
        poll(told, None)?;
        let [asked, ended] = told;
        if !ended.revents().is_empty() {
            let _ = rustix::io::read(&signals, &mut [0; 1024]);
            while let Ok(Some(_)) = reap::reap_child() {}
        }
        if !asked.revents().is_empty() {
            let (count, sockets) = wire::receive_into(socket.as_fd(), &mut [0])?;
            if count == 0 {
                return Ok(());
            }
            for its in sockets {
                make_supervisor(its, &signals);
            }
        }
    }
}

/// Its socket is closed in either case: by us, and by a supervisor at its end.
fn make_supervisor(its: OwnedFd, signals: &OwnedFd) {
    #[expect(unsafe_code, reason = "there is no safe fork")]
    // SAFETY: there is only this thread, so that the copy lacks nothing. Files 0 and 1 are open; nobody owns them.
    let is_copy = unsafe {
        let is_copy = libc::fork() == 0;
        if is_copy {
            // Were it open in a supervisor, nobody would notice that the spawner has ended.
            libc::dup2(1, 0);
        }
        is_copy
    };
    if is_copy {
        // Never well: its end is no program's success.
        let _ = supervise::serve_supervisor(UnixStream::from(its), signals);
        std::process::exit(1);
    }
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
