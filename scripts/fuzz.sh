#!/bin/sh
# Fuzzes each target for SECONDS (60), or the one that TARGET names. An input that breaks something is left in
# fuzz/artifacts/: put it into fuzz/kept/, where `make test` replays it, and mend the fault.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

sh scripts/need.sh compiler fuzz
cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
# What cargo-fuzz asks of a nightly compiler, the stable one does with this.
export RUSTC_BOOTSTRAP=1
failed=
for target in ${TARGET:-address argv body event headers list matching yaml}; do
    say "fuzzing $target for ${SECONDS_EACH:-60} s"
    mkdir -p "fuzz/corpus/$target"
    cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/kept/$target" -- \
        -max_total_time="${SECONDS_EACH:-60}" -max_len=65536 -timeout=10 -print_final_stats=1 || failed="$failed $target"
done
[ -z "$failed" ] || { say "broken by an input:$failed"; exit 1; }
