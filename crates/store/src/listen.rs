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
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a lost connection is waited for before the next try.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the connection is tried while nothing comes, so that a dead one is noticed.
const CHECK: Duration = Duration::from_secs(20);

/// The least time between two notices to other processes.
const NEWS_PAUSE: Duration = Duration::from_millis(10);
/// Jobs named in one notice, which holds less than 8,000 bytes. Source: PostgreSQL, NOTIFY.
const JOBS_IN_A_NOTICE: usize = 250;
/// What a notice says of a job that has become due by being stored, after all others.
const NEWEST: &str = "newest";
/// Most jobs that wait to be named, while the connection is away.
const MOST_WAITING: usize = 10_000;

/// What there is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Jobs moved or printed something; the subject is their ids, with commas between.
    Job,
    /// A running job is to end; the subject is its id.
    Cancel,
    /// A job may be taken; the subject says whether it is the newest, or may be older than others.
    Queue,
}

impl Topic {
    const ALL: [Self; 3] = [Self::Job, Self::Cancel, Self::Queue];

    pub(super) fn channel_name(self) -> &'static str {
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
pub async fn notify_topic(conn: &mut Conn, topic: Topic, subject: &str) -> Result<()> {
    let notify = diesel::sql_query("SELECT pg_notify($1, $2)")
        .bind::<Text, _>(topic.channel_name())
        .bind::<Text, _>(subject);
    cached(notify).execute(conn).await?;
    Ok(())
}

/// Tells the workers of all processes that a job may be taken, perhaps before others that wait.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn wake_workers(conn: &mut Conn) -> Result<()> {
    notify_topic(conn, Topic::Queue, "").await
}

/// The watchers of one process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Listener(Arc<Shared>);

#[derive(Default)]
struct Shared {
    watched: Mutex<Watched>,
    for_others: Mutex<ForOthers>,
    has_news: Notify,
}

/// What other processes are to be told.
#[derive(Default)]
struct ForOthers {
    /// Whether their workers are to be woken.
    wake: bool,
    /// Jobs that moved or printed something.
    jobs: Vec<String>,
}

impl ForOthers {
    fn is_empty(&self) -> bool {
        !self.wake && self.jobs.is_empty()
    }
}

#[derive(Default)]
struct Watched {
    subjects: HashMap<String, watch::Sender<u64>>,
    cancels: Option<watch::Sender<u64>>,
    queue: Option<watch::Sender<u64>>,
    older: Option<watch::Sender<u64>>,
}

/// One watcher of one thing.
pub struct Watcher {
    changed: watch::Receiver<u64>,
    listener: Listener,
    subject: Option<String>,
}

impl Watcher {
    /// Waits for the next hint; several that came in the meantime are one.
    pub async fn wait_for_change(&mut self) {
        if self.changed.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether there was a hint since the last question or wait.
    pub fn has_changed(&mut self) -> bool {
        let has_changed = self.changed.has_changed().unwrap_or_default();
        self.changed.mark_unchanged();
        has_changed
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let Some(subject) = &self.subject else { return };
        let mut watched = self.listener.lock_watched();
        // This one still counts.
        if watched.subjects.get(subject).is_some_and(|sender| sender.receiver_count() <= 1) {
            watched.subjects.remove(subject);
        }
    }
}

impl Listener {
    /// Listens until `stop`, over lost connections.
    pub fn start_listening(database_url: &str, stop: CancellationToken) -> Self {
        let listener = Self::default();
        let (url, told) = (database_url.to_owned(), listener.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = told.keep_listening(&url) => {}
                () = stop.cancelled() => {}
            }
        });
        listener
    }

    /// Watches one job.
    pub fn watch_job(&self, id: &str) -> Watcher {
        let mut watched = self.lock_watched();
        let sender = watched.subjects.entry(id.to_owned()).or_insert_with(|| watch::channel(0).0);
        let changed = sender.subscribe();
        Watcher { changed, listener: self.clone(), subject: Some(id.to_owned()) }
    }

    /// Watches for requests to end any job.
    pub fn watch_cancels(&self) -> Watcher {
        let mut watched = self.lock_watched();
        let sender = watched.cancels.get_or_insert_with(|| watch::channel(0).0);
        Watcher { changed: sender.subscribe(), listener: self.clone(), subject: None }
    }

    /// Watches for jobs that may be taken.
    pub fn watch_queue(&self) -> Watcher {
        let mut watched = self.lock_watched();
        let sender = watched.queue.get_or_insert_with(|| watch::channel(0).0);
        Watcher { changed: sender.subscribe(), listener: self.clone(), subject: None }
    }

    /// Watches for jobs that may be taken, and may be older than others that wait.
    pub fn watch_older(&self) -> Watcher {
        let mut watched = self.lock_watched();
        let sender = watched.older.get_or_insert_with(|| watch::channel(0).0);
        Watcher { changed: sender.subscribe(), listener: self.clone(), subject: None }
    }

    /// Tells the workers of this process at once, and those of others soon, that a new job may be taken:
    /// after the commit, since a NOTIFY within makes commits wait for each other.
    pub fn wake_workers(&self) {
        self.lock_watched().queue.iter().for_each(bump_version);
        self.for_others().wake = true;
        self.0.has_news.notify_one();
    }

    /// Tells who watches them, here at once and elsewhere soon, that jobs moved or printed something.
    pub fn tell_of_jobs<'a>(&self, jobs: impl IntoIterator<Item = &'a str>) {
        {
            let watched = self.lock_watched();
            let mut for_others = self.for_others();
            for job in jobs {
                watched.subjects.get(job).into_iter().for_each(bump_version);
                // Who is not told looks by itself, a little later.
                if for_others.jobs.len() < MOST_WAITING {
                    for_others.jobs.push(job.to_owned());
                }
            }
        }
        self.0.has_news.notify_one();
    }

    /// Tells the workers of this process that a job may be taken which may be older than others that
    /// wait, as a notice from the database does.
    pub fn announce_older(&self) {
        self.pass_hint(Topic::Queue.channel_name(), "");
    }

    /// Waits until other processes are to be told something, at most once each [`NEWS_PAUSE`].
    async fn send_news(&self, not_before: Instant) {
        while self.for_others().is_empty() {
            self.0.has_news.notified().await;
        }
        tokio::time::sleep_until(not_before).await;
    }

    async fn keep_listening(&self, url: &str) {
        loop {
            if let Err(error) = self.listen_once(url).await {
                tracing::debug!(%error, "Listening connection failed: {error}; connecting again");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn listen_once(&self, url: &str) -> Result<()> {
        let mut conn = Conn::establish(url)
            .await
            .map_err(|error| super::StoreError::Unavailable(error.to_string()))?;
        super::secret_key::share_key(&mut conn).await?;
        for topic in Topic::ALL {
            diesel::sql_query(format!("LISTEN {}", topic.channel_name()))
                .execute(&mut conn)
                .await?;
        }
        // What happened while nobody listened.
        self.hint_all();
        let mut not_before = Instant::now();
        loop {
            let next = {
                let mut notices = std::pin::pin!(conn.notifications_stream());
                tokio::select! {
                    next = tokio::time::timeout(CHECK, notices.next()) => next.ok().flatten(),
                    () = self.send_news(not_before) => None,
                }
            };
            if let Some(notice) = next {
                let notice = notice?;
                self.pass_hint(&notice.channel, &notice.payload);
                continue;
            }
            let news = std::mem::take(&mut *self.for_others());
            if news.is_empty() {
                diesel::sql_query("SELECT 1").execute(&mut conn).await?;
            } else {
                not_before = Instant::now() + NEWS_PAUSE;
                if news.wake {
                    notify_topic(&mut conn, Topic::Queue, NEWEST).await?;
                }
                for jobs in news.jobs.chunks(JOBS_IN_A_NOTICE) {
                    notify_topic(&mut conn, Topic::Job, &jobs.join(",")).await?;
                }
            }
        }
    }

    fn pass_hint(&self, channel: &str, subject: &str) {
        let watched = self.lock_watched();
        if channel == Topic::Cancel.channel_name() {
            watched.cancels.iter().for_each(bump_version);
        } else if channel == Topic::Queue.channel_name() {
            if subject != NEWEST {
                watched.older.iter().for_each(bump_version);
            }
            watched.queue.iter().for_each(bump_version);
        } else {
            subject.split(',').filter_map(|job| watched.subjects.get(job)).for_each(bump_version);
        }
    }

    fn hint_all(&self) {
        let watched = self.lock_watched();
        watched
            .cancels
            .iter()
            .chain(&watched.queue)
            .chain(&watched.older)
            .chain(watched.subjects.values())
            .for_each(bump_version);
    }

    fn for_others(&self) -> std::sync::MutexGuard<'_, ForOthers> {
        self.0.for_others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_watched(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bump_version(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count = count.wrapping_add(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn many_hints_are_one_and_a_slow_watcher_holds_nobody_up() {
        let listener = Listener::default();
        let (mut quick, mut slow) = (listener.watch_job("a"), listener.watch_job("a"));
        let mut other = listener.watch_job("b");
        for _ in 0..10_000 {
            listener.pass_hint(Topic::Job.channel_name(), "a");
            assert_eq!(quick.wait_for_change().now_or_never(), Some(()));
        }
        assert_eq!(slow.wait_for_change().now_or_never(), Some(()));
        assert_eq!(slow.wait_for_change().now_or_never(), None);
        assert_eq!(other.wait_for_change().now_or_never(), None);
        listener.hint_all();
        assert_eq!(other.wait_for_change().now_or_never(), Some(()));
    }

    #[test]
    fn who_is_gone_is_forgotten() {
        let listener = Listener::default();
        let (one, two) = (listener.watch_job("a"), listener.watch_job("a"));
        drop(one);
        assert_eq!(listener.lock_watched().subjects.len(), 1);
        drop(two);
        assert!(listener.lock_watched().subjects.is_empty());
    }
}
