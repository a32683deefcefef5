# -x: an HTTP proxy on the way to the gateway.

load lib/common

proxy() { # OPTION...: sets PROXY, its URL, and PROXY_LOG
    start "proxy${PROXY_N:=0}" perl "$ROOT/tests/tools/httpproxy.pl" "$@" \
        </dev/null
    PROXY_N=$((PROXY_N + 1))
    PROXY_LOG=$LOG
    PROXY_AT=$(listening_on "$LOG")
    PROXY=http://$PROXY_AT
}

echo_service() {
    start service socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr \
        EXEC:cat </dev/null
    wait_for 10 test -n "$(port_of_pid "$PID")"
    SERVICE=127.0.0.1:$(port_of_pid "$PID")
}

port_of_pid() {
    local _

    for _ in 1 2 3 4 5 6 7 8 9 10; do
        ss -Htlnp | sed -n "s/.*127\.0\.0\.1:\([0-9]*\) .*pid=$1,.*/\1/p" |
            grep . && return
        read -rt 0.1 <> <(:) || :
    done
}

# ---- what goes through ---------------------------------------------------

@test "through a proxy: both ways, to both ends" {
    proxy
    start_vsapd
    echo_service
    run vsap-connect -x "$PROXY" -s "$CONTROL" "$SERVICE" <<<hello
    assert_success
    assert_output hello
    wait_log "$PROXY_LOG" "^CONNECT $CONTROL HTTP/1.1$"
    wait_log "$PROXY_LOG" "^Host: $CONTROL$"
    run grep -c Proxy-Authorization "$PROXY_LOG"
    assert_output 0
    head -c 4M /dev/urandom >big
    vsap-connect -x "$PROXY/" -s "$CONTROL" "$SERVICE" <big >back
    cmp big back
}

@test "the gateway's name is the proxy's to resolve" {
    proxy
    run vsap-connect -x "$PROXY" -s no.such.name.invalid:77 h:1 </dev/null
    assert_failure 111
    wait_log "$PROXY_LOG" '^CONNECT no.such.name.invalid:77 HTTP'
    assert_output --partial "no.such.name.invalid:77: proxy $PROXY_AT: "
    assert_output --partial '502 Bad Gateway (it does not reach the gateway)'
    run vsap-connect -x "$PROXY" -s '[::1]' h:1 </dev/null
    wait_log "$PROXY_LOG" '^CONNECT \[::1\]:8706 HTTP'
}

@test "VSAP_PROXY is the default of -x" {
    proxy
    start_vsapd
    echo_service
    VSAP_PROXY=$PROXY run vsap-connect -s "$CONTROL" "$SERVICE" <<<hello
    assert_output hello
    wait_log "$PROXY_LOG" "^connected $CONTROL$"
    VSAP_PROXY=http://127.0.0.1:1 run vsap-connect -x "$PROXY" -s "$CONTROL" \
        "$SERVICE" <<<hello
    assert_output hello
    # not on the way to a UNIX-domain socket
    VSAP_PROXY=http://127.0.0.1:1 run vsap-connect -s "$CONTROL_UNIX" \
        "$SERVICE" <<<hello
    assert_output hello
    VSAP_PROXY=gopher://x run vsap-connect -s "$CONTROL" h:1 </dev/null
    assert_failure 100
    assert_output --partial 'VSAP_PROXY: proxy: not a URL of HTTP'
}

@test "vsap-bind publishes through a proxy" {
    proxy auth=anna:secret
    start_vsapd
    VSAP_PROXY=http://anna:secret@$PROXY_AT start bind vsap-bind \
        -s "$CONTROL" 127.0.0.1:0 sh -c 'echo "proxy $VSAP_PROXY auth \
$VSAP_PROXY_AUTH"; cat' </dev/null
    at=$(listening_on "$LOG")
    run nc_to "$at" -N <<<hello
    assert_output "proxy $PROXY auth 
hello"
    VSAP_PROXY_AUTH=anna:secret start bind2 vsap-bind -x "$PROXY" \
        -s "$CONTROL" 127.0.0.1:0 sh -c 'echo "auth $VSAP_PROXY_AUTH"' \
        </dev/null
    at=$(listening_on "$LOG")
    run nc_to "$at" -N </dev/null
    assert_output 'auth '
}

@test "not a byte behind the proxy's answer is lost, however it comes" {
    start fake perl "$ROOT/tests/tools/fakegw.pl" </dev/null
    fake=$(listening_on "$LOG")
    # what the gateway said at once, in one segment with the proxy's answer
    for how in '' pieces; do
        proxy $how answer='HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200\r\nX: y\r\n\r\nVSAP/0.1 240 1 a:1 b:2 connected.\r\nhello'
        run timeout 20 vsap-connect -x "$PROXY" -s "$fake" h:1 </dev/null
        assert_output hello
    done
}

@test "a proxy that says more than it should is no way to confuse us" {
    start fake perl "$ROOT/tests/tools/fakegw.pl" </dev/null
    fake=$(listening_on "$LOG")
    proxy answer='HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nVSAP/0.1 240 1 a:1 b:2 connected.\r\nhello'
    run timeout 20 vsap-connect -x "$PROXY" -s "$fake" h:1 </dev/null
    assert_output hello
}

# ---- credentials ---------------------------------------------------------

@test "credentials for the proxy: in the URL, in the environment" {
    proxy auth='an%na:se@c:ret'
    start_vsapd
    echo_service
    run vsap-connect -x "http://an%25na:se%40c%3aret@$PROXY_AT" -s "$CONTROL" \
        "$SERVICE" <<<hello
    assert_output hello
    VSAP_PROXY_AUTH='an%na:se@c:ret' run vsap-connect -x "$PROXY" \
        -s "$CONTROL" "$SERVICE" <<<hello
    assert_output hello
    VSAP_PROXY_AUTH='an%na:se@c:ret' run vsap-connect -v \
        -x "http://other:one@$PROXY_AT" -s "$CONTROL" "$SERVICE" <<<hello
    assert_line hello
    refute_output --partial 'ret'
}

@test "407: what is missing, and where it goes; 100" {
    proxy auth=anna:secret
    run vsap-connect -x "$PROXY" -s gw:1 h:1 </dev/null
    assert_failure 100
    assert_output --partial "proxy $PROXY_AT: gw:1: 407 Proxy Authentication"
    assert_output --partial 'VSAP_PROXY_AUTH=user:password'
    VSAP_PROXY_AUTH=anna:wrong run vsap-connect -x "$PROXY" -s gw:1 h:1 \
        </dev/null
    assert_failure 100
    assert_output --partial '407'
    assert_output --partial 'refuses the credentials'
    refute_output --partial wrong
    run timeout 20 vsap-bind -x "$PROXY" -s gw:1 :1 </dev/null
    assert_failure 100
    assert_output --partial '407'
}

@test "the proxy's password is neither in argv nor in the environment" {
    proxy answer=
    VSAP_PROXY_AUTH=a:secret1 vsap-connect \
        -x "http://anna:secret2@$PROXY_AT" -s gw:1 h:1 </dev/null 3>&- &
    pid=$!
    STARTED+=("$pid")
    wait_log "$PROXY_LOG" '^CONNECT'
    run grep -a secret "/proc/$pid/environ" "/proc/$pid/cmdline"
    assert_failure 1
    grep -aq "@$PROXY_AT" "/proc/$pid/cmdline"
    VSAP_PROXY=http://anna:secret3@$PROXY_AT vsap-connect -s gw:2 h:1 \
        </dev/null 3>&- &
    pid=$!
    STARTED+=("$pid")
    wait_log "$PROXY_LOG" '^CONNECT gw:2'
    run bash -c "tr '\\0' '\\n' </proc/$pid/environ | grep -a '^VSAP_PROXY_AUTH'"
    assert_failure 1
}

@test "a proxy on loopback does not make a far gateway a near one" {
    proxy
    start fake perl "$ROOT/tests/tools/fakegw.pl" 'AUTH=410 forbidden' \
        </dev/null
    fake=$(listening_on "$LOG")
    VSAP_AUTH=anna:secret run vsap-connect -x "$PROXY" -s "$fake" h:1 </dev/null
    assert_failure 100
    assert_output --partial 'SCRAM-SHA-256 refused: 410 forbidden'
    assert_output --partial 'VSAP_AUTH_CLEARTEXT=yes'
    wait_log "$LOG" '^1 AUTH SCRAM-SHA-256 [A-Za-z0-9+/=]+$'
    run grep secret "$LOG"
    assert_failure 1
    VSAP_AUTH_CLEARTEXT=yes VSAP_AUTH=anna:secret run vsap-connect \
        -x "$PROXY" -s "$fake" h:1 </dev/null
    wait_log "$LOG" '^2 AUTH anna:secret$'
}

# ---- what it says when it cannot -----------------------------------------

@test "each refusal is told with what to do about it" {
    while IFS='|' read -r code reason want says; do
        proxy answer="HTTP/1.1 $code $reason\\r\\nContent-Length: 0\\r\\n\\r\\n"
        run timeout 20 vsap-connect -x "$PROXY" -s gw:1 h:1 </dev/null
        assert_equal "$code $status" "$code $want"
        assert_output --partial "gw:1: proxy $PROXY_AT: gw:1: $code $reason"
        assert_output --partial "$says"
    done <<'END'
403|Forbidden|100|does not permit CONNECT to this port
400|Bad Request|100|is it a proxy that knows CONNECT?
404|Not Found|100|is it a proxy that knows CONNECT?
405|No|100|is it a proxy that knows CONNECT?
301|Moved|100|is it a proxy that knows CONNECT?
429|Slowly|111|it has too much to do
501|Unknown|100|is it a proxy that knows CONNECT?
502|Bad Gateway|111|does not reach the gateway
503|Busy|111|does not reach the gateway, or has too much to do
504|Late|111|does not reach the gateway
END
}

@test "a proxy that is none, has no end, leaves or says nothing" {
    proxy answer='220 mail ready\r\n'
    run timeout 20 vsap-connect -x "$PROXY" -s gw:1 h:1 </dev/null
    assert_failure 100
    assert_output --partial 'not one of an HTTP proxy'
    proxy answer='HTTP/1.0 200 OK\0\r\n\r\n'
    run timeout 20 vsap-connect -x "$PROXY" -s gw:1 h:1 </dev/null
    assert_failure 100
    assert_output --partial 'not one of an HTTP proxy'
    proxy answer='HTTP/1.1 403 x\r\nA: x{9000}'
    run timeout 20 vsap-connect -x "$PROXY" -s gw:1 h:1 </dev/null
    assert_failure 100
    assert_output --partial 'no end'
    proxy close
    run timeout 20 vsap-connect -x "$PROXY" -s gw:1 h:1 </dev/null
    assert_failure 111
    assert_output --partial "proxy $PROXY_AT: closed without an answer"
    proxy answer='HTTP/1.0 200 OK\r\n'
    SECONDS=0
    run timeout 20 vsap-connect -w 1 -x "$PROXY" -s gw:1 h:1 </dev/null
    assert_failure 111
    assert_output --partial 'no answer to CONNECT in time'
    [ "$SECONDS" -lt 10 ]
    run timeout 20 vsap-connect -x http://127.0.0.1:1 -s gw:1 h:1 </dev/null
    assert_failure 111
    assert_output --partial 'gw:1: proxy 127.0.0.1:1: Connection refused'
    refute_output --partial 'is vsapd running'
}

@test "the proxy's words cannot drive the terminal" {
    proxy answer='HTTP/1.1 403 \x{9b}2Jcleared\r\n\r\n'
    run timeout 20 vsap-connect -x "$PROXY" -s gw:1 h:1 </dev/null
    assert_failure 100
    assert_output --partial 'cleared'
    refute_output --partial $'\x9b'
}

@test "mistakes of -x are named; 100" {
    for url in '' proxy:3128 https://p:3128 http://p http://p:0 http://:3128 \
        http://p:x http://p:1/x http://@p:1 http://u@p:1 http://:x@p:1 \
        http://u:%0a@p:1 http://u:%zz@p:1 http://u:%4@p:1; do
        for p in vsap-connect vsap-bind; do
            run "$p" -x "$url" -s gw:1 h:1 </dev/null
            assert_equal "$p $url $status" "$p $url 100"
            assert_output --partial "$p: proxy"
        done
    done
    run vsap-connect -x http://p:1 -s /run/x.sock h:1
    assert_failure 100
    assert_output --partial 'no proxy leads to a UNIX-domain socket'
    run vsap-bind -x http://p:1 -s /run/x.sock :1
    assert_failure 100
    assert_output --partial 'no proxy leads to a UNIX-domain socket'
    VSAP_PROXY_AUTH=nocolon run vsap-connect -x http://p:1 -s gw:1 h:1
    assert_failure 100
    assert_output --partial 'VSAP_PROXY_AUTH: not of the form user:password'
    refute_output --partial nocolon
}
