#!/usr/bin/env bash
# setting.sh NAME DEFAULT: a setting as the host will see it, from the environment, else from .env, else the default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
value=${!1:-}
if [ -z "$value" ] && [ -f .env ]; then
    value=$(sed -nE "s/^(export )?$1=//p" .env | tail -n 1 | sed -E "s/^(['\"])(.*)\\1\$/\\2/")
fi
echo "${value:-$2}"
