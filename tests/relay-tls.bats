#!/usr/bin/env bats
# vsap-relay and TLS: as client of an endpoint or a gateway, as the server in
# front of a plain one, against openssl, socat and curl.

load lib/common
load lib/tls

setup() {
    vsap_setup
    need openssl socat curl
    make_ca ca
    make_cert ca server localhost 127.0.0.1
}

# Ports that answer each connection with a command: sets SERVER, SERVER_PORT.
server() { # NAME socat-address
    start "$1" socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr "$2"
    found_server
}

tls_server() { # NAME socat-address [options of OPENSSL-LISTEN]
    start "$1" socat -d -d -t 20 \
        "OPENSSL-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,cert=server.both,${3:-verify=0}" "$2"
    found_server
}

found_server() {
    wait_for 10 grep -q 'listening on AF=2' "$LOG"
    SERVER=$(grep -o '127.0.0.1:[0-9]*' "$LOG" | head -n 1)
    SERVER_PORT=$(port_of "$SERVER")
}

# vsap-relay ARGS with a listener: sets RELAY, RELAY_PORT, RELAY_PID, RELAY_LOG
relay() {
    start relay vsap-relay "$@" </dev/null
    RELAY_PID=$PID
    RELAY_LOG=$LOG
    RELAY=$(listening_on "$RELAY_LOG")
    RELAY_PORT=$(port_of "$RELAY")
}

# A TLS listener in front of a plain server.
front() { # ENDPOINT [ARGS...]
    relay -l tls:127.0.0.1:0 --cert=server.pem --key=server.key "$@"
}

# A TLS client of standard input and output, by socat.
tls_to() { # ADDRESS [options of OPENSSL]
    timeout 30 socat -t 20 - "OPENSSL:localhost:$(port_of "$1"),cafile=ca.pem${2:+,$2}"
}

random_file() { # BYTES
    head -c "$1" /dev/urandom >random
    SUM=$(sha256sum <random)
}

web() {
    mkdir -p www
    echo 'a page' >www/page
    WEB_PORT=$(free_port)
    WEB=127.0.0.1:$WEB_PORT
    start web python3 -m http.server -b 127.0.0.1 -d www "$WEB_PORT" </dev/null
    wait_listen "$WEB"
}

# ---- as client -------------------------------------------------------------

@test "standard input and output to a TLS server" {
    tls_server upper 'EXEC:tr a-z A-Z'
    run timeout 20 vsap-relay --ca=ca.pem "tls:localhost:$SERVER_PORT" <<<hello
    assert_success
    assert_output HELLO
    # By address: the certificate has that too.
    run timeout 20 vsap-relay --ca=ca.pem - "tls:$SERVER" <<<hello
    assert_success
    assert_output HELLO
    run env VSAP_CA=ca.pem timeout 20 vsap-relay "tls:$SERVER" - <<<hello
    assert_success
    assert_output HELLO
}

@test "openssl s_server -www gives its page" {
    port=$(free_port)
    start s_server openssl s_server -quiet -www -accept "127.0.0.1:$port" \
        -cert server.pem -key server.key </dev/null
    wait_listen "127.0.0.1:$port"
    run timeout 20 vsap-relay --ca=ca.pem "tls:localhost:$port" \
        <<<$'GET / HTTP/1.0\r\n\r'
    assert_output --partial 'HTTP/1.0 200 ok'
    assert_output --partial TLSv1.3
}

@test "half-close: an answer that comes after the end of what was sent" {
    tls_server count 'EXEC:wc -c'
    random_file 3000000
    run timeout 30 vsap-relay --ca=ca.pem "tls:$SERVER" <random
    assert_success
    assert_output 3000000
    relay -l 127.0.0.1:0 --ca=ca.pem "tls:$SERVER"
    run nc_to "$RELAY" -N <random
    assert_output 3000000
}

@test "twenty megabytes arrive whole, and -l counts them" {
    random_file 20000000
    tls_server file OPEN:random,rdonly
    run timeout 30 bash -c 'vsap-relay --ca=ca.pem "tls:$1" </dev/null |
        sha256sum' - "$SERVER"
    assert_output "$SUM"
    relay -v -l 127.0.0.1:0 --ca=ca.pem "tls:$SERVER"
    nc_to "$RELAY" -N </dev/null >got
    assert_equal "$(sha256sum <got)" "$SUM"
    wait_log "$RELAY_LOG" 'c1: closed: end, 0 bytes there, 20000000 back'
}

@test "a client's certificate for a server that asks" {
    make_cert ca me me.example
    tls_server upper 'EXEC:tr a-z A-Z' verify=1,cafile=ca.pem
    run timeout 20 vsap-relay --ca=ca.pem --cert=me.pem --key=me.key \
        "tls:$SERVER" <<<hello
    assert_success
    assert_output HELLO
    run timeout 20 vsap-relay --ca=ca.pem "tls:$SERVER" <<<hello
    assert_failure
    refute_output --partial HELLO
}

@test "a server that is not who it should be: 100, why, and what to do" {
    tls_server upper 'EXEC:tr a-z A-Z'
    make_ca other
    # Of no CA that the system knows, or of another one.
    for args in '' --ca=other.pem; do
        # shellcheck disable=SC2086 # words
        run timeout 20 vsap-relay $args "tls:$SERVER" <<<hello
        assert_failure 100
        assert_output --partial certificate
        assert_output --partial -- --pin
    done
    # By a name that it has not.
    make_cert ca server elsewhere.example
    tls_server wrong 'EXEC:tr a-z A-Z'
    run timeout 20 vsap-relay --ca=ca.pem "tls:$SERVER" <<<hello
    assert_failure 100
    assert_output --partial '--tls-name'
    refute_output --partial HELLO
    run timeout 20 vsap-relay --ca=ca.pem --tls-name=elsewhere.example \
        "tls:$SERVER" <<<hello
    assert_success
    assert_output HELLO
    run timeout 20 vsap-relay --ca=ca.pem --tls-name=else.example \
        "tls:$SERVER" <<<hello
    assert_failure 100
}

@test "a pinned certificate is enough, another one is refused" {
    tls_server upper 'EXEC:tr a-z A-Z'
    run timeout 20 vsap-relay --pin="$(fingerprint server.pem)" \
        "tls:$SERVER" <<<hello
    assert_success
    assert_output HELLO
    run timeout 20 vsap-relay --pin="$(fingerprint ca.pem)" \
        "tls:$SERVER" <<<hello
    assert_failure 100
    refute_output --partial HELLO
}

@test "--no-verify takes any, and warns each time" {
    tls_server upper 'EXEC:tr a-z A-Z'
    run --separate-stderr timeout 20 vsap-relay --no-verify "tls:$SERVER" \
        <<<hello
    assert_success
    assert_output HELLO
    [[ $stderr == *--no-verify:* ]]
}

@test "servers that speak no TLS, or nothing, or are not there" {
    server plain 'SYSTEM:echo no TLS here; sleep 1'
    run timeout 20 vsap-relay "tls:$SERVER" <<<hello
    assert_failure 111
    assert_output --partial "tls:$SERVER: "
    server silent 'EXEC:sleep 60'
    run timeout 20 vsap-relay -w 1 "tls:$SERVER" <<<hello
    assert_failure 111
    assert_output --partial "tls:$SERVER: "
    run vsap-relay tls:127.0.0.1:1 <<<hello
    assert_failure 111
    assert_output 'vsap-relay: tls:127.0.0.1:1: Connection refused'
}

@test "a TLS stream that breaks off is no end: 111, and a reset with -l" {
    # A relay of TCP that cuts both ways when it is told to.
    tls_server part 'SYSTEM:echo part; sleep 60'
    cut() {
        start cut perl -MIO::Socket::INET -MIO::Select -e '
            $| = 1;
            my $l = IO::Socket::INET->new(Listen => 1,
                LocalAddr => "127.0.0.1") or die;
            print "listening on 127.0.0.1:", $l->sockport, "\n";
            my $a = $l->accept;
            my $b = IO::Socket::INET->new($ARGV[0]) or die;
            my %to = ($a => $b, $b => $a);
            my $s = IO::Select->new($a, $b);
            my $back = 0;
            while (1) {
                for my $from ($s->can_read(0.5)) {
                    exit unless sysread $from, my $bytes, 65536;
                    syswrite $to{$from}, $bytes;
                    $back += length $bytes if $from == $b;
                }
                exit if -e "cut-now";
            }' "$SERVER" </dev/null
        CUT=$(listening_on "$LOG")
    }
    cut
    start client bash -c 'vsap-relay --ca=ca.pem "tls:$1"; echo "status $?"' \
        - "$CUT" < <(sleep 60)
    wait_log "$LOG" '^part'
    touch cut-now
    wait_log "$LOG" 'status 111'
    rm cut-now
    cut
    relay -v -l 127.0.0.1:0 --ca=ca.pem "tls:$CUT"
    start visitor perl -MIO::Socket::INET -e '
        $| = 1;
        my $s = IO::Socket::INET->new($ARGV[0]) or die "connect: $!";
        sysread $s, my $b, 5;
        print $b;
        my $n = sysread $s, $b, 1;
        print defined $n ? "end of file" : "$!", "\n";' "$RELAY" </dev/null
    visitor=$LOG
    wait_log "$visitor" '^part'
    touch cut-now
    wait_log "$visitor" '^Connection reset by peer'
}

# ---- as server -------------------------------------------------------------

@test "-l tls: in front of a web server, by curl" {
    web
    front "$WEB"
    for _ in 1 2 3; do
        run timeout 20 curl -sS --cacert ca.pem \
            "https://localhost:$RELAY_PORT/page"
        assert_success
        assert_output 'a page'
    done
    run timeout 20 curl -sS --cacert ca.pem --tlsv1.2 --tls-max 1.2 \
        "https://127.0.0.1:$RELAY_PORT/page"
    assert_output 'a page'
    run timeout 20 curl -sS "https://localhost:$RELAY_PORT/page"
    assert_failure 60
}

@test "-l tls: bulk and half-close, by socat and openssl" {
    server count 'EXEC:sha256sum'
    random_file 5000000
    front "$SERVER"
    tls_to "$RELAY" <random >got
    assert_equal "$(cat got)" "$SUM"
    server file OPEN:random,rdonly
    kill "$RELAY_PID"
    front "$SERVER" -v
    tls_to "$RELAY" </dev/null >got
    assert_equal "$(sha256sum <got)" "$SUM"
    wait_log "$RELAY_LOG" 'c1: closed: end, 0 bytes there, 5000000 back'
    openssl s_client -quiet -no_ign_eof -CAfile ca.pem -verify_return_error \
        -connect "$RELAY" </dev/null 2>/dev/null >got || :
}

@test "-l tls: twenty at a time" {
    server echo PIPE
    random_file 1000000
    front "$SERVER"
    pids=()
    for i in $(seq 20); do
        tls_to "$RELAY" <random >"got.$i" 3>&- &
        pids+=("$!")
    done
    wait "${pids[@]}"
    for i in $(seq 20); do
        cmp random "got.$i"
    done
}

@test "-l tls: to a command, a UNIX socket, an IPv6 listener" {
    front 'exec:sed s/^/got:/'
    assert_equal "$(tls_to "$RELAY" <<<one)" got:one
    start unix socat UNIX-LISTEN:target,fork PIPE
    wait_for 5 test -S target
    front "$PWD/target"
    assert_equal "$(tls_to "$RELAY" <<<two)" two
    relay -l 'tls:[::1]:0' --cert=server.pem --key=server.key "$PWD/target"
    run timeout 20 socat -t 20 - \
        "OPENSSL:$RELAY,pf=ip6,cafile=ca.pem,commonname=localhost" <<<three
    assert_output three
}

@test "--client-ca: certificates of that CA alone" {
    server upper 'EXEC:tr a-z A-Z'
    make_ca clients
    make_cert clients me me.example
    make_cert ca stranger me.example
    front --client-ca=clients.pem "$SERVER"
    assert_equal "$(tls_to "$RELAY" cert=me.both <<<hello)" HELLO
    run tls_to "$RELAY" cert=stranger.both <<<hello
    refute_output --partial HELLO
    run tls_to "$RELAY" <<<hello
    refute_output --partial HELLO
    wait_log "$RELAY_LOG" 'c2: .*certificate'
    # Nothing of theirs came to the server.
    run log_count "$BATS_TEST_TMPDIR/upper.log" 'accepting connection'
    assert_output 1
}

@test "TLS on both sides" {
    tls_server count 'EXEC:sha256sum'
    random_file 3000000
    front -v --ca=ca.pem "tls:$SERVER"
    tls_to "$RELAY" <random >got
    assert_equal "$(cat got)" "$SUM"
    wait_log "$RELAY_LOG" 'c1: closed: end, 3000000 bytes there, 68 back'
    # And without a listener.
    count=$SERVER
    tls_server sender "OPEN:$PWD/random,rdonly!!OPEN:$PWD/heard,creat,wronly"
    run timeout 20 vsap-relay --ca=ca.pem "tls:$SERVER" "tls:$count"
    assert_success
    assert_equal "$(cat heard)" "$SUM"
}

@test "garbage, half a handshake and silence at a TLS listener disturb nobody" {
    server upper 'EXEC:tr a-z A-Z'
    front -w 2 "$SERVER"
    start mute perl -MIO::Socket::INET -MSocket -e '
        $| = 1;
        my @s = map { IO::Socket::INET->new($ARGV[0]) or die "$!" } 1 .. 50;
        syswrite $s[$_], "\x16\x03\x01\x02" for 0 .. 24;
        syswrite $s[30], "GET / HTTP/1.0\r\n\r\n";
        syswrite $s[31], "\xff" x 1000;
        setsockopt $s[32], SOL_SOCKET, SO_LINGER, pack "ii", 1, 0;
        close $s[32];
        print "all there\n";
        my $open = 0;
        for (@s) { next unless defined fileno $_; 1 while sysread $_, my $b, 1000 }
        print "all closed\n";' "$RELAY" </dev/null
    mute=$LOG
    wait_log "$mute" 'all there'
    for _ in 1 2 3; do
        assert_equal "$(tls_to "$RELAY" <<<hello)" HELLO
    done
    # The time of -w ends them.
    wait_log "$mute" 'all closed' 15
    assert_alive "$RELAY_PID"
}

@test "nobody at the endpoint: a TLS visitor sees no orderly end" {
    port=$(free_port)
    front "127.0.0.1:$port"
    # (one that says nothing: bytes that nobody has read would reset as well)
    run tls_to "$RELAY" < <(exec sleep 30)
    assert_failure 1
    assert_output --partial 'Connection reset by peer'
    wait_log "$RELAY_LOG" "c1: 127.0.0.1:$port: Connection refused"
    assert_alive "$RELAY_PID"
}

@test "SIGHUP: another certificate from now on; one that is no use is refused" {
    server echo PIPE
    front "$SERVER"
    shown() {
        openssl s_client -connect "$RELAY" -CAfile ca.pem </dev/null \
            2>/dev/null | openssl x509 -noout -subject
    }
    # A stream that began before goes on.
    mkfifo in
    tls_to "$RELAY" <in >out 3>&- &
    exec 9>in
    echo before >&9
    wait_for 5 grep -q before out
    assert_equal "$(shown)" 'subject=CN = server'
    make_cert ca renewed localhost 127.0.0.1
    cp renewed.pem server.pem
    cp renewed.key server.key
    kill -HUP "$RELAY_PID"
    wait_log "$RELAY_LOG" 'certificates were read anew'
    is_renewed() { [ "$(shown)" = 'subject=CN = renewed' ]; }
    wait_for 5 is_renewed
    echo nonsense >server.pem
    kill -HUP "$RELAY_PID"
    wait_log "$RELAY_LOG" 'server.pem.*what was read before holds'
    is_renewed
    echo after >&9
    wait_for 5 grep -q after out
    exec 9>&-
    wait_for 5 is_gone $!
}

@test "files that cannot be used are named at the start" {
    local args why

    cp server.key open.key
    chmod 644 open.key
    make_cert ca another another.example
    while IFS='|' read -r args why; do
        # shellcheck disable=SC2086 # words
        run vsap-relay -l tls:127.0.0.1:0 $args 127.0.0.1:1
        assert_failure 100
        assert_output --partial "$why"
        refute_output --partial 'listening on'
    done <<'CASES'
--cert=none.pem --key=server.key|none.pem
--cert=server.pem --key=none.key|none.key
--cert=server.pem --key=open.key|open.key
--cert=server.pem --key=another.key|server.pem
--cert=server.key --key=server.key|server.key
--cert=server.pem --key=server.key --client-ca=none.pem|none.pem
--cert=server.pem --key=server.key --client-ca=server.key|server.key
CASES
    run vsap-relay --ca=none.pem tls:127.0.0.1:1 </dev/null
    assert_failure 100
    assert_output --partial none.pem
}

@test "SIGTERM ends it, its streams and its workers" {
    server echo PIPE
    front "$SERVER"
    mkfifo in
    tls_to "$RELAY" <in >out 3>&- &
    exec 9>in
    echo before >&9
    wait_for 5 grep -q before out
    workers=$(pids_of vsap-relay | grep -vx "$RELAY_PID")
    [ -n "$workers" ]
    kill "$RELAY_PID"
    # shellcheck disable=SC2086 # pids are words
    wait_for 5 is_gone "$RELAY_PID" $workers
    exec 9>&-
}

@test "a worker that dies is replaced; its streams are reset" {
    server echo PIPE
    front -v "$SERVER"
    mkfifo in
    tls_to "$RELAY" <in >out 3>&- &
    exec 9>in
    echo before >&9
    wait_for 5 grep -q before out
    for pid in $(pids_of vsap-relay | grep -vx "$RELAY_PID"); do
        kill -KILL "$pid"
    done
    wait_log "$RELAY_LOG" 'c1: closed: worker died'
    wait_log "$RELAY_LOG" 'a TLS worker died'
    exec 9>&-
    again() { [ "$(tls_to "$RELAY" <<<hello)" = hello ]; }
    wait_for 10 again
}

@test "nothing is left open when TLS visitors have gone" {
    server upper 'EXEC:tr a-z A-Z'
    front "$SERVER"
    assert_equal "$(tls_to "$RELAY" <<<hello)" HELLO
    fds() { for p in $(pids_of vsap-relay); do find "/proc/$p/fd"; done | wc -l; }
    before=$(fds)
    for _ in 1 2 3 4 5; do
        tls_to "$RELAY" <<<hello
        raw_nothing "$RELAY"
    done
    as_before() { [ "$(fds)" -le "$before" ]; }
    wait_for 10 as_before
}

raw_nothing() { # ADDR: garbage instead of a handshake
    printf garbage | nc_to "$1" -N || :
}

# ---- with gateways ---------------------------------------------------------

@test "-s tls: by a TLS listener in front of a gateway" {
    server upper 'EXEC:tr a-z A-Z'
    random_file 3000000
    start_vsapd
    front "$CONTROL"
    run timeout 20 vsap-relay --ca=ca.pem -s "tls:$RELAY" "$SERVER" <<<hello
    assert_success
    assert_output HELLO
    gw=$RELAY
    server sum 'EXEC:sha256sum'
    relay -l 127.0.0.1:0 --ca=ca.pem -s "tls:$gw" "$SERVER"
    run nc_to "$RELAY" -N <random
    assert_output "$SUM"
    run timeout 20 vsap-relay -s "tls:$gw" "$SERVER" <<<hello
    assert_failure 100
    assert_output --partial certificate
}

@test "-D and -s tls:, by curl; what came early is not lost" {
    web
    server upper 'EXEC:tr a-z A-Z'
    start_vsapd
    front "$CONTROL"
    relay -D 127.0.0.1:0 --ca=ca.pem -s "tls:$RELAY"
    for how in --socks4a --socks5-hostname '--proxytunnel --proxy'; do
        # shellcheck disable=SC2086 # words
        run timeout 20 curl -sS --noproxy '' $how "$RELAY" "http://$WEB/page"
        assert_success
        assert_output 'a page'
    done
    { printf 'CONNECT %s HTTP/1.1\r\n\r\nearly' "$SERVER"; } |
        nc_to "$RELAY" -N >got
    assert_equal "$(tail -n 1 got)" EARLY
}

@test "-D tls: is an HTTPS proxy, for curl" {
    web
    relay -D tls:127.0.0.1:0 --cert=server.pem --key=server.key
    run timeout 20 curl -sS --noproxy '' --proxytunnel --proxy-cacert ca.pem \
        --proxy "https://localhost:$RELAY_PORT" "http://$WEB/page"
    assert_success
    assert_output 'a page'
    run timeout 20 curl -sS --noproxy '' --proxytunnel --proxy-cacert ca.pem \
        --proxy "https://localhost:$RELAY_PORT" "http://127.0.0.1:1/page"
    assert_failure
    assert_output --partial 502
}

@test "a tls: endpoint behind a gateway, which may be TLS itself" {
    tls_server upper 'EXEC:tr a-z A-Z'
    start_vsapd
    run timeout 20 vsap-relay --ca=ca.pem -s "$CONTROL" "tls:$SERVER" <<<hello
    assert_success
    assert_output HELLO
    front "$CONTROL"
    run timeout 20 vsap-relay --ca=ca.pem -s "tls:$RELAY" "tls:$SERVER" \
        <<<hello
    assert_success
    assert_output HELLO
    run timeout 20 vsap-relay --ca=ca.pem --tls-name=x -s "tls:$RELAY" \
        "tls:$SERVER" <<<hello
    assert_failure 100
    assert_output --partial 'cannot be meant for both'
}

@test "-x: an HTTP proxy on the way to the gateway, plain and TLS" {
    server upper 'EXEC:tr a-z A-Z'
    start_vsapd
    relay -D 127.0.0.1:0 -v
    proxy=$RELAY proxy_log=$RELAY_LOG
    run timeout 20 vsap-relay -x "http://$proxy" -s "$CONTROL" "$SERVER" \
        <<<hello
    assert_success
    assert_output HELLO
    wait_log "$proxy_log" "HTTP: $CONTROL"
    front "$CONTROL"
    run timeout 20 vsap-relay -x "http://$proxy" --ca=ca.pem \
        -s "tls:$RELAY" "$SERVER" <<<hello
    assert_success
    assert_output HELLO
    wait_log "$proxy_log" "HTTP: $RELAY"
}

@test "wrong use of TLS options: 100, and what is wrong" {
    refuses_use vsap-relay <<'CASES'
-l tls:127.0.0.1:0 a:1|--cert and --key
-l tls:127.0.0.1:0 --cert=server.pem a:1|--cert and --key
-l tls:/tmp/x --cert=server.pem --key=server.key a:1|TLS is for TCP
-l 127.0.0.1:0 --client-ca=ca.pem a:1|--client-ca is for
-l 127.0.0.1:0 --cert=server.pem --key=server.key a:1|nothing here is TLS
--ca=ca.pem a:1|nothing here is TLS
--ca=ca.pem --no-verify tls:a:1|exclude each other
--pin=SHA256:12 tls:a:1|--pin
-x http://a:1 b:2|-x is for the way to a gateway
-x ftp://a:1 -s c:3 b:2|proxy
tls:|tls:
tls:a|tls:
tls:/tmp/x|
tls:exec:id|
CASES
}
