"""What is measured: every number that a person may set."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

PARTS = ("intake", "jobs", "peers")
# Only when asked for.
LONG = ("soak",)


def numbers(text: str) -> list[int]:
    """Whole numbers with commas between."""
    return [int(part.replace("_", "")) for part in text.split(",")]


def sizes(text: str) -> list[int]:
    """Kilobytes with commas between, as bytes."""
    return [round(float(part) * 1000) for part in text.split(",")]


@dataclass
class Settings:
    """What is measured."""

    parts: list[str]
    span: float
    connections: list[int]
    base_connections: int
    bodies: list[int]
    webhooks: list[int]
    stored: list[int]
    waiting: int
    jobs: int
    minutes: float
    states: bool
    write: bool


def read(arguments: list[str]) -> Settings:
    """From the command line."""
    parser = argparse.ArgumentParser(prog="benches/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS + LONG)}; none: all but soak")
    parser.add_argument("--span", type=float, default=5, help="seconds of a measurement (5)")
    parser.add_argument("--connections", type=numbers, default=[1, 32, 64, 128])
    parser.add_argument("--bodies", type=sizes, default=[1200, 20_000, 200_000], help="KB")
    parser.add_argument("--webhooks", type=numbers, default=[1_000, 100_000])
    parser.add_argument("--rows", type=numbers, default=[1_000_000], help="stored deliveries")
    parser.add_argument("--waiting", type=int, default=1_000_000, help="jobs that wait")
    parser.add_argument("--jobs", type=int, default=10_000, help="jobs to drain")
    parser.add_argument("--minutes", type=float, default=30, help="of the soak (30)")
    parser.add_argument("--no-states", action="store_true", help="connections and bodies only")
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md")
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - set(PARTS + LONG):
        parser.error(f"unknown: {', '.join(unknown)}")
    return Settings(
        parts=given.parts or list(PARTS),
        span=given.span,
        connections=given.connections,
        base_connections=64 if 64 in given.connections else given.connections[-1],
        bodies=given.bodies,
        webhooks=given.webhooks,
        stored=given.rows,
        waiting=given.waiting,
        jobs=given.jobs,
        minutes=given.minutes,
        states=not given.no_states,
        write=given.write,
    )
