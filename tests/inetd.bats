#!/usr/bin/env bats
# vsapd -i: one control connection from inetd, served alone or handed to the
# running daemon; under a bare starter and under the real inetds.

load lib/common

# A starter of vsapd -i, with the daemon's run directory of this test if
# there is one.  Sets CONTROL, INETD_LOG.
inetd() { # [-k] [ARGS of vsapd...]
    local keep=()

    [ "${1:-}" != -k ] || { keep=(-k); shift; }
    start inetd "$ROOT/tests/tools/inetd.pl" "${keep[@]}" \
        "$BATS_TEST_TMPDIR/bin/vsapd" -i -R "$BATS_TEST_TMPDIR/run" "$@" \
        </dev/null
    INETD_LOG=$LOG
    CONTROL=$(listening_on "$LOG")
    export CONTROL INETD_LOG
}

# The daemon of start_vsapd, kept apart from CONTROL.
daemon() { # [ARGS...]
    start_vsapd "$@"
    DAEMON=$CONTROL
    export DAEMON
}

services() { # NAME TRUTH: processes of this test called NAME are as many
    [ "$(pids_of "$1" | wc -l)" "${@:2}" ]
}

# What every such vsapd has to do.
whole_way() {
    talk 20 <<'END'
listen T
open A $CONTROL
send A ECHO one\r\nBIND 127.0.0.1:0\r\nLISTEN 2\r\n
hear A .* 200 .* one
hear A VSAP/0\.1 210 1 (?<b>127\.0\.0\.1:\d+) bound\.
hear A .* 220 .*
send A ACCEPT\r\nRELAY\r\nfirst\nsecond\n
open V $b
say-port V v
hear A VSAP/0\.1 230 1 $b 127\.0\.0\.1:$v accepted\.
bytes V first\nsecond\n
send V question
fin V
bytes A question
eof A
send A answer
fin A
bytes V answer
eof V
open C $CONTROL
send C CONNECT $T\r\nRELAY\r\nout\nand more\n
accept P T
hear C VSAP/0\.1 240 1 127\.0\.0\.1:\d+ $T connected\.
bytes P out\nand more\n
send P last
fin P
bytes C last
eof C
send C after
fin C
bytes P after
eof P
open D $CONTROL
send D CONNECT localhost:1\r\nQUIT\r\n
hear D .* 540 .*
hear D .* 280 .*
eof D
END
}

# ---- alone -----------------------------------------------------------------

@test "alone: the whole way, and not a byte lost behind RELAY" {
    inetd
    whole_way
    wait_for 5 services vsapd -eq 0
    wait_for 5 services vsap-relay -eq 0
}

@test "alone: lines that lie behind an ACCEPT or CONNECT are not eaten" {
    inetd
    python3 - >blob <<'END'
print("line of the stream\n" * 3000, end="")
END
    port=$(free_port)
    start sink socat -u "TCP-LISTEN:$port,bind=127.0.0.1" CREATE:got
    wait_listen "127.0.0.1:$port"
    {
        # By name: the answer takes a moment.
        printf 'CONNECT localhost:%s\r\nRELAY\r\n' "$port"
        cat blob
    } >lines
    timeout 20 nc.openbsd -N $(nc_words "$CONTROL") <lines >out
    wait_for 10 is_gone "$PID"
    cmp blob got
    mkfifo keys
    nc.openbsd -N $(nc_words "$CONTROL") <keys >out 3>&- &
    STARTED+=("$!")
    exec {keys}>keys
    {
        printf 'BIND 127.0.0.1:0\r\nACCEPT\r\nRELAY\r\n'
        cat blob
    } >&"$keys"
    addr=$(bound_on out)
    timeout 20 nc.openbsd -d $(nc_words "$addr") >got 3>&- {keys}>&- &
    pid=$!
    STARTED+=("$pid")
    wait_for 10 grep -q accepted out
    exec {keys}>&-
    wait_for 10 is_gone "$pid"
    cmp blob got
}

@test "alone: who leaves while ACCEPT waits is gone, with RELAY sent too" {
    inetd
    talk <<'END'
open A $CONTROL
send A BIND 127.0.0.1:0\r\nACCEPT\r\nRELAY\r\nline\nline\n
hear A .* 210 1 (?<b>\S+) .*
fin A
over A
refused $b
END
    wait_for 5 services vsapd -eq 0
}

@test "alone: nothing but replies comes, whatever is logged" {
    inetd -v
    talk <<'END'
open A $CONTROL
send A BIND 127.0.0.1:99999\r\nNOPE\r\nCONNECT 127.0.0.1:1\r\nBIND name:x\r\nQUIT\r\n
bytes A VSAP/0.1 510 not bound 127.0.0.1:99999: 
hear A .*
bytes A VSAP/0.1 500 NOPE\r\n
bytes A VSAP/0.1 540 cannot connect 127.0.0.1:1: Connection refused\r\n
bytes A VSAP/0.1 210 1 name:x bound.\r\n
bytes A VSAP/0.1 280 bye.\r\n
eof A
END
}

@test "alone: ports are not shared between such processes, 510 says so" {
    inetd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A BIND $b
hear A .* 210 2 $b .*
open B $CONTROL
say B BIND $b
hear B VSAP/0\.1 510 not bound $b: .*vsapd -i alone.*
END
}

@test "alone: -A, -b, -c and -a hold" {
    perl -e 'print "me:", crypt("right", "\$6\$saltsalt\$"), "\n"' >passwords
    chmod 600 passwords
    inetd -A "$PWD/passwords" -b 65000 -c '*:80'
    talk <<'END'
open A $CONTROL
say A BIND :0
hear A .* 410 .*
say A AUTH me:wrong
hear A .* 410 .*
say A AUTH me:right
hear A .* 200 OK
say A BIND 127.0.0.1:64999
hear A .* 410 .*
say A CONNECT 127.0.0.1:80
hear A .* 410 .*
say A QUIT
hear A .* 280 .*
END
    wait_for 5 services vsapd -eq 0
    kill "${STARTED[-1]}"
    inetd -a 10.0.0.0/8
    talk <<'END'
open A $CONTROL
over A
END
}

@test "alone: a long line, a NUL, HTTP, a RELAY without a peer" {
    inetd
    talk <<'END'
open A $CONTROL
send A ECHO x{1019}\r\nECHO y\r\n
hear A .* 501 .*
eof A
open B $CONTROL
send B ECHO a\0b\r\n
hear B .* 501 .*
eof B
open C $CONTROL
send C GET / HTTP/1.1\r\n\r\n
hear C HTTP/1\.1 405 .*
open D $CONTROL
send D RELAY\r\nECHO y\r\n
hear D .* 501 .*
eof D
flood D 100000
END
    wait_for 5 services vsapd -eq 0
}

@test "alone: FORWARD is refused with what to do" {
    inetd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 .*
say A FORWARD 127.0.0.1:1
hear A VSAP/0\.1 530 .*daemon.*
say A ECHO x
hear A .* x
END
}

@test "descriptor 0 that is no connection: refused, said" {
    run vsapd -R "$PWD/run" -i </dev/null
    assert_failure 1
    assert_output --regexp '^vsapd: -i: .*inetd'
    run vsapd -R "$PWD/run" -i <"$ROOT/LICENSE"
    assert_failure 1
}

# ---- to the daemon ---------------------------------------------------------

@test "handed over: the daemon serves it, the starter's process is gone" {
    daemon
    inetd -k
    talk <<'END'
open A $CONTROL
say-port A a
send A BIND 127.0.0.1:0\r\nACCEPT\r\n
hear A .* 210 1 (?<b>\S+) .*
wait grep -q '^ended 0' $INETD_LOG
# The port is shared with who came to the daemon itself.
open B $DAEMON
send B BIND $b\r\nACCEPT -p=1\r\n
hear B .* 210 1 $b .*
stat $CONTROL_UNIX bound $b by anonymous: sessions 2, acceptors waiting 2.*
open V $b
hear B .* 230 .*
open W $b
hear A .* 230 .*
send A RELAY\r\nhello
bytes W hello
run grep -q "bind $b by anonymous at 127.0.0.1:$a" vsapd.log
END
    whole_way
}

@test "handed over: the daemon's rules hold, with the visitor's address" {
    daemon -a 127.0.0.2 -b 65000
    inetd
    talk <<'END'
open A $CONTROL 127.0.0.1
over A
open B $CONTROL 127.0.0.2
say B BIND 127.0.0.1:64999
hear B .* 410 .*
END
    wait_log "$VSAPD_LOG" '127\.0\.0\.1:[0-9]+: not admitted'
}

@test "the daemon comes and goes: -i serves alone meanwhile" {
    inetd
    whole_way
    daemon
    first=$CONTROL
    CONTROL=$(listening_on "$INETD_LOG")
    export CONTROL
    talk <<'END'
open A $CONTROL
say A BIND name:x
hear A .* 210 .*
stat $DAEMON bound name:x .*
END
    kill -KILL $(pids_of vsapd) $(pids_of vsap-relay)
    wait_for 5 services vsapd -eq 0
    whole_way
}

@test "another user's process cannot make the daemon believe an address" {
    need_root "a second user"
    need setpriv
    daemon
    run setpriv --reuid nobody --regid nogroup --clear-groups \
        python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])' "$VSAPD_DIR/handover.sock"
    assert_failure
    chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
    chmod 755 "$VSAPD_DIR"
    chmod 666 "$VSAPD_DIR/handover.sock"
    run setpriv --reuid daemon --regid nogroup --clear-groups \
        /usr/bin/perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_SEQPACKET, 0;
            connect $s, pack_sockaddr_un($ARGV[0]) or die "no way: $!";
            print sysread($s, my $x, 1) ? "answered" : "closed"' \
        "$VSAPD_DIR/handover.sock"
    assert_output closed
    wait_log "$VSAPD_LOG" 'hand-over: from an untrusted process'
}

# ---- the real ones ---------------------------------------------------------

@test "under openbsd-inetd: alone, then with the daemon" {
    peer inetd
    port=$(free_port)
    user=$(id -un)
    printf '127.0.0.1:%s stream tcp nowait %s %s vsapd -i -R %s\n' "$port" \
        "$user" "$BATS_TEST_TMPDIR/bin/vsapd" "$BATS_TEST_TMPDIR/run" >conf
    # It leaves a pid file in /run: as root in one of its own.
    own_run=()
    [ "$(id -u)" != 0 ] || own_run=(unshare -m sh -c
        'mount --make-rprivate / && mount -t tmpfs none /run && exec "$@"' -)
    start peer "${own_run[@]}" "$PEERS/bin/inetd" -d -i "$PWD/conf" </dev/null
    wait_listen "127.0.0.1:$port"
    CONTROL=127.0.0.1:$port
    export CONTROL
    whole_way
    daemon
    CONTROL=127.0.0.1:$port
    whole_way
    wait_log "$VSAPD_LOG" 's1: '
}

@test "under xinetd: alone, then with the daemon" {
    peer xinetd
    port=$(free_port)
    cat >conf <<END
service vsap
{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    bind = 127.0.0.1
    port = $port
    wait = no
    user = $(id -un)
    server = $BATS_TEST_TMPDIR/bin/vsapd
    server_args = -i -R $BATS_TEST_TMPDIR/run
}
END
    start peer xinetd -dontfork -f "$PWD/conf" -pidfile "$PWD/pid" \
        -filelog "$PWD/xinetd.log" </dev/null
    wait_listen "127.0.0.1:$port"
    CONTROL=127.0.0.1:$port
    export CONTROL
    whole_way
    daemon
    CONTROL=127.0.0.1:$port
    whole_way
    wait_log "$VSAPD_LOG" 's1: '
}

@test "alone: SOCKS and HTTP CONNECT, the bytes behind the request first" {
    inetd
    start echo socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr EXEC:cat
    wait_for 10 has_port "$PID"
    local port
    port=$(ss -Hltnp | grep "pid=$PID," | awk '{print $4}' | sed 's/.*://')
    run timeout 10 socat -t 5 - "TCP:$CONTROL" < <(
        printf 'CONNECT 127.0.0.1:%s HTTP/1.1\r\n\r\nfirst bytes' "$port")
    assert_line --partial 'HTTP/1.1 200'
    assert_line --partial 'first bytes'
    run timeout 10 perl "$ROOT/tests/tools/socks.pl" "$CONTROL" hello=00 \
        "connect=127.0.0.1:$port" send=abc recv=3
    assert_line 616263
}
has_port() { ss -Hltnp | grep -q "pid=$1,"; }
