#!/bin/sh
# Deletes the data directory ./var, after asking: it holds the database and the secret key.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

[ -d var ] || { say "there is no ./var"; exit 0; }
printf 'Delete ./var with every webhook, delivery and job, and the secret key? [y/N] ' >&2
read -r answer || answer=
case $answer in
y | Y | yes) rm -rf var && say "deleted" ;;
*) say "kept" ;;
esac
