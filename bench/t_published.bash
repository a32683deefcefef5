# Published from afar: a gateway and a vsap-bind over TCP, two hops.

published_round() {
    local s
    for s in direct published ssh-R socat-2 bare-2; do
        up "$s" || continue
        measure "$s" "$G/bulk" -t "$SECS" -l "$SINK" \
            ${PID[$s]:+-p ${PID[$s]}} ${PID[$s.gw]:+-p ${PID[$s.gw]}} \
            ${PID[$s.sshd]:+-p ${PID[$s.sshd]}} 127.0.0.1 "${PORT[$s]}"
    done
}

topic_published() {
    ports SINK
    PORT[direct]=$SINK
    start_vsapd published.gw -b 1024-65535 &&
        start_published published published.gw \
            "127.0.0.1:${PORT[published.gw]}" "127.0.0.1:$SINK"
    start_ssh ssh-R "$SINK"
    start_socat socat-2.gw "$SINK" 1048576 &&
        start_socat socat-2 "${PORT[socat-2.gw]}" 1048576
    # What a splice loop of a few dozen lines makes of two hops.
    start_bare bare-2.gw "$SINK" &&
        start_bare bare-2 "${PORT[bare-2.gw]}"
    rounds published_round
}
