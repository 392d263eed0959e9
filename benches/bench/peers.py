"""What ours is put beside: pgbench, a bare handler, Debian's webhook, the 2015 application."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import bare
from cluster import Cluster
from jobs import JobRow
from load import FIRST_PROJECT, Cpu, Row, Sender, push
from machine import (
    ROOT,
    BenchError,
    Machine,
    PeakMemory,
    answers,
    find_program,
    free_port,
    say,
    wait_until,
)
from settings import Settings

PEERS = ROOT / "benches/peers"
TARGET = ROOT / "target/bench"
WARM_UP = 1


@dataclass
class Peers:
    """Measures each of them as ours is measured."""

    machine: Machine
    cluster: Cluster
    sender: Sender
    settings: Settings

    def deliveries(self) -> list[Row]:
        """All of them."""
        return [*self.pgbench(), *self.bare(), *self.webhook(), *self.django()]

    def shapes(self) -> list[tuple[int, int]]:
        """Connections and bodies: each varied while the other is the usual one."""
        usual, base = self.settings.bodies[0], self.settings.base_connections
        shapes = [(connections, usual) for connections in self.settings.connections]
        return shapes + [(base, size) for size in self.settings.bodies[1:]]

    def pgbench(self) -> list[Row]:
        """A row with a body, inserted and committed: what a durable receiver cannot be without."""
        self.cluster.create("plain", "template0")
        self.cluster.sql(
            "plain", "CREATE TABLE plain (id text PRIMARY KEY, at timestamptz, body bytea)"
        )
        script = self.machine.folder / "plain.sql"
        script.write_text(
            "INSERT INTO plain VALUES (gen_random_uuid()::text, now(), convert_to(:body, 'UTF8'));\n"
        )
        body = push(self.settings.bodies[0]).decode()
        rows = []
        for clients in self.settings.connections:
            self.cluster.sql("plain", "TRUNCATE plain")
            rows.append(self.pgbench_row(clients, script, body))
        self.cluster.drop("plain")
        return rows

    def pgbench_row(self, clients: int, script: Path, body: str) -> Row:
        """One number of clients."""
        say(f"pgbench, {clients} connections")
        self.cluster.checkpoint()
        log = self.machine.folder / "pgbench"
        command = [str(self.cluster.programs / "pgbench"), "-n", "-M", "prepared", "-l"]
        command += ["--log-prefix", str(log), "-c", str(clients), "-j", str(min(clients, 2))]
        command += ["-T", f"{self.settings.span:.0f}", "-D", f"body={body}", "-f", str(script)]
        command += ["-h", str(self.cluster.run), "-U", "postgres", "plain"]
        disk = "SELECT pg_total_relation_size('plain')"
        size, wal = self.cluster.number("plain", disk), self.cluster.wal_bytes()
        postgres = Cpu(self.cluster.pid)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        spent = postgres.us_each(1)
        # Microseconds, the third field of each line.
        times = []
        for part in self.machine.folder.glob("pgbench.*"):
            times += [int(line.split()[2]) / 1000 for line in part.read_text().splitlines()]
            part.unlink()
        if done.returncode or not times:
            raise BenchError(f"pgbench failed: {done.stderr}")
        times.sort()
        return Row(
            "pgbench, one-row commit",
            clients,
            self.settings.bodies[0] / 1000,
            "1 row a commit",
            len(times) / self.settings.span,
            times[len(times) // 2],
            times[len(times) * 99 // 100],
            postgres_us=spent / len(times),
            disk_bytes=(self.cluster.number("plain", disk) - size) / len(times),
            wal_bytes=(self.cluster.wal_bytes() - wal) / len(times),
        )

    def rows_of(
        self, name: str, state: str, url: str, pid: int, postgres: bool = False
    ) -> list[Row]:
        """Every shape, sent to a peer."""
        rows = []
        for connections, size in self.shapes():
            say(f"{name}, {connections} connections, {size / 1000:g} KB")
            shape = {
                "connections": connections,
                "size": size,
                "webhooks": self.settings.webhooks[0],
            }
            self.sender.send([url], **shape, span=WARM_UP)
            self.cluster.checkpoint()
            wal = self.cluster.wal_bytes()
            server, database = Cpu(pid), Cpu(self.cluster.pid)
            with PeakMemory(pid).watched() as memory:
                load = self.sender.send([url], **shape, span=self.settings.span)
            row = Row(
                name, connections, size / 1000, state, load.per_second, load.p50_ms, load.p99_ms
            )
            row.server_us = server.us_each(load.requests)
            row.memory_mib = memory.mib
            if postgres:
                row.postgres_us = database.us_each(load.requests)
                row.wal_bytes = (self.cluster.wal_bytes() - wal) / load.requests
            row.fail(load.failures, load.requests)
            rows.append(row)
        return rows

    def bare(self) -> list[Row]:
        """An actix handler that only parses."""
        with bare.running(self.machine) as handler:
            return self.rows_of("actix, parses only", "keeps nothing", handler.url, handler.pid)

    def webhook(self) -> list[Row]:
        """Debian's `webhook`: compares three values and starts the program at once."""

        def equals(value: str, source: str, name: str) -> dict[str, object]:
            parameter = {"source": source, "name": name}
            return {"match": {"type": "value", "value": value, "parameter": parameter}}

        rules = [
            equals("push", "payload", "object_kind"),
            equals("Push Hook", "header", "X-Gitlab-Event"),
            equals("https://gitlab.example.com", "header", "X-Gitlab-Instance"),
        ]
        hook = {"id": "push", "execute-command": "/bin/true", "trigger-rule": {"and": rules}}
        hooks = self.machine.folder / "hooks.json"
        hooks.write_text(json.dumps([hook]))
        port = free_port()
        command = [find_program("webhook"), "-hooks", str(hooks), "-ip", "127.0.0.1"]
        process = self.machine.start("webhook", [*command, "-port", str(port)])
        wait_until("webhook", lambda: answers(f"http://127.0.0.1:{port}/"))
        url = f"http://127.0.0.1:{port}/hooks/push"
        rows = self.rows_of("Debian's webhook", "keeps nothing, runs /bin/true", url, process.pid)
        self.machine.end(process)
        return rows

    def django(self) -> list[Row]:
        """The 2015 application; its Celery worker does not run meanwhile."""
        redis, env = self.start_django()
        self.python(
            env, "receiver.py", "prepare", str(FIRST_PROJECT), str(self.settings.webhooks[0])
        )
        port = free_port()
        command = [self.venv("gunicorn"), "--workers", "2", "--bind", f"127.0.0.1:{port}"]
        process = self.machine.start(
            "gunicorn", [*command, "receiver:application"], env=env, cwd=PEERS / "django"
        )
        url = f"http://127.0.0.1:{port}/"
        wait_until("gunicorn", lambda: answers(url))
        rows = self.rows_of(
            "Django, Celery, gunicorn", "one row a delivery", url, process.pid, True
        )
        self.machine.end(process)
        self.machine.end(redis)
        self.cluster.drop("django")
        return rows

    def celery(self) -> list[JobRow]:
        """Tasks that do nothing, drained by Celery's own four processes."""
        redis, env = self.start_django()
        count = self.settings.jobs * 2
        say(f"Celery drains, {count:,} waiting")
        self.python(env, "receiver.py", "fill", str(count))
        command = [self.venv("celery"), "-A", "receiver.queue", "worker", "--concurrency", "4"]
        process = self.machine.start(
            "celery", [*command, "--loglevel", "WARNING"], env=env, cwd=PEERS / "django"
        )
        wait_until("Celery", lambda: self.length(env) < count - 200)
        before, started, cpu = self.length(env), time.monotonic(), Cpu(process.pid)
        with PeakMemory(process.pid).watched() as memory:
            while time.monotonic() - started < self.settings.span and self.length(env) > 100:
                time.sleep(0.2)
        done, passed = before - self.length(env), time.monotonic() - started
        row = JobRow(
            "Celery, a task that does nothing", f"{count:,} waiting, 4 processes", done / passed
        )
        row.server_us, row.memory_mib = cpu.us_each(done), memory.mib
        self.machine.end(process)
        self.machine.end(redis)
        self.cluster.drop("django")
        return [row]

    def length(self, env: dict[str, str]) -> int:
        """Tasks in the queue."""
        command = [find_program("redis-cli"), "-u", env["PEER_REDIS"], "LLEN", "celery"]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def start_django(self) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
        """Its database, and Redis as Debian sets it up: a snapshot now and then, no journal."""
        if not (TARGET / "venv/done").exists():
            say("installing Django, Celery and gunicorn into target/bench/venv")
            subprocess.run([sys.executable, "-m", "venv", str(TARGET / "venv")], check=True)
            wanted = ["-r", str(PEERS / "django/requirements.txt")]
            pip = [self.venv("pip"), "install", "-q", "--disable-pip-version-check", *wanted]
            subprocess.run(pip, check=True)
            (TARGET / "venv/done").touch()
        self.cluster.create("django", "template0")
        port = free_port()
        command = [find_program("redis-server"), "--bind", "127.0.0.1", "--port", str(port)]
        redis = self.machine.start("redis", [*command, "--dir", str(self.machine.folder)])
        env = {
            "PEER_PG_HOST": str(self.cluster.run),
            "PEER_PG_NAME": "django",
            "PEER_REDIS": f"redis://127.0.0.1:{port}/0",
            "PYTHONDONTWRITEBYTECODE": "1",
            # gunicorn leaves a socket there.
            "HOME": str(self.machine.folder),
        }
        ping = [find_program("redis-cli"), "-p", str(port), "PING"]
        wait_until("Redis", lambda: subprocess.run(ping, capture_output=True).returncode == 0)
        return redis, env

    def venv(self, program: str) -> str:
        """A program of the peers' own environment."""
        return str(TARGET / "venv/bin" / program)

    def python(self, env: dict[str, str], *arguments: str) -> None:
        """Runs a script of the peer's."""
        done = subprocess.run(
            [self.venv("python"), *arguments],
            cwd=PEERS / "django",
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BenchError(f"{' '.join(arguments)} failed: {done.stderr}")
