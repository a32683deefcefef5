# The clients by TLS: what they carry, whom they trust, what they say.

load lib/common
load lib/service
load lib/tls

setup() {
    vsap_setup
    need openssl socat
    unset VSAP_CA VSAP_PROXY VSAP_PROXY_AUTH SSL_CERT_FILE SSL_CERT_DIR
    make_ca ca
    make_cert ca server localhost 127.0.0.1 ::1
}

# A gateway that is reached by TLS only, as GW (tls:localhost:PORT), with
# server.pem or another certificate; more for its tls { }; RULES or any.
gateway() { # [CERT [STATEMENT]]
    local name=gw${GATEWAYS:=0}

    GATEWAYS=$((GATEWAYS + 1))
    cat >"$name.conf" <<END
listen on 127.0.0.1:0 tls
tls {
	certificate "$PWD/${1:-server}.pem" key "$PWD/${1:-server}.key"
	${2:-}
}
${RULES:-permit { bind, connect, forward, stat \} any}
END
    VSAPD_NAME=$name start_vsapd -f "$PWD/$name.conf"
    GW=tls:localhost:${CONTROL##*:}
}

# The same by socat, whose processes are easily killed: a plain gateway, and
# tls_front before it.
front() { # [option of OPENSSL-LISTEN...]
    start_vsapd
    tls_front front server.both "$CONTROL" "$@"
    GW=tls:localhost:${FRONT##*:}
}

# Those of clients, with or without their parent.
tls_workers() {
    local p

    for p in $(pids_of vsap-relay); do
        tr '\0' ' ' <"/proc/$p/cmdline" | grep -qE 'tls-worker|orphan' ||
            continue
        grep -qs '^vsapd' "/proc/$(parent_of "$p")/comm" || echo "$p"
    done
    return 0
}

parent_of() { # PID
    sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null
}

no_tls_workers() { [ -z "$(tls_workers)" ]; }

# Processes that run "vsap-relay --worker".
plain_workers() {
    local p

    for p in $(pids_of vsap-relay); do
        tr '\0' ' ' <"/proc/$p/cmdline" | grep -q -- '--worker' && echo "$p"
    done
    return 0
}

publish() { # [OPTION...] ADDRESS [COMMAND...]
    start bind vsap-bind --ca=ca.pem -s "$GW" "$@" </dev/null
    BIND_PID=$PID
    BIND_LOG=$LOG
    BOUND=$(listening_on "$BIND_LOG")
}

ask() { # ADDRESS LINE
    echo "$2" | timeout 10 nc.openbsd -N $(nc_words "$1")
}

# ---- what goes through ---------------------------------------------------

@test "vsap-connect by TLS: both ways, each to its own end" {
    gateway
    service upper
    run vsap-connect --ca=ca.pem -s "$GW" "$SERVICE" <<<hello
    assert_success
    assert_output HELLO
    run vsap-connect -v --ca=ca.pem -s "$GW" "$SERVICE" <<<hello
    assert_line --regexp 'TLS: TLSv1.3 [^ ]+, server SHA256:[0-9a-f]{64}$'
    assert_line --partial '6 bytes sent, 6 received'
    wait_for 5 no_tls_workers
}

@test "10 MB each way at once, by checksum" {
    head -c 10M /dev/urandom >big
    gateway
    service sums
    run bash -c "vsap-connect --ca=ca.pem -s '$GW' '$SERVICE' <big | sha256sum"
    assert_output "$(sha256sum <big)"
    wait_log "$SERVICE_LOG" "^got $(sha256sum <big | cut -d' ' -f1)$"
    vsap-connect --ca=ca.pem -s "$GW" "$SERVICE" <big >back
    cmp big back
    cat big | vsap-connect --ca=ca.pem -s "$GW" "$SERVICE" | cmp - big
}

@test "TLS 1.2 will do as well, 1.1 will not" {
    service upper
    start_vsapd
    tls_front old server.both "$CONTROL" verify=0 \
        openssl-max-proto-version=TLS1.2
    run vsap-connect -v --ca=ca.pem -s "$FRONT" "$SERVICE" <<<hello
    assert_line HELLO
    assert_line --partial 'TLS: TLSv1.2'
    tls_front older server.both "$CONTROL" verify=0 \
        openssl-min-proto-version=TLS1.1 openssl-max-proto-version=TLS1.1 \
        cipher=ALL:@SECLEVEL=0
    run vsap-connect --ca=ca.pem -s "$FRONT" "$SERVICE" <<<hello
    assert_failure
    assert_output --partial 'TLS: handshake'
}

@test "-F by TLS: one end of a socket pair, and a process that remains" {
    gateway
    service upper
    cat >receiver.py <<'END'
import os, socket, subprocess, sys
mine, its = socket.socketpair()
p = subprocess.Popen(["vsap-connect", "-F", "--ca=ca.pem", "-s", sys.argv[1],
                      sys.argv[2]], stdin=subprocess.DEVNULL, stdout=its)
its.close()
data, fds, flags, _ = socket.recv_fds(mine, 10, 4)
assert p.wait() == 0 and len(data) == 1 and len(fds) == 1, (data, fds)
assert os.get_blocking(fds[0])
s = socket.socket(fileno=fds[0])
s.sendall(b"hello")
print("up", flush=True)
sys.stdin.readline()
s.shutdown(socket.SHUT_WR)
print(s.makefile().read(), flush=True)
END
    mkfifo go
    exec 7<>go
    start receiver python3 receiver.py "$GW" "$SERVICE" <go
    wait_log "$LOG" '^up$'
    assert_equal "$(pids_of vsap-connect)" ''
    assert_equal "$(tls_workers | wc -l)" 1
    echo >&7
    exec 7>&-
    wait_log "$LOG" '^HELLO$'
    wait_for 5 no_tls_workers
}

@test "ssh by TLS: ProxyCommand, and ProxyUseFdpass" {
    start_sshd
    gateway
    head -c 4M /dev/urandom >big
    "${SSH[@]}" -o ProxyCommand="vsap-connect --ca=ca.pem -s $GW %h %p" \
        -p "$SSHD_PORT" 127.0.0.1 cat <big >back
    cmp big back
    "${SSH[@]}" -o ProxyCommand="vsap-connect -F --ca=ca.pem -s $GW %h %p" \
        -o ProxyUseFdpass=yes -p "$SSHD_PORT" 127.0.0.1 cat <big >back
    cmp big back
    wait_for 5 no_tls_workers
}

@test "through an HTTP proxy, then TLS" {
    gateway
    service upper
    start proxy perl "$ROOT/tests/tools/httpproxy.pl" auth=a:b </dev/null
    proxy=$(listening_on "$LOG")
    VSAP_PROXY_AUTH=a:b run vsap-connect -x "http://$proxy" --ca=ca.pem \
        -s "$GW" "$SERVICE" <<<hello
    assert_output HELLO
    wait_log "$LOG" "^CONNECT ${GW#tls:} HTTP"
}

@test "IPv6 and addresses in numbers are looked for in the certificate" {
    service upper
    gateway
    run vsap-connect --ca=ca.pem -s "${GW/localhost/127.0.0.1}" "$SERVICE" \
        <<<hello
    assert_output HELLO
    make_cert ca nameonly localhost
    gateway nameonly
    run vsap-connect --ca=ca.pem -s "${GW/localhost/127.0.0.1}" "$SERVICE" \
        <<<hello
    assert_failure 100
    [ -e /proc/net/if_inet6 ] || return 0
    start_vsapd
    start v6 socat -d -d -t 30 \
        OPENSSL-LISTEN:0,pf=ip6,bind=[::1],fork,cert=server.both,verify=0 \
        "TCP:$CONTROL" </dev/null
    port=$(wait_log "$LOG" 'listening on' | grep -oE '[0-9]+$')
    run vsap-connect --ca=ca.pem -s "tls:[::1]:$port" "$SERVICE" <<<hello
    assert_output HELLO
}

# ---- whom they trust -----------------------------------------------------

refused() { # WANTED-TEXT OPTION...
    local text=$1

    shift
    for p in "vsap-connect $SERVICE" "vsap-bind :0"; do
        # shellcheck disable=SC2086 # words are meant
        run timeout 20 ${p% *} -s "$GW" "$@" ${p#* } </dev/null
        assert_equal "$p $* $status" "$p $* 100"
        assert_output --partial "$GW: TLS: "
        assert_output --partial "$text"
        refute_output --partial 'listening'
    done
}

@test "a certificate of nobody whom we know is refused: 100, and what to do" {
    make_ca other
    gateway
    service upper
    refused 'whom to trust is said by --ca or --pin'
    refused 'certificate' --ca=other.pem
    refused 'certificate' --ca=other.pem --tls-name=localhost
    run grep -c visitor "$SERVICE_LOG"
    assert_output 0
    VSAP_CA=ca.pem run vsap-connect -s "$GW" "$SERVICE" <<<hello
    assert_output HELLO
    VSAP_CA=other.pem run vsap-connect --ca=ca.pem -s "$GW" "$SERVICE" <<<hello
    assert_output HELLO
    SSL_CERT_FILE=ca.pem run vsap-connect -s "$GW" "$SERVICE" <<<hello
    assert_output HELLO
}

@test "one for another name is refused; --tls-name looks for that" {
    make_cert ca elsewhere elsewhere.example '*.wild.example'
    gateway elsewhere
    service upper
    refused '--tls-name says which name to look for' --ca=ca.pem
    refused '--tls-name' --ca=ca.pem --tls-name=example
    refused '--tls-name' --ca=ca.pem --tls-name=a.b.wild.example
    for name in elsewhere.example x.wild.example; do
        run vsap-connect --ca=ca.pem --tls-name=$name -s "$GW" "$SERVICE" <<<a
        assert_output A
    done
}

@test "an expired one is refused" {
    DAYS=-1 make_cert ca late localhost
    gateway late
    service upper
    refused 'certificate has expired (it needs a new one; until then --pin' \
        --ca=ca.pem
    run vsap-connect --pin="$(fingerprint late.pem)" -s "$GW" "$SERVICE" <<<a
    assert_output A
}

@test "a pin decides alone; with --ca both have to hold" {
    make_ca self
    make_ca other
    gateway self
    service upper
    pin=$(fingerprint self.pem)
    none=SHA256:$(printf '0%.0s' {1..64})
    refused 'certificate'
    refused 'not one that is pinned' --pin="$none"
    refused '' --pin="$pin" --ca=other.pem
    for pins in "--pin=$pin" "--pin=$none --pin=$pin" \
        "--pin=sha256:$(tr -d : <<<"${pin#SHA256:}" | tr A-F a-f)"; do
        # shellcheck disable=SC2086 # words are meant
        VSAP_CA=other.pem run vsap-connect $pins -s "$GW" "$SERVICE" <<<hello
        assert_success
        assert_output HELLO
    done
    gateway
    refused 'not one that is pinned' --ca=ca.pem --pin="$pin"
}

@test "--no-verify takes whatever comes, and warns each time" {
    make_ca self
    gateway self
    service upper
    for _ in 1 2; do
        run --separate-stderr vsap-connect --no-verify -s "$GW" "$SERVICE" \
            <<<hello
        assert_success
        assert_output HELLO
        [[ $stderr == "vsap-connect: --no-verify: whoever is on the way"* ]]
    done
    start bind vsap-bind --no-verify -s "$GW" -t "$SERVICE" 127.0.0.1:0 \
        </dev/null
    listening_on "$LOG"
    grep -q '^vsap-bind: --no-verify: whoever' "$LOG"
}

@test "a gateway that wants a certificate of ours gets it" {
    make_ca clients
    make_cert clients me
    gateway server "client ca \"$PWD/clients.pem\" required"
    service upper
    run vsap-connect --ca=ca.pem --cert=me.pem --key=me.key -s "$GW" \
        "$SERVICE" <<<hello
    assert_output HELLO
    run timeout 20 vsap-connect --ca=ca.pem -s "$GW" "$SERVICE" <<<hello
    assert_failure 100
    assert_output --partial '--cert, --key'
    make_cert ca notme
    run timeout 20 vsap-connect --ca=ca.pem --cert=notme.pem --key=notme.key \
        -s "$GW" "$SERVICE" <<<hello
    assert_failure 100
    assert_output --partial '--cert, --key'
    publish --cert=me.pem --key=me.key -t "$SERVICE" 127.0.0.1:0
    run ask "$BOUND" hello
    assert_output HELLO
}

# ---- mistakes ------------------------------------------------------------

@test "files that cannot be used are named before anything is dialled; 100" {
    make_cert ca me
    make_cert ca other
    cp me.key open.key
    chmod 644 open.key
    echo nonsense >junk.pem
    while IFS='|' read -r options says; do
        for p in "vsap-connect h:1" "vsap-bind :0"; do
            # shellcheck disable=SC2086 # words are meant
            run timeout 20 ${p% *} -s tls:127.0.0.1:1 $options ${p#* }
            assert_equal "$p $options $status" "$p $options 100"
            assert_output --partial "$says"
            refute_output --partial refused
        done
    done <<'END'
--ca=none.pem|none.pem: No such file
--ca=junk.pem|junk.pem: no certificates
--ca=me.key|me.key: no certificates
--ca=.|no regular file
--ca=ca.pem --cert=me.pem --key=none|none: No such file
--ca=ca.pem --cert=me.pem --key=other.key|me.pem:
--ca=ca.pem --cert=me.pem --key=open.key|chmod 600
--ca=ca.pem --cert=junk.pem --key=me.key|junk.pem:
--cert=me.pem|--cert and --key go together
--pin=abc|abc: a pin is
--pin=SHA256:00|64 hexadecimal digits
--no-verify --ca=ca.pem|exclude each other
END
}

@test "options of TLS without TLS are refused, not ignored; 100" {
    for o in --ca=ca.pem --no-verify --tls-name=x \
        "--pin=SHA256:$(printf '0%.0s' {1..64})"; do
        run vsap-connect "$o" -s 127.0.0.1:1 h:1
        assert_failure 100
        assert_output --partial 'nothing here is TLS; write -s tls:host:port'
        run vsap-bind "$o" -s 127.0.0.1:1 :0
        assert_failure 100
        assert_output --partial 'nothing here is TLS; write -s tls:host:port'
    done
    # one of several is enough
    run timeout 20 vsap-bind --ca=none -s 127.0.0.1:1 -s tls:127.0.0.1:1 :0
    assert_output --partial 'none: No such file'
}

@test "without vsap-relay there is no TLS, and that is said" {
    rm bin/vsap-relay
    run bin/vsap-connect --ca=ca.pem -s tls:127.0.0.1:1 h:1
    assert_failure 100
    assert_output --partial 'vsap-relay is neither beside this program nor in'
}

@test "a refused client leaves TLS in order" {
    RULES='permit bind name:*' gateway
    for n in 1 2 3; do
        run vsap-connect --ca=ca.pem -s "$GW" 127.0.0.1:1 </dev/null
        assert_failure 100
        run vsap-bind --ca=ca.pem -s "$GW" 127.0.0.1:1 cat </dev/null
        assert_failure 100
        run vsap-relay --ca=ca.pem -s "$GW" - 127.0.0.1:1 </dev/null
        assert_failure 100
    done
    wait_for 5 no_tls_workers
    publish name:x cat
    wait_log "$VSAPD_LOG" 'bind name:x'
    run grep 'TLS: ' "$VSAPD_LOG"
    assert_failure
}

# ---- what is no gateway --------------------------------------------------

@test "a port without TLS, one that says nothing, one that leaves" {
    start_vsapd
    run timeout 20 vsap-connect --ca=ca.pem -s "tls:$CONTROL" h:1 </dev/null
    assert_failure 111
    assert_output --partial "tls:$CONTROL: TLS: handshake: the connection was closed (does it speak TLS at this port?)"
    start silent socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork \
        'EXEC:sleep 30' </dev/null
    at=$(wait_log "$LOG" 'listening on' | grep -oE '127.0.0.1:[0-9]+')
    SECONDS=0
    run timeout 20 vsap-connect -w 1 --ca=ca.pem -s "tls:$at" h:1 </dev/null
    assert_failure 111
    assert_output --partial "$at: no TLS handshake in time"
    [ "$SECONDS" -lt 10 ]
    start leaver socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork \
        EXEC:true </dev/null
    at=$(wait_log "$LOG" 'listening on' | grep -oE '127.0.0.1:[0-9]+')
    run timeout 20 vsap-connect --ca=ca.pem -s "tls:$at" h:1 </dev/null
    assert_failure 111
    assert_output --partial "$at: TLS: "
    wait_for 5 no_tls_workers
}

@test "TLS, but no gateway behind it" {
    start mail socat -d -d \
        OPENSSL-LISTEN:0,bind=127.0.0.1,fork,cert=server.both,verify=0 \
        'SYSTEM:echo 220 mail ready; cat' </dev/null
    at=$(wait_log "$LOG" 'listening on' | grep -oE '127.0.0.1:[0-9]+')
    run timeout 20 vsap-connect --ca=ca.pem -s "tls:$at" h:1 </dev/null
    assert_failure 100
    assert_output --partial "tls:$at: not a VSAP gateway"
    # and without TLS where there is TLS
    run timeout 20 vsap-connect -s "$at" h:1 </dev/null
    assert_failure
}

# A stream through GW to SERVICE, which echoes: as descriptor 7, to out; pid
# is its client's.
hold_stream() {
    mkfifo in
    vsap-connect --ca=ca.pem -s "$GW" "$SERVICE" <in >out 2>err 3>&- &
    pid=$!
    STARTED+=("$pid")
    exec 7>in
    echo hello >&7
    wait_for 10 grep -q hello out
}

@test "a stream that broke off is told from one that ended" {
    front
    service echo
    hold_stream
    # the middle of the stream is gone, without TLS's good bye
    pkill -KILL -P "$FRONT_PID"
    wait_for 10 is_gone "$pid"
    run wait "$pid"
    assert_failure 111
    grep -q 'Connection reset' err
    exec 7>&-
}

@test "a worker that dies is told; the next connection has a new one" {
    gateway
    service echo
    hold_stream
    # shellcheck disable=SC2046 # pids are words
    kill -KILL $(tls_workers)
    wait_for 10 is_gone "$pid"
    run wait "$pid"
    assert_failure 111
    exec 7>&-
}

# ---- vsap-bind -----------------------------------------------------------

@test "vsap-bind by TLS to a target: one process, and no plain worker" {
    head -c 10M /dev/urandom >big
    gateway
    service sums
    publish -t "$SERVICE" 127.0.0.1:0
    run bash -c "timeout 30 nc.openbsd -N ${BOUND/:/ } <big | sha256sum"
    assert_output "$(sha256sum <big)"
    wait_log "$SERVICE_LOG" "^got $(sha256sum <big | cut -d' ' -f1)$"
    run tls_workers
    assert_equal "${#lines[@]}" 1
    # those that there are belong to the gateway
    for p in $(plain_workers); do
        [ "$(parent_of "$p")" != "$BIND_PID" ]
    done
}

@test "vsap-bind by TLS: -P, commands, standard streams, fdpass" {
    gateway
    service upper
    start proxied vsap-bind --ca=ca.pem -s "$GW" -P v1 -t "$SERVICE" \
        127.0.0.1:0 </dev/null
    at=$(listening_on "$LOG")
    run ask "$at" hello
    assert_line --index 0 --regexp '^PROXY TCP4 127.0.0.1 127.0.0.1 [0-9 ]+'
    assert_line --index 1 HELLO
    # shellcheck disable=SC2016 # the command's own variables
    start command vsap-bind --ca=ca.pem -s "$GW" 127.0.0.1:0 \
        sh -c 'echo "$PROTO $TCPREMOTEIP $VSAP_GATEWAY"; cat' </dev/null
    at=$(listening_on "$LOG")
    run ask "$at" hello
    assert_line --index 0 "TCP 127.0.0.1 $GW"
    assert_line --index 1 hello
    mkfifo in
    vsap-bind --ca=ca.pem -s "$GW" 127.0.0.1:0 <in >out 2>stdio.log 3>&- &
    pid=$!
    STARTED+=("$pid")
    exec 7>in
    at=$(listening_on stdio.log)
    echo answer >&7
    exec 7>&-
    run ask "$at" hello
    assert_output answer
    wait_for 10 is_gone "$pid"
    run wait "$pid"
    assert_success
    assert_equal "$(cat out)" hello
}

@test "vsap-bind by TLS: many at once, more than wait in the pool" {
    gateway
    service upper
    publish -t "$SERVICE" 127.0.0.1:0
    pids=()
    for n in $(seq 30); do
        ask "$BOUND" "visitor $n" >"out.$n" 3>&- &
        pids+=("$!")
    done
    wait "${pids[@]}"
    for n in $(seq 30); do
        assert_equal "$(cat "out.$n")" "VISITOR $n"
    done
    run tls_workers
    assert_equal "${#lines[@]}" 1
}

@test "vsap-bind by TLS with a user: a few visitors call no crowd of acceptors" {
    (umask 077; vsapd -H <<<geheim | sed s/^/ops:/ >passwd)
    cat >gw.conf <<END
listen on 127.0.0.1:0 tls
tls { certificate "$PWD/server.pem" key "$PWD/server.key" }
passwords file "$PWD/passwd"
permit user ops bind any
END
    start_vsapd -f "$PWD/gw.conf"
    GW=tls:localhost:${CONTROL##*:}
    service upper
    export VSAP_AUTH=ops:geheim
    publish -t "$SERVICE" 127.0.0.1:0
    wait_for 10 log_has "$VSAPD_LOG" 'is user:ops' 4
    # One after the other, each as soon as the last was served.
    run python3 - "${BOUND##*:}" <<'END'
import socket, sys
for i in range(6):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
    s.sendall(b"hello")
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().read())
END
    assert_output "$(printf 'HELLO\n%.0s' 1 2 3 4 5 6)"
    # Each is replaced, and the pool may have doubled twice.
    wait_for 10 log_has "$VSAPD_LOG" 'is user:ops' 10
    acceptors=$(ss -Htn "dport = :${CONTROL##*:}" | wc -l)
    echo "$acceptors acceptors"
    [ "$acceptors" -le 16 ]
}

@test "vsap-bind by TLS: killing it ends no stream" {
    gateway
    service echo
    publish -t "$SERVICE" 127.0.0.1:0
    session_open v "$BOUND"
    say v before
    assert_equal "$(hear v)" before
    kill -KILL "$BIND_PID"
    wait_for 5 is_gone "$BIND_PID"
    say v after
    assert_equal "$(hear v)" after
    session_close v
    wait_for 10 no_tls_workers
}

@test "vsap-bind by TLS: a worker that dies takes its streams alone" {
    gateway
    service upper
    publish -t "$SERVICE" 127.0.0.1:0
    run ask "$BOUND" one
    assert_output ONE
    # shellcheck disable=SC2046 # pids are words
    kill -KILL $(tls_workers)
    wait_log "$BIND_LOG" "$GW: .*; trying again"
    wait_log "$BIND_LOG" 'back; listening on'
    run ask "$BOUND" two
    assert_output TWO
}

@test "vsap-bind by TLS: the gateway is lost, and comes back" {
    front
    service upper
    publish -t "$SERVICE" 127.0.0.1:0
    port=${GW##*:}
    kill -STOP "$FRONT_PID" # it takes no more while its children go
    pkill -KILL -P "$FRONT_PID"
    kill -KILL "$FRONT_PID"
    wait_log "$BIND_LOG" "$GW: .*; trying again"
    start again socat -t 30 \
        "OPENSSL-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,cert=server.both,verify=0" \
        "TCP:$CONTROL" </dev/null
    wait_log "$BIND_LOG" 'back; listening on' 30
    run ask "$BOUND" hello
    assert_output HELLO
}

@test "vsap-bind: one gateway by TLS, one without" {
    gateway
    start_vsapd
    service upper
    start bind vsap-bind --ca=ca.pem -s "$GW" -s "$CONTROL" -t "$SERVICE" \
        127.0.0.1:0 </dev/null
    one=$(listening_on "$LOG" 1)
    two=$(listening_on "$LOG" 2)
    run ask "$one" one
    assert_output ONE
    run ask "$two" two
    assert_output TWO
}
