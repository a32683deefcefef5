# The accepting side: visitors a second of a published service, 16 and 256 of
# them at once.  published-tls is what ssh does, too: the way to the gateway is
# encrypted, and each acceptor there is by a user's name and password.

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
        accept_one published-user $w -l "$SINK" -p "${PID[gwt]:-$$}"
        accept_one published-tls $w -l "$SINK" -p "${PID[gwt]:-$$}"
        accept_one fdpass $w -f "$TMP/accept.sock" -p "${PID[gw]:-$$}"
    done
}

# A gateway with a user, in clear (by SCRAM) and by TLS.
start_secured() {
    local hash verifier plain
    tls_files ec -pkeyopt ec_paramgen_curve:P-256 || return # as README has it
    ports plain
    { read -r hash && read -r verifier; } < <(echo right | "$B/vsapd" -H)
    start_vsapd_conf gwt <<END || return
listen on 127.0.0.1:@PORT@ tls
listen on 127.0.0.1:$plain
tls { certificate "$TMP/cert.pem" key "$TMP/key.pem" }
user ops password "$hash" password "$verifier"
permit user ops bind *:1024-65535
END
    local -x VSAP_AUTH=ops:right
    start_published published-user gwt "127.0.0.1:$plain" "127.0.0.1:$SINK"
    start_published published-tls gwt "tls:127.0.0.1:${PORT[gwt]}" \
        "127.0.0.1:$SINK" --ca="$TMP/cert.pem" --tls-name=localhost
}

topic_accept() {
    ports SINK
    PORT[direct]=$SINK
    start_vsapd gw -b 1024-65535 &&
        start_published published gw "127.0.0.1:${PORT[gw]}" \
            "127.0.0.1:$SINK" &&
        start_published fdpass gw "$TMP/gw.run/vsapd.sock" \
            "fdpass:$TMP/accept.sock"
    start_secured
    start_ssh ssh-R "$SINK"
    rounds accept_round
}
