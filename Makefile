# Signalbox. `make help` lists the targets; what they do stands in scripts/.

.DEFAULT_GOAL := help
.PHONY: help run build dist test docker-test lint audit fmt unit it browser speed torture fuzz bench bench-check screenshots doc clean-var

# `make run PROFILE=release` builds an optimised program (and takes longer to build it).
PROFILE ?= dev
# How many deliveries and jobs `make speed` lists, and how many `make bench` has stored.
ROWS ?= 1000000
# What `make it` runs: a part of a test's path, such as `api::register`.
FILTER ?=
# How long `make fuzz` takes for each target, and which one, if not all.
SECONDS ?= 60
TARGET ?=
# Which attack `make torture` makes, if not all.
ONLY ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, build, and start Signalbox (DATABASE_URL set: use that server, install nothing)
	@PROFILE='$(PROFILE)' exec sh scripts/run.sh

build: ## Build the program
	cargo build --locked --package signalbox --profile '$(PROFILE)'

dist: ## Build a release into target/dist/: the stripped program, its checksum, its notes
	@sh scripts/dist.sh

test: ## Install what is missing, then run everything: format, lints, documentation, tests
	@sh scripts/test.sh

docker-test: ## Run the image, compose file and container actions on a Docker engine of its own (needs root; 30 minutes)
	@exec sh scripts/docker-test.sh

lint: ## Format check, word list, clippy, rustdoc and shellcheck, warnings denied
	@sh scripts/lint.sh

audit: ## Licences, sources and known vulnerabilities of the dependencies (needs the network)
	@sh scripts/audit.sh

fmt: ## Format the sources
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

unit: ## The tests inside the library: seconds, no database
	cargo test --locked --lib

it: ## The tests on the real program; FILTER=api::register picks some
	@sh scripts/need.sh compiler postgres browser axe
	cargo test --locked --test it -- $(FILTER)

browser: ## The tests in headless Chromium; pictures land in target/screenshots/
	@sh scripts/need.sh compiler postgres browser axe
	@mkdir -p "$${CARGO_TARGET_DIR:-target}/screenshots"
	cargo test --locked --test it -- browser::

speed: ## List a million deliveries and jobs, and say how long each page takes (minutes; ROWS=… for fewer)
	@sh scripts/need.sh compiler postgres
	SIGNALBOX_SEED='$(ROWS)' cargo test --locked --test it -- --ignored --nocapture store::speed

torture: ## Kill, cut, fill and starve it under load, and print what became of every event (25 minutes; ONLY=disk)
	@ONLY='$(ONLY)' PROFILE='$(PROFILE)' exec sh scripts/torture.sh

fuzz: ## Feed random input to what reads events, forms and files, SECONDS=60 for each of eight targets (TARGET=yaml)
	@SECONDS_EACH='$(SECONDS)' TARGET='$(TARGET)' exec sh scripts/fuzz.sh

bench: ## Measure deliveries and jobs beside four peers, and renew docs/performance.md (12 minutes; ROWS=…)
	@ROWS='$(ROWS)' exec sh scripts/bench.sh

bench-check: ## Fail if a delivery or a job takes over 10 % more instructions than benches/instructions.txt says
	@exec sh scripts/bench-check.sh

screenshots: browser ## Renew the pictures of the documentation
	@sh scripts/screenshots.sh

doc: ## Build the source documentation, private items too
	cargo doc --locked --no-deps --document-private-items

clean-var: ## Delete ./var: the embedded database, its history and the secret key (asks first)
	@sh scripts/clean-var.sh
