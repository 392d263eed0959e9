//! Tables filled with many rows at once, by PostgreSQL itself: for lists that must stay fast and
//! actions on thousands. What one test says of a few rows goes through the panel instead.

use super::database::Database;

/// Webhooks named `bulk 1` to `bulk N` with project IDs 1 to N, enabled, with a secret
/// that nobody knows.
pub async fn webhooks(database: &Database, webhooks: u32) {
    database
        .execute(&format!(
            "INSERT INTO webhooks (name, repo_name, repo_url, object_kind, project_id, \
             http_x_gitlab_event, enabled, secret_digest, ref_filter, path_filter, condition, \
             register_on_first_event, action, action_params, concurrency, max_attempts, notes, \
             created_at, updated_at, last_delivery_at, last_verdict) \
             SELECT '', 'bulk ' || n, 'git@gitlab.example.com:bulk/repository-' || n || '.git', \
             'push', n, 'Push Hook', true, decode(repeat('00', 32), 'hex'), '', '', '', false, \
             'print', '{{}}', 'parallel', 3, '', now() - interval '60 days', now(), \
             now() - n * interval '1 second', \
             (ARRAY['matched', 'matched', 'disabled', NULL])[1 + n % 4] \
             FROM generate_series(1, {webhooks}) AS n"
        ))
        .await;
}

/// Deliveries, two seconds apart up to now, each with a job and its attempt: one in fifty is
/// unmatched, one in a hundred rejected; of the jobs one in forty failed. Their ids tell their
/// time, as real ones do.
pub async fn deliveries(database: &Database, rows: u32) {
    database
        .execute(&format!(
            "CREATE FUNCTION pg_temp.ulid(at timestamptz, n bigint) RETURNS text LANGUAGE sql AS $$ \
             SELECT string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', \
             ((floor(extract(epoch FROM at) * 1000)::bigint >> (5 * (9 - place))) & 31)::int + 1, 1), \
             '' ORDER BY place) || lpad(n::text, 16, '0') FROM generate_series(0, 9) AS place $$; \
             INSERT INTO deliveries (id, received_at, endpoint, verdict, summary, reason, \
             http_status, event, object_kind, project_id, repo_name, repo_url, ref, sha, user_id, \
             user_name, user_email, headers, body, body_size, body_sha256, idempotency_key, \
             remote_addr, title) \
             SELECT pg_temp.ulid(now() - ({rows} - n) * interval '2 seconds', n), \
             now() - ({rows} - n) * interval '2 seconds', \
             'main', CASE WHEN n % 50 = 0 THEN 'unmatched' WHEN n % 100 = 1 THEN 'rejected' \
             ELSE 'matched' END, 'A push to a branch', '{{}}', 202, 'Push Hook', 'push', n % 10000, \
             'bulk ' || n % 10000, 'git@gitlab.example.com:bulk/repository-' || n % 10000 || '.git', \
             'refs/heads/branch-' || n % 300, md5(n::text) || '00000000', n % 100, \
             'Person ' || n % 100, 'person' || n % 100 || '@example.com', '{{}}', \
             convert_to(repeat(md5(n::text), 20), 'UTF8'), 640, decode(repeat('00', 32), 'hex'), \
             n::text, '192.0.2.1', 'Change ' || n || ' of the page that everybody sees first' \
             FROM generate_series(1, {rows}) AS n; \
             INSERT INTO jobs (id, delivery_id, webhook_id, webhook_label, repo_name, ref, action, \
             action_params, state, attempts, tries_used, tries_lost, max_attempts, error, run_at, \
             queued_at, started_at, finished_at, requested_by, title) \
             SELECT id, id, project_id, repo_name || ' push', repo_name, ref, 'print', '{{}}', \
             CASE WHEN n % 40 = 0 THEN 'failed' WHEN n % 997 = 0 THEN 'cancelled' \
             ELSE 'succeeded' END, 1, 1, 0, 3, CASE WHEN n % 40 = 0 THEN 'exit status 1' ELSE '' END, \
             received_at, received_at, received_at, received_at + interval '1 second', '', title \
             FROM (SELECT *, idempotency_key::bigint AS n FROM deliveries \
             WHERE idempotency_key ~ '^[0-9]+$') AS seeded; \
             INSERT INTO job_attempts (job_id, number, worker, started_at, finished_at, outcome, \
             exit_code, error) \
             SELECT id, 1, 'seed', started_at, finished_at, \
             CASE state WHEN 'succeeded' THEN 'succeeded' ELSE 'failed' END, \
             CASE state WHEN 'succeeded' THEN 0 ELSE 1 END, error FROM jobs; \
             ANALYZE deliveries, jobs, job_attempts, webhooks"
        ))
        .await;
}

/// Idempotency keys that are held for days yet, as a week of deliveries leaves them.
pub async fn keys(database: &Database, keys: u32) {
    keys_unanalysed(database, keys).await;
    database.execute("ANALYZE idempotency_keys").await;
}

/// The same, unknown to the planner.
pub async fn keys_unanalysed(database: &Database, keys: u32) {
    database
        .execute(&format!(
            "INSERT INTO idempotency_keys (endpoint, key, webhook_id, delivery, expires_at) \
             SELECT 'main', md5(n::text), 1, lpad(n::text, 26, '0'), \
             now() + interval '7 days' - n * interval '0.5 seconds' \
             FROM generate_series(1, {keys}) AS n"
        ))
        .await;
}
