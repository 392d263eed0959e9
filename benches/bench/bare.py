"""An actix handler that only parses: a peer of the intake, and what actions of the kind http call."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from machine import ROOT, Machine, answers, free_port, wait_until
from signalbox import cargo_build


@dataclass
class Bare:
    """The handler."""

    url: str
    pid: int


def build() -> str:
    """BENCH_ACTIX, or the optimised program, built first."""
    manifest = str(ROOT / "benches/peers/actix/Cargo.toml")
    target = str(ROOT / "target/bench/actix")
    arguments = ["--manifest-path", manifest, "--target-dir", target]
    return os.environ.get("BENCH_ACTIX") or cargo_build(arguments)


@contextmanager
def running(machine: Machine) -> Iterator[Bare]:
    """Until the end of the block."""
    port = free_port()
    process: subprocess.Popen[bytes] = machine.start("bare", [build(), f"127.0.0.1:{port}"])
    url = f"http://127.0.0.1:{port}/"
    try:
        wait_until("the bare handler", lambda: answers(url))
        yield Bare(url, process.pid)
    finally:
        machine.end(process)
