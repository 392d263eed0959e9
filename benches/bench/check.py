"""`make bench-check`: instructions of a delivery and of a job, against the recorded ones.

The program runs under callgrind, which is told to begin a new count before the input and to write
it after; what starting and stopping take is in neither.
"""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
from pathlib import Path

import seed
from cluster import Cluster
from jobs import send_one_by_one
from load import Sender
from machine import ROOT, BenchError, Machine, find_program, run, say, wait_until
from signalbox import Running, Signalbox

RECORDED = ROOT / "benches/instructions.txt"
HEAD = "# Instructions under callgrind, written by `sh scripts/bench-check.sh --record`.\n"
BOUND = 0.10
COUNT = 500
WARM_UP = 100
WEBHOOKS = 100
BODY = 1200


ACTION = """description = "Call this benchmark"
kind = "http"
url = "{url}"
allow_private_network = true
"""


class Answerer(http.server.BaseHTTPRequestHandler):
    """What a job calls."""

    def do_POST(self) -> None:
        """Takes everything."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


class Counter:
    """A process under callgrind."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.pattern = f"{name}.callgrind"
        self.folder = machine.folder
        # Threads in turn: without it one that spins may hold up the others.
        self.wrapper = [find_program("valgrind"), "--tool=callgrind", "--fair-sched=yes"]
        self.wrapper += [f"--callgrind-out-file={self.folder / self.pattern}.%p"]

    def control(self, running: Running, order: str) -> None:
        """Tells callgrind something."""
        command = [find_program("callgrind_control"), order, str(running.pid)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode or "ERROR" in done.stdout + done.stderr:
            raise BenchError(f"callgrind_control {order}: {done.stdout}{done.stderr}")

    def dumped(self, running: Running) -> int:
        """What was counted since the last zero."""
        self.control(running, "--dump")
        parts = list(self.folder.glob(f"{self.pattern}.{running.pid}.*"))
        newest = max(parts, key=lambda path: int(path.suffix[1:]))
        found = re.search(r"^(?:totals|summary): (\d+)", newest.read_text(), re.MULTILINE)
        if found is None:
            raise BenchError(f"{newest} has no total")
        return int(found[1])


class Check:
    """Counts both."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.cluster = Cluster(machine)
        self.box = Signalbox(machine, self.cluster)
        self.body: Path = Sender(machine.folder).body_file(BODY)
        self.box.prepare("counted", WEBHOOKS)

    def ended(self) -> int:
        """Jobs that have succeeded."""
        return self.cluster.number("counted", "SELECT count(*) FROM jobs WHERE state = 'succeeded'")

    def deliveries(self) -> float:
        """Instructions of a delivery: a server without a worker, one request at a time."""
        say(f"{COUNT} deliveries under callgrind")
        counter = Counter(self.machine, "serve")
        server = self.box.serve("counted", worker=False, wrapper=counter.wrapper)
        send_one_by_one(server.url, self.body, WARM_UP, pause=False)
        counter.control(server, "--zero")
        send_one_by_one(server.url, self.body, COUNT, pause=False)
        total = counter.dumped(server)
        self.box.stop(server)
        return total / COUNT

    def jobs(self) -> float:
        """Instructions of a job that calls an address.

        Not one that starts a program: the valgrind of Debian 12 has no pidfd_open(2).
        """
        say(f"{COUNT} jobs under callgrind")
        self.cluster.empty("counted")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answerer) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/"
            (self.box.actions / "call.toml").write_text(ACTION.format(url=url))
            total = self.count_jobs()
            server.shutdown()
        return total / COUNT

    def count_jobs(self) -> int:
        """Instructions of all of them."""
        counter = Counter(self.machine, "worker")
        worker = self.box.worker("counted", wrapper=counter.wrapper)
        self.wait(WARM_UP)
        wait_until("the first jobs", lambda: self.ended() == WARM_UP, 120)
        counter.control(worker, "--zero")
        self.wait(COUNT)
        wait_until("all jobs", lambda: self.ended() == WARM_UP + COUNT, 600, 0.2)
        total = counter.dumped(worker)
        self.box.stop(worker)
        return total

    def wait(self, count: int) -> None:
        """Jobs that wait."""
        shape = {"webhooks": WEBHOOKS, "waiting": True, "action": "call"}
        seed.rows(self.cluster, "counted", before=0, total=count, **shape)


def compare(counted: dict[str, float], is_to_record: bool) -> int:
    """Says how they stand; the exit code."""
    recorded = {}
    if RECORDED.exists():
        lines = [line for line in RECORDED.read_text().splitlines() if not line.startswith("#")]
        recorded = {name: int(value) for name, value in map(str.split, lines)}
    code = 0
    for name, value in counted.items():
        before = recorded.get(name)
        if before is None:
            print(f"{name}: {value:,.0f} instructions; none recorded")
            code = code if is_to_record else 1
            continue
        change = value / before - 1
        print(f"{name}: {value:,.0f} instructions, recorded {before:,}: {change:+.1%}")
        if change > BOUND and not is_to_record:
            say(f"a {name} takes over {BOUND:.0%} more instructions than recorded")
            code = 1
        elif change < -BOUND and not is_to_record:
            say(f"a {name} takes fewer: record it with sh scripts/bench-check.sh --record")
    if is_to_record:
        RECORDED.write_text(
            HEAD + "".join(f"{name} {value:.0f}\n" for name, value in counted.items())
        )
    return code


def check(machine: Machine) -> int:
    """The exit code."""
    both = Check(machine)
    counted = {"delivery": both.deliveries(), "job": both.jobs()}
    return compare(counted, "--record" in sys.argv)


if __name__ == "__main__":
    sys.exit(run(check))
