#!/bin/sh
# Runs the container image, docker-compose.yml and the kind `container` on a Docker engine of its own, which
# it starts and removes. It needs root, and a machine on which no other engine runs. The images that the
# Dockerfile starts from are made here (scripts/docker/images.sh), so no registry is asked.
#
# SIGNALBOX_DOCKER_DIR=FOLDER keeps images and build cache there for the next run.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/docker/engine.sh

# Debian's own programs first: all of one version.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
sh scripts/need.sh compiler postgres docker
refuse_without_engine
if curl -s -o /dev/null http://127.0.0.1:8080/; then
    say "something answers on port 8080, where docker-compose.yml publishes the panel"
    exit 1
fi

folder=${SIGNALBOX_DOCKER_DIR:-$(mktemp -d /tmp/signalbox-docker.XXXXXX)}
clean_up() {
    trap - EXIT
    stop_engine "$folder"
    [ -n "${SIGNALBOX_DOCKER_DIR:-}" ] || rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Docker 20, Debian 12's, builds with it only when asked.
export DOCKER_BUILDKIT=1
export DOCKER_CONFIG="$folder/run/config"
SIGNALBOX_TEST_COMPOSE=docker-compose
if docker compose version >/dev/null 2>&1; then SIGNALBOX_TEST_COMPOSE='docker compose'; fi
SIGNALBOX_TEST_IMAGE=$(awk '$1 == "FROM" && $2 ~ /^debian:/ { print $2 }' Dockerfile)
export SIGNALBOX_TEST_COMPOSE SIGNALBOX_TEST_IMAGE

start_engine "$folder"
sh scripts/docker/images.sh "$folder"
say "building the image"
timeout 90m docker build --quiet --tag signalbox:test . >/dev/null
say "the kind \`container\`"
timeout 15m cargo test --locked --package signalbox-actions --lib -- --ignored --test-threads=1 container::
# part NUMBER...
parts() {
    for number in "$@"; do
        timeout 15m cargo test --locked --test it -- --ignored --test-threads=1 "docker::part_${number}_"
    done
}
say "docker-compose.yml"
parts 1 2 3 4
say "ending the engine"
kill_engine "$folder"
start_engine "$folder"
parts 5 6 7 8
say "all of it works"
