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

# Run all tests, or those whose names contain the given text.
test *filter:
    cargo test -p auth-host --no-run
    @scripts/policies.sh build {{ slots }}
    @scripts/policies.sh guests
    cargo test -p auth-host {{ filter }}
    cargo test -p auth-policy-sdk -p register {{ filter }}

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
    cargo bench -p auth-host --features native-policies --bench service -- {{ parts }}

[private]
host:
    cargo build -p auth-host
