#!/usr/bin/env bash
# Starts the host as it was built, with its policies in place; see the recipe `run`. Without a choice it is a local one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/policies.sh install register login refresh
ENV=$(scripts/setting.sh ENV local) exec "${CARGO_TARGET_DIR:-target}/debug/auth-host" "$@"
