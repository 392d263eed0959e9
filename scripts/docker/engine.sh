# shellcheck shell=sh
# A Docker engine of its own: start_engine, kill_engine and stop_engine FOLDER. Sourced, after scripts/lib.sh.
# Everything it keeps is under FOLDER; what it changes about the machine's network is put back.

# refuse_without_engine: ends with a sentence where no engine can run.
refuse_without_engine() {
    if [ "$(id -u)" -ne 0 ]; then
        say "the engine needs root: run it as root, on a machine that may be changed, such as a VM"
        exit 1
    fi
    if pgrep -x dockerd >/dev/null; then
        say "an engine runs on this machine already, and two would share the rules of its network"
        exit 1
    fi
    if ! iptables --list --numeric >/dev/null 2>&1; then
        say "the engine needs iptables, which this kernel or container refuses"
        exit 1
    fi
}

start_engine() {
    mkdir -p "$1/run"
    if [ ! -f "$1/run/ip_forward" ]; then
        iptables-save >"$1/run/iptables"
        cat /proc/sys/net/ipv4/ip_forward >"$1/run/ip_forward"
    fi
    dockerd --data-root "$1/data" --exec-root "$1/run/exec" --pidfile "$1/run/dockerd.pid" \
        --host "unix://$1/run/docker.sock" >"$1/run/dockerd.log" 2>&1 &
    export DOCKER_HOST="unix://$1/run/docker.sock"
    waited=0
    until docker info >/dev/null 2>&1; do
        waited=$((waited + 1))
        if [ "$waited" -gt 60 ] || ! kill -0 "$!" 2>/dev/null; then
            say "the engine does not start:"
            tail -n 20 "$1/run/dockerd.log" >&2
            exit 1
        fi
        sleep 1
    done
}

# kill_engine FOLDER: as if its processes crashed; start_engine starts it again.
kill_engine() {
    pid=$(cat "$1/run/dockerd.pid")
    # Its containerd goes too. Where nobody reaps that, the next engine would take the number in its
    # file for that of a running one, and wait for it in vain.
    kill -KILL "$pid" "$(cat "$1/run/exec/containerd/containerd.pid")"
    rm "$1/run/exec/containerd/containerd.pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 1; done
}

stop_engine() {
    [ -f "$1/run/ip_forward" ] || return 0
    if [ -f "$1/run/dockerd.pid" ]; then
        pid=$(cat "$1/run/dockerd.pid")
        kill "$pid" 2>/dev/null || true
        waited=0
        while kill -0 "$pid" 2>/dev/null; do
            waited=$((waited + 1))
            [ "$waited" -le 60 ] || kill -KILL "$pid"
            sleep 1
        done
    fi
    # What it leaves behind: the steps of a build that was broken off (no other engine runs here), mounts of
    # namespaces, its bridge, its rules.
    grep -l ':/docker/' /proc/[0-9]*/cgroup 2>/dev/null | cut -d / -f 3 | xargs -r kill -KILL 2>/dev/null || true
    awk -v folder="$1/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r |
        while read -r place; do umount "$place"; done
    ip link delete docker0 2>/dev/null || true
    iptables-restore <"$1/run/iptables"
    cat "$1/run/ip_forward" >/proc/sys/net/ipv4/ip_forward
    rm -rf "$1/run"
}
