#!/usr/bin/env bash
# test.sh [TEXT...]: all tests, or those whose names contain a text; those of the service once on
# SQLite and once on PostgreSQL. Options of the test programs may be among the texts.
#
# Most tests of the service wait: for time limits, servers, second attempts. So they run side by
# side, more at once than there are cores. Those that keep a core busy or measure time run before
# them and by themselves. The last line counts the tests of all runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
names=()
jobs=()
failed=''

# What still runs in the background is a process group each.
clear_away() {
    local job
    for job in "${jobs[@]}"; do kill -- "-$job" 2>/dev/null || true; done
    rm -rf "$work"
}
trap clear_away EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

words=()
for word in "$@"; do [ "$word" = -- ] || words+=("$word"); done
cores=$(nproc)

# run NAME COMMAND...
run() {
    "${@:2}" </dev/null 2>&1 | tee "$work/$1" || failed+=" $1"
}

# begin NAME COMMAND...: in the background; it prints when all is done.
begin() {
    setsid "${@:2}" </dev/null >"$work/$1" 2>&1 &
    names+=("$1")
    jobs+=($!)
}

# Those under faults: by the files of their folder, for a test elsewhere may be named after faults.
faults=()
for file in host/tests/service/faults/*.rs; do
    faults+=(--skip "faults::$(basename "$file" .rs)::")
done
# What is about PostgreSQL anyway, or asks no database, runs once.
once=("${faults[@]}")
for part in legacy store::{away,contention,replicas,roles,settings,starting,tls} wit \
    bad_input::{bodies,connections,crawlers,crowds,requests,unread} storm swap \
    releases::{story,swaps,upgrade}; do
    once+=(--skip "$part::")
done
alone=(bad_input::{connections,crawlers,crowds,unread}:: busy:: flood:: guessing::
    policies::budgets:: process::ending::)
others=()
for part in "${alone[@]}" storm::in_a_storm releases::{story,swaps,upgrade}::; do
    others+=(--skip "$part")
done

service=(cargo test -p auth-host --test service --)
sqlite=(env TEST_STORE=sqlite)
postgres=(env TEST_STORE=postgres)

# Whether the tests that run are all, or those named include it.
runs() {
    [ "${#words[@]}" = 0 ] ||
        "${service[@]}" --list "${words[@]}" 2>/dev/null | grep "$1" >/dev/null
}

scripts/test-machine.sh
if runs ^releases::upgrade::; then
    TEST_VERSION_BEFORE=$(scripts/version-before.sh)
    export TEST_VERSION_BEFORE
fi
quick=()
for file in host/tests/*.rs; do
    [ ! -e "$file" ] || quick+=(--test "$(basename "$file" .rs)")
done
run host cargo test -p auth-host --lib --bins "${quick[@]}" -- "${words[@]}"
run components cargo test -p auth-policy-sdk -p register -- "${words[@]}"
if [ "${#words[@]}" = 0 ]; then
    # They take all that the machine has.
    run releases env RUST_TEST_THREADS=1 "${service[@]}" releases::{story,swaps,upgrade}::
    run storm "${sqlite[@]}" "${service[@]}" storm::in_a_storm
    run sqlite-alone "${sqlite[@]}" "${service[@]}" "${alone[@]}"
    run postgres-alone "${postgres[@]}" "${service[@]}" "${alone[@]}" "${once[@]}"
    begin faults env RUST_TEST_THREADS=$((cores + 2)) "${sqlite[@]}" "${service[@]}" \
        faults:: --skip policies::
    begin postgres "${postgres[@]}" "${service[@]}" "${once[@]}" "${others[@]}"
    run sqlite env RUST_TEST_THREADS=$((cores + 1)) "${sqlite[@]}" "${service[@]}" \
        "${faults[@]}" "${others[@]}"
else
    run sqlite "${sqlite[@]}" "${service[@]}" "${words[@]}"
    run postgres "${postgres[@]}" "${service[@]}" "${once[@]}" "${words[@]}"
fi

for number in "${!jobs[@]}"; do
    wait "${jobs[number]}" || failed+=" ${names[number]}"
    cat "$work/${names[number]}"
done
jobs=()
cat "$work"/* | awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
    END { printf "In all %d tests: %d passed, %d failed, %d ignored.\n",
        passed + failed + ignored, passed, failed, ignored }'
[ -z "$failed" ] || { echo "These runs failed:$failed" >&2 && exit 1; }
