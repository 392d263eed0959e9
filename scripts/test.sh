#!/bin/sh
# Everything: what is missing is installed, then format, lints, documentation and all tests.
# SKIP_LINT=yes leaves the tests alone, where another job of the pipeline lints.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

sh scripts/need.sh compiler postgres browser axe scripts
[ -n "${SKIP_LINT:-}" ] || sh scripts/lint.sh
say "tests"
cargo test --locked --no-fail-fast
