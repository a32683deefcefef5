# CONNECT and RELAY: associations a second.  All of a server's processes are
# held to one core, the generator and its sink to the other.

WIDTH=${WIDTH:-16}

assoc_one() { # SERIES MODE
    ! up "$1" || measure "$1" taskset -c "$LOADCORE" "$G/assoc" -m "$2" \
        -c "$WIDTH" -t "$SECS" -l "$SINK" -p "${PID[$1]}" 127.0.0.1 \
        "${PORT[$1]}"
}

assoc_round() {
    assoc_one vsapd vsap
    assoc_one bare vsap
    assoc_one microsocks socks
    assoc_one haproxy tcp
}

topic_assoc() {
    local p
    two_cores || return
    PIN=$SERVERCORE
    ports SINK
    start_vsapd vsapd -j 1
    ports p
    start bare "$p" "$G/bare_assoc" "$p"
    start_microsocks microsocks
    start_haproxy haproxy "$SINK"
    PIN=
    rounds assoc_round
}
