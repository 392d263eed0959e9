#!/bin/sh
# Every check that needs no running program. Warnings are errors here and only here.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

say "format"
cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check
say "words"
sh scripts/words.sh
say "clippy"
cargo clippy --locked --all-targets --features bench --quiet -- -D warnings
say "source documentation"
RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items --quiet
# Known vulnerabilities need the network: `make audit` asks for them, and installs what is missing.
if cargo deny --version >/dev/null 2>&1; then
    say "dependencies"
    cargo deny --locked check --hide-inclusion-graph bans licenses sources
else
    say "dependencies are not checked: make audit installs cargo-deny"
fi
if have shellcheck; then
    say "scripts"
    shellcheck -x scripts/*.sh .ci/run
fi
