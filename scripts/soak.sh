#!/usr/bin/env bash
# soak.sh [TEXT]: the storm, the swaps of policies and the tests under faults for longer; only the
# storm (TEXT is `storm`), only the swaps (`releases`), or those under faults whose names contain
# the text.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
service=(cargo test -p auth-host --test service)

if [ -z "${1:-}" ] || [ "$1" = storm ]; then
    STORM_STRICT=1 STORM_SECONDS=${STORM_SECONDS:-120} STORM_LOGINS=${STORM_LOGINS:-1000} \
        STORM_SESSIONS=${STORM_SESSIONS:-50} STORM_COMPILE_MIB=${STORM_COMPILE_MIB:-30} \
        TEST_STORE=sqlite "${service[@]}" storm::in_a_storm -- --nocapture
fi
if [ -z "${1:-}" ] || [ "$1" = releases ]; then
    SWAPS=${SWAPS:-1000} SWAPS_ROUNDS=${SWAPS_ROUNDS:-10} SWAPS_MEASURED=1 \
        SWAPS_PAUSE_MS=${SWAPS_PAUSE_MS:-200} \
        SWAPS_ROLLBACKS=${SWAPS_ROLLBACKS:-20} SWAPS_COMPILATIONS=${SWAPS_COMPILATIONS:-5} \
        "${service[@]}" releases::swaps:: -- --nocapture
fi
if [ "${1:-}" != storm ] && [ "${1:-}" != releases ]; then
    SOAK_ROUNDS=${SOAK_ROUNDS:-10} "${service[@]}" "faults::${1:-}" -- \
        --skip policies:: --nocapture --test-threads 1
fi
