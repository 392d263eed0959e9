//! Starts a program from its supervisor.

use super::{Ids, Launch, Signal, Stdio, signals};
use rustix::process::Pid;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{self, Command};

/// Starts it, as the leader of a group of its own.
pub(super) fn start_program(launch: Launch) -> io::Result<Pid> {
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.args)
        .env_clear()
        .envs(launch.env)
        .current_dir(&launch.cwd)
        .stdin(standard_file(launch.stdin))
        .stdout(standard_file(launch.stdout))
        .stderr(standard_file(launch.stderr))
        .process_group(0);
    if let Some(Ids { uid, gid }) = launch.user {
        // The standard library drops the supplementary groups when root sets another user.
        command.gid(gid).uid(uid);
    }
    let (parent, death_signal) = (rustix::process::getpid(), launch.death_signal);
    let (limits, umask, may_gain_rights) = (launch.limits, launch.umask, launch.may_gain_rights);
    let prepare = move || {
        tie_to(parent, death_signal)?;
        signals::unblock_signals();
        limits.apply_to_self()?;
        if let Some(umask) = umask {
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
        }
        if !may_gain_rights {
            rustix::thread::set_no_new_privs(true)?;
        }
        Ok(())
    };
    #[expect(unsafe_code, reason = "code between fork and exec has no safe interface")]
    // SAFETY: the closure makes system calls and neither allocates, locks nor unwinds.
    unsafe {
        command.pre_exec(prepare);
    }
    Ok(Pid::from_child(&command.spawn()?))
}

fn standard_file(file: Stdio) -> process::Stdio {
    match file {
        Stdio::File(file) => file.into(),
        Stdio::Null | Stdio::Piped => process::Stdio::null(),
    }
}

/// Ends this process with its parent.
fn tie_to(parent: Pid, death_signal: Signal) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(death_signal))?;
    // Had it died before that call, the signal would never come.
    if rustix::process::getppid() == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::from(rustix::io::Errno::SRCH))
    }
}
