# shellcheck shell=sh
# What the other scripts share. Sourced, not run.

# say WORDS...: one line for the person at the terminal.
say() { printf '%s\n' "signalbox: $*" >&2; }

# have PROGRAM: can it be run?
have() { command -v "$1" >/dev/null 2>&1; }

# as_root COMMAND...: runs it as root, or fails where that would need a password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# may_install: is this a Debian-like machine on which packages can be installed without asking?
may_install() {
    have apt-get || return 1
    [ "$(id -u)" -eq 0 ] || { have sudo && sudo -n true 2>/dev/null; }
}

# need_for_benches THING: what the benchmarks run on; a compiler too, unless SIGNALBOX_BIN names a program.
need_for_benches() {
    [ -n "${SIGNALBOX_BIN:-}" ] || sh scripts/need.sh compiler
    sh scripts/need.sh postgres "$1"
}
