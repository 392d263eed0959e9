#!/bin/sh
# Copies the pictures that the documentation shows from what the browser tests left behind.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

from=${CARGO_TARGET_DIR:-target}/screenshots
for name in job-page delivery-unmatched webhook-setup-wrong webhook-registered delivery-match; do
    cp "$from/$name-1280-light.png" "docs/images/$name.png"
    say "docs/images/$name.png"
done
