"""Processes: started, measured, ended. What is started here ends with the benchmark."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """What ends the benchmark, as a sentence."""


def say(words: str) -> None:
    """One line for the person at the terminal; the tables go to standard output."""
    print(f"bench: {words}", file=sys.stderr, flush=True)


def find_program(name: str) -> str:
    """A program of `PATH`; `scripts/need.sh bench` installs what is missing."""
    found = shutil.which(name)
    if found is None:
        raise BenchError(f"{name} is missing: run sh scripts/need.sh bench")
    return found


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """A temporary folder and every process that was started, ended in reverse order."""

    def __init__(self) -> None:
        # Not /tmp: it may be in memory, where a commit costs nothing.
        where = os.environ.get("BENCH_DIR", "/var/tmp")
        self.folder = Path(tempfile.mkdtemp(prefix="signalbox-bench-", dir=where))
        # The database's user must be able to walk in.
        self.folder.chmod(0o711)
        self._started: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def start(
        self,
        name: str,
        command: list[str],
        *,
        user: str | None = None,
        end: signal.Signals = signal.SIGTERM,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Starts a process in a group of its own; what it says goes to `NAME.log`."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
                cwd=cwd or self.folder,
                start_new_session=True,
                **as_user(user),
            )
        self._started.append((process, end))
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ends one process that was started here, and waits for it."""
        for at, (started, end) in enumerate(self._started):
            if started is process:
                del self._started[at]
                stop(process, end)
                return

    def last_words(self, name: str) -> str:
        """The end of a process's log."""
        with contextlib.suppress(OSError):
            return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]
        return ""

    def close(self) -> None:
        """Ends everything, and removes the folder."""
        while self._started:
            stop(*self._started.pop())
        shutil.rmtree(self.folder, ignore_errors=True)


def run(measure: Callable[[Machine], int]) -> int:
    """Measures, and ends whatever was started, however that goes; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine = Machine()
    try:
        return measure(machine)
    except BenchError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        machine.close()


def as_user(name: str | None) -> dict[str, object]:
    """Arguments of `Popen` for another user; nothing unless we are root."""
    if name is None or os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def stop(process: subprocess.Popen[bytes], end: signal.Signals) -> None:
    """Asks a process to end; after 30 s its group is killed."""
    if process.poll() is None:
        process.send_signal(end)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(
    what: str, is_true: Callable[[], bool], seconds: float = 30, every: float = 0.02
) -> None:
    """Waits for a condition, or ends the benchmark."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: waited {seconds:.0f} s in vain")
        time.sleep(every)


def answers(url: str) -> bool:
    """Whether an address answers below 500."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def descendants(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = stat_fields(int(entry))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(*roots: int) -> float:
    """CPU time of processes and all below them, those included that ended and were waited for."""
    ticks = 0
    for root in roots:
        for pid in descendants(root):
            fields = stat_fields(pid)
            if fields:
                ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICK


def memory_mib(*roots: int) -> float:
    """Memory of processes and all below them, pages that they share counted once."""
    total = 0
    for root in roots:
        for pid in descendants(root):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                    for line in file:
                        if line.startswith("Pss:"):
                            total += int(line.split()[1])
                            break
    return total / 1024


class PeakMemory:
    """The most memory that processes had while measured, looked at twice a second."""

    def __init__(self, *roots: int) -> None:
        self.mib = 0.0
        self._roots = roots
        self._done = threading.Event()

    def _watch(self) -> None:
        while True:
            self.mib = max(self.mib, memory_mib(*self._roots))
            if self._done.wait(0.5):
                return

    @contextlib.contextmanager
    def watched(self) -> Iterator[PeakMemory]:
        """Watches for as long as the block runs."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._done.set()
            thread.join()


def describe() -> str:
    """The machine, in a line."""
    model = ""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = os.uname()
    cores = f"{os.cpu_count()} cores ({model or system.machine})"
    return f"{cores}, {memory:.0f} GiB, Linux {system.release}"
