//! Writes what an attempt prints while it prints it: small pieces joined, stored in order.

use crate::clock;
use chrono::{DateTime, Utc};
use signalbox_actions::OutputChunk;
use signalbox_core::ids::JobId;
use signalbox_core::output::OutputNotice;
use signalbox_store::listen::Listener;
use signalbox_store::output::{self, NewChunk};
use signalbox_store::{Pool, Result};
use std::time::Duration;
use tokio::sync::mpsc;

/// Bytes of one stored chunk before the next is begun.
const CHUNK: usize = 32 * 1024;
/// How long output waits for more of it before it is stored.
const PAUSE: Duration = Duration::from_millis(100);
/// Chunks read before they are stored, whatever else waits.
const BATCH: usize = 256;
/// How often a store that fails is tried before the output is given up.
const TRIES: u32 = 10;
const TRY_PAUSE: Duration = Duration::from_secs(1);

/// A piece of what an attempt printed.
#[derive(Debug)]
pub(super) struct Piece {
    chunk: OutputChunk,
    at: DateTime<Utc>,
}

/// The last of what an attempt printed: stored together with its end.
#[derive(Debug, Default)]
pub(super) struct Tail {
    seq: i32,
    pieces: Vec<Piece>,
}

impl Tail {
    /// Its rows.
    pub(super) fn to_rows<'a>(&'a self, job: &'a JobId, attempt: i32) -> Vec<NewChunk<'a>> {
        let numbered = self.pieces.iter().zip(self.seq..);
        let row = |(piece, seq): (&'a Piece, i32)| NewChunk {
            job_id: job.as_str(),
            attempt,
            seq,
            stream: piece.chunk.stream.as_str(),
            at: piece.at,
            bytes: &piece.chunk.bytes,
            notice: piece.chunk.notice.as_ref().map(OutputNotice::to_stored),
        };
        numbered.map(row).collect()
    }
}

/// Where output goes.
pub(super) struct Writer {
    pub pool: Pool,
    pub notices: Listener,
    pub job: JobId,
    pub attempt: i32,
}

impl Writer {
    /// Stores what comes until the other end is dropped; gives back what came last.
    pub(super) async fn run_writer(self, mut chunks: mpsc::Receiver<OutputChunk>) -> Tail {
        let mut seq = 0;
        while let Some(first) = chunks.recv().await {
            let pieces = gather_pieces(first, &mut chunks).await;
            let tail = Tail { seq, pieces };
            if chunks.is_closed() && chunks.is_empty() {
                return tail;
            }
            self.store_tail(&tail).await;
            seq += i32::try_from(tail.pieces.len()).unwrap_or(i32::MAX);
        }
        Tail { seq, pieces: Vec::new() }
    }

    async fn store_tail(&self, tail: &Tail) {
        let Self { job, attempt, .. } = self;
        let mut failure = None;
        for _ in 0..TRIES {
            let error = match self.insert_tail(tail).await {
                Ok(()) => return self.notices.tell_of_jobs([job.as_str()]),
                Err(error) => error,
            };
            let may_pass = error.is_unavailable();
            failure = Some(error);
            if !may_pass {
                break;
            }
            tokio::time::sleep(TRY_PAUSE).await;
        }
        if let Some(error) = failure {
            tracing::error!(job.id = %job, attempt, %error, "Failed to store output of job {job}: {error}; the job goes on");
        }
    }

    async fn insert_tail(&self, tail: &Tail) -> Result<()> {
        let rows = tail.to_rows(&self.job, self.attempt);
        output::insert_chunks(&mut *self.pool.get_conn().await?, &rows).await
    }
}

/// What comes within a moment, neighbours of one stream joined.
async fn gather_pieces(first: OutputChunk, chunks: &mut mpsc::Receiver<OutputChunk>) -> Vec<Piece> {
    let mut pieces = vec![Piece { chunk: first, at: clock::now() }];
    let pause = tokio::time::sleep(PAUSE);
    tokio::pin!(pause);
    for _ in 0..BATCH {
        let next = tokio::select! {
            biased;
            next = chunks.recv() => next,
            () = &mut pause => None,
        };
        let Some(next) = next else { break };
        let apart = match pieces.last_mut() {
            Some(last) if last.chunk.bytes.len() < CHUNK => last.chunk.join_next(next),
            _ => Some(next),
        };
        pieces.extend(apart.map(|chunk| Piece { chunk, at: clock::now() }));
    }
    pieces
}
