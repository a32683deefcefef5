# The gateway's times, by a configuration whose ten minutes are two seconds.

load lib/common

setup() {
    vsap_setup
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0
permit from local { bind, connect, forward, stat } any
timeout line 1 seconds
timeout idle 2 seconds
EOF
    start_vsapd -f vsapd.conf
    PORT=${CONTROL##*:}
}

# Send what the function $1 prints, until the gateway closes.
dialogue() {
    run timeout 10 socat -t 0.1 - "TCP:127.0.0.1:$PORT" < <("$@" 3>&-)
}

nothing() { exec tail -f /dev/null; }
half_a_line() { printf 'ECHO'; exec tail -f /dev/null; }
dripping() {
    local i

    for i in {1..60}; do
        printf x
        # Each byte by itself, well within the limit for a whole line.
        read -rt 0.2 <> <(:) || :
    done
}
bound() { printf 'BIND 127.0.0.1:0\r\n'; exec tail -f /dev/null; }

@test "a line once begun has to end in time" {
    dialogue half_a_line
    assert_success
    assert_output ''
    wait_log "$VSAPD_LOG" 'idle for too long'
}

@test "a line of which a byte drips now and then has to end in time, too" {
    dialogue dripping
    refute [ "$status" = 124 ]
    wait_log "$VSAPD_LOG" 'idle for too long'
}

@test "a session that holds nothing does not stay for ever" {
    dialogue nothing
    assert_success
    wait_log "$VSAPD_LOG" 'idle for too long'
}

@test "a session that has bound something may be silent" {
    start idle nc 127.0.0.1 "$PORT" < <(bound 3>&-)
    wait_log idle.log ' bound\.'
    # Another one comes to its limit meanwhile.
    dialogue nothing
    assert_success
    run grep -c 'idle for too long' "$VSAPD_LOG"
    assert_output 1
    assert_alive "$VSAPD_PID"
    run vsap_lines "$CONTROL" STAT QUIT
    assert_output --partial 'bound 127.0.0.1:'
}
