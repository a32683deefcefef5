#!/usr/bin/env bats
# vsap-bind: what it promises its user, and what it survives.

load lib/common

# Publish on the gateway of this test: sets BOUND (host:port), BIND_PID,
# BIND_LOG.  Arguments as for vsap-bind behind -s; input from /dev/null.
publish() { # [OPTION...] ADDRESS [COMMAND...]
    start bind vsap-bind -s "$CONTROL" "$@" </dev/null
    BIND_PID=$PID
    BIND_LOG=$LOG
    BOUND=$(listening_on "$BIND_LOG")
}

# An upper-casing service of TCP at SERVICE; each of its lines of input is
# also in service.in.  With an address it listens just there.
serve_upper() { # [PORT]
    local port=${1:-$(free_port)}

    cat >upper <<'END'
#!/usr/bin/perl
$| = 1;
open my $seen, '>>', 'service.in' or die;
while (<STDIN>) { syswrite $seen, $_; print uc }
END
    chmod +x upper
    SERVICE=127.0.0.1:$port
    start service socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" \
        EXEC:./upper </dev/null
    SERVICE_PID=$PID
    wait_listen "$SERVICE"
}

# One line there and what comes back.
ask() { # ADDRESS LINE
    echo "$2" | timeout 10 nc.openbsd -N $(nc_words "$1")
}

# N visitors at once; what each got is in out.N.
ask_many() { # N
    local n pids=()

    for n in $(seq "$1"); do
        ask "$BOUND" "visitor $n" >"out.$n" 3>&- &
        pids+=("$!")
    done
    for n in "${pids[@]}"; do
        wait "$n"
    done
}

answers() { # ADDRESS LINE WANTED
    [ "$(ask "$1" "$2")" = "$3" ]
}

hostile() { # RULE...
    start gw "$ROOT/tests/tools/fakegw.pl" "$@" </dev/null
    GW_LOG=$LOG
    GW=$(listening_on "$GW_LOG")
}

# ---- standard input and output -------------------------------------------

@test "stdio: one connection, both ways, then status 0" {
    start_vsapd
    start bind vsap-bind -s "$CONTROL" 127.0.0.1:0 <<<"from within"
    BIND_PID=$PID
    BOUND=$(listening_on "$LOG")
    run ask "$BOUND" "from outside"
    assert_output "from within"
    wait_for 5 is_gone "$BIND_PID"
    wait "$BIND_PID"
    grep -qx "from outside" "$LOG"
    assert_alive
}

@test "stdio: half-close, the answer comes after the end of the question" {
    start_vsapd
    mkfifo answer
    vsap-bind -s "$CONTROL" 127.0.0.1:0 <answer >question 2>bind.log 3>&- &
    BIND_PID=$!
    STARTED+=("$BIND_PID")
    exec {answer}>answer
    BOUND=$(listening_on bind.log)
    start visitor sh -c "echo question | nc.openbsd -N $(nc_words "$BOUND")" \
        </dev/null
    wait_for 5 grep -q question question
    echo "the answer" >&"$answer"
    exec {answer}>&-
    wait_log visitor.log "the answer"
    wait "$BIND_PID"
}

@test "stdio: -k serves one after the other on the same port" {
    start_vsapd
    publish -k 127.0.0.1:0
    for n in 1 2 3; do
        ask "$BOUND" "visitor $n"
        wait_log "$BIND_LOG" "^visitor $n"
    done
    assert_alive "$BIND_PID"
    assert_equal "$(log_count "$BIND_LOG" 'listening on')" 1
}

@test "stdio: -w gives up with 111 when nobody comes" {
    start_vsapd
    run -111 vsap-bind -s "$CONTROL" -w 1 127.0.0.1:0
    assert_output --partial "nobody came within 1 seconds"
}

@test "stdio: the visitor's descriptor itself where the gateway is local" {
    start_vsapd
    start bind vsap-bind -v -s "$CONTROL_UNIX" 127.0.0.1:0 <<<within
    BIND_PID=$PID
    BOUND=$(listening_on "$LOG")
    run ask "$BOUND" outside
    assert_output within
    wait "$BIND_PID"
    grep -q '> RELAY -f' "$LOG"
    # No worker had a part in it.
    assert_equal "$(log_count "$VSAPD_LOG" 'bytes in')" 0
}

# ---- a command -----------------------------------------------------------

@test "command: socket on 0 and 1, UCSPI environment, no credentials" {
    start_vsapd
    export VSAP_AUTH=me:secret TCPREMOTEHOST=stale.example
    publish 127.0.0.1:0 sh -c 'env; cat'
    unset VSAP_AUTH TCPREMOTEHOST
    run ask "$BOUND" "a line"
    assert_line PROTO=TCP
    assert_line TCPLOCALIP=127.0.0.1
    assert_line "TCPLOCALPORT=${BOUND##*:}"
    assert_line TCPREMOTEIP=127.0.0.1
    assert_line --regexp '^TCPREMOTEPORT=[0-9]+$'
    assert_line "VSAP_BOUND=$BOUND"
    assert_line --regexp '^VSAP_REMOTE=127.0.0.1:[0-9]+$'
    assert_line "VSAP_GATEWAY=$CONTROL"
    assert_line "a line"
    refute_output --partial secret
    refute_output --partial VSAP_AUTH
    refute_output --partial stale
}

@test "command: nothing of ours is open or ignored in it" {
    start_vsapd
    publish 127.0.0.1:0 sh -c \
        'ls -l /proc/self/fd; grep Sig /proc/self/status; cat'
    run ask "$BOUND" ""
    assert_line --regexp ' 0 -> socket:'
    assert_line --regexp ' 1 -> socket:'
    refute_line --regexp ' ([3-9]|[0-9]{2,}) -> (socket|anon_inode)'
    assert_line --regexp '^SigIgn:[[:space:]]*0000000(00|18)0000000$'
    assert_line --regexp '^SigBlk:[[:space:]]*0000000000000000$'
}

@test "command: it reads in blocking mode" {
    start_vsapd
    publish 127.0.0.1:0 perl -e '$| = 1; print "go\n"; print "got ", <STDIN>'
    session_open v "$BOUND"
    assert_equal "$(hear v)" go
    say v hello
    session_eof v
    assert_equal "$(hear v)" "got hello"
    session_close v
}

@test "command: many at once, and children are reaped" {
    start_vsapd
    publish 127.0.0.1:0 cat
    ask_many 40
    for n in $(seq 40); do
        assert_equal "$(cat "out.$n")" "visitor $n"
    done
    no_zombies() {
        ! ps -o stat= --ppid "$BIND_PID" | grep -q Z
    }
    wait_for 5 no_zombies
}

@test "command: -m limits how many run, the others wait at the gateway" {
    start_vsapd
    publish -m 2 127.0.0.1:0 sh -c 'echo here; cat'
    session_open a "$BOUND"
    session_open b "$BOUND"
    assert_equal "$(hear a)" here
    assert_equal "$(hear b)" here
    session_open c "$BOUND"
    run hear c 1
    assert_failure
    session_close a
    assert_equal "$(hear c 5)" here
    session_close b
    session_close c
}

@test "command: one that cannot be run is told before anything is bound" {
    run -100 vsap-bind -s 127.0.0.1:1 127.0.0.1:0 /no/such/command
    assert_output "vsap-bind: /no/such/command: No such file or directory"
}

@test "command: an orphaned child goes on when vsap-bind ends" {
    start_vsapd
    publish 127.0.0.1:0 sh -c 'echo here; cat'
    session_open a "$BOUND"
    assert_equal "$(hear a)" here
    kill -TERM "$BIND_PID"
    wait "$BIND_PID"
    say a "still there"
    assert_equal "$(hear a)" "still there"
    session_close a
}

@test "command: a path and a name as address" {
    start_vsapd
    start bind vsap-bind -s "$CONTROL" /tmp/dgsock1 sh -c 'env; cat' </dev/null
    wait_log "$LOG" "listening on /tmp/dgsock1"
    run timeout 10 vsap-connect -s "$CONTROL" /tmp/dgsock1 </dev/null
    assert_line PROTO=UNIX
    assert_line UNIXLOCALPATH=/tmp/dgsock1
    start named vsap-bind -s "$CONTROL" name:foo sh -c 'env; cat' </dev/null
    wait_log "$LOG" "listening on name:foo"
    run timeout 10 vsap-connect -s "$CONTROL" name:foo </dev/null
    assert_line PROTO=VSAP
    assert_line VSAP_BOUND=name:foo
    refute_output --partial TCPREMOTEIP
}

@test "command: IPv6, gateway and visitor" {
    start_vsapd -l "[::1]:0" -l "$PWD/run/vsapd.sock"
    gateway=$(grep -o 'listening on \[::1\]:[0-9]*' "$VSAPD_LOG" |
        cut -d' ' -f3)
    # What is not read is a reset, so the command reads to the end.
    start bind vsap-bind -6 -s "$gateway" '[::1]:0' sh -c 'env; cat' </dev/null
    bound=$(listening_on "$LOG")
    run ask "$bound" ""
    assert_line PROTO=TCP
    assert_line TCPLOCALIP=::1
    assert_line TCPREMOTEIP=::1
    assert_line "VSAP_BOUND=$bound"
    assert_line "VSAP_GATEWAY=$gateway"
}

@test "descriptor limit: -m that cannot be is refused, the default fits" {
    run -100 bash -c 'ulimit -n 100; vsap-bind -m 40 -s 127.0.0.1:1 :0 cat'
    assert_output --partial "write -m 18"
    start_vsapd
    start bind bash -c "ulimit -n 100; exec vsap-bind -s $CONTROL \
        127.0.0.1:0 sh -c 'ulimit -n; cat'" </dev/null
    bound=$(listening_on "$LOG")
    run ask "$bound" hello
    assert_line 100
    assert_line hello
}

# ---- a target ------------------------------------------------------------

@test "target: a published python http.server, by curl" {
    start_vsapd
    mkdir www
    head -c 300000 /dev/urandom >www/file
    port=$(free_port)
    start http python3 -m http.server -b 127.0.0.1 -d www "$port" </dev/null
    wait_listen "127.0.0.1:$port"
    publish -t "127.0.0.1:$port" 127.0.0.1:0
    for n in 1 2 3; do
        curl -sS --max-time 10 "http://$BOUND/file" | cmp - www/file
    done
}

@test "target: a UNIX socket" {
    start_vsapd
    start service socat "UNIX-LISTEN:$PWD/service,fork" SYSTEM:'tr a-z A-Z' \
        </dev/null
    wait_for 5 test -S service
    publish -t "$PWD/service" 127.0.0.1:0
    run ask "$BOUND" hello
    assert_output HELLO
}

@test "target: many at once" {
    start_vsapd
    serve_upper
    publish -t "$SERVICE" 127.0.0.1:0
    ask_many 40
    for n in $(seq 40); do
        assert_equal "$(cat "out.$n")" "VISITOR $n"
    done
}

@test "target: -P v1 tells the visitor" {
    start_vsapd
    serve_upper
    publish -P v1 -t "$SERVICE" 127.0.0.1:0
    session_open v "$BOUND"
    say v hello
    line=$(hear v)
    [[ $line =~ ^PROXY\ TCP4\ 127.0.0.1\ 127.0.0.1\ [0-9]+\ ([0-9]+)$ ]]
    assert_equal "${BASH_REMATCH[1]}" "${BOUND##*:}"
    assert_equal "$(hear v)" HELLO
    session_close v
}

@test "target: -P v2 tells the visitor" {
    start_vsapd
    port=$(free_port)
    start service socat -u "TCP-LISTEN:$port,bind=127.0.0.1,fork" \
        "OPEN:$PWD/seen,creat,append" </dev/null
    wait_listen "127.0.0.1:$port"
    publish -P v2 -t "127.0.0.1:$port" 127.0.0.1:0
    ask "$BOUND" hello
    wait_for 5 grep -aq hello seen
    # The signature, PROXY, TCP over IPv4, 12 bytes of addresses.
    assert_equal "$(head -c 24 seen | od -An -tx1 | tr -d ' \n')" \
        0d0a0d0a000d0a515549540a2111000c7f0000017f000001
    assert_equal "$(head -c 28 seen | tail -c 2 | od -An -tu2 --endian=big |
        tr -d ' ')" "${BOUND##*:}"
    assert_equal "$(tail -c 6 seen)" hello
}

@test "target: killing vsap-bind ends no stream" {
    start_vsapd
    serve_upper
    publish -t "$SERVICE" 127.0.0.1:0
    session_open v "$BOUND"
    say v before
    assert_equal "$(hear v)" BEFORE
    kill -KILL "$BIND_PID"
    wait_for 5 is_gone "$BIND_PID"
    say v after
    assert_equal "$(hear v)" AFTER
    session_close v
}

@test "target: a dead worker is replaced, others serve" {
    start_vsapd
    serve_upper
    publish -t "$SERVICE" 127.0.0.1:0
    session_open v "$BOUND"
    say v hello
    assert_equal "$(hear v)" HELLO
    for w in $(worker_pids); do
        [ "$(ps -o ppid= -p "$w" | tr -d ' ')" != "$BIND_PID" ] ||
            kill -KILL "$w"
    done
    run hear v 5
    assert_failure
    session_close v
    wait_log "$BIND_LOG" 'worker [0-9]+ is gone'
    run ask "$BOUND" again
    assert_output AGAIN
}

@test "target: down at once withdraws, and comes back with it" {
    start_vsapd
    port=$(free_port)
    publish -t "127.0.0.1:$port" 127.0.0.1:0
    ask "$BOUND" lost || true
    wait_log "$BIND_LOG" \
        "127.0.0.1:$port: Connection refused; withdrawn until it answers"
    # Nobody is let in while there is no service.
    wait_for 10 not_listening "$BOUND"
    serve_upper "$port"
    wait_log "$BIND_LOG" "127.0.0.1:$port: answers again"
    wait_for 10 answers "$BOUND" hello HELLO
    assert_equal "$(log_count "$BIND_LOG" withdrawn)" 1
}

not_listening() { ! listens "$1"; }

@test "target: the visitor that found it down goes to another acceptor" {
    start_vsapd
    serve_upper
    port=$(free_port)
    # The dead one asks first for everything.
    publish -p 9 -t "127.0.0.1:$port" 127.0.0.1:0
    start good vsap-bind -s "$CONTROL" -t "$SERVICE" "$BOUND" </dev/null
    listening_on "$LOG"
    run ask "$BOUND" hello
    assert_output HELLO
    wait_log "$BIND_LOG" withdrawn
}

# ---- hand-over -----------------------------------------------------------

@test "fdpass: the descriptor goes to the server, with the visitor's address" {
    start_vsapd
    start server fdrecv "$PWD/hand" </dev/null
    listening_on "$LOG"
    for gateway in "$CONTROL" "$CONTROL_UNIX"; do
        start bind vsap-bind -s "$gateway" -t "fdpass:$PWD/hand" \
            127.0.0.1:0 </dev/null
        bound=$(listening_on "$LOG")
        run ask "$bound" hello
        assert_output HELLO
        wait_log server.log "^taken 127.0.0.1:[0-9]+ to $bound, 0 bytes ahead"
        run ask "$bound" "and again"
        assert_output "AND AGAIN"
    done
}

@test "fdpass: from the UNIX socket no relay stands in the path" {
    start_vsapd
    start server fdrecv "$PWD/hand" </dev/null
    listening_on "$LOG"
    start bind vsap-bind -s "$CONTROL_UNIX" -t "fdpass:$PWD/hand" \
        127.0.0.1:0 </dev/null
    bound=$(listening_on "$LOG")
    session_open v "$bound"
    say v hello
    assert_equal "$(hear v)" HELLO
    kill -KILL "$PID" "$VSAPD_PID" $(pids_of vsapd) $(worker_pids) || true
    say v alone
    assert_equal "$(hear v)" ALONE
    session_close v
}

@test "fdpass: without an acknowledgement the connection is offered again" {
    start_vsapd
    start server fdrecv -c 2 "$PWD/hand" </dev/null
    listening_on "$LOG"
    publish -t "fdpass:$PWD/hand" 127.0.0.1:0
    run ask "$BOUND" hello
    assert_output HELLO
    assert_equal "$(log_count server.log '^refused')" 2
}

@test "fdpass: a server that is silent does not lose the visitor" {
    start_vsapd
    start server fdrecv -s 1 "$PWD/hand" </dev/null
    listening_on "$LOG"
    publish -t "fdpass:$PWD/hand" 127.0.0.1:0
    run ask "$BOUND" hello
    assert_output HELLO
}

@test "fdpass: no server withdraws, and comes back with it" {
    start_vsapd
    publish -t "fdpass:$PWD/hand" 127.0.0.1:0
    ask "$BOUND" lost || true
    wait_log "$BIND_LOG" "fdpass:.*hand: .*withdrawn until it answers"
    start server fdrecv "$PWD/hand" </dev/null
    wait_log "$BIND_LOG" "answers again"
    wait_for 10 answers "$BOUND" hello HELLO
}

# ---- the pool ------------------------------------------------------------

@test "pool: four wait, and one that is used is replaced before its service" {
    start_vsapd
    publish -v 127.0.0.1:0 sh -c 'echo here; cat'
    wait_for 5 log_has "$BIND_LOG" '> ACCEPT' 4
    session_open v "$BOUND"
    assert_equal "$(hear v)" here
    # The visitor is still being served.
    wait_for 5 log_has "$BIND_LOG" '> ACCEPT' 5
    assert_equal "$(log_count "$BIND_LOG" '> ACCEPT')" 5
    session_close v
}

@test "pool: -N and -p are what the gateway hears" {
    start_vsapd
    publish -v -N 2 -p 7 127.0.0.1:0 cat
    wait_for 5 log_has "$BIND_LOG" '> ACCEPT -p=7' 2
    assert_equal "$(log_count "$BIND_LOG" '> ACCEPT')" 2
}

@test "pool: where descriptors are passed the same sessions accept again" {
    start_vsapd
    CONTROL=$CONTROL_UNIX publish -v 127.0.0.1:0 cat
    for n in $(seq 10); do
        run ask "$BOUND" "visitor $n"
        assert_output "visitor $n"
    done
    assert_equal "$(log_count "$BIND_LOG" '> BIND')" 4
}

@test "pool: a burst over 50 ms, and the target away in the midst of it" {
    need_netns
    make -s -C "$ROOT" B="$BUILD" "$BUILD/bench/delaylink" >make.log 2>&1 ||
        lacking "bench/delaylink cannot be built"
    cat >service <<'END'
#!/usr/bin/perl
# Answers "hello"; after the fourth visitor it is away for a second.
use IO::Socket::INET;
sub open_it { IO::Socket::INET->new(Listen => 64, ReuseAddr => 1,
    LocalAddr => '127.0.0.1', LocalPort => 7000) or die "$!\n" }
$SIG{CHLD} = 'IGNORE';
sub serve {
    my ($l, $c) = @_;
    if (fork == 0) { close $l; print $c "hello\n"; 1 while <$c>; exit }
}
my ($l, $n) = (open_it(), 0);
for (;;) {
    while (my $c = $l->accept) { serve($l, $c); last if ++$n == 4 }
    # Nobody who has got through is left behind.
    $l->blocking(0);
    while (my $c = $l->accept) { serve($l, $c) }
    close $l;
    select undef, undef, undef, 1;
    $l = open_it();
}
END
    cat >inside <<'END'
far="nsenter --net=$BENCH_FAR"
vsapd -R $PWD/run -l 10.77.0.1:7001 -b 7100 -a 10.77.0.0/24 >gw.log 2>&1 &
$far perl ./service >service.log 2>&1 &
wait_for 5 grep -q listening gw.log
$far vsap-bind -v -s 10.77.0.1:7001 -t 127.0.0.1:7000 10.77.0.1:7100 \
    >bind.log 2>&1 &
wait_for 5 log_has bind.log '> ACCEPT' 4
wait_for 5 log_has gw.log 'bind 10.77.0.1:7100' 4
for n in $(seq 30); do
    timeout 20 nc.openbsd -N 10.77.0.1 7100 </dev/null >out.$n &
    pids="$pids $!"
done
wait $pids
END
    export -f wait_for log_has log_count micros
    run timeout 60 "$BUILD/bench/delaylink" -d 25 bash ./inside 3>&-
    [ "$status" != 77 ] || lacking "no namespaces with TUN devices"
    for n in $(seq 30); do
        assert_equal "$(cat "out.$n")" hello
    done
    # Those that were called by the burst took their visitors at once.
    wait_log bind.log '> RELAY$'
    wait_log bind.log '> ACCEPT -t=1'
    wait_log bind.log 'withdrawn until it answers'
}

# ---- gateways ------------------------------------------------------------

@test "gateway restarted: the same port again within two seconds" {
    start_vsapd
    publish 127.0.0.1:0 cat
    first=$BOUND
    control=$CONTROL
    kill -TERM "$VSAPD_PID"
    wait_for 5 is_gone "$VSAPD_PID"
    wait_log "$BIND_LOG" "$control: .*trying again"
    start_vsapd -l "$control"
    wait_log "$BIND_LOG" "$control: back; listening on $first" 3
    run ask "$first" hello
    assert_output hello
    assert_equal "$(log_count "$BIND_LOG" 'trying again')" 1
}

@test "gateway not there at first: said once, served when it comes" {
    control=127.0.0.1:$(free_port)
    start bind vsap-bind -s "$control" 127.0.0.1:0 cat </dev/null
    log=$LOG
    wait_log "$log" "$control: Connection refused; trying again"
    start_vsapd -l "$control"
    bound=$(listening_on "$log")
    run ask "$bound" hello
    assert_output hello
    assert_equal "$(log_count "$log" 'trying again')" 1
}

@test "gateway not there: 111 for standard input and output" {
    run -111 vsap-bind -s "127.0.0.1:$(free_port)" 127.0.0.1:0
    assert_output --partial "Connection refused"
}

@test "two gateways: published on both, one lost leaves the other" {
    start_vsapd
    one=$CONTROL
    VSAPD_NAME=other start_vsapd
    two=$CONTROL
    start bind vsap-bind -s "$one" -s "$two" 127.0.0.1:0 cat </dev/null
    log=$LOG
    wait_log "$log" "listening on .* at $one"
    wait_log "$log" "listening on .* at $two"
    at_one=$(grep -o "listening on .* at $one" "$log" | cut -d' ' -f3)
    at_two=$(grep -o "listening on .* at $two" "$log" | cut -d' ' -f3)
    run ask "$at_one" hello
    assert_output hello
    run ask "$at_two" hello
    assert_output hello
    kill -KILL "$VSAPD_PID"
    run ask "$at_one" "still there"
    assert_output "still there"
}

@test "two gateways: standard input and output goes to who comes first" {
    start_vsapd
    one=$CONTROL
    VSAPD_NAME=other start_vsapd
    start bind vsap-bind -s "$one" -s "$CONTROL" 127.0.0.1:0 <<<within
    BIND_PID=$PID
    wait_log "$LOG" "listening on .* at $one"
    wait_log "$LOG" "listening on .* at $CONTROL"
    bound=$(grep -o "listening on .* at $CONTROL" "$LOG" | cut -d' ' -f3)
    run ask "$bound" outside
    assert_output within
    wait "$BIND_PID"
}

@test "refused for good at first: 100, and what is missing" {
    start_vsapd -b 40000-40001
    run -100 timeout 10 vsap-bind -s "$CONTROL" :80 cat
    assert_output --partial "forbidden"
    assert_output --partial "vsapd -b"
}

@test "a port of somebody else: said once, tried again, taken when free" {
    start_vsapd
    port=$(free_port)
    start squatter nc.openbsd -l -k 127.0.0.1 "$port" </dev/null
    squatter=$PID
    wait_listen "127.0.0.1:$port"
    start bind vsap-bind -s "$CONTROL" "127.0.0.1:$port" cat </dev/null
    log=$LOG
    wait_log "$log" "$port.*; trying again"
    kill "$squatter"
    wait_log "$log" "listening on 127.0.0.1:$port"
    assert_equal "$(log_count "$log" 'trying again')" 1
}

@test "SIGTERM withdraws at once, status 0" {
    start_vsapd
    publish 127.0.0.1:0 cat
    kill -TERM "$BIND_PID"
    wait "$BIND_PID"
    assert_alive
}

# ---- a hostile or strange gateway ----------------------------------------

@test "hostile: a malformed address in 210 is refused, whatever it holds" {
    for text in '210 1 ;reboot; bound.' '210 1 $(x):80 bound.' '210' \
        '210 x y z' '210 1 evil.example:80 bound.' '210 1 /tmp/x bound.' \
        '210 1 127.0.0.1:99999 bound.' '210 1 \x{1b}[31m bound.'; do
        hostile "BIND=$text"
        run -100 timeout 10 vsap-bind -s "$GW" 127.0.0.1:0 cat
        assert_output --partial "malformed address"
        refute_output --partial $'\e'
    done
}

@test "hostile: what 230 says reaches no environment unless it parses" {
    for text in '230 1 x y accepted.' '230' '230 accepted here now' \
        '230 1 127.0.0.1:80 $(reboot):1 accepted.' \
        '230 1 127.0.0.1:80 evil.example:1 accepted.' \
        '230 1 127.0.0.1:80 127.0.0.1:80\x{1b}[m accepted.' \
        '230 1 [::1%lo]:80 [fe80::1%x]:1 accepted.'; do
        hostile 'BIND=210 1 127.0.0.1:8080 bound.' 'LISTEN=220 listen ok.' \
            "ACCEPT:1=$text"
        start bind vsap-bind -s "$GW" -N 1 127.0.0.1:8080 \
            sh -c 'env >&2; echo done' </dev/null
        wait_log "$GW_LOG" '^1 done'
        run cat "$LOG"
        assert_line PROTO=VSAP
        refute_output --partial TCPREMOTE
        refute_output --partial VSAP_REMOTE
        refute_output --partial reboot
        refute_output --partial evil
        refute_output --partial $'\e'
        kill "$PID"
    done
}

@test "-a: visitors from these networks, and no others" {
    serve_upper
    start_vsapd
    publish -a 127.0.0.2/31 -a 10.0.0.0/8 -t "$SERVICE" 127.0.0.1:0
    run timeout 10 nc.openbsd -N -s 127.0.0.2 ${BOUND/:/ } <<<hello
    assert_output HELLO
    run timeout 10 nc.openbsd -N -s 127.0.0.4 ${BOUND/:/ } <<<hello
    assert_output ''
    run timeout 10 nc.openbsd -N -s 127.0.0.3 ${BOUND/:/ } <<<again
    assert_output AGAIN
    assert_equal "$(cat service.in)" $'hello\nagain'
}

@test "--rate: so many a minute from one source" {
    serve_upper
    start_vsapd
    publish --rate=2 -t "$SERVICE" 127.0.0.1:0
    for want in ONE TWO ''; do
        run timeout 10 nc.openbsd -N -s 127.0.0.2 ${BOUND/:/ } <<<"${want,,}"
        assert_output "$want"
    done
    run timeout 10 nc.openbsd -N -s 127.0.0.3 ${BOUND/:/ } <<<other
    assert_output OTHER
}

@test "hostile: a gateway that does not keep to -a is left" {
    hostile 'BIND=210 1 127.0.0.1:8080 bound.' 'LISTEN=220 ok' \
        'ACCEPT=230 1 127.0.0.1:8080 10.1.2.3:99 accepted.'
    run timeout 20 vsap-bind -s "$GW" -a 192.0.2.0/24 -a 10.1.2.4 :8080 cat
    assert_failure 100
    assert_output --partial "$GW: does not keep to -a: "
    grep -q '^1 BIND \*:8080 -a=192.0.2.0/24,10.1.2.4$' "$GW_LOG"
    run grep -c RELAY "$GW_LOG"
    assert_output 0
    hostile 'BIND=410 forbidden'
    run timeout 20 vsap-bind -s "$GW" -a 10.1.2.3 --rate=7 :8080 echo hello
    assert_failure 100
    wait_log "$GW_LOG" 'BIND \*:8080 -a=10.1.2.3 -r=7$'
}

@test "hostile: -P says UNKNOWN for what does not parse" {
    serve_upper
    hostile 'BIND=210 1 127.0.0.1:8080 bound.' 'LISTEN=220 listen ok.' \
        'ACCEPT:1=230 1 127.0.0.1:80 1.2.3.4\r\n:5 accepted.'
    start bind vsap-bind -s "$GW" -N 1 -P v1 -t "$SERVICE" 127.0.0.1:8080 \
        </dev/null
    wait_for 5 test -s service.in
    assert_equal "$(head -1 service.in | tr -d '\r')" "PROXY UNKNOWN"
}

@test "hostile: answers out of turn, garbage, endless lines, sudden ends" {
    for rule in 'BIND=230 1 127.0.0.1:1 127.0.0.1:2 accepted.' \
        'BIND=251 descriptor follows.' 'BIND!=HTTP/1.0 200 OK\n\n' \
        'BIND!=\0\0\0\0' 'BIND=CLOSE' 'BIND=200-more' 'BIND=999 x' \
        'BIND=210 1 127.0.0.1:8080 bound.\r\nVSAP/0.1 210 2 127.0.0.1:1 b' \
        "BIND!=$(printf '%03000d' 0)"; do
        hostile "$rule" 'LISTEN=220 ok'
        start bind vsap-bind -s "$GW" -w 1 127.0.0.1:0 cat </dev/null
        wait_for 5 is_gone "$PID"
        status=0
        wait "$PID" || status=$?
        [ "$status" = 100 ] || [ "$status" = 111 ] || {
            echo "status $status after $rule"
            cat "$LOG"
            return 1
        }
    done
}

@test "hostile: one that closes after each BIND is not asked ever faster" {
    hostile 'BIND=210 1 127.0.0.1:8080 bound.' 'LISTEN=CLOSE'
    start bind vsap-bind -s "$GW" -w 3 127.0.0.1:8080 cat </dev/null
    wait_for 6 is_gone "$PID"
    # 0.1 to 0.2 s, then the doubles of it, up to 2 s.
    sessions=$(log_count "$GW_LOG" 'BIND')
    [ "$sessions" -le 8 ] && [ "$sessions" -ge 2 ]
}

@test "strange: the original's refusal of a pipelined BIND ends pipelining" {
    hostile 'BIND:1=510 not bound-2 127.0.0.1:8080'
    start bind vsap-bind -s "$GW" 127.0.0.1:8080 cat </dev/null
    wait_log "$GW_LOG" '^2 BIND 127.0.0.1:8080'
    wait_log "$GW_LOG" '^1 ACCEPT'
    assert_equal "$(log_count "$GW_LOG" '^2 (LISTEN|ACCEPT)')" 0
}

@test "a gateway that gives no descriptor is asked for a plain relay" {
    start_vsapd
    inner=$CONTROL
    VSAPD_NAME=hop start_vsapd -r "$inner"
    start bind vsap-bind -v -s "$CONTROL_UNIX" 127.0.0.1:0 cat </dev/null
    bound=$(listening_on "$LOG")
    for n in 1 2 3; do
        run ask "$bound" "visitor $n"
        assert_output "visitor $n"
    done
}

# ---- credentials ---------------------------------------------------------

@test "wrong credentials: 100 at once, starred in the trace" {
    start_vsapd
    printf 'me:%s\n' "$(perl -e 'print crypt("right", q($6$abcdefgh$))')" \
        >passwords
    chmod 600 passwords
    kill "$VSAPD_PID"
    wait_for 5 is_gone "$VSAPD_PID"
    start_vsapd -A passwords
    VSAP_AUTH=me:nonsense run -100 timeout 10 vsap-bind -v -s "$CONTROL" \
        127.0.0.1:0 cat
    assert_output --partial "credentials refused"
    refute_output --partial nonsense
    export VSAP_AUTH=me:right
    publish 127.0.0.1:0 cat
    run ask "$BOUND" hello
    assert_output hello
}

TOO_MANY='410 forbidden: too many wrong passwords: try again in 1 s'

@test "too many wrong passwords: not ours is wrong; waited for as long as told" {
    hostile "AUTH:2=$TOO_MANY" 'AUTH=200 OK' \
        'BIND=210 1 127.0.0.1:9 bound.' 'LISTEN=220 listen ok.'
    began=${EPOCHREALTIME/./}
    VSAP_AUTH=me:right start bind vsap-bind -s "$GW" 127.0.0.1:9 cat </dev/null
    wait_log "$LOG" 'listening on 127.0.0.1:9'
    took=$((${EPOCHREALTIME/./} - began))
    echo "after $took microseconds"
    [ "$took" -ge 2000000 ]
    grep -qF "not let in for now: $TOO_MANY; trying again" "$LOG"
    assert_equal "$(log_count "$LOG" 'trying again')" 1
    run grep -i credentials "$LOG"
    assert_failure
    # Whoever has one visitor only does not wait for it.
    hostile "AUTH=$TOO_MANY"
    VSAP_AUTH=me:right run -111 timeout 10 vsap-bind -s "$GW" 127.0.0.1:0
    assert_output --partial "$TOO_MANY"
}

@test "a limit is reached at first: tried again, not given up" {
    hostile 'BIND:3=410 forbidden: too many: limit binds per user 9: try again when some have ended' \
        'BIND=210 1 127.0.0.1:9 bound.' 'LISTEN=220 listen ok.'
    start bind vsap-bind -s "$GW" 127.0.0.1:9 cat </dev/null
    wait_log "$LOG" 'too many: limit binds.*; trying again'
    wait_log "$LOG" 'listening on 127.0.0.1:9'
    assert_equal "$(log_count "$LOG" 'trying again')" 1
}

@test "somebody else has guessed at our password: the service starts all the same" {
    printf 'me:%s\n' "$(perl -e 'print crypt("right", q($6$abcdefgh$))')" \
        >passwords
    chmod 600 passwords
    start_vsapd -A "$PWD/passwords"
    run vsap_lines "$CONTROL" AUTH\ me:{a,b,c,d}
    assert_line --partial 'try again in'
    VSAP_AUTH=me:right publish 127.0.0.1:0 cat
    run ask "$BOUND" hello
    assert_output hello
}

# ---- usage ---------------------------------------------------------------

@test "usage: what is wrong, then the usage, status 100" {
    for args in "" "-z :0" "-4 -6 :0" "-N 0 :0" "-N 5 -m 4 :0 cat" \
        "-m x :0" "-p 99999 :0" "-w 0 :0" "-P v3 -t 80 :0" "-P v1 :0" \
        "-t 80 :0 cat" "-t name:x :0" "-t"; do
        # shellcheck disable=SC2086 # words
        run -100 vsap-bind $args
        assert_line --index 0 --regexp '^vsap-bind: .'
        assert_output --partial "usage: vsap-bind"
    done
    run -0 vsap-bind -h
    assert_line --index 0 --partial "usage: vsap-bind"
    run -0 vsap-bind -V
    assert_output --regexp '^vsap-bind [0-9.]+$'
    run -100 vsap-bind -s 127.0.0.1:1 127.0.0.1:99999
    assert_output --partial "above 65535"
    run -100 vsap-bind -s 'x y:1' 127.0.0.1:0
}
