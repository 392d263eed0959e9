"""Rows that are there before a run: webhooks, history, waiting jobs."""

from __future__ import annotations

import hashlib
import hmac
import subprocess

from cluster import TABLES, Cluster
from load import FIRST_PROJECT, push
from machine import BenchError, say

SECRET_KEY = "a benchmark's own secret key, 32 characters and more"
# Rows of one statement.
BATCH = 250_000


def token_digest(token: str) -> bytes:
    """What Signalbox stores of a secret token (crates/core/src/seal.rs)."""
    key = hmac.digest(SECRET_KEY.encode(), b"signalbox token digest", hashlib.sha256)
    return hmac.digest(key, token.encode(), hashlib.sha256)


def webhooks(cluster: Cluster, database: str, count: int) -> None:
    """Webhooks like the one that is there, each with a project, repository and token of its own."""
    stored = cluster.sql(database, "SELECT encode(secret_digest, 'hex') FROM webhooks ORDER BY id")
    if stored[0][0] != token_digest(f"token-{FIRST_PROJECT}").hex():
        raise BenchError("the digest of a token is made in another way now: see seed.py")
    say(f"{database}: {count:,} webhooks")
    names = cluster.sql(
        database,
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name = 'webhooks' AND column_name <> 'id'",
    )
    columns = {name: f"one.{name}" for (name,) in names}
    columns.update(
        project_id="number",
        repo_name="'project-' || number",
        repo_url="'git@gitlab.example.com:bench/project-' || number || '.git'",
        secret_digest="decode(digest, 'hex')",
    )
    lines = (
        f"{number}\t{token_digest(f'token-{number}').hex()}\n"
        for number in range(FIRST_PROJECT + len(stored), FIRST_PROJECT + count)
    )
    script = (
        "CREATE TEMPORARY TABLE wanted (number bigint, digest text);\n"
        "COPY wanted FROM STDIN;\n" + "".join(lines) + "\\.\n"
        f"INSERT INTO webhooks ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
        "FROM wanted, webhooks AS one WHERE one.id = (SELECT min(id) FROM webhooks) ORDER BY number;\n"
        "INSERT INTO webhook_actions SELECT webhooks.id, fingerprint FROM webhooks, "
        "(SELECT fingerprint FROM webhook_actions LIMIT 1) AS one ON CONFLICT DO NOTHING;\n"
        "ANALYZE webhooks, webhook_actions;\n"
    )
    command = cluster.psql(database)
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(done.stderr)


# An id as the program makes it: the milliseconds in base 32, then, instead of chance, the row's number.
ULID = " || ".join(
    f"substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((ms >> {5 * place}) & 31)::int + 1, 1)"
    for place in reversed(range(10))
)

# Deliveries of the last seven days, as a push of 1.2 KB leaves them.
DELIVERIES = """
CREATE TEMPORARY TABLE batch AS
    SELECT {ulid} || lpad(n::text, 16, '0') AS id, to_timestamp(ms / 1000.0) AS at, n,
        {first} + n % {webhooks} AS project
    FROM (SELECT n, floor(extract(epoch FROM now()) * 1000)::bigint - 3600000
              - ({total} - n) * 518400000 / {total} AS ms
          FROM generate_series({start}::bigint, {stop}) AS n) AS times;
INSERT INTO deliveries (id, received_at, endpoint, verdict, summary, reason, http_status, event,
    object_kind, project_id, repo_name, repo_url, ref, sha, user_id, user_name, user_email,
    headers, body, body_size, body_sha256, idempotency_key, remote_addr, token_digest, judged_at)
SELECT id, at, 'main', 'matched', 'A push to master', '{{"records": []}}', 202, 'Push Hook', 'push',
    project, 'project-' || project, 'git@gitlab.example.com:bench/project-' || project || '.git',
    'refs/heads/master', md5(n::text) || '00000000', n % 100, 'Person ' || n % 100,
    'person' || n % 100 || '@example.com', '{{"X-Gitlab-Event": "Push Hook"}}',
    convert_to(replace($body${body}$body$, '@@@@@@', project::text), 'UTF8'), {size},
    sha256(n::text::bytea), md5(n::text), '127.0.0.1', sha256(project::text::bytea), at
FROM batch;
"""

KEYS = """
INSERT INTO idempotency_keys (endpoint, key, delivery, expires_at)
SELECT 'main', md5('{word}' || n), id, at + interval '7 days' FROM batch;
"""

# `{state}`: each job succeeded at once, or all wait.
JOBS = """
INSERT INTO jobs (id, delivery_id, webhook_id, webhook_label, repo_name, ref, action,
    action_params, state, attempts, tries_used, tries_lost, max_attempts, error, run_at, queued_at,
    started_at, finished_at, requested_by, concurrency, lane)
SELECT batch.id, batch.id, webhooks.id, batch.project || ' push', 'project-' || batch.project,
    'refs/heads/master', '{action}', '{{}}', '{state}', {attempts}, {attempts}, 0, 3, '', at, at,
    {started}, {started} + interval '1 second', '', 'parallel', ''
FROM batch JOIN webhooks ON webhooks.project_id = batch.project;
"""

ATTEMPTS = """
INSERT INTO job_attempts (job_id, number, worker, started_at, finished_at, outcome, exit_code, error)
SELECT id, 1, 'seed', at, at + interval '1 second', 'succeeded', 0, '' FROM batch;
"""


def take_indexes(cluster: Cluster, database: str) -> str:
    """Drops what slows filling down; answers the statements that make it again."""
    found = cluster.sql(
        database,
        "SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index "
        f"WHERE indrelid = ANY ('{{{','.join(TABLES)}}}'::regclass[]) "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
    )
    cluster.sql(database, "".join(f"DROP INDEX {name};" for name, _ in found))
    return "".join(f"{definition};" for _, definition in found)


def rows(
    cluster: Cluster,
    database: str,
    *,
    before: int,
    total: int,
    webhooks: int,
    waiting: bool,
    action: str = "true",
) -> None:
    """Deliveries `before + 1` to `total`, with keys and jobs that ended, or with jobs that wait."""
    body = push(1200).decode()
    indexes = take_indexes(cluster, database)
    for start in range(before + 1, total + 1, BATCH):
        stop = min(start + BATCH - 1, total)
        say(f"{database}: {'waiting jobs' if waiting else 'stored deliveries'} up to {stop:,}")
        # References are known to hold.
        script = (
            "SET session_replication_role = replica; BEGIN;"
            + DELIVERIES
            + JOBS
            + ("" if waiting else KEYS + ATTEMPTS)
            + "COMMIT;"
        )
        script = script.format(
            first=FIRST_PROJECT,
            webhooks=webhooks,
            total=total,
            start=start,
            stop=stop,
            word=database,
            ulid=ULID,
            body=body,
            size=len(body),
            action=action,
            state="queued" if waiting else "succeeded",
            attempts=0 if waiting else 1,
            started="NULL::timestamptz" if waiting else "at",
        )
        cluster.sql(database, script)
    say(f"{database}: indexes")
    cluster.sql(database, f"SET maintenance_work_mem = '1GB'; {indexes}")
    cluster.sql(database, "VACUUM ANALYZE deliveries, jobs, job_attempts, idempotency_keys")
