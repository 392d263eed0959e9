#!/bin/sh
# Everything: what is missing is installed, then format, lints, documentation and all tests.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

sh scripts/need.sh compiler postgres browser axe scripts
sh scripts/lint.sh
say "tests"
cargo test --locked --no-fail-fast
