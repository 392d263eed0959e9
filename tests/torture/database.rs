//! Attacks on the database: stopped, unwilling, full, starved, cut off at the worst moment.

use super::Scale;
use super::load::Pace;
use super::rig::{Rig, Shape};
use super::tally::Row;
use crate::support::database::Database;
use crate::support::proxy::Proxy;
use crate::support::server::OwnServer;
use crate::support::wait;
use rustix::process::Signal;

const END_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                          WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// PostgreSQL is stopped under load and started again.
async fn stopped(name: &'static str, signal: Signal, scale: Scale) -> Row {
    let mut server = OwnServer::start(&[]).await;
    let database = server.database();
    let rig = Rig::on(database.clone(), &database, Shape::one()).await;
    let load = rig.load(Pace::STEADY);
    let mut ready = Vec::new();
    for number in 0..scale.stops {
        load.acknowledges(10 + number % 7).await;
        server.stop(signal);
        let recovered = server.resume().await;
        ready.push(recovered + rig.ready(0).await);
    }
    load.acknowledges(10).await;
    let sent = load.stop().await;
    // Jobs that had just been begun, unknown to their worker, are begun again.
    Row::count(name, &rig, sent, ready).await.holds()
}

pub async fn stopped_at_once(scale: Scale) -> Row {
    stopped("PostgreSQL stopped at once", Signal::QUIT, scale).await
}

pub async fn restarted(scale: Scale) -> Row {
    stopped("PostgreSQL restarted", Signal::INT, scale).await
}

/// Connections are cut when what was asked of the database has happened, and before anybody is told:
/// a delivery stored, jobs begun, ends written.
pub async fn cut_before_the_answer(scale: Scale) -> Row {
    let database = Database::migrated().await;
    let proxy = Proxy::start(&database.url).await;
    let through = Database { url: proxy.url(&database.url) };
    let rig = Rig::on(database, &through, Shape::one()).await;
    // Slowly: whatever was begun unnoticed takes seconds to be found.
    let load = rig.load(Pace { pause: std::time::Duration::from_millis(500), ..Pace::STEADY });
    let kinds = [("INSERT INTO deliveries", false), ("INSERT INTO job_attempts", true)];
    let kinds = kinds.into_iter().chain([("ended AS (UPDATE job_attempts", false)]);
    let mut ready = Vec::new();
    for number in 0..scale.cuts {
        for (part, commit) in kinds.clone() {
            let done = proxy.done();
            proxy.cut(part, commit);
            wait::until("the cut", async || (proxy.done() > done).then_some(())).await;
            ready.push(rig.ready(0).await);
            load.acknowledges(1 + number % 5).await;
        }
    }
    let sent = load.stop().await;
    let row = Row::count("cut between commit and answer", &rig, sent, ready).await;
    row.remark("a third each: deliveries stored, jobs begun, ends written").holds()
}

/// The database becomes read-only, as one does that is about to be moved.
pub async fn read_only(scale: Scale) -> Row {
    let database = Database::migrated().await;
    let rig = Rig::on(database.clone(), &database, Shape::one()).await;
    let load = rig.load(Pace::STEADY);
    let name = database.value("SELECT current_database()::text").await;
    let becomes = async |is: &str| {
        let client = database.client().await;
        client.batch_execute("SET default_transaction_read_only = off").await.unwrap();
        let alter = format!("ALTER DATABASE {name} SET default_transaction_read_only = {is}");
        client.batch_execute(&format!("{alter}; {END_OTHERS}")).await.unwrap();
    };
    let mut ready = Vec::new();
    for _ in 0..scale.stops {
        load.acknowledges(10).await;
        becomes("on").await;
        let refused = load.count(503) + 5;
        wait::until("refused events", async || (load.count(503) >= refused).then_some(())).await;
        becomes("off").await;
        ready.push(rig.ready(0).await);
    }
    load.acknowledges(10).await;
    let sent = load.stop().await;
    Row::count("database read-only", &rig, sent, ready).await.holds_at_once()
}

/// Every connection is ended from the database's side, again and again.
pub async fn backends_killed(scale: Scale) -> Row {
    let database = Database::migrated().await;
    let rig = Rig::on(database.clone(), &database, Shape::one()).await;
    let load = rig.load(Pace::STEADY);
    let mut ready = Vec::new();
    for _ in 0..scale.stops * 5 {
        load.acknowledges(2).await;
        database.execute(END_OTHERS).await;
        ready.push(rig.ready(0).await);
    }
    let sent = load.stop().await;
    Row::count("backends killed", &rig, sent, ready).await.holds()
}

/// Others take every connection that the server has to give.
pub async fn pool_exhausted(scale: Scale) -> Row {
    let server = OwnServer::start(&["max_connections=40"]).await;
    let database = server.database();
    let rig = Rig::on(database.clone(), &database, Shape::one()).await;
    let load = rig.load(Pace::STEADY);
    let mut ready = Vec::new();
    for _ in 0..scale.stops {
        load.acknowledges(10).await;
        let watcher = database.client().await;
        let mut taken = Vec::new();
        let refused = load.count(503) + 5;
        wait::until("refused events", async || {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE backend_type = 'client backend' AND application_name <> 'greedy'";
            // It ends itself with the last of them.
            drop(watcher.batch_execute("SET application_name = 'greedy'").await);
            drop(watcher.batch_execute(end).await);
            while let Ok((client, connection)) =
                tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await
            {
                tokio::spawn(connection);
                drop(client.batch_execute("SET application_name = 'greedy'").await);
                taken.push(client);
            }
            (load.count(503) >= refused).then_some(())
        })
        .await;
        drop((taken, watcher));
        server.is_there().await;
        ready.push(rig.ready(0).await);
    }
    load.acknowledges(10).await;
    let sent = load.stop().await;
    Row::count("all connections taken", &rig, sent, ready).await.holds()
}

/// Somebody locks the tables for longer than anybody waits.
pub async fn tables_locked(scale: Scale) -> Row {
    let database = Database::migrated().await;
    let rig = Rig::on(database.clone(), &database, Shape::one()).await;
    let load = rig.load(Pace::STEADY);
    let mut ready = Vec::new();
    for _ in 0..scale.stops.div_ceil(5) {
        load.acknowledges(10).await;
        let mut locked = database.client().await;
        let lock = locked.transaction().await.unwrap();
        lock.batch_execute("LOCK TABLE deliveries, jobs IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let refused = load.count(503) + 5;
        wait::until("refused events", async || (load.count(503) >= refused).then_some(())).await;
        drop(lock);
        drop(locked);
        ready.push(rig.ready(0).await);
        load.acknowledges(10).await;
    }
    let sent = load.stop().await;
    Row::count("tables locked by others", &rig, sent, ready).await.holds()
}

#[tokio::test]
async fn a_database_that_is_stopped_loses_and_doubles_nothing() {
    stopped_at_once(Scale::SHORT).await;
    restarted(Scale::SHORT).await;
}

#[tokio::test]
async fn a_connection_cut_before_the_answer_loses_and_doubles_nothing() {
    cut_before_the_answer(Scale::SHORT).await;
}

#[tokio::test]
async fn a_database_that_is_read_only_refuses_and_comes_back() {
    read_only(Scale::SHORT).await;
}

#[tokio::test]
async fn killed_backends_lose_and_double_nothing() {
    backends_killed(Scale::SHORT).await;
}

#[tokio::test]
async fn a_server_without_connections_refuses_and_comes_back() {
    pool_exhausted(Scale::SHORT).await;
}

#[tokio::test]
async fn tables_that_others_lock_lose_and_double_nothing() {
    tables_locked(Scale::SHORT).await;
}
