# What strangers, users, visitors and upstreams might try against the gateway:
# ways round rules and limits, the rights of others, its time and memory.

load lib/common
load lib/load

export BATS_TEST_TIMEOUT=120

all='permit from local { bind, connect, forward, stat } any'

# A gateway by a configuration on standard input.
conf() {
    cat >vsapd.conf
    chmod 600 vsapd.conf
    start_vsapd -f vsapd.conf
}
# The Nth listener that was said.
listener() { listening_on "$VSAPD_LOG" "$1"; }

# Another configuration, on standard input.
reload() {
    local n

    n=$(log_count "$VSAPD_LOG" 'read again|reloaded')
    cat >vsapd.conf
    kill -HUP "$VSAPD_PID"
    wait_for 10 log_has "$VSAPD_LOG" 'read again|reloaded' $((n + 1))
}

# SCRIPT of Perl: dial(ADDR), say(SOCKET, TEXT...), hear(SOCKET) a line, slam(SOCKET) by a reset.
peer_script() { # ARGS..., the script on standard input
    cat >peer.pl <<'PERL'
use strict; use warnings;
use IO::Socket::IP; use IO::Socket::UNIX;
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF MSG_NOSIGNAL);
$| = 1; $SIG{PIPE} = 'IGNORE'; alarm 60;
sub dial { my $s = $_[0] =~ m{^/} ? IO::Socket::UNIX->new(Peer => $_[0]) : IO::Socket::IP->new(PeerAddr => $_[0]); $s or die "$_[0]: $!\n"; $s->autoflush(1); return $s }
sub say { my $s = shift; syswrite $s, join '', map { "$_\r\n" } @_ }
sub hear { my $s = shift; my $l = <$s> // 'EOF'; $l =~ s/\r?\n$//; return $l }
sub bind_at { my $s = shift; say($s, "BIND 127.0.0.1:0 @_"); hear($s) =~ /210 \d+ (\S+)/ or die "not bound\n"; return $1 }
sub slam { setsockopt $_[0], SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0; close $_[0] }
PERL
    cat >>peer.pl
    run perl peer.pl "$@"
}

users() { # a password's two hashes as statements, for ops: secret
    printf 'secret\n' | vsapd -H 2>/dev/null |
        awk '{ printf "%s password \"%s\"", NR == 1 ? "user ops" : "", $0 } END { print "" }'
}

# ---- time ------------------------------------------------------------------

@test "a reset behind a full buffer ends one who waits, and costs no time" {
    conf <<<"listen on 127.0.0.1:0
$all"
    peer_script "$CONTROL" <<'PERL'
my $s = dial($ARGV[0]);
bind_at($s);
say($s, 'ACCEPT', 'RELAY', 'x' x 20000);
select undef, undef, undef, 0.3;
slam($s);
PERL
    assert_success
    wait_log "$VSAPD_LOG" 'released'
    assert_idle "$(control_of "$VSAPD_PID")"
}

@test "a flood of strangers does not flood the log" {
    conf <<<"listen on 127.0.0.1:0
$all"
    peer_script "$CONTROL" <<'PERL'
for (1 .. 1500) { my $s = dial($ARGV[0]); syswrite $s, "\5\0\0"; sysread $s, my $x, 10 }
PERL
    assert_success
    run wc -l <"$VSAPD_LOG"
    assert [ "$output" -lt 800 ]
    assert [ "$output" -gt 100 ]
    assert_alive
}

@test "a PROXY header writes no line of the log" {
    conf <<<"listen on 127.0.0.1:0 proxy from 127.0.0.1
$all
admit from *"
    peer_script "$CONTROL" <<'PERL'
my $s = dial($ARGV[0]);
syswrite $s, "\r\n\r\n\0\r\nQUIT\n" . pack('CCn', 0x21, 0x31, 216) . pack('a108a108', "x\nvsapd: forged\n", 'y') . "junk\0\r\n";
1 while sysread $s, my $x, 100;
PERL
    run grep -c '^vsapd: forged' "$VSAPD_LOG"
    assert_output 0
}

# ---- others ----------------------------------------------------------------

@test "whose limit of associations is reached holds up nobody else" {
    conf <<<"listen on 127.0.0.1:0
$(users)
$all
limit associations per user 4"
    peer_script "$CONTROL" <<'PERL'
use IO::Socket::INET;
my @ops = map { my $s = dial($ARGV[0]); say($s, 'AUTH ops:secret'); hear($s) =~ /200/ or die; $s } 1 .. 5;
my @at = map { bind_at($_) } @ops;
say($_, 'ACCEPT') for @ops;
my @v = map { my $v = dial($at[$_]); hear($ops[$_]) =~ /230/ or die; say($ops[$_], 'RELAY'); $v } 0 .. 3;
my $waits = dial($at[4]);
select undef, undef, undef, 0.3;
my $s = dial($ARGV[0]);
my $at = bind_at($s);
my $web = IO::Socket::INET->new(Listen => 9, LocalAddr => '127.0.0.1:0');
say($s, 'FORWARD 127.0.0.1:' . $web->sockport);
hear($s) =~ /260/ or die;
alarm 10;
my @kept;
for (1 .. 3) {
    push @kept, dial($at);
    print hear($s), "\n";
    push @kept, $web->accept;
    select undef, undef, undef, 0.1;
}
slam($v[0]); # and now it is the turn of the fifth
print hear($ops[4]), "\n";
PERL
    assert_success
    assert_equal "$(grep -c ' 230 ' <<<"$output")" 4
}

@test "who floods requests without a login keeps no user from his" {
    conf <<<"listen on 127.0.0.1:0
$(users)
$all
limit requests per user 5"
    peer_script "$CONTROL" <<'PERL'
for (1 .. 20) { my $s = dial($ARGV[0]); say($s, 'ECHO', 'BIND name:a', 'QUIT'); 1 while sysread $s, my $x, 100 }
my $s = dial($ARGV[0]);
say($s, 'AUTH ops:secret');
print hear($s), "\n";
PERL
    assert_output --partial '200 OK'
}

@test "where descriptors end, the oldest stranger goes, and a newer one is served" {
    ulimit -S -n 200
    ulimit -H -n 200
    conf <<<"listen on 127.0.0.1:0
$all"
    peer_script "$CONTROL" <<'PERL'
my @idle = map { dial($ARGV[0]) } 1 .. 150;
select undef, undef, undef, 2.2;
my $s = dial($ARGV[0]);
alarm 5;
say($s, 'ECHO served');
print hear($s), "\n";
PERL
    assert_output --partial served
}

@test "a BIND counts until its address is free again" {
    conf <<<"listen on 127.0.0.1:0
$all
timeout linger 30 seconds
limit binds per user 3"
    peer_script "$CONTROL" <<'PERL'
my %seen;
for (1 .. 10) {
    my $s = dial($ARGV[0]);
    say($s, 'BIND 127.0.0.1:0', 'QUIT');
    my $l = hear($s);
    $seen{substr $l, 9, 3}++;
    $seen{at} = $1 if $l =~ /210 \d+ (\S+)/;
    1 while sysread $s, my $x, 100;
}
print "$seen{210} bound, $seen{510} not\n";
my $s = dial($ARGV[0]); # its owner comes back
say($s, "BIND $seen{at}");
print hear($s), "\n";
PERL
    assert_line --index 0 '3 bound, 7 not'
    assert_line --index 1 --partial ' 210 '
}

# ---- rights ----------------------------------------------------------------

@test "after a reload those who wait already get no visitor that no rule permits" {
    conf <<<"listen on 127.0.0.1:0
$all"
    session_open one "$CONTROL"
    say one 'BIND 127.0.0.1:0'
    local at
    at=$(hear one | awk '{print $4}')
    say one 'ACCEPT'
    session_open two "$CONTROL"
    say two 'BIND name:x'
    hear two
    say two 'ACCEPT'
    reload <<<"listen on 127.0.0.1:0
permit from local connect any"
    run timeout 5 nc.openbsd -d "${at%:*}" "${at##*:}"
    run vsap_lines "$CONTROL" 'CONNECT name:x' 'QUIT'
    assert_line --partial ' 540 '
    run hear one
    assert_output --partial "410 forbidden: no rule permits anonymous to bind $at any more"
    run hear two
    assert_output --partial '410 forbidden: no rule permits anonymous to bind name:x any more'
    reload <<<"listen on 127.0.0.1:0
$all"
    # The first to be taken is the one that comes now, where it is bound now.
    say one "BIND $at"
    hear one
    say one 'ACCEPT'
    start visitor nc.openbsd -d "${at%:*}" "${at##*:}"
    run hear one
    assert_output --partial "230 2 $at"
    run ss -Htn state established "src $at"
    assert_equal "$(wc -l <<<"$output")" 1
}

@test "after a reload that demands AUTH a session without is asked for it" {
    local u
    u=$(users)
    conf <<<"listen on 127.0.0.1:0
$u
$all"
    session_open one "$CONTROL"
    say one 'ECHO a'
    hear one
    session_open two "$CONTROL"
    say two 'BIND name:y'
    hear two
    say two 'ACCEPT'
    reload <<<"listen on 127.0.0.1:0
$u
$all
authentication required"
    run hear two
    assert_output --partial '410 forbidden: say AUTH'
    say one 'BIND name:x'
    run hear one
    assert_output --partial 'say AUTH'
}

@test "BIND -a= of a name holds for those who CONNECT to it" {
    conf <<<"listen on 127.0.0.1:0
$all"
    session_open one "$CONTROL"
    say one 'BIND name:x -a=10.0.0.0/8'
    hear one
    say one ACCEPT
    run vsap_lines "$CONTROL" 'CONNECT name:x' QUIT
    assert_line --partial 'takes no visitors from here'
}

@test "FORWARD by a rule with send proxy names the visitor and where it came to" {
    start target perl -MIO::Socket::INET -e '$| = 1; my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1:0");
        print "at ", $l->sockport, "\n"; while (my $c = $l->accept) { print scalar <$c> }' </dev/null
    local port
    port=$(wait_log target.log '^at' | cut -d' ' -f2)
    conf <<<"listen on 127.0.0.1:0
permit from local bind any
permit from local { connect, forward } 127.0.0.1:$port send proxy v1"
    session_open one "$CONTROL"
    say one 'BIND 127.0.0.1:0'
    local at
    at=$(hear one | awk '{print $4}')
    say one "FORWARD 127.0.0.1:$port"
    hear one
    run timeout 5 nc.openbsd -N "${at%:*}" "${at##*:}" <<<'PROXY TCP4 192.0.2.1 192.0.2.2 1 2'
    wait_log target.log '^PROXY'
    run head -n 2 target.log
    assert_line --regexp "^PROXY TCP4 127.0.0.1 127.0.0.1 [0-9]+ ${at##*:}"
}

@test "who guesses many passwords at once is not told the right one" {
    conf <<<"listen on 127.0.0.1:0 proxy from 127.0.0.1 passwords cleartext
$(users)
$all
admit from *"
    peer_script "$CONTROL" <<'PERL'
my @s = map { my $s = dial($ARGV[0]); syswrite $s, "PROXY TCP4 203.0.113.5 127.0.0.1 1 2\r\n"; say($s, 'ECHO'); hear($s); $s } 1 .. 6;
# In this order, and the last long before the first is checked.
for (0 .. 5) {
    say($s[$_], $_ < 5 ? "AUTH ops:wrong$_" : 'AUTH ops:secret');
    select undef, undef, undef, 0.005;
}
print hear($_), "\n" for @s;
PERL
    assert_success
    refute_output --partial ' 200 '
    assert_equal "$(grep -c ' 410 ' <<<"$output")" 6
}

@test "over TLS no descriptor is passed, at a UNIX-domain socket either" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem \
        -out c.pem -days 2 -subj /CN=localhost 2>/dev/null
    chmod 600 k.pem
    conf <<<"listen on 127.0.0.1:0
listen on $BATS_TEST_TMPDIR/ops.sock tls optional
tls { certificate \"c.pem\" key \"k.pem\" }
$all"
    run timeout 10 openssl s_client -quiet -unix "$BATS_TEST_TMPDIR/ops.sock" \
        < <(printf 'BIND name:x\r\nCONNECT name:x\r\nRELAY -f\r\nQUIT\r\n')
    assert_line --partial ' 500 RELAY -f'
}

@test "STAT -j is JSON whatever somebody binds" {
    start_vsapd
    peer_script "$CONTROL" <<'PERL'
my $s = dial($ARGV[0]);
say($s, "BIND /tmp/a\xff\xc3(\"\\", "BIND /tmp/\xc3\xa4\xed\xa0\x80", 'STAT -j');
hear($s) =~ / 210 / && hear($s) =~ / 210 / or die;
print substr(hear($s), 13), "\n";
PERL
    assert_success
    run python3 -c 'import json, sys
print(sorted(ascii(b["address"]) for b in json.loads(sys.stdin.buffer.read().decode("utf-8", "strict"))["bound"]))' <<<"$output"
    assert_success
    assert_output --partial 'xe4'
}

# ---- memory ----------------------------------------------------------------

@test "binary VSAP: FORWARD whose replies nobody reads ends that session alone" {
    conf <<<"listen on $BATS_TEST_TMPDIR/ops.sock
listen on 127.0.0.1:0
$all"
    start web perl -MIO::Socket::INET -e '$| = 1; my $l = IO::Socket::INET->new(Listen => 500, LocalAddr => "127.0.0.1:0");
        print "at ", $l->sockport, "\n"; while (my $c = $l->accept) { close $c }' </dev/null
    local port
    port=$(wait_log web.log '^at' | cut -d' ' -f2)
    peer_script "$BATS_TEST_TMPDIR/ops.sock" "$port" <<'PERL'
my $s = dial($ARGV[0]);
setsockopt $s, SOL_SOCKET, SO_RCVBUF, 2048;
my $bind = '127.0.0.1:0'; my $to = "127.0.0.1:$ARGV[1]";
syswrite $s, "\5\1\0" . pack('CCC CC/a n', 5, 0x81, 0, 0x80, $bind, 0);
my $got = '';
while ($got !~ / bound/) { sysread $s, $got, 500, length $got or die "eof" }
my ($at) = $got =~ /(127\.0\.0\.1:\d+) bound/;
syswrite $s, pack('CCC CC/a n', 5, 0x86, 0, 0x80, $to, 0);
my $n = 0;
while ($n < 12000) { my $v = IO::Socket::IP->new(PeerAddr => $at) or last; $n++ }
print "$n visitors\n";
PERL
    echo "$output"
    wait_log "$VSAPD_LOG" 'does not read its replies' 20
    run vsap_lines "$CONTROL" 'ECHO alive' QUIT
    assert_output --partial alive
}

@test "a reload while the upstream is dialled takes nothing away that is needed" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem \
        -out c.pem -days 2 -subj /CN=localhost 2>/dev/null
    chmod 600 k.pem
    mkfifo go
    start slow python3 -c '
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)
print("at", s.getsockname()[1], flush=True)
fill = [socket.socket() for _ in range(3)]
for f in fill:
    f.setblocking(False)
    try: f.connect(s.getsockname())
    except BlockingIOError: pass
open("go").read()
while True: print("accepted", s.accept()[1], flush=True)' </dev/null
    local port
    port=$(wait_log slow.log '^at' | cut -d' ' -f2)
    local text="listen on 127.0.0.1:0
upstream tls:127.0.0.1:$port { ca \"c.pem\" name \"$(printf 'n%.0s' {1..200}).example\" }
$all"
    conf <<<"$text"
    session_open one "$CONTROL"
    say one 'CONNECT 127.0.0.1:1'
    wait_for 5 eval "ss -Htn state syn-sent | grep -q ':$port'"
    reload <<<"$text"
    : >go
    run hear one 30
    assert_output --partial 'upstream'
    run vsap_lines "$CONTROL" 'ECHO alive' QUIT
    assert_output --partial alive
}

# ---- everything at once ----------------------------------------------------

@test "a monkey in every protocol: others are served, and nothing is left behind" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem \
        -out c.pem -days 2 -subj /CN=localhost 2>/dev/null
    chmod 600 k.pem
    conf <<EOF2
listen on 127.0.0.1:0
listen on 127.0.0.1:0 tls optional
listen on 127.0.0.1:0 tls optional passwords cleartext proxy from 127.0.0.1
listen on 127.0.0.1:0 metrics
listen on $BATS_TEST_TMPDIR/ops.sock
tls { certificate "c.pem" key "k.pem"
    client ca "c.pem"
    workers 1 }
$(users)
admit from *
$all
permit user ops { bind, connect, forward } any
limit associations per user 20
limit binds per user 15
limit hello 250
limit waiting 5
limit bandwidth per user 10M
timeout hello 3 seconds
timeout line 2 seconds
timeout idle 3 seconds
timeout connect 2 seconds
timeout linger 1 seconds
workers 1
EOF2
    local control fds memory kinds seed=${GWMONKEY_SEED:-$RANDOM}
    control=$(control_of "$VSAPD_PID")
    fds=$(fds_of "$control")
    memory=$(memory_of "$control")
    kinds=(plain="$(listener 1)" tls="$(listener 2)" proxy="$(listener 3)"
        metrics="$(listener 4)" unix="$BATS_TEST_TMPDIR/ops.sock")
    echo "seed $seed"
    GWMONKEY_PATIENCE=$(scaled 1 3) run timeout 60 perl "$ROOT/tests/tools/gwmonkey.pl" \
        "$seed" "${GWMONKEY_SECONDS:-8}" "${kinds[@]}"
    echo "$output"
    assert_success
    # Its connections are gone; what lingers does so for a second.
    back() { [ "$(fds_of "$control")" -le "$fds" ]; }
    wait_for 20 back || {
        ls -l "/proc/$control/fd"
        vsap_lines "${kinds[0]#*=}" STAT QUIT
        return 1
    }
    assert_equal "$(control_of "$VSAPD_PID")" "$control"
    assert_idle "$control"
    # A stream whose ends have both gone may have last words, for 10 seconds.
    at_rest() {
        vsap_lines "${kinds[0]#*=}" STAT QUIT >stat
        grep -q 'streams 0, streams pending 0, strangers 1' stat
    }
    wait_for 20 at_rest || { cat stat; return 1; }
    # A sanitizer keeps what was freed for a while.
    [ "$(scaled 0 1)" = 1 ] || [ "$(memory_of "$control")" -lt $((memory + 6000)) ]
}
