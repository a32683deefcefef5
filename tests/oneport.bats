# One control port: VSAP in lines and in binary, SOCKS 4, 4a and 5, HTTP
# CONNECT, under the same rules and users; by curl, nc and hand-made bytes.

load lib/common

setup() {
    vsap_setup
    echo "hello from the web" >index.txt
    start web socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr \
        SYSTEM:'"while IFS= read -r l && [ \"\${#l}\" -gt 1 ]; do :; done; printf \"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes\""'
    WEB_PID=$PID
    WEB=$(port_of_pid "$WEB_PID")
}

# The port on which a process listens.
port_of_pid() { # PID
    local p

    wait_for 10 listens "$1" || return 1
    ss -Hltnp 2>/dev/null | grep "pid=$1," | awk '{print $4}' |
        sed 's/.*://' | head -n 1
}
listens() { ss -Hltnp 2>/dev/null | grep -q "pid=$1,"; }

# A gateway by a configuration on standard input.
conf() { # [ARGS...]
    cat >vsapd.conf
    chmod 600 vsapd.conf
    start_vsapd -f vsapd.conf "$@"
}

socks() { run timeout 20 perl "$ROOT/tests/tools/socks.pl" "$@"; }
get() { run curl -sS --max-time 10 "$@" "http://127.0.0.1:$WEB/"; }

hash_of() { printf '%s\n' "$1" | vsapd -H; }

# ---- anybody ---------------------------------------------------------------

@test "curl through SOCKS 4, 4a, 5, 5 with names, and HTTP CONNECT" {
    start_vsapd
    for how in --socks4 --socks4a --socks5 --socks5-hostname; do
        get $how "$CONTROL"
        assert_success
        assert_output yes
    done
    get --proxytunnel --proxy "http://$CONTROL"
    assert_success
    assert_output yes
    run curl -sS --max-time 10 --socks5-hostname "$CONTROL" "http://localhost:$WEB/"
    assert_output yes
    run curl -sS --max-time 10 --socks4a "$CONTROL" "http://localhost:$WEB/"
    assert_output yes
}

@test "nc speaks SOCKS 4, 5 and HTTP CONNECT" {
    start_vsapd
    for how in 4 5 connect; do
        run timeout 10 nc -X $how -x "$CONTROL" 127.0.0.1 "$WEB" \
            < <(printf 'GET / HTTP/1.0\r\n\r\n')
        assert_success
        assert_line --partial yes
    done
}

@test "bytes behind a request are the first of the stream" {
    start_vsapd
    start echo socat TCP-LISTEN:0,bind=127.0.0.1,reuseaddr EXEC:cat
    local port
    port=$(port_of_pid "$PID")
    run timeout 10 socat -t 5 - "TCP:$CONTROL" < <(
        printf 'CONNECT 127.0.0.1:%s HTTP/1.1\r\nHost: x\r\n\r\nfirst bytes' "$port")
    assert_line --partial 'HTTP/1.1 200'
    assert_line --partial 'first bytes'
}

@test "who says no more than the request is still connected, who resets does not wait" {
    start_vsapd -v
    mkfifo go
    # Its queue is full: connections to it are under way until it reads a line.
    start full perl -MIO::Socket::INET -e '$| = 1;
        my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1:0");
        my @in = map { IO::Socket::INET->new(PeerPort => $l->sockport,
            PeerAddr => "127.0.0.1", Blocking => 0) } 1 .. 4;
        print "listening on 127.0.0.1:", $l->sockport, "\n";
        open my $go, "<", "go"; <$go>; @in = ();
        while (my $c = $l->accept) { my @all = <$c>; print $c "hello" }'
    T=$(listening_on "$LOG")
    BYTES=$(printf '\\x%02x\\x%02x' $(($(port_of "$T") / 256)) $(($(port_of "$T") % 256)))
    # The gateway has read that nothing more comes.
    cat >heard.sh <<END
[ "\$(ss -Htn state close-wait "sport = :$(port_of "$CONTROL")" |
    awk '\$1 == 0' | wc -l)" = 3 ]
END
    T=$T BYTES=$BYTES talk <<'END'
open R $CONTROL
send R CONNECT $T HTTP/1.1\r\n\r\n
wait grep -q "> CONNECT" vsapd.log
stat $CONTROL_UNIX up .*, sessions 2 .*
rst R
stat $CONTROL_UNIX up .*, sessions 1 .*
open H $CONTROL
send H CONNECT $T HTTP/1.1\r\n\r\n
fin H
open S $CONTROL
send S \x05\x01\0\x05\x01\0\x01\x7f\0\0\x01$BYTES
fin S
open V $CONTROL
send V CONNECT $T\r\nRELAY\r\n
fin V
wait sh heard.sh
run echo >go
hear H HTTP/1\.1 200 .*
hear H
bytes H hello
eof H
bytes S \x05\0\x05\0\0\x01\x7f\0\0\x01
count S 2
bytes S hello
eof S
hear V .* 240 .*
bytes V hello
eof V
END
}

@test "SOCKS BIND: two replies, then the stream, and back" {
    start_vsapd
    mkfifo in
    start bind perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 \
        bind=127.0.0.1:0 reply recv=5 'send=pong\n' fin closed
    wait_log "$LOG" 'reply 0 127' >line
    local at
    at=$(sed 's/reply 0 //' line)
    run timeout 10 socat -t 5 - "TCP:$at" < <(printf 'ping\n')
    assert_output pong
    wait_log bind.log '70696e670a'
    run grep -c 'reply 0 127.0.0.1' bind.log
    assert_output 2
}

@test "SOCKS BIND honours the port that is wanted, and takes another one if it is not to be had" {
    local want
    want=$(perl -MIO::Socket::INET -e \
        'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1:0")->sockport')
    start_vsapd -b "127.0.0.1:$want" -b 127.0.0.1:40000-40100
    start one perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 "bind=127.0.0.1:$want" reply
    wait_log one.log "reply 0 127.0.0.1:$want"
    # 21 is permitted to nobody: any of the others.
    start two perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 bind=127.0.0.1:21 reply
    wait_log two.log 'reply 0 127.0.0.1:40[01]'
    # Version 4 too.
    start three perl "$ROOT/tests/tools/socks.pl" "$CONTROL" bind4=127.0.0.1:21 reply4
    wait_log three.log 'reply 90 127.0.0.1:40[01]'
}

@test "an FTP-like server connects back to what SOCKS BIND bound" {
    start_vsapd -b '*:42000-42100' -c 127.0.0.1:'*'
    # The control connection goes through CONNECT; PORT tells where to call.
    start ftp perl -MIO::Socket::INET -e '
        my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1:0", ReuseAddr => 1);
        $| = 1; print "port ", $l->sockport, "\n";
        my $c = $l->accept; my $where = <$c>; $where =~ s/\s+$//;
        my $d = IO::Socket::INET->new(PeerAddr => $where) or die "no: $!";
        print $d "the file\n"; close $d; print $c "226 done\r\n";'
    local port
    port=$(wait_log ftp.log '^port' | cut -d' ' -f2)
    start data perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 bind=127.0.0.1:0 reply rest
    wait_log data.log 'reply 0'
    local at
    at=$(sed -n 's/^reply 0 //p' data.log | head -n 1)
    run timeout 10 perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 \
        "connect=127.0.0.1:$port" "send=$at\\r\\n" line
    assert_line '226 done'
    wait_log data.log 'the file'
}

@test "a peer that SOCKS BIND did not name is not let in" {
    start_vsapd -b '*:42200-42300'
    start data perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 bind=192.0.2.7:0 reply
    wait_log data.log 'reply 0'
    local port
    port=$(sed -n 's/^reply 0 .*://p' data.log | head -n 1)
    run timeout 10 nc -N 127.0.0.1 "$port" </dev/null
    run grep -c 'reply' data.log
    assert_output 1
    run vsap_lines "$CONTROL" STAT QUIT
    assert_line --partial 'visitors refused 1'
}

# ---- refusals --------------------------------------------------------------

@test "each refusal in its own protocol: not permitted, refused, no such name, unknown command" {
    start_vsapd -c "127.0.0.1:$WEB" -c 'localhost:1-65535' -c '*.invalid:80'
    socks "$CONTROL" hello=00 connect=127.0.0.2:1 closed
    assert_line --regexp '^reply 2 '
    assert_line closed
    socks "$CONTROL" connect4=127.0.0.2:1 closed
    assert_line --regexp '^reply 91 '
    run curl -sS --max-time 10 -o /dev/null -w '%{http_connect}' --proxytunnel \
        --proxy "http://$CONTROL" http://127.0.0.2:1/
    assert_line --partial 403
    socks "$CONTROL" hello=00 connect=localhost:1 closed
    assert_line --regexp '^reply 5 '
    run curl -sS --max-time 10 -o /dev/null -w '%{http_connect}' --proxytunnel \
        --proxy "http://$CONTROL" http://localhost:1/
    assert_line --partial 502
    socks "$CONTROL" hello=00 connect=no-such.invalid:80 closed
    assert_line --regexp '^reply 4 '
    socks "$CONTROL" hello=00 udp=127.0.0.1:53 closed
    assert_line --regexp '^reply 7 '
    socks "$CONTROL" hello=00 hex=0509000101020304 closed
}

@test "HTTP: what is no CONNECT is answered and closed, nothing behind it is read" {
    start_vsapd
    raw() { run timeout 10 socat -t 5 - "TCP:$CONTROL" < <(printf "$1"); }
    raw 'GET / HTTP/1.1\r\nHost: x\r\n\r\nBIND 127.0.0.1:0\r\n'
    assert_line --partial 'HTTP/1.1 405'
    refute_output --partial bound
    raw 'POST /x HTTP/1.1\r\nContent-Length: 20\r\n\r\nBIND 127.0.0.1:0\r\n'
    assert_line --partial 'HTTP/1.1 405'
    refute_output --partial bound
    raw 'CONNECT 127.0.0.1:1 HTTP/9.9\r\n\r\n'
    assert_line --partial 'HTTP/1.1 505'
    raw 'CONNECT nohost HTTP/1.1\r\n\r\n'
    assert_line --partial 'HTTP/1.1 400'
    raw 'CONNECT 127.0.0.1:1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde'
    assert_line --partial 'HTTP/1.1 400'
    raw 'CONNECT a:1 HTTP/1.1\r\nBad Header: x\r\n\r\n'
    assert_line --partial 'HTTP/1.1 400'
    # Two requests in one go: the second one is never answered.
    raw 'CONNECT a.invalid:1 HTTP/1.1\r\n\r\nCONNECT b:1 HTTP/1.1\r\n\r\n'
    assert [ "$(grep -c 'HTTP/1.1 ' <<<"$output")" = 1 ]
    raw "CONNECT a:1 HTTP/1.1\r\nX: $(head -c 9000 /dev/zero | tr '\0' x)\r\n\r\n"
    assert_line --partial 'HTTP/1.1 431'
    assert_alive
}

@test "each protocol can be switched off for a listener" {
    conf <<EOF
listen on 127.0.0.1:0 protocols { vsap }
listen on 127.0.0.1:0 protocols { socks5 }
listen on 127.0.0.1:0 protocols { http, socks4 }
permit from local { bind, connect, forward, stat } any
EOF
    local vsap socks5 http
    vsap=$(listening_on "$VSAPD_LOG" 1)
    socks5=$(listening_on "$VSAPD_LOG" 2)
    http=$(listening_on "$VSAPD_LOG" 3)
    run vsap_lines "$vsap" 'ECHO x' QUIT
    assert_line --partial '] x'
    get --socks5 "$vsap"
    assert_failure
    get --proxytunnel --proxy "http://$vsap"
    assert_failure
    get --socks5 "$socks5"
    assert_output yes
    get --socks4 "$socks5"
    assert_failure
    run vsap_lines "$socks5" 'ECHO x'
    refute_output --partial '] x'
    get --proxytunnel --proxy "http://$http"
    assert_output yes
    get --socks4 "$http"
    assert_output yes
    get --socks5 "$http"
    assert_failure
}

# ---- users -----------------------------------------------------------------

@test "the same user and rule by AUTH, SOCKS 5 and HTTP; without the password nothing" {
    conf <<EOF
listen on 127.0.0.1:0
user ops password "$(hash_of geheim | head -n 1)"
permit user ops connect 127.0.0.1:$WEB
EOF
    get --socks5 "ops:geheim@$CONTROL"
    assert_output yes
    get --proxytunnel --proxy "http://ops:geheim@$CONTROL"
    assert_output yes
    get --socks5 "$CONTROL"
    assert_failure
    get --socks5 "ops:falsch@$CONTROL"
    assert_failure
    get --socks4 "$CONTROL"
    assert_failure
    run curl -sS --max-time 10 -o /dev/null -w '%{http_connect}' --proxytunnel \
        --proxy "http://$CONTROL" "http://127.0.0.1:$WEB/"
    assert_line --partial 407
    run vsap_lines "$CONTROL" 'AUTH ops:geheim' "CONNECT 127.0.0.1:$WEB" QUIT
    assert_line 'VSAP/0.1 200 OK'
    assert_line --partial 'VSAP/0.1 240 '
    run vsap_lines "$CONTROL" "CONNECT 127.0.0.1:$WEB" QUIT
    assert_line --partial 'VSAP/0.1 410 '
}

@test "wrong passwords: each next try has to wait longer" {
    conf <<EOF
listen on 127.0.0.1:0
user ops password "$(hash_of geheim | head -n 1)"
permit user ops connect any
EOF
    local i
    for i in 1 2; do
        run vsap_lines "$CONTROL" 'AUTH ops:falsch' QUIT
        assert_line --partial 'VSAP/0.1 410 forbidden:'
    done
    run vsap_lines "$CONTROL" 'AUTH ops:falsch' 'AUTH ops:falsch' 'AUTH ops:geheim' QUIT
    assert_line --partial 'try again in'
    refute_line 'VSAP/0.1 200 OK'
    right() { vsap_lines "$CONTROL" 'AUTH ops:geheim' QUIT | grep -q '200 OK'; }
    wait_for 30 right
}

# ---- VSAP in binary ----------------------------------------------------------

@test "the verbs in binary: ECHO, BIND, LISTEN, ACCEPT, RELAY" {
    start_vsapd
    start a perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 'vsap=0x80,,hi there' \
        vsap=0x81,127.0.0.1:0,-l=5 'vsap=0x82,,7' vsap=0x83,,-t=20 vsap=0x85 recv=5 'send=ok\n' fin
    wait_log a.log '^vsap 0 200 0 .* hi there'
    wait_log a.log '^vsap 0 210 1 127.0.0.1:'
    wait_log a.log '^vsap 0 220 0 '
    local at
    at=$(sed -n 's/^vsap 0 210 1 \([^ ]*\) .*/\1/p' a.log)
    run timeout 10 socat -t 5 - "TCP:$at" < <(printf 'ping\n')
    assert_output ok
    wait_log a.log "^vsap 0 230 1 $at 127.0.0.1:"
    wait_log a.log 70696e670a
}

@test "the verbs in binary: CONNECT, names and paths, errors, QUIT" {
    start_vsapd
    start b perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 vsap=0x81,text:name:foo vsap=0x83 vsap=0x85 recv=3
    wait_log b.log '^vsap 0 210 1 '
    socks "$CONTROL" hello=00 vsap=0x84,text:name:bar vsap=0x84,text:name:foo vsap=0x85 send=abc
    assert_line --regexp '^vsap [1-9][0-9]* 540 '
    assert_line --regexp '^vsap 0 240 1 '
    wait_log b.log 616263
    socks "$CONTROL" hello=00 vsap=0x84,127.0.0.1:1 'vsap=0x84,127.0.0.1:1,-x' vsap=0x87 closed
    assert_line --regexp '^vsap 5 540 '
    assert_line --regexp '^vsap 0 280 '
    assert_line closed
    # A code that there is not is answered as any other, and the session goes on.
    socks "$CONTROL" hello=00 vsap=0x88 'vsap=0xff,127.0.0.1:1,-x' 'vsap=0x80,,hi'
    assert_line 'vsap 7 500 0 0.0.0.0:0 -:0 0x88 is no command'
    assert_line 'vsap 7 500 0 0.0.0.0:0 -:0 0xff is no command'
    assert_line --regexp '^vsap 0 200 .* hi$'
    # What cannot be read is the end.
    socks "$CONTROL" hello=00 hex=05840002 vreply closed
    assert_line 'vsap 8 501 0 0.0.0.0:0 -:0 a malformed request'
    assert_line closed
}

@test "a request in binary cancels ACCEPT, RELAY may be sent ahead" {
    start_vsapd
    start c perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 vsap=0x81,127.0.0.1:0 \
        hex=05830000000005800000 nap=0.3 vreply vreply hex=05830000000005850000 \
        hex=0000 vreply recv=2
    wait_log c.log '^vsap 0 210'
    assert_alive
}

@test "in binary: who waits for a name and leaves is gone, unless RELAY was sent ahead" {
    start_vsapd
    WAIT='\x05\x84\x05\x80\x06name:x\0\0-t=60' talk <<'END'
open A $CONTROL
send A \x05\x01\0$WAIT
bytes A \x05\0
fin A
eof A
open B $CONTROL
send B \x05\x01\0$WAIT\x05\x85\0\0\0\0
bytes B \x05\0
fin B
stat $CONTROL_UNIX up .*, sessions 2 .*
open C $CONTROL
send C BIND name:x\r\nACCEPT\r\nRELAY\r\nhello\r\n
hear C .* 210 1 name:x .*
hear C .* 230 1 name:x .*
bytes B \x05\0
hear B .*connected\.hello
END
}
