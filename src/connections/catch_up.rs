//! Catches up on what GitLab could not deliver: its log of seven days is compared with the keys that are
//! held here, and what is missing is judged as if it came now, by the same hand and under the same key.
//! So nothing runs twice, whoever dies in between, and also when GitLab delivers it after all.

use super::client::open_client;
use super::setup::SetupError;
use super::take::{CatchUp, Take};
use crate::clock;
use crate::intake::{Arrival, Content, Origin, foresee};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use signalbox_core::catch_up::{Line, Logged, find_overtaken};
use signalbox_core::event::Event;
use signalbox_core::headers::keep_headers;
use signalbox_core::idempotency::KEY_DAYS;
use signalbox_core::ids::WebhookId;
use signalbox_core::verdict::Verdict;
use signalbox_gitlab::hooks::Owner;
use signalbox_gitlab::log::LogEvent;
use signalbox_gitlab::{ApiFailure, Client};
use signalbox_store::gitlab::{Connection, Hook, catch_up, heads};
use signalbox_store::keys::{ScopedKey, find_holders};
use signalbox_store::{Conn, StoreError};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How long GitLab keeps what it sent, and we the keys of what came: a little less, so that what is found is
/// known.
const LOGGED: TimeDelta = TimeDelta::hours(7 * 24 - 1);
/// How long before the newest event that was compared the next look begins: events are logged beside
/// each other.
const OVERLAP: TimeDelta = TimeDelta::minutes(1);
/// Up to so many missing events of a webhook are taken without a person.
pub(super) const MANY: usize = 200;
/// How many bytes of events are held at once. What is newer is read again.
const HELD: usize = 64 * 1024 * 1024;
/// How many events are sent again at once: GitLab does so five times a minute.
const RESENDS: usize = 5;

/// Why nothing is taken: both ends have other tokens.
const REFUSED: &str = "The webhooks here do not accept the tokens that their webhook in GitLab is to have. Press “Fix”, then \
                       “Catch up”.";

/// What became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Events that were taken from the log.
    pub taken: usize,
    /// Events that GitLab sent again.
    pub resent: usize,
    /// Whether there is more to send again, in a minute.
    pub goes_on: bool,
    /// Branches that went on without an event: their pushes are made within two minutes.
    pub branches: usize,
    /// Whether it is so much that it waits for a person.
    pub waits: bool,
}

/// What waits for a person, because it is much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedEvents {
    /// How many events.
    pub count: usize,
    /// When the oldest was sent.
    pub from: DateTime<Utc>,
    /// When the newest was.
    pub to: DateTime<Utc>,
    /// How many of each kind.
    pub kinds: BTreeMap<String, usize>,
    /// When the newest event that was looked at was logged.
    pub read_to: DateTime<Utc>,
}

/// Catches up on one webhook in GitLab, however much it is.
///
/// # Errors
/// What GitLab says; an event that could not be stored. What was taken before stays taken.
pub async fn catch_up_now(
    deps: CatchUp<'_>,
    connection: &Connection,
    hook: &Hook,
) -> Result<CaughtUp, SetupError> {
    let client = open_client(deps.pool, deps.keys, connection)?;
    let Some(hook_id) = hook.hook_id else { return Ok(CaughtUp::default()) };
    let done = deps.catch_up(&client, (hook, hook_id), true).await?;
    let branches = deps.compare_branches(&client, hook, true).await?;
    Ok(CaughtUp { branches, ..done })
}

/// Leaves out what waits for a person.
///
/// # Errors
/// Those of the database.
pub async fn leave_out(conn: &mut Conn, hook: &Hook) -> Result<(), StoreError> {
    let missed = hook.missed.clone().and_then(|it| serde_json::from_value::<MissedEvents>(it).ok());
    match missed {
        Some(missed) => {
            heads::forget_heads(conn, hook.id).await?;
            // What is as old as that would be found again.
            let read_to = missed.read_to + OVERLAP + TimeDelta::milliseconds(1);
            catch_up::note_log_read(conn, hook.id, read_to, clock::now()).await
        }
        None => Ok(()),
    }
}

/// What of the log is missing here, the oldest first.
#[derive(Default)]
struct Found {
    events: BTreeMap<i64, LogEvent>,
    bytes: usize,
    /// Events that the receiver took, and the keys that they had.
    delivered: BTreeMap<i64, (Line, String)>,
    has_failed: bool,
    /// All of them, also those that were let go.
    all: Option<MissedEvents>,
    /// When the newest event that was looked at was logged.
    newest: Option<DateTime<Utc>>,
    is_cut: bool,
}

impl CatchUp<'_> {
    /// Catches up on one webhook in GitLab. Unless a person says so, much waits for one.
    pub(super) async fn catch_up(
        self,
        client: &Client,
        (hook, hook_id): (&Hook, i64),
        is_asked: bool,
    ) -> Result<CaughtUp, SetupError> {
        let mut all = CaughtUp::default();
        if hook.missed.is_some() && !is_asked {
            return Ok(CaughtUp { waits: true, ..all });
        }
        let mut read_to = hook.log_read_to.unwrap_or(hook.created_at);
        loop {
            let found = match self.read_log(client, (hook, hook_id), read_to).await {
                // Versions before 17.3 show no log.
                Err(SetupError::Gitlab(ApiFailure::NotFound)) => return Ok(all),
                found => found?,
            };
            let newest = found.newest.unwrap_or(read_to);
            let missed = found.all.clone().map(|all| MissedEvents { read_to: newest, ..all });
            if let Some(missed) = missed.as_ref().filter(|it| it.count > MANY && !is_asked) {
                missed.note(&mut *self.pool.get_conn().await?, hook.id).await?;
                return Ok(CaughtUp { waits: true, ..all });
            }
            let is_cut = found.is_cut;
            if found.has_failed {
                heads::mark_heads_due(&mut *self.pool.get_conn().await?, hook.id).await?;
            }
            let taken = self.take_all(client, (hook, hook_id), found).await?;
            all.taken += taken.whole;
            all.resent += taken.resent;
            let waiting = taken.refused.or(taken.waiting);
            all.goes_on = taken.waiting.is_some();
            read_to = waiting.unwrap_or(newest.max(read_to));
            let mut conn = self.pool.get_conn().await?;
            catch_up::note_log_read(&mut conn, hook.id, read_to, clock::now()).await?;
            if taken.refused.is_some() {
                if let Some(missed) = missed {
                    missed.note(&mut conn, hook.id).await?;
                }
                return Err(SetupError::Refused(REFUSED.into()));
            }
            if !is_cut || all.goes_on {
                return Ok(all);
            }
        }
    }

    /// What was sent since a moment, was not taken, and is not known here.
    async fn read_log(
        self,
        client: &Client,
        (hook, hook_id): (&Hook, i64),
        read_to: DateTime<Utc>,
    ) -> Result<Found, SetupError> {
        let since = (read_to - OVERLAP).max(clock::now() - LOGGED).max(hook.created_at);
        let mut found = Found::default();
        for page in 1.. {
            let owner = Owner::Project(hook.project_id);
            let (events, may_go_on) = client.fetch_log_page(owner, hook_id, page).await?;
            let reaches_known = events.last().is_none_or(|event| event.logged_at() < since);
            let newest = events.iter().map(LogEvent::logged_at).max();
            found.newest = found.newest.max(newest);
            let events = events.into_iter().filter(|it| it.logged_at() >= since);
            let (delivered, events): (Vec<LogEvent>, Vec<LogEvent>) =
                events.partition(LogEvent::was_taken);
            let delivered = delivered.iter().filter_map(|event| {
                Some((event.id, (line_in_log(event)?, event.key()?.into_owned())))
            });
            found.delivered.extend(delivered);
            found.has_failed |= events.iter().any(|event| event.logged_at() > read_to);
            for event in self.filter_missing(hook, events).await? {
                found.hold(event);
            }
            if reaches_known || !may_go_on {
                break;
            }
        }
        Ok(found)
    }

    /// Those whose key nobody holds, and that were not taken before.
    async fn filter_missing(
        self,
        hook: &Hook,
        events: Vec<LogEvent>,
    ) -> Result<Vec<LogEvent>, SetupError> {
        let keys: Vec<ScopedKey> = events
            .iter()
            .filter_map(|event| Some(ScopedKey::at_main(&event.key()?, None)))
            .collect();
        let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
        let mut conn = self.pool.get_conn().await?;
        let held = find_holders(&conn, &keys.iter().collect::<Vec<_>>(), clock::now()).await?;
        let held: HashSet<String> = held.into_keys().map(|key| key.key).collect();
        let taken = catch_up::find_taken(&mut conn, hook.id, &ids).await?;
        // Without a key it cannot be told whether it came: GitLab before 17.4.
        let is_missing = |event: &LogEvent| {
            event.key().is_some_and(|key| !held.contains(&*key)) && !taken.contains(&event.id)
        };
        Ok(events.into_iter().filter(is_missing).collect())
    }

    /// Takes what was found, the oldest first.
    async fn take_all(
        self,
        client: &Client,
        (hook, hook_id): (&Hook, i64),
        found: Found,
    ) -> Result<Taken, SetupError> {
        let Found { events, delivered, .. } = found;
        let (oversized, whole): (Vec<LogEvent>, Vec<LogEvent>) =
            events.into_values().partition(LogEvent::is_oversized);
        let mut all = self.take_whole(hook, whole, delivered).await?;
        for event in oversized {
            let may_ask = all.waiting.is_none() && all.resent < RESENDS;
            let owner = Owner::Project(hook.project_id);
            if may_ask && client.resend_event(owner, hook_id, event.id).await.is_ok() {
                all.resent += 1;
                self.note_taken(hook, event.id).await?;
            } else {
                all.waiting = all.waiting.or(Some(event.logged_at()));
            }
        }
        if all.whole + all.resent > 0 {
            tracing::info!(
                gitlab.project = hook.project_id,
                "GitLab could not deliver events of project {}: {} taken from its log, {} sent again",
                hook.project_id,
                all.whole,
                all.resent
            );
        }
        Ok(all)
    }

    /// Takes events whose bodies the log has, until one is refused.
    async fn take_whole(
        self,
        hook: &Hook,
        events: Vec<LogEvent>,
        delivered: BTreeMap<i64, (Line, String)>,
    ) -> Result<Taken, SetupError> {
        let mut all = Taken::default();
        if events.is_empty() {
            return Ok(all);
        }
        let arrivals = events.iter().map(|event| self.arrival_from(hook, event));
        let arrivals = arrivals.collect::<Result<Vec<Arrival>, SetupError>>()?;
        let foreseen = {
            let conn = self.pool.get_conn().await?;
            foresee(&conn, &arrivals, self.keys, self.policy).await?
        };
        let mut logged = self.runs_of_delivered(delivered).await?;
        for ((event, arrival), foreseen) in events.iter().zip(&arrivals).zip(&foreseen) {
            let line = match &arrival.content {
                Content::Event { event, .. } => line_of(event),
                Content::Refused { .. } => Line::default(),
            };
            logged.insert(event.id, Logged { line, runs: foreseen.latest.clone() });
        }
        let overtaken = find_overtaken(&logged.values().cloned().collect::<Vec<_>>());
        let mut overtaken: BTreeMap<i64, Vec<WebhookId>> =
            logged.into_keys().zip(overtaken).collect();
        for ((event, mut arrival), foreseen) in events.iter().zip(arrivals).zip(foreseen) {
            if foreseen.verdict == Verdict::Rejected {
                all.refused = Some(event.logged_at());
                break;
            }
            let overtaken_for = overtaken.remove(&event.id).unwrap_or_default();
            arrival.origin = Origin::Log { overtaken_for };
            (arrival.id, arrival.received_at) = (clock::delivery_id(), clock::now());
            self.submit(arrival).await?;
            all.whole += 1;
            self.note_taken(hook, event.id).await?;
        }
        Ok(all)
    }

    /// The webhooks that ran what was delivered.
    async fn runs_of_delivered(
        self,
        delivered: BTreeMap<i64, (Line, String)>,
    ) -> Result<BTreeMap<i64, Logged>, SetupError> {
        let keys: Vec<ScopedKey> =
            delivered.values().map(|(_, key)| ScopedKey::at_main(key, None)).collect();
        let keys: Vec<&ScopedKey> = keys.iter().collect();
        let conn = self.pool.get_conn().await?;
        let held = find_holders(&conn, &keys, clock::now()).await?;
        let mut runs: HashMap<String, Vec<WebhookId>> = HashMap::new();
        for key in held.into_keys() {
            runs.entry(key.key).or_default().extend(key.webhook);
        }
        let logged = |(id, (line, key)): (i64, (Line, String))| {
            (id, Logged { line, runs: runs.get(&key).cloned().unwrap_or_default() })
        };
        Ok(delivered.into_iter().map(logged).collect())
    }

    async fn note_taken(self, hook: &Hook, event: i64) -> Result<(), SetupError> {
        let mut conn = self.pool.get_conn().await?;
        Ok(catch_up::note_taken(&mut conn, hook.id, event, clock::now()).await?)
    }

    fn arrival_from(self, hook: &Hook, event: &LogEvent) -> Result<Arrival, SetupError> {
        let header = event.header("X-Gitlab-Event").unwrap_or_default();
        let take = Take {
            header: &header,
            headers: keep_headers(|name| event.header(name)),
            key: event.key().unwrap_or_default().into_owned(),
            keeps: TimeDelta::days(KEY_DAYS),
            body: Bytes::copy_from_slice(event.body().as_bytes()),
            origin: Origin::Log { overtaken_for: Vec::new() },
        };
        self.arrival_of(hook, take)
    }
}

/// What of the log was taken.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    whole: usize,
    resent: usize,
    /// Since when events wait to be sent again.
    waiting: Option<DateTime<Utc>>,
    /// Since when they are refused here.
    refused: Option<DateTime<Utc>>,
}

impl Found {
    /// Holds one more, which is older than those before. Of too many, the newest are let go.
    fn hold(&mut self, event: LogEvent) {
        let at = event.sent_at();
        let all = self.all.get_or_insert_with(|| MissedEvents::none_at(at));
        all.count += 1;
        (all.from, all.to) = (all.from.min(at), all.to.max(at));
        let kind = event.header("X-Gitlab-Event").unwrap_or_default().into_owned();
        *all.kinds.entry(kind).or_default() += 1;
        self.bytes += event.body().len();
        self.events.insert(event.id, event);
        while self.bytes > HELD && self.events.len() > 1 {
            let Some((_, newest)) = self.events.pop_last() else { return };
            self.bytes -= newest.body().len();
            self.is_cut = true;
        }
        if self.is_cut {
            self.newest = self.events.values().map(LogEvent::logged_at).max();
        }
    }
}

impl MissedEvents {
    /// Has it wait for a person.
    pub(super) async fn note(&self, conn: &mut Conn, hook: i64) -> Result<(), StoreError> {
        let stored = serde_json::to_value(self).unwrap_or_default();
        catch_up::note_missed(conn, hook, &stored).await
    }

    fn none_at(at: DateTime<Utc>) -> Self {
        Self { count: 0, from: at, to: at, kinds: BTreeMap::new(), read_to: at }
    }
}

/// Of what an event is one.
fn line_of(event: &Event) -> Line {
    (event.object_kind.clone(), event.git_ref.as_str().to_owned())
}

fn line_in_log(event: &LogEvent) -> Option<Line> {
    let header = event.header("X-Gitlab-Event")?;
    Some(line_of(&Event::from_body(&header, event.body().as_bytes()).ok()?))
}
