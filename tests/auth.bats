# Who somebody is: AUTH in clear and by SCRAM, over networks and not; what
# strangers get.  Peers "from a network" come behind a PROXY header, so that
# one machine is enough.

load lib/common

# Users: ops has both kinds of hash, old one of crypt(3) alone, new a verifier
# alone; the password is "geheim".  Two listeners: plain, and one where a
# PROXY header says who comes.
gateway() { # [further statements on standard input]
    local hash verifier

    vsapd -H <<<geheim >hashes
    hash=$(sed -n 1p hashes)
    verifier=$(sed -n 2p hashes)
    {
        cat <<EOF
listen on 127.0.0.1:0
listen on 127.0.0.1:0 proxy from 127.0.0.1
admit from *
user ops password "$hash" password "$verifier"
user old password "$hash"
user new password "$verifier"
user root password "$(vsapd -H <<<other | head -n 1)"
permit user * bind name:*
EOF
        [ -t 0 ] || cat
    } >vsapd.conf
    chmod 600 vsapd.conf
    start_vsapd -f vsapd.conf
    PORT=${CONTROL##*:}
    FAR=$(listening_on "$VSAPD_LOG" 2)
    FAR=${FAR##*:}
}

# Where a network's passwords in clear are taken: FAR is that listener.
trusting_gateway() { # [statement]
    gateway <<EOF
listen on 127.0.0.1:0 proxy from 127.0.0.1 passwords cleartext
${1:-}
EOF
    FAR=$(listening_on "$VSAPD_LOG" 3)
    FAR=${FAR##*:}
}

scram() { run timeout 20 python3 "$ROOT/tests/tools/scram.py" "$@"; }
say_from() { # ADDRESS LINES...
    {
        printf 'PROXY TCP4 %s 192.0.2.1 1000 2000\r\n' "$1"
        shift
        printf '%s\r\n' "$@" QUIT
    } | timeout 20 nc.openbsd -N 127.0.0.1 "$FAR" | tr -d '\r'
}
far() { # ADDRESS LINES...
    local from=$1

    shift
    run say_from "$from" "$@"
}

@test "SCRAM: another implementation logs in, and the gateway proves itself" {
    gateway </dev/null
    for user in ops new; do
        scram "$PORT" $user geheim
        assert_line --regexp '^challenge 65536 '
        assert_line 'VSAP/0.1 200 OK'
        assert_line 'server known'
        assert_line --regexp "^VSAP/0.1 210 1 name:$user bound"
    done
}

@test "SCRAM: a wrong password, an unknown user, one without a verifier look the same" {
    gateway </dev/null
    for user in ops zoe old; do
        scram "$PORT" $user falsch
        assert_line --regexp '^challenge 65536 [A-Za-z0-9+/]{22}==$'
        assert_line --partial 'VSAP/0.1 410 forbidden'
        refute_line 'server known'
    done
    # The salt of nobody is always the same, as somebody's is.
    scram "$PORT" nobody x
    first=${lines[0]}
    scram "$PORT" somebody x
    assert [ "${lines[0]}" != "$first" ]
}

@test "SCRAM: who asks for another name in between is whom he has proved to be" {
    gateway </dev/null
    scram "$PORT" ops geheim 'AUTH root:geheim'
    refute_line --regexp 'VSAP/0.1 210'
    run grep -c 'is user:root' "$VSAPD_LOG"
    assert_output 0
}

@test "AUTH in clear: against either hash; over a network not at all" {
    gateway </dev/null
    for user in ops old new; do
        run vsap_lines "$CONTROL" "AUTH $user:geheim" "BIND name:$user" QUIT
        assert_line 'VSAP/0.1 200 OK'
        assert_line --regexp "^VSAP/0.1 210 1 name:$user bound"
    done
    far 198.51.100.7 'AUTH ops:geheim' 'BIND name:x'
    assert_line --regexp '^VSAP/0.1 410 forbidden: passwords are not taken in clear'
    refute_line --partial bound
    PROXY='PROXY TCP4 198.51.100.7 192.0.2.1 1000 2000' scram "$FAR" ops geheim
    assert_line 'server known'
    assert_line --regexp '^VSAP/0.1 210 1 name:ops bound'
}

@test "AUTH in clear over a network where the listener says so" {
    trusting_gateway
    far 198.51.100.7 'AUTH ops:geheim' 'BIND name:x'
    assert_line 'VSAP/0.1 200 OK'
}

@test "wrong passwords from one address make its next try wait, not another's" {
    trusting_gateway
    far 198.51.100.7 'AUTH a:x' 'AUTH b:x' 'AUTH c:x' 'AUTH ops:geheim'
    assert_line --partial 'try again in'
    refute_line 'VSAP/0.1 200 OK'
    far 198.51.100.8 'AUTH ops:geheim'
    assert_line 'VSAP/0.1 200 OK'
}

@test "a password that was right of late costs no slow hash; who succeeds is not counted" {
    gateway <<<'limit logins 30'
    local helper before wrong right

    helper=$(pgrep -P "$VSAPD_PID" -f 'vsapd: passwords')
    helper=$(pgrep -P "$helper" -f 'vsapd: hashes')
    ticks() { sed 's/.*) //' "/proc/$helper/stat" | awk '{ print $12 + $13 }'; }
    told() { [ "$(cat "$1".* 2>/dev/null | grep -c 410)" = "$2" ]; }
    guess() { # NAME N: so many at once, each of another user
        for n in $(seq "$2"); do
            printf 'AUTH %s%s:x\r\n' "$1" "$n" |
                nc.openbsd -N 127.0.0.1 "$PORT" >"$1.$n" &
        done
        wait_for 20 told "$1" "$2"
    }
    before=$(ticks)
    guess nobody 20
    wrong=$(($(ticks) - before))
    before=$(ticks)
    for n in $(seq 100); do
        printf 'AUTH ops:geheim\r\n' | nc.openbsd -N 127.0.0.1 "$PORT"
    done >yes
    right=$(($(ticks) - before))
    [ "$(grep -c ' 200 OK' yes)" = 100 ]
    echo "20 wrong ones: $wrong ticks, 100 right ones: $right"
    [ "$right" -lt "$wrong" ]
    # Of the 30 ten are left.
    guess somebody 40
    [ "$(grep -l 'password is wrong' somebody.* | wc -l)" -ge 10 ]
    grep -q 'limit logins 30' somebody.*
}

@test "strangers who guess do not stop one who knew the password; he is not counted" {
    trusting_gateway 'limit logins per source 2'
    far 198.51.100.7 'AUTH ops:geheim'
    assert_line 'VSAP/0.1 200 OK'
    for n in 1 2 3; do
        say_from "203.0.113.$n" 'AUTH ops:x' >/dev/null
    done
    # Another one has to wait now; he has not, and not for the others either.
    far 203.0.113.9 'AUTH ops:geheim'
    assert_line --partial 'too many wrong passwords'
    for n in $(seq 8); do
        far 198.51.100.7 'AUTH ops:geheim'
        assert_line 'VSAP/0.1 200 OK'
    done
    far 198.51.100.7 'AUTH ops:wrong'
    assert_line --partial 'user or password is wrong'
}

@test "those who ask and leave in a flood keep no stranger waiting who stays" {
    trusting_gateway
    run timeout 60 python3 "$ROOT/tests/tools/loginflood.py" "$FAR" \
        100 ops:geheim
    assert_success
    assert_line 'the one who stays: VSAP/0.1 200 OK'
    assert_line --regexp '^of those who left ([0-9]|[1-4][0-9]) of 100 were'
    assert_line 'of those who left 100 of 100 at the end'
}

@test "who is not admitted is reset, by the address that the header says" {
    vsapd -H <<<x >/dev/null
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0 proxy from 127.0.0.1
admit from 198.51.100.0/24
permit bind name:*
EOF
    start_vsapd -f vsapd.conf
    FAR=${CONTROL##*:}
    far 198.51.100.7 'BIND name:x'
    assert_line --regexp '^VSAP/0.1 210 1 name:x bound'
    far 203.0.113.9 'BIND name:x'
    refute_output --partial bound
    wait_log "$VSAPD_LOG" '203\.0\.113\.9:1000: not admitted \(admit from\)'
    # Without the header nobody is anybody.
    run timeout 20 nc.openbsd -N 127.0.0.1 "$FAR" < <(printf 'BIND name:x\r\nQUIT\r\n')
    refute_output --partial bound
}

@test "limits by address: connections, requests; the log says which, once" {
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0 proxy from 127.0.0.1
listen on 127.0.0.1:0
admit from *
permit { bind, connect, forward, stat } any
limit connections per source 2
limit requests per source 5
EOF
    start_vsapd -f vsapd.conf
    FAR=${CONTROL##*:}
    LOCAL=$(listening_on "$VSAPD_LOG" 2)
    far 198.51.100.7 'ECHO 1' 'ECHO 2' 'ECHO 3' 'ECHO 4' 'ECHO 5' 'ECHO 6'
    assert_line --partial '] 5'
    refute_line --partial '] 6'
    assert_line --partial 'limit requests per source 5'
    far 198.51.100.8 'ECHO 1'
    assert_line --partial '] 1'
    hold() {
        printf 'PROXY TCP4 198.51.100.9 192.0.2.1 1 2\r\nBIND name:%s\r\n' "$1"
        exec tail -f /dev/null
    }
    start one nc 127.0.0.1 "$FAR" < <(hold a 3>&-)
    start two nc 127.0.0.1 "$FAR" < <(hold b 3>&-)
    wait_log one.log bound
    wait_log two.log bound
    far 198.51.100.9 'ECHO 1'
    assert_output ''
    wait_log "$VSAPD_LOG" 'turned away: .*limit connections per source 2'
    run vsap_lines "$LOCAL" STAT QUIT
    assert_line --partial 'refused by limit connections per source: 1'
}

@test "STAT: strangers see what came from their own address, and no totals" {
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0 proxy from 127.0.0.1
admit from *
permit bind name:*
permit from 198.51.100.9 stat
EOF
    start_vsapd -f vsapd.conf
    FAR=${CONTROL##*:}
    holds() { # ADDRESS NAME
        printf 'PROXY TCP4 %s 192.0.2.1 1000 2000\r\nBIND name:%s\r\n' "$@"
        exec tail -f /dev/null
    }
    start one nc 127.0.0.1 "$FAR" < <(holds 198.51.100.1 a 3>&-)
    start two nc 127.0.0.1 "$FAR" < <(holds 198.51.100.2 b 3>&-)
    wait_log one.log bound
    wait_log two.log bound
    far 198.51.100.1 STAT
    assert_line --partial 'bound name:a by anonymous'
    refute_line --partial 'name:b'
    refute_line --partial 'since start'
    far 198.51.100.2 'STAT -j'
    assert_line --partial '{"bound":[{"address":"name:b"'
    refute_line --partial 'name:a'
    refute_line --partial 'totals'
    far 198.51.100.9 STAT
    assert_line --partial 'bound name:a by anonymous'
    assert_line --partial 'bound name:b by anonymous'
    assert_line --partial 'since start: sessions'
}

@test "a stranger who says nothing has his time; a new one takes the place of the oldest" {
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0 proxy from 127.0.0.1
admit from *
permit bind name:*
timeout hello 2 seconds
limit hello 2
EOF
    start_vsapd -f vsapd.conf
    FAR=${CONTROL##*:}
    silent() { printf 'PROXY TCP4 198.51.100.%s 192.0.2.1 1 2\r\nECHO x\r\n' "$1"; exec tail -f /dev/null; }
    start one nc 127.0.0.1 "$FAR" < <(silent 1 3>&-)
    wait_log one.log '] x'
    wait_log "$VSAPD_LOG" '198\.51\.100\.1:1: nothing of use in 2 s: closed'
    start two nc 127.0.0.1 "$FAR" < <(silent 2 3>&-)
    start three nc 127.0.0.1 "$FAR" < <(silent 3 3>&-)
    wait_log three.log '] x'
    # Neither is quite new for long: then the oldest goes.
    comes() { far 198.51.100.4 'BIND name:x'; grep -q bound <<<"$output"; }
    wait_for 10 comes
}

@test "rules by the process at the other end of a UNIX-domain socket" {
    cat >vsapd.conf <<EOF
listen on $PWD/control.sock
listen on 127.0.0.1:0
permit uid $(id -u) gid $(id -g) bind name:mine
permit uid 4711 bind name:theirs
permit from local bind name:anybody
EOF
    start_vsapd -f vsapd.conf
    run timeout 10 nc.openbsd -N -U control.sock < <(
        printf 'BIND name:%s\r\n' mine theirs anybody
        printf 'QUIT\r\n')
    assert_line --partial '210 1 name:mine'
    assert_line --partial "410 forbidden: no rule permits uid:$(id -u) to bind name:theirs"
    assert_line --partial 'name:anybody bound'
    # Over TCP nobody has a uid.
    run vsap_lines "$CONTROL" 'BIND name:mine' QUIT
    assert_line --partial 410
}

@test "a rule sends a PROXY header to the target, version 1 and 2" {
    start target perl -MIO::Socket::INET -e '
        $| = 1;
        my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1:0");
        print "port ", $l->sockport, "\n";
        while (my $c = $l->accept) {
            my $b = "";
            1 while sysread $c, $b, 4096, length $b;
            print $b =~ /^PROXY/ ? $b =~ s/\r\n.*//sr . "\n" : "v2 " . unpack("H*", $b) . "\n";
            print $c "ok\n"; close $c;
        }'
    local port
    port=$(wait_log target.log '^port' | cut -d' ' -f2)
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0 proxy from 127.0.0.1
admit from *
permit from 198.51.100.7 connect 127.0.0.1:$port send proxy v1
permit from 198.51.100.8 connect 127.0.0.1:$port send proxy v2
permit from 198.51.100.9 connect 127.0.0.1:$port
EOF
    start_vsapd -f vsapd.conf
    FAR=${CONTROL##*:}
    reach() {
        {
            printf 'PROXY TCP4 %s 192.0.2.1 1000 2000\r\n' "$1"
            printf 'CONNECT 127.0.0.1:%s\r\nRELAY\r\nand then some more bytes than that\n' "$port"
        } | timeout 10 nc.openbsd -N 127.0.0.1 "$FAR"
    }
    run reach 198.51.100.7
    assert_line ok
    wait_log target.log "^PROXY TCP4 198\.51\.100\.7 127\.0\.0\.1 1000 $port\$"
    run reach 198.51.100.8
    assert_line ok
    # Signature, PROXY, TCP over IPv4, 12 bytes: source, target, ports.
    wait_log target.log "^v2 0d0a0d0a000d0a515549540a2111000cc63364087f000001"
    run reach 198.51.100.9
    assert_line ok
    wait_log target.log '^v2 616e64'
}
