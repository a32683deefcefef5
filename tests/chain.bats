#!/usr/bin/env bats
# Chained gateways: one, two and three hops; who is refused where; what is
# said when the upstream is not there.

load lib/common

# A gateway NAME in front of UPSTREAM.  Sets HOP, HOP_UNIX, HOP_PID, HOP_LOG;
# CONTROL and the rest stay those of the first gateway.
hop() { # NAME UPSTREAM [ARGS...]
    local name=$1 up=$2 old=("$CONTROL" "$CONTROL_UNIX" "$VSAPD_PID"
        "$VSAPD_LOG" "$VSAPD_DIR")

    shift 2
    VSAPD_NAME=$name start_vsapd -r "$up" "$@"
    HOP=$CONTROL HOP_UNIX=$CONTROL_UNIX HOP_PID=$VSAPD_PID HOP_LOG=$VSAPD_LOG
    CONTROL=${old[0]} CONTROL_UNIX=${old[1]} VSAPD_PID=${old[2]}
    VSAPD_LOG=${old[3]} VSAPD_DIR=${old[4]}
    export HOP HOP_UNIX HOP_PID CONTROL CONTROL_UNIX VSAPD_PID VSAPD_DIR
}

control_of() { # LOG: pid of the newest control process
    sed -n 's/.*control started (pid \([0-9]*\)).*/\1/p' "$1" | tail -n 1
}

passwords() { # USER PASSWORD...: lines of ./passwords
    perl -e 'while (@ARGV) { my ($u, $p) = splice @ARGV, 0, 2;
        print "$u:", crypt($p, "\$6\$saltsalt\$"), "\n" }' "$@" >passwords
    chmod 600 passwords
}

# BIND, ACCEPT, CONNECT and every byte of both streams, half-closes too.
whole_way() {
    talk 20 <<'END'
listen T
open A $HOP
say A BIND 127.0.0.1:0
hear A VSAP/0\.1 210 1 (?<b>127\.0\.0\.1:\d+) bound\.
say A LISTEN 3
hear A VSAP/0\.1 220 listen ok\.
send A ACCEPT\r\nRELAY\r\nfirst
open V $b
say-port V v
hear A VSAP/0\.1 230 1 $b 127\.0\.0\.1:$v accepted\.
bytes V first
send V question
fin V
bytes A question
eof A
send A answer
fin A
bytes V answer
eof V
open C $HOP
send C CONNECT $T\r\nRELAY\r\nout
hear C VSAP/0\.1 240 1 127\.0\.0\.1:\d+ $T connected\.
accept P T
bytes P out
send P last
fin P
bytes C last
eof C
send C after
fin C
bytes P after
eof P
END
}

# ---- hops ------------------------------------------------------------------

@test "one hop: BIND, ACCEPT, CONNECT, RELAY, half-close" {
    start_vsapd
    hop inner "$CONTROL"
    whole_way
}

@test "two and three hops, one of them over a UNIX socket" {
    start_vsapd
    hop one "$CONTROL"
    # A gateway that root starts gives up what opens that socket.
    if [ "$(id -u)" = 0 ]; then
        hop two "$HOP_UNIX" -u root
    else
        hop two "$HOP_UNIX"
    fi
    whole_way
    hop three "$HOP"
    whole_way
}

@test "a plain vsap-relay is a hop too, alone and among others" {
    start_vsapd
    start relay vsap-relay -l 127.0.0.1:0 "$CONTROL" </dev/null
    HOP=$(listening_on "$LOG")
    export HOP
    whole_way
    hop behind "$HOP"
    whole_way
}

@test "a name meets across hops, CONNECT -t waits there" {
    start_vsapd
    hop inner "$CONTROL"
    talk <<'END'
open C $HOP
say C CONNECT name:far -t=10
open A $CONTROL
stat $CONTROL_UNIX up .*, sessions 3 .*
say A BIND name:far
hear A .* 210 1 .*
hear C VSAP/0\.1 240 1 name:far name:far connected\.
say A ACCEPT
hear A .* 230 1 .*
send C RELAY\r\nc
send A RELAY\r\na
bytes A c
bytes C a
END
}

@test "a megabyte behind RELAY crosses three hops" {
    start_vsapd
    hop one "$CONTROL"
    hop two "$HOP"
    hop three "$HOP"
    head -c 1000000 /dev/urandom >blob
    port=$(free_port)
    start sink socat -u "TCP-LISTEN:$port,bind=127.0.0.1" CREATE:got
    wait_listen "127.0.0.1:$port"
    {
        printf 'CONNECT 127.0.0.1:%s\r\nRELAY\r\n' "$port"
        cat blob
    } >lines
    timeout 20 nc.openbsd -N $(nc_words "$HOP") <lines >out
    wait_for 10 is_gone "$PID"
    cmp blob got
}

@test "FORWARD over a hop" {
    start_vsapd
    hop inner "$CONTROL"
    talk <<'END'
listen T
open A $HOP
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A FORWARD $T
hear A VSAP/0\.1 260 .*
open V $b
accept P T
hear A VSAP/0\.1 230 accepted .*
send V x
bytes P x
say A BREAK
hear A VSAP/0\.1 261 .*
say A ECHO mine
hear A .* mine
say A FORWARD 127.0.0.1:1
hear A VSAP/0\.1 260 .*
open W $b
hear A VSAP/0\.1 540 .*
hear A VSAP/0\.1 261 .*
say A ACCEPT
hear A .* 230 1 .*
END
}

# ---- owners and rules ------------------------------------------------------

@test "a second owner is refused at the hop itself" {
    start_vsapd -b 1024-65535
    hop inner "$CONTROL"
    talk <<'END'
open A $HOP
say A BIND 127.0.0.1:0
hear A .* 210 1 127\.0\.0\.1:(?<p>\d+) .*
say A BIND :0
hear A .* 210 2 0\.0\.0\.0:(?<q>\d+) .*
say A BIND name:mine
hear A .* 210 3 .*
open U $HOP_UNIX
say U BIND 127.0.0.1:$p
hear U VSAP/0\.1 510 not bound 127\.0\.0\.1:$p: in use by anonymous
say U BIND localhost:$p
hear U VSAP/0\.1 510 .*
say U BIND LocalHost:$p
hear U VSAP/0\.1 510 .*
say U BIND [::ffff:127.0.0.1]:$p
hear U VSAP/0\.1 510 .* in use by anonymous
say U BIND :$q
hear U VSAP/0\.1 510 .*
say U BIND *:$q
hear U VSAP/0\.1 510 .*
say U BIND $q
hear U VSAP/0\.1 510 .*
say U BIND 0.0.0.0:$q
hear U VSAP/0\.1 510 .*
say U BIND [::]:$q
hear U VSAP/0\.1 510 .*
say U BIND name:mine
hear U VSAP/0\.1 510 .*
open B $HOP
say B BIND name:mine
hear B .* 210 1 .*
close A
close B
close U
stat $CONTROL_UNIX up .*, sessions 1 .*
open U $HOP_UNIX
say U BIND name:mine
hear U .* 210 1 .*
END
}

@test "two owners who ask at the same moment do not both get it" {
    start_vsapd
    hop inner "$CONTROL"
    FIRST=$(control_of "$VSAPD_LOG") talk <<'END'
open A $HOP
say A ECHO x
hear A .* x
open U $HOP_UNIX
say U BIND name:own
hear U .* 210 1 .*
say A BIND name:other
hear A .* 210 1 .*
run kill -STOP $FIRST
say A BIND name:both
say U BIND name:both
open W $HOP
say W ECHO both have been read
hear W .*
run kill -CONT $FIRST
hear A .* (?<a>[25]10) .*
hear U .* (?<u>[25]10) .*
run test $a$u = 210510 -o $a$u = 510210
END
}

@test "a hop's own -b and -c come first, the upstream's hold too" {
    start_vsapd -c '127.0.0.1:*'
    hop inner "$CONTROL" -b 65000-65001 -c '127.0.0.1:*'
    talk <<'END'
listen T
open A $HOP
say A BIND 127.0.0.1:8080
hear A VSAP/0\.1 410 .*vsapd -b.*
say A CONNECT 10.1.2.3:80
hear A VSAP/0\.1 410 .*
say A CONNECT $T
hear A .* 240 .*
say A BIND :65000
hear A VSAP/0\.1 410 forbidden.*
say A BIND 127.0.0.1:x
hear A VSAP/0\.1 510 not bound 127\.0\.0\.1:x: .*
END
}

@test "the hop's own credentials go upstream, its clients need none" {
    passwords hop secret
    start_vsapd -v -A passwords
    export VSAP_AUTH=hop:secret
    hop inner "$CONTROL" -v
    unset VSAP_AUTH
    whole_way
    run grep -c secret "$VSAPD_LOG" "$HOP_LOG"
    refute_output --regexp ':[1-9]'
    # They are not to be seen in its environment either.
    for p in $(pids_of vsapd) $(pids_of vsap-relay); do
        ! tr '\0' '\n' <"/proc/$p/environ" | grep secret
    done
    talk <<'END'
open A $CONTROL
say A BIND name:x
hear A .* 410 .*
END
}

@test "credentials that the upstream refuses: said, and 410 is not retried" {
    passwords hop secret
    start_vsapd -A passwords
    export VSAP_AUTH=hop:wrong
    hop inner "$CONTROL"
    unset VSAP_AUTH
    talk <<'END'
open A $HOP
say A BIND name:x
hear A VSAP/0\.1 510 upstream: .*(credentials|410|forbidden).*
say A ECHO here
hear A .* here
END
    run grep -c 'AUTH refused' "$VSAPD_LOG"
    assert_output 1
}

@test "a hop with -A asks for its own passwords" {
    passwords me right
    start_vsapd
    hop inner "$CONTROL" -A passwords
    talk <<'END'
open A $HOP
say A BIND name:x
hear A .* 410 .*
say A AUTH me:right
hear A .* 200 OK
say A BIND name:x
hear A .* 210 1 .*
open B $HOP
say B AUTH me:right
hear B .* 200 OK
say B BIND name:x
hear B .* 210 1 .*
END
}

# ---- waiting and offers ----------------------------------------------------

@test "ACCEPT over a hop is cancelled by the next request, even the first" {
    start_vsapd
    hop inner "$CONTROL"
    talk <<'END'
open A $HOP
send A BIND 127.0.0.1:0\r\nACCEPT\r\nECHO one\r\n
hear A .* 210 1 (?<b>\S+) .*
hear A VSAP/0\.1 530 .*
hear A .* 200 .* one
say A ACCEPT
stat $CONTROL_UNIX bound $b .*acceptors waiting 1,.*
say A LISTEN 3
hear A .* 530 .*
hear A .* 220 .*
say A ACCEPT -t=1
hear A .* 530 .*
say A ACCEPT
open V $b
hear A .* 230 1 .*
send A RELAY\r\nx
bytes V x
# Before the upstream is even reached.
open B $HOP
send B ACCEPT\r\nECHO two\r\n
hear B .* 530 .*
hear B .* 200 .* two
say B BIND name:y
hear B .* 210 1 .*
END
}

@test "requests between 230 and RELAY do not lose the visitor" {
    start_vsapd
    hop inner "$CONTROL"
    talk <<'END'
listen T
open A $HOP
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT
open V $b
hear A .* 230 1 .*
say A ECHO x
hear A .* x
say A LISTEN 9
hear A .* 220 .*
say A BIND name:z
hear A .* 210 2 .*
say A RELAY -f
hear A VSAP/0\.1 500 .*say RELAY
send A RELAY\r\nhello
bytes V hello
open B $HOP_UNIX
say B CONNECT $T
accept P T
hear B .* 240 .*
say B RELAY -f
hear B .* 500 .*
send B RELAY\r\nthere
bytes P there
END
}

@test "an acceptor behind a hop that leaves loses no visitor" {
    start_vsapd
    hop inner "$CONTROL"
    for way in close rst fin; do
        talk <<END
open A \$HOP
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT
open V \$b
send V question
hear A .* 230 .*
open B \$HOP
say B BIND \$b
hear B .* 210 .*
say B ACCEPT
stat \$CONTROL_UNIX bound \$b .*acceptors waiting 1,.*
$way A
hear B .* 230 .*
send B RELAY\r\nanswer
bytes B question
bytes V answer
END
    done
}

@test "no RELAY in time behind a hop: reset, the visitor goes on" {
    start_vsapd
    hop inner "$CONTROL"
    talk 12 <<'END'
open A $HOP
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT
open V $b
hear A .* 230 .*
say A LISTEN 9
hear A .* 220 .*
open B $CONTROL
send B BIND $b\r\nACCEPT\r\n
hear B .* 210 .*
hear B .* 230 .*
reset A
send B RELAY\r\nx
bytes V x
END
}

@test "one who waits and leaves a hop has left the upstream" {
    start_vsapd
    hop inner "$CONTROL"
    talk <<'END'
open A $HOP
send A BIND name:x\r\nACCEPT\r\nRELAY\r\n
hear A .* 210 .*
stat $CONTROL_UNIX bound name:x .*acceptors waiting 1,.*
fin A
eof A
stat $CONTROL_UNIX bound name:x .*sessions 0, acceptors waiting 0,.*
open B $HOP
send B CONNECT name:none -t=60\r\n
stat $CONTROL_UNIX up .*, sessions 2 .*
rst B
stat $CONTROL_UNIX up .*, sessions 1 .*
open C $HOP
send C \x05\x01\0\x05\x84\x05\x80\x09name:none\0\0-t=60
stat $CONTROL_UNIX up .*, sessions 2 .*
fin C
stat $CONTROL_UNIX up .*, sessions 1 .*
END
}

@test "errors are bounded behind a hop, and a 501 closes both" {
    start_vsapd
    hop inner "$CONTROL"
    {
        for i in $(seq 20); do printf 'CONNECT 127.0.0.1:1\r\n'; done
        printf 'BIND name:x\r\n'
    } >lines
    timeout 20 nc.openbsd -N $(nc_words "$HOP") <lines | tr -d '\r' >out
    assert_equal "$(grep -c ' 540 ' out)" 16
    assert_equal "$(tail -n 1 out)" "VSAP/0.1 501 too many errors, good bye"
    ! grep ': bind ' "$VSAPD_LOG"
}

# ---- the upstream is not there ---------------------------------------------

@test "upstream down: every verb says so, the session stays" {
    port=$(free_port)
    CONTROL='' CONTROL_UNIX='' VSAPD_PID='' VSAPD_LOG='' VSAPD_DIR=''
    hop inner "127.0.0.1:$port"
    talk <<'END'
open A $HOP
say A BIND name:x
hear A VSAP/0\.1 510 upstream: .*refused.*
say A LISTEN 1
hear A VSAP/0\.1 520 upstream: .*refused.*
say A ACCEPT
hear A VSAP/0\.1 530 upstream: .*refused.*
say A CONNECT 127.0.0.1:1
hear A VSAP/0\.1 540 upstream: .*refused.*
say A FORWARD 127.0.0.1:1
hear A VSAP/0\.1 540 upstream: .*refused.*
say A ECHO here
hear A .* here
send A RELAY\r\nBIND name:x\r\n
hear A VSAP/0\.1 501 .*
eof A
END
}

@test "upstream comes back: the same session goes on there" {
    port=$(free_port)
    CONTROL='' CONTROL_UNIX='' VSAPD_PID='' VSAPD_LOG='' VSAPD_DIR=''
    hop inner "127.0.0.1:$port"
    UP=$port talk 15 <<'END'
open A $HOP
say A BIND name:x
hear A .* 510 upstream: .*
run (vsapd -R "$BATS_TEST_TMPDIR/up" -l 127.0.0.1:$UP >up.log 2>&1 3>&- &)
wait grep -q 'control started' up.log
say A BIND name:x
hear A .* 210 1 .*
say A ACCEPT
run kill $(sed -n 's/.*control started (pid \([0-9]*\)).*/\1/p' up.log)
hear A VSAP/0\.1 530 upstream: .*
eof A
# Its control is started again.
wait test $(grep -c 'control started' up.log) = 2
open B $HOP
say B BIND name:x
hear B .* 210 1 .*
END
}

@test "an upstream that speaks something else is named, not believed" {
    CONTROL='' CONTROL_UNIX='' VSAPD_PID='' VSAPD_LOG='' VSAPD_DIR=''
    port=$(free_port)
    hop inner "127.0.0.1:$port"
    for banner in 'SSH-2.0-OpenSSH_9.2\r\n' 'VSAP/0.2 210 1 x bound.\r\n' \
        '220 smtp\r\n' 'VSAP/0.1 21 1\r\n' 'x{2000}' 'a\0b\r\n'; do
        UP=127.0.0.1:$port talk <<END
listen U \$UP
open A \$HOP
say A BIND name:x
accept C U
hear C BIND name:x
send C $banner
hear A VSAP/0\.1 510 upstream: .*
say A ECHO here
hear A .* here
END
    done
    # It ends in the midst of an answer.
    UP=127.0.0.1:$port talk <<'END'
listen U $UP
open A $HOP
say A CONNECT name:x
accept C U
hear C CONNECT name:x
send C VSAP/0.1 24
fin C
hear A VSAP/0\.1 540 upstream: .*
# Nothing was bound there: the next request finds another one.
say A CONNECT name:y
accept D U
hear D CONNECT name:y
send D VSAP/0.1 240 1 name:y name:y connected.\r\n
hear A VSAP/0\.1 240 1 name:y name:y connected\.
END
    assert_alive "$HOP_PID"
}

@test "what is bound at the upstream goes with the session" {
    start_vsapd
    hop inner "$CONTROL"
    FIRST=$(control_of "$VSAPD_LOG") talk <<'END'
open A $HOP
say A BIND name:x
hear A .* 210 1 .*
run kill -KILL $FIRST
eof A
END
}

@test "a gateway that would be its own upstream does not start" {
    mkdir -m 700 own
    for words in "-l :8999 -r localhost:8999" \
        "-l 127.0.0.1:8999 -r 127.0.0.1:8999" \
        "-l $PWD/own.sock -r $PWD/own.sock"; do
        # shellcheck disable=SC2086 # words
        run timeout 10 vsapd -R "$PWD/own" $words
        assert_failure 1
        assert_output --partial 'not its own upstream'
    done
}
