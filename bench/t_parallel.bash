# 64 streams in sum, and one, through the same relay.

parallel_round() {
    local s n
    for s in relay direct haproxy; do
        up "$s" || continue
        for n in 1 64; do
            measure "$s-$n" "$G/bulk" -t "$SECS" -n "$n" -l "$SINK" \
                ${PID[$s]:+-p ${PID[$s]}} 127.0.0.1 "${PORT[$s]}"
        done
    done
}

topic_parallel() {
    ports SINK
    PORT[direct]=$SINK
    start_vsap_relay relay "$SINK"
    start_haproxy haproxy "$SINK"
    rounds parallel_round
}
