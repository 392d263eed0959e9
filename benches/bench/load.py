"""Load: bodies of pushes, and wrk, which sends them."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from machine import ROOT, BenchError, cpu_seconds, find_program

# A webhook's number has six digits, so that every body of a size has the same length.
FIRST_PROJECT = 100_001
# A commit's changed files, until the body is large enough.
FILES_OF_A_COMMIT = 40


def push(size: int, project: str = "@@@@@@") -> bytes:
    """A push of about `size` bytes: GitLab's own, with more commits where it must be larger."""
    event = json.loads((ROOT / "tests/data/gitlab/push_2015.json").read_text())
    event["project_id"] = project
    event["repository"].update(
        name=f"project-{project}",
        url=f"git@gitlab.example.com:bench/project-{project}.git",
        homepage=f"https://gitlab.example.com/bench/project-{project}",
        git_http_url=f"https://gitlab.example.com/bench/project-{project}.git",
        git_ssh_url=f"git@gitlab.example.com:bench/project-{project}.git",
    )
    commits = event["commits"]
    paths = iter(range(1_000_000))
    while len(text := json.dumps(event, separators=(",", ":"))) < size - 60:
        if "added" not in commits[-1] or len(commits[-1]["added"]) >= FILES_OF_A_COMMIT:
            commits.append({**commits[len(commits) % 2], "added": []})
        name = f"src/part_{next(paths):04}/{os.urandom(8).hex()}.rs"
        missing = max(1, min((size - len(text)) // (len(name) + 3), FILES_OF_A_COMMIT))
        more = [f"src/part_{next(paths):04}/{os.urandom(8).hex()}.rs" for _ in range(missing)]
        commits[-1]["added"].extend(more)
    # A number, not a text.
    return text.replace(f'"{project}"', project, 1).encode()


@dataclass
class Load:
    """What wrk measured."""

    requests: int
    seconds: float
    failures: int
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


class Sender:
    """Sends pushes of `webhooks` projects, as GitLab does, for a span."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wrk = find_program("wrk")
        self._runs = 0

    def body_file(self, size: int) -> Path:
        """The template of a body, made once."""
        path = self.folder / f"push-{size}.json"
        if not path.exists():
            path.write_bytes(push(size))
        return path

    def send(
        self, urls: list[str], *, connections: int, size: int, webhooks: int, span: float
    ) -> Load:
        """Sends from so many connections, shared out over the addresses."""
        self._runs += 1
        threads = min(connections, max(2, len(urls))) if connections > 1 else 1
        command = [self.wrk, "-t", str(threads), "-c", str(connections), "-d", f"{span:.0f}s"]
        command += ["--timeout", "10s", "-s", str(ROOT / "benches/wrk/push.lua"), urls[0], "--"]
        command += [
            str(self.body_file(size)),
            str(webhooks),
            f"{os.getpid():x}-{self._runs:x}",
            *urls,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=span + 60)
        line = done.stdout.rpartition("RESULT ")[2]
        if done.returncode or not line:
            raise BenchError(f"wrk failed: {done.stdout} {done.stderr}")
        told = json.loads(line)
        return Load(**told)


@dataclass
class Row:
    """A line of the table of deliveries."""

    what: str
    connections: int
    kilobytes: float
    state: str = ""
    per_second: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    server_us: float | None = None
    postgres_us: float | None = None
    memory_mib: float | None = None
    disk_bytes: float | None = None
    wal_bytes: float | None = None
    has_failed: bool = False

    def fail(self, failures: int, requests: int) -> None:
        """Notes what was not answered as it should be."""
        if failures:
            self.has_failed = True
            self.state += f", {failures:,} of {requests:,} FAILED"


class Cpu:
    """CPU time of some processes from now on."""

    def __init__(self, *roots: int) -> None:
        self.roots = roots
        self.before = cpu_seconds(*roots)

    def us_each(self, count: int) -> float:
        """Microseconds for each of `count`."""
        return (cpu_seconds(*self.roots) - self.before) / max(count, 1) * 1e6
