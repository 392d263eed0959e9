//! A cluster of PostgreSQL servers whose leader dies: its standby takes over, and Signalbox finds it.
//!
//! Replication is synchronous: a commit is one only when both have it. So nothing is stored while
//! there is no standby, and nothing is lost with the leader. With two nodes the test itself does what
//! such a cluster needs: it promotes the standby and makes a new one. Three are led by Patroni.

use super::Scale;
use super::load::Pace;
use super::rig::{Rig, Shape};
use super::tally::Row;
use crate::support::database::Database;
use crate::support::patroni::Patroni;
use crate::support::proxy::Proxy;
use crate::support::server::OwnServer;
use crate::support::wait;
use rustix::process::Signal;
use std::time::Instant;

const BOTH: [&str; 2] = ["synchronous_standby_names=*", "wal_keep_size=64MB"];

/// Waits until every commit of the leader waits for its standby.
async fn is_followed(leader: &OwnServer) {
    let database = leader.database();
    wait::until("a synchronous standby", async || {
        let synchronous = "pg_stat_replication WHERE sync_state = 'sync'";
        (database.count(synchronous).await == 1).then_some(())
    })
    .await;
}

pub async fn leader_killed(scale: Scale) -> Row {
    let mut servers = [OwnServer::start(&BOTH).await, OwnServer::start(&BOTH).await];
    let [first, second] = &mut servers;
    second.follow(first).await;
    is_followed(first).await;
    let hosts =
        [Proxy::start(&first.database().url).await, Proxy::start(&second.database().url).await];
    let [a, b] = hosts.each_ref().map(Proxy::address);
    let through = Database { url: format!("postgres://tests@{a},{b}/postgres") };
    let mut rig = Rig::on(first.database(), &through, Shape::one()).await;
    let load = rig.load(Pace::STEADY);
    let mut ready = Vec::new();
    for number in 0..scale.stops {
        load.acknowledges(10 + number % 7).await;
        let [leader, standby] = &mut servers;
        let killed = Instant::now();
        leader.stop(Signal::KILL);
        standby.promote().await;
        leader.follow(standby).await;
        is_followed(standby).await;
        servers.swap(0, 1);
        rig.ready(0).await;
        ready.push(killed.elapsed());
        rig.database = servers[0].database();
    }
    load.acknowledges(10).await;
    let sent = load.stop().await;
    let row = Row::count("leader of a cluster killed", &rig, sent, ready).await;
    row.remark("two nodes, synchronous; a new standby is made each time").holds()
}

/// Nobody but Patroni and Signalbox does anything about it.
pub async fn leader_of_three_killed(scale: Scale) -> Row {
    let name = "leader killed, Patroni's cluster";
    if let Some(program) = Patroni::missing() {
        return Row::not_possible(name, &format!("{program} is not installed"));
    }
    let mut cluster = Patroni::start().await;
    let database = cluster.database();
    let shape = Shape { servers_work: false, workers: 1, ..Shape::one() };
    let rig = Rig::on(database.clone(), &database, shape).await;
    let load = rig.load(Pace::STEADY);
    let mut ready = Vec::new();
    for number in 0..scale.stops {
        load.acknowledges(10 + number % 7).await;
        let killed = Instant::now();
        let node = cluster.kill_leader().await;
        rig.ready(0).await;
        load.acknowledges(1).await;
        ready.push(killed.elapsed());
        cluster.revive(node);
        cluster.is_whole().await;
    }
    load.acknowledges(10).await;
    let sent = load.stop().await;
    let row = Row::count(name, &rig, sent, ready).await;
    row.remark("three nodes, synchronous; Patroni replaces a leader after 10 s").holds()
}

#[tokio::test]
async fn the_leader_of_a_cluster_may_die() {
    leader_killed(Scale::SHORT).await;
}
