//! How many durable deliveries a second, beside plain inserts into the same database.
//!
//! One run measures both against one embedded PostgreSQL with fsync on, with as many senders, and
//! prints the ratio: figures of two runs or machines do not compare. `cargo bench` starts it.

#![expect(clippy::unwrap_used, reason = "what cannot be measured ends the run")]

use bytes::Bytes;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use signalbox::clock;
use signalbox::core::credential::{Presented, token_digest};
use signalbox::core::event::Event;
use signalbox::core::idempotency::Key;
use signalbox::core::seal::Keys;
use signalbox::core::verdict::{Endpoint, Verdict};
use signalbox::intake::{Arrival, Content, Intake, Origin, Policy, Sender};
use signalbox::postgres::{Cluster, ClusterOptions};
use signalbox::store::listen::Listener;
use signalbox::store::{Pool, migrate};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const SENDERS: usize = 64;
const SPAN: Duration = Duration::from_secs(5);
const BODY: &[u8] = include_bytes!("../tests/data/gitlab/push.json");

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let folder = tempfile::Builder::new().prefix("signalbox-bench").tempdir().unwrap();
    // The database's user must be able to walk in.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o711);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let options = ClusterOptions { data_dir: folder.path().to_owned(), pg_bin: None };
    let cluster = Cluster::start(options).await.unwrap();
    migrate::run(&cluster.url()).await.unwrap();
    let pool = Pool::new(&cluster.url(), 8).unwrap();
    let keys = Arc::new(Keys::derive(b"benchmark"));
    add_record(&pool, &keys).await;

    let plain = plain_inserts(&pool).await;
    let deliveries = deliveries(&pool, &keys).await;
    let mut out = std::io::stdout();
    writeln!(out, "plain one-row inserts: {plain:.0}/s").unwrap();
    writeln!(out, "deliveries, each with its job: {deliveries:.0}/s").unwrap();
    writeln!(out, "ratio: {:.2}", deliveries / plain).unwrap();
    cluster.stop().await;
}

async fn add_record(pool: &Pool, keys: &Keys) {
    let digest = token_digest(&keys.token_digest, b"token");
    diesel::sql_query(
        "INSERT INTO webhooks (name, repo_name, repo_url, object_kind, project_id, \
         http_x_gitlab_event, enabled, secret_digest, ref_filter, path_filter, condition, \
         register_on_first_event, action, action_params, concurrency, max_attempts, notes, \
         created_at, updated_at) VALUES ('', 'Diaspora', 'git@example.com:mike/diaspora.git', \
         'push', 15, 'Push Hook', true, $1, '', '', '', false, 'print', '{}', 'parallel', 3, '', \
         now(), now())",
    )
    .bind::<diesel::sql_types::Binary, _>(digest.to_vec())
    .execute(&mut *pool.get().await.unwrap())
    .await
    .unwrap();
}

/// Runs `one` from many senders at once for the span; answers how many a second.
async fn rate<F, T>(one: F) -> f64
where
    F: Fn(usize) -> T + Clone + Send + 'static,
    T: Future<Output = ()> + Send,
{
    let done = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (one, done) = (one.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                while started.elapsed() < SPAN {
                    one(done.fetch_add(1, Ordering::Relaxed)).await;
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    f64::from(u32::try_from(AtomicUsize::load(&done, Ordering::Relaxed)).unwrap())
        / started.elapsed().as_secs_f64()
}

async fn plain_inserts(pool: &Pool) -> f64 {
    diesel::sql_query("CREATE TABLE plain (id text PRIMARY KEY, at timestamptz, body bytea)")
        .execute(&mut *pool.get().await.unwrap())
        .await
        .unwrap();
    diesel::table! {
        plain (id) { id -> Text, at -> Timestamptz, body -> Binary, }
    }
    let pool = pool.clone();
    rate(move |_| {
        let pool = pool.clone();
        async move {
            diesel::insert_into(plain::table)
                .values((
                    plain::id.eq(clock::unique()),
                    plain::at.eq(clock::now()),
                    plain::body.eq(BODY),
                ))
                .execute(&mut *pool.get().await.unwrap())
                .await
                .unwrap();
        }
    })
    .await
}

async fn deliveries(pool: &Pool, keys: &Arc<Keys>) -> f64 {
    let policy = Policy { allow_no_secret: false };
    let intake =
        Intake::start(pool.clone(), Arc::clone(keys), policy, BODY.len(), Listener::default());
    let token = token_digest(&keys.token_digest, b"token");
    rate(move |number| {
        let intake = intake.clone();
        async move {
            let permit = intake.body_permit(Sender::Known);
            let receipt = intake.submit(arrival(number, token), permit).await.unwrap();
            assert_eq!(receipt.verdict, Verdict::Matched, "{}", receipt.reason);
        }
    })
    .await
}

fn arrival(number: usize, token: [u8; 32]) -> Arrival {
    let now = clock::now();
    let key = Key {
        value: format!("key {number}"),
        expires_at: now + chrono::TimeDelta::days(7),
        from_body: false,
    };
    Arrival {
        origin: Origin::Received,
        id: clock::delivery_id(),
        received_at: now,
        endpoint: Endpoint::Main,
        remote_addr: "127.0.0.1".to_owned(),
        headers: [("X-Gitlab-Event".to_owned(), "Push Hook".to_owned())].into(),
        event_header: "Push Hook".to_owned(),
        body: Bytes::from_static(BODY),
        content: Content::Event {
            event: Box::new(Event::read("Push Hook", BODY).unwrap()),
            presented: Presented { token: Some(token), signed: None },
            key: Some(key),
        },
    }
}
