# One byte to and fro.

pingpong_round() {
    local s
    for s in direct relay haproxy socat-1M nginx-64k; do
        up "$s" || continue
        measure "$s" "$G/pingpong" -n 20000 -l "$SINK" 127.0.0.1 \
            "${PORT[$s]}"
    done
}

topic_pingpong() {
    ports SINK
    PORT[direct]=$SINK
    start_vsap_relay relay "$SINK"
    start_haproxy haproxy "$SINK"
    start_socat socat-1M "$SINK" 1048576
    start_nginx nginx-64k "$SINK" 64k
    rounds pingpong_round
}
