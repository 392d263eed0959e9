#!/bin/sh
# What the official image's entry point does with POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and
# PGDATA, as far as docker-compose.yml uses it. Part of the stand-in image that images.sh makes.
set -eu

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown postgres "$PGDATA"
    chmod 700 "$PGDATA"
    install -d -o postgres -g postgres -m 3777 /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    : "${POSTGRES_PASSWORD:?must be set}"
    printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
    initdb --username="$user" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust
    rm /tmp/password
    printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    # As there: on the socket only until everything is made.
    pg_ctl -w -o "-c listen_addresses=" start
    if [ "${POSTGRES_DB:-$user}" != postgres ]; then
        psql --username="$user" --dbname=postgres --set=db="${POSTGRES_DB:-$user}" <<'SQL'
CREATE DATABASE :"db";
SQL
    fi
    pg_ctl -w -m fast stop
fi
exec "$@" -c listen_addresses='*'
