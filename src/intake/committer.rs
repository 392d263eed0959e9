//! The tasks that commit deliveries: whatever waits becomes one transaction.
//!
//! A batch that fails is tried again one by one, so that a bad event harms only itself; one that
//! meets another server's claim or registration is judged anew. Answers go out after the commit.

use super::decide::{self, Draft};
use super::known_webhooks::KnownWebhooks;
use super::refusals::{Added, Refusals, Room};
use super::{Arrival, Content, IntakeError, Policy, Receipt, Waiting, write};
use crate::clock;
use crate::metrics;
use signalbox_core::seal::Keys;
use signalbox_core::verdict::Verdict;
use signalbox_store::listen::Listener;
use signalbox_store::{Conn, Pool, StoreError, run_transaction};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// Most deliveries in one transaction.
const BATCH: usize = 200;
/// Bytes of bodies after which a transaction takes no more.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How often a delivery that meets another server's is judged anew.
const TRIES: usize = 5;
/// How often counting rows are brought up to date.
const FLUSH: Duration = Duration::from_secs(5);

/// Tasks that commit: while one waits for the disk, the other prepares the next transaction.
const COMMITTERS: usize = 2;
/// A batch smaller than this waits for the other committer, and grows meanwhile: most of what a
/// statement costs does not depend on its rows.
const WORTH_OVERLAPPING: usize = 16;

/// What all committers need.
pub(super) struct Deps {
    pub pool: Pool,
    pub keys: Arc<Keys>,
    pub policy: Policy,
    pub notices: Listener,
}

/// Commits what comes until every sender is gone.
pub(super) fn start_committers(deps: Deps, waiting: mpsc::Receiver<Waiting>) {
    let (deps, waiting) = (Arc::new(deps), Arc::new(Mutex::new(waiting)));
    let refusals = Arc::<std::sync::Mutex<Refusals>>::default();
    let webhooks = Arc::<KnownWebhooks>::default();
    let committing = Arc::<Mutex<()>>::default();
    let mut committers = JoinSet::new();
    for _ in 0..COMMITTERS {
        let committer = Committer {
            deps: Arc::clone(&deps),
            refusals: Arc::clone(&refusals),
            webhooks: Arc::clone(&webhooks),
            committing: Arc::clone(&committing),
        };
        committers.spawn(committer.run_committer(Arc::clone(&waiting)));
    }
    tokio::spawn(async move {
        let mut every = tokio::time::interval(FLUSH);
        loop {
            tokio::select! {
                ended = committers.join_next() => if ended.is_none() {
                    break;
                },
                _ = every.tick() => flush_refusals(&deps.pool, &refusals).await,
            }
        }
        flush_refusals(&deps.pool, &refusals).await;
    });
}

async fn flush_refusals(pool: &Pool, refusals: &std::sync::Mutex<Refusals>) {
    let counts = lock_refusals(refusals).take_counts(clock::now());
    if counts.is_empty() {
        return;
    }
    let Ok(mut conn) = pool.get_conn().await else { return };
    for count in counts {
        if let Err(error) = write::write_count(&mut conn, &count).await {
            tracing::warn!(%error, "Failed to write a count of refused deliveries: {error}; the count is lost");
        }
    }
}

fn lock_refusals(refusals: &std::sync::Mutex<Refusals>) -> std::sync::MutexGuard<'_, Refusals> {
    refusals.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one transaction stores.
#[derive(Default)]
struct Gathered {
    waiting: Vec<Waiting>,
    bytes: usize,
}

impl Gathered {
    fn push_waiting(&mut self, next: Waiting) {
        self.bytes += next.arrival.body.len();
        self.waiting.push(next);
    }

    /// Takes what waits, as far as there is room.
    fn drain_queue(&mut self, queue: &mut mpsc::Receiver<Waiting>) {
        while self.has_room_for(BATCH)
            && let Ok(next) = queue.try_recv()
        {
            self.push_waiting(next);
        }
    }

    fn has_room_for(&self, most: usize) -> bool {
        self.waiting.len() < most && self.bytes < BATCH_BYTES
    }
}

struct Committer {
    deps: Arc<Deps>,
    refusals: Arc<std::sync::Mutex<Refusals>>,
    webhooks: Arc<KnownWebhooks>,
    /// Held by whoever commits, but for a second one with a batch that is worth it.
    committing: Arc<Mutex<()>>,
}

impl Committer {
    async fn run_committer(self, waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
        loop {
            let mut batch = Gathered::default();
            let mut queue = waiting.lock().await;
            let Some(first) = queue.recv().await else { return };
            batch.push_waiting(first);
            batch.drain_queue(&mut queue);
            let mut alone = self.committing.try_lock().ok();
            while alone.is_none() && batch.has_room_for(WORTH_OVERLAPPING) {
                tokio::select! {
                    free = self.committing.lock() => alone = Some(free),
                    Some(next) = queue.recv() => batch.push_waiting(next),
                }
            }
            batch.drain_queue(&mut queue);
            drop(queue);
            self.commit_batch(batch.waiting).await;
            drop(alone);
        }
    }

    async fn commit_batch(&self, batch: Vec<Waiting>) {
        let (arrivals, senders): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|waiting| (waiting.arrival, (waiting.answer, waiting.permit)))
            .unzip();
        let results = self.commit_or_split(&arrivals).await;
        let now = clock::now();
        metrics::count_commit(arrivals.len());
        for ((arrival, (answer, _permit)), result) in arrivals.iter().zip(senders).zip(results) {
            match &result {
                Ok(receipt) => {
                    let took = (now - arrival.received_at).to_std().unwrap_or_default();
                    metrics::count_delivery(receipt.verdict, arrival.endpoint, took);
                    log_receipt(arrival, receipt);
                }
                Err(error) => metrics::not_stored(error.as_str()),
            }
            // A sender that hung up misses its answer, not its delivery.
            let _ = answer.send(result);
        }
    }

    async fn commit_or_split(&self, arrivals: &[Arrival]) -> Vec<Result<Receipt, IntakeError>> {
        match self.commit_together(arrivals).await {
            Ok(receipts) => return receipts.into_iter().map(Ok).collect(),
            Err(error) if error.is_unavailable() => {
                self.webhooks.forget_all();
                tracing::error!(%error, deliveries = arrivals.len(), "Failed to store {} deliveries: {error}; GitLab gets 503", arrivals.len());
                return arrivals.iter().map(|_| Err(IntakeError::Unavailable)).collect();
            }
            Err(error) => {
                tracing::debug!(%error, "Failed to store a batch: {error}; storing each delivery alone");
            }
        }
        let mut results = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            results.push(self.settle_alone(arrival).await);
        }
        results
    }

    async fn settle_alone(&self, arrival: &Arrival) -> Result<Receipt, IntakeError> {
        for _ in 0..TRIES {
            match self.commit_together(std::slice::from_ref(arrival)).await {
                Ok(mut receipts) => return receipts.pop().ok_or(IntakeError::Unavailable),
                Err(StoreError::Stale) => {}
                Err(error) => {
                    tracing::error!(
                        %error, delivery.id = %arrival.id,
                        "Failed to store delivery {}: {error}; GitLab gets 503", arrival.id
                    );
                    return Err(IntakeError::Unavailable);
                }
            }
        }
        tracing::error!(delivery.id = %arrival.id, "Delivery {} not stored after 5 conflicts with concurrent transactions; GitLab gets 503", arrival.id);
        Err(IntakeError::Unavailable)
    }

    /// Decides and writes: one statement, and a transaction around it where something registers.
    ///
    /// What was read before may have changed meanwhile, as between two statements of a transaction;
    /// what must not be stored twice is told by the statement itself.
    async fn commit_together(&self, arrivals: &[Arrival]) -> Result<Vec<Receipt>, StoreError> {
        let mut pooled = self.deps.pool.get_conn().await?;
        let conn: &mut Conn = &mut pooled;
        let (known, policy, now) =
            ((&*self.deps.keys, &*self.webhooks), self.deps.policy, clock::now());
        let drafts = decide::evaluate_batch(conn, arrivals, known, policy, now).await?;
        let mut added = Added::default();
        let room = |draft: &Draft<'_>| match draft.decision.verdict {
            Verdict::Rejected => {
                added.find_placement(&lock_refusals(&self.refusals), draft.arrival, now)
            }
            _ => Room::Own,
        };
        let rooms: Vec<Room> = drafts.iter().map(room).collect();
        if drafts.iter().any(|draft| !draft.decision.register.is_empty()) {
            run_transaction(conn, async |conn: &mut Conn| {
                write::insert_batch(conn, &drafts, &rooms, now).await
            })
            .await?;
        } else {
            write::insert_batch(conn, &drafts, &rooms, now).await?;
        }
        lock_refusals(&self.refusals).count_added(added);
        if drafts.iter().any(|draft| !draft.jobs.is_empty()) {
            self.deps.notices.wake_workers();
        }
        Ok(drafts.into_iter().zip(rooms).map(|(draft, room)| build_receipt(draft, room)).collect())
    }
}

fn build_receipt(draft: Draft<'_>, room: Room) -> Receipt {
    Receipt {
        delivery: match room {
            Room::Own | Room::Counting => draft.arrival.id.clone(),
            Room::CountedBy(delivery) => delivery,
        },
        verdict: draft.decision.verdict,
        jobs: draft.jobs.into_iter().map(|job| job.id).collect(),
        reason: draft.decision.reason.to_string(),
        status: draft.decision.status,
    }
}

fn log_receipt(arrival: &Arrival, receipt: &Receipt) {
    let (delivery, verdict, reason) = (&receipt.delivery, receipt.verdict, &receipt.reason);
    match &arrival.content {
        Content::Event { event, .. } if verdict != Verdict::Rejected => tracing::info!(
            delivery.id = %delivery,
            verdict = %verdict,
            endpoint = arrival.endpoint.as_str(),
            project_id = event.project_id,
            user_id = event.user_id,
            user_name = event.user_name,
            user_email = event.user_email,
            jobs = receipt.jobs.len(),
            "Delivery {delivery} {verdict}: {reason}"
        ),
        _ => tracing::warn!(
            delivery.id = %delivery,
            verdict = %verdict,
            endpoint = arrival.endpoint.as_str(),
            remote_addr = arrival.remote_addr,
            "Delivery {delivery} {verdict}: {reason}"
        ),
    }
}
