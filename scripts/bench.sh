#!/bin/sh
# Measures deliveries and jobs, beside the peers, and renews the tables of docs/performance.md.
# SIGNALBOX_BIN names a program to measure instead of building one; other arguments and settings:
# docs/performance.md.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_for_benches bench
exec python3 -B benches/bench --rows "${ROWS:-1000000}" --write "$@"
