//! What slows a queue in PostgreSQL down: sessions that keep old rows alive, or read without end.

use super::Scale;
use super::load::{Load, Pace};
use super::rig::{Rig, Shape};
use super::tally::Row;
use crate::support::database::Database;
use crate::support::server::OwnServer;
use std::time::Instant;
use tokio::task::JoinSet;

/// A server that clears away dead rows as often as it can.
const VACUUM: [&str; 3] = ["autovacuum_naptime=1", "autovacuum_vacuum_threshold=50", "fsync=off"];

async fn lasting(
    name: &'static str,
    disturb: impl AsyncFn(&Database, &mut JoinSet<()>),
    scale: Scale,
) -> Row {
    let server = OwnServer::start(&VACUUM).await;
    let database = server.database();
    let shape = Shape::one().setting("SIGNALBOX_WORKER_CONCURRENCY", "8");
    let rig = Rig::on(database.clone(), &database, shape).await;
    let mut sessions = JoinSet::new();
    disturb(&database, &mut sessions).await;
    let pace = Pace { most: scale.steady, ..Pace::STEADY };
    let load: Load = rig.load(pace);
    let started = Instant::now();
    let sent = load.finish().await;
    let took = started.elapsed();
    let (p50, p99) = (sent.percentile(50), sent.percentile(99));
    let row = Row::count(name, &rig, sent, Vec::new()).await;
    let behind = started.elapsed().saturating_sub(took);
    sessions.shutdown().await;
    let remark = format!(
        "{:.0} events/s for {:.0} s, p50 {} ms, p99 {} ms; the last job {:.1} s after the last event",
        f64::from(u32::try_from(row.acknowledged).unwrap()) / took.as_secs_f64(),
        took.as_secs_f64(),
        p50.as_millis(),
        p99.as_millis(),
        behind.as_secs_f64()
    );
    row.remark(remark).holds_at_once()
}

/// Nothing but events.
pub async fn sustained(scale: Scale) -> Row {
    lasting("sustained load", async |_, _| {}, scale).await
}

/// Somebody has begun a transaction, written something and gone for lunch.
pub async fn idle_in_transaction(scale: Scale) -> Row {
    let idle = async |database: &Database, sessions: &mut JoinSet<()>| {
        let client = database.client().await;
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs; \
                     UPDATE webhooks SET notes = notes WHERE id < 0; SELECT txid_current()";
        client.batch_execute(begin).await.unwrap();
        sessions.spawn(async move {
            let _held = client;
            std::future::pending::<()>().await;
        });
    };
    lasting("idle in transaction", idle, scale).await
}

/// Reports that read the queue's tables all the time, each in a snapshot of its own.
pub async fn active_readers(scale: Scale) -> Row {
    let read = async |database: &Database, sessions: &mut JoinSet<()>| {
        for _ in 0..4 {
            let client = database.client().await;
            sessions.spawn(async move {
                loop {
                    let report = "BEGIN ISOLATION LEVEL REPEATABLE READ; \
                        SELECT count(*) FROM jobs JOIN deliveries ON deliveries.id = delivery_id; \
                        SELECT pg_sleep(0.5); SELECT state, count(*) FROM jobs GROUP BY 1; COMMIT";
                    client.batch_execute(report).await.unwrap();
                }
            });
        }
    };
    lasting("active readers", read, scale).await
}

#[tokio::test]
async fn sessions_that_keep_old_rows_alive_hold_nothing_up() {
    idle_in_transaction(Scale::SHORT).await;
    active_readers(Scale::SHORT).await;
}

#[tokio::test]
async fn a_steady_load_is_acknowledged_and_run() {
    let row = sustained(Scale::SHORT).await;
    assert_eq!(row.acknowledged, Scale::SHORT.steady);
}
