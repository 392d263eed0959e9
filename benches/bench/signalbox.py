"""Signalbox itself: its database made ready, its processes started and stopped."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import seed
from cluster import Cluster
from load import FIRST_PROJECT
from machine import ROOT, BenchError, Machine, answers, free_port, say, wait_until

# The file of `signalbox import`: the webhook that all others are copies of.
WEBHOOK = f"""
signalbox: 1
webhooks:
  - repo_name: project-{FIRST_PROJECT}
    repo_url: git@gitlab.example.com:bench/project-{FIRST_PROJECT}.git
    object_kind: push
    project_id: {FIRST_PROJECT}
    http_x_gitlab_event: Push Hook
    secret_token: {{env: BENCH_TOKEN}}
    action: "true"
"""

ACTION = 'description = "Do nothing, successfully"\ncommand = ["/bin/true"]\n'


@dataclass
class Running:
    """A process of Signalbox."""

    process: subprocess.Popen[bytes]
    url: str

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid


class Signalbox:
    """The program, and how it is started here."""

    def __init__(self, machine: Machine, cluster: Cluster) -> None:
        self.machine = machine
        self.cluster = cluster
        self.program = find_binary()
        self.actions = machine.folder / "actions"
        self.actions.mkdir(mode=0o755)
        (self.actions / "true.toml").write_text(ACTION)
        # The build for the benchmark waits a millisecond instead of starting anything.
        (self.actions / "in-process.toml").write_text(ACTION)
        self._runs = 0

    def settings(self, database: str) -> dict[str, str]:
        """The environment of a process: everything else is as it comes."""
        return {
            "DATABASE_URL": self.cluster.url(database),
            "SIGNALBOX_SECRET_KEY": seed.SECRET_KEY,
            "SIGNALBOX_ACTIONS_DIR": str(self.actions),
            "SIGNALBOX_DATA_DIR": str(self.machine.folder / "data"),
            "BENCH_TOKEN": f"token-{FIRST_PROJECT}",
        }

    def run(self, database: str, *command: str) -> None:
        """A command that ends."""
        env = {**os.environ, **self.settings(database)}
        done = subprocess.run(
            [self.program, *command], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"signalbox {command[0]} failed: {done.stdout} {done.stderr}")

    def prepare(self, database: str, webhooks: int) -> None:
        """A database with the schema and so many webhooks."""
        self.cluster.create(database, "template0")
        self.run(database, "migrate")
        file = self.machine.folder / "webhooks.yaml"
        file.write_text(WEBHOOK)
        self.run(database, "import", str(file))
        seed.webhooks(self.cluster, database, webhooks)

    def serve(self, database: str, *, worker: bool, wrapper: list[str] | None = None) -> Running:
        """Starts a server and waits until it is ready."""
        port = free_port()
        env = {**self.settings(database), "SIGNALBOX_BIND": f"127.0.0.1:{port}"}
        process = self._start(["serve", *([] if worker else ["--no-worker"])], env, wrapper or [])
        base = f"http://127.0.0.1:{port}"

        def is_ready() -> bool:
            return self._lives(process) and answers(f"{base}/readyz")

        wait_until("signalbox serve", is_ready, 120 if wrapper else 30)
        return Running(process, f"{base}/webhooks/gitlab")

    def call(self, url: str) -> None:
        """Makes an action `call` that sends a request there."""
        text = f'kind = "http"\nurl = "{url}"\nallow_private_network = true\nbody = "event"\n'
        (self.actions / "call.toml").write_text('description = "Call"\n' + text)

    def worker(self, database: str, slots: int = 4, wrapper: list[str] | None = None) -> Running:
        """Starts a worker."""
        env = {**self.settings(database), "SIGNALBOX_WORKER_CONCURRENCY": str(slots)}
        return Running(self._start(["worker"], env, wrapper or []), "")

    def _start(
        self, command: list[str], env: dict[str, str], wrapper: list[str]
    ) -> subprocess.Popen[bytes]:
        self._runs += 1
        name = f"signalbox-{self._runs}"
        return self.machine.start(name, [*wrapper, self.program, *command], env=env)

    def _lives(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            words = self.machine.last_words(f"signalbox-{self._runs}")
            raise BenchError(f"signalbox ended with {process.returncode}: {words}")
        return True

    def stop(self, *running: Running) -> None:
        """Stops processes in good order."""
        for one in running:
            self.machine.end(one.process)


def find_binary() -> str:
    """SIGNALBOX_BIN, or the optimised program with the action in process, built first."""
    if given := os.environ.get("SIGNALBOX_BIN"):
        return str(Path(given).resolve())
    return cargo_build(["--bin", "signalbox", "--features", "bench"])


def cargo_build(arguments: list[str]) -> str:
    """Builds an optimised program; answers its path."""
    say("cargo build --release --locked " + " ".join(arguments))
    command = ["cargo", "build", "--release", "--locked", "--message-format=json", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise BenchError("cargo build failed")
    for line in reversed(done.stdout.splitlines()):
        if (path := json.loads(line).get("executable")) is not None:
            return path
    raise BenchError("cargo build made no program")
