#!/bin/sh
# Builds Signalbox and becomes it, so that Ctrl-C and TERM reach the program itself and stop it
# gracefully. With DATABASE_URL set nothing is installed and no database is started.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

if [ -n "${DATABASE_URL:-}" ]; then
    have cargo || { say "Rust is missing: see https://rustup.rs"; exit 1; }
    have cc || { say "a C compiler is missing: sudo apt-get install gcc libc6-dev"; exit 1; }
    have make || { say "make is missing: sudo apt-get install make"; exit 1; }
else
    sh scripts/need.sh compiler postgres
fi

profile=${PROFILE:-dev}
case $profile in
dev) folder=debug ;;
*) folder=$profile ;;
esac
cargo build --locked --package signalbox --profile "$profile"
exec "${CARGO_TARGET_DIR:-target}/$folder/signalbox" serve "$@"
