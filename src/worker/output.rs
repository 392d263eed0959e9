//! Writes what an attempt prints while it prints it: small pieces joined, stored in order.

use crate::actions::OutputChunk;
use crate::clock;
use crate::core::ids::JobId;
use crate::store::output::{self, NewChunk};
use crate::store::{Pool, Result};
use chrono::{DateTime, Utc};
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

struct Piece {
    chunk: OutputChunk,
    at: DateTime<Utc>,
}

/// Stores what comes until the other end is dropped.
pub(super) async fn write(
    pool: Pool,
    job: JobId,
    attempt: i32,
    mut chunks: mpsc::Receiver<OutputChunk>,
) {
    let mut seq = 0;
    while let Some(first) = chunks.recv().await {
        let pieces = gather(first, &mut chunks).await;
        if !store(&pool, &job, attempt, seq, &pieces).await {
            tracing::error!(job.id = %job, attempt, "Output of job {job} could not be stored");
        }
        seq += i32::try_from(pieces.len()).unwrap_or(i32::MAX);
    }
}

/// What comes within a moment, neighbours of one stream joined.
async fn gather(first: OutputChunk, chunks: &mut mpsc::Receiver<OutputChunk>) -> Vec<Piece> {
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
        match pieces.last_mut() {
            Some(last) if last.chunk.stream == next.stream && last.chunk.bytes.len() < CHUNK => {
                last.chunk.bytes.extend_from_slice(&next.bytes);
            }
            _ => pieces.push(Piece { chunk: next, at: clock::now() }),
        }
    }
    pieces
}

async fn store(pool: &Pool, job: &JobId, attempt: i32, seq: i32, pieces: &[Piece]) -> bool {
    for _ in 0..TRIES {
        match insert(pool, job, attempt, seq, pieces).await {
            Ok(()) => return true,
            Err(error) if error.is_unavailable() => tokio::time::sleep(TRY_PAUSE).await,
            Err(_) => return false,
        }
    }
    false
}

async fn insert(pool: &Pool, job: &JobId, attempt: i32, seq: i32, pieces: &[Piece]) -> Result<()> {
    let rows: Vec<NewChunk<'_>> = pieces
        .iter()
        .zip(seq..)
        .map(|(piece, seq)| NewChunk {
            job_id: job.as_str(),
            attempt,
            seq,
            stream: piece.chunk.stream.as_str(),
            at: piece.at,
            bytes: &piece.chunk.bytes,
        })
        .collect();
    output::insert(&mut *pool.get().await?, &rows).await
}
