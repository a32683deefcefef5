#!/usr/bin/env bats
# What strangers may say at the port: SOCKS, VSAP in binary and in lines, HTTP,
# PROXY headers, TLS records, SCRAM; cut at every byte, byte by byte, too long,
# wrong, smuggled.  The table is in tests/tools/hostile/, one process says all
# of it; each case has its own name there.

load lib/common
load lib/tls

export BATS_TEST_TIMEOUT=120

# Strangers from elsewhere have 4 seconds to come to the point, those from here
# ten times as long; a line once begun has 2.
gateway() {
    local cheap verifier

    make_ca ca
    make_cert ca localhost localhost 127.0.0.1
    # One that is checked at once: many wrong ones are tried here.
    cheap=$(perl -e 'print crypt("geheim", q($y$j75$saltsaltsalt))')
    verifier=$(vsapd -H <<<geheim | sed -n 2p)
    cat >vsapd.conf <<END
listen on 127.0.0.1:0
listen on 127.0.0.1:0 proxy from 127.0.0.1
listen on 127.0.0.1:0 tls optional
listen on 127.0.0.1:0 tls optional proxy from 127.0.0.1
listen on 127.0.0.1:0 metrics
tls { certificate "localhost.pem" key "localhost.key" }
user ops password "$cheap" password "$verifier"
admit from *
permit connect { 127.0.0.1:*, [::1]:*, localhost:*, *.invalid:* }
permit bind { name:*, 127.0.0.1:* }
permit forward 127.0.0.1:*
permit from local stat
limit hello per source unlimited
limit hello per prefix unlimited
timeout hello 4 seconds
timeout line 2 seconds
timeout idle 2 seconds
END
    chmod 600 vsapd.conf
    start_vsapd -f vsapd.conf
}

port() { port_of "$(listening_on "$VSAPD_LOG" "$1")"; }

sessions() { vsap_lines "$CONTROL" STAT QUIT | grep -oE 'sessions [0-9]+ of.*streams 0'; }
nobody_is_left() { sessions | grep -q '^sessions 1 '; }

@test "three thousand hostile inputs: each is answered in its protocol and ends, nobody else is disturbed" {
    gateway
    run perl "$ROOT/tests/tools/hostile.pl" plain="$(port 1)" \
        proxy="$(port 2)" tls="$(port 3)" proxytls="$(port 4)" \
        metrics="$(port 5)" 3>&- 4>&-
    assert_success
    local digits
    digits=$(scaled 3 4)
    assert_line --regexp '^cases [0-9]{4}, wrong 0, '
    assert_line --regexp "^bystander session: words [0-9]{2,}, slowest [0-9]{1,$digits} ms$"
    assert_line --regexp "^bystander stream: words [0-9]{2,}, slowest [0-9]{1,$digits} ms$"
    # Nothing of them stays, and nothing had to be started again.
    wait_for 10 nobody_is_left
    assert_equal "$(log_count "$VSAPD_LOG" 'control started')" 1
    assert_equal "$(log_count "$VSAPD_LOG" 'is gone')" 0
    # A peer's bytes are written so that they are text.
    run ! grep -aqP '[^\t\n\x20-\x7e]' "$VSAPD_LOG"
    # And no password that it said is there.
    run ! grep -q geheim "$VSAPD_LOG"
}
