//! Replay many: a plan of what would happen (`plan.rs`), and a run that does it at a pace, oldest
//! first (`runner.rs`). A run is a row of its own: it goes on where it was after a restart.

mod plan;
mod runner;

pub use plan::{Plan, plan_run};
pub use runner::carry_out_runs;

use super::Act;
use super::replay::claim_form_once;
use crate::clock;
use signalbox_core::change::{Change, Value};
use signalbox_core::ids::DeliveryId;
use signalbox_core::replay::{Pace, RunState, Skip};
use signalbox_store::audit::{self, Entry, Verb};
use signalbox_store::replays::{Chosen, Run};
use signalbox_store::{Conn, Result, StoreError, replays, run_transaction};
use std::collections::BTreeMap;

/// Deliveries looked at with one question to the database.
const LOOKAHEAD: i64 = 300;

/// A run that a person wants.
#[derive(Debug, Clone)]
pub struct Start {
    /// Of which deliveries.
    pub chosen: Chosen,
    /// Those, in words.
    pub told: String,
    /// How fast.
    pub pace: Pace,
    /// What tells this form from any other: it serves once.
    pub once: String,
}

/// Begins a run; answers its id. A form that was sent before answers with the run of then.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn start_run(conn: &mut Conn, act: Act<'_>, start: &Start) -> Result<String> {
    run_transaction(conn, async |conn: &mut Conn| {
        // Runs and deliveries are named alike.
        let id: DeliveryId = clock::delivery_id();
        if let Some(begun) = claim_form_once(conn, &start.once, &id, act.now).await? {
            return Ok(begun.to_string());
        }
        let run = Run {
            id: id.to_string(),
            state: RunState::Running.as_str().to_owned(),
            selection: serde_json::to_value(&start.chosen).unwrap_or_default(),
            told: start.told.clone(),
            pace: start.pace.number,
            per: start.pace.per.as_str().to_owned(),
            total: replays::count_chosen(conn, &start.chosen).await?,
            done: 0,
            jobs: 0,
            skips: serde_json::json!({}),
            cursor: String::new(),
            next_at: act.now,
            started_by: act.actor.username.clone(),
            started_at: act.now,
            stopped_by: String::new(),
            ended_at: None,
            remote_addr: act.remote_addr.to_owned(),
        };
        replays::insert_run(conn, &run).await?;
        let pace = format!("{} a {}", run.pace, run.per);
        let changes = vec![
            run_change("deliveries", Value::Number(run.total)),
            run_change("pace", Value::Text(pace)),
        ];
        log_run(conn, act, Verb::Replay, &run, changes).await?;
        Ok(run.id)
    })
    .await
}

/// Stops a run; false if it has ended. What it made stays, and so do its jobs.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such run.
pub async fn stop_run(conn: &mut Conn, act: Act<'_>, id: &str) -> Result<bool> {
    run_transaction(conn, async |conn: &mut Conn| {
        let mut run = replays::lock_run(conn, id).await?;
        if run.state != RunState::Running.as_str() {
            return Ok(false);
        }
        RunState::Stopped.as_str().clone_into(&mut run.state);
        run.stopped_by.clone_from(&act.actor.username);
        run.ended_at = Some(act.now);
        replays::advance_run(conn, &run).await?;
        let changes = vec![run_change("done", Value::Number(run.done))];
        log_run(conn, act, Verb::Cancel, &run, changes).await?;
        Ok(true)
    })
    .await
}

fn run_change(field: &str, after: Value) -> Change {
    Change { field: field.to_owned(), before: None, after: Some(after), secret: false }
}

async fn log_run(
    conn: &mut Conn,
    act: Act<'_>,
    verb: Verb,
    run: &Run,
    changes: Vec<Change>,
) -> std::result::Result<(), StoreError> {
    let entry = Entry {
        at: act.now,
        actor: Some(act.actor),
        verb,
        object_type: audit::object::REPLAY,
        object_id: &run.id,
        object_name: &run.told,
        changes,
        remote_addr: act.remote_addr,
    };
    audit::record_entry(conn, entry).await
}

/// Why deliveries of a run were left out, with how many.
pub fn skipped_counts(run: &Run) -> BTreeMap<Skip, i64> {
    let stored: BTreeMap<String, i64> =
        serde_json::from_value(run.skips.clone()).unwrap_or_default();
    stored.into_iter().filter_map(|(word, count)| Some((Skip::parse(&word)?, count))).collect()
}

fn set_skips(run: &mut Run, skips: &BTreeMap<Skip, i64>) {
    let words: BTreeMap<&str, i64> = skips.iter().map(|(skip, n)| (skip.as_str(), *n)).collect();
    run.skips = serde_json::to_value(words).unwrap_or_default();
}
