#!/usr/bin/env bats
# Several acceptors at one address, visitors that wait, addresses that
# outlive their sessions; names and paths; FORWARD.

load lib/common

# ---- one address -----------------------------------------------------------

@test "one address has one name, in every spelling" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 127\.0\.0\.1:(?<p>\d+) .*
say A BIND [::ffff:127.0.0.1]:$p
hear A .* 210 2 127\.0\.0\.1:$p bound\.
say A BIND localhost:$p
hear A .* 210 3 127\.0\.0\.1:$p bound\.
say A BIND [::1]:0
hear A .* 210 4 \[::1\]:(?<q>\d+) .*
say A BIND [0:0:0:0:0:0:0:1]:$q
hear A .* 210 5 \[::1\]:$q bound\.
END
}

# ---- who is served ---------------------------------------------------------

@test "the longest waiting acceptor is served first" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
open B $CONTROL
say B BIND $b
hear B .* 210 .*
open C $CONTROL
say C BIND $b
hear C .* 210 .*
say C ACCEPT
stat $CONTROL_UNIX bound .*acceptors waiting 1,.*
say A ACCEPT
stat $CONTROL_UNIX bound .*acceptors waiting 2,.*
say B ACCEPT
stat $CONTROL_UNIX bound .*acceptors waiting 3,.*
open V $b
hear C .* 230 .*
# Who asks again is the last one.
say C ACCEPT
hear A .* 230 .*
send A RELAY\r\nfrom A
bytes V from A
stat $CONTROL_UNIX bound .*acceptors waiting 2,.*
open W $b
hear B .* 230 .*
quiet C
open X $b
hear C .* 230 .*
END
}

@test "a higher -p is served first, however short it waits" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT
open B $CONTROL
send B BIND $b\r\nACCEPT -p=7\r\n
hear B .* 210 .*
open C $CONTROL
send C BIND $b\r\nACCEPT -p=3\r\n
hear C .* 210 .*
open D $CONTROL
send D BIND $b\r\nACCEPT -p=7\r\n
hear D .* 210 .*
stat $CONTROL_UNIX bound .*acceptors waiting 4,.*
open V $b
hear B .* 230 .*
open V $b
hear D .* 230 .*
open V $b
hear C .* 230 .*
quiet A
open V $b
hear A .* 230 .*
END
}

@test "one ACCEPT waits at several sockets; 230 carries the SID" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<a>\S+) .*
say A BIND [::1]:0
hear A .* 210 2 (?<b>\S+) .*
say A BIND /tmp/three
hear A .* 210 3 .*
say A BIND name:four
hear A .* 210 4 .*
say A ACCEPT
open V $b
hear A .* 230 2 \[::1\]:\d+ \[::1\]:\d+ accepted\.
send A RELAY\r\nv6
bytes V v6
open A $CONTROL
send A BIND $a\r\nBIND $b\r\nBIND /tmp/three\r\nBIND name:four\r\n
lines A 4 .* 210 .*
say A ACCEPT #1 #4
open V $b
open W $a
hear A .* 230 1 .*
say A ACCEPT #4
open X $CONTROL
say X CONNECT name:four
hear X .* 240 .*
hear A .* 230 4 .*
say A ACCEPT #2
hear A .* 230 2 .*
END
}

@test "one who waits at two sockets takes one visitor only" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A BIND 127.0.0.1:0\r\nBIND 127.0.0.1:0\r\n
hear A .* 210 1 (?<a>\S+) .*
hear A .* 210 2 (?<b>\S+) .*
open V $a
open W $b
say A ACCEPT
hear A .* 230 (?<sid>[12]) .*
quiet A
open B $CONTROL
send B BIND $a\r\nBIND $b\r\nACCEPT\r\n
lines B 2 .* 210 .*
hear B .* 230 (?<other>[12]) .*
run test $sid != $other
END
}

@test "LISTEN: the largest of those who share is the kernel's backlog" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0 -l=5
hear A .* 210 1 127.0.0.1:(?<p>\d+) .*
run ss -Htln sport = :$p | grep -q ' 5 *127'
open B $CONTROL
say B BIND 127.0.0.1:$p
hear B .* 210 .*
say B LISTEN 300
hear B .* 220 .*
run ss -Htln sport = :$p | grep -q ' 300 *127'
say A LISTEN 2
hear A .* 220 .*
run ss -Htln sport = :$p | grep -q ' 300 *127'
stat $CONTROL_UNIX bound 127.0.0.1:$p .* backlog 300, .*
# Who leaves wants no more.
close B
wait ss -Htln sport = :$p | grep -q ' 2 *127'
open C $CONTROL
say C BIND 127.0.0.1:$p
hear C .* 210 .*
stat $CONTROL_UNIX bound 127.0.0.1:$p .* backlog 2, .*
END
}

@test "LISTEN makes a queue shorter, too, and STAT says what the kernel has" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0 -l=2
hear A .* 210 1 127.0.0.1:(?<p>\d+) .*
stat $CONTROL_UNIX bound 127.0.0.1:$p .* backlog 2, .*
say A LISTEN 50
hear A .* 220 .*
wait ss -Htln sport = :$p | grep -q ' 50 *127'
stat $CONTROL_UNIX bound 127.0.0.1:$p .* backlog 50, .*
say A BIND 127.0.0.1:0
hear A .* 210 2 127.0.0.1:(?<q>\d+) .*
stat $CONTROL_UNIX bound 127.0.0.1:$q .* backlog 128, .*
say A LISTEN 7
hear A .* 220 .*
wait ss -Htln sport = :$q | grep -q ' 7 *127'
stat $CONTROL_UNIX bound 127.0.0.1:$q .* backlog 7, .*
run ss -Htln sport = :$p | grep -q ' 50 *127'
say A BIND name:x -l=3
hear A .* 210 3 .*
stat $CONTROL_UNIX bound name:x .* backlog 3, .*
say A LISTEN 1
hear A .* 220 .*
stat $CONTROL_UNIX bound name:x .* backlog 1, .*
END
}

# ---- offers ----------------------------------------------------------------

@test "an acceptor that leaves between 230 and RELAY loses no visitor" {
    start_vsapd
    for way in close rst fin; do
        talk <<END
open A \$CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT
open V \$b
send V question
hear A .* 230 .*
open B \$CONTROL
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

@test "a visitor that was given back is the next to be served" {
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
say-port W w
close A
open B $CONTROL
send B BIND $b\r\nACCEPT\r\n
hear B .* 210 .*
hear B .* 230 1 $b 127.0.0.1:$v .*
open C $CONTROL
send C BIND $b\r\nACCEPT\r\n
hear C .* 210 .*
hear C .* 230 1 $b 127.0.0.1:$w .*
END
}

@test "no RELAY in time: reset, and the visitor goes to another source" {
    start_vsapd
    talk 12 <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A ACCEPT
# It goes on talking, and yet makes no use of what it has.
open T $CONTROL
say T BIND 127.0.0.1:0
hear T .* 210 1 (?<t>\S+) .*
say T ACCEPT
open V $b
send V hello
hear A .* 230 .*
open W $t
hear T .* 230 .*
say T BIND name:talkative
hear T .* 210 2 .*
say T LISTEN 5
hear T .* 220 .*
# Of the same source, and longer there than B.
open A2 $CONTROL
send A2 BIND $b\r\nACCEPT\r\n
hear A2 .* 210 .*
stat $CONTROL_UNIX bound $b .*acceptors waiting 1,.*
open B $CONTROL 127.0.0.2
send B BIND $b\r\nACCEPT\r\n
hear B .* 210 .*
stat $CONTROL_UNIX bound $b .*acceptors waiting 2,.*
hear B .* 230 .*
send B RELAY\r\nfrom B
bytes B hello
bytes V from B
quiet A2
reset A
reset T
open X $b
hear A2 .* 230 .*
END
    run grep -c 'visitor taken back' "$VSAPD_LOG"
    assert_output 2
}

@test "visitors that reset while they wait are passed over" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
open V $b
open W $b
rst V
open X $b
say-port X x
rst W
say A ACCEPT
hear A .* 230 1 $b 127\.0\.0\.1:$x accepted\.
END
}

@test "eighty visitors, eight acceptors: each is served, and only once" {
    start_vsapd
    cat >crowd.py <<'END'
import os, socket, threading
host, port = os.environ["CONTROL"].rsplit(":", 1)

def bind(where):
    g = socket.create_connection((host, int(port)))
    g.settimeout(20)
    f = g.makefile("rb", 0)
    g.sendall(b"BIND %s\r\n" % where)
    return g, f, f.readline().split()[3]

keep, _, bound = bind(b"127.0.0.1:0")

def serve():
    while True:
        g, f, _ = bind(bound)
        g.sendall(b"ACCEPT\r\nRELAY\r\nserved")
        if b" 230 " in f.readline():
            g.shutdown(socket.SHUT_WR)
            f.read()

for _ in range(8):
    threading.Thread(target=serve, daemon=True).start()
at = int(bound.rsplit(b":", 1)[1])
visitors = [socket.create_connection((host, at)) for _ in range(80)]
for v in visitors:
    v.settimeout(20)
    v.shutdown(socket.SHUT_WR)
    assert v.makefile("rb").read() == b"served"
print("ok")
os._exit(0)
END
    run timeout 40 python3 crowd.py
    assert_output ok
}

# ---- linger ----------------------------------------------------------------

@test "visitors outlast their last acceptor; its owner retakes the port" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
close A
stat $CONTROL_UNIX bound $b by anonymous: sessions 0,.*
open V $b
send V patience
open U $CONTROL_UNIX
say U BIND $b
hear U .* 510 .* in use by anonymous
open B $CONTROL
say B BIND $b
hear B .* 210 1 $b .*
say B ACCEPT
hear B .* 230 .*
say B RELAY
bytes B patience
END
}

@test "when linger ends, visitors are reset and the port is free" {
    start_vsapd
    talk 12 <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A BIND name:n
hear A .* 210 2 .*
say A BIND /tmp/p
hear A .* 210 3 .*
run test -S "$VSAPD_DIR/names/tmp/p"
open N $CONTROL
say N CONNECT name:n
hear N .* 240 .*
say N RELAY
close A
open V $b
reset V
over N
refused $b
wait test ! -e "$VSAPD_DIR/names/tmp/p"
open U $CONTROL_UNIX
say U BIND $b
hear U .* 210 1 .*
say U BIND name:n
hear U .* 210 2 .*
say U BIND /tmp/p
hear U .* 210 3 .*
END
    wait_log "$VSAPD_LOG" 'name:n: released'
}

# ---- names and paths -------------------------------------------------------

@test "the mail's UNIX rendezvous: BIND /tmp/dgsock1, CONNECT /tmp/dgsock1" {
    start_vsapd
    for to in "$CONTROL" "$CONTROL_UNIX"; do
        TO=$to talk <<'END'
open A $TO
say A BIND /tmp/dgsock1
hear A VSAP/0\.1 210 1 /tmp/dgsock1 bound\.
say A LISTEN 1
hear A .* 220 .*
say A ACCEPT
open B $CONTROL
say B CONNECT /tmp/dgsock1
hear B VSAP/0\.1 240 1 /tmp/dgsock1 /tmp/dgsock1 connected\.
hear A VSAP/0\.1 230 1 /tmp/dgsock1 /tmp/dgsock1 accepted\.
send B RELAY\r\nfrom B
send A RELAY\r\nfrom A
bytes A from B
bytes B from A
fin A
eof B
send B after
bytes A after
fin B
eof A
END
        # Another owner takes it when it is free.
        wait_log "$VSAPD_LOG" '/tmp/dgsock1: released' 10
    done
}

@test "a bound path is a socket for the gateway's own programs too" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND /tmp/sock
hear A .* 210 .*
say A ACCEPT
open V $VSAPD_DIR/names/tmp/sock
send V direct
hear A .* 230 1 /tmp/sock /tmp/sock accepted\.
send A RELAY\r\nback
bytes A direct
bytes V back
END
}

@test "CONNECT reaches a path that a program of the gateway listens at" {
    start_vsapd
    talk <<'END'
listen L $VSAPD_DIR/names/tmp/outside
run chmod 777 $VSAPD_DIR/names/tmp/outside
open A $CONTROL
say A CONNECT /tmp/outside
accept P L
hear A .* 240 1 /tmp/outside /tmp/outside connected\.
send A RELAY\r\nhello
bytes P hello
run ln -s /etc/passwd $VSAPD_DIR/names/tmp/link; ln -s $CONTROL_UNIX $VSAPD_DIR/names/tmp/gw
open B $CONTROL
say B CONNECT /tmp/link
hear B .* 540 .*
say B CONNECT /tmp/gw
hear B .* 540 .*
END
}

@test "CONNECT goes through folders below the root, not through links in them" {
    start_vsapd
    mkdir -m 755 "$VSAPD_DIR/names/tmp/a" "$VSAPD_DIR/names/tmp/a/b"
    ln -s . "$VSAPD_DIR/names/tmp/here"
    ln -s "$VSAPD_DIR" "$VSAPD_DIR/names/tmp/a/up"
    talk <<'END'
listen L $VSAPD_DIR/names/tmp/a/b/in
run chmod 777 $VSAPD_DIR/names/tmp/a/b/in
open A $CONTROL
say A CONNECT /tmp/a/b/in
accept P L
hear A .* 240 1 /tmp/a/b/in /tmp/a/b/in connected\.
open B $CONTROL
say B CONNECT /tmp/here/a/b/in
hear B .* 540 .*
say B CONNECT /tmp/a/up/vsapd.sock
hear B .* 540 .*
say B CONNECT /tmp/a/b/in/x
hear B .* 540 .*
say B CONNECT /tmp/a/c/in
hear B .* 540 .*
END
}

@test "CONNECT -t waits for a name and a path, and no longer" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A CONNECT /tmp/late -t=10
open B $CONTROL
say B CONNECT name:late -t=10
open C $CONTROL
say C CONNECT name:never -t=1
open D $CONTROL
say D CONNECT name:late -t=10
stat $CONTROL_UNIX up .*
rst D
open S $CONTROL
send S BIND name:late\r\nBIND /tmp/late\r\n
lines S 2 .* 210 .*
hear A .* 240 1 /tmp/late .*
hear B .* 240 1 name:late .*
send S ACCEPT #1\r\n
hear S .* 230 1 .*
send B RELAY\r\nb
send S RELAY\r\ns
bytes S b
bytes B s
hear C VSAP/0\.1 540 cannot connect name:never: nobody bound it in time
say C ECHO on
hear C .* on
END
}

@test "a full queue at a name: one answer, 540" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND name:n -l=1
hear A .* 210 1 .*
open B $CONTROL
say B CONNECT name:n
hear B .* 240 .*
open C $CONTROL
say C CONNECT name:n
hear C .* 240 .*
open D $CONTROL
send D CONNECT name:n\r\nECHO next\r\n
hear D VSAP/0\.1 540 cannot connect name:n: .*wait.*
hear D .* 200 .* next
END
}

@test "callers that left do not fill the queue at a name" {
    start_vsapd
    {
        echo 'open A $CONTROL'
        echo 'say A BIND name:n -l=3'
        echo 'hear A .* 210 1 .*'
        echo 'open S $CONTROL'
        echo 'say S CONNECT name:n'
        echo 'hear S .* 240 .*'
        for i in $(seq 9); do
            echo 'open B $CONTROL'
            echo 'send B CONNECT name:n\r\nQUIT\r\n'
            echo 'hear B .* 240 .*'
            echo 'hear B .* 280 .*'
            echo 'eof B'
            echo 'close B'
        done
        echo 'send S RELAY\r\nfirst'
        echo 'open B $CONTROL'
        echo 'say B CONNECT name:n'
        echo 'hear B .* 240 .*'
        echo 'say A ACCEPT'
        echo 'hear A .* 230 .*'
        echo 'say A RELAY'
        echo 'bytes A first'
    } | talk
}

# ---- descriptors -----------------------------------------------------------

@test "RELAY -f: the visitor's own descriptor comes with the 251" {
    start_vsapd
    cat >fetch.py <<'END'
import os, socket, sys
control, unix = os.environ["CONTROL"], os.environ["CONTROL_UNIX"]
host, port = control.rsplit(":", 1)
g = socket.socket(socket.AF_UNIX)
g.settimeout(10)
g.connect(unix)

def ask(line):
    g.sendall(line + b"\r\n")
    return g.recv(4096).decode()

def fetch():
    g.sendall(b"RELAY -f\r\n")
    text, fds, flags, _ = socket.recv_fds(g, 4096, 4)
    assert text == b"VSAP/0.1 251 descriptor follows.\r\n", text
    assert len(fds) == 1, fds
    s = socket.socket(fileno=fds[0])
    s.setblocking(True)
    return s

bound = ask(b"BIND 127.0.0.1:0").split()[3]
for turn in (1, 2):
    v = socket.create_connection((host, int(bound.rsplit(":", 1)[1])))
    v.sendall(b"early")
    assert ask(b"ACCEPT").startswith("VSAP/0.1 230 1 " + bound)
    s = fetch()
    assert s.getpeername() == v.getsockname()
    assert s.recv(5) == b"early"
    s.sendall(b"late")
    assert v.recv(4) == b"late"
    s.shutdown(socket.SHUT_WR)
    assert v.recv(1) == b""
# And one of a CONNECT, and the end of a rendezvous.
l = socket.create_server((host, 0))
a = "%s:%d" % l.getsockname()
assert ask(b"CONNECT " + a.encode()).startswith("VSAP/0.1 240")
s = fetch()
assert s.getpeername() == l.getsockname()
assert ask(b"BIND name:me").startswith("VSAP/0.1 210")
assert " 501 " not in ask(b"ECHO x")
print("ok")
END
    run timeout 20 python3 fetch.py
    assert_output ok
    run grep -c ': passed ' "$VSAPD_LOG"
    assert_output 3
}

@test "RELAY -f without a peer is 501 and closes" {
    start_vsapd
    talk <<'END'
open A $CONTROL_UNIX
send A RELAY -f\r\nBIND name:x\r\n
hear A VSAP/0\.1 501 .*
eof A
END
}

# ---- FORWARD ---------------------------------------------------------------

@test "FORWARD connects every visitor, several at a time, until BREAK" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A FORWARD $T
hear A VSAP/0\.1 260 forwarding start\.
open V $b
say-port V v
accept P T
hear A VSAP/0\.1 230 accepted $b 127\.0\.0\.1:$v
open W $b
accept Q T
hear A VSAP/0\.1 230 accepted .*
send W second
bytes Q second
send V first
fin V
bytes P first
eof P
send P answer
bytes V answer
say A BREAK
hear A VSAP/0\.1 261 forwarding done\.
send Q still here
bytes W still here
# The next ones wait for somebody.
open X $b
say A ACCEPT
hear A .* 230 1 .*
END
}

@test "a line ends FORWARD and is answered; leaving ends it too" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A FORWARD $T
hear A .* 260 .*
say A ECHO me
hear A .* 261 .*
hear A .* 200 .* me
say A FORWARD $T
hear A .* 260 .*
open B $CONTROL
send B BIND $b\r\nACCEPT\r\n
hear B .* 210 .*
fin A
eof A
open V $b
hear B .* 230 .*
END
}

@test "FORWARD to a target that is down: 540, 261, no visitor lost" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
say A FORWARD 127.0.0.1:1
hear A .* 260 .*
open V $b
send V keep me
hear A VSAP/0\.1 540 could not connect to 127\.0\.0\.1:1: .*
hear A .* 261 .*
say A ACCEPT
hear A .* 230 1 .*
say A RELAY
bytes A keep me
END
}

@test "FORWARD without a socket or with a bad target" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A FORWARD 127.0.0.1:1
hear A .* 530 .*
say A BIND name:f
hear A .* 210 .*
say A FORWARD 127.0.0.1:99999
hear A .* 540 .*65535.*
say A FORWARD
hear A .* 500 FORWARD: write FORWARD address
END
}

@test "FORWARD to where it accepts itself is refused" {
    start_vsapd -b 1024-65535 -c '127.0.0.1:*' -c 'localhost:*'
    for target in 127.0.0.1 localhost 127.0.0.9; do
        TARGET=$target talk <<'END'
open A $CONTROL
say A BIND :0
hear A .* 210 1 0\.0\.0\.0:(?<p>\d+) .*
say A FORWARD $TARGET:$p
hear A (.* 260 .*|.* 410 .*)
open V 127.0.0.1:$p
say V x
say A ECHO x
wait sleep 0
END
    done
    run grep -c ': relay ' "$VSAPD_LOG"
    assert_output 0
}

@test "a path left behind by a killed gateway is bound again" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND /tmp/left
hear A .* 210 1 .*
END
    kill -KILL $(pids_of vsapd) $(pids_of vsap-relay)
    wait_for 5 is_gone "$VSAPD_PID"
    [ -S "$VSAPD_DIR/names/tmp/left" ]
    echo precious >"$VSAPD_DIR/names/tmp/file"
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND /tmp/left
hear A .* 210 1 .*
say A BIND /tmp/file
hear A .* 510 .*
END
    grep -q precious "$VSAPD_DIR/names/tmp/file"
}

@test "FORWARD goes on after more visitors than it dials for at once" {
    start_vsapd
    cat >crowd.py <<'END'
import os, socket, time
host, port = os.environ["CONTROL"].rsplit(":", 1)
# A target that takes nobody for now: its queue holds one.
t = socket.socket()
t.bind((host, 0))
t.listen(0)
g = socket.create_connection((host, int(port)))
g.settimeout(20)
f = g.makefile("rb")
g.sendall(b"BIND 127.0.0.1:0 -l=200\r\n")
bound = int(f.readline().split()[3].rsplit(b":", 1)[1])
g.sendall(b"FORWARD 127.0.0.1:%d\r\n" % t.getsockname()[1])
assert b" 260 " in f.readline()
visitors = [socket.create_connection((host, bound)) for _ in range(90)]
for v in visitors:
    v.sendall(b"x")
t.settimeout(20)
t.listen(200)
for _ in visitors:
    c, _ = t.accept()
    assert c.recv(1) == b"x"
    c.close()
    assert b" 230 accepted " in f.readline()
print("ok")
END
    run timeout 50 python3 crowd.py
    assert_output ok
}
