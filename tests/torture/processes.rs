//! Attacks on Signalbox's own processes.

use super::Scale;
use super::load::Pace;
use super::rig::{Rig, Shape};
use super::tally::Row;
use crate::support::wait;
use std::time::{Duration, Instant};

/// Servers are killed under load, in turn, while a worker runs what they store.
pub async fn servers_killed(scale: Scale) -> Row {
    let shape = Shape { servers: 2, servers_work: false, workers: 1, ..Shape::one() };
    let mut rig = Rig::new(shape).await;
    let load = rig.load(Pace::STEADY);
    let mut ready = Vec::new();
    for number in 0..scale.kills {
        // At another moment each time.
        load.acknowledges(3 + number % 11).await;
        ready.push(rig.kill_server(number % 2).await);
    }
    load.acknowledges(10).await;
    let sent = load.stop().await;
    Row::count("server killed (SIGKILL)", &rig, sent, ready).await.holds_at_once()
}

/// Workers are killed while they run actions.
pub async fn workers_killed(scale: Scale) -> Row {
    let shape = Shape {
        servers_work: false,
        workers: 2,
        work: "sleep 0.3; echo half; sleep 0.3",
        ..Shape::one()
    };
    let mut rig = Rig::new(shape).await;
    let load = rig.load(Pace { senders: 2, pause: Duration::from_millis(250), most: usize::MAX });
    let mut ready = Vec::new();
    for number in 0..scale.worker_kills {
        let pid = rig.workers[number % 2].pid();
        let open = format!("job_attempts WHERE outcome IS NULL AND worker LIKE '%-{pid}-%'");
        wait::until("an action under way", async || {
            (rig.database.count(&open).await > 0).then_some(())
        })
        .await;
        let killed = Instant::now();
        rig.workers[number % 2].kill();
        rig.workers[number % 2] = rig.servers[0].worker();
        wait::until("the worker in its place", async || {
            rig.workers[number % 2].log().contains("started").then_some(())
        })
        .await;
        ready.push(killed.elapsed());
    }
    let sent = load.stop().await;
    let row = Row::count("worker killed in mid-action", &rig, sent, ready).await;
    assert!(row.again > 0, "no attempt was hit: {row:?}");
    row.holds()
}

/// A server is killed and its worker with it; an hour's events come at once when it is back.
pub async fn burst_after_a_stop(scale: Scale) -> Row {
    let mut rig = Rig::new(Shape::one().setting("SIGNALBOX_WORKER_CONCURRENCY", "8")).await;
    let address = rig.servers[0].base().strip_prefix("http://").unwrap().to_owned();
    assert!(rig.servers[0].stop().await.success());
    let pace = Pace { senders: 64, pause: Duration::ZERO, most: scale.burst };
    let load = rig.load(pace);
    let started = Instant::now();
    rig.servers[0].restart_at(&address).await;
    rig.ready(0).await;
    let ready = started.elapsed();
    let sent = load.finish().await;
    let (acknowledged, p95) = (started.elapsed(), sent.percentile(95));
    let row = Row::count("an hour's events after a stop", &rig, sent, vec![ready]).await;
    let remark = format!(
        "all acknowledged after {:.1} s (p95 {} ms), all run after {:.1} s",
        acknowledged.as_secs_f64(),
        p95.as_millis(),
        started.elapsed().as_secs_f64()
    );
    row.remark(remark).holds_at_once()
}

/// The library that stands between a program and its clock.
const FAKETIME: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];

/// The clock of one server and its worker jumps; another one's is right.
pub async fn clock_steps(scale: Scale) -> Row {
    let name = "clock steps by an hour";
    let Some(library) = FAKETIME.iter().find(|path| std::path::Path::new(path).exists()) else {
        return Row::not_possible(name, "libfaketime is not installed");
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let clock = folder.path().join("clock");
    let shape = || Shape { work: "sleep 0.1", ..Shape::one() };
    let mut rig = Rig::new(shape()).await;
    let stepped = shape()
        .setting("LD_PRELOAD", library)
        .setting("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap())
        .setting("FAKETIME_NO_CACHE", "1")
        .setting("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let step = async |to: &str| std::fs::write(&clock, to).unwrap();
    step("+0").await;
    let database = rig.database.clone();
    rig.add_server(&database, &stepped).await;
    let load = rig.load(Pace::STEADY);
    let mut ready = Vec::new();
    for number in 0..scale.stops {
        for to in ["+3600", "-3600"] {
            load.acknowledges(10 + number % 7).await;
            step(to).await;
            ready.push(rig.ready(1).await);
        }
        // Nor is one that starts with a late clock taken for lost.
        ready.push(rig.kill_server(1).await);
    }
    load.acknowledges(20).await;
    let sent = load.stop().await;
    let row = Row::count(name, &rig, sent, ready).await;
    row.remark("one of two servers, by libfaketime".to_owned()).holds()
}

#[tokio::test]
async fn killed_servers_lose_and_double_nothing() {
    servers_killed(Scale::SHORT).await;
}

#[tokio::test]
async fn killed_workers_lose_nothing_and_nothing_overlaps() {
    workers_killed(Scale::SHORT).await;
}

#[tokio::test]
async fn a_burst_after_a_stop_is_acknowledged_and_run() {
    burst_after_a_stop(Scale::SHORT).await;
}

#[tokio::test]
async fn a_clock_that_steps_loses_and_doubles_nothing() {
    clock_steps(Scale::SHORT).await;
}
