#!/bin/sh
# Attacks under load (tests/torture/), with a table of what became of every event.
# ONLY=WORD picks attacks; SIGNALBOX_TORTURE_KILLS=5 and the like (tests/torture/mod.rs) change counts;
# PROFILE=release attacks an optimised program.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

sh scripts/need.sh compiler postgres torture
[ -z "${ONLY:-}" ] || export SIGNALBOX_TORTURE_ONLY="$ONLY"
# Connections of ten thousand senders.
# shellcheck disable=SC3045  # dash and bash know it
ulimit -n "$(ulimit -H -n)"
say "attacks, in a program of the profile ${PROFILE:-dev}"
cargo test --locked --profile "${PROFILE:-dev}" --test it -- --ignored --nocapture torture::all
