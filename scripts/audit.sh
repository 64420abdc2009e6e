#!/usr/bin/env bash
# Checks what the project depends on: banned crates, licences, sources (see deny.toml).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/machine.sh
. scripts/machine.sh
deny=$(tool cargo-deny 0.20.2) || {
    echo "audit.sh: cargo-deny could not be installed; read the lines above, or install it" \
        "yourself (cargo install cargo-deny) and try again." >&2
    exit 1
}
exec "$deny" check bans licenses sources
