//! A delivery and its job read no more of the database when much is kept: counted in pages, by the
//! server itself, so that neither the machine's speed nor a plan's wording matters.

use crate::support::app::{App, TOKEN};
use crate::support::database::Database;
use crate::support::gitlab::Delivery;
use crate::support::{seed, wait, webhooks};

use chrono::{DateTime, TimeDelta};
use diesel_async::SimpleAsyncConnection;
use signalbox::clock;
use signalbox_store::keys::ScopedKey;
use signalbox_store::queue::{Span, Take};
use signalbox_store::{Pool, keys, queue};

/// The tables that grow with every delivery.
const GROWING: [&str; 5] = ["deliveries", "idempotency_keys", "job_attempts", "job_output", "jobs"];
/// Deliveries sent, one after another.
const SENT: u32 = 10;

/// Waits until nobody else uses the database: what they read is counted when they leave.
async fn alone(database: &Database) {
    wait::until_equal("the end of all other connections", 0, async || {
        database
            .count(
                "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await
    })
    .await;
}

/// The pages of each growing table that a server, stopped before and after, touches for deliveries
/// with a job each.
async fn pages_for_deliveries(app: &mut App, round: &str) -> Vec<i64> {
    alone(app.database()).await;
    app.database().execute("SELECT pg_stat_reset()").await;
    app.restart().await;
    for number in 0..SENT {
        let push = Delivery::push_2015().token(TOKEN).key(&format!("{round} {number}"));
        let answer = app.send(&push).await;
        answer.expect(202, "matched");
        // Not asked of the database, whose pages are counted.
        app.logged(&[&answer.jobs()[0], "the job is succeeded"]).await;
    }
    app.stop().await;
    alone(app.database()).await;
    let mut pages = Vec::new();
    for table in GROWING {
        let sum = "heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit";
        let sql = format!(
            "SELECT ({sum})::text FROM pg_statio_user_tables WHERE relid = '{table}'::regclass"
        );
        pages.push(app.database().value(&sql).await.parse().unwrap());
    }
    pages
}

#[tokio::test]
async fn a_delivery_and_its_job_read_no_more_when_much_is_kept() {
    let mut app = App::start().await;
    // One job at a time, so that its lane is looked through too.
    app.add_webhook(&webhooks::with(webhooks::push(), &[("concurrency", "serial")])).await;
    app.stop().await;
    let few = pages_for_deliveries(&mut app, "few").await;
    let database = app.database().clone();
    database.execute("TRUNCATE deliveries, jobs CASCADE").await;
    seed::deliveries(&database, 20_000).await;
    seed::keys(&database, 20_000).await;
    // The whole history is that of the one webhook, of one ref and in one lane.
    database
        .execute(
            "UPDATE jobs SET webhook_id = w.id, lane = 'webhook:' || w.id, \
             concurrency = w.concurrency, ref = 'refs/heads/master' FROM webhooks w",
        )
        .await;
    database.execute("VACUUM ANALYZE").await;
    let many = pages_for_deliveries(&mut app, "many").await;
    for ((table, few), many) in GROWING.iter().zip(few).zip(many) {
        // The indexes of many rows are a level or two deeper.
        let most = 2 * few + i64::from(SENT) * 10;
        assert!(
            many <= most,
            "{table}: {many} pages for {SENT} deliveries, {few} with an empty table"
        );
    }
}

#[tokio::test]
async fn a_worker_reads_the_head_of_the_queue_however_much_waits() {
    let database = Database::migrated().await;
    seed::deliveries(&database, 20_000).await;
    database.execute("UPDATE jobs SET state = 'queued', finished_at = NULL, held = ''").await;
    database.execute("VACUUM ANALYZE jobs").await;
    // As `store::queue` says it: the look without a lock, then what is begun.
    let due = "SELECT id, action, lane FROM jobs WHERE due_at <= now() ORDER BY due_at, id LIMIT 4";
    let begun = "SELECT id FROM jobs WHERE due_at <= now() AND lane = '' AND action <> ALL ('{}') \
                 ORDER BY due_at, id LIMIT 4 FOR UPDATE SKIP LOCKED";
    for sql in [due, begun] {
        let plan = database.column(&format!("EXPLAIN {sql}")).await.join("\n");
        assert!(plan.contains("using jobs_due_at_idx"), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Seq Scan"), "{plan}");
    }
}

/// Uses of a connection whose pages are counted.
const USES: i64 = 40;

#[tokio::test]
async fn plans_that_were_made_for_empty_tables_do_not_serve_for_full_ones() {
    let database = Database::migrated().await;
    database.execute("VACUUM ANALYZE").await;
    let pool = Pool::for_fixed_statements(&database.url, 1).unwrap();
    let key = ScopedKey { endpoint: "main".to_owned(), key: "none".to_owned(), webhook: None };
    let span = Span { from: DateTime::UNIX_EPOCH, to: clock::now() };
    let take = Take { worker: "w", most: 4, only: None, except: &[], paused: &[], span };
    let use_once = async || {
        let mut conn = pool.get_conn().await.unwrap();
        keys::find_holders(&conn, &[&key], span.to).await.unwrap();
        queue::list_due(&mut conn, span, take.most).await.unwrap();
        queue::begin_due(&mut conn, take).await.unwrap();
    };
    use_once().await;
    use_once().await;
    // Nobody analyses what has come meanwhile.
    database.execute("ALTER TABLE idempotency_keys SET (autovacuum_enabled = off)").await;
    database.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)").await;
    seed::deliveries(&database, 20_000).await;
    database
        .execute("UPDATE jobs SET state = 'queued', finished_at = NULL, held = '', lane = ''")
        .await;
    seed::keys_unanalysed(&database, 20_000).await;
    for _ in 0..2 {
        use_once().await;
    }
    database.execute("SELECT pg_stat_reset()").await;
    for _ in 0..USES {
        use_once().await;
    }
    drop(pool);
    alone(&database).await;
    // Four jobs a use are written to each index; whoever reads the table reads hundreds of pages.
    for (table, most) in [("idempotency_keys", 10), ("jobs", 250)] {
        let sum = "heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit";
        let sql =
            format!("SELECT ({sum})::text FROM pg_statio_user_tables WHERE relname = '{table}'");
        let pages: i64 = database.value(&sql).await.parse().unwrap();
        assert!(pages < USES * most, "{table}: {pages} pages for {USES} uses");
    }
}

#[tokio::test]
async fn a_reader_that_keeps_old_rows_in_sight_does_not_hold_the_queue_up() {
    let database = Database::migrated().await;
    database.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)").await;
    seed::deliveries(&database, 20_000).await;
    database
        .execute("UPDATE jobs SET state = 'queued', finished_at = NULL, held = '', lane = ''")
        .await;
    database.execute("VACUUM ANALYZE jobs").await;
    // A backup, say: what it may still see, nobody can take away.
    let reader = Pool::for_fixed_statements(&database.url, 1).unwrap();
    let mut reading = reader.get_conn().await.unwrap();
    reading
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs")
        .await
        .unwrap();
    // All but the newest hundred have ended.
    let end = "UPDATE jobs SET state = 'succeeded', finished_at = now() WHERE id NOT IN \
               (SELECT id FROM jobs ORDER BY due_at DESC, id DESC LIMIT 100)";
    database.execute(end).await;
    let pool = Pool::for_fixed_statements(&database.url, 1).unwrap();
    let mut conn = pool.get_conn().await.unwrap();
    let whole = Span { from: DateTime::UNIX_EPOCH, to: clock::now() };
    let first = queue::list_due(&mut conn, whole, 4).await.unwrap().swap_remove(0);
    drop(conn);
    database.execute("SELECT pg_stat_reset()").await;
    let span = Span { from: first.due_at.unwrap() - TimeDelta::microseconds(1), to: clock::now() };
    let take = Take { worker: "w", most: 4, only: None, except: &[], paused: &[], span };
    for _ in 0..10 {
        let mut conn = pool.get_conn().await.unwrap();
        let due = queue::list_due(&mut conn, span, 4).await.unwrap();
        assert_eq!(due.len(), 4);
        let begun = queue::begin_due(&mut conn, take).await.unwrap();
        assert_eq!(begun.len(), 4);
    }
    drop(pool);
    // What a connection read is counted when it ends, at the latest.
    let sum = "heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit";
    let sql = format!("SELECT ({sum})::text FROM pg_statio_user_tables WHERE relname = 'jobs'");
    let pages = wait::until("the count of what was read", async || {
        let pages: i64 = database.value(&sql).await.parse().unwrap();
        (pages > 0).then_some(pages)
    })
    .await;
    assert!(pages < 10 * 500, "{pages} pages for ten looks");
    drop(reading);
}
