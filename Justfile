# `./justw RECIPE` runs these without anything installed but Rust. What a recipe does is said in the line above it.

slots := "register login refresh"

[private]
default:
    @{{ just_executable() }} --list

# A policy in POLICY_DIR (data/policies, if not set) is renewed where it is missing, or still as an earlier `run` or `swap` left it.
# One that you put there yourself stays. Everything that is kept lies in data/; remove that folder to begin anew.
#
# Build the host and the default policies, and serve on 127.0.0.1:7971.
[no-exit-message]
run: policies
    @scripts/run.sh

# Build and pack the three default policies into target/policies/.
policies: host
    @scripts/policies.sh build {{ slots }}

# Build and pack one default policy and put it into POLICY_DIR: a running host takes it over within a second.
swap slot: host
    @scripts/policies.sh build {{ slot }}
    @scripts/policies.sh swap {{ slot }}

# They run against a PostgreSQL and a RabbitMQ of their own (on Debian, root installs what is missing), which are gone afterwards; or against
# those that TEST_DATABASE_URL and TEST_AMQP_URL name.
#
# Run all tests, or those whose names contain the given text.
test *filter: programs
    @scripts/servers.sh run scripts/test.sh {{ filter }}
    cargo test -p auth-policy-sdk -p register {{ filter }}

# Run the tests under faults for longer: SOAK_ROUNDS (10) times as many faults, one test after the other.
soak *filter: programs
    SOAK_ROUNDS=${SOAK_ROUNDS:-10} scripts/servers.sh run cargo test -p auth-host --test service faults::{{ filter }} -- --skip policies:: --nocapture --test-threads 1

# Check format, lints and documentation, as CI does.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features auth-host/native-policies -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

# Format the code.
fmt:
    cargo fmt --all

# Measure policy calls, endpoints, hashing, start and memory, and print tables (or only: calls, refresh, login, process).
bench *parts: policies
    @scripts/servers.sh install
    cargo bench -p auth-host --features native-policies --bench service --no-run
    scripts/servers.sh run cargo bench -p auth-host --features native-policies --bench service -- {{ parts }}

# Check what `docker compose up` uses, without Docker; with the address of a host's metrics (http://127.0.0.1:7971/metrics), also against it.
deploy-check *metrics:
    @scripts/check-deploy.sh {{ metrics }}

# What the tests run.
[private]
programs:
    cargo test -p auth-host --no-run
    @scripts/policies.sh build {{ slots }}
    @scripts/policies.sh guests
    @scripts/servers.sh install

[private]
host:
    cargo build -p auth-host
