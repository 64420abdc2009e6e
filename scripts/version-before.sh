#!/usr/bin/env bash
# version-before.sh: builds the host of the version before (version-before.txt names its commit),
# unless that was done already, and prints the program's path. Where the clone does not reach back
# to that commit it prints nothing, and says so as an error.
#
# The code is the commit's. The dependencies are today's, so that none of them is compiled twice;
# if the commit's code does not fit them any more, they are the commit's, which takes far longer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
commit=$(grep -v '^#' scripts/version-before.txt)
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
folder=$target/version-before
program=$folder/$commit/auth-host

# Also where the clone is somebody else's, as in a container.
repository() {
    git -c safe.directory="$PWD" "$@"
}

[ ! -x "$program" ] || { echo "$program" && exit 0; }
repository cat-file -e "$commit^{commit}" 2>/dev/null || {
    echo "version-before.sh: this clone does not reach back to $commit" \
        "(git fetch --unshallow gets it)." >&2
    exit 0
}

# Of another version than ours: else the two would take each other's place among what is built.
unpack() {
    rm -rf "$folder/source" "$folder/out"
    mkdir -p "$folder/source"
    repository archive "$commit" | tar --extract --directory "$folder/source"
    [ "$1" = its_own ] || cp Cargo.lock Cargo.toml "$folder/source/"
    [ "$1" = its_own ] || cp host/Cargo.toml "$folder/source/host/"
    sed -i '/^\[workspace\.package\]/,/^$/s/^version = .*/version = "0.0.0-before"/' \
        "$folder/source/Cargo.toml"
    # A test is what makes the dependencies those of tests; this one tests nothing.
    rm -rf "$folder/source/host/tests/service"
    echo '#[test] fn nothing() {}' >"$folder/source/host/tests/nothing.rs"
}

# Into a folder of its own, while what is compiled on the way lies where ours does. Nobody measures
# the program, so that it is compiled as fast as can be.
build() {
    (cd "$folder/source" &&
        CARGO_TARGET_DIR=$folder/out CARGO_BUILD_BUILD_DIR=$target CARGO_INCREMENTAL=0 \
            cargo test --package auth-host --test nothing --no-run \
            --config 'profile.dev.package.auth-host.opt-level=0' \
            --config 'profile.dev.package.auth-host.debug=false' >&2)
}

echo "Building the host of the version before, $commit:" >&2
unpack todays
build || { unpack its_own && build; }
mkdir -p "$folder/$commit"
cp "$folder/out/debug/auth-host" "$program.new"
mv "$program.new" "$program"
rm -rf "$folder/source" "$folder/out"
echo "$program"
