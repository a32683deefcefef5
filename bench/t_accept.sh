# The accepting side: visitors a second of a published service.

WIDTH=${WIDTH:-16}

accept_round() {
    local s
    for s in direct published ssh-R; do
        up "$s" || continue
        measure "$s" "$G/assoc" -m tcp -c "$WIDTH" -t "$SECS" -l "$SINK" \
            ${PID[$s]:+-p ${PID[$s]}} ${PID[$s.gw]:+-p ${PID[$s.gw]}} \
            ${PID[$s.sshd]:+-p ${PID[$s.sshd]}} 127.0.0.1 "${PORT[$s]}"
    done
    ! up fdpass || measure fdpass "$G/assoc" -m tcp -c "$WIDTH" -t "$SECS" \
        -f "$TMP/accept.sock" -p "${PID[fdpass]}" -p "${PID[published.gw]}" \
        127.0.0.1 "${PORT[fdpass]}"
}

topic_accept() {
    ports SINK
    PORT[direct]=$SINK
    start_vsapd published.gw -b 1024-65535 &&
        start_published published published.gw \
            "127.0.0.1:${PORT[published.gw]}" "127.0.0.1:$SINK" &&
        start_published fdpass published.gw \
            "$TMP/published.gw.run/vsapd.sock" "fdpass:$TMP/accept.sock"
    start_ssh ssh-R "$SINK"
    rounds accept_round
}
