//! The one long-lived thread that starts child processes, and the only `unsafe` of the crate.
//!
//! A child is told by the kernel when the *thread* that started it ends (`prctl(2)`,
//! `PR_SET_PDEATHSIG`), not when the process does. Threads of a pool come and go, so every child,
//! an action's command or the embedded PostgreSQL, is started by this one, which lives as long as
//! the process: `kill -9` of Signalbox leaves no orphan behind.
//!
//! That signal reaches the child alone; `spawn/guard.rs` sees to the rest of its group. What is
//! started, how long it may run and what its end means is the callers' business.

mod guard;

use rustix::process::{Pid, kill_process, kill_process_group, test_kill_process};
use std::ffi::OsString;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{OnceLock, mpsc};
use std::thread;
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub use rustix::process::Signal;
pub use std::process::{ExitStatus, Stdio};
pub use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// A process to start: everything it gets is written here, nothing is inherited but what says so.
#[derive(Debug)]
pub struct Launch {
    /// The program, as a path; `PATH` is not searched.
    pub program: PathBuf,
    /// Its arguments, the program's own name not counted.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub cwd: PathBuf,
    /// The user it becomes, without supplementary groups; `None` = ours.
    pub user: Option<Ids>,
    /// What it gets when Signalbox dies, or drops the [`Child`] before it ended; with `KILL`, its
    /// whole group does.
    pub death_signal: Signal,
    /// Its standard input.
    pub stdin: Stdio,
    /// Its standard output.
    pub stdout: Stdio,
    /// Its standard error.
    pub stderr: Stdio,
}

/// A user and their main group, as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

impl Launch {
    /// `program` with an empty environment in `/`, reading nothing, its output thrown away, killed
    /// when we die.
    pub fn of(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: PathBuf::from("/"),
            user: None,
            death_signal: Signal::KILL,
            stdin: Stdio::null(),
            stdout: Stdio::null(),
            stderr: Stdio::null(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I, A>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = A>,
        A: Into<OsString>,
    {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Starts it, as the leader of a process group of its own.
    ///
    /// # Errors
    /// What the operating system says: no such program, no permission, no such directory.
    pub async fn start(self) -> io::Result<Child> {
        let (answer, started) = oneshot::channel();
        let request = Request { launch: self, runtime: Handle::current(), answer };
        let gone = || io::Error::other("the thread that starts processes is gone");
        thread().send(request).map_err(|_| gone())?;
        started.await.map_err(|_| gone())?
    }

    /// Starts it, waits for its end and gives what it wrote.
    ///
    /// # Errors
    /// As for [`Launch::start`].
    pub async fn output(mut self) -> io::Result<Output> {
        self.stdout = Stdio::piped();
        self.stderr = Stdio::piped();
        let mut child = self.start().await?;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let (out, err) = (child.take_stdout(), child.take_stderr());
        let (out, err, status) =
            tokio::join!(drain(out, &mut stdout), drain(err, &mut stderr), child.wait());
        out.and(err)?;
        Ok(Output {
            status: status?,
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }
}

/// How a short-lived process ended and what it wrote.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

async fn drain<R>(pipe: Option<R>, into: &mut Vec<u8>) -> io::Result<()>
where
    R: tokio::io::AsyncRead + Unpin,
{
    if let Some(mut pipe) = pipe {
        tokio::io::AsyncReadExt::read_to_end(&mut pipe, into).await?;
    }
    Ok(())
}

/// A started process and its group. Dropped before it ended, the group gets the death signal, as
/// if Signalbox had died.
#[derive(Debug)]
pub struct Child {
    inner: tokio::process::Child,
    pid: Pid,
    death_signal: Signal,
    ended: bool,
}

impl Child {
    /// The process's number, which is its group's too.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// The writing end of its standard input, if piped; once.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.inner.stdin.take()
    }

    /// The reading end of its standard output, if piped; once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.inner.stdout.take()
    }

    /// The reading end of its standard error, if piped; once.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.inner.stderr.take()
    }

    /// Waits for the process, not for the others of its group; may be called again.
    ///
    /// # Errors
    /// What the operating system says, which it does not for a child of ours.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.inner.wait().await?;
        self.ended = true;
        Ok(status)
    }

    /// Sends a signal to the process alone, if it has not ended.
    pub fn signal(&self, signal: Signal) {
        if !self.ended {
            // It may end at this moment; its number is still its own until `wait` returns.
            let _ = kill_process(self.pid, signal);
        }
    }

    /// Sends a signal to every process left in its group, also when the first one has ended.
    pub fn signal_group(&self, signal: Signal) {
        // While members live, no other process can get the number. A living process of that number
        // after ours was waited for means that the group is gone and the number went to a stranger.
        let taken_over = self.ended && test_kill_process(self.pid) != Err(rustix::io::Errno::SRCH);
        if !taken_over {
            let _ = kill_process_group(self.pid, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            self.signal_group(self.death_signal);
        }
        if self.death_signal == Signal::KILL {
            guard::release(self.pid);
        }
    }
}

struct Request {
    launch: Launch,
    runtime: Handle,
    answer: oneshot::Sender<io::Result<Child>>,
}

fn thread() -> &'static mpsc::Sender<Request> {
    static THREAD: OnceLock<mpsc::Sender<Request>> = OnceLock::new();
    THREAD.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        // If even this thread cannot be had, the channel is closed, and `start` says so.
        let _ = thread::Builder::new().name("spawn".to_owned()).spawn(move || {
            for Request { launch, runtime, answer } in requests {
                // Its end would end every child, so nothing may unwind through it: tokio panics
                // where a runtime is shutting down.
                let started = catch_unwind(AssertUnwindSafe(|| {
                    let _entered = runtime.enter();
                    start_here(launch)
                }));
                let started = started.unwrap_or_else(|_| Err(io::Error::other("shutting down")));
                // Nobody waits any more: the child is dropped, and so ended.
                let _ = answer.send(started);
            }
        });
        sender
    })
}

/// Starts a process from this very thread.
fn start_here(launch: Launch) -> io::Result<Child> {
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.args)
        .env_clear()
        .envs(launch.env)
        .current_dir(&launch.cwd)
        .stdin(launch.stdin)
        .stdout(launch.stdout)
        .stderr(launch.stderr)
        .process_group(0);
    if let Some(Ids { uid, gid }) = launch.user {
        // The standard library drops the supplementary groups when root sets another user.
        command.gid(gid).uid(uid);
    }
    let (parent, death_signal) = (rustix::process::getpid(), launch.death_signal);
    let ask_for_death_signal = move || {
        rustix::process::set_parent_process_death_signal(Some(death_signal))?;
        // Had we died before that call, the signal would never come.
        if rustix::process::getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from(rustix::io::Errno::SRCH))
        }
    };
    #[expect(unsafe_code, reason = "code between fork and exec has no safe interface")]
    // SAFETY: the closure makes two system calls and neither allocates, locks nor unwinds, which
    // is what a child of a process with several threads may do before exec.
    unsafe {
        command.pre_exec(ask_for_death_signal);
    }
    let inner = command.spawn()?;
    let pid = inner.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("the process has no number"))?;
    if death_signal == Signal::KILL {
        guard::watch(pid);
    }
    Ok(Child { inner, pid, death_signal, ended: false })
}

#[cfg(test)]
mod tests;
