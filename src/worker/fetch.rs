//! The queue as apalis sees it: jobs that this worker has begun, as many at once as it has room for.
//!
//! A loop looks when it is woken, when a slot becomes free and, for what has become due, now and
//! then. What it takes is begun in the database before anybody hears of it, so that nothing has to
//! be acknowledged later; told to stop, it takes no more and hands out what it has begun.

use super::attempt::Runner;
use super::begin::Turn;
use super::rescue;
use super::rhythm::Rhythm;
use super::running::Mark;
use super::turns::Turns;
use crate::clock;
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::task_id::RandomId;
use apalis_core::worker::context::WorkerContext;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::ids::JobId;
use signalbox_core::job::HEARTBEAT;
use signalbox_core::pause::{Pause, Scope};
use signalbox_store::attempts::Begun;
use signalbox_store::listen::{Listener, Watcher};
use signalbox_store::pauses::{self, Side};
use signalbox_store::queue::{self, DueJob, Span, Take};
use signalbox_store::{Conn, StoreError, run_transaction};
use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tower_layer::Identity;

/// How often the queue is looked at without being woken: for retries that have become due.
const POLL: Duration = Duration::from_millis(250);
/// How long a database that failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// How far the clocks of two servers may be apart, so that a job of the one is found at once by the
/// other.
const CLOCKS: TimeDelta = TimeDelta::seconds(5);

/// An attempt that has begun, and the slot in which it runs.
pub(super) struct Leased {
    pub begun: Begun,
    pub mark: Mark,
    pub slot: OwnedSemaphorePermit,
}

/// What apalis takes its tasks from.
pub(super) struct JobQueue(mpsc::Receiver<Leased>);

impl Backend for JobQueue {
    type Task = Task<Leased>;
    type Error = Infallible;

    fn poll_ready(
        &mut self,
        _: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<Leased>, Infallible>>> {
        let next = ready!(self.0.poll_recv(cx));
        if next.is_none()
            && let Err(error) = worker.stop()
        {
            // It fails only for a worker that has not started.
            tracing::debug!(%error, "Failed to stop the worker's runtime: {error}");
        }
        Poll::Ready(next.map(|leased| Ok(Task::new(leased))))
    }

    fn poll_close(
        &mut self,
        _: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for JobQueue {
    type Args = Leased;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

/// Takes jobs until `stop`.
pub(super) fn start_fetching(
    runner: Runner,
    notices: &Listener,
    concurrency: usize,
    stop: CancellationToken,
) -> JobQueue {
    let (leased, queue) = mpsc::channel(concurrency.max(1));
    let mut woken = notices.watch_queue();
    let mut next = Next { head: Head::new(notices.watch_older()), turns: Turns::default() };
    tokio::spawn(async move {
        let slots = Arc::new(Semaphore::new(concurrency));
        let mut tick = tokio::time::interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut may_be_more = true;
        let mut last_look = Instant::now();
        loop {
            if !may_be_more {
                tokio::select! {
                    () = woken.wait_for_change() => {}
                    _ = tick.tick() => {}
                    () = stop.cancelled() => return,
                }
            }
            let first = tokio::select! {
                slot = Arc::clone(&slots).acquire_owned() => slot,
                () = stop.cancelled() => return,
            };
            let free = std::iter::from_fn(|| Arc::clone(&slots).try_acquire_owned().ok());
            let free: Vec<_> = first.into_iter().chain(free).collect();
            let wanted = free.len();
            may_be_more = match begin_next(&runner, &mut next, wanted).await {
                Ok(Fetched { begun, may_be_more }) => {
                    let mark = |begun: Begun| (runner.mark_begun(&begun), begun);
                    let begun: Vec<_> = begun.into_iter().map(mark).collect();
                    for ((mark, begun), slot) in begun.into_iter().zip(free) {
                        if leased.send(Leased { begun, mark, slot }).await.is_err() {
                            return;
                        }
                    }
                    may_be_more
                }
                Err(error) => {
                    tracing::error!(%error, "Failed to fetch jobs: {error}; trying again");
                    let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
                    true
                }
            };
            // Nothing is being begun now: what is open and not marked never got here.
            if last_look.elapsed() > HEARTBEAT {
                last_look = Instant::now();
                if let Err(error) = rescue::rescue_unknown(&runner).await {
                    tracing::warn!(%error, "Failed to look for attempts of this worker: {error}");
                }
            }
        }
    });
    JobQueue(queue)
}

/// Where the queue begins, as far as is known.
struct Head {
    at: DateTime<Utc>,
    /// When the whole queue is looked at, from its beginning on.
    whole: Rhythm,
    began: Instant,
    /// Jobs that may stand before it.
    older: Watcher,
}

impl Head {
    fn new(older: Watcher) -> Self {
        Self { at: DateTime::UNIX_EPOCH, whole: Rhythm::default(), began: Instant::now(), older }
    }

    /// From where on to look now.
    fn from(&mut self) -> DateTime<Utc> {
        self.began = Instant::now();
        if self.older.has_changed() || self.whole.is_due() { DateTime::UNIX_EPOCH } else { self.at }
    }

    fn note_look(&mut self, span: Span, first: Option<&DueJob>) {
        if span.from == DateTime::UNIX_EPOCH {
            self.whole.note_look(self.began);
        }
        self.at = first.and_then(|job| job.due_at).unwrap_or(span.to) - CLOCKS;
    }
}

struct Fetched {
    begun: Vec<Begun>,
    /// As many were due as were wanted, and some of them moved: it is worth to look again at once.
    may_be_more: bool,
}

/// What is known of the jobs that come next.
struct Next {
    head: Head,
    turns: Turns,
}

impl Next {
    /// The jobs to begin next, at most so many, and when they became due.
    async fn due_jobs(
        &mut self,
        conn: &mut Conn,
        most: usize,
    ) -> Result<(Vec<DueJob>, Span), StoreError> {
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let span = Span { from: self.head.from(), to: clock::now() };
        if !self.turns.are_known() || span.from < self.head.at {
            let due = queue::list_due(conn, span, limit).await?;
            self.head.note_look(span, due.first());
            if due.len() < most {
                return Ok((due, span));
            }
            self.turns.look_up_turns(conn).await?;
            if !self.turns.are_known() {
                return Ok((due, span));
            }
        }
        let span = Span { from: self.head.at, to: clock::now() };
        let mut due = self.turns.due_in_turn(conn, span, most).await?;
        if due.len() < most {
            let have: HashSet<_> = due.iter().map(|job| job.id.clone()).collect();
            let others = queue::list_due(conn, span, limit).await?;
            due.extend(others.into_iter().filter(|job| !have.contains(&job.id)));
            due.truncate(most);
        }
        Ok((due, span))
    }
}

/// Begins at most so many jobs of those that are due.
async fn begin_next(runner: &Runner, next: &mut Next, most: usize) -> Result<Fetched, StoreError> {
    let mut pooled = runner.taking.get_conn().await?;
    let conn: &mut Conn = &mut pooled;
    let (due, span) = next.due_jobs(conn, most).await?;
    let is_full = due.len() >= most;
    if due.is_empty() {
        return Ok(Fetched { begun: Vec::new(), may_be_more: false });
    }
    let except = runner.catalogue.actions_with_lane();
    let is_laned = |job: &DueJob| !job.lane.is_empty() || except.contains(&job.action);
    let (laned, free): (Vec<_>, Vec<_>) = due.into_iter().partition(is_laned);
    let mut begun = Vec::new();
    let mut has_moved = false;
    if !free.is_empty() {
        let most = i64::try_from(free.len()).unwrap_or(i64::MAX);
        let these: Vec<_> = free.into_iter().map(|job| job.id).collect();
        let only = Some(these.as_slice());
        let take = Take { worker: &runner.worker, most, only, except: &except, paused: &[], span };
        begun = begin_free(conn, take).await?;
        if begun.is_empty() {
            // Another worker was faster: any others will do.
            begun = begin_free(conn, Take { only: None, ..take }).await?;
        }
        has_moved = !begun.is_empty();
        runner.notices.tell_of_jobs(begun.iter().map(|begun| begun.job.id.as_str()));
    }
    if laned.is_empty() {
        return Ok(Fetched { begun, may_be_more: is_full && has_moved });
    }
    let mut pooled = runner.pool.get_conn().await?;
    let conn: &mut Conn = &mut pooled;
    for job in laned {
        let Ok(id) = job.id.parse::<JobId>() else { continue };
        match runner.begin_in_lane(conn, &id).await {
            Ok(Turn::Begun(started)) => {
                begun.push(*started);
                has_moved = true;
            }
            Ok(Turn::NotNow) => has_moved = true,
            // What has begun is handed out whatever becomes of the others.
            Err(error) => {
                tracing::error!(job.id = %id, %error, "Failed to begin job {id}: {error}");
            }
        }
    }
    Ok(Fetched { begun, may_be_more: is_full && has_moved })
}

async fn begin_free(conn: &mut Conn, take: Take<'_>) -> Result<Vec<Begun>, StoreError> {
    run_transaction(conn, async |conn: &mut Conn| {
        pauses::lock_pauses(conn, Side::Begin).await?;
        let pauses = pauses::list_pauses(conn).await?;
        queue::hold_paused(conn, &pauses, take.span.to).await?;
        if pauses.iter().any(|pause| pause.scope == Scope::All) {
            return Ok(Vec::new());
        }
        let webhook = |pause: &Pause| match pause.scope {
            Scope::Webhook(id) => Some(id),
            Scope::All | Scope::Lane(_) => None,
        };
        let left_out: Vec<i64> = pauses.iter().filter_map(webhook).collect();
        queue::begin_due(conn, Take { paused: &left_out, ..take }).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_moves_with_what_waits_and_back_when_told_so() {
        let listener = Listener::default();
        let mut head = Head::new(listener.watch_older());
        let (now, job) = (clock::now(), |at| DueJob {
            due_at: Some(at),
            id: String::new(),
            action: String::new(),
            lane: String::new(),
        });
        assert_eq!(head.from(), DateTime::UNIX_EPOCH, "it knows nothing yet");
        let first = now - TimeDelta::hours(1);
        head.note_look(Span { from: DateTime::UNIX_EPOCH, to: now }, Some(&job(first)));
        // As if that had taken so long that the next one is far.
        head.whole.note_look(Instant::now().checked_sub(Duration::from_mins(1)).unwrap());
        assert_eq!(head.from(), first - CLOCKS);
        head.note_look(Span { from: first, to: now }, None);
        assert_eq!(head.from(), now - CLOCKS, "nothing waits");
        listener.wake_workers();
        assert_eq!(head.from(), now - CLOCKS);
        listener.announce_older();
        assert_eq!(head.from(), DateTime::UNIX_EPOCH, "an older one was released");
        assert_eq!(head.from(), now - CLOCKS);
        head.whole = Rhythm::default();
        assert_eq!(head.from(), DateTime::UNIX_EPOCH, "it is looked at as a whole now and then");
    }
}
