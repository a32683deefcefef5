# For tests of disasters and of load: services, loads of visitors, acceptors
# that misbehave, what a process uses.  Loaded after lib/common.

# An echo service for thousands (tests/tools/echod.c) at SERVICE.
serve_echo() { # [NAME [echod's arguments]]
    local name=${1:-echod}

    shift || :
    start "$name" echod "$@" </dev/null
    SERVICE=$(listening_on "$LOG")
    SERVICE_PID=$PID
}

# vsap-bind in the background as NAME, its log NAME.log: sets BIND_PID,
# BIND_LOG and BOUND, where it listens.
publish() { # NAME vsap-bind's arguments behind -s
    local name=$1

    shift
    start "$name" vsap-bind -s "${AT:-$CONTROL}" "$@" </dev/null
    BIND_PID=$PID
    BIND_LOG=$LOG
    BOUND=$(listening_on "$BIND_LOG")
}

# ---- a steady load -------------------------------------------------------

# Connections begin steadily, as load NAME (tests/tools/visits.c); LOAD=prefix
# stands before the command.
load_start() { # NAME visits' arguments
    local name=$1

    shift
    # shellcheck disable=SC2086 # words are meant
    start "$name" ${LOAD:-} visits "$@" </dev/null
    declare -g "LOAD_$name=$PID"
    load_more "$name" 20
}

load_count() { # NAME
    awk '$1 == "ok" { n = $2 } END { print n + 0 }' "$1.log"
}

load_reaches() { # NAME N
    [ "$(load_count "$1")" -ge "$2" ]
}

# Wait until N more visitors have been served.
load_more() { # NAME N [SECONDS]
    wait_for "${3:-40}" load_reaches "$1" $(($(load_count "$1") + $2)) || {
        echo "$1 does not get on:"
        tail -n 5 "$1.log"
        return 1
    }
}

# No more begin; those under way end.  Sets LOST, and SLOWEST in ms.
load_end() { # NAME
    local pid=LOAD_$1

    kill -TERM "${!pid}" 2>/dev/null || :
    wait "${!pid}" || :
    tail -n 3 "$1.log"
    LOST=$(sed -n 's/.* ok, \([0-9]*\) lost.*/\1/p' "$1.log")
    SLOWEST=$(sed -n 's/.*slowest \([0-9]*\) ms/\1/p' "$1.log")
    [ -n "$LOST" ]
}

# How many visitors were served by the service of that name (visits -g).
load_from() { # NAME SERVICE
    sed -n "s/^from $2 //p" "$1.log" | grep . || echo 0
}

# Nobody was lost, but those whose stream had begun.
load_lost_none_waiting() { # NAME
    local port

    load_end "$1"
    for port in $(sed -n 's/^lost \([0-9]*\) .*/\1/p' "$1.log"); do
        grep -q "relay .*:$port\$" "$VSAPD_LOG" || {
            echo "the visitor from port $port was lost as it waited:"
            grep "^lost $port " "$1.log"
            grep ":$port" "$VSAPD_LOG"
            return 1
        }
    done
}

# N visitors that stay: KEPT is the pid, say_all goes another round.
keep_visitors() { # N ADDRESS [visits' arguments]
    local n=$1 addr=$2

    shift 2
    rm -f kept.in
    mkfifo kept.in
    # shellcheck disable=SC2094 # read and written by others
    start kept visits -k -n "$n" "$@" "$addr" <>kept.in
    KEPT=$PID
    exec {KEPT_IN}>kept.in
    wait_for 60 log_has kept.log " alive" 1
    grep -qx "$n alive" kept.log
}

# Each of them has its echo again; "N alive" is the last line then.
say_all() {
    local rounds

    rounds=$(log_count kept.log ' alive$')
    echo again >&"$KEPT_IN"
    wait_for 60 log_has kept.log ' alive$' $((rounds + 1))
}

kept_alive() {
    sed -n 's/ alive$//p' kept.log | tail -n 1
}

# ---- acceptors of our own ------------------------------------------------

# A session NAME that waits in ACCEPT at ADDRESS, before all others; its
# process is TALK_PID[NAME].  Sets TAKEN to the address bound.
acceptor() { # NAME ADDRESS [SERVER]
    session_open "$1" "${3:-$CONTROL}"
    say "$1" "BIND $2"
    TAKEN=$(hear "$1" | awk '$2 == 210 { print $4 }')
    say "$1" "LISTEN 100"
    hear "$1" | grep -q ' 220 '
    say "$1" "ACCEPT -p=9"
    # Its answer shows that what was sent before has been read.
    wait_for 10 nobody_asks "$1"
}

# The gateway has read all that session NAME sent.
nobody_asks() { # NAME
    ! ss -Htn "dst ${CONTROL}" | awk '{ q += $3 } END { exit !q }'
}

stat_of() { # ADDRESS
    vsap_lines "$CONTROL_UNIX" STAT QUIT | grep -F "bound $1 "
}

# At least N acceptors wait at ADDRESS, by the gateway's STAT.
waiting_at() { # ADDRESS N
    local n

    n=$(stat_of "$1" | sed -n 's/.*acceptors waiting \([0-9]*\).*/\1/p')
    [ "${n:-0}" -ge "$2" ]
}

# One line there, and what comes back.
ask() { # ADDRESS LINE [SECONDS]
    echo "$2" | timeout "${3:-10}" nc.openbsd -N $(nc_words "$1")
}

# A visitor in the background; "answered N" is in its log, N ms.
visitor() { # NAME ADDRESS
    # shellcheck disable=SC2016 # for the other shell
    start "$1" bash -c 'began=${EPOCHREALTIME/./}
        got=$(echo "$1" | timeout 40 nc.openbsd -N "$2" "$3")
        [ "$got" = "$1" ] || { echo "lost: $got"; exit 1; }
        echo "answered $(((${EPOCHREALTIME/./} - began) / 1000))"' \
        - "$1" $(nc_words "$2") </dev/null
}

# It has been answered, within so many milliseconds.
answered() { # NAME MS
    local took

    took=$(wait_log "$1.log" '^(answered|lost)' 45)
    echo "$1: $took"
    [ "${took#answered }" -le "$2" ]
}

# ---- processes -----------------------------------------------------------

# CPU time of processes, in 1/100 s.
ticks() { # PID...
    local pid n=0 stat

    for pid; do
        stat=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) || continue
        # shellcheck disable=SC2086 # words are meant
        set -- $stat
        n=$((n + ${12} + ${13}))
    done
    echo $n
}

# Over a second these processes use less than a third of it.
assert_idle() { # PID...
    local before after

    before=$(ticks "$@")
    # A rate needs a time.
    read -rt 1 <> <(:) || :
    after=$(ticks "$@")
    echo "$((after - before)) of 100 ticks used"
    [ $((after - before)) -lt 33 ]
}

# Memory that is the process's own, in KiB.
memory_of() { # PID
    awk '/^(RssAnon|VmRSS)/ { kb[$1] = $2 }
        END { print "RssAnon:" in kb ? kb["RssAnon:"] : kb["VmRSS:"] }' \
        "/proc/$1/status"
}

# Children of PID that are workers: told by their parent, which works for
# processes of any user.
workers_of() { # PID
    local p

    for p in $(ps -o pid= --ppid "$1"); do
        is_worker "$p" && echo "$p"
    done
    return 0
}

# The process of vsapd that speaks the protocol.
control_of() { # PID of the parent
    local p

    for p in $(ps -o pid= --ppid "$1"); do
        tr '\0' ' ' <"/proc/$p/cmdline" | grep -q 'vsapd: control' &&
            echo "$p"
    done
    return 0
}

fds_of() { # PID
    ls "/proc/$1/fd" | wc -l
}

# At most N descriptors for a running process, from now on (its own hard
# limit bounds what it can be given back).
limit_fds() { # PID N
    local uid gid

    uid=$(awk '/^Uid:/ { print $2 }' "/proc/$1/status")
    gid=$(awk '/^Gid:/ { print $2 }' "/proc/$1/status")
    if [ "$uid" = "$(id -u)" ]; then
        prlimit --pid "$1" --nofile="$2:"
    else
        setpriv --reuid="$uid" --regid="$gid" --clear-groups \
            prlimit --pid "$1" --nofile="$2:"
    fi
}

# Not one descriptor more than the process has now, but SPARE.
exhaust_fds() { # PID [SPARE]
    local n

    # The lowest number that is free decides, not how many are open.
    n=$(find "/proc/$1/fd" -mindepth 1 -printf '%f\n' | sort -n |
        awk '$1 != n + 0 { exit } { n++ } END { print n }')
    limit_fds "$1" $((n + ${2:-0}))
}
