//! Retention: what is old enough leaves, in batches, by one process at a time; what is needed stays.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::database::Database;
use crate::support::gitlab::Delivery;
use crate::support::{wait, webhooks};

fn push() -> Delivery {
    Delivery::push_2015().token(TOKEN)
}

/// Copies of the one delivery there is, so many days old, as their ids tell.
async fn age(database: &Database, name: &str, count: u32, days: u32) {
    database
        .execute(&format!(
            "INSERT INTO deliveries SELECT (jsonb_populate_record(d, jsonb_build_object( \
             'id', '00{name}' || n, 'received_at', now() - interval '{days} days'))).* \
             FROM deliveries d, generate_series(1, {count}) n WHERE d.id NOT LIKE '00%'"
        ))
        .await;
}

async fn left(app: &App) -> (i64, i64) {
    let bodies = app.database().count("deliveries WHERE body IS NOT NULL").await;
    (app.database().count("deliveries").await, bodies)
}

/// The keys of deliveries; the forms of the panel have theirs beside them.
const KEYS: &str = "SELECT key FROM idempotency_keys WHERE endpoint = 'main'";

#[tokio::test]
async fn prune_takes_bodies_then_rows_keys_and_sessions() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&push().with("/project_id", 16)).await.expect(200, "unmatched");
    age(app.database(), "mid", 600, 15).await;
    age(app.database(), "old", 1200, 91).await;
    app.database()
        .execute(
            "INSERT INTO idempotency_keys (endpoint, key, delivery, expires_at) VALUES ('main', 'gone', 'x', now() - interval '1 second'), \
             ('main', 'kept', 'x', now() + interval '1 hour'); \
             INSERT INTO sessions VALUES ('\\x01', '{}', NULL, now(), now() - interval '1 second')",
        )
        .await;
    let output = app.run(&["prune"], &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let wanted = "Removed 1800 bodies, 1200 deliveries, 1 idempotency keys, 1 sessions, 0 jobs";
    assert!(said.starts_with(wanted), "{said}");
    assert_eq!(left(&app).await, (601, 1));
    assert_eq!(app.database().column(KEYS).await, ["kept"]);
    let again = app.run(&["prune"], &[("SIGNALBOX_DELIVERY_DAYS", "14")]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("600 deliveries"));
    let bad = app.run(&["prune"], &[("SIGNALBOX_DELIVERY_DAYS", "3")]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("SIGNALBOX_DELIVERY_DAYS"));
}

#[tokio::test]
async fn a_job_that_has_not_ended_keeps_its_delivery_and_body() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&push()).await.expect(202, "matched");
    app.database()
        .execute(
            "UPDATE jobs SET delivery_id = overlay(delivery_id placing '00' from 1 for 2); \
             UPDATE deliveries SET received_at = now() - interval '1 year', \
             id = overlay(id placing '00' from 1 for 2)",
        )
        .await;
    assert!(app.run(&["prune"], &[]).status.success());
    assert_eq!(left(&app).await, (1, 1));
    app.database().execute("UPDATE jobs SET state = 'cancelled'").await;
    assert!(app.run(&["prune"], &[]).status.success());
    assert_eq!(left(&app).await, (0, 0));
}

#[tokio::test]
async fn output_leaves_before_its_job_and_what_has_not_ended_stays() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let mut jobs = Vec::new();
    for key in ["a", "b", "c"] {
        let answer = app.send(&push().key(key)).await;
        jobs.extend(answer.expect(202, "matched").jobs());
        app.job_is(jobs.last().unwrap(), "succeeded").await;
    }
    let database = app.database();
    // Ids tell when a job was made: these were made long ago.
    let old = "UPDATE jobs SET id = overlay(id placing '00' from 1 for 2)";
    database
        .execute(
            "ALTER TABLE job_attempts DROP CONSTRAINT job_attempts_job_id_fkey, \
        ADD CONSTRAINT job_attempts_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id) \
        ON DELETE CASCADE ON UPDATE CASCADE; \
        ALTER TABLE job_output DROP CONSTRAINT job_output_attempt_fkey, \
        ADD CONSTRAINT job_output_attempt_fkey FOREIGN KEY (job_id, attempt) \
        REFERENCES job_attempts (job_id, number) ON DELETE CASCADE ON UPDATE CASCADE",
        )
        .await;
    database.execute(old).await;
    database
        .execute(&format!(
            "UPDATE job_output SET at = now() - interval '31 days'; \
         UPDATE jobs SET finished_at = now() - interval '91 days' WHERE id LIKE '%{}'; \
         UPDATE jobs SET state = 'retrying', finished_at = NULL, \
         run_at = now() + interval '1 day' WHERE id LIKE '%{}'",
            jobs[0].get(2..).unwrap(),
            jobs[1].get(2..).unwrap(),
        ))
        .await;
    let kept = format!("00{}", jobs[2].get(2..).unwrap());
    let panel = app.panel().await;
    let output = format!("/admin/hooks/job/{kept}/output/");
    assert_eq!(panel.get(&output).await.status, 200);
    assert!(app.run(&["prune"], &[]).status.success());
    assert_eq!(database.count("job_output").await, 0);
    for address in [&output, &format!("{output}?attempt=1&download=1")] {
        let gone = panel.get(address).await;
        assert_eq!(gone.status, 410, "{address}");
        gone.says("This output was removed").says("That of attempt 1 was removed on");
        gone.says("Output is kept for 30 days");
        assert!(gone.has(&format!("a[href='/admin/hooks/job/{kept}/']")), "{}", gone.html);
    }
    assert_eq!(panel.get(&format!("/admin/hooks/job/{kept}/events/")).await.status, 410);
    let page = panel.open(&format!("/admin/hooks/job/{kept}/")).await;
    page.says("This one was removed on");
    assert_eq!(database.count("jobs").await, 2, "the one that ended long ago is gone");
    assert_eq!(database.count("job_attempts").await, 2);
    let bad = app.run(&["prune"], &[("SIGNALBOX_JOB_DAYS", "3")]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("SIGNALBOX_JOB_DAYS"));
}

#[tokio::test]
async fn a_worker_prunes_by_itself_but_not_beside_another() {
    let mut app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&push().with("/project_id", 16)).await.expect(200, "unmatched");
    age(app.database(), "old", 3, 91).await;
    // Another process is at it: this one gives way.
    let holder = app.database().client().await;
    holder.execute("SELECT pg_advisory_lock($1)", &[&0x5167_6e61_6c50_726e_i64]).await.unwrap();
    app.restart().await;
    // It looks as soon as it has started.
    app.logged(&["Upkeep runs in another process"]).await;
    assert_eq!(left(&app).await.0, 4);
    drop(holder);
    app.restart().await;
    wait::until_equal("the rows left", 1, async || left(&app).await.0).await;
}
