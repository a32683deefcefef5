#!/usr/bin/env bats
# Load: many bytes, many streams, and peers that do as little as they can.

load lib/common
load lib/load

# ---- bytes ---------------------------------------------------------------

# Three gateways, each behind the one before, the outermost first: sets OUTER
# and INNER, where vsap-bind goes.
chain_of_three() {
    start_vsapd
    OUTER=$CONTROL OUTER_LOG=$VSAPD_LOG
    VSAPD_NAME=middle start_vsapd -r "$OUTER"
    VSAPD_NAME=inner start_vsapd -r "$CONTROL"
    INNER=$CONTROL
}

# So many bytes both ways at once from a visitor at BOUND to a service.
both_ways() { # BYTES
    pattern -n "$1" "$BOUND" 3>&- 4>&- || {
        cat service.log
        return 1
    }
    wait_log service.log 'bytes each way'
}

@test "1 GiB both ways at once through three hops, every byte checked" {
    chain_of_three
    bytes=$(scaled 1073741824 33554432)
    start service pattern -l -x -n "$bytes" </dev/null
    AT=$INNER publish one -t "$(listening_on service.log)" 127.0.0.1:0
    both_ways "$bytes"
    wait_log "$OUTER_LOG" "end: $bytes bytes in, $bytes out"
}

@test "64 streams at once, each its own bytes both ways" {
    start_vsapd
    publish one -m 64 127.0.0.1:0 pattern -x -n 4194304 -
    for n in $(seq 64); do
        pattern -n 4194304 "$BOUND" 2>"p.$n.log" 3>&- 4>&- &
        STARTED+=("$!")
    done
    all() { [ "$(cat p.*.log | grep -c 'bytes each way')" = 64 ]; }
    wait_for 90 all || {
        cat p.*.log | sort | uniq -c
        false
    }
}

# ---- streams -------------------------------------------------------------

@test "2,000 streams at once, all alive, each has its echo" {
    start_vsapd
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    n=$(scaled 2000 500)
    keep_visitors "$n" "$BOUND" -c 200
    say_all
    assert_equal "$(kept_alive)" "$n"
    # One more is as welcome as the first.
    run ask "$BOUND" hello
    assert_output hello
    vsap_lines "$CONTROL_UNIX" STAT QUIT | grep -q "streams $n,"
    assert_equal "$(log_count kept.log ^lost)" 0
    # Idle they cost next to nothing.
    # shellcheck disable=SC2046 # words are meant
    assert_idle $(workers_of "$VSAPD_PID") $(workers_of "$BIND_PID")
    kill -KILL "$KEPT"
    gone() { vsap_lines "$CONTROL_UNIX" STAT QUIT | grep -q "streams 0,"; }
    wait_for 30 gone
}

@test "2,000 streams through a gateway chained to another" {
    start_vsapd
    VSAPD_NAME=inner start_vsapd -r "$CONTROL"
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    n=$(scaled 2000 200)
    keep_visitors "$n" "$BOUND" -c 100
    say_all
    assert_equal "$(kept_alive)" "$n"
}

@test "1,000 visitors in the same moment, a pool of 4: all are served" {
    start_vsapd
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    start visitors visits -r 100000 -c 1000 -n 1000 "$BOUND" </dev/null
    wait_log visitors.log ' ok, ' 60
    grep -q '^1000 ok, 0 lost' visitors.log
}

# ---- peers that do as little as they can ---------------------------------

@test "one who does not read holds up nobody, and takes no memory" {
    start_vsapd -j 1
    worker=$(workers_of "$VSAPD_PID")
    serve_echo
    publish echo -t "$SERVICE" 127.0.0.1:0
    echo_at=$BOUND
    publish flood 127.0.0.1:0 cat /dev/zero
    load_start visitors -r 50 "$echo_at"
    before=$(memory_of "$worker")
    # Ten connect and read nothing, until they are told.
    mkfifo go
    # shellcheck disable=SC2094 # read and written by others
    start lazy perl -MIO::Socket::IP -e '
        my @s = map { IO::Socket::IP->new($ARGV[0]) or die $! } 1 .. 10;
        $| = 1; print "here\n"; <STDIN>;
        for my $s (@s) {
            my $n = 0;
            while ($n < 10_000_000) { $n += sysread $s, my $b, 65536 or die }
        }
        print "read\n"' "$BOUND" <>go
    wait_log lazy.log here
    # What fits in between fills up, then all is still.
    still() { assert_idle "$worker"; }
    wait_for 30 still
    load_more visitors 50
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
    after=$(memory_of "$worker")
    echo "worker: $before KiB before, $after KiB after"
    [ $((after - before)) -lt $(scaled 4096 65536) ]
    # Nothing of it was lost.
    echo now >go
    wait_log lazy.log read 30
}

@test "one who does not read what vsap-bind sends holds up nobody" {
    start_vsapd
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    # It says much to the echo and reads none of it.
    start lazy perl -MIO::Socket::IP -e '
        my $s = IO::Socket::IP->new($ARGV[0]) or die $!;
        $s->blocking(0); my ($n, $idle) = (0, 0);
        while ($idle < 20) {
            my $w = syswrite $s, "x" x 65536;
            if ($w) { $n += $w; $idle = 0 } else {
                select undef, undef, undef, 0.02; $idle++ }
        }
        print "stuck after $n\n"; $s->blocking(1); close STDOUT; sleep 100' \
        "$BOUND" </dev/null
    wait_log lazy.log stuck 60
    load_start visitors -r 100 "$BOUND"
    load_more visitors 70
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
    # shellcheck disable=SC2046 # words are meant
    assert_idle $(workers_of "$VSAPD_PID") $(workers_of "$BIND_PID")
}

@test "500 who say nothing, some that drip: others are served at once" {
    start_vsapd
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    control=$(control_of "$VSAPD_PID")
    before=$(memory_of "$control")
    start silent perl -MIO::Socket::IP -e '
        my @s = map { IO::Socket::IP->new($ARGV[0]) or die $! } 1 .. 500;
        # Some began a line, and some go on with it for ever.
        syswrite $_, "BIND 127" for @s[0 .. 9];
        $| = 1; print "here\n";
        while (1) {
            syswrite $_, "x" for @s[10 .. 19];
            select undef, undef, undef, 0.1;
        }' "$CONTROL" </dev/null
    wait_log silent.log here
    all() { vsap_lines "$CONTROL_UNIX" STAT QUIT | grep -q 'sessions 50[0-9]'; }
    wait_for 10 all
    load_start visitors -r 50 -c 50 "$BOUND"
    load_more visitors 50
    # 500 visitors who say nothing have 500 streams.
    start quiet perl -MIO::Socket::IP -e '
        my @s = map { IO::Socket::IP->new($ARGV[0]) or die $! } 1 .. 500;
        sleep 100' "$BOUND" </dev/null
    many() { vsap_lines "$CONTROL_UNIX" STAT QUIT |
        grep -q 'streams 5[0-9][0-9],'; }
    wait_for 30 many
    load_more visitors 50
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
    assert_idle "$control"
    after=$(memory_of "$control")
    echo "control: $before KiB before, $after KiB after"
    [ $((after - before)) -lt $(scaled 8192 65536) ]
    # A line has to come to its end, however it drips; the silent may stay.
    wait_for 40 log_has "$VSAPD_LOG" 'idle for too long: closed' 20
    assert_equal "$(log_count "$VSAPD_LOG" 'idle for too long')" 20
}

# ---- sharing the load ----------------------------------------------------

# The vsap-bind whose log is NAME.log has had N visitors (it has -v).
has_had() { # NAME N
    wait_for 40 log_has "$1.log" ': comes by ' "$2"
}

@test "several share one port: each gets work, one comes, one goes, none fails" {
    start_vsapd
    for name in a b c; do
        serve_echo "service_$name" -n "$name"
        publish "bind_$name" -v -t "$SERVICE" "${BOUND:-127.0.0.1:0}"
        [ "$name" != a ] || gone=$BIND_PID
    done
    load_start visitors -g -r 100 "$BOUND"
    for name in a b c; do
        has_had "bind_$name" 10
    done
    # One is taken out: it finishes what it has.
    kill -TERM "$gone"
    wait_for 5 is_gone "$gone"
    load_more visitors 50
    # One is added: work comes to it by itself.
    serve_echo service_d -n d
    publish bind_d -v -t "$SERVICE" "$BOUND"
    has_had bind_d 10
    load_end visitors
    assert_equal "$LOST" 0
    for name in a b c d; do
        [ "$(load_from visitors "$name")" -ge 10 ]
    done
}

@test "who asks first by -p gets all, until it is gone" {
    start_vsapd
    serve_echo service_a -n first
    publish bind_a -p 5 -t "$SERVICE" 127.0.0.1:0
    first=$BIND_PID
    serve_echo service_b -n second
    publish bind_b -t "$SERVICE" "$BOUND"
    wait_for 10 waiting_at "$BOUND" 8
    load_start visitors -g -r 20 -c 2 "$BOUND"
    load_end visitors
    assert_equal "$LOST" 0
    assert_equal "$(load_from visitors second)" 0
    kill -TERM "$first"
    wait_for 5 is_gone "$first"
    load_start visitors -g -r 50 "$BOUND"
    load_end visitors
    assert_equal "$LOST" 0
    assert_equal "$(load_from visitors first)" 0
}
