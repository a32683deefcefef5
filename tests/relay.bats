#!/usr/bin/env bats
# vsap-relay as a program: a port forwarder and the relay of one pair.

load lib/common

# Ports that answer each connection with a command, by socat.
server() { # NAME socat-address: sets SERVER
    start "$1" socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr "$2"
    wait_for 10 grep -q 'listening on AF=2' "$LOG"
    SERVER=$(grep -o '127.0.0.1:[0-9]*' "$LOG" | head -n 1)
}

# vsap-relay -l 127.0.0.1:0 ARGS: sets RELAY, RELAY_PID, RELAY_LOG
relay() {
    start relay vsap-relay -l 127.0.0.1:0 "$@"
    RELAY_PID=$PID
    RELAY_LOG=$LOG
    RELAY=$(listening_on "$RELAY_LOG")
}

random_file() { # BYTES
    head -c "$1" /dev/urandom >random
    sha256sum <random >random.sum
}

@test "relay -l: says where it listens, and forwards" {
    server upper 'EXEC:tr a-z A-Z'
    relay "$SERVER"
    run nc_to "$RELAY" -N <<<'hello'
    assert_success
    assert_output HELLO
    run nc_to "$RELAY" -N <<<'again'
    assert_output AGAIN
    assert_alive "$RELAY_PID"
}

@test "relay -l: half-close loses no reply" {
    # wc answers after the end of its input
    server count 'EXEC:wc -c'
    random_file 3000000
    relay "$SERVER"
    run nc_to "$RELAY" -N <random
    assert_output 3000000
}

@test "relay -l: a large reply arrives whole" {
    random_file 50000000
    server file 'OPEN:random,rdonly'
    relay "$SERVER"
    nc_to "$RELAY" </dev/null >got
    run sha256sum <got
    assert_output "$(cat random.sum)"
}

@test "relay -l: twenty connections at a time" {
    random_file 1000000
    server echo PIPE
    relay "$SERVER"
    for i in $(seq 20); do
        nc_to "$RELAY" -N <random >"got.$i" 3>&- &
        STARTED+=("$!")
    done
    wait "${STARTED[@]:2}"
    for i in $(seq 20); do
        cmp random "got.$i"
    done
}

@test "relay -l: nobody at the endpoint: the visitor is reset, the reason said" {
    port=$(free_port)
    relay "127.0.0.1:$port"
    run perl -MIO::Socket::INET -e '
        my $s = IO::Socket::INET->new($ARGV[0]) or die "connect: $!";
        my $n = sysread($s, my $b, 1);
        print defined $n ? "end of file" : "$!", "\n";' "$RELAY"
    assert_output 'Connection reset by peer'
    wait_log "$RELAY_LOG" "127.0.0.1:$port: Connection refused"
    assert_alive "$RELAY_PID"
}

@test "relay -l: a server that dies in mid-reply does not look complete" {
    start dying perl -MIO::Socket::INET -MSocket -e '
        my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")
            or die;
        $| = 1;
        print "listening on 127.0.0.1:", $l->sockport, "\n";
        my $c = $l->accept;
        syswrite $c, "half";
        sysread $c, my $b, 1;
        setsockopt $c, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0);
        close $c;'
    relay "$(listening_on "$LOG")"
    run perl -MIO::Socket::INET -e '
        my $s = IO::Socket::INET->new($ARGV[0]) or die "connect: $!";
        sysread $s, my $b, 4;
        syswrite $s, "x";
        my $n = sysread($s, my $c, 1);
        print "$b: ", defined $n ? "end of file" : "$!", "\n";' "$RELAY"
    assert_output 'half: Connection reset by peer'
}

@test "relay -l: UNIX listener, and a stale socket is replaced" {
    server echo PIPE
    start relay vsap-relay -l "$PWD/sock" "$SERVER"
    listening_on "$LOG"
    run nc_to "$PWD/sock" -N <<<'one'
    assert_output one
    kill -KILL "$PID"
    wait_for 5 is_gone "$PID"
    [ -S sock ]
    start relay vsap-relay -l "$PWD/sock" "$SERVER"
    listening_on "$LOG"
    run nc_to "$PWD/sock" -N <<<'two'
    assert_output two
    run vsap-relay -l "$PWD/sock" "$SERVER"
    assert_failure
    assert_output "vsap-relay: $PWD/sock: Address already in use"
    kill "$PID"
    wait_for 5 is_gone "$PID"
    [ ! -e sock ]
}

@test "relay -l: a file is no stale socket" {
    echo precious >file
    run vsap-relay -l "$PWD/file" 127.0.0.1:1
    assert_failure
    assert_output "vsap-relay: $PWD/file: File exists"
    run cat file
    assert_output precious
}

@test "relay -l: to a UNIX socket" {
    start unix socat UNIX-LISTEN:target,fork PIPE
    wait_for 5 test -S target
    relay "$PWD/target"
    run nc_to "$RELAY" -N <<<'through'
    assert_output through
}

@test "relay -l: a command for each connection" {
    relay 'exec:sed s/^/got:/'
    run nc_to "$RELAY" -N <<<'one'
    assert_output got:one
    run nc_to "$RELAY" -N <<<'two'
    assert_output got:two
}

@test "relay -l: IPv6" {
    server echo PIPE
    start relay vsap-relay -l '[::1]:0' "$SERVER"
    at=$(listening_on "$LOG") || skip_lacking IPv6
    run nc_to "$at" -N <<<'six'
    assert_output six
}

@test "relay -l -v: one line for each begin and end" {
    server echo PIPE
    relay -v "$SERVER"
    nc_to "$RELAY" -N <<<'12345' >got
    wait_log "$RELAY_LOG" 'c1: from 127.0.0.1:'
    wait_log "$RELAY_LOG" 'c1: closed: end, 6 bytes there, 6 back'
}

@test "relay -l: descriptor limit: visitors wait, and all are served" {
    server echo PIPE
    start relay bash -c 'ulimit -n 24; exec vsap-relay -l 127.0.0.1:0 "$1"' \
        - "$SERVER"
    pid=$PID
    RELAY=$(listening_on "$LOG")
    # each says its number and waits for it: those in front leave first
    run perl -MIO::Socket::INET -e '
        my @s = map { IO::Socket::INET->new($ARGV[0]) or die "$!" } 1 .. 40;
        my $n = 0;
        for my $i (0 .. 39) {
            syswrite $s[$i], "$i\n";
            my $got = readline $s[$i];
            $n++ if defined $got && $got eq "$i\n";
            close $s[$i];
        }
        print "$n\n";' "$RELAY"
    assert_output 40
    assert_alive "$pid"
    run log_count "$LOG" 'Too many'
    assert_output 0
}

@test "relay: standard input and output to an endpoint" {
    server count 'EXEC:wc -c'
    random_file 2000000
    run vsap-relay "$SERVER" <random
    assert_success
    assert_output 2000000
    run vsap-relay - "$SERVER" <random
    assert_success
    assert_output 2000000
    run vsap-relay "$SERVER" - <random
    assert_success
    assert_output 2000000
}

@test "relay: two commands" {
    run vsap-relay 'exec:echo one' 'exec:cat >two'
    assert_success
    wait_for 5 test -s two
    run cat two
    assert_output one
}

@test "relay: inherited descriptors" {
    run perl -MSocket -e '
        socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die;
        socketpair(my $c, my $d, AF_UNIX, SOCK_STREAM, 0) or die;
        $^F = 100;
        open my $x, "+<&=", fileno $b;
        my $pid = fork // die;
        if (!$pid) {
            close $a; close $d;
            fcntl $_, 2, 0 for $b, $c;
            exec "vsap-relay", "fd:" . fileno($b), "fd:" . fileno($c);
        }
        close $b; close $c;
        syswrite $a, "ping"; shutdown $a, 1;
        { local $/; print "there: ", scalar <$d>, "\n"; }
        syswrite $d, "pong"; shutdown $d, 1;
        { local $/; print "back: ", scalar <$a>, "\n"; }
        waitpid $pid, 0;
        print "status ", $? >> 8, "\n";'
    assert_line 'there: ping'
    assert_line 'back: pong'
    assert_line 'status 0'
}

@test "relay: what cannot be connected: 111 and why" {
    run vsap-relay 127.0.0.1:1 </dev/null
    assert_failure 111
    assert_output 'vsap-relay: 127.0.0.1:1: Connection refused'
    run vsap-relay "$PWD/none" </dev/null
    assert_failure 111
    assert_output "vsap-relay: $PWD/none: No such file or directory"
    run vsap-relay fd:77 127.0.0.1:1 </dev/null
    assert_failure 111
    assert_output 'vsap-relay: fd:77: Bad file descriptor'
}

@test "relay -w: the wait for a connection ends" {
    # 192.0.2.1 is nobody's; without a route it fails at once, which is
    # as good
    run timeout 10 vsap-relay -w 1 192.0.2.1:9 </dev/null
    assert_failure 111
}

@test "relay: wrong use: 100, what is wrong, and the usage" {
    refuses_use vsap-relay <<'CASES'
|one or two endpoints
a:1 b:2 c:3|one or two endpoints
-l :0|-l takes exactly one endpoint
-l :0 a:1 b:2|-l takes exactly one endpoint
-l :0 -|serves one connection
-l :0 fd:4|serves one connection
-l name.example:0 a:1|address in numbers
-w x a:1|-w x
-w 0 a:1|-w 0
127.0.0.1:99999|99999
name:foo|name
-Q a:1|
CASES
}

@test "relay -s: through a gateway, not a byte lost behind the reply" {
    server banner 'EXEC:"sh -c \"printf first; cat\""'
    start_vsapd
    run vsap-relay -s "$CONTROL" "$SERVER" <<<' then'
    assert_success
    assert_output 'first then'
    relay -s "$CONTROL_UNIX" "$SERVER"
    run nc_to "$RELAY" -N <<<' again'
    assert_output 'first again'
}

@test "relay -s: the gateway's refusal is told" {
    start_vsapd
    run vsap-relay -s "$CONTROL" 127.0.0.1:1 </dev/null
    assert_failure 111
    assert_output --partial '540 cannot connect 127.0.0.1:1'
    run vsap-relay -s 127.0.0.1:1 127.0.0.1:2 </dev/null
    assert_failure 111
    assert_output --partial '127.0.0.1:1: Connection refused'
}

@test "relay -s: a gateway that never answers" {
    server silent 'EXEC:sleep 60'
    run timeout 20 vsap-relay -w 1 -s "$SERVER" 127.0.0.1:1 </dev/null
    assert_failure 111
    assert_output "vsap-relay: $SERVER: 127.0.0.1:1: Connection timed out"
}

@test "relay -v: progress on a terminal" {
    server file 'EXEC:"sh -c \"printf 123456; read x\""'
    run timeout 20 script -qec \
        "sh -c '(sleep 2.5; echo) | vsap-relay -v $SERVER'" /dev/null
    assert_output --partial '6 B back'
    assert_output --partial '0:00:0'
    assert_output --partial 'over: 1 bytes there, 6 back'
}
