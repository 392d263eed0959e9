//! The one long-lived thread that starts child processes. Here and below is the only `unsafe` of the crate.
//!
//! A child is told by the kernel when the *thread* that started it ends (`prctl(2)`,
//! `PR_SET_PDEATHSIG`), not when the process does. Threads of a pool come and go, so every child,
//! an action's command or the embedded PostgreSQL, is started by this one, which lives as long as
//! the process: `kill -9` of Signalbox leaves no orphan behind.
//!
//! That signal reaches the child alone. `spawn/guard.rs` sees to the rest of its group, and
//! `spawn/supervise.rs` to all that a command starts, wherever it goes. What is started, how long it
//! may run and what its end means is the callers' business.

mod child;
mod guard;
mod limits;
mod reap;
mod supervise;
mod tree;

use rustix::process::{Pid, kill_process_group};
use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub use child::Child;
pub use limits::Limits;
pub use reap::Usage;
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
    /// What it may use; by itself, as much as we may.
    pub limits: Limits,
    /// Which rights the files that it makes do not give; `None` = ours.
    pub umask: Option<u32>,
    /// Whether it can gain rights by running a file with a set-user-id bit, as sudo.
    pub may_gain_rights: bool,
    /// What it gets when Signalbox dies, or drops the [`Child`] before it ended; with `KILL`, its
    /// whole group does.
    pub death_signal: Signal,
    /// Whether all that it starts ends with it.
    pub offspring: Offspring,
    /// Its standard input.
    pub stdin: Stdio,
    /// Its standard output.
    pub stdout: Stdio,
    /// Its standard error.
    pub stderr: Stdio,
}

/// What becomes of the processes that a child starts and leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offspring {
    /// Nobody looks after them; signals reach those of its group.
    OnItsOwn,
    /// They end with it, in whichever group or session they are; signals reach them all.
    Ended,
    /// The same, but those that are left when it has ended by itself live on.
    MayLive,
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
            limits: Limits::default(),
            umask: None,
            may_gain_rights: true,
            death_signal: Signal::KILL,
            offspring: Offspring::OnItsOwn,
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
        thread().send(Order::Start(Box::new(request))).map_err(|_| gone())?;
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

struct Request {
    launch: Launch,
    runtime: Handle,
    answer: oneshot::Sender<io::Result<Child>>,
}

enum Order {
    Start(Box<Request>),
    /// Wait for a process that nobody else waits for.
    Reap(Pid),
}

fn thread() -> &'static mpsc::Sender<Order> {
    static THREAD: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    THREAD.get_or_init(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        // If even this thread cannot be had, the channel is closed, and `start` says so.
        let _ = thread::Builder::new().name("spawn".to_owned()).spawn(move || obey(&orders));
        sender
    })
}

/// The thread's work, which never ends.
fn obey(orders: &mpsc::Receiver<Order>) {
    const LOOK: Duration = Duration::from_millis(100);
    let mut dropped: Vec<Pid> = Vec::new();
    loop {
        let order = if dropped.is_empty() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(LOOK)
        };
        match order {
            Ok(Order::Start(request)) => {
                let Request { launch, runtime, answer } = *request;
                // The end of this thread would end every child, so nothing may unwind through it:
                // tokio panics where a runtime is shutting down.
                let started = catch_unwind(AssertUnwindSafe(|| {
                    let _entered = runtime.enter();
                    start_here(launch)
                }));
                let started = started.unwrap_or_else(|_| Err(io::Error::other("shutting down")));
                // Nobody waits any more: the child is dropped, and so ended.
                let _ = answer.send(started);
            }
            Ok(Order::Reap(pid)) => dropped.push(pid),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        dropped.retain(|pid| matches!(reap::reap(*pid), Ok(None)));
    }
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
    let (limits, umask, may_gain_rights) = (launch.limits, launch.umask, launch.may_gain_rights);
    let offspring = launch.offspring;
    let (report, writer) = match offspring {
        Offspring::OnItsOwn => (None, None),
        Offspring::Ended | Offspring::MayLive => {
            let (reader, writer) = io::pipe()?;
            (Some(reader), Some(writer))
        }
    };
    let prepare = move || {
        match &writer {
            Some(writer) => {
                let may_leave = offspring == Offspring::MayLive;
                supervise::split(PipeWriter::as_fd(writer), parent, may_leave)?;
            }
            None => tie_to(parent, death_signal)?,
        }
        limits.set()?;
        if let Some(umask) = umask {
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
        }
        if !may_gain_rights {
            rustix::thread::set_no_new_privs(true)?;
        }
        Ok(())
    };
    #[expect(unsafe_code, reason = "code between fork and exec has no safe interface")]
    // SAFETY: the closure makes system calls and neither allocates, locks nor unwinds, which is
    // what a child of a process with several threads may do before exec.
    unsafe {
        command.pre_exec(prepare);
    }
    let mut started = command.spawn()?;
    // Our own writing end goes with it.
    drop(command);
    let pid = Pid::from_child(&started);
    let report = report.map(|report| Report::read(report, pid));
    let group = report.as_ref().map_or(pid, |report| report.command);
    if death_signal == Signal::KILL {
        guard::watch(group);
    }
    match Child::of(pid, &mut started, (death_signal, report)) {
        Ok(child) => Ok(child),
        Err(error) => {
            // Not to be waited for without it: it must not run on unseen.
            let _ = kill_process_group(group, Signal::KILL);
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = started.wait();
            Err(error)
        }
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

/// What the process between us and a command tells.
#[derive(Debug)]
struct Report {
    /// The command, leader of its group.
    command: Pid,
    pipe: PipeReader,
}

impl Report {
    /// The number was written before the program was run, so that this waits for nothing.
    fn read(mut pipe: PipeReader, supervisor: Pid) -> Self {
        let mut number = [0; 4];
        let read = pipe.read_exact(&mut number).ok();
        let command = read.and_then(|()| Pid::from_raw(i32::from_ne_bytes(number)));
        Self { command: command.unwrap_or(supervisor), pipe }
    }

    /// Whether somebody was left behind and had to be ended; asked at the end.
    fn left_behind(&mut self) -> bool {
        let mut said = Vec::new();
        self.pipe.read_to_end(&mut said).is_ok() && said.contains(&supervise::LEFT_BEHIND)
    }
}

#[cfg(test)]
mod tests;
