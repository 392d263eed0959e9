//! Retention: what is old enough leaves, in batches, by one process at a time; what is needed stays.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::database::Database;
use crate::support::gitlab::Delivery;
use crate::support::{records, wait};

fn push() -> Delivery {
    Delivery::push_2015().token(TOKEN)
}

/// Copies of the one delivery there is, so many days old.
async fn age(database: &Database, name: &str, count: u32, days: u32) {
    database
        .execute(&format!(
            "INSERT INTO deliveries SELECT (jsonb_populate_record(d, jsonb_build_object( \
             'id', '{name}' || n, 'received_at', now() - interval '{days} days'))).* \
             FROM deliveries d, generate_series(1, {count}) n WHERE d.id NOT LIKE 'old%' \
             AND d.id NOT LIKE 'mid%'"
        ))
        .await;
}

async fn left(app: &App) -> (i64, i64) {
    let bodies = app.database().count("deliveries WHERE body IS NOT NULL").await;
    (app.database().count("deliveries").await, bodies)
}

#[tokio::test]
async fn prune_takes_bodies_then_rows_keys_and_sessions() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.record(&records::push()).await;
    app.send(&push().with("/project_id", 16)).await.expect(200, "unmatched");
    age(app.database(), "mid", 600, 15).await;
    age(app.database(), "old", 1200, 91).await;
    app.database()
        .execute(
            "INSERT INTO idempotency_keys VALUES ('main', 'gone', 'x', now() - interval '1 second'), \
             ('main', 'kept', 'x', now() + interval '1 hour'); \
             INSERT INTO sessions VALUES ('\\x01', '{}', NULL, now(), now() - interval '1 second')",
        )
        .await;
    let output = app.run(&["prune"], &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.trim(), "Removed 1800 bodies, 1200 deliveries, 1 repeat keys and 1 sessions.");
    assert_eq!(left(&app).await, (601, 1));
    assert_eq!(app.database().column("SELECT key FROM idempotency_keys").await, ["kept"]);
    let again = app.run(&["prune"], &[("SIGNALBOX_DELIVERY_DAYS", "14")]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("600 deliveries"));
    let bad = app.run(&["prune"], &[("SIGNALBOX_DELIVERY_DAYS", "3")]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("SIGNALBOX_DELIVERY_DAYS"));
}

#[tokio::test]
async fn a_job_that_has_not_ended_keeps_its_delivery_and_body() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.record(&records::push()).await;
    app.send(&push()).await.expect(202, "matched");
    app.database().execute("UPDATE deliveries SET received_at = now() - interval '1 year'").await;
    assert!(app.run(&["prune"], &[]).status.success());
    assert_eq!(left(&app).await, (1, 1));
    app.database().execute("UPDATE jobs SET state = 'cancelled'").await;
    assert!(app.run(&["prune"], &[]).status.success());
    assert_eq!(left(&app).await, (0, 0));
}

#[tokio::test]
async fn a_worker_prunes_by_itself_but_not_beside_another() {
    let mut app = App::start().await;
    app.record(&records::push()).await;
    app.send(&push().with("/project_id", 16)).await.expect(200, "unmatched");
    age(app.database(), "old", 3, 91).await;
    // Another process is at it: this one gives way.
    let holder = app.database().client().await;
    holder.execute("SELECT pg_advisory_lock($1)", &[&0x5167_6e61_6c50_726e_i64]).await.unwrap();
    app.restart().await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(left(&app).await.0, 4);
    drop(holder);
    app.restart().await;
    wait::until_equal("the rows left", 1, async || left(&app).await.0).await;
}
