# The accepting side: visitors a second of a published service, 16 and 256 of
# them at once.

accept_one() { # SERIES WIDTH OPTION...
    local s=$1 w=$2
    shift 2
    ! up "$s" || measure "$s-$w" "$G/assoc" -m tcp -c "$w" -t "$SECS" "$@" \
        ${PID[$s]:+-p ${PID[$s]}} ${PID[$s.sshd]:+-p ${PID[$s.sshd]}} \
        127.0.0.1 "${PORT[$s]}"
}

accept_round() {
    local w
    for w in 16 256; do
        accept_one direct $w -l "$SINK"
        accept_one published $w -l "$SINK" -p "${PID[gw]:-$$}"
        accept_one ssh-R $w -l "$SINK"
        accept_one fdpass $w -f "$TMP/accept.sock" -p "${PID[gw]:-$$}"
    done
}

topic_accept() {
    ports SINK
    PORT[direct]=$SINK
    start_vsapd gw -b 1024-65535 &&
        start_published published gw "127.0.0.1:${PORT[gw]}" \
            "127.0.0.1:$SINK" &&
        start_published fdpass gw "$TMP/gw.run/vsapd.sock" \
            "fdpass:$TMP/accept.sock"
    start_ssh ssh-R "$SINK"
    rounds accept_round
}
