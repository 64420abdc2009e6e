#!/usr/bin/env bash
# test.sh [TEXT]: all tests of the host, or those whose names contain the text; those of the service once on SQLite and once on PostgreSQL.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo test -p auth-host "$@"
# What is about PostgreSQL anyway, or asks no database, has just been run.
skipped=()
for part in faults legacy store::{away,contention,replicas,roles,settings,starting,tls} wit bad_input::{bodies,connections,requests} swap; do
    skipped+=(--skip "$part::")
done
words=()
for word in "$@"; do [ "$word" = -- ] || words+=("$word"); done
TEST_STORE=postgres cargo test -p auth-host --test service -- "${skipped[@]}" "${words[@]}"
