//! Carries runs of replays out: in every process that has the installation's keys, one of them at
//! a time for each run.
//!
//! A delivery is made in the transaction that moves the run's cursor past the first one. So a
//! process that dies in the middle leaves nothing out and makes nothing twice, and a person who
//! stops a run waits for one delivery at most.

use super::plan::{evaluate_many, outline_obstacle};
use super::{LOOKAHEAD, set_skips, skipped_counts};
use crate::clock;
use crate::control::replay::{Judge, write_replay};
use crate::intake::{Origin, Policy};
use chrono::{DateTime, Utc};
use signalbox_core::ids::DeliveryId;
use signalbox_core::replay::{Pace, Per, RunState, Skip};
use signalbox_core::seal::Keys;
use signalbox_core::source::Source;
use signalbox_store::deliveries::Full;
use signalbox_store::replays::{Chosen, Outline, Run};
use signalbox_store::{Conn, Pool, Result, deliveries, replays, run_transaction};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often runs are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// Deliveries judged in one transaction before one is made.
const MOST: usize = 50;
/// How often a delivery that cannot be stored is tried.
const TRIES: u32 = 3;

/// What a process remembers of a run: it may forget it all.
#[derive(Default)]
struct Memory {
    ahead: VecDeque<Outline>,
    failures: u32,
}

/// Carries runs out until `stop`.
pub async fn carry_out_runs(pool: Pool, keys: Arc<Keys>, policy: Policy, stop: CancellationToken) {
    let mut memories: HashMap<String, Memory> = HashMap::new();
    while !stop.is_cancelled() {
        let wait = match step_due_runs(&pool, &keys, policy, &mut memories).await {
            Ok(due) => due
                .and_then(|due| (due - clock::now()).to_std().ok())
                .map_or(LOOK, |wait| wait.min(LOOK)),
            Err(error) => {
                tracing::warn!(%error, "Failed to look for bulk replays: {error}; trying again");
                LOOK
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One step of each run that is due; answers when the next is.
async fn step_due_runs(
    pool: &Pool,
    keys: &Keys,
    policy: Policy,
    memories: &mut HashMap<String, Memory>,
) -> Result<Option<DateTime<Utc>>> {
    let mut pooled = pool.get_conn().await?;
    let conn: &mut Conn = &mut pooled;
    let running = replays::list_running(conn).await?;
    memories.retain(|id, _| running.iter().any(|(known, _)| known == id));
    let mut next: Option<DateTime<Utc>> = None;
    for (id, due) in running {
        let due = if due > clock::now() {
            due
        } else {
            let memory = memories.entry(id.clone()).or_default();
            let judge = Judge { keys, policy, at: clock::now() };
            match step_run(conn, &id, memory, judge).await {
                Ok(due) => {
                    memory.failures = 0;
                    due
                }
                Err(error) if error.is_unavailable() => return Err(error),
                Err(error) => {
                    memory.failures += 1;
                    memory.ahead.clear();
                    tracing::error!(replay.id = %id, %error, "Failed to replay a delivery of bulk replay {id}: {error}; trying again");
                    clock::now()
                }
            }
        };
        next = Some(next.map_or(due, |next| next.min(due)));
    }
    Ok(next)
}

/// Makes the next delivery of a run, leaving out those before it that cannot be replayed; answers
/// when the run is due again.
async fn step_run(
    conn: &mut Conn,
    id: &str,
    memory: &mut Memory,
    judge: Judge<'_>,
) -> Result<DateTime<Utc>> {
    run_transaction(conn, async |conn: &mut Conn| {
        let later = clock::now() + chrono::TimeDelta::seconds(1);
        let Some(mut run) = replays::lease_run(conn, id).await? else { return Ok(later) };
        let mut left_out = skipped_counts(&run);
        let mut skip = |run: &mut Run, of: String, why: Skip| {
            *left_out.entry(why).or_default() += 1;
            run.cursor = of;
        };
        let mut due = run.next_at;
        let mut failed = memory.failures >= TRIES;
        for _ in 0..MOST {
            let Some(next) = next_outline(conn, &run, &mut memory.ahead).await? else {
                RunState::Finished.as_str().clone_into(&mut run.state);
                run.ended_at = Some(judge.at);
                tracing::info!(replay.id = %run.id, replay.done = run.done, "Bulk replay {} has finished", run.id);
                break;
            };
            let hopeless = std::mem::take(&mut failed).then_some(Skip::Failed);
            if let Some(why) = outline_obstacle(&next).or(hopeless) {
                skip(&mut run, next.id, why);
                continue;
            }
            let mut found = deliveries::find_many(conn, std::slice::from_ref(&next.id)).await?;
            let outcome = evaluate_many(conn, &found, judge).await?.pop().unwrap_or(Err(Skip::Gone));
            match (outcome, found.pop()) {
                (Ok(prospect), Some(full)) => {
                    let made = replay_origin(&run, &full);
                    let made = (clock::delivery_id(), made, run.remote_addr.as_str());
                    let receipt = write_replay(conn, full, prospect, made, judge.at).await?;
                    run.jobs += i64::try_from(receipt.jobs.len()).unwrap_or(0);
                    run.done += 1;
                    run.cursor = next.id;
                    due = run_pace(&run).next_due(run.next_at, judge.at);
                    break;
                }
                (Err(why), _) => skip(&mut run, next.id, why),
                (Ok(_), None) => skip(&mut run, next.id, Skip::Gone),
            }
        }
        run.next_at = due;
        set_skips(&mut run, &left_out);
        replays::advance_run(conn, &run).await?;
        Ok(due)
    })
    .await
}

fn replay_origin(run: &Run, full: &Full) -> Origin {
    Origin::Made {
        source: Source::Replay,
        by: run.started_by.clone(),
        of: full.brief.id.parse::<DeliveryId>().ok(),
        run: Some(run.id.clone()),
    }
}

fn run_pace(run: &Run) -> Pace {
    Pace { number: run.pace, per: Per::parse(&run.per).unwrap_or(Per::Minute) }
}

/// The delivery after the cursor. What was read ahead may have been seen to by another process.
async fn next_outline(
    conn: &mut Conn,
    run: &Run,
    ahead: &mut VecDeque<Outline>,
) -> Result<Option<Outline>> {
    while ahead.front().is_some_and(|outline| outline.id <= run.cursor) {
        ahead.pop_front();
    }
    if ahead.is_empty() {
        let chosen: Chosen = serde_json::from_value(run.selection.clone()).unwrap_or_default();
        ahead.extend(replays::list_after(conn, &chosen, &run.cursor, LOOKAHEAD).await?);
    }
    Ok(ahead.front().cloned())
}
