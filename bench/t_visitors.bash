# 100 visitors at once; the service and its vsap-bind are 25 ms away.  Runs
# as a whole within bench/delaylink, which calls this file again.

VISITORS=100

# Within: near are gateway and visitors, far are service and vsap-bind.
visitors_inside() {
    local far="nsenter --net=$BENCH_FAR" gw=7001 svc=7000 pub=7100 t pid
    $far "$G/visitors" -l $svc &
    t=$!
    STARTED+=($t)
    for series in pool-default pool-100; do
        ROUND=0
        visitors_series $series
    done
}

visitors_series() { # SERIES
    local opts= d b
    [ "$1" = pool-default ] || opts="-N $VISITORS -m $((VISITORS * 4))"
    for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
        [ "$1" != pool-default ] ||
            measure direct "$G/visitors" -n $VISITORS 10.77.0.2 $svc
        visitors_gateway "$1" $opts || return
        measure "$1" "$G/visitors" -n $VISITORS 10.77.0.1 $pub
        kill $b $d 2>/dev/null
        wait $b $d 2>/dev/null
    done
}

visitors_gateway() { # SERIES OPTION...
    local name=$1
    shift
    have vsapd vsap-bind || { skip "vsapd is not built"; return 1; }
    mkdir -p "$TMP/v.run"
    "$B/vsapd" -R "$TMP/v.run" -l 10.77.0.1:$gw -b $pub -a 10.77.0.0/24 \
        2>"$TMP/v.gw.log" &
    d=$!
    until_ok 5 listens $gw || { skip "vsapd: $(tail -n 1 "$TMP/v.gw.log")"
        return 1; }
    $far "$B/vsap-bind" "$@" -s 10.77.0.1:$gw -t 127.0.0.1:$svc \
        10.77.0.1:$pub 2>"$TMP/v.bind.log" &
    b=$!
    STARTED+=($d $b)
    until_ok 5 listens $pub || { skip "vsap-bind: $(tail -n 1 \
        "$TMP/v.bind.log")"; return 1; }
    until_ok 5 visitors_settled
}

# The pool stands when nothing was dialled for a while.
visitors_settled() {
    local n
    n=$(grep -c ' 01 ' /proc/self/net/tcp)
    sleep 0.4
    [ "$n" = "$(grep -c ' 01 ' /proc/self/net/tcp)" ]
}

topic_visitors() {
    local status
    "$G/delaylink" true 2>"$TMP/link.err"
    status=$?
    if [ $status = 77 ]; then
        skip "$(cat "$TMP/link.err")"
        return
    fi
    export HERE B G RAW TMP ROUNDS TOPIC SECS
    "$G/delaylink" -d 25 bash -c '. "$HERE/lib.bash"; . "$HERE/t_visitors.bash"
        trap stop_all EXIT; visitors_inside'
}
