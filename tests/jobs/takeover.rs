//! What waits in a database of the version whose queue stood beside its jobs: taken over, each job
//! run once; a worker of that version is refused.

use super::run::{attempts, push, webhook_with};
use crate::support::app::{Setup, repository};
use crate::support::wait;
use std::fs;

const OWN_QUEUE: &str = "2026-11-28-000400_own_queue";

/// The tables that the queue kept, as far as they are read.
const OLD_QUEUE: &str = "CREATE SCHEMA apalis; \
    CREATE TABLE apalis.workers (id text PRIMARY KEY, worker_type text, last_seen timestamptz); \
    CREATE TABLE apalis.jobs (id text PRIMARY KEY, job_type text, status text, \
        run_at timestamptz, lock_by text REFERENCES apalis.workers (id)); \
    CREATE EXTENSION hstore; CREATE EXTENSION pgcrypto; \
    INSERT INTO workers (name, host, pid, version, concurrency, started_at) \
        VALUES ('old-1', 'host', 1, '0.1.0', 4, now() - interval '1 hour'); \
    INSERT INTO apalis.workers VALUES ('old-1', 'signalbox', now() - interval '1 minute'); \
    INSERT INTO apalis.jobs SELECT id, 'signalbox', 'Pending', run_at, NULL FROM jobs;";

#[tokio::test]
async fn what_waited_in_the_old_queue_runs_once_and_an_old_worker_is_refused() {
    let setup = Setup::new().await.argument("--no-worker");
    let mut app = setup.action("note", "", "echo done").start().await;
    webhook_with(&app, "note", &[]).await;
    let mut jobs = Vec::new();
    for number in 0..7 {
        jobs.push(push(&app, &format!("k{number}")).await);
    }
    assert!(app.stop().await.success());
    let database = app.database();
    let down = repository().join("migrations").join(OWN_QUEUE).join("down.sql");
    database.execute(&fs::read_to_string(down).unwrap()).await;
    database.execute(OLD_QUEUE).await;
    database
        .execute(&format!(
            "DELETE FROM __diesel_schema_migrations WHERE version = '20261128000400'; \
             UPDATE jobs SET state = 'retrying', attempts = 1, tries_used = 1, max_attempts = 3, \
                 run_at = now() - interval '1 s' WHERE id = '{retrying}'; \
             UPDATE jobs SET state = 'scheduled', run_at = now() + interval '1 day' WHERE id = '{later}'; \
             UPDATE jobs SET state = 'running', attempts = 1 WHERE id = '{running}'; \
             INSERT INTO job_attempts (job_id, number, worker, started_at, error) \
                 VALUES ('{running}', 1, 'old-1', now() - interval '1 minute', ''); \
             UPDATE jobs SET held = 'lane', lane = 'webhook:1', concurrency = 'serial' \
                 WHERE id = '{held}'; \
             UPDATE jobs SET held = 'paused' WHERE id = '{paused}'; \
             UPDATE jobs SET state = 'succeeded', finished_at = now() WHERE id = '{ended}'",
            retrying = jobs[1],
            later = jobs[2],
            running = jobs[3],
            held = jobs[4],
            paused = jobs[5],
            ended = jobs[6],
        ))
        .await;

    assert!(app.run(&["migrate"], &[]).status.success());
    for gone in ["pg_namespace WHERE nspname = 'apalis'", "pg_extension WHERE extname <> 'plpgsql'"]
    {
        assert_eq!(database.count(gone).await, 0, "{gone}");
    }
    let old_worker = "INSERT INTO workers (name, host, pid, version, concurrency, started_at) \
                      VALUES ('old-2', 'host', 2, '0.1.0', 4, now())";
    let refused = database.client().await.batch_execute(old_worker).await.unwrap_err();
    let said = refused.as_db_error().unwrap().message().to_owned();
    assert!(said.contains("a newer version of Signalbox"), "{said}");

    let _worker = app.worker();
    for job in [&jobs[0], &jobs[1], &jobs[3], &jobs[4], &jobs[5]] {
        app.job_is(job, "succeeded").await;
    }
    assert_eq!(attempts(&app, &jobs[0]).await, ["succeeded 0"]);
    assert_eq!(attempts(&app, &jobs[3]).await, ["lost", "succeeded 0"]);
    assert_eq!(app.job_state(&jobs[2]).await, "scheduled");
    assert_eq!(attempts(&app, &jobs[6]).await, Vec::<String>::new());
    wait::until_equal("open attempts", 0, async || {
        database.count("job_attempts WHERE outcome IS NULL").await
    })
    .await;
}
