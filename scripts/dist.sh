#!/bin/sh
# Builds what a release consists of, into target/dist/: the program without its debug information,
# the file's SHA-256, and the version's section of CHANGELOG.md. On a tag of continuous integration
# the tag must be that of Cargo.toml's version.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
if [ -n "${CI_COMMIT_TAG:-}" ] && [ "$CI_COMMIT_TAG" != "v$version" ]; then
    say "the tag is $CI_COMMIT_TAG, and Cargo.toml says $version"
    exit 1
fi
dist=${CARGO_TARGET_DIR:-target}/dist
mkdir -p "$dist"

# "## [0.2.0] - 2026-11-28" until the next heading of its rank.
awk -v want="## [$version]" '
    /^## / { on = index($0, want) == 1; next }
    on { print }
' CHANGELOG.md >"$dist/notes.md"
if ! grep -q '[^[:space:]]' "$dist/notes.md"; then
    say "CHANGELOG.md has no section [$version]"
    exit 1
fi

cargo build --locked --release --package signalbox
name=signalbox-$version-$(uname -m)-linux-gnu
# The names of functions stay, for backtraces.
strip --strip-debug -o "$dist/$name" "${CARGO_TARGET_DIR:-target}/release/signalbox"
(cd "$dist" && sha256sum "$name" >"$name.sha256")
say "$dist/$name"
