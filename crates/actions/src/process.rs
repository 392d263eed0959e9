//! A running command and its limits: body in, output out, an end in any case.
//!
//! Three things go on at once: the body is written, its output is read, and the process is waited
//! for. None waits for another, so a command that reads nothing, writes without end or leaves
//! somebody behind who holds the pipes cannot hang us.

use super::OutputChunk;
use super::pipes::Pipes;
use super::recorder::Recorder;
use bytes::Bytes;
use signalbox_core::action::DEFAULT_TIMEOUT_S;
use signalbox_core::output::OutputNotice;
use signalbox_process::{Child, ExitStatus, Sender, Signal, Usage};
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// How long everything may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From the start to TERM.
    pub(super) time: Duration,
    /// From TERM to KILL.
    pub(super) grace: Duration,
    /// From the command's end to the moment we stop reading what others still hold open.
    pub(super) linger: Duration,
    /// From KILL to the moment we give up those who do not end even then.
    pub(super) patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(DEFAULT_TIMEOUT_S.into()),
            grace: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            patience: Duration::from_secs(5),
        }
    }
}

/// Why a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// By itself.
    Itself,
    /// It reached its time limit.
    TimeLimit,
    /// We were told to stop it.
    Stopped,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct End {
    /// Why.
    pub(super) cause: Cause,
    /// With what.
    pub(super) status: ExitStatus,
    /// What it used.
    pub(super) usage: Option<Usage>,
}

/// A command that was started.
pub(super) struct Started {
    /// Its process.
    pub(super) child: Child,
    /// Where it writes.
    pub(super) pipes: Pipes,
}

/// Sees a started command through to its end.
///
/// # Errors
/// What the operating system says on waiting for it, which it does not for a child of ours.
pub(super) async fn see_through(
    Started { mut child, pipes }: Started,
    body: Bytes,
    limits: Limits,
    recorder: Recorder,
    stop: &CancellationToken,
) -> io::Result<End> {
    // Both tasks end with this function, whichever way it is left.
    let mut writing = JoinSet::new();
    writing.spawn(feed_stdin(child.take_stdin(), body));
    let (drained, give_up) = (CancellationToken::new(), CancellationToken::new());
    let pump = Pump { recorder, pipes, drained: drained.clone(), give_up: give_up.clone() };
    let mut reading = JoinSet::new();
    reading.spawn(pump.pump_output());

    let mut notices = Vec::new();
    let by_itself = tokio::select! {
        status = child.wait() => Some(status?),
        () = sleep(limits.time) => None,
        () = stop.cancelled() => None,
    };
    let (cause, status) = if let Some(status) = by_itself {
        (Cause::Itself, status)
    } else {
        let cause = if stop.is_cancelled() { Cause::Stopped } else { Cause::TimeLimit };
        (cause, end_all(&mut child, &drained, limits, &mut notices).await?)
    };
    if by_itself.is_some() && child.left_behind() {
        notices.push(OutputNotice::ProcessesEnded);
    }
    if timeout(limits.linger, drained.cancelled()).await.is_err() {
        notices.push(OutputNotice::OutputStillOpen);
    }
    give_up.cancel();
    if let Some(Ok(recorder)) = reading.join_next().await {
        for notice in notices {
            recorder.send_chunk(OutputChunk::from_notice(notice)).await;
        }
    }
    Ok(End { cause, status, usage: child.resource_usage() })
}

/// TERM to the command and all that it started; KILL to whoever is left when the grace is over.
async fn end_all(
    child: &mut Child,
    drained: &CancellationToken,
    limits: Limits,
    notices: &mut Vec<OutputNotice>,
) -> io::Result<ExitStatus> {
    child.signal_group(Signal::TERM);
    let all_gone = async {
        let status = child.wait().await;
        // Others of the group may still be tidying up; whoever holds no pipe is not waited for.
        drained.cancelled().await;
        status
    };
    if timeout(limits.grace, all_gone).await.is_err() {
        notices.push(OutputNotice::Killed);
    }
    child.signal_group(Signal::KILL);
    if let Ok(status) = timeout(limits.patience, child.wait()).await {
        return status;
    }
    notices.push(OutputNotice::NotKilled);
    child.give_up();
    child.wait().await
}

/// Writes the body. A command that does not want all of it is in its rights.
async fn feed_stdin(stdin: Option<Sender>, body: Bytes) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(&body).await;
        let _ = stdin.shutdown().await;
    }
}

/// Reads what the command writes.
struct Pump {
    recorder: Recorder,
    pipes: Pipes,
    /// Set when all pipes have ended.
    drained: CancellationToken,
    /// When set, the pipes are let go.
    give_up: CancellationToken,
}

impl Pump {
    async fn pump_output(self) -> Recorder {
        let Self { mut recorder, mut pipes, drained, give_up } = self;
        loop {
            tokio::select! {
                read = pipes.read_next() => match read {
                    Some((stream, bytes)) => recorder.take_bytes(stream, bytes).await,
                    None => break,
                },
                () = wait_until(recorder.due_at()), if recorder.due_at().is_some() => {
                    recorder.flush_waiting().await;
                }
                () = give_up.cancelled() => break,
            }
        }
        drained.cancel();
        recorder.finish_output().await;
        recorder
    }
}

async fn wait_until(due: Option<Instant>) {
    if let Some(due) = due {
        sleep_until(due).await;
    }
}
