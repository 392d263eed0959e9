//! What we and a supervisor say to each other over their socket.
//!
//! We say what to start: [`REQUEST`] with the three standard files attached, the length of the rest, and
//! the rest, a [`Launch`]. While it runs, we send signals, a byte each. The supervisor answers with
//! [`STARTED`] bytes, and when the process has ended with an [`End`]. Both are the same program, so
//! that neither looks for faults of the other.

use super::reap::Usage;
use super::{Ids, Launch, Limits, Offspring, Signal, Stdio};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use std::ffi::{OsStr, OsString};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Begins a request. No signal has this number, and so one that comes too late is not taken for it.
pub(super) const REQUEST: u8 = 0;

/// How many files go with a message.
const MOST_FILES: usize = 3;

/// The length of the answer to a request: the process's number, or what went wrong below zero.
pub(super) const STARTED: usize = 4;

/// Sends as much as there is room for, the files with the first byte; how much that was.
pub(super) fn send_parts(
    socket: &UnixStream,
    parts: &[&[u8]],
    files: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let parts: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut attached = SendAncillaryBuffer::new(&mut space);
    attached.push(SendAncillaryMessage::ScmRights(files));
    Ok(sendmsg(socket, &parts, &mut attached, SendFlags::NOSIGNAL)?)
}

/// Waits for something: how many bytes, none at the end, and the files attached to them.
pub(super) fn receive_into(
    socket: BorrowedFd<'_>,
    into: &mut [u8],
) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut attached = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(into)];
    let count = recvmsg(socket, &mut parts, &mut attached, RecvFlags::CMSG_CLOEXEC)?.bytes;
    let files = attached.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(files) => files.collect(),
        _ => Vec::new(),
    });
    Ok((count, files.collect()))
}

/// A signal for the process alone, or for everybody whom it started too: as in kill(2), below zero.
pub(super) fn encode_signal(signal: Signal, is_for_all: bool) -> u8 {
    let number = u8::try_from(signal.as_raw()).unwrap_or_default();
    if is_for_all { number.wrapping_neg() } else { number }
}

pub(super) fn decode_signal(byte: u8) -> Option<(Signal, bool)> {
    let number = i32::from(i8::from_ne_bytes([byte]));
    Some((Signal::from_named_raw(number.abs())?, number < 0))
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) status: ExitStatus,
    /// Not known if its supervisor has ended.
    pub(super) usage: Option<Usage>,
    /// Whether somebody was left behind and had to be ended.
    pub(super) left_behind: bool,
    /// Whether its supervisor can serve another one.
    pub(super) is_supervisor_free: bool,
}

impl End {
    pub(super) const LENGTH: usize = 4 + 8 + 8 + 1 + 1;

    pub(super) fn encode_end(&self) -> Vec<u8> {
        let Usage { cpu, peak_memory_kib } = self.usage.unwrap_or_default();
        let mut message = self.status.into_raw().to_ne_bytes().to_vec();
        message.extend(u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX).to_ne_bytes());
        message.extend(peak_memory_kib.to_ne_bytes());
        message.extend([u8::from(self.left_behind), u8::from(self.is_supervisor_free)]);
        message
    }

    /// As it is where its supervisor was ended: the kernel then ends the process in the same way.
    pub(super) fn unseen_end() -> Self {
        let status = ExitStatus::from_raw(Signal::KILL.as_raw());
        Self { status, usage: None, left_behind: false, is_supervisor_free: false }
    }

    /// `None` until it is there in full.
    pub(super) fn decode_end(message: &[u8]) -> Option<Self> {
        let (status, rest) = message.split_first_chunk()?;
        let (cpu, rest) = rest.split_first_chunk()?;
        let (peak, rest) = rest.split_first_chunk()?;
        let [left_behind, is_supervisor_free] = rest else { return None };
        let usage = Usage {
            cpu: Duration::from_micros(u64::from_ne_bytes(*cpu)),
            peak_memory_kib: u64::from_ne_bytes(*peak),
        };
        Some(Self {
            status: ExitStatus::from_raw(i32::from_ne_bytes(*status)),
            usage: Some(usage),
            left_behind: *left_behind != 0,
            is_supervisor_free: *is_supervisor_free != 0,
        })
    }
}

/// What to start; the standard files go beside it.
pub(super) fn encode_launch(launch: &Launch) -> Vec<u8> {
    let Limits { cpu_s, memory, open_files, processes } = launch.limits;
    let mut message = Vec::with_capacity(4096);
    put_texts(&mut message, [launch.program.as_os_str(), launch.cwd.as_os_str()]);
    put_texts(&mut message, launch.args.iter().map(OsString::as_os_str));
    let variables = launch.env.iter().flat_map(|(name, value)| [&**name, &**value]);
    put_texts(&mut message, variables);
    for number in [
        launch.user.map(|ids| ids.uid.into()),
        launch.user.map(|ids| ids.gid.into()),
        cpu_s,
        memory,
        open_files,
        processes,
        launch.umask.map(u64::from),
        launch.may_gain_rights.then_some(1),
        u64::try_from(launch.death_signal.as_raw()).ok(),
        match launch.offspring {
            Offspring::OnItsOwn => None,
            Offspring::Ended => Some(1),
            Offspring::MayLive => Some(2),
        },
    ] {
        // None is the largest number, which as a limit means the same.
        message.extend(number.unwrap_or(u64::MAX).to_ne_bytes());
    }
    message
}

pub(super) fn decode_launch(
    message: &[u8],
    [stdin, stdout, stderr]: [OwnedFd; 3],
) -> Option<Launch> {
    let mut rest = Rest(message);
    let [program, cwd] = rest.read_texts()?.try_into().ok()?;
    let (args, variables) = (rest.read_texts()?, rest.read_texts()?);
    let env = variables.chunks_exact(2).filter_map(|pair| match pair {
        [name, value] => Some((name.clone(), value.clone())),
        _ => None,
    });
    let [uid, gid, cpu_s, memory, open_files, processes, umask, may_gain_rights, signal, offspring] =
        rest.read_numbers()?;
    let small = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
    Some(Launch {
        program: program.into(),
        args,
        env: env.collect(),
        cwd: cwd.into(),
        user: small(uid).zip(small(gid)).map(|(uid, gid)| Ids { uid, gid }),
        limits: Limits { cpu_s, memory, open_files, processes },
        umask: small(umask),
        may_gain_rights: may_gain_rights.is_some(),
        death_signal: Signal::from_named_raw(i32::try_from(signal?).ok()?)?,
        offspring: match offspring {
            None => Offspring::OnItsOwn,
            Some(1) => Offspring::Ended,
            Some(_) => Offspring::MayLive,
        },
        stdin: Stdio::File(stdin),
        stdout: Stdio::File(stdout),
        stderr: Stdio::File(stderr),
    })
}

/// Each text after its length, and none after the largest one.
fn put_texts<'a>(message: &mut Vec<u8>, texts: impl IntoIterator<Item = &'a OsStr>) {
    for text in texts {
        message.extend(text.len().to_ne_bytes());
        message.extend(text.as_bytes());
    }
    message.extend(usize::MAX.to_ne_bytes());
}

/// What of a message has not been read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn read_texts(&mut self) -> Option<Vec<OsString>> {
        let mut texts = Vec::new();
        loop {
            let (length, rest) = self.0.split_first_chunk()?;
            self.0 = rest;
            let length = usize::from_ne_bytes(*length);
            if length == usize::MAX {
                return Some(texts);
            }
            let (text, rest) = self.0.split_at_checked(length)?;
            self.0 = rest;
            texts.push(OsStr::from_bytes(text).to_owned());
        }
    }

    fn read_numbers<const COUNT: usize>(&mut self) -> Option<[Option<u64>; COUNT]> {
        let mut numbers = [None; COUNT];
        for number in &mut numbers {
            let (bytes, rest) = self.0.split_first_chunk()?;
            self.0 = rest;
            *number = Some(u64::from_ne_bytes(*bytes)).filter(|number| *number != u64::MAX);
        }
        Some(numbers)
    }
}
