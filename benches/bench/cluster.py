"""A PostgreSQL of our own: fresh, on the disk, fsync on, a socket only."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import subprocess
import urllib.parse
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from machine import BenchError, Machine, as_user, wait_until

USER = "postgres"
# Those of the embedded server (crates/postgres/src/cluster.rs), but for the connections: pgbench alone
# holds 128, and four servers 20 each.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "logging_collector": "off",
    "timezone": "UTC",
    "max_connections": "300",
}
# What a delivery and its job leave behind.
TABLES = ("deliveries", "idempotency_keys", "jobs", "job_attempts", "job_output")


def find_programs() -> Path:
    """The folder of the server programs: the newest of Debian's, unless one is set."""
    if given := os.environ.get("SIGNALBOX_PG_BIN"):
        return Path(given)
    debian = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if debian:
        return Path(max(debian, key=lambda path: int(path.split("/")[4]))).parent
    found = shutil.which("postgres")
    if found is None:
        raise BenchError("PostgreSQL's server programs are missing: run sh scripts/need.sh bench")
    return Path(found).parent


class Cluster:
    """A running server and its databases."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.programs = find_programs()
        folder = machine.folder / "postgres"
        folder.mkdir(mode=0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        self.run = folder
        data = folder / "data"
        initdb = [str(self.programs / "initdb"), "--username", USER, "--encoding", "UTF8"]
        initdb += [
            "--locale",
            "C.UTF-8",
            "--auth",
            "trust",
            "--data-checksums",
            "--pgdata",
            str(data),
        ]
        made = subprocess.run(initdb, capture_output=True, text=True, cwd=folder, **as_user(USER))
        if made.returncode:
            raise BenchError(f"initdb failed: {made.stderr}")
        command = [str(self.programs / "postgres"), "-D", str(data)]
        for name, value in {**SETTINGS, "unix_socket_directories": str(folder)}.items():
            command += ["-c", f"{name}={value}"]
        self.server = machine.start("postgres", command, user=USER, end=signal.SIGINT)
        ready = [str(self.programs / "pg_isready"), "-q", "-h", str(folder)]
        wait_until("PostgreSQL", lambda: subprocess.run(ready).returncode == 0)

    @property
    def pid(self) -> int:
        """The process above all of the server's."""
        return self.server.pid

    def url(self, database: str) -> str:
        """The address of a database, for Signalbox."""
        host = urllib.parse.quote(str(self.run), safe="/")
        return f"postgres:///{database}?host={host}&user={USER}"

    def psql(self, database: str) -> list[str]:
        """psql at a database, which stops at the first fault."""
        return [
            *(str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-F\t", "-v", "ON_ERROR_STOP=1"),
            *("-h", str(self.run), "-U", USER, "-d", database),
        ]

    def sql(self, database: str, statements: str) -> list[list[str]]:
        """Runs statements; answers the rows of those that have some."""
        done = subprocess.run(
            self.psql(database), input=statements, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"{statements[:200]}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def number(self, database: str, query: str) -> int:
        """The one number that a query answers."""
        return int(self.sql(database, query)[0][0] or 0)

    def finished_jobs(self, database: str) -> int:
        """Jobs that ended in the last hour; what is seeded ended before."""
        recent = "SELECT count(*) FROM jobs WHERE finished_at > now() - interval '1 hour'"
        return self.number(database, recent)

    def create(self, database: str, template: str) -> None:
        """A copy of a database, dropped first if it is there."""
        self.drop(database)
        self.sql("postgres", f"CREATE DATABASE {database} TEMPLATE {template}")

    def exists(self, database: str) -> bool:
        """Whether a database is there."""
        query = f"SELECT count(*) FROM pg_database WHERE datname = '{database}'"
        return self.number("postgres", query) == 1

    def drop(self, database: str) -> None:
        """Drops a database if it is there."""
        self.sql("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def empty(self, database: str) -> None:
        """Takes every delivery and job away."""
        self.sql(database, f"TRUNCATE {', '.join(TABLES)}")

    def checkpoint(self) -> None:
        """So that no run pays for the one before."""
        self.sql("postgres", "CHECKPOINT")

    @contextmanager
    def open_snapshot(self, database: str) -> Iterator[None]:
        """A reader that may see every row of now until the end of the block, as a backup does."""
        command = self.psql(database)
        reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert reader.stdin and reader.stdout
        try:
            reader.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;\n")
            reader.stdin.flush()
            reader.stdout.readline()
            yield
        finally:
            reader.stdin.close()
            reader.wait(10)

    def bytes_on_disk(self, database: str) -> int:
        """Tables and indexes of deliveries and jobs."""
        sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in TABLES)
        return self.number(database, f"SELECT {sizes}")

    def wal_bytes(self) -> int:
        """The end of the write-ahead log."""
        return self.number("postgres", "SELECT pg_current_wal_insert_lsn() - '0/0'")

    def commits(self, database: str) -> tuple[int, int]:
        """Transactions that wrote, exactly; and all, as far as the statistics have them."""
        row = self.sql(
            database,
            "SELECT pg_snapshot_xmax(pg_current_snapshot()), xact_commit "
            "FROM pg_stat_database WHERE datname = current_database()",
        )[0]
        return int(row[0]), int(row[1])

    def describe(self) -> str:
        """Version and settings, in a line."""
        names = ("fsync", "synchronous_commit", "shared_buffers", "max_wal_size", "max_connections")
        rows = self.sql("postgres", "".join(f"SHOW {name};" for name in ("server_version", *names)))
        version, *values = (row[0] for row in rows)
        settings = ", ".join(f"{name} {value}" for name, value in zip(names, values))
        return f"PostgreSQL {version.split()[0]}: {settings}"
