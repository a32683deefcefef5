# Published on one host over the UNIX socket into fdpass: no hop remains.

handed_round() {
    measure direct "$G/bulk" -t "$SECS" -l "$SINK" 127.0.0.1 "$SINK"
    ! up fdpass || measure fdpass "$G/bulk" -t "$SECS" -f "$TMP/handed.sock" \
        -p "${PID[gw]}" -p "${PID[fdpass]}" 127.0.0.1 "${PORT[fdpass]}"
}

topic_handed() {
    ports SINK
    start_vsapd gw -b 1024-65535 &&
        start_published fdpass gw "$TMP/gw.run/vsapd.sock" \
            "fdpass:$TMP/handed.sock"
    rounds handed_round
}
