#!/usr/bin/env bats
# What a gateway says where something is odd: the wrong language, a limit, a
# right that a reload took away, a file that is none.

load lib/common
load lib/tls

# A gateway by a configuration on standard input.
conf() {
    cat >vsapd.conf
    chmod 600 vsapd.conf
    start_vsapd -f vsapd.conf
}

# What comes back, to the end, for the bytes of a printf format.
raw() { # AT FORMAT
    # shellcheck disable=SC2059 # it is a format
    run timeout 10 socat -t 5 - "TCP:$1" < <(printf "$2")
}

socks() { run timeout 20 perl "$ROOT/tests/tools/socks.pl" "$@"; }

xs() { head -c "$1" /dev/zero | tr '\0' x; }

# ---- the wrong language -----------------------------------------------------

@test "a listener that speaks something else says so in the language it hears" {
    local at only_vsap no_vsap only_tls
    self_signed server localhost
    conf <<'EOF'
listen on 127.0.0.1:0 protocols { vsap }
listen on 127.0.0.1:0 protocols { http, socks5 }
listen on 127.0.0.1:0 tls
tls { certificate "server.pem" key "server.key" }
permit from local { bind, connect, forward, stat } any
EOF
    only_vsap=$(listening_on "$VSAPD_LOG" 1)
    no_vsap=$(listening_on "$VSAPD_LOG" 2)
    only_tls=$(listening_on "$VSAPD_LOG" 3)
    for at in "$only_vsap" "$only_tls"; do
        raw "$at" 'CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\nECHO x\r\n'
        assert_line --regexp '^HTTP/1.1 403 '
        assert_equal "$(grep -c 'HTTP/1.1' <<<"$output")" 1
        refute_output --partial '] x'
        socks "$at" hex=050100 recv=2 closed
        assert_output "05ff
closed"
        socks "$at" hex=0401000100000001626300 reply4 closed
        assert_line --regexp '^reply 91 '
        assert_line closed
    done
    socks "$no_vsap" hex=04 reply4 closed
    assert_line --regexp '^reply 91 '
    run vsap_lines "$no_vsap" 'ECHO x' 'ECHO y'
    assert_output 'VSAP/0.1 501 spoken here: SOCKS 5, HTTP'
    raw "$only_vsap" 'GET / HTTP/1.1\r\n\r\n'
    assert_line --partial 'spoken here: VSAP'
    raw "$only_tls" 'GET / HTTP/1.1\r\n\r\n'
    assert_line --partial 'TLS is spoken here'
    # One line for each of these ten, and no other.
    wait_log "$VSAPD_LOG" 's1: 127.0.0.1:[0-9]*: speaks HTTP, which this listener does not$'
    wait_log "$VSAPD_LOG" ': speaks SOCKS 4 where TLS is wanted$'
    wait_log "$VSAPD_LOG" 's10: '
    assert_equal "$(log_count "$VSAPD_LOG" ' s[0-9]+: ')" 10
}

@test "a target that no line of VSAP has room for is one of HTTP: 414" {
    start_vsapd
    raw "$CONTROL" "CONNECT $(xs 9000):1 HTTP/1.1\r\n\r\n"
    assert_line --regexp '^HTTP/1.1 414 '
    # What is too long and not of HTTP is VSAP's to refuse.
    run vsap_lines "$CONTROL" "BIND $(xs 9000)"
    assert_line --regexp '^VSAP/0.1 501 '
    run vsap_lines "$CONTROL" "CONNECT $(xs 1000)"
    assert_line --regexp '^VSAP/0.1 540 '
}

# ---- what the log says of refusals ------------------------------------------

# The one line of the Nth session; fails where it has more, or none.
line_of() { # N PATTERN
    wait_log "$VSAPD_LOG" " s$1: .*$2" || return 1
    [ "$(log_count "$VSAPD_LOG" " s$1: ")" = 1 ] || {
        grep " s$1: " "$VSAPD_LOG"
        return 1
    }
}

@test "what is refused is one line in the log, whatever it was asked in" {
    conf <<EOF
listen on 127.0.0.1:0
user ops password "$(vsapd -H <<<geheim | head -n 1)"
permit user ops connect any
permit connect localhost:1
limit logins per user 3
EOF
    socks "$CONTROL" hello=00 connect=127.0.0.1:9
    line_of 1 '127.0.0.1:[0-9]*: connect to 127.0.0.1:9: no rule permits it$'
    socks "$CONTROL" connect4=127.0.0.1:9
    line_of 2 'no rule permits it$'
    raw "$CONTROL" 'CONNECT 127.0.0.1:9 HTTP/1.1\r\n\r\n'
    assert_line --regexp '^HTTP/1.1 407 '
    line_of 3 'no rule permits it$'
    socks "$CONTROL" hello=00 connect=localhost:1
    assert_line --regexp '^reply 5 '
    line_of 4 'connect localhost:1: Connection refused$'
    raw "$CONTROL" 'CONNECT localhost:1 HTTP/1.1\r\n\r\n'
    assert_line --regexp '^HTTP/1.1 502 '
    line_of 5 'connect localhost:1: Connection refused$'
    raw "$CONTROL" 'GET / HTTP/1.1\r\n\r\n'
    line_of 6 'HTTP 405: '
    socks "$CONTROL" hello=00 udp=127.0.0.1:1
    line_of 7 'SOCKS 5: UDP is not served here$'
    # Wrong passwords, by three protocols and for three users.
    socks "$CONTROL" hello=02 login=$'you\e':wrong closed
    assert_line 'login 1'
    line_of 8 'AUTH refused: user you\\\^\[: wrong user or password$'
    raw "$CONTROL" "CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Basic $(printf he:wrong | base64)\r\n\r\n"
    assert_line --regexp '^HTTP/1.1 407 '
    line_of 9 'AUTH refused: user he: wrong user or password$'
    run vsap_lines "$CONTROL" 'AUTH she:wrong'
    line_of 10 'AUTH refused: user she: wrong user or password$'
    # What is not even checked.
    run vsap_lines "$CONTROL" 'AUTH she:wrong' 'AUTH she:wrong'
    run vsap_lines "$CONTROL" 'AUTH she:wrong'
    line_of 12 'AUTH refused: user she: too many wrong passwords: try again in [0-9]+ s$'
    run vsap_lines "$CONTROL" "AUTH $(xs 65):wrong"
    line_of 13 "AUTH refused: user $(xs 64): write user:password$"
}

@test "where a login is demanded, requests before it are one line each" {
    conf <<EOF
listen on 127.0.0.1:0
user ops password "$(vsapd -H <<<geheim | head -n 1)"
authentication required
permit connect any
EOF
    run vsap_lines "$CONTROL" 'CONNECT 127.0.0.1:9'
    assert_line --partial 'say AUTH'
    line_of 1 '127.0.0.1:[0-9]*: CONNECT: not logged in$'
    raw "$CONTROL" 'CONNECT 127.0.0.1:9 HTTP/1.1\r\n\r\n'
    assert_line --regexp '^HTTP/1.1 407 '
    line_of 2 'CONNECT: not logged in$'
    socks "$CONTROL" connect4=127.0.0.1:9
    line_of 3 'CONNECT: not logged in$'
    socks "$CONTROL" hello=00 closed
    line_of 4 'SOCKS 5: no method that is taken here$'
}

@test "too many SCRAM attempts are one line in the log each, with the user" {
    conf <<EOF
listen on 127.0.0.1:0
user ops password "$(vsapd -H <<<geheim | sed -n 2p)"
permit user ops connect any
limit logins per user 1
EOF
    scram() { vsap_lines "$CONTROL" "AUTH SCRAM-SHA-256 $(printf 'n,,n=ops,r=abc' | base64)"; }
    run scram
    assert_line --partial ' 330 '
    run scram
    assert_line --partial 'limit logins per user 1'
    line_of 2 'AUTH refused: user ops: too many: limit logins per user 1 '
    run vsap_lines "$CONTROL" 'AUTH SCRAM-SHA-256 ====' 'AUTH SCRAM-SHA-256 eHg='
    wait_log "$VSAPD_LOG" ' s3: .*AUTH refused: malformed'
    assert_equal "$(log_count "$VSAPD_LOG" ' s3: .*AUTH refused')" 2
}

@test "through a chain a refusal is one line here, too" {
    start_vsapd -c '*:2'
    local up=$CONTROL
    VSAPD_NAME=hop start_vsapd -l 127.0.0.1:0 -r "$up"
    socks "$CONTROL" hello=00 connect=127.0.0.1:9
    line_of 1 'upstream: forbidden: no rule permits '
    raw "$CONTROL" 'CONNECT 127.0.0.1:9 HTTP/1.1\r\n\r\n'
    line_of 2 'upstream: forbidden: no rule permits '
    run vsap_lines "$CONTROL" 'CONNECT 127.0.0.1:99999'
    line_of 3 'cannot connect 127.0.0.1:99999: '
}

# ---- the process id ---------------------------------------------------------

@test "after its end no process id stands in the lock file, also where it could not start" {
    start_vsapd
    assert_equal "$(cat "$VSAPD_DIR/vsapd.lock")" "$VSAPD_PID"
    kill "$VSAPD_PID"
    wait_for 10 is_gone "$VSAPD_PID"
    assert [ -e "$VSAPD_DIR/vsapd.lock" ]
    assert_equal "$(cat "$VSAPD_DIR/vsapd.lock")" ''
    run ! kill -HUP "$(cat "$VSAPD_DIR/vsapd.lock")"
    run vsapd -R "$VSAPD_DIR" -l 127.0.0.1:0 -l "$PWD/nowhere/x.sock"
    assert_failure
    assert_equal "$(cat "$VSAPD_DIR/vsapd.lock")" ''
    # It is that of the one who runs, whoever else tries.
    start_vsapd
    run vsapd -R "$VSAPD_DIR" -l 127.0.0.1:0
    assert_failure
    assert_output --partial 'another vsapd runs here'
    assert_equal "$(cat "$VSAPD_DIR/vsapd.lock")" "$VSAPD_PID"
}

# ---- PROXY headers ----------------------------------------------------------

@test "a malformed PROXY header is called malformed, and none none" {
    conf <<'EOF'
listen on 127.0.0.1:0 proxy from 127.0.0.1
permit connect any
EOF
    raw "$CONTROL" 'PROXY TCP4 10.0.0.256 10.0.0.1 1 2\r\nECHO x\r\n'
    refute_output --partial '] x'
    line_of 1 'a malformed PROXY header: closed$'
    raw "$CONTROL" '\r\n\r\n\0\r\nQUIT\n\x51\x11\0\0'
    line_of 2 'a malformed PROXY header: closed$'
    raw "$CONTROL" 'PROXYECHO x\r\n'
    line_of 3 'no PROXY header, which this listener wants: closed$'
    raw "$CONTROL" 'PROXY TCP4'
    line_of 4 'a PROXY header without end: closed$'
}

# ---- files that are none ----------------------------------------------------

@test "a pipe is a configuration if somebody writes it, and nobody is waited for" {
    mkfifo pipe
    run timeout 5 vsapd -n -f pipe
    assert_failure 1
    assert_output --partial '/pipe: a pipe to which nobody writes'
    echo 'include "pipe"' >conf
    run timeout 5 vsapd -n -f conf
    assert_failure 1
    assert_output --partial '/pipe: a pipe to which nobody writes'
    run timeout 5 ircd-lite -n -f pipe
    assert_failure 1
    assert_output --partial 'pipe: a pipe to which nobody writes'
    # Whoever writes may take his time.
    local wait='read -rt 0.3 <> <(:) || :; echo "permit from local stat"'
    run timeout 5 vsapd -n -f /dev/stdin < <(eval "$wait")
    assert_output --partial '/dev/stdin: fine: 1 rule, '
    run timeout 5 vsapd -n -f <(eval "$wait")
    assert_output --partial 'fine: 1 rule, '
    run timeout 5 vsapd -n -f /dev/stdin <<<'permit from local stat'
    assert_output --partial 'fine: 1 rule, '
}

# ---- listeners --------------------------------------------------------------

@test "the log says of each listener what is not everybody's, and when that changes" {
    local port
    port=$(free_port)
    self_signed server localhost
    rest='tls { certificate "server.pem" key "server.key" }
permit from local all'
    conf <<EOF
listen on 127.0.0.1:0
listen on 127.0.0.1:0 tls
listen on 127.0.0.1:0 tls optional proxy from 127.0.0.1
listen on 127.0.0.1:0 tls metrics
listen on $PWD/run/proxy.sock proxy
listen on 127.0.0.1:$port protocols { http }
$rest
EOF
    run sed -n 's/.*listening on [^ ]*\(.*\)/<\1>/p' "$VSAPD_LOG"
    assert_output '<>
< (tls)>
< (tls optional, proxy)>
< (tls, metrics)>
< (proxy)>
<>'
    # Nothing is said of those that are as they were.
    grep -v :0 vsapd.conf | sed "s/\(:$port\).*/\1 tls/" >new
    cp new vsapd.conf
    kill -HUP "$VSAPD_PID"
    wait_log "$VSAPD_LOG" 'read again'
    wait_log "$VSAPD_LOG" "listening on 127.0.0.1:$port \\(tls\\)$"
    assert_equal "$(log_count "$VSAPD_LOG" ' listening on .*proxy.sock')" 1
    assert_equal "$(log_count "$VSAPD_LOG" " listening on 127.0.0.1:$port")" 2
}
