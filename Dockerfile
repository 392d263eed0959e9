# Signalbox as a container image: built in one stage, run in another, as a user of its own.
# The database is a service of its own (docker-compose.yml); DATABASE_URL says where.

FROM rust:1.95.0-slim-bookworm AS build
# The allocator is built with make.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package signalbox \
    && install -D -m 0755 target/release/signalbox /out/signalbox

FROM debian:12.12-slim AS run
# curl asks the health address; git is what the shipped git-deploy action runs.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/signalbox --create-home \
        --shell /usr/sbin/nologin signalbox \
    && chmod 0700 /var/lib/signalbox
COPY --from=build /out/signalbox /usr/local/bin/signalbox
# Owned by root and writable by nobody else: Signalbox refuses a catalogue that it could change.
COPY --chown=root:root --chmod=0755 actions /etc/signalbox/actions

ENV SIGNALBOX_ACTIONS_DIR=/etc/signalbox/actions \
    SIGNALBOX_BIND=0.0.0.0:8080 \
    SIGNALBOX_DATA_DIR=/var/lib/signalbox
USER 10001:10001
WORKDIR /var/lib/signalbox
VOLUME ["/var/lib/signalbox"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/signalbox"]
CMD ["serve"]
