//! Who is told of what happens in other processes: one connection listens, and any number watch.
//!
//! A watcher gets a hint that something changed, never the change itself: it reads that from the
//! database. So a slow one holds nobody up and a lost notice loses nothing.

use super::cached::cached;
use super::{Conn, Result};
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, RunQueryDsl};
use futures_util::StreamExt;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a lost connection is waited for before the next try.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the connection is tried while nothing comes, so that a dead one is noticed.
const CHECK: Duration = Duration::from_secs(20);

/// The least time between two wake-ups of other processes.
const WAKE_PAUSE: Duration = Duration::from_millis(10);

/// What there is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A job moved or printed something; the subject is its id.
    Job,
    /// A running job is to end; the subject is its id.
    Cancel,
    /// A job may be taken; without a subject.
    Queue,
}

impl Topic {
    const ALL: [Self; 3] = [Self::Job, Self::Cancel, Self::Queue];

    pub(super) fn channel(self) -> &'static str {
        match self {
            Self::Job => "signalbox_job",
            Self::Cancel => "signalbox_cancel",
            Self::Queue => "signalbox_queue",
        }
    }
}

/// Tells whoever watches; inside a transaction, once it is committed.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn tell(conn: &mut Conn, topic: Topic, subject: &str) -> Result<()> {
    let notify = diesel::sql_query("SELECT pg_notify($1, $2)")
        .bind::<Text, _>(topic.channel())
        .bind::<Text, _>(subject);
    cached(notify).execute(conn).await?;
    Ok(())
}

/// Tells the workers of all processes that a job may be taken.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn wake_workers(conn: &mut Conn) -> Result<()> {
    tell(conn, Topic::Queue, "").await
}

/// The watchers of one process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Listener(Arc<Shared>);

#[derive(Default)]
struct Shared {
    watched: Mutex<Watched>,
    /// Whether the workers of other processes are to be woken.
    to_wake: AtomicBool,
    woken: Notify,
}

#[derive(Default)]
struct Watched {
    subjects: HashMap<String, watch::Sender<u64>>,
    cancels: Option<watch::Sender<u64>>,
    queue: Option<watch::Sender<u64>>,
}

/// One watcher of one thing.
pub struct Watcher {
    changed: watch::Receiver<u64>,
    listener: Listener,
    subject: Option<String>,
}

impl Watcher {
    /// Waits for the next hint; several that came in the meantime are one.
    pub async fn changed(&mut self) {
        if self.changed.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let Some(subject) = &self.subject else { return };
        let mut watched = self.listener.watched();
        // This one still counts.
        if watched.subjects.get(subject).is_some_and(|sender| sender.receiver_count() <= 1) {
            watched.subjects.remove(subject);
        }
    }
}

impl Listener {
    /// Listens until `stop`, over lost connections.
    pub fn start(database_url: &str, stop: CancellationToken) -> Self {
        let listener = Self::default();
        let (url, told) = (database_url.to_owned(), listener.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = told.run(&url) => {}
                () = stop.cancelled() => {}
            }
        });
        listener
    }

    /// Watches one job.
    pub fn job(&self, id: &str) -> Watcher {
        let mut watched = self.watched();
        let sender = watched.subjects.entry(id.to_owned()).or_insert_with(|| watch::channel(0).0);
        let changed = sender.subscribe();
        Watcher { changed, listener: self.clone(), subject: Some(id.to_owned()) }
    }

    /// Watches for requests to end any job.
    pub fn cancels(&self) -> Watcher {
        let mut watched = self.watched();
        let sender = watched.cancels.get_or_insert_with(|| watch::channel(0).0);
        Watcher { changed: sender.subscribe(), listener: self.clone(), subject: None }
    }

    /// Watches for jobs that may be taken.
    pub fn queue(&self) -> Watcher {
        let mut watched = self.watched();
        let sender = watched.queue.get_or_insert_with(|| watch::channel(0).0);
        Watcher { changed: sender.subscribe(), listener: self.clone(), subject: None }
    }

    /// Tells the workers of this process at once, and those of others soon, that a job may be taken:
    /// after the commit, since a NOTIFY within makes commits wait for each other.
    pub fn wake_workers(&self) {
        self.watched().queue.iter().for_each(bump);
        self.0.to_wake.store(true, Ordering::Release);
        self.0.woken.notify_one();
    }

    /// Waits until other processes are to be woken, at most once each [`WAKE_PAUSE`].
    async fn wanted_by_others(&self, not_before: Instant) {
        while !AtomicBool::load(&self.0.to_wake, Ordering::Acquire) {
            self.0.woken.notified().await;
        }
        tokio::time::sleep_until(not_before).await;
    }

    async fn run(&self, url: &str) {
        loop {
            if let Err(error) = self.listen(url).await {
                tracing::debug!(error.cause = %error, "The listening connection broke off");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn listen(&self, url: &str) -> Result<()> {
        let mut conn = Conn::establish(url)
            .await
            .map_err(|error| super::StoreError::Unavailable(error.to_string()))?;
        for topic in Topic::ALL {
            diesel::sql_query(format!("LISTEN {}", topic.channel())).execute(&mut conn).await?;
        }
        // What happened while nobody listened.
        self.hint_all();
        let mut not_before = Instant::now();
        loop {
            let next = {
                let mut notices = std::pin::pin!(conn.notifications_stream());
                tokio::select! {
                    next = tokio::time::timeout(CHECK, notices.next()) => next.ok().flatten(),
                    () = self.wanted_by_others(not_before) => None,
                }
            };
            if let Some(notice) = next {
                let notice = notice?;
                self.hint(&notice.channel, &notice.payload);
            } else if self.0.to_wake.swap(false, Ordering::AcqRel) {
                not_before = Instant::now() + WAKE_PAUSE;
                wake_workers(&mut conn).await?;
            } else {
                diesel::sql_query("SELECT 1").execute(&mut conn).await?;
            }
        }
    }

    fn hint(&self, channel: &str, subject: &str) {
        let watched = self.watched();
        if channel == Topic::Cancel.channel() {
            watched.cancels.iter().for_each(bump);
        } else if channel == Topic::Queue.channel() {
            watched.queue.iter().for_each(bump);
        } else if let Some(sender) = watched.subjects.get(subject) {
            bump(sender);
        }
    }

    fn hint_all(&self) {
        let watched = self.watched();
        watched
            .cancels
            .iter()
            .chain(&watched.queue)
            .chain(watched.subjects.values())
            .for_each(bump);
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bump(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count = count.wrapping_add(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn many_hints_are_one_and_a_slow_watcher_holds_nobody_up() {
        let listener = Listener::default();
        let (mut quick, mut slow) = (listener.job("a"), listener.job("a"));
        let mut other = listener.job("b");
        for _ in 0..10_000 {
            listener.hint(Topic::Job.channel(), "a");
            assert_eq!(quick.changed().now_or_never(), Some(()));
        }
        assert_eq!(slow.changed().now_or_never(), Some(()));
        assert_eq!(slow.changed().now_or_never(), None);
        assert_eq!(other.changed().now_or_never(), None);
        listener.hint_all();
        assert_eq!(other.changed().now_or_never(), Some(()));
    }

    #[test]
    fn who_is_gone_is_forgotten() {
        let listener = Listener::default();
        let (one, two) = (listener.job("a"), listener.job("a"));
        drop(one);
        assert_eq!(listener.watched().subjects.len(), 1);
        drop(two);
        assert!(listener.watched().subjects.is_empty());
    }
}
