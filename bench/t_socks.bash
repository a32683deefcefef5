# SOCKS 5: CONNECT, a byte to and fro, the end; a second.  Server and
# generator have a core each, as in t_assoc.bash.

WIDTH=${WIDTH:-16}

socks_one() { # SERIES
    ! up "$1" || measure "$1" taskset -c "$LOADCORE" "$G/assoc" -m socks \
        -c "$WIDTH" -t "$SECS" -l "$SINK" -p "${PID[$1]}" 127.0.0.1 \
        "${PORT[$1]}"
}

socks_round() {
    socks_one vsapd
    socks_one microsocks
    socks_one danted
}

topic_socks() {
    local p
    two_cores || return
    PIN=$SERVERCORE
    ports SINK
    start_vsapd vsapd -j 1
    start_microsocks microsocks
    start_danted danted
    PIN=
    rounds socks_round
}
