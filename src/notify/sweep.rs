//! The sweep over the ends of jobs: each is seen once, in one transaction with the messages that it
//! brings. Every process with a panel sweeps; an advisory lock lets one at a time.

use super::Teller;
use super::outbox::Outbox;
use super::states;
use crate::clock;
use chrono::{DateTime, TimeDelta, Utc};
use signalbox_core::failure::Failure;
use signalbox_core::notify::choice::{Ended, Kept, fired_by};
use signalbox_core::notify::happening::{Happening, JobEnd};
use signalbox_core::notify::letter::last_lines;
use signalbox_core::output::page_text;
use signalbox_store::notify::channels::{self, Channel};
use signalbox_store::notify::rules::{self, Dated};
use signalbox_store::notify::sweep::{self, End};
use signalbox_store::{Conn, Result, StoreError, run_transaction};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(2);
/// How often lasting states are looked at.
const STATES_EVERY: TimeDelta = TimeDelta::seconds(10);
/// How far behind its cursor a sweep looks: an end gets its time before it is committed, and by the clock
/// of its own host.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(2);
/// How old the cursor grows where nothing happens.
const IDLE: TimeDelta = TimeDelta::seconds(30);
/// The most ends of a transaction.
const BATCH: usize = 500;
/// The most lines of output in a message, and characters.
const LINES: (usize, usize) = (12, 1_500);

/// When a sweep of this process was whole the last time.
#[derive(Debug, Default)]
pub(super) struct Swept(Mutex<Option<DateTime<Utc>>>);

impl Swept {
    /// Whether it was since then.
    pub(super) fn is_since(&self, then: DateTime<Utc>) -> bool {
        self.0.lock().is_ok_and(|at| at.is_some_and(|at| at >= then))
    }

    fn note(&self, now: DateTime<Utc>) {
        if let Ok(mut at) = self.0.lock() {
            *at = Some(now);
        }
    }
}

pub(super) async fn run_sweeps(teller: &Teller, swept: &Swept, stop: &CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    let mut looked = DateTime::UNIX_EPOCH;
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let looks = clock::now() - looked >= STATES_EVERY;
        let sweep = async {
            while sweep_ends(teller).await? {}
            if looks {
                states::sweep_states(teller).await?;
            }
            Ok::<_, StoreError>(())
        };
        match stop.run_until_cancelled(sweep).await {
            None => return,
            Some(Ok(())) => {
                swept.note(clock::now());
                if looks {
                    looked = clock::now();
                }
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "Failed to look for what to tell: {error}; trying again");
            }
        }
    }
}

/// The enabled channels, and their rules.
pub(super) async fn load_telling(conn: &mut Conn) -> Result<(HashMap<i64, Channel>, Vec<Dated>)> {
    let rules = rules::telling_rules(conn).await?;
    let all = if rules.is_empty() { Vec::new() } else { channels::all_channels(conn).await? };
    let enabled = all.into_iter().filter(|channel| channel.enabled);
    Ok((enabled.map(|channel| (channel.id, channel)).collect(), rules))
}

/// Sweeps over some ends; answers whether there are more.
async fn sweep_ends(teller: &Teller) -> Result<bool> {
    let mut conn = teller.pool.get_conn().await?;
    run_transaction(&mut conn, async |conn: &mut Conn| {
        if !sweep::try_lock(conn).await? {
            return Ok(false);
        }
        let now = clock::now();
        let cursor = sweep::load_cursor(conn).await?;
        let (channels, rules) = load_telling(conn).await?;
        let is_old = cursor.is_none_or(|cursor| now - cursor >= IDLE);
        let Some(cursor) =
            cursor.filter(|_| rules.iter().any(|one| one.kept.rule.kind().is_of_job()))
        else {
            if is_old {
                sweep::move_cursor(conn, now, now).await?;
                sweep::forget_streaks(conn).await?;
            }
            return Ok(false);
        };
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let ends = sweep::take_ends(conn, cursor - LOOK_BACK, most).await?;
        let is_full = ends.len() == BATCH;
        let last = ends.last().map(|end| end.finished_at);
        tell_ends(conn, Outbox::new(&channels, now), &rules, ends).await?;
        // Never past what is left; never back.
        let reached = last.filter(|_| is_full).map_or(now, |last| last.clamp(cursor, now));
        if last.is_some() || is_old {
            sweep::move_cursor(conn, reached, reached - LOOK_BACK).await?;
        }
        Ok(is_full)
    })
    .await
}

async fn tell_ends(
    conn: &mut Conn,
    mut outbox: Outbox<'_>,
    rules: &[Dated],
    ends: Vec<End>,
) -> Result<()> {
    let mut streaks: HashMap<i64, (i64, DateTime<Utc>)> = HashMap::new();
    for end in ends {
        let known = end.webhook_id.and_then(|webhook| streaks.get(&webhook).copied());
        let (before, failed_at) = known.unwrap_or((end.streak, end.finished_at));
        let ended = Ended {
            webhook: end.webhook_id,
            failed: end.failed,
            failed_before: u32::try_from(before).unwrap_or_default(),
        };
        if let Some(webhook) = end.webhook_id {
            let last = if end.failed { failed_at.max(end.finished_at) } else { failed_at };
            streaks.insert(webhook, (ended.failed_in_a_row().into(), last));
        }
        let kept: Vec<Kept> =
            rules.iter().filter(|one| one.since <= end.finished_at).map(|one| one.kept).collect();
        let mut told = None;
        for rule in fired_by(&kept, ended) {
            // What is only counted need not be read.
            if told.is_none() && outbox.has_room(conn, rule).await? {
                told = Some(describe_end(conn, &end, ended).await?);
            }
            let happening = told.clone().unwrap_or_else(|| brief(&end, ended));
            outbox.take_up(conn, rule, Happening::Job(Box::new(happening))).await?;
        }
    }
    for (webhook, (failures, at)) in streaks {
        sweep::put_streak(conn, webhook, failures, at).await?;
    }
    outbox.store(conn).await
}

fn brief(end: &End, ended: Ended) -> JobEnd {
    JobEnd {
        job: end.id.clone(),
        webhook_id: end.webhook_id,
        webhook: end.webhook_label.clone(),
        in_a_row: if end.failed { ended.failed_in_a_row() } else { ended.failed_before },
        ..JobEnd::default()
    }
}

async fn describe_end(conn: &mut Conn, end: &End, ended: Ended) -> Result<JobEnd> {
    let output = if end.failed {
        let pieces = sweep::last_output(conn, &end.id, end.attempts).await?;
        last_lines(&page_text(&pieces.concat()), LINES.0, LINES.1)
    } else {
        String::new()
    };
    Ok(JobEnd {
        repository: end.repo_name.clone(),
        git_ref: end.git_ref.clone(),
        sha: end.sha.clone(),
        title: end.title.clone(),
        person: end.user_name.clone(),
        action: end.action.clone(),
        attempts: end.attempts,
        failure: end.failure.as_ref().filter(|_| end.failed).and_then(Failure::from_stored),
        error: if end.failed { end.error.clone() } else { String::new() },
        output,
        gitlab: end.web_url.clone(),
        ..brief(end, ended)
    })
}
