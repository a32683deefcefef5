# One bulk stream over one hop.

bulk_round() {
    local s
    for s in direct bare relay socat-1M socat-256k haproxy nginx-256k \
        nginx-64k ssh-R; do
        up "$s" || continue
        measure "$s" "$G/bulk" -t "$SECS" -l "$SINK" \
            ${PID[$s]:+-p ${PID[$s]}} ${PID[$s.sshd]:+-p ${PID[$s.sshd]}} \
            127.0.0.1 "${PORT[$s]}"
    done
}

topic_bulk() {
    ports SINK
    PORT[direct]=$SINK
    start_bare bare "$SINK"
    start_vsap_relay relay "$SINK"
    start_socat socat-1M "$SINK" 1048576
    start_socat socat-256k "$SINK" 262144
    start_haproxy haproxy "$SINK"
    start_nginx nginx-256k "$SINK" 256k
    start_nginx nginx-64k "$SINK" 64k
    start_ssh ssh-R "$SINK"
    rounds bulk_round
}
