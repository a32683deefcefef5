#!/usr/bin/env bats
# Disasters, most of them under a steady load of visitors: what may be lost
# when something dies or stops, and what may not.  Hosts that vanish have
# vanish.bats.

load lib/common
load lib/load

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
    load_start visitors "$BOUND"
    load_more visitors 30
    load_end visitors
    assert_equal "$LOST" 0
    # Waking up it sees a reset, and no line that might be taken for data.
    kill -CONT "${TALK_PID[bad]}"
    wait_for 5 is_gone "${TALK_PID[bad]}"
    run cat <&"${TALK_OUT[bad]}"
    refute_output --regexp '[^ ] [^2][0-9][0-9] |relay|reset'
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

@test "a stopped pool of 8 that is asked first costs 5 seconds, once" {
    start_vsapd
    serve_echo
    publish one -N 8 -p 9 -t "$SERVICE" 127.0.0.1:0
    wait_for 10 waiting_at "$BOUND" 8
    start other vsap-bind -s "$CONTROL" -t "$SERVICE" "$BOUND" </dev/null
    listening_on "$LOG" >other.at
    wait_for 10 waiting_at "$BOUND" 12
    kill -STOP "$BIND_PID"
    # One at a time: no crowd uses up the pool.
    for n in 1 2 3; do
        visitor "v$n" "$BOUND"
        answered "v$n" 7000
    done
    assert_equal "$(log_count "$VSAPD_LOG" 'visitor taken back')" 1
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

# ---- the gateway's processes ---------------------------------------------

@test "control killed with 50 visitors queued: 50 are served" {
    start_vsapd
    publish one -m 1 127.0.0.1:0 cat
    session_open first "$BOUND"
    say first hello
    assert_equal "$(hear first)" hello
    start visitors visits -r 1000 -c 50 -n 50 "$BOUND" </dev/null
    visitors=$PID
    queued() { ss -Htln "sport = :${BOUND##*:}" | awk '{ exit $2 != 50 }'; }
    wait_for 10 queued
    control=$(control_of "$VSAPD_PID")
    kill -KILL "$control"
    wait_log one.log 'back; listening on'
    queued
    # The stream goes on, under a control that does not know it.
    say first again
    assert_equal "$(hear first)" again
    session_close first
    wait "$visitors"
    grep -q '^50 ok, 0 lost' visitors.log
    grep -q 'control .* ended by signal 9' "$VSAPD_LOG"
    grep -qF "$BOUND: kept for anonymous" "$VSAPD_LOG"
    assert_equal "$(log_count one.log 'trying again')" 1
}

@test "control killed under load, again and again: the visitors wait" {
    published
    load_start visitors -r 100 -c 400 "$BOUND"
    for n in 1 2 3; do
        kill -KILL "$(control_of "$VSAPD_PID")"
        load_more visitors 100
    done
    load_end visitors
    # Those are lost that it had in its hands: offered, not yet relayed.
    cat visitors.log | grep ^lost || true
    [ "$LOST" -le 6 ]
}

@test "the parent killed: streams run on, their worker ends after them" {
    published -j 1
    session_open v "$BOUND"
    say v before
    assert_equal "$(hear v)" before
    worker=$(workers_of "$VSAPD_PID")
    kill -KILL "$VSAPD_PID"
    # Control follows its parent: nobody could bind for it.
    wait_for 5 is_orphan "$worker"
    say v after
    assert_equal "$(hear v)" after
    ! listens "$CONTROL"
    # A new one starts over what the old one left, and is found again.
    CONTROL_OF=$CONTROL
    VSAPD_NAME=vsapd2 start_vsapd -R "$PWD/run" -l "$CONTROL_OF" \
        -l "$PWD/run/vsapd.sock"
    wait_log one.log 'back; listening on'
    run ask "$BOUND" hello
    assert_output hello
    say v "still here"
    assert_equal "$(hear v)" "still here"
    session_close v
    wait_for 5 is_gone "$worker"
}

is_orphan() { # PID
    tr '\0' ' ' <"/proc/$1/cmdline" | grep -q orphan
}

@test "vsapd stopped and started: the same port, streams of before run on" {
    published
    load_start visitors -r 50 -c 300 "$BOUND"
    keep_visitors 10 "$BOUND"
    kill -TERM "$VSAPD_PID"
    wait_for 5 is_gone "$VSAPD_PID"
    VSAPD_NAME=vsapd2 start_vsapd -l "$CONTROL"
    wait_log one.log "back; listening on $BOUND" 3
    say_all
    assert_equal "$(kept_alive)" 10
    load_more visitors 50
    load_end visitors
    # In between nobody listens: refused or reset, but none hangs.
    run grep -E '^lost' visitors.log
    refute_output --partial 'time is up'
    refute_output --partial 'other bytes'
}

@test "vsapd -K ends orphans, and nobody else" {
    published -j 2
    keep_visitors 4 "$BOUND"
    for w in $(workers_of "$VSAPD_PID"); do
        orphans+=("$w")
    done
    kill -KILL "$VSAPD_PID"
    for w in "${orphans[@]}"; do
        wait_for 5 is_orphan "$w"
    done
    VSAPD_NAME=vsapd2 start_vsapd
    run vsapd -K
    assert_success
    assert_output "2 orphaned workers ended"
    wait_for 5 is_gone "${orphans[@]}"
    assert_alive
    assert_alive "$(workers_of "$VSAPD_PID" | head -n 1)"
    wait_for 5 log_has kept.log '^lost' 4
    run vsapd -K
    assert_output "0 orphaned workers ended"
}

@test "a worker killed: its streams only, and a new one takes new ones" {
    published -j 2
    keep_visitors 10 "$BOUND"
    load_start visitors -r 50 "$BOUND"
    victim=$(workers_of "$VSAPD_PID" | head -n 1)
    kill -KILL "$victim"
    wait_for 5 log_has kept.log '^lost' 5
    say_all
    assert_equal "$(kept_alive)" 5
    three() { [ "$(workers_of "$VSAPD_PID" | wc -l)" = 2 ]; }
    wait_for 5 three
    load_more visitors 50
    load_end visitors
    # Those that it carried, at most what is open at a time.
    [ "$LOST" -le 16 ]
    wait_log "$VSAPD_LOG" 'worker [0-9]+ is gone, its streams with it'
    assert_equal "$(log_count "$VSAPD_LOG" 'worker died')" \
        $((5 + LOST))
}

@test "vsap-bind's worker killed: its streams only, and a new one takes new" {
    published
    keep_visitors 10 "$BOUND"
    load_start visitors -r 50 "$BOUND"
    kill -KILL "$(workers_of "$BIND_PID" | head -n 1)"
    wait_log one.log 'worker [0-9]+ is gone'
    load_more visitors 50
    load_end visitors
    [ "$LOST" -le 16 ]
    say_all
    [ "$(kept_alive)" -gt 0 ]
}

@test "vsap-bind killed: its streams run on, its workers end after them" {
    published
    keep_visitors 10 "$BOUND"
    for w in $(workers_of "$BIND_PID"); do
        workers+=("$w")
    done
    kill -KILL "$BIND_PID"
    wait_for 5 is_gone "$BIND_PID"
    say_all
    assert_equal "$(kept_alive)" 10
    # Nobody comes back for the port: its visitors are not kept waiting.
    wait_log "$VSAPD_LOG" "$BOUND: released"
    ! listens "$BOUND"
    kill -KILL "$KEPT"
    wait_for 5 is_gone "${workers[@]}"
}

@test "nobody comes back for a port: those who wait there are reset" {
    start_vsapd
    publish one -m 1 127.0.0.1:0 cat
    session_open first "$BOUND"
    say first hello
    assert_equal "$(hear first)" hello
    start waiting nc.openbsd -d "${BOUND%:*}" "${BOUND##*:}" </dev/null
    waiting=$PID
    kill -KILL "$BIND_PID"
    wait_log "$VSAPD_LOG" "$BOUND: released"
    wait_for 5 is_gone "$waiting"
    session_close first
}

# ---- chains --------------------------------------------------------------

@test "any gateway of a chain of three dies: the port comes back by itself" {
    names=(outer middle inner)
    for n in 0 1 2; do
        up=()
        [ "$n" = 0 ] || up=(-r "$CONTROL")
        VSAPD_NAME=${names[$n]} start_vsapd "${up[@]}"
        at[$n]=$CONTROL
        pid[$n]=$VSAPD_PID
    done
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    keep_visitors 3 "$BOUND"
    for n in 2 1 0; do
        kill -KILL "${pid[$n]}"
        wait_for 5 is_gone "${pid[$n]}"
        up=()
        [ "$n" = 0 ] || up=(-r "${at[$((n - 1))]}")
        VSAPD_NAME=${names[$n]} start_vsapd -l "${at[$n]}" "${up[@]}"
        wait_for 20 answers
        say_all
        assert_equal "$(kept_alive)" 3
    done
}

answers() { [ "$(ask "$BOUND" hello 2)" = hello ]; }
