"""`make bench`: ours beside pgbench, a bare handler, Debian's webhook and the 2015 application.

Started by scripts/bench.sh; docs/performance.md says what is measured and how.
"""

from __future__ import annotations

import sys

import settings as read_settings
from cluster import Cluster
from intake import Intake
from jobs import Jobs, spawn_loop
from load import Sender
from machine import Machine, run
from peers import Peers
from report import Results, publish
from settings import Settings
from signalbox import Signalbox
from soak import Soak


def measure(machine: Machine, settings: Settings) -> Results:
    """Every part that is asked for."""
    cluster = Cluster(machine)
    box, sender = Signalbox(machine, cluster), Sender(machine.folder)
    peers = Peers(machine, cluster, sender, settings)
    results = Results(cluster.describe(), settings.span)
    if "intake" in settings.parts:
        results.deliveries += Intake(cluster, box, sender, settings).run()
    if "peers" in settings.parts:
        results.deliveries += peers.deliveries()
    if "jobs" in settings.parts:
        drained, results.starts = Jobs(cluster, box, sender, settings).run()
        results.jobs += [*drained, spawn_loop(settings.span)]
    if "peers" in settings.parts:
        results.jobs += peers.celery()
    if "soak" in settings.parts:
        results.soak = Soak(cluster, box, settings).run()
    return results


def main() -> int:
    """The exit code."""
    settings = read_settings.read(sys.argv[1:])
    return run(lambda machine: publish(measure(machine, settings), settings.write))


if __name__ == "__main__":
    sys.exit(main())
