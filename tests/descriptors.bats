#!/usr/bin/env bats
# No descriptor is left, in each of the processes: what is refused is said,
# nobody spins, nothing that runs is lost, and it is over when it is over.

load lib/common
load lib/load

published() { # [vsapd's arguments]
    start_vsapd "$@"
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    wait_for 10 waiting_at "$BOUND" 4
    CONTROL_PID=$(control_of "$VSAPD_PID")
}

# The log says it, and not again and again.
said_once() { # FILE PATTERN
    wait_log "$1" "$2"
    [ "$(log_count "$1" "$2")" -le 2 ]
}

@test "control: as many sessions as descriptors do for, the others wait" {
    start limited bash -c 'ulimit -n 100; exec "$@"' - vsapd \
        -R "$PWD/run" -l 127.0.0.1:0 -l "$PWD/run/vsapd.sock" </dev/null
    CONTROL=$(listening_on "$LOG")
    export CONTROL
    vsapd=$PID log=$LOG
    wait_for 10 log_has "$log" 'control started' 1
    # The same limit, known beforehand: nothing fails, the rest waits.
    start crowd perl -MIO::Socket::IP -e '$| = 1;
        my @s = map { IO::Socket::IP->new($ARGV[0]) or die $! } 1 .. 40;
        syswrite $_, "ECHO here\r\n" for @s;
        for (@s[0 .. 31]) { readline($_) =~ / 200 / or die }
        print "all in\n"; sleep 100' "$CONTROL" </dev/null
    crowd=$PID
    wait_log crowd.log "all in"
    said_once "$log" '32 control connections are the most'
    session_open late "$CONTROL"
    say late "ECHO late"
    # shellcheck disable=SC2046 # words are meant
    assert_idle "$vsapd" $(control_of "$vsapd")
    run log_count "$log" 'Too many open files'
    assert_output 0
    kill -KILL "$crowd"
    hear late | grep -q ' 200 .* late'
    assert_alive "$vsapd"
}

@test "control: no descriptor: BIND says so, nothing new comes in, all goes on" {
    published
    session_open a "$CONTROL"
    say a "ECHO x"
    hear a | grep -q ' 200 '
    session_open v "$BOUND"
    say v hello
    assert_equal "$(hear v)" hello
    exhaust_fds "$CONTROL_PID"
    say a "BIND 127.0.0.1:0"
    run hear a
    assert_output --partial '510 not bound 127.0.0.1:0: Too many open files'
    # The port that nobody got is not kept.
    port=$(sed -n 's/.* 127.0.0.1:\([0-9]*\): let go.*/\1/p' "$VSAPD_LOG")
    ! listens "$port"
    session_open b "$CONTROL"
    say b "ECHO later"
    visitor w "$BOUND"
    said_once "$VSAPD_LOG" 'no new connections until this is over'
    assert_idle "$CONTROL_PID" "$VSAPD_PID"
    say v still
    assert_equal "$(hear v)" still
    limit_fds "$CONTROL_PID" 1000
    hear b | grep -q 'later'
    answered w 20000
    say a "BIND 127.0.0.1:0"
    hear a | grep -q ' 210 1 127.0.0.1'
    assert_equal "$(control_of "$VSAPD_PID")" "$CONTROL_PID"
    session_close v
}

@test "parent: no descriptor: BIND says so, a dead control comes back later" {
    published
    session_open v "$BOUND"
    say v hello
    assert_equal "$(hear v)" hello
    session_open a "$CONTROL"
    exhaust_fds "$VSAPD_PID"
    say a "BIND 127.0.0.1:0"
    run hear a
    assert_output --partial '510 not bound 127.0.0.1:0: Too many open files'
    session_close a
    kill -KILL "$CONTROL_PID"
    wait_for 5 is_gone "$CONTROL_PID"
    # One went with control, a pair of sockets is needed.
    exhaust_fds "$VSAPD_PID"
    wait_log "$VSAPD_LOG" 'socketpair: Too many open files'
    assert_idle "$VSAPD_PID"
    visitor w "$BOUND"
    limit_fds "$VSAPD_PID" 1000
    answered w 20000
    say v still
    assert_equal "$(hear v)" still
    session_close v
}

@test "worker: no descriptor: the visitor is refused, its streams go on" {
    published -j 1
    keep_visitors 10 "$BOUND"
    worker=$(workers_of "$VSAPD_PID")
    exhaust_fds "$worker"
    run ask "$BOUND" hello
    assert_output ''
    wait_log "$VSAPD_LOG" 'Too many open files'
    start refused visits -r 20 -n 10 "$BOUND" </dev/null
    assert_idle "$worker" "$CONTROL_PID"
    say_all
    assert_equal "$(kept_alive)" 10
    limit_fds "$worker" 1000
    back() { [ "$(ask "$BOUND" hello)" = hello ]; }
    wait_for 10 back
}

@test "worker: what one has no descriptors for another one takes" {
    published -j 2
    exhaust_fds "$(workers_of "$VSAPD_PID" | head -n 1)"
    start visitors visits -r 100 -n 50 "$BOUND" </dev/null
    wait_log visitors.log '^50 ok, 0 lost' 20
}

@test "vsap-bind: no descriptor: visitors wait for it at the gateway" {
    published
    keep_visitors 10 "$BOUND"
    wait_for 10 waiting_at "$BOUND" 4
    exhaust_fds "$BIND_PID"
    visitor v "$BOUND"
    wait_log one.log 'Too many open files'
    assert_idle "$BIND_PID"
    say_all
    assert_equal "$(kept_alive)" 10
    limit_fds "$BIND_PID" 1000
    answered v 30000
    [ "$(log_count one.log 'Too many open files')" -le 3 ]
}

@test "vsap-bind: its worker has none: the visitor is refused, others go on" {
    published
    keep_visitors 10 "$BOUND"
    for w in $(workers_of "$BIND_PID"); do
        exhaust_fds "$w"
    done
    run ask "$BOUND" hello
    assert_output ''
    wait_log one.log 'Too many open files'
    # shellcheck disable=SC2046 # words are meant
    assert_idle $(workers_of "$BIND_PID") "$BIND_PID"
    say_all
    assert_equal "$(kept_alive)" 10
    for w in $(workers_of "$BIND_PID"); do
        limit_fds "$w" 1000
    done
    back() { [ "$(ask "$BOUND" hello)" = hello ]; }
    wait_for 10 back
}

@test "vsap-relay -l: no descriptor: visitors wait, streams go on" {
    serve_echo
    start relay vsap-relay -l 127.0.0.1:0 "$SERVICE" </dev/null
    relay=$PID
    BOUND=$(listening_on "$LOG")
    keep_visitors 10 "$BOUND"
    exhaust_fds "$relay"
    visitor v "$BOUND"
    said_once relay.log 'Too many open files'
    assert_idle "$relay"
    say_all
    assert_equal "$(kept_alive)" 10
    limit_fds "$relay" 1000
    answered v 20000
}
