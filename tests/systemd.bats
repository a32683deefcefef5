#!/usr/bin/env bats
# Service managers: sd_notify(3), sockets that were opened for vsapd
# (LISTEN_FDS), and the units that are shipped.

load lib/common

export BATS_TEST_TIMEOUT=120

# ---- a manager of our own ------------------------------------------------

# Start vsapd with listening sockets as systemd passes them, and a socket to
# notify: what it is told goes to notify.log.
managed() { # ADDRESS:PORT or /PATH ... -- OPTIONS
    start managed python3 "$ROOT/tests/tools/manager.py" vsapd \
        -R "$PWD/run" -- "$@" </dev/null
    VSAPD_PID=$PID
    VSAPD_LOG=$LOG
}

answer() { # LINE ADDRESS
    vsap_lines "$2" "$1" QUIT | sed -n '1s|^VSAP/0.1 ||p'
}

@test "sd_notify: READY when it serves, RELOADING, READY, STOPPING" {
    echo 'permit stat' >conf
    managed 127.0.0.1:0 -- -f conf
    wait_log notify.log '^READY=1'
    assert_equal "$(log_count "$VSAPD_LOG" 'control started')" 1
    kill -HUP "$VSAPD_PID"
    wait_log notify.log '^RELOADING=1'
    wait_for 5 log_has notify.log '^READY=1' 2
    # A file that is not taken is over, too, and its mistake stands in the
    # status until one is taken.
    echo nonsense >conf
    kill -HUP "$VSAPD_PID"
    wait_for 5 log_has notify.log '^READY=1' 3
    assert_equal "$(log_count notify.log '^RELOADING=1')" 2
    assert_equal "$(grep '^STATUS=.' notify.log)" \
        "STATUS=reload refused: $PWD/conf:1: found nonsense, expected a statement"
    echo 'permit stat' >conf
    kill -HUP "$VSAPD_PID"
    wait_for 5 log_has notify.log '^READY=1' 4
    assert_equal "$(grep '^STATUS=' notify.log | tail -n 1)" 'STATUS='
    kill "$VSAPD_PID"
    wait_log notify.log '^STOPPING=1'
    wait_for 5 is_gone "$VSAPD_PID"
}

@test "LISTEN_FDS: a statement of that address has its options, others all" {
    port=$(free_port)
    printf '%s\n' "listen on 127.0.0.1:$port protocols { socks5 }" \
        'listen on 127.0.0.1:0' 'permit { bind, connect, forward, stat } any' >conf
    managed "127.0.0.1:$port" "$PWD/given.sock" udp: -- -f conf
    wait_log "$VSAPD_LOG" 'control started'
    assert_equal "$(log_count "$VSAPD_LOG" "listening on 127.0.0.1:$port")" 1
    grep -q "listening on $PWD/given.sock" "$VSAPD_LOG"
    grep -q 'descriptor 5 is no listening stream socket' "$VSAPD_LOG"
    own=$(grep -o 'listening on 127.0.0.1:[0-9]*' "$VSAPD_LOG" |
        sed 's/listening on //' | grep -v ":$port\$")
    for at in "$own" "$PWD/given.sock"; do
        run answer 'ECHO hello' "$at"
        assert_output --partial hello
    done
    # Lines of VSAP are not spoken at the given one.
    run answer 'ECHO hello' "127.0.0.1:$port"
    refute_output --partial hello
    # They outlive a reload, whether the file names them or not, and the end.
    echo 'permit { bind, connect, forward, stat } any' >conf
    kill -HUP "$VSAPD_PID"
    wait_log "$VSAPD_LOG" "no longer listening on $own"
    for at in "127.0.0.1:$port" "$PWD/given.sock"; do
        run answer 'ECHO hello' "$at"
        assert_output --partial hello
    done
    kill "$VSAPD_PID"
    wait_for 5 is_gone "$VSAPD_PID"
    [ -S given.sock ]
}

@test "LISTEN_FDS without a configuration: in place of the default listeners" {
    managed 127.0.0.1:0 --
    wait_log "$VSAPD_LOG" 'control started'
    at=$(listening_on "$VSAPD_LOG")
    run answer 'ECHO hello' "$at"
    assert_output --partial hello
    assert_equal "$(log_count "$VSAPD_LOG" 'listening on')" 1
    [ ! -e run/vsapd.sock ]
}

@test "LISTEN_FDS: one that strangers reach, and nothing for them, is refused" {
    managed '[::]:0' --
    wait_for 10 is_gone "$VSAPD_PID"
    grep -qE '\[::\]:[0-9]+, opened by the service manager, can be reached' \
        "$VSAPD_LOG"
    printf 'permit from 10.0.0.0/8 stat\n' >conf
    rm notify
    managed '[::]:0' -- -f conf
    wait_log "$VSAPD_LOG" 'listening on \[::\]:'
}

@test "LISTEN_FDS for another process are nobody's" {
    LISTEN_PID=1 LISTEN_FDS=1 start_vsapd
    run answer 'ECHO hello' "$CONTROL"
    assert_output --partial hello
}

@test "systemd-socket-activate: who comes first is served" {
    need systemd-socket-activate
    port=$(free_port)
    start activated systemd-socket-activate -l "127.0.0.1:$port" \
        "$BATS_TEST_TMPDIR/bin/vsapd" -R "$PWD/run" </dev/null
    VSAPD_LOG=$LOG
    wait_listen "127.0.0.1:$port"
    run answer 'ECHO first' "127.0.0.1:$port"
    assert_output --partial first
    wait_log "$VSAPD_LOG" "listening on 127.0.0.1:$port"
    run answer 'BIND 127.0.0.1:0' "127.0.0.1:$port"
    assert_output --regexp '^210 '
}

# ---- the units -----------------------------------------------------------

units() {
    command -v systemd-analyze >/dev/null || skip "no systemd here"
    for f in vsapd.service vsapd.socket; do
        sed "s|/usr/local/sbin/vsapd|$(command -v vsapd)|; /^Documentation/d" \
            "$ROOT/examples/$f" >"$f"
    done
}

@test "the units are well-formed" {
    units
    run systemd-analyze verify --man=no "$PWD/vsapd.service" \
        "$PWD/vsapd.socket"
    refute_output --partial vsapd.
}

@test "the unit is hardened" {
    units
    systemd-analyze security --help 2>&1 | grep -q -- --offline ||
        skip "an older systemd"
    run systemd-analyze security --no-pager --offline=true --threshold=35 \
        "$PWD/vsapd.service"
    assert_success
}
