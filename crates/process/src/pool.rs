//! Our supervisors, and the spawner that makes them. A supervisor that has nothing to watch is kept for the
//! next program.

use super::spawner::SUBCOMMAND;
use super::wire;
use rustix::net::{RecvFlags, recv};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{self, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many wait for something to do, a few hundred KiB each.
const MOST_IDLE: usize = 16;

static IDLE: Mutex<Vec<UnixStream>> = Mutex::new(Vec::new());

static SPAWNER: Mutex<Option<Spawner>> = Mutex::new(None);

/// The spawner's process. It ends when our end of its socket is closed.
struct Spawner {
    socket: UnixStream,
    process: process::Child,
}

/// Our end of the socket of a supervisor that watches nothing. Closed, the supervisor ends what it
/// watches, and then itself.
pub(super) fn take_supervisor() -> io::Result<UnixStream> {
    while let Some(idle) = lock_pool(&IDLE).pop() {
        // Somebody may have killed it meanwhile: then there is an end to read.
        let looked = recv(&idle, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        if looked == Err(rustix::io::Errno::AGAIN) {
            return Ok(idle);
        }
    }
    let (ours, its) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut spawner = lock_pool(&SPAWNER);
    if let Some(running) = &*spawner
        && running.make_supervisor(&its).is_ok()
    {
        return Ok(ours);
    }
    // The first one, or somebody killed the last one.
    if let Some(mut ended) = spawner.take() {
        let _ = ended.process.wait();
    }
    spawner.insert(Spawner::start_spawner()?).make_supervisor(&its)?;
    Ok(ours)
}

/// Keeps it, now that it watches nothing any more.
pub(super) fn give_back(supervisor: UnixStream) {
    let mut idle = lock_pool(&IDLE);
    if idle.len() < MOST_IDLE {
        idle.push(supervisor);
    }
}

fn lock_pool<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spawner {
    fn start_spawner() -> io::Result<Self> {
        let (socket, its) = UnixStream::pair()?;
        // Our program even if its file was replaced. It leads a group, so that no Ctrl-C reaches it. With
        // nothing set but this, the standard library starts it without copying our memory.
        let process = Command::new("/proc/self/exe")
            .arg0(std::env::args_os().next().unwrap_or_default())
            .arg(SUBCOMMAND)
            .env_clear()
            .process_group(0)
            .stdin(OwnedFd::from(its))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { socket, process })
    }

    /// It closes the supervisor's end if it cannot make one.
    fn make_supervisor(&self, its: &UnixStream) -> io::Result<()> {
        wire::send_parts(&self.socket, &[&[0]], &[its.as_fd()]).map(drop)
    }
}
