# A flood of wrong passwords, from 1,000 addresses, while four streams run
# through the gateway's workers: what is left of their throughput.  Nothing is
# held to a core: the flood, control, the password helper, the workers, the
# source and the sink share the processors as the system lets them.  The flood
# itself would be elsewhere, so that it gets what the others leave (nice 19);
# it has always more logins waiting than the helper can check.

login_bulk() { # SERIES
    measure "$1" "$G/bulk" -g -n 4 -t "$SECS" -l "$SINK" -p "${PID[gw]}" \
        127.0.0.1 "${PORT[gw]}"
}

# In a gateway of its own: what a flood leaves in the queue takes its time.
login_flood() { # SERIES MODE WIDTH
    local line load
    start_vsapd_conf gw <"$TMP/login.conf" || return
    login_bulk quiet-"$2"
    coproc LOAD { nice -n 19 "$G/login" -m "$2" -c "$3" 127.0.0.1 \
        "${PORT[gw]}" 2>"$TMP/login.err"; }
    load=$LOAD_PID
    if ! read -r -t 60 line <&"${LOAD[0]}" || [ "$line" != ready ]; then
        skip "$2: $(tail -n 1 "$TMP/login.err")"
        kill "$load"
        stop_all
        return
    fi
    login_bulk "$1"
    eval "exec ${LOAD[1]}>&-"
    read -r -t 60 line <&"${LOAD[0]}" &&
        record "$1" "$ROUND" $line
    wait "$load" 2>/dev/null
    stop_all
}

login_round() {
    login_flood vsapd-plain plain 1500
    login_flood vsapd-scram scram 4000
}

# 4,000 users with both kinds of hashes.
login_conf() {
    local hash verifier i
    echo "listen on 127.0.0.1:@PORT@"
    echo "permit from local connect any"
    { read -r hash && read -r verifier; } < <(echo right | "$B/vsapd" -H)
    for ((i = 0; i < 4000; i++)); do
        echo "user user$i password \"$hash\" password \"$verifier\""
    done
}

topic_login() {
    ports SINK
    have vsapd || { skip "vsapd is not built"; return; }
    login_conf >"$TMP/login.conf"
    rounds login_round
}
