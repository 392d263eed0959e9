"""Deliveries: ours, in every state of the database."""

from __future__ import annotations

from dataclasses import dataclass

import seed
from cluster import Cluster
from load import Cpu, Row, Sender
from machine import BenchError, PeakMemory, say
from settings import Settings
from signalbox import Running, Signalbox

# The database with everything in it, which the jobs are drained from too.
FULL = "all_of_it"


@dataclass
class Intake:
    """Measures what Signalbox receives."""

    cluster: Cluster
    box: Signalbox
    sender: Sender
    settings: Settings

    def run(self) -> list[Row]:
        """Connections and bodies on an empty database, then one state after the other."""
        few = self.settings.webhooks[0]
        self.box.prepare("few", few)
        rows = [
            self.cell("few", few, connections=connections, size=size)
            for size in self.settings.bodies
            for connections in self.settings.connections
        ]
        if not self.settings.states:
            return rows
        base = {"connections": self.settings.base_connections, "size": self.settings.bodies[0]}
        rows.append(self.cell("few", few, **base, worker=True))
        rows += [self.cell("few", few, **base, servers=servers) for servers in (2, 4)]
        for many in self.settings.webhooks[1:]:
            self.box.prepare("many", many)
            rows.append(self.cell("many", many, **base))
        return rows + self.full(base)

    def full(self, base: dict[str, int]) -> list[Row]:
        """One thing on top of the other: stored deliveries, waiting jobs, webhooks, a worker."""
        few, many = self.settings.webhooks[0], self.settings.webhooks[-1]
        before, rows = 0, []
        self.box.prepare(FULL, few)
        for stored in self.settings.stored:
            seed.rows(self.cluster, FULL, before=before, total=stored, webhooks=few, waiting=False)
            rows.append(self.cell(FULL, few, **base, stored=stored))
            before = stored
        waiting = self.settings.waiting
        seed.rows(self.cluster, FULL, before=0, total=waiting, webhooks=few, waiting=True)
        rows.append(self.cell(FULL, few, **base, stored=before, waiting=waiting))
        seed.webhooks(self.cluster, FULL, many)
        for connections in sorted({1, base["connections"]}):
            shape = {**base, "connections": connections, "stored": before, "waiting": waiting}
            rows.append(self.cell(FULL, many, **shape, worker=True))
        return rows

    def cell(
        self,
        database: str,
        webhooks: int,
        *,
        connections: int,
        size: int,
        stored: int = 0,
        waiting: int = 0,
        worker: bool = False,
        servers: int = 1,
    ) -> Row:
        """One measurement."""
        if not stored and not waiting:
            self.cluster.empty(database)
        state = [f"{webhooks:,} webhooks"]
        state += [f"{stored:,} stored"] if stored else []
        state += [f"{waiting:,} jobs waiting"] if waiting else []
        state += ["worker draining"] if worker else []
        state += [f"{servers} servers"] if servers > 1 else []
        row = Row("Signalbox", connections, size / 1000, ", ".join(state))
        say(f"Signalbox, {connections} connections, {row.kilobytes:g} KB, {row.state}")
        running = [self.box.serve(database, worker=worker) for _ in range(servers)]
        try:
            self.warm_up(running, connections, size, webhooks)
            self.measure(row, database, running, webhooks, size)
        finally:
            self.box.stop(*running)
        return row

    def warm_up(self, running: list[Running], connections: int, size: int, webhooks: int) -> None:
        """One second that does not count."""
        urls = [server.url for server in running]
        self.sender.send(urls, connections=connections, size=size, webhooks=webhooks, span=1)
        self.cluster.checkpoint()

    def measure(
        self, row: Row, database: str, running: list[Running], webhooks: int, size: int
    ) -> None:
        """The span that counts, and what it cost."""
        urls, pids = [server.url for server in running], [server.pid for server in running]
        say(f"process {', '.join(map(str, pids))}, PostgreSQL {self.cluster.pid}")
        last = self.cluster.sql(database, "SELECT max(id) FROM deliveries")[0][0]
        ended = self.cluster.finished_jobs(database)
        disk, wal = self.cluster.bytes_on_disk(database), self.cluster.wal_bytes()
        server, postgres = Cpu(*pids), Cpu(self.cluster.pid)
        with PeakMemory(*pids).watched() as memory:
            load = self.sender.send(
                urls,
                connections=row.connections,
                size=size,
                webhooks=webhooks,
                span=self.settings.span,
            )
        # Before anything else costs CPU time. What wrk did not wait for is stored nevertheless.
        spent = (server.us_each(1), postgres.us_each(1))
        counts = (
            "SELECT count(*), count(*) FILTER (WHERE verdict <> 'matched') FROM deliveries "
            f"WHERE id > '{last}'"
        )
        stored, others = map(int, self.cluster.sql(database, counts)[0])
        if not stored or (stored < load.requests and not load.failures):
            raise BenchError(f"{load.requests} answered, {stored} stored")
        row.fail(load.failures, load.requests)
        row.fail(others, stored)
        row.per_second, row.p50_ms, row.p99_ms = load.per_second, load.p50_ms, load.p99_ms
        row.server_us, row.postgres_us = spent[0] / stored, spent[1] / stored
        row.memory_mib = memory.mib
        row.disk_bytes = (self.cluster.bytes_on_disk(database) - disk) / stored
        row.wal_bytes = (self.cluster.wal_bytes() - wal) / stored
        if "draining" in row.state:
            jobs = (self.cluster.finished_jobs(database) - ended) / self.settings.span
            row.state += f", {jobs:,.0f} jobs/s"
