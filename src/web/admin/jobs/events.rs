//! A job's output while it is printed: server-sent events that go on where they broke off.
//!
//! Everything is read from the database, after the last chunk that was sent; a notice only says
//! when to look. An event names the line that it begins with and brings all lines from there, so
//! that one that comes twice doubles nothing. Its id is attempt, chunk: what `Last-Event-ID` asks
//! to go on after. A stream ends with the session that opened it, which is asked for before each look;
//! browsers come back by themselves, and find the sign-in page.

use super::log::{Assembly, Lines, MOST_CHUNKS};
use super::page::{current_badge, id_of, job_sentence, missing_job};
use super::raw;
use super::view::View;
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::human::HumanError;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, ContentEncoding};
use actix_web::web::Bytes;
use askama::Template;
use futures_util::stream;
use signalbox_core::ids::{JobId, UserId};
use signalbox_i18n as i18n;
use signalbox_store::jobs::{self, Job};
use signalbox_store::listen::Watcher;
use signalbox_store::{Pool, StoreError, sessions};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the database is asked without a notice; the sentence is told anew then too.
const LOOK: Duration = Duration::from_secs(5);
/// How long one stream lasts at most.
const LONGEST: Duration = Duration::from_mins(10);
/// Chunks sent in one event at most.
const BATCH: i64 = 200;

/// GET the events of a job from now on, or after `Last-Event-ID`, or `?after=ATTEMPT.CHUNK`.
///
/// # Errors
/// No such job (404), its output is not kept any more (410), the database (503).
pub async fn stream_events(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = id_of(&ctx)?;
    // Watched before it is read: what happens in between is not missed.
    let watcher = ctx.deps().live.notices.watch_job(id.as_str());
    let mut conn = ctx.get_conn().await?;
    let job = jobs::find_job(&mut conn, &id).await.map_err(|error| missing_job(&ctx, error))?;
    raw::still_there(&mut conn, &ctx, &id, job.attempts).await?;
    drop(conn);
    let times = View::from_query(ctx.query()).times;
    let asked = url::form_urlencoded::parse(ctx.query().as_bytes())
        .find(|(key, _)| key == "after")
        .map(|(_, value)| value.into_owned());
    let after = ctx.header("last-event-id").map(str::to_owned).or(asked);
    let follower = Follower {
        session: ctx.session_id(),
        pool: ctx.deps().pool.clone(),
        stop: ctx.deps().live.stop.clone(),
        id,
        watcher,
        place: after.as_deref().and_then(Place::parse_place).unwrap_or_default(),
        times,
        reader: (i18n::current_locale(), i18n::current_zone()),
        assembly: None,
        told: None,
        ends: Instant::now() + LONGEST,
        is_first: true,
        is_over: false,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let events = follower.next_events().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(events)), follower))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        // Compressed, it would be held back until there is enough of it.
        .insert_header((CONTENT_ENCODING, ContentEncoding::Identity))
        .streaming(Box::pin(events)))
}

/// How far a watcher has read: the attempt, and its last chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    attempt: i32,
    seq: i32,
}

impl Default for Place {
    fn default() -> Self {
        Self { attempt: 0, seq: -1 }
    }
}

impl Place {
    fn parse_place(word: &str) -> Option<Self> {
        let (attempt, seq) = word.split_once('.')?;
        Some(Self { attempt: attempt.parse().ok()?, seq: seq.parse().ok()? })
    }
}

/// One watcher's way through a job's output.
struct Follower {
    /// Whose it is, and what their session is called.
    session: (UserId, String),
    pool: Pool,
    stop: CancellationToken,
    id: JobId,
    watcher: Watcher,
    place: Place,
    /// Whether each line says when it was written.
    times: bool,
    /// The reader's language and time zone.
    reader: (i18n::Locale, i18n::Tz),
    /// The lines of the attempt so far; none = to be made from the chunks up to the place.
    assembly: Option<Assembly>,
    /// What was last said of the job's state.
    told: Option<String>,
    ends: Instant,
    is_first: bool,
    is_over: bool,
}

impl Follower {
    /// The next events; none = the stream is over.
    async fn next_events(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        loop {
            match self.look_for_events().await {
                Ok(events) if !events.is_empty() => return Some(events),
                Ok(_) => {}
                Err(StoreError::NotFound) => return None,
                Err(error) => {
                    tracing::debug!(job.id = %self.id, %error, "Failed to read events of job {}: {error}", self.id);
                }
            }
            let stop = self.stop.clone();
            tokio::select! {
                () = self.watcher.wait_for_change() => {}
                () = tokio::time::sleep(LOOK) => {
                    // A comment keeps proxies from giving up, and tells us that the reader is gone.
                    return Some(": \n\n".to_owned());
                }
                () = tokio::time::sleep_until(self.ends) => return None,
                () = stop.cancelled() => return None,
            }
        }
    }

    async fn look_for_events(&mut self) -> Result<String, StoreError> {
        // The connection is given back before anything is sent: a slow reader holds none.
        let mut conn = self.pool.get_conn().await?;
        let (user, reference) = &self.session;
        if !sessions::is_alive(&mut conn, *user, reference, clock::now()).await? {
            return Err(StoreError::NotFound);
        }
        let job = jobs::find_job(&mut conn, &self.id).await?;
        let newest = jobs::attempts_of(&mut conn, &self.id).await?.into_iter().next();
        let mut events = String::new();
        if std::mem::take(&mut self.is_first) {
            events.push_str("retry: 1000\n\n");
        }
        if job.attempts > self.place.attempt {
            self.place = Place { attempt: job.attempts, seq: -1 };
            self.assembly = Some(Assembly::default());
        }
        let attempt = self.place.attempt;
        if self.assembly.is_none() {
            let mut assembly = Assembly::default();
            let known = jobs::output_after(&mut conn, &self.id, attempt, -1, MOST_CHUNKS).await?;
            for chunk in known.iter().filter(|chunk| chunk.seq <= self.place.seq) {
                assembly.push_chunk(chunk);
            }
            assembly.take_lines();
            self.assembly = Some(assembly);
        }
        let assembly = self.assembly.get_or_insert_default();
        let chunks =
            jobs::output_after(&mut conn, &self.id, attempt, self.place.seq, BATCH).await?;
        drop(conn);
        for chunk in &chunks {
            assembly.push_chunk(chunk);
            self.place.seq = chunk.seq;
        }
        if !chunks.is_empty() {
            let (from, lines) = assembly.take_lines();
            let prefix = "L".to_owned();
            let lines = Lines { lines, prefix, times: self.times, elsewhere: None };
            let html = say_to(self.reader, || lines.render()).unwrap_or_default();
            let data = serde_json::json!({"attempt": attempt, "from": from, "html": html});
            let id = format!("{attempt}.{}", self.place.seq);
            let _ = write!(events, "event: lines\nid: {id}\ndata: {data}\n\n");
            if chunks.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX) {
                return Ok(events);
            }
        }
        let state = say_to(self.reader, || state_of(&job, newest.as_ref()));
        if self.told.as_ref() != Some(&state) {
            let _ = write!(events, "event: state\ndata: {state}\n\n");
            self.told = Some(state);
        }
        if job.state.is_final() {
            events.push_str("event: ended\ndata: {}\n\n");
            self.is_over = true;
        }
        Ok(events)
    }
}

fn say_to<T>((locale, zone): (i18n::Locale, i18n::Tz), say: impl FnOnce() -> T) -> T {
    i18n::say_in(locale, || i18n::say_in_zone(zone, say))
}

/// What a page must know to tell whether it still shows how the job stands.
fn state_of(job: &Job, newest: Option<&jobs::Attempt>) -> String {
    serde_json::json!({
        "state": job.state,
        "label": i18n::t(&current_badge(job).label),
        "attempts": job.attempts,
        "sentence": job_sentence(job, newest, clock::now()),
    })
    .to_string()
}
