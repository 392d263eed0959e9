#!/bin/sh
# What the dependencies bring along: licences, sources and bans, and with the network the
# vulnerabilities that are known of them. The rules stand in deny.toml.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

if ! cargo deny --version >/dev/null 2>&1; then
    say "installing: cargo-deny"
    cargo install --locked --quiet cargo-deny@0.20.2
fi
say "dependencies"
cargo deny --locked check --hide-inclusion-graph
