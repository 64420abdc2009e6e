#!/usr/bin/env bash
# Tests that nothing is installed, and no file of the system moved, before a line has said so.
#
# The scripts run as copies in a folder of their own, on a machine that lacks everything: its
# apt-get, rustup and cargo do nothing but fail the test if what they are asked was not said before.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "test-machine.sh: $*" >&2
    [ ! -s "$work/said" ] || sed 's/^/    /' "$work/said" >&2
    exit 1
}

# stub NAME: a program of this machine, its text on stdin.
stub() {
    { echo '#!/bin/bash' && cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

mkdir -p "$work/bin" "$work/scripts" "$work/sbin"
cp "$root/Justfile" "$work"
for script in justw scripts/{machine,policies,servers}.sh; do
    sed "s#/usr/sbin#$work/sbin#g; s#/usr/lib/\(postgresql\|rabbitmq\)#$work/\1#g" \
        "$root/$script" >"$work/$script"
    chmod +x "$work/$script"
done
for program in bash cat chmod dirname env grep ls mkdir mv rm sed sort tail; do
    ln -s "$(command -v "$program")" "$work/bin/$program"
done
stub id <<<'echo 0'
stub rustc <<<'echo /nowhere'
stub dpkg-query <<<'exit 1'
for program in apt-get rustup cargo; do
    stub "$program" <<E2
echo "$program \$*" >>"$work/done"
grep -qF -- "$program \$*" "$work/said" || echo "$program \$*" >>"$work/unsaid"
[ ! -e "$work/sbin/policy-rc.d" ] || cat "$work/sbin/policy-rc.d" >>"$work/services"
exit 1
E2
done

# lacking SCRIPT ARGUMENT... -- COMMAND...: the script fails for want of what it would install,
# after it has tried these commands and said them.
lacking() {
    local call=() command
    while [ "$1" != -- ]; do call+=("$1") && shift; done
    shift
    rm -f "$work"/{done,unsaid}
    : >"$work/said"
    ! env -i PATH="$work/bin" "$work/${call[0]}" "${call[@]:1}" >/dev/null 2>"$work/said" ||
        fail "${call[*]} succeeds though everything is missing"
    [ ! -e "$work/unsaid" ] || fail "${call[*]} did this unsaid: $(cat "$work/unsaid")"
    for command in "$@"; do
        grep -qF -- "$command" "$work/done" || fail "${call[*]} did not try: $command"
    done
}

lacking justw test -- "apt-get install" "apt-get update"
ln -s /bin/true "$work/bin/cc"
lacking justw test -- "cargo install"
lacking scripts/policies.sh guests -- "rustup target add" "apt-get install" "apt-get update"

echo mine >"$work/sbin/policy-rc.d"
lacking scripts/servers.sh install -- "apt-get install" "apt-get update"
grep -q "policy-rc.d that is there is moved" "$work/said" || fail "policy-rc.d is moved unsaid"
grep -q "exit 101" "$work/services" || fail "packages may start services"
[ "$(cat "$work/sbin/policy-rc.d")" = mine ] && [ "$(ls "$work/sbin")" = policy-rc.d ] ||
    fail "policy-rc.d is not back: $(ls "$work/sbin")"
rm "$work/sbin/policy-rc.d"
lacking scripts/servers.sh install -- "apt-get install"
grep -q "file $work/sbin/policy-rc.d that is then removed" "$work/said" || fail "it is put unsaid"
[ -z "$(ls "$work/sbin")" ] || fail "policy-rc.d stays"
echo "test-machine.sh: nothing was done to the machine that had not been said"
