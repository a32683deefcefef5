# TLS on one side, plain on the other: bulk, into the TLS side (up) and out of
# it (down), in one stream and in eight; then handshakes with one byte to and
# fro.  Server and generator have a core each.

tls_mode() { # SERIES
    case $1 in
    vsapd) echo vsap ;;
    *) echo tcp ;;
    esac
}

tls_bulk() { # SERIES WAY STREAMS
    local SUFFIX=_$2_$3
    measure "$1" taskset -c "$LOADCORE" "$G/tlsbulk" -m "$(tls_mode "$1")" \
        -w "$2" -n "$3" -t "$SECS" -l "$SINK" -p "${PID[$1]}" 127.0.0.1 \
        "${PORT[$1]}"
}

tls_shake() { # SERIES
    local SUFFIX=_shake
    measure "$1" taskset -c "$LOADCORE" "$G/assoc" -T -m "$(tls_mode "$1")" \
        -c 16 -t "$SECS" -l "$SINK" -p "${PID[$1]}" 127.0.0.1 "${PORT[$1]}"
}

tls_round() {
    local s way n
    local -x OPENSSL_CONF=$TMP/openssl.cnf
    for way in up down; do
        for n in 1 8; do
            for s in $TLS_SERIES; do
                ! up "$s" || tls_bulk "$s" "$way" "$n"
            done
        done
    done
    for s in $TLS_SERIES; do
        ! up "$s" || tls_shake "$s"
    done
}

topic_tls() {
    two_cores && tls_files || return
    PIN=$SERVERCORE
    ports SINK
    start_relay_tls relay "$SINK"
    start_vsapd_conf vsapd <<END
listen on 127.0.0.1:@PORT@ tls
tls {
    certificate "$TMP/cert.pem" key "$TMP/key.pem"
    workers 1
}
workers 1
permit from local connect any
END
    start_haproxy_tls haproxy-16k "$SINK" 16384
    start_haproxy_tls haproxy-256k "$SINK" 262144
    start_stunnel stunnel "$SINK"
    PIN=
    TLS_SERIES="relay vsapd haproxy-16k haproxy-256k stunnel"
    rounds tls_round
}
