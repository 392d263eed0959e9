//! Attacks from outside: more than there is room for, slower than anybody should be, or nothing at all.

use super::Scale;
use super::load::Pace;
use super::rig::{Rig, Shape};
use super::tally::Row;
use crate::support::database::Database;
use crate::support::wait;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// What a server may hold in memory, in MiB: the shares of bodies (256) and the program itself; an
/// unoptimised one needs more.
const MOST_MIB: u64 = 600;

/// More senders than there is room for meet a database that does not answer.
pub async fn overload(scale: Scale) -> Row {
    let database = Database::migrated().await;
    // As behind a proxy: from one address nobody else may have so many connections.
    let shape = Shape::one().setting("SIGNALBOX_TRUSTED_PROXIES", "127.0.0.1");
    let rig = Rig::on(database.clone(), &database, shape).await;
    let before = rig.memory(0, "VmRSS");
    let mut locked = database.client().await;
    let lock = locked.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let pace = Pace { senders: scale.crowd, pause: Duration::ZERO, most: scale.crowd };
    let load = rig.load(pace);
    wait::until("refused events", async || (load.count(503) > 0).then_some(())).await;
    drop(lock);
    drop(locked);
    let ready = rig.ready(0).await;
    let sent = load.finish().await;
    let refused = sent.statuses.get(&503).copied().unwrap_or_default();
    let most = rig.memory(0, "VmHWM");
    let row = Row::count("overload until 503", &rig, sent, vec![ready]).await;
    assert!(most < MOST_MIB, "{most} MiB");
    let memory =
        format!("{} senders, {refused} × 503; {before} MiB before, {most} at most", scale.crowd);
    row.remark(memory).holds_at_once()
}

/// Opens a connection from a loopback address that depends on its number.
async fn connect(rig: &Rig, number: usize) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    let [.., high, low] = u32::try_from(number / 200).unwrap().to_be_bytes();
    let from =
        IpAddr::V4(Ipv4Addr::new(127, 2 + high, low, u8::try_from(number % 200).unwrap() + 1));
    socket.bind(SocketAddr::new(from, 0)).unwrap();
    let to = rig.servers[0].base().strip_prefix("http://").unwrap();
    tokio::time::timeout(wait::LIMIT, socket.connect(to.parse().unwrap())).await.ok()?.ok()
}

/// Sends beside these connections; none of them may be in the way.
async fn beside(name: &'static str, rig: &Rig, streams: Vec<TcpStream>, scale: Scale) -> Row {
    let opened = streams.len();
    let load = rig.load(Pace { most: scale.steady, ..Pace::STEADY });
    let sent = load.finish().await;
    let files = std::fs::read_dir(format!("/proc/{}/fd", rig.servers[0].pid())).unwrap().count();
    let (p50, p99) = (sent.percentile(50), sent.percentile(99));
    let started = Instant::now();
    let ready = rig.ready(0).await;
    assert!(started.elapsed() < wait::LIMIT);
    let memory = rig.memory(0, "VmHWM");
    let row = Row::count(name, rig, sent, vec![ready]).await;
    drop(streams);
    assert!(memory < MOST_MIB, "{memory} MiB");
    assert_eq!(row.sent, row.acknowledged, "none was refused");
    let remark = format!(
        "{opened} opened; p50 {} ms, p99 {} ms; {memory} MiB, {files} files open",
        p50.as_millis(),
        p99.as_millis()
    );
    row.remark(remark).holds_at_once()
}

/// Heads and bodies that come a byte at a time.
pub async fn slow_senders(scale: Scale) -> Row {
    let rig = Rig::new(Shape::one()).await;
    let mut streams = Vec::new();
    for number in 0..scale.idle / 10 {
        let Some(mut stream) = connect(&rig, number).await else { continue };
        let head = match number % 3 {
            0 => "POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Git",
            1 => {
                "POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                  X-Gitlab-Event: Push Hook\r\nContent-Length: 5000000\r\n\r\n{"
            }
            _ => {
                "POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                  X-Gitlab-Event: Push Hook\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
            }
        };
        drop(stream.write_all(head.as_bytes()).await);
        streams.push(stream);
    }
    beside("slow senders", &rig, streams, scale).await
}

/// Connections over which nothing ever comes.
pub async fn idle_connections(scale: Scale) -> Row {
    let rig = Rig::new(Shape::one()).await;
    let mut streams = Vec::new();
    for number in 0..scale.idle {
        streams.extend(connect(&rig, number).await);
    }
    assert_eq!(streams.len(), scale.idle);
    beside("idle connections", &rig, streams, scale).await
}

/// Many jobs wait already; what comes now is stored and, by the turn of its webhook, run.
pub async fn many_waiting(scale: Scale) -> Row {
    let database = Database::migrated().await;
    let rig = Rig::on(database.clone(), &database, Shape::one()).await;
    let started = Instant::now();
    // Of another webhook, as its deliveries would have left them.
    database
        .execute(&format!(
            "INSERT INTO webhooks (name, repo_name, repo_url, object_kind, project_id, \
             http_x_gitlab_event, enabled, ref_filter, path_filter, condition, \
             register_on_first_event, action, action_params, concurrency, max_attempts, notes, \
             created_at, updated_at) \
             SELECT 'busy', repo_name, repo_url, object_kind, 16, http_x_gitlab_event, true, '', '', \
             '', false, 'print', '{{}}', 'parallel', 3, '', now(), now() FROM webhooks; \
             INSERT INTO deliveries (id, received_at, endpoint, verdict, summary, reason, http_status, \
             event, object_kind, project_id, repo_name, repo_url, ref, sha, user_name, user_email, \
             headers, body, body_size, body_sha256, idempotency_key, remote_addr) \
             SELECT '0' || lpad(n::text, 25, '0'), now(), 'main', 'unmatched', '', '{{}}', 202, \
             'Push Hook', 'push', 16, '', '', '', '', '', '', '{{}}', '{{}}', 2, decode(repeat('00', 32), 'hex'), n::text, \
             '192.0.2.1' \
             FROM generate_series(1, {waiting}) AS n; \
             INSERT INTO jobs (id, delivery_id, webhook_id, webhook_label, repo_name, ref, action, \
             action_params, state, attempts, tries_used, tries_lost, max_attempts, error, run_at, \
             queued_at, requested_by) \
             SELECT id, id, (SELECT max(webhooks.id) FROM webhooks), 'busy', '', '', 'print', '{{}}', \
             'queued', 0, 0, 0, 3, '', now(), now(), '' FROM deliveries; ANALYZE",
            waiting = scale.waiting
        ))
        .await;
    let load = rig.load(Pace { most: scale.steady.min(500), ..Pace::STEADY });
    let sent = load.finish().await;
    let (p50, p99) = (sent.percentile(50), sent.percentile(99));
    let new = "jobs WHERE webhook_label <> 'busy' AND finished_at IS NULL";
    wait::until("the end of the new jobs", async || (database.count(new).await == 0).then_some(()))
        .await;
    let took = started.elapsed();
    let wait = "SELECT coalesce(max(extract(epoch FROM started_at - queued_at)), 0)::text \
                FROM jobs WHERE webhook_label <> 'busy'";
    let longest: f64 = database.value(wait).await.parse().unwrap();
    let still = database.count("jobs WHERE webhook_label = 'busy' AND finished_at IS NULL").await;
    // The rest would only take time.
    database
        .execute("UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE state = 'queued'")
        .await;
    let row = Row::count("many waiting", &rig, sent, Vec::new()).await;
    let remark = format!(
        "{} waited, {still} still when all new ones had run; p50 {} ms, p99 {} ms; a new job began \
         after {longest:.1} s at most; {:.0} s in all",
        scale.waiting,
        p50.as_millis(),
        p99.as_millis(),
        took.as_secs_f64()
    );
    row.remark(remark).holds_at_once()
}

#[tokio::test]
async fn more_than_there_is_room_for_is_refused_and_memory_stays_bounded() {
    overload(Scale::SHORT).await;
}

#[tokio::test]
async fn slow_senders_and_idle_connections_are_in_nobodys_way() {
    slow_senders(Scale::SHORT).await;
    idle_connections(Scale::SHORT).await;
}

#[tokio::test]
async fn new_jobs_run_beside_many_that_wait() {
    many_waiting(Scale::SHORT).await;
}
