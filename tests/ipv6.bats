#!/usr/bin/env bats
# IPv6 in every place where an address stands, and beside IPv4.

load lib/common

setup() {
    vsap_setup
    [ -e /proc/sys/net/ipv6 ] && ip -6 addr show dev lo | grep -q '::1/128' ||
        lacking "no IPv6 on the loopback interface"
}

@test "the whole way over [::1]: control, BIND, ACCEPT, CONNECT" {
    start_vsapd -l '[::1]:0'
    CONTROL=$(listening_on "$VSAPD_LOG")
    [[ $CONTROL == \[::1\]:* ]]
    talk <<'END'
listen T [::1]:0
open A $CONTROL
say A BIND [::1]:0
hear A VSAP/0\.1 210 1 (?<b>\[::1\]:\d+) bound\.
send A ACCEPT\r\nRELAY\r\nin
open V $b
say-port V v
hear A VSAP/0\.1 230 1 $b \[::1\]:$v accepted\.
bytes V in
open C $CONTROL
send C CONNECT $T\r\nRELAY\r\nout
accept P T
hear C VSAP/0\.1 240 1 \[::1\]:\d+ $T connected\.
bytes P out
END
}

@test ":port serves both families, each peer under its own address" {
    start_vsapd -b 1024-65535
    talk <<'END'
open A $CONTROL
say A BIND :0
hear A VSAP/0\.1 210 1 0\.0\.0\.0:(?<p>\d+) bound\.
say A ACCEPT
open V 127.0.0.1:$p
say-port V v
hear A VSAP/0\.1 230 1 127\.0\.0\.1:$p 127\.0\.0\.1:$v accepted\.
open B $CONTROL
send B BIND :$p\r\nACCEPT\r\n
hear B .* 210 .*
open W [::1]:$p
say-port W w
hear B VSAP/0\.1 230 1 \[::1\]:$p \[::1\]:$w accepted\.
END
}

@test "a listener on every address takes both families, unmapped" {
    for l in :0 '*:0' '[::]:0'; do
        VSAPD_NAME=gw$((++n)) start_vsapd -l "$l" -b 8080
        [[ $(listening_on "$VSAPD_LOG") == 0.0.0.0:* ]]
        PORT=$(port_of "$CONTROL") talk <<'END'
open A 127.0.0.1:$PORT
say A STAT
lines A 2 .*
hear A .* 200 you are anonymous at 127\.0\.0\.1:\d+
open B [::1]:$PORT
say B STAT
lines B 2 .*
hear B .* 200 you are anonymous at \[::1\]:\d+
END
    done
}

@test "CONNECT to a name finds the family that answers" {
    start_vsapd
    for host in 127.0.0.1 '[::1]'; do
        start target perl -MIO::Socket::IP -e '$| = 1;
            my $l = IO::Socket::IP->new(LocalAddr => $ARGV[0], Listen => 9);
            print "listening on ", $ARGV[0] =~ s/0$//r, $l->sockport, "\n";
            while (my $c = $l->accept) { print $c "here\n" }' "$host:0"
        at=$(listening_on "$LOG")
        PORT=$(port_of "$at") talk <<'END'
open A $CONTROL
send A CONNECT localhost:$PORT\r\nRELAY\r\n
hear A VSAP/0\.1 240 1 .* localhost:$PORT connected\.
bytes A here\n
END
    done
}

@test "rules for IPv6: -a, -b, -c" {
    talk 60 <<'END' >target.log 2>&1 &
listen T [::1]:0
run echo "$T" >target.new && mv target.new target
accept P T
run cat hold
END
    STARTED+=("$!")
    mkfifo hold
    wait_for 5 test -e target
    T=$(cat target)
    PORT=$(port_of "$T")
    export T PORT
    start_vsapd -l '[::1]:0' -l 127.0.0.1:0 -a ::1 -a fd00::/8 \
        -b '[::1]:1024-65535' -c "[::1]:$PORT" -c '[2001:db8::]/32:*'
    V4=$(listening_on "$VSAPD_LOG" 2)
    CONTROL=$(listening_on "$VSAPD_LOG")
    export V4
    talk <<'END'
open X $V4
reset X
open A $CONTROL
say A BIND [::1]:0
hear A .* 210 1 \[::1\]:.*
say A BIND 127.0.0.1:0
hear A .* 410 .*
say A BIND [::2]:4000
hear A .* 410 .*
say A CONNECT $T
hear A .* 240 .*
say A CONNECT [::1]:1
hear A .* 410 .*
say A CONNECT [0:0::1]:$PORT
hear A .* 240 .*
say A CONNECT [2001:db9::1]:80
hear A .* 410 .*
END
}

@test "IPv6 addresses that are none are refused with what to write" {
    start_vsapd
    for a in '[::1' '[::1]' '::1:80' '[::1]80' '[::g]:1' '[1:2:3]:80' \
        '[::1%lo]:80' '[127.0.0.1]:80' '[]:80' '[:::]:80' '[::1]:99999' \
        '[1:2:3:4:5:6:7:8:9]:80'; do
        run vsap_lines "$CONTROL" "BIND $a" "CONNECT $a" QUIT
        echo "$a"
        assert_line --index 0 --regexp '^VSAP/0.1 510 not bound .+: .+'
        assert_line --index 1 --regexp '^VSAP/0.1 540 cannot connect .+: .+'
    done
    run vsap_lines "$CONTROL" "BIND ::1:80" QUIT
    assert_line --index 0 --partial '['
}

@test "the source of another family is refused, and said" {
    start_vsapd
    talk <<'END'
listen T [::1]:0
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 .*
say A CONNECT $T
hear A VSAP/0\.1 540 cannot connect $T: .+
say A BIND [::1]:0
hear A .* 210 2 .*
say A CONNECT $T
hear A .* 240 3 \[::1\]:\d+ $T connected\.
END
}

@test "the clients over IPv6: vsap-bind, vsap-connect, vsap-relay" {
    start_vsapd -l '[::1]:0'
    CONTROL=$(listening_on "$VSAPD_LOG")
    start bind vsap-bind -6 -s "$CONTROL" '[::1]:0' \
        sh -c 'echo "$PROTO $TCPREMOTEIP $TCPLOCALIP"' </dev/null
    at=$(listening_on "$LOG")
    [[ $at == \[::1\]:* ]]
    run timeout 10 vsap-connect -6 -s "$CONTROL" ::1 "$(port_of "$at")" \
        </dev/null
    assert_output "TCP ::1 ::1"
    start relay vsap-relay -l '[::1]:0' "$at" </dev/null
    way=$(listening_on "$LOG")
    run timeout 10 nc.openbsd -6 -d ::1 "$(port_of "$way")"
    assert_output "TCP ::1 ::1"
}

@test "where there is no IPv6, :port is IPv4" {
    need_netns
    start net unshare -n sh -c '
        echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
        echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
        ip link set lo up && echo ready; exec sleep 1000' </dev/null
    NET_PID=$PID
    wait_log "$LOG" '^ready'
    vsapd() { exec nsenter -t "$NET_PID" -n -- "$BATS_TEST_TMPDIR/bin/vsapd" "$@"; }
    start_vsapd -l :0 -b 1024-65535
    [[ $CONTROL == 0.0.0.0:* ]]
    PORT=$(port_of "$CONTROL") nsenter -t "$NET_PID" -n -- \
        perl "$ROOT/tests/tools/vsapline" <<'END'
open A 127.0.0.1:$PORT
say A BIND :0
hear A VSAP/0\.1 210 1 0\.0\.0\.0:(?<p>\d+) bound\.
say A ACCEPT
open V 127.0.0.1:$p
hear A VSAP/0\.1 230 1 127\.0\.0\.1:$p 127\.0\.0\.1:\d+ accepted\.
say A BIND [::1]:0
hear A VSAP/0\.1 510 not bound \[::1\]:0: .*
END
}
