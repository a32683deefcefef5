#!/usr/bin/env bats
# vsap-relay -D: a local SOCKS and HTTP proxy that leaves through a gateway.

load lib/common

# Ports that answer each connection with a command, by socat: sets SERVER.
server() { # NAME socat-address
    start "$1" socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr "$2"
    wait_for 10 grep -q 'listening on AF=2' "$LOG"
    SERVER=$(grep -o '127.0.0.1:[0-9]*' "$LOG" | head -n 1)
}

# A web server with a file: sets WEB, WEB_PORT.
web() {
    mkdir -p www
    echo 'a page' >www/page
    WEB_PORT=$(free_port)
    WEB=127.0.0.1:$WEB_PORT
    start web python3 -m http.server -b 127.0.0.1 -d www "$WEB_PORT" </dev/null
    wait_listen "$WEB"
}

# vsap-relay -D 127.0.0.1:0 ARGS: sets PROXY, PROXY_PID, PROXY_LOG
proxy() {
    start proxy vsap-relay -D 127.0.0.1:0 "$@" </dev/null
    PROXY_PID=$PID
    PROXY_LOG=$LOG
    PROXY=$(listening_on "$PROXY_LOG")
}

# A gateway that answers RULEs: sets FAKE, FAKE_LOG.
fake() { # RULE...
    start fake perl "$ROOT/tests/tools/fakegw.pl" "$@" </dev/null
    FAKE_LOG=$LOG
    FAKE=$(listening_on "$FAKE_LOG")
}

# A page of the web server, by whatever curl is told.
page() { # curl's arguments...
    # (curl goes to its own host directly unless it is told not to)
    run timeout 20 curl -sS --noproxy '' "$@"
    assert_success
    assert_output 'a page'
}

# Send bytes and the end of input; what comes back, in hex as well.
raw() { # ADDR HEX
    timeout 20 perl -MIO::Socket::INET -e '
        my $s = IO::Socket::INET->new($ARGV[0]) or die "connect: $!\n";
        syswrite $s, pack "H*", $ARGV[1];
        shutdown $s, 1;
        my ($got, $n) = ("");
        1 while $n = sysread $s, $got, 65536, length $got;
        print defined $n ? "" : "($!) ", unpack("H*", $got), "\n";' "$@"
}

hex() { # TEXT with printf's escapes
    # shellcheck disable=SC2059 # escapes are wanted
    printf "$1" | od -An -v -tx1 | tr -d ' \n'
}

port_hex() { # ADDR
    printf %04x "$(port_of "$1")"
}

# ---- real clients ----------------------------------------------------------

@test "curl by SOCKS 4, 4a, 5, 5 with the name, and HTTP CONNECT, through a gateway" {
    web
    start_vsapd
    proxy -v -s "$CONTROL"
    page --socks4 "$PROXY" "http://$WEB/page"
    page --socks5 "$PROXY" "http://$WEB/page"
    page --socks4a "$PROXY" "http://localhost:$WEB_PORT/page"
    page --socks5-hostname "$PROXY" "http://localhost:$WEB_PORT/page"
    page --proxytunnel --proxy "http://$PROXY" "http://$WEB/page"
    page --proxytunnel --proxy "http://$PROXY" \
        "http://localhost:$WEB_PORT/page"
    # A password is not asked for, and not minded.
    page --proxy-user me:secret --socks5 "$PROXY" "http://$WEB/page"
    # Names were resolved by the gateway.
    run log_count "$PROXY_LOG" "> VSAP/0.1 CONNECT 127.0.0.1:$WEB_PORT"
    assert_output 4
    run log_count "$PROXY_LOG" "> VSAP/0.1 CONNECT localhost:$WEB_PORT"
    assert_output 3
    wait_log "$PROXY_LOG" 'c1: SOCKS4: 127.0.0.1:'
    wait_log "$PROXY_LOG" 'c4: SOCKS5: localhost:'
    wait_log "$PROXY_LOG" 'c5: HTTP: 127.0.0.1:'
    wait_log "$PROXY_LOG" 'c7: closed: end, [0-9]+ bytes there, [0-9]+ back'
    assert_alive "$PROXY_PID"
}

@test "the same without a gateway: the connections are its own" {
    web
    proxy
    page --socks4 "$PROXY" "http://$WEB/page"
    page --socks4a "$PROXY" "http://localhost:$WEB_PORT/page"
    page --socks5 "$PROXY" "http://$WEB/page"
    page --socks5-hostname "$PROXY" "http://localhost:$WEB_PORT/page"
    page --proxytunnel --proxy "http://$PROXY" "http://$WEB/page"
}

@test "nc -X 4, 5 and connect" {
    server upper 'EXEC:tr a-z A-Z'
    start_vsapd
    proxy -s "$CONTROL_UNIX"
    for how in 4 5 connect; do
        run timeout 20 nc.openbsd -N -X "$how" -x "$PROXY" 127.0.0.1 \
            "$(port_of "$SERVER")" <<<"by $how"
        assert_success
        assert_output "BY ${how^^}"
    done
}

@test "ssh by nc -X 5" {
    start_sshd
    start_vsapd
    proxy -s "$CONTROL"
    run timeout 30 "${SSH[@]}" -p "$SSHD_PORT" \
        -o ProxyCommand="nc.openbsd -X 5 -x $PROXY %h %p" 127.0.0.1 echo there
    assert_success
    assert_output there
}

@test "git clones through it" {
    need git
    mkdir www
    git init -q work
    git -C work -c user.name=x -c user.email=x@x commit -q --allow-empty -m one
    git clone -q --bare work www/repo.git
    git -C www/repo.git update-server-info
    web
    start_vsapd
    proxy -s "$CONTROL"
    run timeout 30 git -c http.proxy="socks5h://$PROXY" -c http.noProxy= \
        clone -q "http://localhost:$WEB_PORT/repo.git" copy
    assert_success
    run git -C copy log --format=%s
    assert_output one
}

@test "a UNIX-domain socket to listen on, of mode 0600" {
    web
    start proxy vsap-relay -D "$PWD/proxy" </dev/null
    listening_on "$LOG"
    run stat -c %a proxy
    assert_output 600
    page --proxy "socks5h://localhost$PWD/proxy" "http://$WEB/page"
}

@test "IPv6: an address in each form" {
    start six socat -d -d 'TCP6-LISTEN:0,bind=[::1],fork' 'EXEC:tr a-z A-Z'
    wait_for 10 grep -qE 'listening on AF=10' "$LOG" || skip_lacking IPv6
    port=$(sed -n 's/.*listening on AF=10 .*:\([0-9]*\)$/\1/p' "$LOG")
    start_vsapd
    proxy -s "$CONTROL"
    run raw "$PROXY" "05010005010004$(printf %032x 1)$(
        printf %04x "$port")$(hex hello)"
    assert_output --partial 48454c4c4f # HELLO
    run raw "$PROXY" "$(hex "CONNECT [::1]:$port HTTP/1.1\r\n\r\nhello")"
    assert_output --partial 48454c4c4f
}

# ---- bytes -----------------------------------------------------------------

@test "what came behind the request goes first, in each protocol" {
    server upper 'EXEC:tr a-z A-Z'
    start_vsapd
    proxy -s "$CONTROL"
    data=$(hex 'early data')
    want=$(hex 'EARLY DATA')
    port=$(port_hex "$SERVER")
    run raw "$PROXY" "0401${port}7f00000100$data"
    assert_output "005a000000000000$want"
    run raw "$PROXY" "0401${port}00000001$(hex 'me\0')$(hex 'localhost\0')$data"
    assert_output "005a000000000000$want"
    run raw "$PROXY" "050100050100017f000001$port$data"
    assert_output "050005000001000000000000$want"
    run raw "$PROXY" "050200020501000309$(hex localhost)$port$data"
    assert_output "050005000001000000000000$want"
    run raw "$PROXY" "$(hex "CONNECT $SERVER HTTP/1.1\r\nHost: x\r\n\r\n")$data"
    assert_output "$(hex 'HTTP/1.1 200 Connection established\r\n\r\n')$want"
    run raw "$PROXY" "$(hex "CONNECT $SERVER HTTP/1.0\n\n")$data"
    assert_output "$(hex 'HTTP/1.1 200 Connection established\r\n\r\n')$want"
}

@test "a megabyte behind the request, and half-close in both directions" {
    server sum 'EXEC:sha256sum'
    proxy
    head -c 3000000 /dev/urandom >random
    run timeout 20 nc.openbsd -N -X 5 -x "$PROXY" 127.0.0.1 \
        "$(port_of "$SERVER")" <random
    assert_output "$(sha256sum <random)"
    { printf 'CONNECT %s HTTP/1.1\r\n\r\n' "$SERVER"; cat random; } |
        timeout 20 nc.openbsd -N "$(host_of "$PROXY")" "$(port_of "$PROXY")" |
        tail -n 1 >sum
    assert_equal "$(cat sum)" "$(sha256sum <random)"
}

@test "requests that come one byte at a time" {
    server upper 'EXEC:tr a-z A-Z'
    proxy
    port=$(port_hex "$SERVER")
    for request in "0401${port}7f00000100" "050100050100017f000001$port" \
        "$(hex "CONNECT $SERVER HTTP/1.1\r\nHost: x\r\n\r\n")"; do
        run timeout 20 perl -MIO::Socket::INET -MSocket=:all -e '
            my $s = IO::Socket::INET->new($ARGV[0]) or die;
            setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
            for (split //, pack "H*", $ARGV[1]) {
                syswrite $s, $_;
                select undef, undef, undef, 0.003;
            }
            syswrite $s, "data"; shutdown $s, 1;
            local $/; print <$s> =~ /DATA$/ ? "through\n" : "not\n";' \
            "$PROXY" "$request"
        assert_output through
    done
}

@test "a second request behind the first is data, and never read as one" {
    server echo PIPE
    start_vsapd
    proxy -v -s "$CONTROL"
    second='CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n'
    run raw "$PROXY" "$(hex "CONNECT $SERVER HTTP/1.1\r\n\r\n$second")"
    assert_output "$(
        hex "HTTP/1.1 200 Connection established\r\n\r\n$second")"
    # A body would hide one.
    run raw "$PROXY" "$(hex "CONNECT $SERVER HTTP/1.1\r\nContent-Length: 33\r\n\r\n$second")"
    assert_output --regexp "^$(hex 'HTTP/1.1 400 ')"
    run raw "$PROXY" "$(
        hex "CONNECT $SERVER HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$second")"
    assert_output --regexp "^$(hex 'HTTP/1.1 400 ')"
    run raw "$PROXY" "$(hex "GET / HTTP/1.1\r\n\r\n$second")"
    assert_output --regexp "^$(hex 'HTTP/1.1 405 ')"
    run log_count "$PROXY_LOG" '> VSAP/0.1 CONNECT'
    assert_output 1
}

# ---- refusals, each in its own protocol ------------------------------------

# The four answers to a request that the gateway refuses.
refused() { # REPLY-OF-THE-GATEWAY SOCKS5 HTTP
    fake "VSAP=$1"
    proxy -w 5 -s "$FAKE"
    run raw "$PROXY" 05010005010001c00002010050
    assert_output "0500050${2}0001000000000000"
    run raw "$PROXY" 04010050c000020100
    assert_output 005b000000000000
    run raw "$PROXY" "$(hex 'CONNECT 192.0.2.1:80 HTTP/1.1\r\n\r\n')"
    assert_output --regexp "^$(hex "HTTP/1.1 $3 ")"
    run timeout 20 curl -sS -o /dev/null -w '%{http_connect}' --proxytunnel \
        --proxy "http://$PROXY" http://192.0.2.1/
    assert_failure
    assert_output --partial "$3"
    kill "$PROXY_PID"
    wait_for 5 is_gone "$PROXY_PID"
}

@test "a gateway's reasons are told in each protocol" {
    refused '410 forbidden: no rule permits it' 2 403
    refused '410 forbidden: too many: try again in a minute' 1 502
    refused '540 cannot connect 192.0.2.1:80: Connection refused' 5 502
    refused '540 cannot connect 192.0.2.1:80: Network is unreachable' 3 502
    refused '540 cannot connect 192.0.2.1:80: No route to host' 4 502
    refused '540 cannot connect 192.0.2.1:80: Connection timed out' 6 504
    refused '540 something else' 1 502
    refused '500 unknown' 1 502
}

@test "so are those of a real gateway, and the page says them" {
    start_vsapd
    proxy -s "$CONTROL"
    run raw "$PROXY" 050100050100017f0000010001
    assert_output 050005050001000000000000
    run timeout 20 curl -sS -i --proxytunnel --proxy "http://$PROXY" \
        http://127.0.0.1:1/
    assert_failure
    run raw "$PROXY" "$(hex 'CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n')"
    assert_output --partial "$(
        hex '540 cannot connect 127.0.0.1:1: Connection refused')"
    run raw "$PROXY" "0501000501000317$(hex no-such-host.invalid....)0050"
    assert_output --regexp '^05000501'
}

@test "without a gateway the system's reasons are told" {
    proxy
    run raw "$PROXY" 050100050100017f0000010001
    assert_output 050005050001000000000000
    run raw "$PROXY" 040100017f00000100
    assert_output 005b000000000000
    run raw "$PROXY" "$(hex 'CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n')"
    assert_output --regexp "^$(hex 'HTTP/1.1 502 Bad Gateway\r\n')"
    assert_output --partial "$(hex '127.0.0.1:1: Connection refused')"
}

@test "a gateway that is not there, and one that never answers" {
    proxy -s 127.0.0.1:1
    run raw "$PROXY" 05010005010001c00002010050
    assert_output 050005010001000000000000
    run raw "$PROXY" "$(hex 'CONNECT 192.0.2.1:80 HTTP/1.1\r\n\r\n')"
    assert_output --regexp "^$(hex 'HTTP/1.1 502 ')"
    kill "$PROXY_PID"
    server silent 'EXEC:sleep 60'
    proxy -w 1 -s "$SERVER"
    run raw "$PROXY" 05010005010001c00002010050
    assert_output 050005060001000000000000
    run raw "$PROXY" "$(hex 'CONNECT 192.0.2.1:80 HTTP/1.1\r\n\r\n')"
    assert_output --regexp "^$(hex 'HTTP/1.1 504 ')"
}

@test "what is not served: BIND, UDP, a password, other methods" {
    local request want

    proxy
    while read -r request want; do
        assert_equal "$request $(raw "$PROXY" "$request")" "$request $want"
    done <<END
050100050200017f0000010050 050005070001000000000000
050100050300017f0000010050 050005070001000000000000
050100058400017f0000010050 050005070001000000000000
040200507f00000100 005b000000000000
050102 05ff
0500 05ff
END
    for method in GET POST OPTIONS connect; do
        run timeout 20 curl -sS -o page -w '%{http_code}' --noproxy '' \
            -X "$method" --proxy "http://$PROXY" http://127.0.0.1:1/
        assert_output 405
        run cat page
        assert_output 'only CONNECT is served here'
    done
    run raw "$PROXY" "$(hex 'GET / HTTP/1.1\r\n\r\n')"
    assert_output --partial "$(hex '\r\nAllow: CONNECT\r\n')"
}

@test "malformed requests: each is answered as its protocol can, and closed" {
    local request want

    proxy
    while read -r request want; do
        run raw "$PROXY" "$request"
        echo "$request"
        [[ $output =~ ^$want$ ]]
    done <<END
0501000501000500 050005080001000000000000
05010004010050 0500050.0001000000000000
0501000501000300 0500050.0001000000000000
05010005010001000000000050 0500050.0001000000000000
050100050100017f0000010000 0500050.0001000000000000
05010005010003036100620050 0500050.0001000000000000
05010005010003032f78790050 0500050.0001000000000000
0501000501000305657865633a0050 0500050.0001000000000000
040100007f00000100 005b000000000000
04010050000000016d6500$(printf %0600d 0 | sed 's/0/61/g') 005b000000000000
$(hex 'CONNECT /etc/passwd HTTP/1.1\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
$(hex 'CONNECT exec:id HTTP/1.1\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
$(hex 'CONNECT - HTTP/1.1\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
$(hex 'CONNECT a.example HTTP/1.1\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
$(hex 'CONNECT a.example:0 HTTP/1.1\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
$(hex 'CONNECT *:80 HTTP/1.1\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
$(hex 'CONNECT 0.0.0.0:80 HTTP/1.1\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
$(hex 'CONNECT a.example:80 HTTP/2.0\r\n\r\n') $(hex 'HTTP/1.1 505 ').*
$(hex 'CONNECT a.example:80\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
$(hex "CONNECT $(printf %0300d 0):80 HTTP/1.1\r\n\r\n") $(hex 'HTTP/1.1 400 ').*
$(hex "CONNECT $(printf %0600d 0):80 HTTP/1.1\r\n\r\n") $(hex 'HTTP/1.1 414 ').*
$(hex "CONNECT a:80 HTTP/1.1\r\nX: $(printf %09000d 0)\r\n\r\n") $(hex 'HTTP/1.1 431 ').*
$(hex 'CONNECT a:80 HTTP/1.1\r\nX: a\0b\r\n\r\n') $(hex 'HTTP/1.1 400 ').*
160301020001 
00 
ff00ff 
END
    assert_alive "$PROXY_PID"
}

@test "a name of the greatest length goes to the gateway, a longer one nowhere" {
    fake 'VSAP=410 no'
    proxy -s "$FAKE"
    label=$(printf %063d 0 | tr 0 a)
    name=$label.$label.$label.${label:2} # 253
    run raw "$PROXY" "05010005010003fd$(hex "$name")0050"
    assert_output 050005020001000000000000
    wait_log "$FAKE_LOG" "CONNECT $name:80"
    run raw "$PROXY" "05010005010003ff$(hex "${name}bb")0050"
    assert_output --regexp '^0500050[14]0001000000000000$'
    run raw "$PROXY" "$(hex "CONNECT ${name}bb:80 HTTP/1.1\r\n\r\n")"
    assert_output --regexp "^$(hex 'HTTP/1.1 400 ')"
    run log_count "$FAKE_LOG" CONNECT
    assert_output 1
}

# ---- those who mean harm ---------------------------------------------------

@test "requests cut at every byte end, and the next one is served" {
    server upper 'EXEC:tr a-z A-Z'
    proxy
    port=$(port_hex "$SERVER")
    run timeout 50 perl -MIO::Socket::INET -e '
        my $addr = shift;
        for (@ARGV) {
            my $all = pack "H*", $_;
            for my $n (0 .. length($all) - 1) {
                my $s = IO::Socket::INET->new($addr) or die "connect: $!";
                syswrite $s, substr $all, 0, $n;
                shutdown $s, 1;
                local $/;
                my $got = <$s> // "";
                $got eq "" or $got eq "\x05\x00" or die "$n bytes of $_: ",
                    unpack("H*", $got), "\n";
            }
        }
        print "all\n";' "$PROXY" "0401${port}7f00000100" \
        "0401${port}00000001$(hex 'me\0localhost\0')" \
        "050100050100017f000001$port" "0501000501000309$(
            hex localhost)$port" \
        "$(hex "CONNECT $SERVER HTTP/1.1\r\nHost: $SERVER\r\n\r\n")"
    assert_output all
    run raw "$PROXY" "050100050100017f000001$port$(hex data)"
    assert_output --partial "$(hex DATA)"
    assert_alive "$PROXY_PID"
}

@test "garbage" {
    server upper 'EXEC:tr a-z A-Z'
    proxy
    timeout 50 perl -MIO::Socket::INET -e '
        srand 1;
        for my $i (1 .. 300) {
            my $s = IO::Socket::INET->new($ARGV[0]) or die "connect: $!";
            my $first = ("", "\4", "\5\1\0\5", "CONNECT ")[$i % 4];
            syswrite $s, $first . join "", map chr rand 256, 1 .. rand 600;
            shutdown $s, 1;
            local $/;
            <$s>;
        }' "$PROXY"
    run raw "$PROXY" "050100050100017f000001$(port_hex "$SERVER")$(hex data)"
    assert_output --partial "$(hex DATA)"
    assert_alive "$PROXY_PID"
}

# N connections that say BYTES and then nothing; the process is PID.
slow_ones() { # N HEX
    start "slow$RANDOM" perl -MIO::Socket::INET -e '
        $| = 1;
        my ($addr, $n, $hex) = @ARGV;
        my @all = map {
            my $s = IO::Socket::INET->new($addr) or die "connect: $!";
            syswrite $s, pack "H*", $hex;
            $s } 1 .. $n;
        print "all there\n";
        sleep 60;' "$PROXY" "$@" </dev/null
    wait_log "$LOG" 'all there' >/dev/null
}

@test "a hundred slow ones, while another one works" {
    web
    proxy
    slow_ones 34 0501
    slow_ones 33 04
    slow_ones 33 "$(hex 'CONNECT 127.0')"
    for _ in 1 2 3 4 5; do
        run timeout 2 curl -sS --noproxy '' --socks5 "$PROXY" "http://$WEB/page"
        assert_output 'a page'
    done
}

@test "a request that is not whole in ten seconds ends; HTTP is told" {
    proxy
    start fast perl -MIO::Socket::INET -MTime::HiRes=time -e '
        my %hex = (socks => "04", silent => "", http => unpack "H*", "CON");
        for (sort keys %hex) {
            next if fork;
            my $s = IO::Socket::INET->new($ARGV[0]) or die "connect: $!";
            my $from = time;
            my $bytes = pack "H*", $hex{$_};
            syswrite $s, $bytes;
            # one more byte now and then does not help
            if (!fork) {
                for (1 .. 30) { sleep 1; syswrite $s, "N" if $bytes ne "" }
                exit;
            }
            local $/;
            my $got = <$s>;
            my $took = int(time - $from + 0.5);
            print "$_: ", $took >= 9 && $took <= 14 ? "in time" : $took,
                " ", $got =~ /^(HTTP.1.1 408)/, "\n";
            exit;
        }
        1 while wait != -1;' "$PROXY" </dev/null
    wait_log "$LOG" '^http: in time HTTP/1.1 408' 30
    wait_log "$LOG" '^silent: in time' 30
    wait_log "$LOG" '^socks: in time' 30
    run log_count "$PROXY_LOG" 'no whole request in time'
    assert_output 3
}

@test "unfinished requests are bounded: the oldest makes room" {
    web
    start proxy bash -c 'ulimit -n 200; exec vsap-relay -D 127.0.0.1:0' \
        </dev/null
    PROXY_PID=$PID PROXY_LOG=$LOG
    PROXY=$(listening_on "$PROXY_LOG")
    slow_ones 90 05
    wait_log "$PROXY_LOG" 'too many unfinished requests'
    for _ in 1 2 3 4 5; do
        run timeout 5 curl -sS --noproxy '' --socks5 "$PROXY" "http://$WEB/page"
        assert_output 'a page'
    done
    run log_count "$PROXY_LOG" 'Too many open files'
    assert_output 0
}

@test "nothing is left open when visitors have gone" {
    web
    start_vsapd
    proxy -s "$CONTROL"
    page --socks5 "$PROXY" "http://$WEB/page"
    before=$(find "/proc/$PROXY_PID/fd" | wc -l)
    for _ in 1 2 3; do
        page --socks5 "$PROXY" "http://$WEB/page"
        raw "$PROXY" 050100050100017f0000010001
        raw "$PROXY" "$(hex 'GET / HTTP/1.1\r\n\r\n')"
        raw "$PROXY" 05
        raw "$PROXY" ff
    done
    fds() { [ "$(find "/proc/$PROXY_PID/fd" | wc -l)" -le "$before" ]; }
    wait_for 10 fds
}

# ---- who may come ----------------------------------------------------------

@test "an address that others reach is refused without --allow-others" {
    local at

    for at in 0.0.0.0:0 :0 '*:0' '[::]:0' 192.0.2.1:0; do
        run vsap-relay -D "$at"
        assert_failure 100
        assert_output --partial "-D $at: everybody who reaches it could use it"
    done
    start proxy vsap-relay -D :0 --allow-others </dev/null
    at=$(listening_on "$LOG")
    [[ $at == 0.0.0.0:* ]]
    # A port alone is one of loopback.
    port=$(free_port)
    start local vsap-relay -D "$port" </dev/null
    run listening_on "$LOG"
    assert_output "127.0.0.1:$port"
}

@test "wrong use: 100, what is wrong, and the usage" {
    refuses_use vsap-relay <<'CASES'
-D 0 a:1|-D takes no endpoint
-D 0 -l :0|one -l or one -D
-D 0 -D 0|one -l or one -D
--allow-others a:1|--allow-others is for -D
--allow-others -l :0 a:1|--allow-others is for -D
-D 99999|99999
-D name.example:1|address in numbers
-D exec:id|
CASES
}
