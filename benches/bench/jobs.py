"""Jobs: drained by workers, and how soon one starts."""

from __future__ import annotations

import http.client
import os
import random
import resource
import statistics
import time
import urllib.parse
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import bare
import seed
from cluster import Cluster
from intake import FULL
from load import FIRST_PROJECT, Cpu, Sender
from machine import BenchError, PeakMemory, say, wait_until
from settings import Settings
from signalbox import Signalbox

# The action that only the build for the benchmark has.
IN_PROCESS = "1 ms in the process"
# How many deliveries are sent one by one to an idle worker.
ONE_BY_ONE = 200


@dataclass
class JobRow:
    """A line of the table of jobs."""

    what: str
    state: str
    per_second: float
    server_us: float | None = None
    postgres_us: float | None = None
    writes: float | None = None
    commits: float | None = None
    memory_mib: float | None = None
    disk_bytes: float | None = None


@dataclass
class StartRow:
    """A line of the table of times, in milliseconds."""

    what: str
    p50_ms: float
    p99_ms: float


def percentile(values: list[float], percent: int) -> float:
    """A percentile of some hundred values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def spawn_loop(seconds: float) -> JobRow:
    """`/bin/true`, started and waited for, one at a time."""
    say("a bare loop of posix_spawn and wait")
    started, done = time.monotonic(), 0

    def cpu() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    before = cpu()
    while (passed := time.monotonic() - started) < seconds:
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
        done += 1
    return JobRow(
        "posix_spawn and wait, in a loop",
        "one at a time",
        done / passed,
        (cpu() - before) / done * 1e6,
    )


@dataclass
class Jobs:
    """Measures what Signalbox runs."""

    cluster: Cluster
    box: Signalbox
    sender: Sender
    settings: Settings

    def run(self) -> tuple[list[JobRow], list[StartRow]]:
        """Few jobs and one to four workers, then one job at a time, then many waiting beside."""
        self.box.prepare("jobs", self.settings.webhooks[0])
        rows = []
        for workers in (1, 2, 4) if self.settings.states else (1,):
            self.cluster.empty("jobs")
            self.wait("jobs", self.settings.jobs)
            rows.append(self.drain("jobs", workers, f"{self.settings.jobs:,} waiting"))
        starts = self.starts()
        with bare.running(self.box.machine) as handler:
            self.box.call(handler.url)
            rows.append(self.queue("call", "a request to a local server", slots=16))
        rows.append(self.queue("in-process", IN_PROCESS, slots=64))
        rows.append(self.queue("in-process", f"{IN_PROCESS}, a reader's snapshot open", slots=64, snapshot=True))
        if self.settings.states:
            rows.append(self.drain_many())
        return rows, starts

    def queue(self, action: str, words: str, *, slots: int, snapshot: bool = False) -> JobRow:
        """Drains jobs that start no program."""
        self.cluster.empty("jobs")
        # Enough for the span at several thousand a second.
        count = max(self.settings.jobs, round(6_000 * (self.settings.span + 3)))
        self.wait("jobs", count, action)
        state = f"{count:,} waiting, {words}"
        with self.cluster.open_snapshot("jobs") if snapshot else nullcontext():
            row = self.drain("jobs", 1, state, slots)
        wrong = "outcome <> 'succeeded' OR exit_code IS NOT NULL"
        found = f"SELECT outcome, exit_code, error FROM job_attempts WHERE {wrong} LIMIT 1"
        if odd := self.cluster.sql("jobs", found):
            raise BenchError(f"{action}, an attempt: {odd[0]} (built without --features bench?)")
        return row

    def drain_many(self) -> JobRow:
        """From the database that the deliveries left, if they were measured."""
        stored = f"{self.settings.stored[-1]:,} stored, "
        if not self.cluster.exists(FULL):
            stored = ""
            self.box.prepare(FULL, self.settings.webhooks[0])
            self.wait(FULL, self.settings.waiting)
        return self.drain(FULL, 1, f"{stored}{self.settings.waiting:,} waiting")

    def wait(self, database: str, count: int, action: str = "true") -> None:
        """Jobs that wait."""
        webhooks = self.settings.webhooks[0]
        rows = {"before": 0, "total": count, "webhooks": webhooks}
        seed.rows(self.cluster, database, **rows, waiting=True, action=action)

    def drain(self, database: str, workers: int, state: str, slots: int = 4) -> JobRow:
        """Drains what waits for one span, from the first hundred on."""
        self.cluster.checkpoint()
        state += f", {workers} worker{'s' if workers > 1 else ''} of {slots} slots"
        say(f"Signalbox drains, {state}")
        running = [self.box.worker(database, slots) for _ in range(workers)]
        pids = [worker.pid for worker in running]
        say(f"process {', '.join(map(str, pids))}, PostgreSQL {self.cluster.pid}")
        try:
            first = self.cluster.finished_jobs(database)
            wait_until("the first jobs", lambda: self.cluster.finished_jobs(database) > first + 100)
            return self.measure(database, pids, state)
        finally:
            self.box.stop(*running)

    def measure(self, database: str, pids: list[int], state: str) -> JobRow:
        """The span that counts."""
        writes, commits = self.cluster.commits(database)
        disk = self.cluster.bytes_on_disk(database)
        server, postgres = Cpu(*pids), Cpu(self.cluster.pid)
        with PeakMemory(*pids).watched() as memory:
            started = time.time()
            time.sleep(self.settings.span)
            ended = time.time()
        spent = (server.us_each(1), postgres.us_each(1))
        after = self.cluster.commits(database)
        # If nothing waits any more, the span ended with the last job.
        done, passed, waiting = self.cluster.sql(
            database,
            f"SELECT count(*), extract(epoch FROM max(finished_at)) - {started}, "
            "EXISTS (SELECT 1 FROM jobs WHERE due_at IS NOT NULL) FROM jobs "
            f"WHERE finished_at > to_timestamp({started}) AND finished_at <= to_timestamp({ended})",
        )[0]
        jobs = int(done)
        if not jobs:
            raise BenchError("no job ended in the span: raise --jobs, or lower --span")
        return JobRow(
            "Signalbox",
            state,
            jobs / (ended - started if waiting == "t" else float(passed)),
            spent[0] / jobs,
            spent[1] / jobs,
            (after[0] - writes) / jobs,
            (after[1] - commits) / jobs,
            memory.mib,
            (self.cluster.bytes_on_disk(database) - disk) / jobs,
        )

    def starts(self) -> list[StartRow]:
        """Deliveries one by one, each when the job before has ended: nothing queues."""
        self.cluster.empty("jobs")
        say(f"{ONE_BY_ONE} deliveries, one at a time, to an idle worker")
        server = self.box.serve("jobs", worker=True)
        try:
            body = self.sender.body_file(self.settings.bodies[0])
            answered = send_one_by_one(server.url, body, ONE_BY_ONE, pause=True)
            wait_until("the last job", lambda: self.cluster.finished_jobs("jobs") == ONE_BY_ONE)
        finally:
            self.box.stop(server)
        times = [
            [float(value) for value in row]
            for row in self.cluster.sql(
                "jobs",
                "SELECT extract(epoch FROM started_at - received_at) * 1000, "
                "extract(epoch FROM finished_at - received_at) * 1000 "
                "FROM jobs JOIN deliveries ON deliveries.id = jobs.delivery_id",
            )
        ]
        rows = [("Sent to answered", answered)]
        rows.append(("Received to started", [row[0] for row in times]))
        rows.append(("Received to finished", [row[1] for row in times]))
        return [
            StartRow(what, percentile(values, 50), percentile(values, 99)) for what, values in rows
        ]


def send_one_by_one(url: str, body_file: Path, count: int, *, pause: bool) -> list[float]:
    """How long each answer took, in milliseconds."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    body = body_file.read_bytes().replace(b"@@@@@@", str(FIRST_PROJECT).encode())
    times = []
    for number in range(count):
        if pause:
            # Long enough for the job before to end, and at no fixed place in the worker's rhythm.
            time.sleep(random.uniform(0.02, 0.07))
        headers = {
            "Content-Type": "application/json",
            "X-Gitlab-Event": "Push Hook",
            "X-Gitlab-Token": f"token-{FIRST_PROJECT}",
            "Idempotency-Key": f"{count}-{number}",
        }
        sent = time.monotonic()
        connection.request("POST", parts.path, body, headers)
        answer = connection.getresponse()
        if answer.status != 202:
            raise BenchError(f"{url} answered {answer.status}: {answer.read()!r}")
        answer.read()
        times.append((time.monotonic() - sent) * 1000)
    connection.close()
    return times
