#!/usr/bin/env bats
# ssh through it: a real sshd behind a gateway, and both kinds of proxies
# before the client.

load lib/common
load lib/load

# An sshd of this test's own, published, so that visitors find it at BOUND.
published_sshd() { # vsap-bind's arguments, {} is sshd's address
    start_sshd
    start_vsapd
    publish one "${@//\{\}/127.0.0.1:$SSHD_PORT}"
}

far() { # ssh's arguments
    timeout 60 "${SSH[@]}" "$@"
}

@test "sshd published by vsap-bind -t: a command, megabytes, many sessions" {
    published_sshd -t '{}' 127.0.0.1:0
    port=${BOUND##*:}
    assert_equal "$(far -p "$port" 127.0.0.1 echo reached)" reached
    head -c 20000000 /dev/urandom >big
    far -p "$port" 127.0.0.1 cat <big | cmp - big
    for n in 1 2 3 4 5; do
        far -p "$port" 127.0.0.1 "echo session $n" >"out.$n" &
        STARTED+=("$!")
        sessions+=("$!")
    done
    wait "${sessions[@]}"
    assert_equal "$(sort out.[1-5])" "$(printf 'session %d\n' 1 2 3 4 5)"
}

@test "vsap-bind sshd -i: one sshd for each visitor, none before" {
    start_sshd
    kill "$PID"
    start_vsapd
    publish one 127.0.0.1:0 "$PEERS/bin/sshd" -i -e -f "$SSHD_CONFIG"
    run far -p "${BOUND##*:}" 127.0.0.1 'echo $SSH_CONNECTION'
    assert_success
    # sshd sees the socket to the gateway; the visitor's is VSAP's to tell.
    assert_output --partial 127.0.0.1
    head -c 5000000 /dev/urandom >big
    far -p "${BOUND##*:}" 127.0.0.1 cat <big | cmp - big
}

@test "vsap-bind sshd -i on the gateway's host: sshd has the visitor itself" {
    start_sshd
    kill "$PID"
    start_vsapd
    AT=$CONTROL_UNIX publish one 127.0.0.1:0 \
        "$PEERS/bin/sshd" -i -e -f "$SSHD_CONFIG"
    run far -p "${BOUND##*:}" 127.0.0.1 'echo $SSH_CONNECTION'
    assert_success
    # Its own address and the bound port: no relay stands between.
    assert_output --regexp "^127.0.0.1 [0-9]+ 127.0.0.1 ${BOUND##*:}\$"
    assert_equal "$(log_count "$VSAPD_LOG" ': relay ')" 0
}

@test "ssh by ProxyCommand: to an inside host, to a name without a port" {
    published_sshd -t '{}' name:inside
    run far -o ProxyCommand="vsap-connect -s $CONTROL %h %p" \
        -p "$SSHD_PORT" 127.0.0.1 echo reached
    assert_output reached
    # No address of it is known: it is found by its name.
    head -c 5000000 /dev/urandom >big
    far -o ProxyCommand="vsap-connect -s $CONTROL name:inside" inside \
        cat <big | cmp - big
}

@test "ssh by ProxyUseFdpass: no vsap-connect is left in the path" {
    published_sshd -t '{}' name:inside
    for at in "$CONTROL" "$CONTROL_UNIX"; do
        rm -f keys
        mkfifo keys
        # shellcheck disable=SC2094 # read and written by others
        far -o ProxyUseFdpass=yes \
            -o ProxyCommand="vsap-connect -F -s $at name:inside" \
            inside 'echo up; exec cat' <keys >back 3>&- &
        pid=$!
        STARTED+=("$pid")
        exec 7>keys
        wait_for 20 grep -q up back
        assert_equal "$(pids_of vsap-connect)" ''
        head -c 1000000 /dev/urandom >big
        cat big >&7
        exec 7>&-
        wait "$pid"
        tail -c +4 back | cmp - big
    done
}

@test "ssh as a jump: gateway by gateway, the stream of one inside the other" {
    published_sshd -t '{}' 127.0.0.1:0
    VSAPD_NAME=second start_vsapd
    run far -o ProxyCommand="vsap-connect -s $CONTROL 127.0.0.1 ${BOUND##*:}" \
        inside echo through both
    assert_output "through both"
}

@test "an ssh session outlives the gateway and vsap-bind" {
    published_sshd -t '{}' 127.0.0.1:0
    mkfifo keys
    # shellcheck disable=SC2094
    far -p "${BOUND##*:}" 127.0.0.1 'echo up; exec cat' <keys >back 3>&- &
    pid=$!
    STARTED+=("$pid")
    exec 7>keys
    wait_for 20 grep -q up back
    kill -KILL "$VSAPD_PID" "$BIND_PID"
    wait_for 5 is_gone "$VSAPD_PID" "$BIND_PID"
    echo "still typing" >&7
    wait_for 10 grep -q "still typing" back
    exec 7>&-
    wait "$pid"
}
