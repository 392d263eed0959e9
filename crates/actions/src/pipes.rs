//! The pipes that a command writes to: one for both streams, or one for each, read in turn.

use super::Stream;
use super::recorder::PIECE_BYTES;
use rustix::process::{Gid, Uid};
use signalbox_process::Ids;
use std::future::poll_fn;
use std::io::{self, PipeWriter};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe::Receiver;

/// The reading ends.
pub(super) struct Pipes {
    /// Those that have not come to their end; the one that was read last stands last.
    open: Vec<(Stream, Receiver)>,
    buffer: Vec<u8>,
}

/// The writing ends, for a command.
pub(super) struct Writers {
    pub(super) stdout: PipeWriter,
    pub(super) stderr: PipeWriter,
}

impl Pipes {
    /// Makes the pipes of a command that runs as `user`. Only one pipe keeps the order of what is
    /// written to both streams, so they share it unless they are to be told apart.
    ///
    /// # Errors
    /// The operating system gives no pipe.
    pub(super) fn open_pipes(
        user: Option<Ids>,
        separate_stderr: bool,
    ) -> io::Result<(Self, Writers)> {
        let (reader, stdout) = make_pipe(user)?;
        let mut open = vec![(Stream::Stdout, reader)];
        let stderr = if separate_stderr {
            let (reader, stderr) = make_pipe(user)?;
            open.push((Stream::Stderr, reader));
            stderr
        } else {
            stdout.try_clone()?
        };
        Ok((Self { open, buffer: vec![0; PIECE_BYTES] }, Writers { stdout, stderr }))
    }

    /// What was written next, and to which stream; `None` once all pipes have ended. Nothing is
    /// lost if it is dropped before it is ready.
    pub(super) async fn read_next(&mut self) -> Option<(Stream, &[u8])> {
        let (stream, count) = poll_fn(|context| self.poll_read(context)).await?;
        Some((stream, self.buffer.get(..count).unwrap_or_default()))
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Option<(Stream, usize)>> {
        let mut place = 0;
        while let Some((stream, pipe)) = self.open.get_mut(place) {
            let stream = *stream;
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match Pin::new(pipe).poll_read(context, &mut buffer) {
                Poll::Pending => place += 1,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let count = buffer.filled().len();
                    // The other one is asked first the next time, or a flood would hide it.
                    self.open.rotate_left(place + 1);
                    return Poll::Ready(Some((stream, count)));
                }
                Poll::Ready(_) => drop(self.open.remove(place)),
            }
        }
        if self.open.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    }
}

/// A pipe whose writing end `user` may open anew, as `/dev/stderr` does.
fn make_pipe(user: Option<Ids>) -> io::Result<(Receiver, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    if let Some(Ids { uid, gid }) = user {
        rustix::fs::fchown(&writer, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    }
    Ok((Receiver::from_owned_fd(reader.into())?, writer))
}
