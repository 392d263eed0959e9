//! Senders that do not give up: each event has a key of its own and is sent, as a person presses
//! *Resend*, until it is acknowledged.

use crate::support::app::TOKEN;
use crate::support::gitlab::Delivery;
use crate::support::wait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long a sender waits for an answer.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long it waits before it sends again.
const AGAIN: Duration = Duration::from_millis(50);

/// How much is sent, by how many.
#[derive(Clone, Copy)]
pub struct Pace {
    pub senders: usize,
    /// Between two events of one sender.
    pub pause: Duration,
    /// How many events at most.
    pub most: usize,
}

impl Pace {
    /// A steady stream without an end.
    pub const STEADY: Self =
        Self { senders: 8, pause: Duration::from_millis(40), most: usize::MAX };
}

/// The senders at work.
pub struct Load {
    shared: Arc<Shared>,
    senders: JoinSet<()>,
}

struct Shared {
    bases: Vec<String>,
    pace: Pace,
    client: reqwest::Client,
    is_over: AtomicBool,
    events: AtomicUsize,
    sent: AtomicUsize,
    acknowledged: AtomicUsize,
    keys: Mutex<Vec<String>>,
    statuses: Mutex<BTreeMap<u16, usize>>,
    latencies: Mutex<Vec<Duration>>,
}

/// What was sent, and what became of it.
pub struct Sent {
    /// Requests.
    pub requests: usize,
    /// The keys of events that were answered with 2xx.
    pub acknowledged: Vec<String>,
    /// How often each status came; 0 = no answer at all.
    pub statuses: BTreeMap<u16, usize>,
    /// How long each acknowledged request took.
    latencies: Vec<Duration>,
}

impl Load {
    /// Sends to these servers in turn.
    pub fn start(bases: Vec<String>, pace: Pace) -> Self {
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let shared = Arc::new(Shared {
            bases,
            pace,
            client,
            is_over: AtomicBool::new(false),
            events: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            keys: Mutex::default(),
            statuses: Mutex::default(),
            latencies: Mutex::default(),
        });
        let mut senders = JoinSet::new();
        for _ in 0..pace.senders {
            senders.spawn(Arc::clone(&shared).send_all());
        }
        Self { shared, senders }
    }

    /// Waits until so many more events were acknowledged.
    pub async fn acknowledges(&self, more: usize) {
        let acknowledged = || self.shared.acknowledged.load(Ordering::SeqCst);
        let wanted = acknowledged() + more;
        wait::until("more acknowledged events", async || (acknowledged() >= wanted).then_some(()))
            .await;
    }

    /// How often this status came so far.
    pub fn count(&self, status: u16) -> usize {
        self.shared.statuses.lock().unwrap().get(&status).copied().unwrap_or_default()
    }

    /// Waits for all events of the pace.
    pub async fn finish(mut self) -> Sent {
        while let Some(sender) = self.senders.join_next().await {
            sender.unwrap();
        }
        let take = |keys: &Mutex<_>| std::mem::take(&mut *keys.lock().unwrap());
        let mut latencies = std::mem::take(&mut *self.shared.latencies.lock().unwrap());
        latencies.sort_unstable();
        Sent {
            requests: self.shared.sent.load(Ordering::SeqCst),
            acknowledged: take(&self.shared.keys),
            statuses: std::mem::take(&mut *self.shared.statuses.lock().unwrap()),
            latencies,
        }
    }

    /// Begins no more events, and waits for those that are under way.
    pub async fn stop(self) -> Sent {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.finish().await
    }
}

impl Sent {
    /// So many of a hundred acknowledged requests took no longer.
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * percent / 100).copied().unwrap_or_default()
    }
}

impl Shared {
    async fn send_all(self: Arc<Self>) {
        while !self.is_over.load(Ordering::SeqCst) {
            let event = self.events.fetch_add(1, Ordering::SeqCst);
            if event >= self.pace.most {
                return;
            }
            let key = format!("event-{event}");
            let started = Instant::now();
            let mut tries = 0;
            while !self.send(&key, event + tries).await {
                tries += 1;
                assert!(started.elapsed() < wait::LIMIT * 2, "{key} is not acknowledged");
                tokio::time::sleep(AGAIN).await;
            }
            tokio::time::sleep(self.pace.pause).await;
        }
    }

    /// Sends an event once; true if it was acknowledged.
    async fn send(&self, key: &str, turn: usize) -> bool {
        let delivery = Delivery::push_2015().token(TOKEN).key(key);
        let base = &self.bases[turn % self.bases.len()];
        let mut request = self.client.post(format!("{base}{}", delivery.path));
        for (name, value) in &delivery.headers {
            request = request.header(name, value);
        }
        self.sent.fetch_add(1, Ordering::SeqCst);
        let started = Instant::now();
        let answered = request.body(delivery.body).send().await;
        let status = answered.map_or(0, |answer| answer.status().as_u16());
        *self.statuses.lock().unwrap().entry(status).or_default() += 1;
        let is_acknowledged = (200..300).contains(&status);
        if is_acknowledged {
            self.latencies.lock().unwrap().push(started.elapsed());
            self.keys.lock().unwrap().push(key.to_owned());
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
        assert!(
            is_acknowledged || matches!(status, 0 | 408 | 429 | 503),
            "an authentic event was answered with {status}"
        );
        is_acknowledged
    }
}
