#!/usr/bin/env bash
# PostgreSQL and RabbitMQ for tests and benches: throw-away servers on loopback ports. The Justfile's recipes and the tests call it.
#
#   servers.sh install                                    installs both where they are missing (as root, on Debian and its like)
#   servers.sh run COMMAND...                             runs a command that finds a server of each kind in its environment
#   servers.sh postgres start FOLDER PORT [durable|fast]  starts a server in a folder and waits until it serves; prints its port
#   servers.sh rabbitmq start FOLDER PORT                 (0: a free one, kept for the next start in this folder, which finds its data)
#   servers.sh rabbitmq ctl FOLDER ARGUMENT...            rabbitmqctl for the broker in a folder
#   servers.sh stop FOLDER                                ends every process that works in this folder or below it
#
# `run` sets TEST_DATABASE_URL and TEST_AMQP_URL where they are not set (else the servers that they name are used), and TEST_SERVERS_DIR, the
# folder for the servers that tests start for themselves. At its end nothing of all this is left.
set -euo pipefail
# shellcheck source=scripts/machine.sh
. "$(dirname "${BASH_SOURCE[0]}")/machine.sh"

fail() {
    echo "servers.sh: $*" >&2
    exit 1
}

# Debian keeps the servers' programs beside the PATH.
postgres_program() {
    local folder
    folder=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    if [ -x "$folder/$1" ]; then echo "$folder/$1"; else command -v "$1"; fi
}

rabbitmq_program() {
    if [ -x "/usr/lib/rabbitmq/bin/$1" ]; then echo "/usr/lib/rabbitmq/bin/$1"; else command -v "$1"; fi
}

installed() {
    postgres_program initdb >/dev/null && rabbitmq_program rabbitmq-server >/dev/null
}

install() {
    if installed; then return; fi
    can_install_packages ||
        fail "PostgreSQL and RabbitMQ are missing: install both" \
            "(on Debian: apt-get install postgresql rabbitmq-server) and try again."
    say "Installing PostgreSQL and RabbitMQ, for the tests:"
    without_services install_packages postgresql rabbitmq-server && installed ||
        fail "apt-get could not install postgresql and rabbitmq-server; install them" \
            "and try again."
}

# folder FOLDER USER: makes it where it is missing; its absolute path is $at, and what runs in it is run with "${as[@]}" before it. The servers
# refuse root, which becomes the user of their packages; anybody else runs them as themselves.
folder() {
    as=()
    mkdir -p "$1"
    if [ "$(id -u)" = 0 ]; then
        chown "$2" "$1"
        as=(setpriv --reuid="$2" --regid="$2" --init-groups --)
    fi
    "${as[@]}" test -w "$1" || fail "the user $2 cannot write into $1."
    at=$(cd "$1" && pwd -P)
}

listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# port FOLDER NAME WANTED: the port that was taken for this folder, or the wanted one, or a free one. Free ones are below those that the
# system gives to connections, so that a port is still free when its server comes back.
port() {
    local file=$1/$2 port=$3
    if [ ! -s "$file" ]; then
        while [ "$port" = 0 ] || { [ "$3" = 0 ] && listens "$port"; }; do
            port=$((20000 + SRANDOM % 12000))
        done
        echo "$port" >"$file"
    fi
    cat "$file"
}

# The processes whose working folder is this one or below it: a server, and whatever it started.
processes() {
    local process at
    for process in /proc/[0-9]*; do
        at=$(readlink "$process/cwd" 2>/dev/null) || continue
        case "$at/" in "$1"/*) echo "${process#/proc/}" ;; esac
    done
}

signal() {
    local name=$1 process
    shift
    for process in "$@"; do kill "-$name" "$process" 2>/dev/null || true; done
}

stop() {
    [ -d "$1" ] || return 0
    local at try process others postmasters
    at=$(cd "$1" && pwd -P)
    # A PostgreSQL that is told to end at once frees its shared memory; one that is killed leaves it behind.
    postmasters=$(find "$at" -name postmaster.pid -exec head -n 1 {} \; 2>/dev/null)
    for try in {1..100}; do
        mapfile -t others < <(processes "$at")
        [ "${#others[@]}" != 0 ] || return 0
        signal CONT "${others[@]}"
        for process in "${others[@]}"; do
            if [ "$try" -gt 50 ] || ! [ "$(cat "/proc/$process/comm" 2>/dev/null)" = postgres ]; then
                signal KILL "$process"
            elif [[ $'\n'$postmasters$'\n' == *$'\n'$process$'\n'* ]]; then
                signal QUIT "$process"
            fi
        done
        sleep 0.1
    done
    fail "these processes of $at do not end: ${others[*]}"
}

postgres_start() {
    local at as port preload='' settings=(fsync=off synchronous_commit=off full_page_writes=off)
    install
    folder "$1" postgres
    port=$(port "$at" port "$2")
    [ "${3:-fast}" = fast ] || settings=()
    if [ ! -e "$at/data/PG_VERSION" ]; then
        "${as[@]}" "$(postgres_program initdb)" -D "$at/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$at/initdb.log" 2>&1 ||
            fail "initdb failed: $(tail -n 3 "$at/initdb.log")"
        [ ! -e "$("$(postgres_program pg_config)" --pkglibdir 2>/dev/null)/pg_stat_statements.so" ] || preload=pg_stat_statements
        settings+=("port=$port" "listen_addresses='127.0.0.1'" "unix_socket_directories=''" max_connections=500 "shared_preload_libraries='$preload'"
            dynamic_shared_memory_type=mmap)
        printf '%s\n' "${settings[@]}" >>"$at/data/postgresql.conf"
    fi
    # One that was killed leaves its number behind, which may be another process's by now, and for a moment its children.
    if [ -e "$at/data/postmaster.pid" ]; then
        if processes "$at" | grep -qx "$(head -n 1 "$at/data/postmaster.pid")"; then
            echo "$port"
            return
        fi
        stop "$at"
        rm -f "$at/data/postmaster.pid"
    fi
    (cd "$at" && "${as[@]}" "$(postgres_program pg_ctl)" -D "$at/data" -w -t 60 -l "$at/log" start >/dev/null 2>&1 </dev/null) ||
        fail "PostgreSQL did not start: $(tail -n 5 "$at/log")"
    echo "$port"
}

# What keeps a broker in its folder and on loopback. Without the two settings of epmd any tool of Erlang starts one that the world can reach.
rabbitmq_environment() {
    local at=$1
    export HOME=$at RABBITMQ_NODENAME="t$(cat "$at/port")@localhost" RABBITMQ_CONF_ENV_FILE=/dev/null
    export RABBITMQ_CONFIG_FILE=$at/rabbitmq.conf RABBITMQ_ADVANCED_CONFIG_FILE=$at/none.config RABBITMQ_ENABLED_PLUGINS_FILE=$at/plugins
    export RABBITMQ_MNESIA_BASE=$at/mnesia RABBITMQ_LOG_BASE=$at/logs RABBITMQ_PID_FILE=$at/pid
    RABBITMQ_DIST_PORT=$(cat "$at/dist-port")
    ERL_EPMD_PORT=$(cat "$at/epmd-port")
    export RABBITMQ_DIST_PORT ERL_EPMD_PORT ERL_EPMD_ADDRESS=127.0.0.1
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
}

epmd_program() {
    command -v epmd || find -L /usr/lib/erlang /usr/lib64/erlang /usr/local/lib/erlang -name epmd -type f 2>/dev/null | head -n 1
}

# The broker's greeting starts with the number 1.
greets() {
    local byte
    (exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'AMQP\0\0\11\1' >&3 && read -r -t 2 -N 1 byte <&3 && [ "$byte" = $'\1' ]) 2>/dev/null
}

rabbitmq_start() {
    local at as port
    install
    folder "$1" rabbitmq
    port=$(port "$at" port "$2")
    if greets "$port"; then
        echo "$port"
        return
    fi
    port "$at" epmd-port 0 >/dev/null
    printf '%s\n' "listeners.tcp.1 = 127.0.0.1:$port" 'disk_free_limit.absolute = 50MB' 'vm_memory_high_watermark.absolute = 512MB' \
        'log.console = true' 'log.file = false' >"$at/rabbitmq.conf"
    echo '[].' >"$at/plugins"
    touch "$at/log"
    local try
    # On a busy machine Erlang may give up on its epmd, which is slow to answer: then it ends, and is started once more. So it is where
    # somebody took the port between nodes, which nobody but the broker has to know: then on another one.
    for try in {1..3}; do
        [ "$try" = 1 ] || rm -f "$at/dist-port"
        port "$at" dist-port 0 >/dev/null
        launch_broker "$at"
        for _ in {1..600}; do
            if greets "$port"; then
                echo "$port"
                return
            fi
            kill -0 "$(cat "$at/launched")" 2>/dev/null || continue 2
            sleep 0.1
        done
        break
    done
    fail "RabbitMQ did not start: $(tail -n 5 "$at/log")"
}

# Starts a broker and, where there is none yet, its epmd, as the user in "${as[@]}".
launch_broker() (
    rabbitmq_environment "$1"
    cd "$1"
    # The broker would start one itself where there is none yet, and that one would outlive it.
    if ! listens "$ERL_EPMD_PORT"; then
        "${as[@]}" setsid "$(epmd_program)" >>log 2>&1 </dev/null &
        for _ in {1..100}; do
            if listens "$ERL_EPMD_PORT"; then break; fi
            sleep 0.05
        done
    fi
    "${as[@]}" setsid "$(rabbitmq_program rabbitmq-server)" >>log 2>&1 </dev/null &
    echo $! >launched
)

rabbitmq_ctl() {
    local at as
    folder "$1" rabbitmq
    shift
    rabbitmq_environment "$at"
    cd "$at"
    "${as[@]}" "$(rabbitmq_program rabbitmqctl)" --quiet "$@"
}

# run COMMAND...: also one that is killed leaves nothing behind, for a watcher outlives it.
run() {
    install
    TEST_SERVERS_DIR=$(mktemp -d "${TMPDIR:-/tmp}/auth-host-servers.XXXXXX")
    chmod 755 "$TEST_SERVERS_DIR"
    export TEST_SERVERS_DIR
    (
        trap '' INT TERM HUP
        while [ -d "/proc/$$" ]; do sleep 1; done
        clear_away
    ) >/dev/null 2>&1 </dev/null &
    trap clear_away EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [ -z "${TEST_DATABASE_URL:-}" ]; then
        TEST_DATABASE_URL=postgres://postgres@127.0.0.1:$(postgres_start "$TEST_SERVERS_DIR/postgres" 0 fast)/postgres
    fi
    if [ -z "${TEST_AMQP_URL:-}" ]; then
        TEST_AMQP_URL=amqp://guest:guest@127.0.0.1:$(rabbitmq_start "$TEST_SERVERS_DIR/rabbitmq" 0)/%2f
    fi
    export TEST_DATABASE_URL TEST_AMQP_URL
    local code=0
    "$@" || code=$?
    exit "$code"
}

clear_away() {
    stop "$TEST_SERVERS_DIR"
    rm -rf "$TEST_SERVERS_DIR"
}

case "${1:-} ${2:-}" in
    "install "*) install ;;
    "run "?*) "$@" ;;
    "stop "?*) stop "$2" ;;
    "postgres start" | "rabbitmq start")
        [ $# -ge 4 ] || fail "$1 start needs a folder and a port."
        "${1}_start" "${@:3}"
        ;;
    "rabbitmq ctl") rabbitmq_ctl "${@:3}" ;;
    *) fail "the arguments must be install, run COMMAND, stop FOLDER, postgres start FOLDER PORT, or rabbitmq start FOLDER PORT." ;;
esac
