# `./justw RECIPE` runs these without anything installed but Rust. What a recipe does is said in the
# line above it.

slots := "register login refresh"

[private]
default:
    @{{ just_executable() }} --list

# A policy in POLICY_DIR (data/policies, if not set) is renewed if it is missing, or still as an
# earlier `run` or `swap` left it. One that you put there yourself stays. Everything that is kept
# lies in data/; remove that folder to begin anew.
#
# Build the host and the default policies, and serve on 127.0.0.1:7971.
[no-exit-message]
run: policies
    @scripts/run.sh

# Build and pack the three default policies into target/policies/.
policies:
    scripts/policies.sh beside cargo build -p auth-host
    @scripts/policies.sh build {{ slots }}

# A running host takes it over within two seconds.
#
# Build and pack one default policy and put it into POLICY_DIR.
swap slot: host
    @scripts/policies.sh build {{ slot }}
    @scripts/policies.sh swap {{ slot }}

# They run against a PostgreSQL and a RabbitMQ of their own (on Debian, root installs what is
# missing, and it says so first), which are gone afterwards; or against those that TEST_DATABASE_URL
# and TEST_AMQP_URL name.
#
# Run all tests, or those whose names contain the given text.
test *filter: programs
    @scripts/servers.sh run scripts/test.sh {{ filter }}

# First the storm, which measures and prints a table (STORM_SECONDS and others: see
# host/tests/service/storm/scene.rs; `soak storm` runs it alone). Then a thousand swaps of a policy on
# three replicas, with a table, too (SWAPS and others: see host/tests/service/releases/swaps/scale.rs;
# `soak releases` runs them alone). Then SOAK_ROUNDS (10) times as many faults, one test after the
# other.
#
# Run the storm, the swaps and the tests under faults for longer.
soak *filter: programs
    @scripts/servers.sh run scripts/soak.sh {{ filter }}

# Check format and lints, and run the tests that take seconds: the first thing after a change.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features auth-host/native-policies -- -D warnings
    cargo test -p auth-host --lib
    cargo test -p auth-policy-sdk -p register

# Check format, lints and documentation, as CI does.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features auth-host/native-policies -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

# Check what the project depends on: banned crates, licences, sources (see deny.toml).
audit:
    @scripts/audit.sh

# Format the code.
fmt:
    cargo fmt --all

# All of them, or only: calls, trust, grants, refresh, login, rollout, stores, outbox, outgoing, process.
#
# Measure policy calls, endpoints, hashing, start and memory, and print tables.
bench *parts: policies
    @scripts/servers.sh install
    cargo bench -p auth-host --features native-policies --bench service --no-run
    scripts/servers.sh run \
        cargo bench -p auth-host --features native-policies --bench service -- {{ parts }}

# Both are built, and run in turn.
#
# Compare the processor time of a policy call and a refresh with that of another revision.
compare revision *rounds:
    scripts/compare.sh {{ revision }} {{ rounds }}

# With the address of a host's metrics (http://127.0.0.1:7971/metrics), also against it.
#
# Check what `docker compose up` uses, without Docker.
deploy-check *metrics:
    @scripts/check-deploy.sh {{ metrics }}

# What the tests run.
[private]
programs:
    scripts/policies.sh beside cargo test -p auth-host --no-run
    cargo test -p auth-policy-sdk -p register --no-run
    @scripts/policies.sh build {{ slots }}
    @scripts/policies.sh guests
    @scripts/servers.sh install

[private]
host:
    cargo build -p auth-host
