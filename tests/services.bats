#!/usr/bin/env bats
# Real services published and reached, and half-close on every way there.

load lib/common
load lib/load

# ---- half-close ----------------------------------------------------------

# Run WAY (a function that lets a visitor talk to a service) with who ends
# first, with much, little and nothing to say.  The one with -o and without
# -x says all and its end before it listens; the other hears the end before
# it says a word.
each_half_closed() { # WAY [ARGS...]
    local n

    for n in 300000 1 0; do
        echo "$*: $n bytes, the visitor ends first"
        VISITOR="pattern -o -n $n" SERVER="pattern -o -x -n $n" "$@"
        echo "$*: $n bytes, the service ends first"
        VISITOR="pattern -o -x -n $n" SERVER="pattern -o -n $n" "$@"
    done
}

# The service's end of a conversation, listening: sets SERVICE.
one_service() {
    # shellcheck disable=SC2086 # words are meant
    start service $SERVER -l </dev/null
    SERVICE_PID=$PID
    SERVICE=$(listening_on service.log)
}

visit() { # ADDRESS
    # shellcheck disable=SC2086 # words are meant
    timeout 20 $VISITOR "$1" 3>&- 4>&- || {
        echo "the visitor has status $?"
        cat service.log
        return 1
    }
}

served() { wait_log service.log 'bytes each way' >/dev/null; }

# COMMAND's input and output joined with those of the pattern command WHO.
joined() { # "pattern ..." COMMAND...
    local who=$1

    shift
    rm -f there back
    mkfifo there back
    # Both open them in the same order: to open waits for the other.
    # shellcheck disable=SC2094 # one writes, the other reads
    "$@" <there >back 3>&- 4>&- &
    STARTED+=("$!")
    # shellcheck disable=SC2086 # words are meant
    $who - >there <back 3>&- 4>&-
}

way_target() { # vsap-bind -s
    one_service
    AT=$1 publish one -t "$SERVICE" 127.0.0.1:0
    visit "$BOUND"
    served
    kill "$BIND_PID"
}

way_command() { # vsap-bind -s
    # shellcheck disable=SC2086 # words are meant
    AT=$1 publish service 127.0.0.1:0 $SERVER -
    visit "$BOUND"
    served
    kill "$BIND_PID"
}

way_stdio() { # vsap-bind -s
    joined "$SERVER" vsap-bind -s "$1" 127.0.0.1:0 2>service.log &
    STARTED+=("$!")
    visit "$(listening_on service.log)"
    served
}

way_connect() { # vsap-connect -s
    one_service
    joined "$VISITOR" vsap-connect -s "$1" "$SERVICE"
    served
}

way_name() { # vsap-connect -s, vsap-bind -s
    # A name of its own: one that was left lingers for its owner.
    local name=name:half-$((++NAMES))

    # shellcheck disable=SC2086 # words are meant
    start service vsap-bind -s "$2" "$name" $SERVER - </dev/null
    wait_log service.log "listening on $name"
    joined "$VISITOR" vsap-connect -w 10 -s "$1" "$name"
    served
    kill "$PID"
}

way_relay() { # vsap-relay's arguments
    one_service
    start relay vsap-relay -l 127.0.0.1:0 "$@" "$SERVICE" </dev/null
    visit "$(listening_on relay.log)"
    served
    kill "$PID"
}

way_pair() {
    one_service
    joined "$VISITOR" vsap-relay - "$SERVICE"
    served
}

@test "half-close both ways: vsap-bind -t, a command, standard input" {
    start_vsapd
    each_half_closed way_target "$CONTROL"
    each_half_closed way_command "$CONTROL"
    each_half_closed way_stdio "$CONTROL"
}

@test "half-close both ways: the same where the descriptor is passed" {
    start_vsapd
    each_half_closed way_target "$CONTROL_UNIX"
    each_half_closed way_command "$CONTROL_UNIX"
    each_half_closed way_stdio "$CONTROL_UNIX"
}

@test "half-close both ways: vsap-connect, to a service and to a name" {
    start_vsapd
    each_half_closed way_connect "$CONTROL"
    each_half_closed way_connect "$CONTROL_UNIX"
    each_half_closed way_name "$CONTROL" "$CONTROL"
    each_half_closed way_name "$CONTROL_UNIX" "$CONTROL_UNIX"
}

@test "half-close both ways: vsap-relay, a pair, a forwarder, by a gateway" {
    start_vsapd
    each_half_closed way_pair
    each_half_closed way_relay
    each_half_closed way_relay -s "$CONTROL"
}

@test "half-close both ways: through a chain of three, and a plain hop" {
    start_vsapd
    outer=$CONTROL
    VSAPD_NAME=middle start_vsapd -r "$outer"
    VSAPD_NAME=inner start_vsapd -r "$CONTROL"
    inner=$CONTROL
    each_half_closed way_target "$inner"
    each_half_closed way_connect "$inner"
    start hop vsap-relay -l 127.0.0.1:0 "$outer" </dev/null
    hop=$(listening_on hop.log)
    each_half_closed way_command "$hop"
    each_half_closed way_connect "$hop"
}

# ---- services ------------------------------------------------------------

@test "curl through a published python http.server, several in parallel" {
    need curl python3
    start_vsapd
    mkdir www
    for n in $(seq 8); do
        head -c $((n * 500000)) /dev/urandom >"www/$n"
    done
    port=$(free_port)
    start http python3 -m http.server -d www -b 127.0.0.1 "$port" </dev/null
    wait_listen "127.0.0.1:$port"
    publish one -t "127.0.0.1:$port" 127.0.0.1:0
    for n in $(seq 8); do
        curl -sS -o "got.$n" "http://$BOUND/$n" 2>"curl.$n.log" \
            3>&- 4>&- &
        curls+=("$!")
    done
    for pid in "${curls[@]}"; do
        wait "$pid"
    done
    for n in $(seq 8); do
        cmp "www/$n" "got.$n"
    done
    # And one connection for all of them.
    run curl -sS -o 'again.#1' "http://$BOUND/[1-3]"
    cmp www/3 again.3
}

@test "a server behind -P sees each visitor's own address" {
    start_vsapd -b 1024-65535
    port=$(free_port)
    start server perl -MIO::Socket::IP -e '
        my $l = IO::Socket::IP->new(LocalHost => "127.0.0.1", Listen => 9,
            LocalPort => $ARGV[0], ReuseAddr => 1) or die "$@";
        $| = 1;
        while (my $s = $l->accept) {
            my $proxy = readline $s;
            print $s ((split " ", $proxy)[2, 4], " ", scalar readline $s);
        }' "$port" </dev/null
    wait_listen "127.0.0.1:$port"
    publish one -P v1 -t "127.0.0.1:$port" 0.0.0.0:0
    for n in 2 3 4; do
        from=$(free_port)
        run nc.openbsd -N -s "127.0.0.$n" -p "$from" 127.0.0.1 \
            "${BOUND##*:}" <<<"visitor $n"
        assert_output "127.0.0.$n$from visitor $n"
    done
}

@test "fdpass: forty at once into a waiting server, by TCP and by UNIX socket" {
    start_vsapd
    start server fdrecv "$PWD/server.sock" </dev/null
    wait_log server.log listening
    for at in "$CONTROL" "$CONTROL_UNIX"; do
        AT=$at publish one -t "fdpass:$PWD/server.sock" 127.0.0.1:0
        for n in $(seq 40); do
            ask "$BOUND" "visitor $n" >"out.$n" &
            STARTED+=("$!")
            asked+=("$!")
        done
        for pid in "${asked[@]}"; do
            wait "$pid"
        done
        asked=()
        for n in $(seq 40); do
            assert_equal "$(cat "out.$n")" "VISITOR $n"
        done
        kill "$BIND_PID"
    done
    assert_equal "$(log_count server.log '^taken 127.0.0.1:[0-9]* to 127')" 80
    # The visitors that came by the UNIX socket crossed no relay.
    assert_equal "$(log_count "$VSAPD_LOG" ': relay ')" 40
}
