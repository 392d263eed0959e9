#!/bin/sh
# images.sh FOLDER: makes the images that Dockerfile and docker-compose.yml start from, under the names
# that stand there, without a registry: from Debian's archive and from this machine's Rust.
# They stand in for the published ones; only these names and what they promise are used.
set -eu
cd "$(dirname "$0")/../.."
. scripts/lib.sh

folder=$1
rust=$(awk '$1 == "FROM" && $2 ~ /^rust:/ { print $2 }' Dockerfile)
debian=$(awk '$1 == "FROM" && $2 ~ /^debian:/ { print $2 }' Dockerfile)
postgres=$(awk '$1 == "image:" && $2 ~ /^postgres:/ { print $2 }' docker-compose.yml)

# has IMAGE: is it there from a run before?
has() { docker image inspect "$1" >/dev/null 2>&1; }

# import_debian RELEASE NAME
import_debian() {
    has "$2" && return 0
    say "making $2 (Debian $1)"
    debootstrap --variant=minbase "$1" "$folder/root" http://deb.debian.org/debian \
        >"$folder/debootstrap.log" || { tail "$folder/debootstrap.log" >&2; exit 1; }
    tar --directory "$folder/root" --create --one-file-system --exclude './var/cache/apt/archives/*.deb' . |
        docker import --change 'CMD ["bash"]' - "$2" >/dev/null
    rm -rf "$folder/root"
}

import_debian bookworm "$debian"
# The release that has this major version of PostgreSQL.
import_debian trixie signalbox-test/trixie

# The crates of another Cargo.lock are no use.
lock=$(sha256sum Cargo.lock | cut -d ' ' -f 1)
if [ "$(docker image inspect --format '{{ .Config.Labels.lock }}' "$rust" 2>/dev/null)" != "$lock" ]; then
    version=${rust#rust:}
    version=${version%%-*}
    say "making $rust"
    sysroot=$(RUSTUP_TOOLCHAIN=$version rustc --print sysroot)
    RUSTUP_TOOLCHAIN=$version rustc --version | grep -qF "rustc $version " || {
        say "Rust $version is missing: rustup toolchain install $version"
        exit 1
    }
    context=$folder/rust
    mkdir -p "$context/rust" "$context/cargo"
    tar --directory "$sysroot" --create --exclude ./share --exclude ./lib/rustlib/src . |
        tar --directory "$context/rust" --extract
    # A build must not depend on the crates' registry being reachable from a container.
    cargo vendor --locked --quiet "$context/cargo/vendor" >/dev/null
    cat >"$context/cargo/config.toml" <<'TOML'
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "/usr/local/cargo/vendor"
TOML
    cat >"$context/Dockerfile" <<END
FROM $debian
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev
COPY rust /usr/local/rust
COPY cargo /usr/local/cargo
ENV PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    CARGO_HOME=/usr/local/cargo
END
    docker build --quiet --label "lock=$lock" --tag "$rust" "$context" >/dev/null
    rm -rf "$context"
fi

if ! has "$postgres"; then
    say "making $postgres"
    context=$folder/postgres
    mkdir -p "$context"
    cp scripts/docker/postgres-entrypoint.sh "$context/"
    cat >"$context/Dockerfile" <<END
FROM signalbox-test/trixie
RUN mkdir -p /etc/postgresql-common/createcluster.d \\
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/no.conf \\
    && apt-get update && apt-get install -y --no-install-recommends postgresql-${postgres#postgres:}
COPY --chmod=0755 postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/lib/postgresql/${postgres#postgres:}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
END
    docker build --quiet --tag "$postgres" "$context" >/dev/null
    rm -rf "$context"
fi
