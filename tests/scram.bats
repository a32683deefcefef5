# SCRAM-SHA-256: a password that is known on both sides, and never sent.  The
# clients use it by themselves where a password may not go in clear: over a
# network, for which a proxy on loopback will do here.

load lib/common
load lib/tls

# The user anna with the password "secret": both kinds of hash in the file pw,
# or the crypt(3) one or the verifier alone.
passwords() { # [crypt|scram]
    printf 'secret\n' | vsapd -H >hashes
    case ${1:-both} in
    both) sed 's/^/anna:/' hashes ;;
    crypt) grep -v '^SCRAM' hashes | sed 's/^/anna:/' ;;
    scram) grep '^SCRAM' hashes | sed 's/^/anna:/' ;;
    esac >pw
    chmod 600 pw
}

# Away from here: sets FAR (the gateway's address), PROXY (on the way to it),
# WIRE (all bytes that go there).
far() { # ADDRESS
    start wire socat -v -d -d TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr \
        "TCP:$1" </dev/null
    WIRE=$LOG
    FAR=$(wait_log "$LOG" 'listening on AF=2' | grep -oE '127.0.0.1:[0-9]+')
    start proxy perl "$ROOT/tests/tools/httpproxy.pl" </dev/null
    PROXY=http://$(listening_on "$LOG")
}

service() {
    start service socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr \
        EXEC:cat </dev/null
    SERVICE=$(wait_log "$LOG" 'listening on AF=2' |
        grep -oE '127.0.0.1:[0-9]+')
}

gateway() {
    start_vsapd -A "$PWD/pw"
    far "$CONTROL"
}

not_on_the_wire() { # TEXT...
    local text

    for text; do
        run grep -cF -- "$text" "$WIRE"
        assert_output 0
    done
}

@test "over a network the password is not sent, and it works all the same" {
    passwords
    gateway
    service
    VSAP_AUTH=anna:secret run vsap-connect -v -x "$PROXY" -s "$FAR" "$SERVICE" \
        <<<hello
    assert_success
    assert_line hello
    refute_output --partial secret
    grep -q 'AUTH SCRAM-SHA-256 ' "$WIRE"
    grep -q 'VSAP/0.1 330 ' "$WIRE"
    not_on_the_wire secret "$(printf 'anna:secret' | base64)" 'AUTH anna'
}

@test "no two logins look alike" {
    passwords
    gateway
    service
    for _ in 1 2 3; do
        VSAP_AUTH=anna:secret run vsap-connect -x "$PROXY" -s "$FAR" \
            "$SERVICE" <<<hello
        assert_output hello
    done
    grep -aoE 'AUTH SCRAM-SHA-256 [^\]*' "$WIRE" >said
    assert_equal "$(wc -l <said)" 6
    assert_equal "$(sort -u said | wc -l)" 6
}

@test "a wrong password and a user who is not there are refused alike" {
    passwords
    gateway
    VSAP_AUTH=anna:mistake run vsap-connect -x "$PROXY" -s "$FAR" h:1 </dev/null
    assert_failure 100
    assert_output --partial "$FAR: credentials refused: 410"
    wrong=$output
    VSAP_AUTH=nobody:secret run vsap-connect -x "$PROXY" -s "$FAR" h:1 </dev/null
    assert_failure 100
    assert_output "$wrong"
    not_on_the_wire secret mistake
}

@test "a verifier alone will do for both ways" {
    passwords scram
    gateway
    service
    VSAP_AUTH=anna:secret run vsap-connect -x "$PROXY" -s "$FAR" "$SERVICE" \
        <<<far
    assert_output far
    VSAP_AUTH=anna:secret run vsap-connect -s "$CONTROL" "$SERVICE" <<<near
    assert_output near
    VSAP_AUTH=anna:mistake run vsap-connect -s "$CONTROL" "$SERVICE" <<<near
    assert_failure 100
}

@test "a user who has no verifier: refused, and what can be done" {
    passwords crypt
    gateway
    service
    VSAP_AUTH=anna:secret run vsap-connect -x "$PROXY" -s "$FAR" "$SERVICE" \
        <<<hello
    assert_failure 100
    assert_output --partial '410'
    not_on_the_wire secret
    VSAP_AUTH_CLEARTEXT=yes VSAP_AUTH=anna:secret run vsap-connect -x "$PROXY" \
        -s "$FAR" "$SERVICE" <<<hello
    assert_output hello
    grep -q 'AUTH anna:secret' "$WIRE"
}

@test "vsap-bind logs in with all its sessions" {
    passwords
    gateway
    service
    VSAP_AUTH=anna:secret start bind vsap-bind -N 12 -x "$PROXY" -s "$FAR" \
        -t "$SERVICE" 127.0.0.1:0 </dev/null
    at=$(listening_on "$LOG")
    wait_for 10 log_has "$VSAPD_LOG" 'is user:anna' 12
    run nc_to "$at" -N <<<hello
    assert_output hello
    wait_log "$VSAPD_LOG" 'bind .* by user:anna'
    not_on_the_wire secret
}

@test "a gateway that knows no SCRAM: what can be done; nothing was sent" {
    for answer in '410 forbidden.' '500 unknown.' '501 what?' CLOSE; do
        start fake perl "$ROOT/tests/tools/fakegw.pl" "AUTH=$answer" </dev/null
        far "$(listening_on "$LOG")"
        VSAP_AUTH=anna:secret run timeout 20 vsap-connect -x "$PROXY" \
            -s "$FAR" h:1 </dev/null
        assert_failure
        assert_output --partial 'SCRAM-SHA-256'
        assert_output --partial 'VSAP_AUTH_CLEARTEXT=yes'
        not_on_the_wire secret CONNECT
    done
}

@test "TLS: the password goes by it where the certificate was looked at" {
    need openssl
    make_ca ca
    make_cert ca server localhost
    start fake perl "$ROOT/tests/tools/fakegw.pl" 'AUTH=410 no' </dev/null
    fake=$LOG
    tls_front front server.both "$(listening_on "$LOG")"
    far "${FRONT#tls:}"
    gw=tls:localhost:${FAR##*:}
    export VSAP_AUTH=anna:secret
    run vsap-connect -x "$PROXY" --ca=ca.pem -s "$gw" h:1 </dev/null
    assert_failure 100
    wait_log "$fake" '^1 AUTH anna:secret$'
    run vsap-connect -x "$PROXY" --pin="$(fingerprint server.pem)" \
        -s "$gw" h:1 </dev/null
    wait_log "$fake" '^2 AUTH anna:secret$'
    run vsap-connect -x "$PROXY" --no-verify -s "$gw" h:1 </dev/null
    wait_log "$fake" '^3 AUTH SCRAM-SHA-256 '
    VSAP_AUTH_CLEARTEXT=yes run vsap-connect -x "$PROXY" --no-verify \
        -s "$gw" h:1 </dev/null
    wait_log "$fake" '^4 AUTH anna:secret$'
    # near, with or without
    run vsap-connect --no-verify -s "$FRONT" h:1 </dev/null
    wait_log "$fake" '^5 AUTH anna:secret$'
}

@test "between hosts: a client, and a gateway that logs in at another one" {
    need_netns
    passwords
    cat >inside.sh <<'END'
ip link set lo up
ip addr add 192.0.2.1/32 dev lo
: >outer.log
: >inner.log
vsapd -R "$PWD/run" -l 192.0.2.1:8706 -A "$PWD/pw" -c '*:*' \
    -a 192.0.2.0/24 2>outer.log &
outer=$!
until grep -q 'control started' outer.log; do kill -0 $outer || exit 1; done
export VSAP_AUTH=anna:secret
vsap-connect -s 192.0.2.1 192.0.2.1:1 </dev/null; echo "status $?"
mkdir -m 700 run.inner
vsapd -R "$PWD/run.inner" -l 127.0.0.1:8707 -r 192.0.2.1:8706 2>inner.log &
inner=$!
unset VSAP_AUTH
until grep -q 'control started' inner.log; do kill -0 $inner || exit 1; done
vsap-connect -s 127.0.0.1:8707 192.0.2.1:1 </dev/null; echo "status $?"
vsap-connect -s 127.0.0.1:8707 192.0.2.1:1 </dev/null; echo "status $?"
export VSAP_AUTH=anna:mistake
vsap-connect -s 192.0.2.1 192.0.2.1:1 </dev/null; echo "status $?"
kill $inner $outer
wait
END
    run timeout 50 unshare -n sh inside.sh
    assert_line --index 0 --partial '540 cannot connect 192.0.2.1:1'
    assert_line --index 1 'status 111'
    assert_line --index 2 --partial '540 cannot connect 192.0.2.1:1'
    assert_line --index 3 'status 111'
    assert_line --index 4 --partial '540 cannot connect 192.0.2.1:1'
    assert_line --index 5 'status 111'
    assert_line --index 6 --partial 'credentials refused: 410'
    assert_line --index 7 'status 100'
}
