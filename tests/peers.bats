#!/usr/bin/env bats
# One port, and the programs that people have: ssh with nc, proxychains4,
# curl, git, openssl as clients; HAProxy in front of it and behind it.

load lib/common
load lib/tls

export BATS_TEST_TIMEOUT=120

conf() {
    cat >vsapd.conf
    chmod 600 vsapd.conf
    start_vsapd -f vsapd.conf
    PORT=${CONTROL##*:}
}

# The web: answers "yes".  Sets WEB.
web() {
    echo yes >yes
    start web python3 -m http.server --bind 127.0.0.1 0 </dev/null
    WEB=$(wait_log web.log 'port [0-9]+' | sed 's/.*port \([0-9]*\).*/\1/')
}

hash_of() { vsapd -H <<<"$1" | head -n 1; }

# HAProxy with a configuration on standard input, below the usual.
haproxy_on() { # NAME PORT
    need haproxy
    {
        printf 'global\n\tmaxconn 100\ndefaults\n\tmode tcp\n'
        printf '\ttimeout connect 10s\n\ttimeout client 20s\n'
        printf '\ttimeout server 20s\n'
        cat
    } >"$1.cfg"
    start "$1" haproxy -db -f "$1.cfg" </dev/null
    wait_listen "127.0.0.1:$2" || {
        cat "$LOG"
        return 1
    }
}

# ---- clients ---------------------------------------------------------------

@test "ssh by ProxyCommand nc: SOCKS 5, SOCKS 4, HTTP CONNECT; a command, megabytes" {
    start_sshd
    conf <<EOF
listen on 127.0.0.1:0
permit connect 127.0.0.1:$SSHD_PORT
EOF
    head -c 3000000 /dev/urandom >big
    for how in 5 4 connect; do
        run timeout 60 "${SSH[@]}" -p "$SSHD_PORT" \
            -o ProxyCommand="nc.openbsd -X $how -x $CONTROL %h %p" \
            127.0.0.1 echo "reached by $how"
        assert_success
        assert_output "reached by $how"
    done
    timeout 60 "${SSH[@]}" -p "$SSHD_PORT" \
        -o ProxyCommand="nc.openbsd -X 5 -x $CONTROL %h %p" \
        127.0.0.1 cat <big | cmp - big
    # Another port is not permitted, and the log says so.
    run timeout 60 "${SSH[@]}" -p 1 \
        -o ProxyCommand="nc.openbsd -X 5 -x $CONTROL %h %p" 127.0.0.1 true
    assert_failure
    wait_log "$VSAPD_LOG" 'connect to 127\.0\.0\.1:1: no rule permits it'
}

@test "proxychains4: curl by SOCKS 4, 5 and HTTP, with a password, two gateways in a row" {
    peer proxychains4
    web
    conf <<EOF
listen on 127.0.0.1:0
user ops password "$(hash_of geheim)"
permit user ops connect 127.0.0.1:$WEB
permit connect 127.0.0.1:$WEB
EOF
    local first=$PORT hop
    cat >second.conf <<EOF
listen on 127.0.0.1:0
permit from local connect 127.0.0.1:$first
EOF
    VSAPD_NAME=second start_vsapd -f second.conf
    chain() { # PROXY...
        printf '%s\n' strict_chain 'tcp_read_time_out 10000' \
            'tcp_connect_time_out 8000' '[ProxyList]' "$@" >chain.conf
        run timeout 30 proxychains4 -q -f chain.conf \
            curl -sS --max-time 10 "http://127.0.0.1:$WEB/yes"
    }
    for hop in socks4 socks5 http; do
        chain "$hop 127.0.0.1 $first"
        assert_success
        assert_output yes
    done
    for hop in socks5 http; do
        chain "$hop 127.0.0.1 $first ops geheim"
        assert_output yes
        chain "$hop 127.0.0.1 $first nobody falsch"
        refute_output yes
    done
    assert_equal "$(log_count vsapd.log 'is user:ops')" 2
    chain "socks5 127.0.0.1 ${CONTROL##*:}" "http 127.0.0.1 $first"
    assert_output yes
}

@test "curl through an https proxy: with credentials, with wrong ones, with none" {
    make_ca ca
    make_cert ca localhost localhost 127.0.0.1
    web
    conf <<EOF
listen on 127.0.0.1:0 tls optional
tls { certificate "localhost.pem" key "localhost.key" }
user ops password "$(hash_of geheim)"
permit user ops over tls connect 127.0.0.1:$WEB
EOF
    by() { # CREDENTIALS [ARG...]
        local who=$1

        shift
        run curl -sS --max-time 10 --proxytunnel --proxy-cacert ca.pem \
            --proxy "https://${who:+$who@}localhost:$PORT" \
            -w '%{http_connect}' "$@" "http://127.0.0.1:$WEB/yes"
    }
    by ops:geheim
    assert_success
    assert_output "$(printf 'yes\n200')"
    by ''
    assert_failure 56
    assert_line --partial 407
    by nobody:falsch
    assert_failure 56
    # A certificate of nobody's: curl leaves, and nobody else notices.
    make_ca other
    by ops:geheim --proxy-cacert other.pem
    assert_failure 60
    # The right password in clear is that of a user too, but TLS is wanted.
    run curl -sS --max-time 10 --proxytunnel -w '%{http_connect}' \
        --proxy "http://ops:geheim@127.0.0.1:$PORT" "http://127.0.0.1:$WEB/yes"
    assert_failure 56
    assert_line --partial 403
    by ops:geheim
    assert_success
}

@test "openssl s_client: -proxy through the gateway, and SOCKS 5 inside of TLS" {
    make_ca ca
    make_cert ca localhost localhost 127.0.0.1
    web
    local far
    far=$(free_port)
    start server openssl s_server -accept "127.0.0.1:$far" \
        -cert localhost.pem -key localhost.key -rev </dev/null
    wait_listen "127.0.0.1:$far"
    conf <<EOF
listen on 127.0.0.1:0 tls optional
tls { certificate "localhost.pem" key "localhost.key" }
user ops password "$(hash_of geheim)"
permit user ops connect localhost:$far
permit over tls connect 127.0.0.1:$WEB
EOF
    through() { # [ARG...]
        run timeout 20 openssl s_client -CAfile ca.pem -verify_return_error \
            -servername localhost -ign_eof -quiet \
            -proxy "$CONTROL" -connect "localhost:$far" "$@" \
            < <(printf 'across\nCLOSE\n')
    }
    through -proxy_user ops -proxy_pass pass:geheim
    assert_line ssorca
    through
    refute_output --partial ssorca
    assert_output --partial 407
    # Hello, request and the stream behind them in one record.
    {
        printf '\5\1\0\5\1\0\1\177\0\0\1'
        perl -e 'print pack "n", shift' "$WEB"
        printf 'GET /yes HTTP/1.0\r\n\r\n'
    } >said
    run bash -c "timeout 20 openssl s_client -quiet -ign_eof -CAfile ca.pem \
        -verify_return_error -connect $CONTROL <said 2>/dev/null | tr -d '\\0'"
    assert_line yes
}

@test "git clones by SOCKS 5 with names; its GET through a proxy of HTTP is told what is spoken" {
    need git
    export GIT_TERMINAL_PROMPT=0 HOME=$PWD no_proxy='' NO_PROXY=''
    git init -q --bare repo.git
    git init -q work
    echo content >work/file
    git -C work add file
    git -C work -c user.name=a -c user.email=a@example.org commit -qm first
    git -C work push -q ../repo.git HEAD:refs/heads/master
    git -C repo.git symbolic-ref HEAD refs/heads/master
    git -C repo.git update-server-info
    web
    conf <<EOF
listen on 127.0.0.1:0
user ops password "$(hash_of geheim)"
permit user ops connect localhost:$WEB
EOF
    timeout 30 git -c http.proxy="socks5h://ops:geheim@$CONTROL" \
        clone -q "http://localhost:$WEB/repo.git" by-socks
    assert_equal "$(cat by-socks/file)" content
    wait_log "$VSAPD_LOG" "relay .* localhost:$WEB"
    # git tunnels what is https alone, others it asks the proxy for.
    run timeout 30 git -c http.proxy="http://ops:geheim@$CONTROL" \
        ls-remote "http://localhost:$WEB/repo.git"
    assert_failure
    assert_output --partial 405
    run timeout 30 git -c http.proxy="socks5h://$CONTROL" \
        clone -q "http://localhost:$WEB/repo.git" not
    assert_failure
    assert [ ! -e not/file ]
}

# ---- HAProxy -----------------------------------------------------------------

@test "HAProxy in front, send-proxy and send-proxy-v2: log and rules have the client's address" {
    web
    conf <<EOF
listen on 127.0.0.1:0 proxy from 127.0.0.1
admit from *
permit from 127.0.0.2 connect 127.0.0.1:$WEB
permit from 127.0.0.2 bind name:*
EOF
    local one two v
    one=$(free_port)
    two=$(free_port)
    haproxy_on front "$one" <<EOF
frontend one
	bind 127.0.0.1:$one
	default_backend v1
frontend two
	bind 127.0.0.1:$two
	default_backend v2
backend v1
	server gw $CONTROL send-proxy
backend v2
	server gw $CONTROL send-proxy-v2
EOF
    wait_listen "127.0.0.1:$two"
    for v in "$one" "$two"; do
        run curl -sS --max-time 10 --interface 127.0.0.2 \
            --socks5 "127.0.0.1:$v" "http://127.0.0.1:$WEB/yes"
        assert_output yes
        run curl -sS --max-time 10 --interface 127.0.0.3 \
            --socks5 "127.0.0.1:$v" "http://127.0.0.1:$WEB/yes"
        assert_failure
        run timeout 20 nc.openbsd -N -s 127.0.0.2 127.0.0.1 "$v" \
            < <(printf 'BIND name:x\r\nQUIT\r\n')
        assert_line --partial '210 1 name:x bound'
        assert_equal "$(log_count "$VSAPD_LOG" \
            '127\.0\.0\.3:[0-9]+: connect .*: no rule permits it')" \
            $((v == one ? 1 : 2))
    done
    # Who comes by himself is not believed.
    run timeout 20 nc.openbsd -N -s 127.0.0.9 127.0.0.1 "$PORT" < <(
        printf 'PROXY TCP4 127.0.0.2 127.0.0.1 1 2\r\nBIND name:x\r\nQUIT\r\n')
    refute_output --partial bound
    wait_log "$VSAPD_LOG" '127\.0\.0\.9:[0-9]+: not one of those'
}

@test "HAProxy checks a gateway's health, and sends who comes meanwhile" {
    conf <<EOF
listen on 127.0.0.1:0 proxy from 127.0.0.1
listen on 127.0.0.1:0
permit from local stat
EOF
    local p stats
    p=$(free_port)
    stats=$(listening_on "$VSAPD_LOG" 2)
    haproxy_on front "$p" <<EOF
frontend one
	bind 127.0.0.1:$p
	default_backend v2
backend v2
	server gw $CONTROL send-proxy-v2 check check-send-proxy inter 50ms
EOF
    checked() {
        vsap_lines "$stats" STAT QUIT |
            grep -qE 'since start: sessions [0-9]{2,}'
    }
    wait_for 20 checked
    assert_equal "$(log_count "$LOG" 'is DOWN')" 0
    run timeout 20 nc.openbsd -N 127.0.0.1 "$p" \
        < <(printf 'ECHO x\r\nQUIT\r\n')
    assert_line --partial '] x'
}

@test "HAProxy behind it: send proxy v1 and v2 tell it the client, by CONNECT and FORWARD" {
    local one two v at how
    one=$(free_port)
    two=$(free_port)
    haproxy_on behind "$one" <<EOF
frontend all
	mode http
	bind 127.0.0.1:$one accept-proxy
	bind 127.0.0.1:$two accept-proxy
	http-request return status 200 content-type text/plain lf-string "%[src] %[dst_port]"
EOF
    wait_listen "127.0.0.1:$two"
    conf <<EOF
listen on 127.0.0.1:0
permit from local connect 127.0.0.1:$one send proxy v1
permit from local connect 127.0.0.1:$two send proxy v2
permit from local forward 127.0.0.1:$one send proxy v1
permit from local forward 127.0.0.1:$two send proxy v2
permit from local bind 127.0.0.1:*
EOF
    for v in "$one" "$two"; do
        for how in --socks5 --socks4 '--proxytunnel --proxy'; do
            # shellcheck disable=SC2086 # words are meant
            run curl -sS --max-time 10 --interface 127.0.0.2 \
                $how "$CONTROL" "http://127.0.0.1:$v/"
            assert_success
            assert_output --regexp '^127\.0\.0\.2 [0-9]+$'
        done
        session_open fwd "$CONTROL"
        say fwd 'BIND 127.0.0.1:0'
        at=$(hear fwd | grep -o '127.0.0.1:[0-9]*')
        say fwd "FORWARD 127.0.0.1:$v"
        hear fwd | grep -q ' 260'
        run curl -sS --max-time 10 --interface 127.0.0.4 "http://$at/"
        assert_output --regexp '^127\.0\.0\.4 [0-9]+$'
        session_close fwd
    done
}
