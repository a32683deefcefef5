#!/usr/bin/env bats
# Limits of time that are half a minute long, all waited for at once.

load lib/common

VISITOR_ENDS='
open A $CONTROL 127.0.0.2
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
open V $b
say A ACCEPT
hear A .* 230 .*
open B $CONTROL 127.0.0.3
send B BIND $b\r\nACCEPT\r\n
hear B .* 210 .*
open C $CONTROL 127.0.0.4
send C BIND $b\r\nACCEPT\r\n
hear C .* 210 .*
open D $CONTROL 127.0.0.5
send D BIND $b\r\nACCEPT\r\n
hear D .* 210 .*
open E $CONTROL 127.0.0.6
send E BIND $b\r\nACCEPT\r\n
hear E .* 210 .*
open F $CONTROL 127.0.0.7
send F BIND $b\r\nACCEPT\r\n
hear F .* 210 .*
open G $CONTROL 127.0.0.8
send G BIND $b\r\nACCEPT\r\n
hear G .* 210 .*
open H $CONTROL 127.0.0.9
send H BIND $b\r\nACCEPT\r\n
hear H .* 210 .*
hear B .* 230 .*
reset A
reset V
open W $b
hear H .* 230 .*
send H RELAY\r\nwelcome
bytes W welcome'

LINE_ENDS='
open A $CONTROL
send A ECHO half a li
eof A'

RELAY_ENDS='
listen T
open A $CONTROL
send A CONNECT $T\r\nRELAY\r\n
hear A .* 240 .*
accept P T
open B $CONTROL
say B BIND name:x
hear B .* 210 .*
run touch idle
wait test -e over
send A still
bytes P still
say B ECHO here
hear B .* here'

@test "half a minute: an untaken visitor, a half line; not an idle stream" {
    start_vsapd
    start visitor talk 45 <<<"$VISITOR_ENDS"
    visitor=$PID
    start line talk 45 <<<"$LINE_ENDS"
    line=$PID
    start idle talk 60 <<<"$RELAY_ENDS"
    idle=$PID
    # One who sends its line slowly has no more time for it.
    start drip perl -MIO::Socket::IP -e '$| = 1; $SIG{PIPE} = "IGNORE";
        my $s = IO::Socket::IP->new(PeerAddr => $ENV{CONTROL}) or die;
        my $began = time;
        while (time - $began < 45) {
            syswrite($s, "x") or last;
            my $r = "";
            vec($r, fileno $s, 1) = 1;
            last if select $r, undef, undef, 1;
        }
        print time - $began < 40 ? "ended\n" : "endless\n"' </dev/null
    drip=$PID
    wait "$line"
    wait "$drip"
    grep -q ended drip.log
    wait "$visitor"
    : >over
    wait "$idle"
    wait_log "$VSAPD_LOG" 'given up: no acceptor took it for 30 s'
}
