# 10,000 strangers, from 100 addresses, who each send a byte of their first
# request in five seconds: how long a client's association takes meanwhile
# (CONNECT, RELAY, a byte to and fro, the end), and without them.

SLOW=${SLOW:-10000}

slow_one() { # SERIES
    measure "$1" taskset -c "$LOADCORE" "$G/assoc" -m vsap -c 1 -t "$SECS" \
        -l "$SINK" -p "${PID[gw]}" 127.0.0.1 "${PORT[gw]}"
}

slow_round() {
    local line load
    slow_one vsapd-idle
    coproc LOAD { taskset -c "$LOADCORE" "$G/slow" -c "$SLOW" 127.0.0.1 \
        "${PORT[gw]}" 2>"$TMP/slow.err"; }
    load=$LOAD_PID
    if ! read -r -t 60 line <&"${LOAD[0]}" || [ "$line" != ready ]; then
        skip "$SLOW strangers: $(tail -n 1 "$TMP/slow.err")"
        kill "$load"
        return
    fi
    # Its answer comes when all that came before it are in.
    "$G/assoc" -m vsap -c 1 -t 1 -l "$SINK" 127.0.0.1 "${PORT[gw]}" \
        >/dev/null 2>"$TMP/slow.err"
    slow_one vsapd
    eval "exec ${LOAD[1]}>&-"
    read -r -t 10 line <&"${LOAD[0]}" && record vsapd "$ROUND" $line
    wait "$load" 2>/dev/null
    until_ok 10 slow_gone
}

# How many connections the gateway has, or fewer than that.
slow_gone() {
    [ "$(grep -ci " [0-9A-F]*:$(printf %04X "${PORT[gw]}") [0-9A-F:]* 01 " \
        /proc/self/net/tcp)" -lt 100 ]
}

topic_slow() {
    local limit
    limit=$(ulimit -n)
    if [ "$SLOW" -gt $((limit * 3 / 4 - 500)) ]; then
        SLOW=$((limit * 3 / 4 - 500))
        skip "only $limit descriptors: $SLOW strangers instead of 10,000"
    fi
    two_cores || return
    ports SINK
    PIN=$SERVERCORE
    start_vsapd_conf gw <<'END' || return
listen on 127.0.0.1:@PORT@
limit hello 20000
limit hello per source 200
limit hello per prefix unlimited
timeout hello 1 hour
timeout line 1 hour
workers 1
permit from local connect any
END
    PIN=
    rounds slow_round
}
