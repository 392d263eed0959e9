"""One worker of 64 slots under jobs without end, beside a reader that sees every row of before.

By itself the queue must stay as fast as it began: what ended leaves dead rows, and the open
snapshot keeps PostgreSQL from taking any of them away.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import seed
from cluster import Cluster
from machine import BenchError, memory_mib, say
from settings import Settings
from signalbox import Running, Signalbox

DATABASE = "soak"
SLOTS = 64
# Lines of the table.
SAMPLES = 6
# Jobs that wait at least, and how many come at once when fewer do.
LEAST, MORE = 60_000, 60_000

JOBS = """
INSERT INTO jobs (id, delivery_id, webhook_id, webhook_label, repo_name, ref, action,
    action_params, state, attempts, tries_used, tries_lost, max_attempts, error, run_at, queued_at,
    requested_by, concurrency, lane)
SELECT {ulid} || lpad(n::text, 16, '0'), delivery.id, webhook.id, webhook.repo_name || ' push',
    webhook.repo_name, 'refs/heads/master', 'in-process', '{{}}', 'queued', 0, 0, 0, 3, '', at, at,
    '', 'parallel', ''
FROM (SELECT n, now() AS at, floor(extract(epoch FROM now()) * 1000)::bigint AS ms
      FROM generate_series({start}, {stop}) AS n) AS times
JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS all
      FROM webhooks) AS webhook ON webhook.place = n % webhook.all
CROSS JOIN (SELECT id FROM deliveries LIMIT 1) AS delivery;
"""


@dataclass
class SoakRow:
    """One part of the time."""

    minutes: float
    per_second: float
    dead_rows: int
    jobs_mib: float
    memory_mib: float


@dataclass
class Soak:
    """Runs it."""

    cluster: Cluster
    box: Signalbox
    settings: Settings

    def run(self) -> list[SoakRow]:
        """A row for each sixth of the time."""
        self.box.prepare(DATABASE, self.settings.webhooks[0])
        few = {"webhooks": self.settings.webhooks[0], "waiting": True, "action": "in-process"}
        seed.rows(self.cluster, DATABASE, before=0, total=100, **few)
        self.put = 100
        self.fill(2 * LEAST)
        with self.cluster.open_snapshot(DATABASE):
            worker = self.box.worker(DATABASE, SLOTS)
            try:
                return [self.sample(worker, number) for number in range(1, SAMPLES + 1)]
            finally:
                self.box.stop(worker)

    def sample(self, worker: Running, number: int) -> SoakRow:
        """Keeps jobs waiting for one sixth of the time."""
        seconds = self.settings.minutes * 60 / SAMPLES
        say(f"soak: part {number} of {SAMPLES}, {seconds:.0f} s")
        before, started = self.ended(), time.monotonic()
        while time.monotonic() - started < seconds:
            if self.put - self.ended() < LEAST:
                self.fill(MORE)
            time.sleep(0.5)
        done, passed = self.ended() - before, time.monotonic() - started
        if not done:
            raise BenchError("the worker does nothing any more")
        dead, size = self.cluster.sql(
            DATABASE,
            "SELECT n_dead_tup, pg_total_relation_size('jobs') FROM pg_stat_user_tables "
            "WHERE relname = 'jobs'",
        )[0]
        return SoakRow(
            minutes=seconds * number / 60,
            per_second=done / passed,
            dead_rows=int(dead),
            jobs_mib=int(size) / 2**20,
            memory_mib=memory_mib(worker.pid),
        )

    def ended(self) -> int:
        """Attempts that began, from PostgreSQL's statistics, a second late: counting millions of
        rows twice a second would be most of the load."""
        query = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'job_attempts'"
        return self.cluster.number(DATABASE, query)

    def fill(self, count: int) -> None:
        """More jobs that wait, all of the same delivery: its body is not what is measured."""
        statement = JOBS.format(ulid=seed.ULID, start=self.put + 1, stop=self.put + count)
        self.cluster.sql(DATABASE, f"SET session_replication_role = replica; {statement}")
        self.put += count
