#!/bin/sh
# Counts the instructions of a delivery and of a job, and compares them with benches/instructions.txt.
# `--record` writes that file. SIGNALBOX_BIN names a program to count instead of building one.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_for_benches callgrind
exec python3 -B benches/bench/check.py "$@"
