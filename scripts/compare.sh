#!/usr/bin/env bash
# compare.sh REVISION [ROUNDS]: what a policy call and a refresh cost in processor time now, beside
# that revision of the project. Both are built, and then run in turn (10 rounds each, if not said
# otherwise); the table has the medians, and the ratio round by round.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
revision=${1:?compare.sh REVISION [ROUNDS]}
rounds=${2:-10}
work=$(mktemp -d)
clear_away() {
    git worktree remove --force "$work/before" 2>/dev/null || true
    rm -rf "$work"
}
trap clear_away EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# built FOLDER NAME: the benchmark's program, copied to $work/NAME: the next build may replace it.
built() {
    local program
    program=$(cd "$1" && cargo bench -p auth-host --features native-policies --bench service \
        --no-run --message-format json |
        sed -n 's/.*"executable":"\([^"]*service-[^"]*\)".*/\1/p' | tail -n 1)
    cp "$program" "$work/$2"
}

git worktree add --quiet --detach "$work/before" "$revision"
[ -e "$work/before/host/benches/service/cost.rs" ] || {
    echo "compare.sh: $revision is from before this comparison; take a later one." >&2
    exit 2
}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
for side in "$work/before" .; do
    # Each packs its policies itself: the contract may have changed.
    (cd "$side" && cargo build -p auth-host && scripts/policies.sh build register login refresh)
done
built "$work/before" before
built . now

for ((round = 1; round <= rounds; round++)); do
    order=(before now)
    [ $((round % 2)) = 0 ] || order=(now before)
    for side in "${order[@]}"; do
        "$work/$side" cost | awk -v side="$side" -v round="$round" \
            '/^cost/ { print $2, side, round, $3 }' >>"$work/costs"
    done
done
for what in call refresh; do
    awk -v what="$what" '$1 == what { cost[$2, $3] = $4; if ($3 > n) n = $3 }
        function middle(list, count) {
            for (i = 2; i <= count; i++)
                for (j = i; j > 1 && list[j] < list[j - 1]; j--) {
                    swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap
                }
            return (list[int((count + 1) / 2)] + list[int(count / 2) + 1]) / 2
        }
        END {
            for (r = 1; r <= n; r++) {
                before[r] = cost["before", r]; now[r] = cost["now", r]
                ratio[r] = now[r] / before[r]
            }
            printf "%s: before %.1f us, now %.1f us", what, middle(before, n), middle(now, n)
            m = middle(ratio, n)
            printf "; ratio, round by round: median %.3f (from %.3f to %.3f)\n", m, ratio[1], ratio[n]
        }' "$work/costs"
done
