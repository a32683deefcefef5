# TLS at the gateway: the same port in plain and TLS, every protocol inside,
# client certificates in rules, an upstream over TLS; not a byte lost.

load lib/common
load lib/tls

export BATS_TEST_TIMEOUT=120

# A CA, a server's certificate, and one for a client called NAME.
ca() {
    self_signed ca test-CA
    issue server localhost 'subjectAltName=DNS:localhost,IP:127.0.0.1'
}
issue() { # FILE NAME EXTENSIONS
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -subj "/CN=$2" -keyout "$1.key" -out "$1.req" 2>/dev/null
    printf '%s\n' "$3" >"$1.ext"
    openssl x509 -req -in "$1.req" -CA ca.pem -CAkey ca.key -CAcreateserial \
        -days 2 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    chmod 600 "$1.key"
}

gateway() { # statements on standard input
    ca
    {
        cat <<EOF
listen on 127.0.0.1:0 tls optional
tls { certificate "server.pem" key "server.key" }
EOF
        cat
    } >vsapd.conf
    start_vsapd -f vsapd.conf
    PORT=${CONTROL##*:}
}

all='permit from local { bind, connect, forward, stat } any'

tls() { timeout 20 openssl s_client -quiet -CAfile ca.pem -verify_return_error -connect "$CONTROL" "$@" 2>s_client.err; }

echo_server() {
    start echo socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr EXEC:cat
    wait_for 10 listening "$PID"
    ECHO=$(ss -Hltnp | grep "pid=$PID," | awk '{print $4}' | sed 's/.*://' | head -n 1)
}
listening() { ss -Hltnp | grep -q "pid=$1,"; }

@test "plain and TLS share a port: VSAP, SOCKS, HTTP CONNECT in either" {
    gateway <<<"$all"
    echo_server
    run vsap_lines "$CONTROL" 'ECHO plain' QUIT
    assert_line --partial '] plain'
    run tls < <(printf 'ECHO secret\r\nQUIT\r\n')
    assert_line --partial '] secret'
    for v in -tls1_2 -tls1_3; do
        run tls $v < <(printf 'ECHO %s\r\nQUIT\r\n' "$v")
        assert_line --partial "] $v"
    done
    run tls -tls1_1 < <(printf 'ECHO old\r\nQUIT\r\n')
    refute_output --partial old
    start web python3 -m http.server --bind 127.0.0.1 0 </dev/null
    WEB=$(wait_log web.log 'port [0-9]+' | sed 's/.*port \([0-9]*\).*/\1/')
    run curl -sS --max-time 10 --proxy "https://localhost:$PORT" --proxy-cacert ca.pem \
        --proxytunnel "http://127.0.0.1:$WEB/server.ext"
    assert_output 'subjectAltName=DNS:localhost,IP:127.0.0.1'
    run vsap-connect -s "tls:127.0.0.1:$PORT" --ca=ca.pem 127.0.0.1 "$ECHO" < <(printf 'across\n')
    assert_output across
}

@test "a listener of TLS alone says so to the others" {
    ca
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0 tls
tls { certificate "server.pem" key "server.key" }
$all
EOF
    start_vsapd -f vsapd.conf
    run vsap_lines "$CONTROL" 'ECHO x'
    assert_line --partial '501 TLS is spoken here'
    refute_line --partial '] x'
    run tls < <(printf 'ECHO x\r\nQUIT\r\n')
    assert_line --partial '] x'
    run curl -sS --max-time 5 --socks5 "$CONTROL" http://127.0.0.1:1/
    assert_failure
}

@test "data pipelined behind RELAY arrives whole and in order, both ways, 5 MB" {
    gateway <<<"$all"
    echo_server
    head -c 5000000 /dev/urandom >data
    run bash -c "{ printf 'CONNECT 127.0.0.1:%s\r\nRELAY\r\n' $ECHO; cat data; } |
        timeout 60 socat -t 20 - OPENSSL:localhost:$PORT,cafile=ca.pem >back"
    assert_success
    # A line of VSAP, then what was sent.
    head -n 1 back | grep -q ' 240 '
    tail -n +2 back | cmp - data
    # The plain worker has nothing to do with it; the session is a stream of TLS.
    wait_log "$VSAPD_LOG" 'end: 5000000 bytes in, 5000000 out'
}

@test "published over TLS: each direction ends by itself" {
    gateway <<<"$all"
    start bind vsap-bind -s "tls:127.0.0.1:$PORT" --ca=ca.pem 127.0.0.1:0 \
        sh -c 'n=$(wc -c); echo "got $n"' </dev/null
    AT=$(wait_log bind.log 'listening on' | sed 's/.*listening on //; s/ .*//')
    head -c 300000 /dev/zero >zeros
    run timeout 20 nc.openbsd -N "${AT%:*}" "${AT##*:}" <zeros
    assert_output 'got 300000'
}

@test "client certificates in rules: by name and fingerprint, and only over TLS" {
    ca
    issue alice alice.ops.example.org 'extendedKeyUsage=clientAuth'
    issue bob bob.example.org 'extendedKeyUsage=clientAuth'
    print=SHA256:$(openssl x509 -in bob.pem -outform DER | sha256sum | cut -d' ' -f1)
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0 tls optional
tls { certificate "server.pem" key "server.key" client ca "ca.pem" }
permit certificate "*.ops.example.org" bind name:alice
permit fingerprint "$print" over tls bind name:bob
permit over tls bind name:tls
EOF
    start_vsapd -f vsapd.conf
    ask() { printf 'BIND name:alice\r\nBIND name:bob\r\nBIND name:tls\r\nQUIT\r\n'; }
    run tls -cert alice.pem -key alice.key < <(ask)
    assert_line --partial '210 1 name:alice'
    assert_line --partial '410 forbidden: no rule permits cert:alice.ops.example.org to bind name:bob (vsapd.conf: permit certificate "alice.ops.example.org" bind name:bob)'
    run tls -cert bob.pem -key bob.key < <(ask)
    assert_line --partial 'bind name:alice'
    assert_line --partial ' name:bob bound'
    run tls < <(ask)
    refute_line --partial 'name:alice bound'
    refute_line --partial 'name:bob bound'
    run vsap_lines "$CONTROL" 'BIND name:tls' QUIT
    assert_line --partial 410
    wait_log "$VSAPD_LOG" 'certificate "alice.ops.example.org" SHA256:'
    # One of another CA is refused by the handshake.
    self_signed m mallory.ops.example.org
    run tls -cert m.pem -key m.key < <(ask)
    refute_output --partial bound
}

@test "a certificate is somebody: what it binds is its own, and it may ask where that takes a login" {
    ca
    issue alice alice.ops.example.org 'extendedKeyUsage=clientAuth'
    issue bob bob.example.org 'extendedKeyUsage=clientAuth'
    issue odd 'odd name' 'extendedKeyUsage=clientAuth'
    print=$(openssl x509 -in odd.pem -outform DER | sha256sum | cut -d' ' -f1)
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0 tls optional
tls { certificate "server.pem" key "server.key" client ca "ca.pem" }
user ops password "$(vsapd -H <<<x | tail -n 1)"
authentication required
permit from * bind name:*
EOF
    chmod 600 vsapd.conf
    start_vsapd -f vsapd.conf
    hold() { printf 'BIND name:x\r\nSTAT\r\n'; exec tail -f /dev/null; }
    start alice timeout 60 openssl s_client -quiet -connect "$CONTROL" -CAfile ca.pem \
        -cert alice.pem -key alice.key < <(hold 3>&-)
    wait_log alice.log 'bound name:x by cert:alice.ops.example.org'
    run tls -cert bob.pem -key bob.key < <(printf 'BIND name:x\r\nBIND name:y\r\nSTAT\r\nQUIT\r\n')
    assert_line --partial '510'
    assert_line --partial 'bound name:y by cert:bob.example.org'
    refute_line --partial 'name:x by'
    run tls -cert odd.pem -key odd.key < <(printf 'STAT\r\nQUIT\r\n')
    assert_line --partial "you are cert:$print at"
    run tls < <(printf 'BIND name:z\r\nQUIT\r\n')
    assert_line --partial '410 forbidden: say AUTH'
}

@test "an upstream over TLS; a wrong certificate up there is said" {
    ca
    issue other other.example.org 'subjectAltName=DNS:other.example.org'
    cat >up.conf <<EOF
listen on 127.0.0.1:0 tls
tls { certificate "server.pem" key "server.key" }
$all
EOF
    VSAPD_NAME=up start_vsapd -f up.conf
    up=$CONTROL
    echo_server
    cat >hop.conf <<EOF
listen on 127.0.0.1:0
upstream tls:$up { ca "ca.pem" name "localhost" }
$all
EOF
    VSAPD_NAME=hop start_vsapd -f hop.conf
    run vsap-connect -s "$CONTROL" 127.0.0.1 "$ECHO" < <(printf 'two hops\n')
    assert_output 'two hops'
    sed -i 's/name "localhost"/name "wrong.example.org"/' hop.conf
    VSAPD_NAME=hop2 start_vsapd -f hop.conf
    run vsap_lines "$CONTROL" "CONNECT 127.0.0.1:$ECHO" QUIT
    assert_line --partial '540 upstream: '
    assert_line --regexp 'certificate|name'
}

@test "garbage at the handshake, and half of one, trouble nobody" {
    gateway <<<"$all
timeout hello 2 seconds"
    run bash -c "printf '\x16\x03\x01\x02\x00rubbish and more of it' | timeout 10 nc.openbsd -N 127.0.0.1 $PORT | wc -c"
    assert_success
    half() { printf '\x16\x03\x01\x02\x00\x01'; exec tail -f /dev/null; }
    start half nc.openbsd 127.0.0.1 "$PORT" < <(half 3>&-)
    run tls < <(printf 'ECHO fine\r\nQUIT\r\n')
    assert_line --partial '] fine'
    wait_log "$VSAPD_LOG" 'TLS: '
    assert_alive
}

@test "a TLS worker that dies takes its connections alone; another one takes its place" {
    gateway <<<"$all"
    session_open plain "$CONTROL"
    say plain 'ECHO before'
    hear plain | grep -q before
    for pid in $(pgrep -f -- '--tls-worker' -g 0 || pgrep -f -- '--tls-worker'); do
        grep -qz "VSAP_TEST_OF=$BATS_TEST_TMPDIR" "/proc/$pid/environ" 2>/dev/null || continue
        kill -KILL "$pid"
    done
    say plain 'ECHO after'
    hear plain | grep -q after
    again() { tls < <(printf 'ECHO again\r\nQUIT\r\n') | grep -q again; }
    wait_for 15 again
}
