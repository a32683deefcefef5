# What idle streams hold: private memory of workers and control, and pipes.

IDLE=${IDLE:-10000}

kib() { # FIELD PID...: a sum over smaps_rollup
    local field=$1
    shift
    for p; do
        cat "/proc/$p/smaps_rollup"
    done | awk -v f="$field:" '$1 == f { s += $2 } END { print s + 0 }'
}

pipes() { # PID...
    local p
    for p; do
        ls -l "/proc/$p/fd"
    done 2>/dev/null | grep -c 'pipe:'
}

descriptors() { # PID...
    local p
    for p; do
        ls "/proc/$p/fd"
    done 2>/dev/null | wc -l
}

# The processes of vsapd: WORKERS run vsap-relay, OTHERS the rest.
idle_split() {
    local p
    WORKERS=
    OTHERS=
    for p in $(tree "${PID[gw]}"); do
        case $(readlink "/proc/$p/exe") in
        */vsap-relay*) WORKERS="$WORKERS $p" ;;
        *) OTHERS="$OTHERS $p" ;;
        esac
    done
}

# Each round in a gateway of its own: memory once used stays.
idle_round() {
    local w0 c0 w1 c1 p0 p1 line n=$IDLE load
    start_vsapd gw -j 2 || return
    idle_warm || return
    idle_split
    if ! cat $(printf '/proc/%s/smaps_rollup ' $WORKERS $OTHERS) \
        >"$TMP/idle.rollup" 2>&1; then
        skip "only root may read the memory of these processes"
        stop_all
        return
    fi
    w0=$(kib Private_Dirty $WORKERS)
    c0=$(kib Private_Dirty $OTHERS)
    p0=$(pipes $WORKERS)
    coproc LOAD { "$G/assoc" -m vsap -H "$n" -c 32 -l "$SINK" 127.0.0.1 \
        "${PORT[gw]}" 2>"$TMP/idle.err"; }
    load=$LOAD_PID
    if ! read -r -t 60 line <&"${LOAD[0]}" || [ "$line" != ready ]; then
        skip "$n streams: $(tail -n 1 "$TMP/idle.err")"
        stop_all
        return
    fi
    until_ok 5 idle_quiet
    w1=$(kib Private_Dirty $WORKERS)
    c1=$(kib Private_Dirty $OTHERS)
    p1=$(pipes $WORKERS)
    record vsapd "$ROUND" streams "$n" \
        worker_B $(((w1 - w0) * 1024 / n)) \
        control_B $(((c1 - c0) * 1024 / n)) pipes $((p1 - p0)) \
        worker_fds "$(descriptors $WORKERS)"
    eval "exec ${LOAD[1]}>&-"
    wait "$load" 2>/dev/null
    stop_all
}

# A few streams, so that what is paid once is not counted.
idle_warm() {
    "$G/assoc" -m vsap -c 4 -t 1 -l "$SINK" 127.0.0.1 "${PORT[gw]}" \
        >/dev/null 2>"$TMP/idle.err" ||
        { skip "warm up: $(tail -n 1 "$TMP/idle.err")"; return 1; }
}

# Pipes may be given back a moment after the last byte.
idle_quiet() {
    local n
    n=$(pipes $WORKERS)
    sleep 0.3
    [ "$n" = "$(pipes $WORKERS)" ]
}

topic_idle() {
    local limit
    limit=$(ulimit -n)
    [ "$IDLE" -lt $((limit - 200)) ] || IDLE=$((limit / 2 - 200))
    ports SINK
    rounds idle_round
}
