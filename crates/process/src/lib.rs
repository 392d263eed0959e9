#![doc = include_str!("../README.md")]

mod child;
mod guard;
mod limits;
mod pool;
mod reap;
mod signals;
mod spawner;
mod start;
mod supervise;
mod tree;
mod wire;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use tokio::io::AsyncReadExt;

pub use child::Child;
pub use guard::{close_to_others, forget_variables};
pub use limits::Limits;
pub use reap::Usage;
pub use rustix::process::Signal;
pub use spawner::as_spawner;
pub use std::process::ExitStatus;
pub use tokio::net::unix::pipe::{Receiver, Sender};

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

/// Where a process reads from or writes to.
#[derive(Debug)]
pub enum Stdio {
    /// `/dev/null`.
    Null,
    /// A pipe, whose other end the [`Child`] has.
    Piped,
    /// This file.
    File(OwnedFd),
}

impl Stdio {
    /// A file to read from, and where to write what is read.
    fn for_reading(self) -> io::Result<(OwnedFd, Option<Sender>)> {
        if let Self::Piped = self {
            let (reader, writer) = io::pipe()?;
            return Ok((reader.into(), Some(Sender::from_owned_fd(writer.into())?)));
        }
        Ok((self.into_file()?, None))
    }

    /// A file to write to, and where to read what is written.
    fn for_writing(self) -> io::Result<(OwnedFd, Option<Receiver>)> {
        if let Self::Piped = self {
            let (reader, writer) = io::pipe()?;
            return Ok((writer.into(), Some(Receiver::from_owned_fd(reader.into())?)));
        }
        Ok((self.into_file()?, None))
    }

    fn into_file(self) -> io::Result<OwnedFd> {
        match self {
            Self::File(file) => Ok(file),
            Self::Null | Self::Piped => {
                Ok(File::options().read(true).write(true).open("/dev/null")?.into())
            }
        }
    }
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
    pub fn for_program(program: impl Into<PathBuf>) -> Self {
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
            stdin: Stdio::Null,
            stdout: Stdio::Null,
            stderr: Stdio::Null,
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
    pub async fn start_process(self) -> io::Result<Child> {
        Child::start_child(self).await
    }

    /// Starts it, waits for its end and gives what it wrote.
    ///
    /// # Errors
    /// As for [`Launch::start_process`].
    pub async fn collect_output(mut self) -> io::Result<Output> {
        self.stdout = Stdio::Piped;
        self.stderr = Stdio::Piped;
        let mut child = self.start_process().await?;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let (out, err) = (child.take_stdout(), child.take_stderr());
        let (out, err, status) =
            tokio::join!(drain_pipe(out, &mut stdout), drain_pipe(err, &mut stderr), child.wait());
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

async fn drain_pipe(pipe: Option<Receiver>, into: &mut Vec<u8>) -> io::Result<()> {
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(into).await?;
    }
    Ok(())
}

/// Makes a test program its own spawner, as Signalbox is: before it comes to run tests. For the root of
/// the tests that start processes.
#[macro_export]
macro_rules! spawner_of_tests {
    () => {
        #[used]
        #[unsafe(link_section = ".init_array")]
        static SPAWN: extern "C" fn() = {
            extern "C" fn spawn() {
                if $crate::as_spawner().is_some() {
                    std::process::exit(1);
                }
            }
            spawn
        };
    };
}

#[cfg(test)]
mod tests;
