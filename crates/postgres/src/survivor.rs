//! The server a killed Signalbox left behind: it got its death signal and may still be closing
//! down, or, at worst, never noticed.
//!
//! Called with the place locked, so whatever runs on this data is nobody's. Only a process proved
//! to be the server of this very data is signalled, through a descriptor that cannot come to mean
//! another one.

use super::error::{ClusterError, while_doing};
use super::place::Place;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// What it is told, and how long it is waited for after each: a fast stop, an immediate one, the
/// end.
const ENDING: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(30)),
    (Signal::QUIT, Duration::from_secs(10)),
    (Signal::KILL, Duration::from_secs(10)),
];

/// Ends the server that still runs on this place's data, if there is one, and clears away lock
/// files whose number went to somebody else.
pub(super) async fn end_survivor(place: &Place) -> Result<(), ClusterError> {
    let (data, lock) = (place.data_folder(), place.data_folder().join("postmaster.pid"));
    let Some(pid) = fs::read_to_string(&lock).ok().as_deref().and_then(recorded_pid) else {
        return Ok(());
    };
    // The descriptor first: it goes on meaning this process while its number may be given away.
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        // PostgreSQL sees itself that its lock file is stale.
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        Err(error) => return Err(while_doing("watching the process of", &lock)(error.into())),
    };
    if !is_server_of(pid, &data) {
        // PostgreSQL would refuse to start where the number is taken by a process of its user.
        for file in [lock, place.socket_lock()] {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(while_doing("removing the stale", &file)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        return Ok(());
    }
    tracing::info!(pid = pid.as_raw_pid(), "Stopping the database server of a killed Signalbox");
    for (signal, patience) in ENDING {
        // An error means that it is gone, which is seen next.
        let _ = pidfd_send_signal(&process, signal);
        if ends_within(&process, patience)
            .await
            .map_err(while_doing("awaiting the process of", &lock))?
        {
            return Ok(());
        }
    }
    let said = format!("process {pid} does not end", pid = pid.as_raw_pid());
    Err(ClusterError::Failed { program: "the former postgres".to_owned(), said })
}

/// Waits until a process that is no child of ours ends: then its descriptor becomes readable.
async fn ends_within(process: &OwnedFd, patience: Duration) -> io::Result<bool> {
    let process = process.try_clone()?;
    let wait = move || {
        let patience = Timespec::try_from(patience).ok();
        poll(&mut [PollFd::new(&process, PollFlags::IN)], patience.as_ref())
    };
    Ok(tokio::task::spawn_blocking(wait).await.map_err(io::Error::other)?? > 0)
}

/// The process number in a `postmaster.pid`.
pub(super) fn recorded_pid(lock: &str) -> Option<Pid> {
    let pid: i32 = lock.lines().next()?.trim().parse().ok()?;
    if pid > 1 { Pid::from_raw(pid) } else { None }
}

/// Whether a process is the server of this data: the data's owner runs it, and it was started as
/// `…/postgres … -D <data>`. Both can be read of any process, with no rights over it.
pub(super) fn is_server_of(pid: Pid, data: &Path) -> bool {
    let process = Path::new("/proc").join(pid.as_raw_pid().to_string());
    let owner = |path: &Path| fs::metadata(path).map(|metadata| metadata.uid()).ok();
    let Ok(line) = fs::read(process.join("cmdline")) else { return false };
    let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let program = words.first().map(|word| Path::new(OsStr::from_bytes(word)));
    let names_data = words.windows(2).any(|pair| match pair {
        [option, value] => *option == b"-D" && *value == data.as_os_str().as_bytes(),
        _ => false,
    });
    program.and_then(Path::file_name) == Some(OsStr::new("postgres"))
        && names_data
        && owner(data).is_some()
        && owner(&process) == owner(data)
}
