#!/bin/sh
# need.sh THING...: makes sure that each THING is on this machine; installs it through apt where
# that needs no password, else says exactly what to install, all at once, and fails.
#
#   compiler   cargo, a C compiler and make (the linker, and the C in a few dependencies)
#   postgres   PostgreSQL's server programs
#   browser    Chromium and its driver, for the tests
#   axe        the accessibility checker that the browser tests run (npm, into tests/browser/axe)
#   scripts    shellcheck, the checker of these scripts
#   bench      what `make bench` sends with and compares with
#   callgrind  valgrind, which counts instructions
#   fuzz       a C++ compiler, for the fuzzer
#   torture    what changes the clock of one program, and what leads a cluster of PostgreSQL
#   docker     an engine and a registry, and what makes images without one
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

# The program's own order (crates/postgres/src/locate.rs): the setting, pg_config, Debian's folders, PATH.
has_postgres() {
    if [ -n "${SIGNALBOX_PG_BIN:-}" ]; then
        [ -x "$SIGNALBOX_PG_BIN/postgres" ] && return 0
    fi
    if have pg_config && [ -x "$(pg_config --bindir)/postgres" ]; then
        return 0
    fi
    for program in /usr/lib/postgresql/*/bin/postgres; do
        [ -x "$program" ] && return 0
    done
    have initdb && have postgres
}

packages=
axe=
for thing in "$@"; do
    case $thing in
    compiler)
        if ! have cargo; then
            say "Rust is missing: see https://rustup.rs"
            exit 1
        fi
        have cc || packages="$packages gcc libc6-dev"
        have make || packages="$packages make"
        ;;
    postgres) has_postgres || packages="$packages postgresql" ;;
    browser)
        have chromium || packages="$packages chromium"
        have chromium-headless-shell || packages="$packages chromium-headless-shell"
        have chromedriver || packages="$packages chromium-driver"
        ;;
    axe)
        axe=yes
        have npm || packages="$packages nodejs npm"
        ;;
    scripts) have shellcheck || packages="$packages shellcheck" ;;
    bench)
        have wrk || packages="$packages wrk"
        have webhook || packages="$packages webhook"
        have redis-server || packages="$packages redis-server"
        have python3 && python3 -c 'import ensurepip' 2>/dev/null ||
            packages="$packages python3 python3-venv"
        ;;
    callgrind)
        have valgrind || packages="$packages valgrind"
        have python3 || packages="$packages python3"
        ;;
    fuzz) have c++ || packages="$packages g++" ;;
    torture)
        [ -n "$(find /usr/lib -name libfaketime.so.1 2>/dev/null)" ] || packages="$packages libfaketime"
        have etcd || packages="$packages etcd-server"
        have patroni || packages="$packages patroni"
        ;;
    docker)
        have dockerd || packages="$packages docker.io"
        docker compose version >/dev/null 2>&1 || have docker-compose ||
            packages="$packages docker-compose"
        have iptables || packages="$packages iptables"
        have debootstrap || packages="$packages debootstrap"
        have docker-registry || packages="$packages docker-registry"
        ;;
    *)
        say "need.sh does not know '$thing'"
        exit 2
        ;;
    esac
done

# As the lock file says, and only where it is not there yet.
install_axe() {
    [ -n "$axe" ] || return 0
    [ -f tests/browser/axe/node_modules/axe-core/axe.min.js ] && return 0
    say "installing: axe-core (npm ci)"
    (cd tests/browser/axe && npm ci --ignore-scripts --no-audit --no-fund --silent)
}

if [ -z "$packages" ]; then
    install_axe
    exit 0
fi

if ! may_install; then
    say "missing on this machine:$packages"
    if have apt-get; then
        say "install with: sudo apt-get install --no-install-recommends$packages"
    else
        say "install what your system calls these Debian packages, then try again"
    fi
    case $packages in
    *postgresql*) say "or set DATABASE_URL to a PostgreSQL server that you have" ;;
    esac
    exit 1
fi

say "installing:$packages"
case $packages in
*postgresql*)
    # Debian would also create and start a server on port 5432; Signalbox keeps a private one.
    quiet=/etc/postgresql-common/createcluster.d/signalbox.conf
    as_root mkdir -p "${quiet%/*}"
    echo 'create_main_cluster = false' | as_root tee "$quiet" >/dev/null
    trap 'as_root rm -f "$quiet"' EXIT
    ;;
esac
as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086  # a list of package names, made above
as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $packages >/dev/null
case $packages in
*redis-server*)
    # Debian starts a server on port 6379; the benchmark starts its own.
    if have systemctl; then as_root systemctl disable --now --quiet redis-server || true; fi
    ;;
esac
case $packages in
*docker.io* | *docker-registry* | *etcd-server*)
    # Debian starts them; the tests start their own.
    if have systemctl; then
        for unit in docker.socket docker.service docker-registry.service etcd.service; do
            as_root systemctl disable --now --quiet "$unit" 2>/dev/null || true
        done
    fi
    ;;
esac
install_axe
