#!/usr/bin/env bats
# What an intruder in one of the gateway's processes could do: an intruder is
# preloaded into all of them (tests/tools/probe/probe.c), and tries.

load lib/common
load lib/tls

setup() {
    vsap_setup
    [ -z "${VSAP_TEST_ASAN:-}" ] || skip "the sanitizers need the run of the system"
    # Everybody who runs as somebody else has to read it.
    PROBE=$(mktemp -d /tmp/vsap-probe.XXXXXX)
    chmod 755 "$PROBE"
    install -m 755 "$BUILD/tools/probe.so" "$PROBE/probe.so"
}

teardown() {
    [ -z "${PROBE:-}" ] || rm -rf "$PROBE"
    vsap_teardown
}

# A gateway with passwords (ops:secret) and one worker.
start_probed() {
    # shellcheck disable=SC2016 # dollars of a hash
    (umask 077 && printf 'ops:%s\n' "$(openssl passwd -6 secret)" >passwd)
    LD_PRELOAD=$PROBE/probe.so start_vsapd -j 1 -A passwd
    wait_for 10 role control
    wait_for 10 role passwords
    wait_for 10 role worker
}

# Sets ROLE to the process of vsapd that has this title, or to the worker.
role() { # control, passwords, worker
    local p

    for p in $(pids_of vsapd) $(worker_pids); do
        case $(tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null) in
        "vsapd: $1"* | *"--$1"*) ROLE=$p && return 0 ;;
        esac
    done
    return 1
}

# Let a role try; what it said is in FILE.tried.
try() { # ROLE
    role "$1"
    kill -USR2 "$ROLE"
    wait_log "$VSAPD_LOG" "^probe $ROLE: done" >/dev/null
    sed -n "s/^probe $ROLE: \(.*: .*\)/\1/p" "$VSAPD_LOG" >"$1.tried"
    [ "$(wc -l <"$1.tried")" -ge 20 ]
}

# All but these were refused.
refused_but() { # ROLE name...
    local file=$1.tried name

    shift
    for name; do echo "$name"; done | sort >wanted
    sed -n 's/: ok$//p' "$file" | sort >allowed
    diff wanted allowed
}

serves() {
    vsap_lines "$CONTROL" 'AUTH ops:secret' 'BIND 127.0.0.1:0' >served
    grep -q '^VSAP/0.1 200' served && grep -q '^VSAP/0.1 210' served
}

# A stream from a client through the worker back to the control port.
relays() {
    vsap_lines "$CONTROL" 'AUTH ops:secret' "CONNECT $CONTROL" RELAY \
        'ECHO hello' >relayed
    grep -q '^VSAP/0.1 200 .* hello' relayed
}

@test "sandbox: an intruder in control gets at nothing but the network" {
    start_probed
    try control
    refused_but control 'make a socket' connect bind 'read /etc/passwd'
    serves
    relays
}

@test "sandbox: an intruder in a worker gets at nothing" {
    start_probed
    try worker
    refused_but worker
    serves
    relays
}

@test "sandbox: an intruder among the passwords gets at nothing" {
    start_probed
    try passwords
    refused_but passwords
    serves
}

# The same with TLS on its listener; TLS workers are one as well.
start_tls_probed() {
    self_signed cert localhost
    cat >vsapd.conf <<END
listen on 127.0.0.1:0 tls optional
tls {
    certificate "$PWD/cert.pem" key "$PWD/cert.key"
    workers 1
}
workers 1
permit { bind, connect } any
END
    LD_PRELOAD=$PROBE/probe.so start_vsapd -f vsapd.conf
    for r in control worker tls-worker; do
        wait_for 10 role "$r"
    done
}

serves_tls() {
    printf '%s\r\n' 'ECHO hello' QUIT |
        timeout 10 openssl s_client -quiet -connect "$CONTROL" 2>/dev/null |
        grep -q '^VSAP/0.1 200 .* hello'
}

@test "sandbox: an intruder in a TLS worker gets at nothing" {
    start_tls_probed
    serves_tls
    try tls-worker
    refused_but tls-worker
    serves_tls
}

@test "sandbox: executing, tracing, mounting end a TLS worker, and the service goes on" {
    start_tls_probed
    dies_and_is_replaced tls-worker serves_tls
}

# Is the key in the memory of that process?  Not 0 or 1: that cannot be told.
key_in() { # PID
    local status=0

    perl "$ROOT/tests/tools/probe/keymem.pl" cert.key "$1" >found || status=$?
    echo "$status"
}

@test "sandbox: a key is in the memory of TLS workers and of nobody else" {
    [ "$EUID" = 0 ] || skip "only root looks into others' memory"
    start_tls_probed
    for _ in once 'read again'; do
        serves_tls
        role tls-worker
        [ "$(key_in "$ROLE")" = 0 ]
        for r in control worker; do
            role "$r"
            [ "$(key_in "$ROLE")" = 1 ]
        done
        [ "$(key_in "$VSAPD_PID")" = 1 ]
        kill -HUP "$VSAPD_PID"
        wait_log "$VSAPD_LOG" 'vsapd.conf: read again' >/dev/null
    done
}

@test "sandbox: off, the same intruder does as he likes" {
    cat >vsapd.conf <<'END'
listen on 127.0.0.1:0
sandbox off
workers 1
permit { bind, connect } any
END
    LD_PRELOAD=$PROBE/probe.so start_vsapd -f vsapd.conf
    for r in control worker; do
        wait_for 10 role "$r"
        try "$r"
        grep -qx 'fork: ok' "$r.tried"
        grep -qx 'listen: ok' "$r.tried"
        grep -qx 'map executable memory: ok' "$r.tried"
    done
}

# Ends by SIGSYS, as often as there are deadly things, and is replaced.
dies_and_is_replaced() { # ROLE [SERVES]
    local n old

    for n in 1 2 3 4; do
        role "$1"
        old=$ROLE
        env kill -q "$n" -s USR2 "$old"
        wait_for 10 is_gone "$old"
        wait_log "$VSAPD_LOG" "\(pid $old\) ended by signal 31" >/dev/null
        wait_for 10 role "$1"
        [ "$ROLE" != "$old" ]
        wait_for 10 "${2:-serves}"
    done
    ! grep -q '^probe .*: done' "$VSAPD_LOG"
}

@test "sandbox: executing, tracing, mounting end control, and the service goes on" {
    start_probed
    dies_and_is_replaced control
    relays
}

@test "sandbox: executing, tracing, mounting end a worker, and the service goes on" {
    start_probed
    dies_and_is_replaced worker
    relays
}

@test "sandbox: executing, tracing, mounting end the passwords, and the service goes on" {
    start_probed
    dies_and_is_replaced passwords
}
