# What every bats file loads: the programs under test, things started in the
# background and ended again, conditions waited for.  In a test file:
#
#	load lib/common
#
# gives setup() and teardown(); a file with its own calls vsap_setup first
# and vsap_teardown last in them.
#
# Rules that make tests run side by side: ports are 0 and read from the
# "listening on" line, files live in $BATS_TEST_TMPDIR, nothing sleeps.
# Programs run from $BATS_TEST_TMPDIR/bin (links to $BUILD), so that a
# process tells by its executable to which test it belongs, whatever became
# of its parent, session and environment.

bats_require_minimum_version 1.5.0

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
BUILD=${BUILD:-$ROOT/build}
case $BUILD in /*) ;; *) BUILD=$ROOT/$BUILD ;; esac
PEERS=${PEERS:-$ROOT/build/peers}
PROGRAMS="vsapd vsap-bind vsap-connect vsap-relay ircd-lite"
export ROOT BUILD PEERS

# Seconds for one test; a file with long ones sets its own after load.
export BATS_TEST_TIMEOUT=${VSAP_TEST_TIMEOUT:-60}

for _lib in bats-support bats-assert; do
    for _dir in /usr/lib/bats /usr/share/bats /usr/lib /usr/local/lib; do
        if [ -e "$_dir/$_lib/load.bash" ]; then
            load "$_dir/$_lib/load.bash"
            break
        fi
    done
done

# ---- before and after ----------------------------------------------------

vsap_setup() {
    local p dir=$BATS_TEST_TMPDIR

    mkdir -p "$dir/bin" "$dir/run"
    chmod 700 "$dir/run"
    for p in $PROGRAMS; do
        [ ! -x "$BUILD/$p" ] || ln -f "$BUILD/$p" "$dir/bin/$p" 2>/dev/null ||
            cp "$BUILD/$p" "$dir/bin/$p"
    done
    PATH=$dir/bin:$PEERS/bin:$BUILD/tools:$PATH
    # Nothing of the caller's set-up may decide a test.
    unset VSAP_SERVER VSAP_AUTH VSAP_AUTH_FILE VSAP_AUTH_CLEARTEXT
    unset MAKEFLAGS MFLAGS MAKELEVEL XDG_RUNTIME_DIR NOTIFY_SOCKET http_proxy https_proxy all_proxy
    export LC_ALL=C.UTF-8 PATH
    export VSAP_TEST_OF=$dir
    # Reports of the sanitizers end a program and stand in its log.
    export ASAN_OPTIONS=exitcode=99:detect_stack_use_after_return=1
    export UBSAN_OPTIONS=exitcode=99:print_stacktrace=1
    STARTED=()
    cd "$dir" || return
}

vsap_teardown() {
    local bad=0

    if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
        show_logs
    fi
    stop_all
    sanitizers_silent || bad=1
    return $bad
}

setup() { vsap_setup; }
teardown() { vsap_teardown; }

# The end of each log, when a test has failed.
show_logs() {
    local f

    for f in "$BATS_TEST_TMPDIR"/*.log; do
        [ -s "$f" ] || continue
        echo "--- ${f##*/} (its last 40 lines)"
        tail -n 40 "$f"
    done
}

# No report of a sanitizer in any log of this test.
sanitizers_silent() {
    local hits

    hits=$(grep -aE -A12 \
        'AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior' \
        "$BATS_TEST_TMPDIR"/*.log 2>/dev/null) || return 0
    printf 'A sanitizer reports:\n%s\n' "$hits"
    return 1
}

# ---- processes -----------------------------------------------------------

# Pids of everything that this test left running: started from its own bin/,
# or carrying its mark in the environment.
test_pids() (
    # What this function runs is not to count itself.
    unset VSAP_TEST_OF
    {
        find /proc/[0-9]*/exe -maxdepth 0 \
            -lname "$BATS_TEST_TMPDIR/bin/*" 2>/dev/null || :
        grep -lzxF "VSAP_TEST_OF=$BATS_TEST_TMPDIR" \
            /proc/[0-9]*/environ 2>/dev/null || :
    } | sed 's|^/proc/\([0-9]*\)/.*|\1|' | sort -un
)

# Pids of this test that run PROGRAM (by the executable: titles change).
pids_of() { # PROGRAM
    local p

    for p in $(find /proc/[0-9]*/exe -maxdepth 0 \( \
        -lname "$BATS_TEST_TMPDIR/bin/$1" -o \
        -lname "$BATS_TEST_TMPDIR/bin/$1 (deleted)" \) 2>/dev/null || :); do
        p=${p#/proc/}
        echo "${p%/exe}"
    done
    # Some programs hide their executable from other users and from their
    # own: then by name, among what descends from what was started.
    [ "$EUID" = 0 ] || ps -eo pid=,ppid=,comm= | awk -v name="$1" \
        -v roots="${STARTED[*]:-}" '
        BEGIN { for (n = split(roots, r); n > 0; n--) mine[r[n]] = 1 }
        { parent[$1] = $2; comm[$1] = $3 }
        END {
            for (pid in parent) {
                for (p = pid; p > 1 && !(p in mine); p = parent[p])
                    ;
                if (p in mine && comm[pid] == name && system("test -r " \
                    "/proc/" pid "/exe") != 0)
                    print pid
            }
        }'
}

# The workers of this test.
worker_pids() {
    local p

    for p in $(pids_of vsap-relay); do
        is_worker "$p" && echo "$p"
    done
    return 0
}

# A worker is told by its argument, or by the title it takes as an orphan.
is_worker() { # PID
    tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null |
        grep -qE -- 'worker|orphan'
}

# Gone, or a zombie that only waits for its parent.
is_gone() { # PID...
    local pid state

    for pid; do
        state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' \
            "/proc/$pid/status" 2>/dev/null)
        case $state in '' | Z | X) ;; *) return 1 ;; esac
    done
}

# End everything that this test started and whatever that started.
# SIGTERM first, so that leak reports are written; then SIGKILL.
stop_all() {
    local pids

    pids="${STARTED[*]:-} $(test_pids)"
    # shellcheck disable=SC2086 # pids are words
    {
        kill -TERM $pids || :
        kill -CONT $pids || :
    } 2>/dev/null
    # shellcheck disable=SC2086
    wait_for 2 is_gone $pids || true
    # What ends last may have started something meanwhile.
    pids="$pids $(test_pids)"
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || :
    # shellcheck disable=SC2086
    wait_for 5 is_gone $pids || echo "still running after SIGKILL: $pids"
    STARTED=()
}

# Start a command in the background; its output goes to NAME.log, its pid to
# PID (and to STARTED, for stop_all), the log's path to LOG.  Standard input
# is the caller's, but never a terminal.
start() { # NAME command [arg...]
    LOG=$BATS_TEST_TMPDIR/$1.log
    shift
    : >"$LOG"
    if [ -t 0 ]; then
        clean_exec "$@" </dev/null >"$LOG" 2>&1 &
    else
        clean_exec "$@" <&0 >"$LOG" 2>&1 &
    fi
    PID=$!
    STARTED+=("$PID")
}

# Become a command that inherits nothing from the tests: no descriptor above
# 2, no signal ignored (a shell's background commands ignore two).
clean_exec() {
    local fd

    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
    done
    if [ "$(type -t "$1")" = file ]; then
        exec env --default-signal "$@"
    fi
    "$@"
}

# A gateway of this test's own on a free loopback port and on a UNIX socket.
# Without -l or -f in ARGS: -l 127.0.0.1:0 -l $VSAPD_DIR/vsapd.sock.  Sets
# VSAPD_PID, VSAPD_LOG, VSAPD_DIR, CONTROL (its first TCP listener) and
# CONTROL_UNIX.  A second one in the same test: VSAPD_NAME=other start_vsapd.
start_vsapd() { # [ARGS...]
    local name=${VSAPD_NAME:-vsapd} arg
    local listen=(-l 127.0.0.1:0)

    VSAPD_DIR=$BATS_TEST_TMPDIR/run
    [ "$name" = vsapd ] || VSAPD_DIR=$BATS_TEST_TMPDIR/run.$name
    mkdir -p "$VSAPD_DIR"
    chmod 700 "$VSAPD_DIR"
    CONTROL_UNIX=$VSAPD_DIR/vsapd.sock
    listen+=(-l "$CONTROL_UNIX")
    for arg; do
        case $arg in -l* | -f*) listen=() ;; esac
    done
    start "$name" vsapd -R "$VSAPD_DIR" "${listen[@]}" "$@" </dev/null
    VSAPD_PID=$PID
    VSAPD_LOG=$LOG
    wait_for 10 grep -q 'listening on' "$VSAPD_LOG" || {
        echo "vsapd does not come up:"
        cat "$VSAPD_LOG"
        return 1
    }
    # All listeners are said before that.
    wait_for 10 grep -q 'control started' "$VSAPD_LOG"
    CONTROL=$(grep -oE 'listening on [^/ ]*:[0-9]+' "$VSAPD_LOG" |
        sed -n '1s/listening on //p')
    export CONTROL CONTROL_UNIX VSAPD_DIR VSAPD_PID VSAPD_LOG
}

# The daemon of start_vsapd lives.
assert_alive() { # [PID]
    local pid=${1:-$VSAPD_PID}

    if is_gone "$pid"; then
        echo "process $pid is gone"
        show_logs
        return 1
    fi
}

# ---- waiting -------------------------------------------------------------

# Poll a condition until it holds; 1 after TIMEOUT seconds.
wait_for() { # TIMEOUT command [arg...]
    local end=$((${EPOCHREALTIME/./} + $(micros "$1")))

    shift
    until "$@" >/dev/null 2>&1; do
        [ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
        read -rt 0.02 <> <(:) || :
    done
}

micros() { # SECONDS, with a fraction if wanted
    local whole=${1%%.*} frac=${1#*.}

    [ "$frac" != "$1" ] || frac=0
    frac=${frac}000000
    echo $((10#${whole:-0} * 1000000 + 10#${frac:0:6}))
}

# Wait until a line of FILE matches PATTERN (extended regex); print the first.
wait_log() { # FILE PATTERN [TIMEOUT]
    wait_for "${3:-10}" grep -aqE -- "$2" "$1" || {
        echo "no line like \"$2\" in ${1##*/} within ${3:-10} s; it has:"
        tail -n 40 "$1"
        return 1
    }
    grep -aE -m1 -- "$2" "$1"
}

# How many lines of FILE match PATTERN.
log_count() { # FILE PATTERN
    grep -acE -- "$2" "$1" || :
}

# At least N lines of FILE match PATTERN.
log_has() { # FILE PATTERN N
    [ "$(log_count "$1" "$2")" -ge "$3" ]
}

# The address in the Nth (1) "listening on ADDRESS" line of a log.
listening_on() { # FILE [N] [TIMEOUT]
    local n=${2:-1}

    wait_for "${3:-10}" log_has "$1" 'listening on ' "$n" || {
        echo "no ${n}th \"listening on\" in ${1##*/}:" >&2
        cat "$1" >&2
        return 1
    }
    grep -aoE 'listening on [^ ]+' "$1" | sed -n "${n}s/listening on //p"
}

# The bound address in the Nth (1) "210 SID ADDRESS bound." or "published ...
# ADDRESS" line of a log.
bound_on() { # FILE [N] [TIMEOUT]
    local n=${2:-1}

    wait_for "${3:-10}" log_has "$1" '210 [0-9]+ [^ ]+ bound' "$n" || {
        echo "no ${n}th 210 in ${1##*/}:" >&2
        cat "$1" >&2
        return 1
    }
    grep -aoE '210 [0-9]+ [^ ]+ bound' "$1" | awk -v n="$n" 'NR == n {print $3}'
}

# ---- the network ---------------------------------------------------------

host_of() { local a=${1%:*}; a=${a#[}; echo "${a%]}"; }
port_of() { echo "${1##*:}"; }

# A port that is free now on 127.0.0.1 (for programs that can't take port 0).
free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# Does something listen there?  Looks in the kernel's table: no connection
# is made, so no accepting server notices.
listens() { # PORT or ADDRESS:PORT
    ss -Htln "sport = :${1##*:}" | grep -q .
}

wait_listen() { # ADDRESS:PORT [TIMEOUT]
    wait_for "${2:-10}" listens "$1"
}

# A netcat client at ADDR: host:port, [v6]:port or /path.
nc_to() { # ADDR [nc options...]
    local addr=$1

    shift
    case $addr in
    /*) nc.openbsd -U "$@" "$addr" ;;
    *) nc.openbsd "$@" "$(host_of "$addr")" "$(port_of "$addr")" ;;
    esac
}

# Send lines (CRLF is added), then end of input; print what comes back
# without its CRs.
vsap_lines() { # ADDR line...
    local addr=$1

    shift
    printf '%s\r\n' "$@" | timeout 20 nc.openbsd -N $(nc_words "$addr") |
        tr -d '\r'
}

nc_words() { # ADDR
    case $1 in
    /*) echo "-U $1" ;;
    *) echo "$(host_of "$1") $(port_of "$1")" ;;
    esac
}

# A script of steps on standard input (tests/tools/vsapline): each line that
# is heard is checked whole, and bytes may be compared.
talk() { # [SECONDS]
    perl "$ROOT/tests/tools/vsapline" "$@" 3>&- 4>&-
}

# A conversation: session_open NAME ADDR, then say NAME line, hear NAME
# (prints the next line without CR; 1 on EOF or after TIMEOUT), session_close.
declare -gA TALK_IN TALK_OUT TALK_PID

session_open() { # NAME ADDR
    local in=$BATS_TEST_TMPDIR/$1.in out=$BATS_TEST_TMPDIR/$1.out fd

    rm -f "$in" "$out"
    mkfifo "$in" "$out"
    # shellcheck disable=SC2046 # words are meant
    nc.openbsd -N $(nc_words "$2") <"$in" >"$out" 2>/dev/null 3>&- 4>&- &
    TALK_PID[$1]=$!
    STARTED+=("$!")
    exec {fd}>"$in"
    TALK_IN[$1]=$fd
    exec {fd}<"$out"
    TALK_OUT[$1]=$fd
}

say() { # NAME line
    local fd=${TALK_IN[$1]}

    printf '%s\r\n' "$2" >&"$fd"
}

hear() { # NAME [TIMEOUT]
    local fd=${TALK_OUT[$1]} line

    IFS= read -r -t "${2:-10}" line <&"$fd" || return 1
    printf '%s\n' "${line%$'\r'}"
}

# End of our input; the rest can still be heard.
session_eof() { # NAME
    local fd=${TALK_IN[$1]:-}

    [ -z "$fd" ] || exec {fd}>&-
    unset "TALK_IN[$1]"
}

session_close() { # NAME
    local fd

    session_eof "$1"
    fd=${TALK_OUT[$1]:-}
    [ -z "$fd" ] || exec {fd}<&-
    kill "${TALK_PID[$1]}" 2>/dev/null || :
    unset "TALK_OUT[$1]" "TALK_PID[$1]"
}

# ---- what the machine must have ------------------------------------------

# Skip the test by name if something is missing; under VSAP_TEST_DEMAND=1
# (CI) fail instead.
lacking() { # WHAT
    if [ "${VSAP_TEST_DEMAND:-0}" = 1 ]; then
        echo "demanded, but not to be had: $1"
        return 1
    fi
    skip "$1"
}

need() { # PROGRAM...
    local p

    for p; do
        command -v "$p" >/dev/null || lacking "no $p here (make deps)"
    done
}

# A peer fetched by tests/tools/peers.sh: sshd, inetd, xinetd.
peer() { # NAME
    [ -x "$PEERS/bin/$1" ] ||
        lacking "no $1 here (make peers fetches it)"
}

# A real sshd for this user on a free port of 127.0.0.1: sets SSHD_PORT,
# SSHD_CONFIG (sshd -i -f "$SSHD_CONFIG" serves one connection too) and SSH,
# the client's command with its options: "${SSH[@]}" -p PORT 127.0.0.1 true
start_sshd() {
    local dir=$BATS_TEST_TMPDIR/ssh

    peer sshd
    need ssh ssh-keygen
    if [ "$(id -u)" != 0 ] &&
        [ "$(passwd -S 2>/dev/null | cut -d' ' -f2)" = L ]; then
        lacking "sshd lets no locked account in (yours is)"
    fi
    mkdir -p "$dir"
    chmod 700 "$dir"
    ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
    ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
    cp "$dir/user.pub" "$dir/authorized"
    SSHD_CONFIG=$dir/config
    cat >"$SSHD_CONFIG" <<END
HostKey $dir/host
AuthorizedKeysFile $dir/authorized
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
UseDNS no
ListenAddress 127.0.0.1
END
    SSH=(ssh -F none -i "$dir/user" -o IdentitiesOnly=yes -o BatchMode=yes
        -o StrictHostKeyChecking=no -o UserKnownHostsFile="$dir/known"
        -o LogLevel=ERROR)
    SSHD_PORT=$(free_port)
    start sshd sshd -D -e -f "$SSHD_CONFIG" -p "$SSHD_PORT" </dev/null
    wait_listen "127.0.0.1:$SSHD_PORT" || {
        cat "$LOG"
        return 1
    }
}

# Wrong use, "ARGUMENTS|REASON" in each line: 100, the reason and the usage.
refuses_use() { # PROGRAM <LINES
    local args why

    while IFS='|' read -r args why; do
        # shellcheck disable=SC2086 # words
        run "$1" $args </dev/null
        assert_failure 100
        assert_output --partial "$why"
        assert_output --partial "usage: $1"
    done
}

need_root() {
    [ "$(id -u)" = 0 ] || skip "needs root: $*"
}

# Network namespaces of our own can be made (root, and the kernel lets us).
need_netns() {
    if [ "$(id -u)" != 0 ]; then
        skip "network namespaces need root"
    fi
    need ip
    unshare -n true 2>/dev/null || lacking "no network namespaces here"
}

# Under the sanitizers sizes and counts are smaller: scaled 1000 100.
scaled() { # N N-under-sanitizers
    case ${VSAP_TEST_ASAN:-0} in 1) echo "$2" ;; *) echo "$1" ;; esac
}
