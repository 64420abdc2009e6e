#!/usr/bin/env bash
# Builds policies and puts them where they are used. The Justfile's recipes call it.
#
#   policies.sh beside COMMAND...    runs a command while the default policies are compiled
#   policies.sh build SLOT...    target/policies/SLOT.wasm, from components/SLOT
#   policies.sh guests           target/guests/NAME.wasm, the misbehaving policies of the tests, and the example
#   policies.sh install SLOT...  copies them into POLICY_DIR, where it holds nothing else under that name
#   policies.sh swap SLOT        copies one of them into POLICY_DIR, whatever is there
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/machine.sh
. scripts/machine.sh

target=wasm32-unknown-unknown
debian_packages="rustc-web cargo-web rust-web-src rust-web-llvm lld-22"
host_binary=${CARGO_TARGET_DIR:-target}/debug/auth-host

fail() {
    echo "policies.sh: $*" >&2
    exit 1
}

# The standard library for the target, as rustup, Nix or a distribution installs it.
target_is_installed() {
    local folder
    folder=$(rustc --print target-libdir --target "$target") && [ -d "$folder" ]
}

# RUSTUP_AUTO_INSTALL=0 is how a machine says that rustup shall fetch nothing.
add_target() {
    command -v rustup >/dev/null && [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ] || return 1
    say "Adding WebAssembly to the Rust that is installed, for the policies:"
    change rustup target add "$target"
}

# Debian's own toolchain lies beside rustup's and builds the standard library from source.
debian_is_installed() {
    local package
    for package in $debian_packages; do
        [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || return 1
    done
}

add_debian() {
    can_install_packages || return 1
    say "Installing Debian's Rust for WebAssembly, for the policies:"
    # shellcheck disable=SC2086 # several names
    install_packages $debian_packages
}

choose_toolchain() {
    if target_is_installed; then
        toolchain=rustup
    elif debian_is_installed; then
        toolchain=debian
    elif add_target && target_is_installed; then
        toolchain=rustup
    elif add_debian; then
        toolchain=debian
    else
        fail "Rust cannot compile to WebAssembly here; run \`rustup target add $target\`" \
            "(on Debian, \`apt-get install --no-install-recommends $debian_packages\` as root does as well), then try again."
    fi
}

# compile PACKAGE_OR_OPTION...: core modules, into $modules. Each toolchain has a cache of its own, or they would throw out each other's.
# Flags meant for the machine's own programs must not reach a policy: they would also replace those of .cargo/config.toml.
compile() {
    choose_toolchain
    local cache=$root/target/wasm
    local clean=(env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_RUSTFLAGS -u CARGO_BUILD_TARGET -u RUSTC_WORKSPACE_WRAPPER)
    local build=(build --profile policy --target "$target" "$@")
    if [ "$toolchain" = rustup ]; then
        "${clean[@]}" CARGO_TARGET_DIR="$cache" cargo "${build[@]}"
    else
        cache=$cache-debian
        "${clean[@]}" -u RUSTC_WRAPPER -u RUSTUP_TOOLCHAIN CARGO_TARGET_DIR="$cache" RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
            /usr/bin/cargo "${build[@]}" -Zbuild-std=std,panic_abort
    fi
    modules=$cache/$target/policy
}

# pack MODULE MANIFEST COMPONENT: a file that would not change keeps its time.
pack() {
    "$host_binary" policy pack "$1" --manifest "$2" --output "$3.new"
    if cmp -s "$3.new" "$3"; then rm "$3.new"; else mv "$3.new" "$3"; fi
}

build() {
    local packages=() slot
    for slot in "$@"; do
        [ -f "components/$slot/manifest.json" ] || fail "there is no slot \"$slot\": it is register, login or refresh."
        packages+=(--package "$slot")
    done
    compile "${packages[@]}"
    mkdir -p target/policies
    for slot in "$@"; do
        pack "$modules/$slot.wasm" "components/$slot/manifest.json" "target/policies/$slot.wasm"
    done
}

# One of the two uses the core that the other leaves idle.
beside() {
    choose_toolchain
    (compile --package register --package login --package refresh) &
    local modules=$! code=0
    "$@" || code=$?
    if [ "$code" != 0 ]; then kill "$modules" 2>/dev/null || true; fi
    wait "$modules" && exit "$code"
}

guests() {
    compile --package breached-password
    compile --package test-guests --examples
    mkdir -p target/guests
    local manifest name
    for manifest in host/tests/guests/examples/*.json; do
        name=$(basename "$manifest" .json)
        pack "$modules/examples/$name.wasm" "$manifest" "target/guests/$name.wasm"
    done
    pack "$modules/breached_password.wasm" examples/breached-password/manifest.json target/guests/breached-password.wasm
}

policy_folder() {
    scripts/setting.sh POLICY_DIR "$(scripts/setting.sh DATA_DIR data)/policies"
}

# A rename, so that the host sees the old file or the new one and never a half. A second copy remembers what was placed.
swap() {
    local slot=$1 folder
    folder=$(policy_folder)
    umask 077
    mkdir -p "$folder"
    cp "target/policies/$slot.wasm" "$folder/.$slot.new"
    cp "$folder/.$slot.new" "$folder/.$slot.placed"
    mv "$folder/.$slot.new" "$folder/$slot.wasm"
}

# A policy that somebody else put there stays: only what is missing, or still as we placed it, is ours to replace.
install() {
    local slot folder
    folder=$(policy_folder)
    for slot in "$@"; do
        if cmp -s "target/policies/$slot.wasm" "$folder/$slot.wasm"; then
            continue
        elif [ ! -e "$folder/$slot.wasm" ] || cmp -s "$folder/.$slot.placed" "$folder/$slot.wasm"; then
            swap "$slot"
        else
            echo "$folder/$slot.wasm is not the default policy and was left alone (./justw swap $slot replaces it)." >&2
        fi
    done
}

case "${1:-}" in
    beside | build | guests | install | swap) "$@" ;;
    *) fail "the first argument must be beside, build, guests, install or swap." ;;
esac
