#!/usr/bin/env bats
# What somebody who means harm, or merely reads nothing, leaves standing.

load lib/common

control_pid() { # [LOG]: the newest control process
    sed -n 's/.*control started (pid \([0-9]*\)).*/\1/p' \
        "${1:-$VSAPD_LOG}" | tail -n 1
}

# It is the control process that was started first: none has died.
control_stands() {
    [ "$(log_count "$VSAPD_LOG" 'control started')" = 1 ]
    ! is_gone "$(control_pid)"
}

# A gateway in front of the first.  Sets HOP, HOP_LOG.
hop() { # [ARGS...]
    local up=$CONTROL log=$VSAPD_LOG

    VSAPD_NAME=hop start_vsapd -r "$up" "$@"
    HOP=$CONTROL HOP_LOG=$VSAPD_LOG
    CONTROL=$up VSAPD_LOG=$log
    export HOP CONTROL
}

# ---- memory ----------------------------------------------------------------

@test "a last line of 1023 bytes and a CR overflows nothing" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A ECHO x{1018}\r
fin A
hear A VSAP/0\.1 200 \[.*
eof A
open B $CONTROL
send B QUIT\r
fin B
hear B VSAP/0\.1 280 bye\.
eof B
END
    control_stands
}

@test "a caller that is woken and binds what the next one waits for" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A CONNECT name:a -t=20\r\nBIND name:b\r\nECHO done\r\n
open B $CONTROL
send B CONNECT name:b -t=20\r\n
open C $CONTROL
say C CONNECT name:none
hear C VSAP/0\.1 540 .*
say C BIND name:a
hear C VSAP/0\.1 210 1 name:a bound\.
hear A VSAP/0\.1 240 1 name:a name:a connected\.
hear A VSAP/0\.1 210 2 name:b bound\.
hear A VSAP/0\.1 200 .* done
hear B VSAP/0\.1 240 1 name:b name:b connected\.
END
    control_stands
}

# Visitors for a FORWARD at ADDR's UNIX socket that reads no replies, until
# its session is reset.
flood_forward() { # CONTROL-SOCKET LOG
    timeout 50 perl - "$1" "$2" <<'END' 3>&- 4>&-
use strict; use warnings;
use IO::Socket::INET; use IO::Socket::UNIX;
my ($socket, $log) = @ARGV;
my $target = IO::Socket::INET->new(Listen => 4096,
    LocalAddr => '127.0.0.1:0') or die;
$target->blocking(0);
my $c = IO::Socket::UNIX->new(Peer => $socket) or die;
$c->print("BIND 127.0.0.1:0 -l=1000\r\n"); $c->flush;
<$c> =~ / (127\S+) bound/ or die;
my $at = $1;
$c->print('FORWARD 127.0.0.1:', $target->sockport, "\r\n"); $c->flush;
for my $n (1 .. 20000) {
    my $v = IO::Socket::INET->new($at) or last;
    while ($target->accept) { }
    next if $n % 500;
    open my $f, '<', $log or die;
    exit 0 if grep { /does not read its replies/ } <$f>;
}
open my $f, '<', $log or die;
exit !grep { /does not read its replies/ } <$f>;
END
}

@test "FORWARD for one who reads no replies ends by a reset" {
    start_vsapd
    flood_forward "$CONTROL_UNIX" "$VSAPD_LOG"
    control_stands
    vsap_lines "$CONTROL" 'ECHO alive' | grep -q alive
}

@test "FORWARD through a hop for one who reads no replies" {
    start_vsapd
    hop
    flood_forward "$BATS_TEST_TMPDIR/run.hop/vsapd.sock" "$HOP_LOG"
    assert_equal "$(log_count "$HOP_LOG" 'control started')" 1
    vsap_lines "$HOP" 'ECHO alive' | grep -q alive
}

@test "a thousand dead acceptors do not nest" {
    start_vsapd
    run timeout 50 perl - "$CONTROL_UNIX" "$(control_pid)" <<'END' 3>&- 4>&-
use strict; use warnings;
use IO::Socket::INET; use IO::Socket::UNIX;
my ($socket, $control) = @ARGV;
my ($at, @c) = '127.0.0.1:0';
for (1 .. 1000) {
    my $c = IO::Socket::UNIX->new(Peer => $socket) or die $!;
    $c->print("BIND $at\r\n"); $c->flush;
    <$c> =~ / (127\S+) bound/ or die;
    $at = $1;
    $c->print("ACCEPT\r\n"); $c->flush;
    push @c, $c;
}
# All are waiting when one more, who came last, is told something.
my $e = IO::Socket::UNIX->new(Peer => $socket) or die;
do { $e->print("STAT\r\n"); $e->flush; $_ = ''; $_ .= <$e> until / 200 /m; }
    until / waiting 1000/;
kill STOP => $control;
my $v = IO::Socket::INET->new($at) or die;
close $_ for @c;
kill CONT => $control;
$e->print("ECHO on\r\n"); $e->flush;
<$e> =~ / on/ or die;
open my $f, '<', "/proc/$control/status" or die;
/^VmStk:\s+(\d+)/ and print "$1\n" while <$f>;
END
    assert_success
    [ "$output" -lt 300 ]
    control_stands
}

# ---- what is left behind ---------------------------------------------------

@test "hundreds of listeners that end at once are all let go" {
    start_vsapd
    timeout 50 perl - "$CONTROL" >ports <<'END' 3>&- 4>&-
use strict; use warnings;
use IO::Socket::INET;
my @c;
for (1 .. 20) {
    my $c = IO::Socket::INET->new($ARGV[0]) or die;
    $c->print("BIND 127.0.0.1:0\r\n" x 64); $c->flush;
    for (1 .. 64) { <$c> =~ /:(\d+) bound/ or die; print "$1\n"; }
    push @c, $c;
}
END
    assert_equal "$(wc -l <ports)" 1280
    none_listens() {
        ! ss -Htlnp | grep -F "pid=$VSAPD_PID," | awk '{print $4}' |
            sed 's/.*://' | grep -qxFf ports
    }
    wait_for 20 none_listens
}

@test "a caller that leaves a hop leaves nothing there" {
    start_vsapd
    hop
    talk <<'END'
open A $HOP
say A CONNECT name:nobody -t=1000
stat $HOP up \d+ s, sessions 2 .*
close A
stat $HOP up \d+ s, sessions 1 .*
END
}

# ---- who may ---------------------------------------------------------------

@test "an answer to a control that died logs nobody in" {
    # A hash that takes its time: the helper is still at it when the next
    # control comes.
    perl -e 'print "u:", crypt("right", "\$6\$rounds=400000\$salt"), "\n"' \
        >passwords
    chmod 600 passwords
    start_vsapd -A passwords
    run timeout 50 perl - "$CONTROL" "$(control_pid)" <<'END' 3>&- 4>&-
use strict; use warnings;
use IO::Socket::INET;
my ($at, $control) = @ARGV;
my @c = map { IO::Socket::INET->new($at) or die } 1 .. 20;
$_->syswrite("AUTH u:right\r\n") for @c;
select undef, undef, undef, 0.2;
kill KILL => $control;
close $_ for @c;
@c = map { IO::Socket::INET->new($at) or die } 1 .. 20;
$_->syswrite("AUTH u:wrong\r\n") for @c;
print scalar <$_> for @c;
END
    assert_success
    refute_output --partial ' 200 '
    assert_equal "$(grep -c ' 410 ' <<<"$output")" 20
}

@test "a hop's rule for a network lets no name pass" {
    start_vsapd
    hop -c '10.0.0.0/8:*' -c 'good.test:80' -c localhost:1
    talk <<'END'
open A $HOP
say A CONNECT evil.test:80
hear A VSAP/0\.1 410 .*
say A CONNECT 127.0.0.1:80
hear A VSAP/0\.1 410 .*
say A CONNECT localhost:80
hear A VSAP/0\.1 410 .*
say A CONNECT good.test:81
hear A VSAP/0\.1 410 .*
say A CONNECT localhost:1
hear A VSAP/0\.1 540 .*
END
}

@test "nothing behind a malformed RELAY is a command, at a hop neither" {
    start_vsapd
    hop
    talk <<'END'
listen T
open A $HOP
send A CONNECT $T\r\nRELAY now\r\nBIND :0\r\n
hear A VSAP/0\.1 240 .*
hear A VSAP/0\.1 501 .*
eof A
open B $HOP
send B CONNECT $T\r\nRELAY -t=soon\r\nBIND :0\r\n
hear B VSAP/0\.1 240 .*
hear B VSAP/0\.1 501 .*
eof B
END
}

@test "a run directory that is a link is refused" {
    mkdir -m 700 real
    ln -s "$PWD/real" link
    run timeout 10 vsapd -R "$PWD/link" -l 127.0.0.1:0 3>&- 4>&-
    assert_failure 1
    assert_output --partial 'must be a directory of yours'
}

# ---- bytes -----------------------------------------------------------------

# 3 MB, a byte of urgent data, 100 kB and the end, while nobody reads; then
# how many bytes come out at the other side.
urgent() { # PROGRAM [ARG...], with TARGET for where it is to connect
    timeout 50 python3 - "$@" <<'END' 3>&- 4>&-
import socket, subprocess, sys, threading
way = sys.argv[1]
t = socket.socket()
t.bind(('127.0.0.1', 0))
t.listen(1)
at = '127.0.0.1:%d' % t.getsockname()[1]
if way == 'listen':
    p = subprocess.Popen(['vsap-relay', '-l', '127.0.0.1:0', at],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    port = int(p.stderr.readline().split(':')[-1])
    c = socket.create_connection(('127.0.0.1', port))
    out = t.accept()[0]
    take = lambda: out.recv(1 << 20)
else:
    p = subprocess.Popen(['vsap-relay', at], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE)
    c = t.accept()[0]
    take = lambda: p.stdout.read1(1 << 16)
def send():
    c.sendall(b'x' * 12000000)
    c.send(b'!', socket.MSG_OOB)
    c.sendall(b'y' * 100000)
    c.shutdown(socket.SHUT_WR)
s = threading.Thread(target=send)
s.start()
s.join(0.5)
n = 0
while d := take():
    n += len(d)
print(n)
p.terminate()
END
}

@test "what follows urgent data in a bulk stream arrives" {
    run urgent listen
    assert_output 12100001
}

@test "what follows urgent data on its way to standard output arrives" {
    run urgent pump
    assert_output 12100001
}

@test "a gateway's words reach no terminal as they are" {
    start gw python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(1)
print("listening on 127.0.0.1:%d" % s.getsockname()[1], flush=True)
c = s.accept()[0]
c.recv(999)
c.sendall(b"VSAP/0.1 540 \x1b]0;owned\x07 no\r\n")
c.recv(999)'
    run timeout 10 vsap-relay -s "$(listening_on "$LOG")" \
        127.0.0.1:9 </dev/null 3>&- 4>&-
    assert_failure 111
    assert_output --partial '\^[]0;owned\a no'
    refute_output --partial $'\033'
}

# ---- the daemon ------------------------------------------------------------

@test "a hang-up that reaches every process of vsapd ends none" {
    start_vsapd
    kill -HUP "$(control_pid)"
    kill -HUP "$VSAPD_PID"
    vsap_lines "$CONTROL" 'ECHO alive' | grep -q alive
    control_stands
}

@test "in the background, with a syslog, every session is served" {
    need_root 'a /dev of its own'
    unshare -m true 2>/dev/null || lacking 'no mount namespaces here'
    mkdir dev
    cat >inside <<'END'
set -e
mount --make-rprivate /
mount -t tmpfs none dev
for n in null zero urandom random; do
    touch dev/$n
    mount --bind /dev/$n dev/$n
done
mkdir dev/shm
mount --rbind dev /dev
perl -MSocket -e 'socket S, AF_UNIX, SOCK_DGRAM, 0 or die;
    bind S, pack_sockaddr_un("/dev/log") or die; chmod 0666, "/dev/log";
    $| = 1; print "ready\n"; while (defined recv S, $_, 4096, 0) { print "$_\n" }' &
until [ -S /dev/log ]; do :; done
vsapd -dv -R "$PWD/run" -l "$1" -l "$PWD/run/vsapd.sock"
wait
END
    port=$(free_port)
    start syslog unshare -m sh inside "127.0.0.1:$port" </dev/null
    wait_log "$LOG" 'control started'
    for n in 1 2 3 4 5; do
        session_open "s$n" "127.0.0.1:$port"
    done
    for n in 1 2 3 4 5; do
        say "s$n" 'BIND 127.0.0.1:0'
        hear "s$n" | grep -q ' 210 '
        session_close "s$n"
    done
    assert_equal "$(log_count "$LOG" 's[0-9]: bind 127.0.0.1')" 5
    kill "$(cat run/vsapd.lock)"
}

@test "a log that nobody reads holds nobody up" {
    run timeout 50 python3 - <<'END' 3>&- 4>&-
import os, socket, subprocess
p = subprocess.Popen(['vsapd', '-R', os.getcwd() + '/run', '-l',
    '127.0.0.1:0'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    text=True)
port = int(p.stderr.readline().split(':')[-1])
try:
    for i in range(60):
        c = socket.create_connection(('127.0.0.1', port))
        c.settimeout(10)
        c.sendall(b'BIND ' + b'x' * 200 + b':1\r\n')
        c.sendall(b'BIND 127.0.0.1:99999\r\n' * 14 + b'QUIT\r\n')
        while c.recv(65536):
            pass
    print('served')
finally:
    p.kill()
END
    assert_output served
}
