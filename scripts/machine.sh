# shellcheck shell=bash
# machine.sh: what changes this machine outside the project's folder. The other scripts source it.
#
# Nothing is done before a line on stderr has said it, with the command.

say() {
    echo "$*" >&2
}

# change COMMAND...: says a command, and runs it without its own many lines.
change() {
    say "    $*"
    "$@" >/dev/null 2>&1 </dev/null
}

can_install_packages() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

# install_packages PACKAGE...: as root, on Debian and its like. The lists of packages are renewed
# only if it does not succeed without.
install_packages() {
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends)
    change "${install[@]}" "$@" || { change apt-get update && change "${install[@]}" "$@"; }
}

# without_services COMMAND...: runs what installs packages, which start no service meanwhile.
# In a shell of its own, so that its trap is gone when it is done.
without_services() (
    policy=/usr/sbin/policy-rc.d
    kept=$policy.kept-by-tests
    say "Meanwhile packages are told to start no service, by a file $policy that is then removed."
    # One that was kept by a run that was killed is the true one.
    if [ -e "$policy" ] && [ ! -e "$kept" ]; then
        say "The $policy that is there is moved to $kept, and back afterwards."
        mv "$policy" "$kept"
    fi
    trap 'rm -f "$policy"; [ ! -e "$kept" ] || mv "$kept" "$policy"' EXIT
    # The exit code that means: not allowed.
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    "$@"
)

# tool NAME VERSION: where a program of crates.io is: on the PATH, or else, pinned, in .tools. It
# expects $root, the project's folder.
tool() {
    local at=$root/.tools/bin/$1
    if command -v "$1"; then return; fi
    if [ ! -x "$at" ]; then
        say "Installing $1 $2 into .tools, once; it takes a minute or more:"
        say "    cargo install --quiet --locked --debug $1 --version $2 --root .tools"
        (cd "$root" && cargo install --quiet --locked --debug "$1" --version "$2" --root .tools) \
            >&2 </dev/null || return 1
    fi
    echo "$at"
}
