//! Attacks on a Signalbox under load. Each is short here, as a test like any other; `make torture`
//! makes them in earnest and prints what became of every event (docs/reliability.md has its table).
//!
//! What must hold: whatever was acknowledged is in the database, and ran once. Where a worker was
//! attacked an attempt may be lost and made again, but never while the one before is alive.

mod database;
mod disk;
mod failover;
mod ledger;
mod load;
mod processes;
mod readers;
mod rig;
mod senders;
mod tally;

use std::future::Future;
use std::io::Write;
use std::time::Instant;
use tally::Row;

/// How much of each attack.
#[derive(Clone, Copy)]
pub struct Scale {
    /// Kills of servers.
    pub kills: usize,
    /// Kills of workers in the middle of an action.
    pub worker_kills: usize,
    /// Stops of PostgreSQL, and whatever else is done to it.
    pub stops: usize,
    /// Connections cut between commit and answer, of each kind.
    pub cuts: usize,
    /// Jobs that wait.
    pub waiting: usize,
    /// Events of an hour, sent at once.
    pub burst: usize,
    /// Connections over which nothing comes.
    pub idle: usize,
    /// Senders that meet a database that does not answer.
    pub crowd: usize,
    /// Events sent beside whatever lasts.
    pub steady: usize,
}

impl Scale {
    pub const SHORT: Self = Self {
        kills: 3,
        worker_kills: 1,
        stops: 2,
        cuts: 1,
        waiting: 2_000,
        burst: 60,
        idle: 600,
        crowd: 100,
        steady: 60,
    };

    /// Of `make torture`, unless the environment says otherwise.
    fn full() -> Self {
        Self {
            kills: number("KILLS", 50),
            worker_kills: number("WORKER_KILLS", 20),
            stops: number("STOPS", 10),
            cuts: number("CUTS", 20),
            waiting: number("WAITING", 100_000),
            burst: number("BURST", 7_200),
            idle: number("IDLE", 10_000),
            crowd: number("CROWD", 4_000),
            steady: number("STEADY", 3_000),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the program's")]
fn number(name: &str, usual: usize) -> usize {
    let text = std::env::var(format!("SIGNALBOX_TORTURE_{name}"));
    text.map_or(usual, |text| text.parse().expect("a number"))
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the program's")]
fn is_left_out(name: &str) -> bool {
    std::env::var("SIGNALBOX_TORTURE_ONLY").is_ok_and(|only| !name.contains(&only))
}

/// Makes one attack and prints its line.
async fn attack(name: &str, rows: impl Future<Output = Row>) {
    if is_left_out(name) {
        return;
    }
    let started = Instant::now();
    let row = rows.await;
    // Past the capture of the harness's output, as it comes.
    let mut to = std::io::stderr();
    writeln!(to, "{}", row.line()).unwrap();
    writeln!(to, "signalbox: {name}: {:.0} s", started.elapsed().as_secs_f64()).unwrap();
}

#[tokio::test]
#[ignore = "minutes: make torture"]
async fn all() {
    let scale = Scale::full();
    writeln!(std::io::stderr(), "{}", tally::HEAD).unwrap();
    attack("servers", processes::servers_killed(scale)).await;
    attack("workers", processes::workers_killed(scale)).await;
    attack("stopped", database::stopped_at_once(scale)).await;
    attack("restarted", database::restarted(scale)).await;
    attack("cut", database::cut_before_the_answer(scale)).await;
    attack("backends", database::backends_killed(scale)).await;
    attack("pool", database::pool_exhausted(scale)).await;
    attack("read-only", database::read_only(scale)).await;
    attack("locked", database::tables_locked(scale)).await;
    attack("failover", failover::leader_killed(scale)).await;
    attack("patroni", failover::leader_of_three_killed(scale)).await;
    attack("disk", disk::full(scale)).await;
    attack("clock", processes::clock_steps(scale)).await;
    attack("waiting", senders::many_waiting(scale)).await;
    attack("burst", processes::burst_after_a_stop(scale)).await;
    attack("overload", senders::overload(scale)).await;
    attack("slow", senders::slow_senders(scale)).await;
    attack("idle", senders::idle_connections(scale)).await;
    attack("sustained", readers::sustained(scale)).await;
    attack("transaction", readers::idle_in_transaction(scale)).await;
    attack("readers", readers::active_readers(scale)).await;
}
