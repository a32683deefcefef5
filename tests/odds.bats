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
