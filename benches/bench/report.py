"""The tables, printed and written between the markers of docs/performance.md."""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict, dataclass, field

from jobs import JobRow, StartRow
from load import Row
from machine import ROOT, describe, say
from soak import SoakRow

PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass
class Results:
    """Everything that was measured."""

    postgres: str
    span: float
    deliveries: list[Row] = field(default_factory=list)
    jobs: list[JobRow] = field(default_factory=list)
    starts: list[StartRow] = field(default_factory=list)
    soak: list[SoakRow] = field(default_factory=list)


def short(value: float | None, digits: int = 0) -> str:
    """A number for a cell."""
    return "" if value is None else f"{value:,.{digits}f}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown, its columns lined up; the first two hold words."""
    widths = [max(map(len, column)) for column in zip(heads, *rows)]

    def line(cells: list[str]) -> str:
        parts = [
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths))
        ]
        return "| " + " | ".join(parts) + " |"

    rule = ["-" * width if at < 2 else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    return "\n".join([line(heads), line(rule), *map(line, rows)])


def ratio(row: Row, ours: dict[tuple[int, float], float]) -> str:
    """Ours by this row's figure, where both were measured alike."""
    alike = ours.get((row.connections, row.kilobytes))
    return f"{alike / row.per_second:.2f}" if alike and row.per_second else ""


def deliveries(rows: list[Row]) -> str:
    """Deliveries: ours, then the peers."""
    ours: dict[tuple[int, float], float] = {}
    for row in rows:
        if row.what == "Signalbox":
            ours.setdefault((row.connections, row.kilobytes), row.per_second)
    heads = ["what", "state", "connections", "body KB", "a second", "ours is × this", "p50 ms"]
    heads += [
        "p99 ms",
        "CPU µs, server",
        "CPU µs, PostgreSQL",
        "memory MiB",
        "disk bytes",
        "WAL bytes",
    ]
    lines = [
        [
            row.what,
            row.state,
            str(row.connections),
            f"{row.kilobytes:g}",
            short(row.per_second),
            ratio(row, ours),
            short(row.p50_ms, 1),
            short(row.p99_ms, 1),
            short(row.server_us),
            short(row.postgres_us),
            short(row.memory_mib),
            short(row.disk_bytes),
            short(row.wal_bytes),
        ]
        for row in rows
    ]
    return table(heads, lines)


def jobs(rows: list[JobRow]) -> str:
    """Jobs: ours, then the peers."""
    ours = next((row.per_second for row in rows if row.what == "Signalbox"), None)
    heads = ["what", "state", "a second", "ours is × this", "CPU µs, programs too"]
    heads += ["CPU µs, PostgreSQL", "writing commits", "all commits", "memory MiB", "disk bytes"]
    lines = [
        [
            row.what,
            row.state,
            short(row.per_second),
            f"{ours / row.per_second:.2f}" if ours and row.per_second else "",
            short(row.server_us),
            short(row.postgres_us),
            short(row.writes, 2),
            short(row.commits, 2),
            short(row.memory_mib),
            short(row.disk_bytes),
        ]
        for row in rows
    ]
    return table(heads, lines)


def starts(rows: list[StartRow]) -> str:
    """One delivery at a time."""
    lines = [[row.what, "idle worker", short(row.p50_ms, 1), short(row.p99_ms, 1)] for row in rows]
    return table(["from, to", "state", "p50 ms", "p99 ms"], lines)


def soak(rows: list[SoakRow]) -> str:
    """Part by part."""
    heads = ["until minute", "state", "jobs a second", "dead rows", "jobs table MiB", "memory MiB"]
    lines = [
        [
            short(row.minutes, 1),
            "64 slots, snapshot open",
            short(row.per_second),
            short(row.dead_rows),
            short(row.jobs_mib),
            short(row.memory_mib),
        ]
        for row in rows
    ]
    return table(heads, lines)


def text(results: Results) -> str:
    """Everything, as Markdown."""
    today = datetime.date.today().isoformat()
    parts = [f"Measured on {today}: {describe()}. {results.postgres}. {results.span:g} s a line."]
    if results.deliveries:
        parts += ["### Deliveries", deliveries(results.deliveries)]
    if results.jobs:
        parts += ["### Jobs", jobs(results.jobs)]
    if results.starts:
        parts += ["### One delivery at a time", starts(results.starts)]
    if results.soak:
        parts += ["### Without end", soak(results.soak)]
    return "\n\n".join(parts)


def publish(results: Results, write: bool) -> int:
    """Prints everything, keeps the bare numbers, renews the page if asked to; the exit code."""
    figures = text(results)
    print(figures)
    kept = ROOT / "target/bench/figures.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(asdict(results), indent=1))
    if write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}")
        say(f"wrote {PAGE.relative_to(ROOT)}")
    failed = sum(row.has_failed for row in results.deliveries)
    if failed:
        say(f"{failed} lines had failures")
    return 1 if failed else 0
