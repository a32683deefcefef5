#!/usr/bin/env bats
# One test for each deliberate difference from the original server, and for
# what is kept because its clients depend on it.  DEVIATIONS.md names these
# tests: their names are to stay.

load lib/common

# A second gateway, chained to the first one.  Sets HOP.
start_hop() {
    local first=$CONTROL

    VSAPD_NAME=hop start_vsapd -r "$first" "$@"
    HOP=$CONTROL
    HOP_PID=$VSAPD_PID
    CONTROL=$first
    export HOP CONTROL
}

# ---- the table -------------------------------------------------------------

@test "half-close is carried both ways" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
send A CONNECT $T\r\nRELAY\r\n
hear A .* 240 .*
accept P T
fin A
eof P
send P after the client's end
bytes A after the client's end
open B $CONTROL
send B CONNECT $T\r\nRELAY\r\n
hear B .* 240 .*
accept Q T
fin Q
eof B
send B after the peer's end
bytes Q after the peer's end
END
}

@test "the listener stays after ACCEPT" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A LISTEN 5
hear A .* 220 .*
say A ACCEPT
open V $b
open W $b
hear A .* 230 1 .*
open B $CONTROL
say B BIND $b
hear B .* 210 1 .*
say B ACCEPT
hear B .* 230 1 .*
send A RELAY\r\nfirst
bytes V first
send B RELAY\r\nsecond
bytes W second
END
}

@test "BINDs of one owner share the listener" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
open B $CONTROL
say B BIND $b
hear B .* 210 1 $b bound\.
say A ACCEPT
say B ACCEPT -p=1
say B ECHO x
hear B .* 530 .*
hear B .* 200 .*
say B ACCEPT -p=1
stat $CONTROL_UNIX bound $b .*acceptors waiting 2.*
open V $b
hear B .* 230 1 $b .*
quiet A
open W $b
hear A .* 230 1 $b .*
END
}

@test "another owner's BIND is 510" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
open B $CONTROL_UNIX
say B BIND $b
hear B VSAP/0\.1 510 not bound $b: in use by anonymous
say B BIND name:mine
hear B .* 210 1 name:mine .*
say A BIND name:mine
hear A VSAP/0\.1 510 not bound name:mine: in use by uid:\d+
END
}

@test "an error does not end the session" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A ACCEPT
hear A .* 530 .*
say A BIND 127.0.0.1:99999
hear A .* 510 .*
say A BIND 127.0.0.1:80
hear A .* 410 .*
say A CONNECT 127.0.0.1:1
hear A .* 540 .*
say A LISTEN 1
hear A .* 520 .*
say A SOCKET
hear A .* 500 .*
say A BIND 127.0.0.1:0
hear A .* 210 1 .*
END
}

@test "sixteen errors end the session" {
    start_vsapd
    {
        echo 'open A $CONTROL'
        for i in $(seq 16); do
            echo 'say A LISTEN 1'
            echo 'hear A .* 520 .*'
        done
        echo 'hear A .* 501 too many errors.*'
        echo 'eof A'
    } | talk
}

@test "malformed addresses are 510" {
    start_vsapd -b 1-65535
    for a in foo http://x/ 127.0.0.1:abc 127.0.0.1 127.0.0.1:99999 \
        127.0.0.1:-1 127.0.0.1:8080/udp '[::1' no.such.host:0 '#1' \
        127.0.0.1: 1:2:3 name: '/' relative/path; do
        talk <<END
open A \$CONTROL
say A BIND $a
hear A VSAP/0\.1 510 not bound .*: .+
say A ECHO still here
hear A .* still here
END
    done
    run vsap_lines "$CONTROL" "BIND 127.0.0.1:99999" QUIT
    assert_line --index 0 --partial "above 65535"
    ! grep ': bind [^ ]* by ' "$VSAPD_LOG"
}

@test ":port is that port on every address" {
    start_vsapd -b 1024-65535
    port=$(free_port)
    PORT=$port talk <<'END'
open A $CONTROL
say A BIND :$PORT
hear A VSAP/0\.1 210 1 0\.0\.0\.0:$PORT bound\.
say A ACCEPT
open V 127.0.0.9:$PORT
hear A VSAP/0\.1 230 1 127\.0\.0\.9:$PORT 127\.0\.0\.1:\d+ accepted\.
END
}

@test "LISTEN that cannot is 520" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A LISTEN 1
hear A VSAP/0\.1 520 .*BIND.*
say A BIND 127.0.0.1:0
hear A .* 210 1 .*
say A LISTEN 0
hear A .* 520 .*
say A LISTEN -1
hear A .* 520 .*
say A LISTEN many
hear A .* 520 .*
say A LISTEN
hear A .* 520 .*
say A LISTEN 1
hear A .* 220 .*
END
}

@test "RELAY without a peer is 501 and closes" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A RELAY\r\nBIND 127.0.0.1:0\r\n
hear A VSAP/0\.1 501 .*
eof A
END
    ! grep ': bind ' "$VSAPD_LOG"
}

@test "a long line or a NUL is 501 and closes" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A ECHO x{1019}\r\nECHO y\r\n
hear A VSAP/0\.1 501 .*
eof A
open B $CONTROL
send B ECHO a\0b\r\nECHO y\r\n
hear B VSAP/0\.1 501 .*
eof B
END
}

@test "CONNECT without prefix is VSAP, with a version of HTTP it is that" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
send A CONNECT $T\r\n
hear A VSAP/0\.1 240 .*
open B $CONTROL
send B CONNECT $T HTTP/1.1\r\n\r\n
hear B HTTP/1\.1 200 .*
open C $CONTROL
send C GET / HTTP/1.1\r\n\r\n
hear C HTTP/1\.1 405 .*
open D $CONTROL
send D Host: gateway\r\n
eof D
END
}

@test "RELAY may be pipelined behind ACCEPT" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A BIND 127.0.0.1:0\r\nACCEPT\r\nRELAY\r\nmine
hear A .* 210 1 (?<b>\S+) .*
open V $b
hear A .* 230 .*
bytes V mine
send V yours
bytes A yours
END
}

@test "anything else cancels ACCEPT and is answered" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A BIND 127.0.0.1:0\r\nACCEPT\r\nECHO x\r\n
hear A .* 210 1 (?<b>\S+) .*
hear A VSAP/0\.1 530 .*
hear A .* 200 .* x
say A ACCEPT
say A NONSENSE
hear A .* 530 .*
hear A .* 500 NONSENSE
say A ACCEPT
open V $b
hear A .* 230 1 .*
END
}

@test "FIN while ACCEPT waits means gone" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A BIND 127.0.0.1:0\r\nACCEPT\r\nRELAY\r\nmine
hear A .* 210 1 (?<b>\S+) .*
open B $CONTROL
say B BIND $b
hear B .* 210 1 .*
say B ACCEPT
fin A
eof A
open V $b
hear B .* 230 .*
send B RELAY\r\nother
bytes V other
END
}

@test "FIN after CONNECT and RELAY is half-close" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
send A CONNECT $T\r\nRELAY\r\nquestion
fin A
accept P T
bytes P question
eof P
send P answer
close P
hear A .* 240 .*
bytes A answer
eof A
END
}

@test "a port listens from the first BIND" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
open V $b
send V early
say A ACCEPT
hear A .* 230 1 .*
say A RELAY
bytes A early
END
}

@test "ACCEPT may repeat" {
    start_vsapd
    talk <<'END'
open A $CONTROL_UNIX
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT -t=1
hear A .* 530 .*
say A ACCEPT
open V $b
hear A .* 230 1 .*
open B $CONTROL_UNIX
say B BIND $b
hear B .* 210 1 .*
say B ACCEPT
say A ACCEPT
hear B .* 230 1 .*
send B RELAY\r\nfrom B
bytes V from B
open W $b
hear A .* 230 1 .*
send A RELAY\r\nfrom A
bytes W from A
END
}

@test "SIDs are exact and usable" {
    start_vsapd
    {
        echo 'listen T'
        echo 'open A $CONTROL'
        for i in $(seq 40); do
            echo "say A BIND name:n$i"
            echo "hear A VSAP/0\\.1 210 $i name:n$i bound\\."
        done
        cat <<'END'
say A CONNECT $T
hear A VSAP/0\.1 240 41 .*
say A LISTEN #40 3
hear A .* 220 .*
say A LISTEN #42 3
hear A .* 520 .*
say A ACCEPT #39 #40
open B $CONTROL
say B CONNECT name:n1
hear B .* 240 1 .*
quiet A
open C $CONTROL
say C CONNECT name:n40
hear C .* 240 1 .*
hear A VSAP/0\.1 230 40 name:n40 .* accepted\.
say A ACCEPT #1
hear A VSAP/0\.1 230 1 name:n1 .* accepted\.
END
    } | talk
}

@test "urgent data arrives in line" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
send A CONNECT $T\r\nRELAY\r\n
hear A .* 240 .*
accept P T
urgent A abc
send A def
bytes P abcdef
urgent P uvw
send P xyz
bytes A uvwxyz
END
}

@test "a chained gateway speaks VSAP on both sides" {
    start_vsapd
    start_hop
    talk <<'END'
listen T
open A $HOP
say A ECHO here
hear A .* 200 .* here
say A BIND 127.0.0.1:99999
hear A .* 510 .*
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT
open V $b
hear A .* 230 1 .*
send A RELAY\r\nthrough
bytes V through
open B $HOP
send B CONNECT $T\r\nRELAY\r\nout
hear B .* 240 1 .*
accept P T
bytes P out
END
}

@test "a chained gateway answers when upstream is down" {
    start_vsapd
    start_hop
    talk <<END
open A \$HOP
say A BIND name:waits
hear A .* 210 .*
say A ACCEPT
run kill ${STARTED[0]}; true
hear A VSAP/0\.1 530 .*upstream.*
eof A
open B \$HOP
say B CONNECT 127.0.0.1:1
hear B VSAP/0\.1 540 .*upstream.*
say B ECHO here
hear B .* 200 .* here
END
}

# ---- the text below it -----------------------------------------------------

@test "kept: the order of fields in 210, 230, 240" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A BIND localhost:0
hear A VSAP/0\.1 210 1 (?<b>127\.0\.0\.1:\d+) bound\.
say A ACCEPT
open V $b
say-port V q
hear A VSAP/0\.1 230 1 $b 127\.0\.0\.1:$q accepted\.
open C $CONTROL
say C CONNECT $T
accept P T
hear C VSAP/0\.1 240 1 127\.0\.0\.1:\d+ $T connected\.
END
}

@test "kept: a 240's local address can be bound before CONNECT" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A CONNECT $T
hear A .* 240 1 (?<ip>[0-9.]+):\d+ .*
open B $CONTROL
say B BIND $ip:0
hear B .* 210 1 .*
say B CONNECT $T
hear B .* 240 2 $ip:\d+ .*
END
}

@test "kept: the options -l=, -p=, -t=" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0 -l=5
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT -p=1 -t=1
hear A .* 530 .*
say A ACCEPT -t=9 -p=0
open V $b
hear A .* 230 1 .*
send A RELAY -t=1\r\nx
bytes V x
over V
END
}

@test "kept: AUTH in clear, first bytes behind RELAY" {
    hash=$(perl -e 'print crypt("secret", "\$6\$saltsalt\$")')
    echo "me:$hash" >passwords
    chmod 600 passwords
    start_vsapd -A passwords
    talk <<'END'
listen T
open A $CONTROL
send A VSAP/0.1 AUTH me:secret\r\nVSAP/0.1 CONNECT $T\r\nRELAY\r\nGET /
hear A VSAP/0\.1 200 OK
hear A VSAP/0\.1 240 .*
accept P T
bytes P GET /
END
}

@test "ours: RELAY -f is for UNIX control sockets" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL_UNIX
say A CONNECT $T
hear A .* 240 .*
accept P T
say A RELAY -f
hear A VSAP/0\.1 251 descriptor follows\.
eof P
say A ECHO goes on
hear A .* goes on
open B $CONTROL
say B CONNECT $T
hear B .* 240 .*
say B RELAY -f
hear B .* 500 .*
END
}

@test "ours: several lines, only in STAT and HELP" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A HELP QUIT
hear A VSAP/0\.1 200-QUIT .*
hear A VSAP/0\.1 200 .*
say A STAT
hear A VSAP/0\.1 200-.*
hear A VSAP/0\.1 200-.*
hear A VSAP/0\.1 200 .*
say A STAT -j
hear A VSAP/0\.1 200 \{.*\}
quiet A
END
}

@test "a second ACCEPT gives the first visitor back" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT
open V $b
say-port V v
hear A .* 230 1 $b 127.0.0.1:$v .*
open W $b
say A ACCEPT
hear A .* 230 1 $b 127.0.0.1:$v .*
send A RELAY\r\nx
bytes V x
END
}

@test "localhost in BIND is 127.0.0.1" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND localhost:0
hear A .* 210 1 127\.0\.0\.1:(?<p>\d+) .*
open V 127.0.0.1:$p
refused [::1]:$p
END
}

@test "CONNECT -t waits for a binder" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A CONNECT name:later -t=10
open B $CONTROL
say B ECHO x
hear B .* x
quiet A
say B BIND name:later
hear B .* 210 1 .*
hear A .* 240 1 name:later name:later connected\.
say B ACCEPT
hear B .* 230 1 name:later .*
END
}

@test "UNIX paths are names below one directory" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND /tmp/dgsock1
hear A VSAP/0\.1 210 1 /tmp/dgsock1 bound\.
say A BIND /etc/x
hear A VSAP/0\.1 510 not bound /etc/x: .*
say A BIND /tmp/no/dir/x
hear A VSAP/0\.1 510 .*
say A BIND /tmp/../../x
hear A VSAP/0\.1 510 .*
say A CONNECT /etc/passwd
hear A VSAP/0\.1 540 .*
END
    [ ! -e /tmp/dgsock1 ]
    [ ! -e /etc/x ]
}
