#!/usr/bin/env bash
# Checks what `docker compose up` uses, without Docker: compose file, settings, Prometheus' configuration and alerts, Grafana's dashboard.
#
#   check-deploy.sh               names of metrics are looked up in the host's source
#   check-deploy.sh FILE_OR_URL   and compared with what a host really exposes, such as http://127.0.0.1:7971/metrics
#
# What needs a program that is not installed (promtool, docker compose, PyYAML) is skipped, and said so. Any fault: exit code 1.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

faults=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "check-deploy.sh: $*" >&2
    exit 1
}

ok() { echo "ok      $*"; }
skip() { echo "SKIPPED $*"; }
fault() {
    echo "FAULT   $*" >&2
    faults=$((faults + 1))
}

# check WHAT COMMAND...: its output is shown only where it fails.
check() {
    local what=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        ok "$what"
    else
        fault "$what"
        sed 's/^/        /' "$work/output" >&2
    fi
}

# none WHAT NAME...: a fault where there is any.
none() {
    local what=$1
    shift
    if [ $# = 0 ]; then ok "$what"; else fault "$what, but not: $*"; fi
}

# in_first_only FILE FILE: lines of the first that the second does not have.
in_first_only() { comm -23 <(sort -u "$1") <(sort -u "$2"); }

json_is_valid() {
    find deploy -name '*.json' -exec python3 -c 'import json, sys; [json.load(open(file)) for file in sys.argv[1:]]' {} +
}

# The variables of the dashboard get values, so that Prometheus can read its queries: one a line.
dashboard_queries() {
    python3 - deploy/grafana/dashboards/*.json <<'PYTHON'
import json, sys

def expressions(value):
    if isinstance(value, dict):
        if isinstance(value.get("expr"), str):
            yield value["expr"]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from expressions(inner)

for file in sys.argv[1:]:
    for expression in expressions(json.load(open(file))):
        for variable, sample in {"$__rate_interval": "1m", "$__interval": "15s", "$__range": "1h", "$instance": ".+"}.items():
            expression = expression.replace(variable, sample)
        print(" ".join(expression.split()))
PYTHON
}

dashboard_is_sound() {
    python3 - deploy/grafana/dashboards/*.json <<'PYTHON'
import json, sys

faults = []
for file in sys.argv[1:]:
    panels = json.load(open(file))["panels"]
    if len({panel["id"] for panel in panels}) != len(panels):
        faults.append(f"{file}: two panels have one id")
    taken = {}
    for panel in panels:
        if panel["type"] != "row" and not (panel.get("description") and panel.get("targets")):
            faults.append(f"{panel['title']}: does not say what is normal, or shows nothing")
        at = panel["gridPos"]
        for cell in [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]:
            if cell in taken or cell[0] >= 24:
                faults.append(f"{panel['title']}: lies over {taken.get(cell, 'the edge')}")
                break
            taken[cell] = panel["title"]
sys.exit("\n".join(faults) or 0)
PYTHON
}

alert_queries() {
    # Blocks as well as single lines: all that is not an annotation or a label.
    grep -vE '^ *(#|- alert:|summary:|description:|action:|severity:|for:)' deploy/prometheus/alerts.yml
}

# Names of the host's metrics in queries, without the suffixes of a histogram's series. A pattern (policies' own metrics) is no name.
names_in() {
    sed -E 's/__name__[!=]~"[^"]*"//g' | grep -oE '\b(auth|http|process)_[a-z0-9_]+' | sed -E 's/_(bucket|sum|count)$//' | sort -u
}

# What the source registers: the metrics of each part (whatever is made with a meter), those of each
# endpoint, and those of the client library.
names_in_source() {
    # A listener's connections are named by its prefix.
    grep -rlE '\bmeter\b' host/src | xargs grep -hoE '"(auth|http)_[a-z0-9_]+"' | tr -d '"' | grep -vE '_http$'
    { grep -rhoE 'ConnectionMetrics::new\(meter, "[a-z_]+"' host/src/http || true; } | sed -E 's/.*"([a-z_]+)"/\1/' |
        sed -E 's/.*/&_connections\n&_connections_closed_for_room_total\n&_requests_refused_total/'
    grep -hoE 'endpoint\("[a-z]+", "[a-z]+"' host/src/http/public/router.rs |
        sed -E 's/.*"([a-z]+)"/auth_\1_success_total\nauth_\1_failed_total/'
    printf 'process_%s\n' cpu_seconds_total open_fds max_fds virtual_memory_bytes \
        resident_memory_bytes start_time_seconds threads
}

names_exposed() {
    grep -E '^# TYPE ' "$1" | cut -d' ' -f3 | grep -vE '^auth_policy_(register|login|refresh)_' | sort -u
}

compose_is_read() {
    # A folder of its own: .env.prod is not here, and a .env that lies here is not meant.
    mkdir -p "$work/compose"
    cp -r docker-compose.yml deploy "$work/compose/"
    cp .env.example "$work/compose/.env.prod"
    (cd "$work/compose" && env -i PATH="$PATH" HOME="$work" "$@" -f docker-compose.yml config --quiet)
}

compose_is_sound() {
    python3 - <<'PYTHON'
import os, re, sys, yaml

faults = []
compose = yaml.safe_load(open("docker-compose.yml"))
services, volumes = compose["services"], compose["volumes"]
for name, service in services.items():
    def want(condition, text):
        if not condition:
            faults.append(f"{name}: {text}")
    image = service.get("image", "")
    want("build" in service or re.search(r":v?\d", image), f"the image {image} is not pinned")
    want(service.get("healthcheck"), "has no health check")
    want(service.get("mem_limit"), "has no limit of memory")
    want(service.get("cpu_quota"), "has no limit of processors")
    want(service.get("logging", {}).get("options", {}).get("max-size"), "its log grows without end")
    want("no-new-privileges:true" in service.get("security_opt", []), "may gain privileges")
    want(service.get("stop_grace_period"), "has no time to stop")
    for port in service.get("ports", []):
        want(str(port).startswith("127.0.0.1:"), f"the port {port} is published to other machines")
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        want(os.path.exists(source) if source.startswith(".") else source in volumes, f"{source} does not exist")
    for file in service.get("env_file", []):
        want(file == ".env.prod" or os.path.exists(file), f"{file} does not exist")
    for other in service.get("depends_on", {}):
        want(other in services, f"depends on {other}, which does not exist")
host = services["auth-service"]
for condition, text in [
    (host.get("read_only") is True, "its root is not read-only"),
    (host.get("cap_drop") == ["ALL"], "it keeps capabilities"),
    (host.get("user", "0").split(":")[0] != "0", "it is root"),
    (list(host.get("depends_on", {})) == ["postgres-service"], "it must wait for PostgreSQL, and for nothing else"),
]:
    if not condition:
        faults.append(f"auth-service: {text}")
for file in ["deploy/prometheus/prometheus.yml", "deploy/grafana/provisioning/datasources/prometheus.yml", "deploy/grafana/provisioning/dashboards/auth-host.yml"]:
    yaml.safe_load(open(file))
sys.exit("\n".join(faults) or 0)
PYTHON
}

check_compose() {
    if docker compose version >/dev/null 2>&1; then
        check "docker compose reads docker-compose.yml" compose_is_read docker compose
    elif command -v docker-compose >/dev/null; then
        check "docker-compose reads docker-compose.yml" compose_is_read docker-compose
    else
        skip "docker compose reads docker-compose.yml (docker compose is not installed)"
    fi
    if python3 -c 'import yaml' 2>/dev/null; then
        check "docker-compose.yml: bounds, ports, mounts, privileges" compose_is_sound
    else
        skip "docker-compose.yml: bounds, ports, mounts, privileges (Python's PyYAML is not installed)"
    fi
}

check_settings() {
    grep -oE '^(# )?[A-Z][A-Z0-9_]+=' .env.example | tr -d '#= ' >"$work/example"
    # What the host reads: names in capitals in its settings, outside of tests; not those that it only warns of (GONE).
    for file in host/src/config/*.rs; do sed -E '/^#\[cfg\(test\)\]/,$d; /^const GONE:/,/;$/d' "$file"; done | grep -oE '"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*"' | tr -d '"' | grep -E '_|^ENV$' >"$work/read"
    # shellcheck disable=SC2046 # names, without spaces
    none "every setting of .env.example is one of the host's" $(in_first_only "$work/example" "$work/read")
    # shellcheck disable=SC2046
    none "every setting of the host is in .env.example" $(in_first_only "$work/read" "$work/example")
    sed -nE 's/^([A-Z_]+)=.*/\1/p' deploy/compose.env >"$work/compose.env"
    # shellcheck disable=SC2046
    none "every setting of deploy/compose.env is in .env.example" $(in_first_only "$work/compose.env" "$work/example")
}

check_prometheus() {
    if ! command -v promtool >/dev/null; then
        skip "Prometheus' configuration, alerts and queries (promtool is not installed; on Debian: apt-get install prometheus)"
        return
    fi
    # The configuration names files as they lie in the container.
    sed 's|/etc/prometheus/||' deploy/prometheus/prometheus.yml >"$work/prometheus.yml"
    cp deploy/prometheus/alerts.yml deploy/prometheus/*.test.yml "$work/"
    check "promtool check config" promtool check config "$work/prometheus.yml"
    check "promtool check rules: $(grep -c -- '- alert:' deploy/prometheus/alerts.yml) alerts" promtool check rules "$work/alerts.yml"
    check "promtool test rules: $(cat deploy/prometheus/*.test.yml | grep -c '^  - name:') tests" promtool test rules "$work/"*.test.yml
    sed -nE 's/.*- alert: //p' deploy/prometheus/alerts.yml >"$work/defined"
    grep -hoE 'alertname="[A-Za-z]+"' deploy/prometheus/*.test.yml | cut -d'"' -f2 >"$work/tested"
    # shellcheck disable=SC2046
    none "every alert has a test" $(in_first_only "$work/defined" "$work/tested")
    {
        echo 'groups: [{ name: dashboard, rules: ['
        dashboard_queries | python3 -c 'import json, sys; [print(json.dumps({"record": f"query_{number}", "expr": line.strip()}) + ",") for number, line in enumerate(sys.stdin)]'
        echo ']}]'
    } >"$work/dashboard.yml"
    check "every query of the dashboard parses: $(dashboard_queries | wc -l) queries" promtool check rules "$work/dashboard.yml"
}

check_names() {
    dashboard_queries | names_in >"$work/dashboard"
    alert_queries | names_in >"$work/alerts"
    names_in_source >"$work/source"
    cat "$work/dashboard" "$work/alerts" >"$work/used"
    # shellcheck disable=SC2046
    none "every metric of the host's source is in the dashboard ($(sort -u "$work/source" | wc -l))" $(in_first_only "$work/source" "$work/dashboard")
    # shellcheck disable=SC2046
    none "every metric that dashboard and alerts name is in the host's source" $(in_first_only "$work/used" "$work/source")
}

# check_exposed FILE_OR_URL
check_exposed() {
    if [ -f "$1" ]; then
        cp "$1" "$work/metrics"
    else
        curl --fail --silent --show-error --max-time 10 --output "$work/metrics" "$1" || fail "$1 cannot be read."
    fi
    names_exposed "$work/metrics" >"$work/exposed"
    # shellcheck disable=SC2046
    none "every metric that the host exposes is in the dashboard ($(wc -l <"$work/exposed"))" $(in_first_only "$work/exposed" "$work/dashboard")
    local missing
    missing=$(in_first_only "$work/used" "$work/exposed")
    cat "$work/exposed" "$work/source" >"$work/known"
    # shellcheck disable=SC2046
    none "every metric that dashboard and alerts name is exposed, or will be" $(in_first_only "$work/used" "$work/known")
    if [ -n "$missing" ]; then
        echo "note    not exposed yet, for nothing has been counted in them: ${missing//$'\n'/ }"
    fi
}

command -v python3 >/dev/null || fail "python3 is needed."
check_compose
check_settings
check "JSON of deploy/ is valid" json_is_valid
check "every panel of the dashboard has its place, its queries and a description" dashboard_is_sound
check_prometheus
check_names
if [ $# -gt 0 ]; then check_exposed "$1"; else skip "comparison with a host that runs (give the address of its metrics)"; fi
if [ "$faults" != 0 ]; then fail "$faults faults."; fi
