#!/usr/bin/env bats
# Disasters, most of them under a steady load of visitors: what may be lost
# when something dies, stops or vanishes, and what may not.

load lib/common
load lib/load
load lib/netns

# A gateway, and an echo service that is published there.
published() { # [vsapd's arguments]
    start_vsapd "$@"
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    wait_for 10 waiting_at "$BOUND" 4
}

# ---- acceptors -----------------------------------------------------------

@test "an acceptor killed under load: none is lost that has no stream" {
    published
    load_start visitors -r 100 "$BOUND"
    for n in 1 2 3; do
        start other vsap-bind -s "$CONTROL" -t "$SERVICE" "$BOUND" </dev/null
        listening_on "$LOG" >other.at
        load_more visitors 50
        kill -KILL "$PID"
        load_more visitors 50
    done
    load_lost_none_waiting visitors
    [ "$LOST" -le 3 ]
    [ "$SLOWEST" -lt 5000 ]
}

@test "the only acceptor killed and started anew: the visitors waited" {
    published
    load_start visitors -r 100 -c 200 "$BOUND"
    kill -KILL "$BIND_PID"
    wait_for 5 is_gone "$BIND_PID"
    publish two -t "$SERVICE" "$BOUND"
    load_more visitors 100
    load_lost_none_waiting visitors
    [ "$LOST" -le 1 ]
}

@test "an acceptor killed as it waits in ACCEPT is offered nobody" {
    published
    acceptor bad "$BOUND"
    kill -KILL "${TALK_PID[bad]}"
    visitor v "$BOUND"
    answered v 1000
    assert_equal "$(log_count "$VSAPD_LOG" 'taken back')" 0
}

@test "an acceptor killed between 230 and RELAY: the next one is served" {
    published
    acceptor bad "$BOUND"
    visitor v "$BOUND"
    hear bad | grep -q ' 230 '
    kill -KILL "${TALK_PID[bad]}"
    answered v 1000
}

@test "an acceptor killed in mid-stream: its stream ends, the others go on" {
    published
    session_open other "$BOUND"
    say other one
    assert_equal "$(hear other)" one
    acceptor bad "$BOUND"
    # shellcheck disable=SC2046 # words are meant
    start v nc.openbsd -d $(nc_words "$BOUND") </dev/null
    hear bad | grep -q ' 230 '
    say bad RELAY
    say bad hello
    wait_log v.log hello
    kill -KILL "${TALK_PID[bad]}"
    wait_for 5 is_gone "$PID"
    say other two
    assert_equal "$(hear other)" two
    session_close other
}

@test "an acceptor stopped in ACCEPT: its visitor goes to the next" {
    published
    acceptor bad "$BOUND"
    kill -STOP "${TALK_PID[bad]}"
    visitor v "$BOUND"
    wait_log "$VSAPD_LOG" 'no RELAY in time: visitor taken back'
    answered v 7000
    # Nobody else waited for that.
    load_start visitors -n 50 "$BOUND"
    load_more visitors 30
    load_end visitors
    assert_equal "$LOST" 0
    # Waking up it sees a reset, and no line that might be taken for data.
    kill -CONT "${TALK_PID[bad]}"
    hear bad | grep -q ' 230 '
    run hear bad 5
    assert_failure 1
    assert_output ''
}

@test "an acceptor stopped between 230 and RELAY: the next one is served" {
    published
    acceptor bad "$BOUND"
    visitor v "$BOUND"
    hear bad | grep -q ' 230 '
    kill -STOP "${TALK_PID[bad]}"
    load_start visitors "$BOUND"
    answered v 7000
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
}

@test "an acceptor stopped in mid-stream goes on when it is woken" {
    start_vsapd
    publish one 127.0.0.1:0 cat
    session_open v "$BOUND"
    say v before
    assert_equal "$(hear v)" before
    cat=$(ps -o pid= --ppid "$BIND_PID" | tr -d ' ')
    kill -STOP "$BIND_PID" "$cat"
    say v during
    run hear v 1
    assert_failure
    kill -CONT "$BIND_PID" "$cat"
    assert_equal "$(hear v)" during
    session_close v
}

@test "a whole vsap-bind stopped under load: its visitors are taken back" {
    published
    start other vsap-bind -s "$CONTROL" -t "$SERVICE" "$BOUND" </dev/null
    other=$PID
    listening_on "$LOG" >other.at
    wait_for 10 waiting_at "$BOUND" 8
    load_start visitors -r 20 -c 300 -t 60 "$BOUND"
    kill -STOP "$other"
    load_more visitors 100
    wait_log "$VSAPD_LOG" 'no RELAY in time: visitor taken back' 20
    load_more visitors 50
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 12000 ]
    kill -CONT "$other"
    # Awake it dials anew, and says nothing untoward.
    wait_log other.log 'back; listening|listening on'
    assert_alive "$other"
}

# ---- hosts that vanish ---------------------------------------------------

# A gateway in a namespace, and a vsap-bind with a pool of 8 on another host,
# that asks first for every visitor.  Sets BOUND.
far_pool() { # vsap-bind's arguments
    need_nets
    net_new gw
    net_new far
    net_join gw 10.77.1.1 far 10.77.1.2
    # shellcheck disable=SC2046 # words are meant
    start vsapd $(net_words gw) vsapd -R "$BATS_TEST_TMPDIR/run" \
        -l 10.77.1.1:8000 -l 127.0.0.1:8000 -l "$PWD/run/vsapd.sock" \
        -b 1024-65535 </dev/null
    VSAPD_LOG=$LOG VSAPD_PID=$PID CONTROL_UNIX=$PWD/run/vsapd.sock
    wait_log "$VSAPD_LOG" "listening on $CONTROL_UNIX"
    # shellcheck disable=SC2046
    start far_echo $(net_words far) echod 10.77.1.2:7 </dev/null
    wait_log far_echo.log listening
    # shellcheck disable=SC2046
    start far $(net_words far) vsap-bind -s 10.77.1.1:8000 -N 8 -p 5 "$@" \
        </dev/null
    BOUND=$(listening_on "$LOG")
    wait_for 10 waiting_at "$BOUND" 8
}

# Another one, on the gateway's own host.
near_pool() {
    # shellcheck disable=SC2046
    start near_echo $(net_words gw) echod -n near </dev/null
    SERVICE=$(listening_on "$LOG")
    # shellcheck disable=SC2046
    start near $(net_words gw) vsap-bind -s 127.0.0.1:8000 -t "$SERVICE" \
        "$BOUND" </dev/null
    listening_on "$LOG" >near.at
    wait_for 10 waiting_at "$BOUND" 12
}

@test "behind a black-holed pool of 8 the next is served within 2 seconds" {
    far_pool -t 10.77.1.2:7 :8080
    near_pool
    net_cut far gw
    LOAD=$(net_words gw) load_start visitors -g -r 50 -c 200 127.0.0.1:8080
    load_more visitors 50
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
    grep -q '230 not acknowledged: visitor taken back' "$VSAPD_LOG"
}

@test "one visitor taken back is enough to know a black-holed host" {
    far_pool -t 10.77.1.2:7 :8080
    near_pool
    net_cut far gw
    LOAD=$(net_words gw) load_start visitors -g -c 1 127.0.0.1:8080
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
    assert_equal "$(log_count "$VSAPD_LOG" 'not acknowledged')" 1
}

@test "a host that vanishes between 230 and RELAY: the next one is served" {
    # Its service does not answer, so that RELAY is not said at once.
    far_pool -t 10.77.1.3:7 :8080
    near_pool
    in_net far ip neigh add 10.77.1.3 lladdr 02:00:00:00:00:01 dev to-gw
    LOAD=$(net_words gw) load_start visitors -g -n 1 127.0.0.1:8080 &
    wait_log far.log 'xx'
}
