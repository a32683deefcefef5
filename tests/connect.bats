# vsap-connect: what it carries, when it ends, and what it says when it
# cannot.

load lib/common
load lib/service

fake() { # RULE...
    start fake perl "$ROOT/tests/tools/fakegw.pl" "$@" </dev/null
    FAKE=$(listening_on "$LOG")
    FAKE_LOG=$LOG
}

megabytes() { # N: so many MiB in the file "big"
    head -c "$1M" /dev/urandom >big
}

# ---- what it carries -----------------------------------------------------

@test "standard input goes there and the answer comes back" {
    start_vsapd
    service upper
    run vsap-connect -s "$CONTROL" 127.0.0.1 "$SERVICE_PORT" <<<hello
    assert_success
    assert_output HELLO
    run vsap-connect -s "$CONTROL" "$SERVICE" <<<again
    assert_output AGAIN
    wait_log "$VSAPD_LOG" 'end: 6 bytes in, 6 out'
}

@test "the gateway comes from -s, VSAP_SERVER, the local socket" {
    start_vsapd
    service upper
    VSAP_SERVER=$CONTROL run vsap-connect "$SERVICE" <<<hello
    assert_output HELLO
    VSAP_SERVER=127.0.0.1:1 run vsap-connect -s "$CONTROL" "$SERVICE" <<<hello
    assert_output HELLO
    mkdir vsapd
    VSAPD_NAME=mine start_vsapd -l "$PWD/vsapd/vsapd.sock"
    XDG_RUNTIME_DIR=$PWD run vsap-connect -v "$SERVICE" <<<hello
    assert_line HELLO
    assert_line --partial 'RELAY -f'
}

@test "over the UNIX socket the gateway hands out the connection itself" {
    start_vsapd
    service upper
    run vsap-connect -v -s "$CONTROL_UNIX" "$SERVICE" <<<hello
    assert_line HELLO
    assert_line --partial '251 descriptor follows.'
    wait_log "$VSAPD_LOG" 'passed'
}

@test "a gateway behind another one cannot hand it out: a relay then" {
    start_vsapd
    VSAPD_NAME=inner start_vsapd -r "$CONTROL" -l "$PWD/inner.sock"
    service upper
    run vsap-connect -v -s "$PWD/inner.sock" "$SERVICE" <<<hello
    assert_success
    assert_line HELLO
}

@test "megabytes from a file, by a pipe, back into a file" {
    megabytes "$(scaled 40 8)"
    start_vsapd
    service echo
    vsap-connect -s "$CONTROL" "$SERVICE" <big >back
    cmp big back
    cat big | vsap-connect -s "$CONTROL" "$SERVICE" | cat >back
    cmp big back
    vsap-connect -s "$CONTROL_UNIX" "$SERVICE" <big | cat >back
    cmp big back
}

@test "a peer that ends first still gets all of the input" {
    megabytes 4
    start_vsapd
    service sink
    run vsap-connect -s "$CONTROL" "$SERVICE" <big
    assert_success
    assert_output ready
    wait_for 10 test -e got
    cmp big got
}

@test "input that is slow reaches a peer that has ended" {
    start_vsapd
    service sink
    mkfifo in out
    vsap-connect -s "$CONTROL" "$SERVICE" <in >out 3>&- &
    pid=$!
    STARTED+=("$pid")
    exec 7>in 8<out
    read -ru 8 line
    assert_equal "$line" ready
    run timeout 10 cat <&8 # the end, though input goes on
    assert_success
    echo late >&7
    exec 7>&-
    wait_for 10 test -e got
    assert_equal "$(cat got)" late
    wait_for 10 is_gone "$pid"
}

@test "on a terminal the peer's end is the end" {
    need script
    start_vsapd
    service hello
    run timeout 20 script -qefc \
        "vsap-connect -s $CONTROL $SERVICE" /dev/null < <(exec sleep 30)
    assert_success
    assert_output --partial hello
}

@test "whoever leaves the pipeline ends it" {
    start_vsapd
    service source
    mkfifo in
    exec 7<>in # input that never ends
    run timeout 20 bash -c \
        "vsap-connect -s $CONTROL $SERVICE <in | head -c 16"
    assert_output 0123456789abcdef
    assert_success
    exec 7>&-
}

@test "not a byte behind the reply is lost, nor taken for a line" {
    fake 'VSAP!=VSAP/0.1 240 1 a:1 b:2 connected.\r\nVSAP/0.1 540 no\r\n' \
        RELAY=CLOSE
    run vsap-connect -s "$FAKE" h:1 </dev/null
    assert_success
    assert_output $'VSAP/0.1 540 no\r'
    wait_log "$FAKE_LOG" '^1 RELAY$'
    # the prefix: the original takes a bare CONNECT for HTTP
    assert_equal "$(sed -n 2p "$FAKE_LOG")" "1 VSAP/0.1 CONNECT h:1"
}

@test "a name that nobody has bound yet is waited for by -w" {
    start_vsapd -v
    run vsap-connect -s "$CONTROL" name:here </dev/null
    assert_failure 111
    assert_output --partial 'name:here'
    vsap-connect -w 20 -s "$CONTROL" name:here <<<hello >answer 3>&- &
    STARTED+=("$!")
    wait_log "$VSAPD_LOG" 'CONNECT name:here -t=20'
    session_open binder "$CONTROL"
    say binder 'BIND name:here'
    hear binder | grep '^VSAP/0.1 210 '
    say binder 'ACCEPT'
    hear binder | grep '^VSAP/0.1 230 '
    say binder 'RELAY'
    assert_equal "$(hear binder)" hello
}

@test "IPv6: the gateway, the address, -4 and -6" {
    [ -e /proc/net/if_inet6 ] || skip "no IPv6 here"
    start_vsapd -l '[::1]:0'
    port=$(grep -om1 ']:[0-9]*$' "$VSAPD_LOG" | tr -d ']:')
    session_open binder "::1:$port" 2>/dev/null || true
    run vsap-connect -s "[::1]:$port" ::1 1 </dev/null
    assert_failure 111
    assert_output --partial 'cannot connect [::1]:1: Connection refused'
    run vsap-connect -s "localhost:$port" '[::1]:1' </dev/null
    assert_output --partial 'cannot connect'
    run vsap-connect -6 -s "localhost:$port" '[::1]:1' </dev/null
    assert_output --partial 'cannot connect'
    run vsap-connect -4 -s "localhost:$port" '[::1]:1' </dev/null
    assert_output --partial "localhost:$port: Connection refused"
    run vsap-connect -6 -s "127.0.0.1:1" '[::1]:1' </dev/null
    assert_output --partial 'not an IPv6 address'
}

# ---- -F ------------------------------------------------------------------

@test "-F: the connection itself goes to who asked, ready to be used" {
    start_vsapd
    service upper
    cat >receiver.py <<'END'
import array, os, socket, subprocess, sys
for server in sys.argv[2:]:
    mine, its = socket.socketpair()
    p = subprocess.Popen(["vsap-connect", "-F", "-s", server, sys.argv[1]],
                         stdin=subprocess.DEVNULL, stdout=its)
    its.close()
    data, fds, flags, _ = socket.recv_fds(mine, 10, 4)
    assert p.wait() == 0 and len(data) == 1 and len(fds) == 1, (data, fds)
    assert os.get_blocking(fds[0])
    s = socket.socket(fileno=fds[0])
    s.sendall(b"hello")
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().read())
END
    run timeout 30 python3 receiver.py "$SERVICE" "$CONTROL" "$CONTROL_UNIX"
    assert_success
    assert_output $'HELLO\nHELLO'
}

@test "-F: standard output must be a UNIX-domain socket" {
    run vsap-connect -F -s 127.0.0.1:1 h:1
    assert_failure 100
    assert_output --partial 'ssh -o ProxyUseFdpass=yes'
}

@test "ssh by ProxyCommand, and by ProxyUseFdpass with no process between" {
    start_sshd
    start_vsapd
    megabytes 4
    run "${SSH[@]}" -o ProxyCommand="vsap-connect -s $CONTROL %h %p" \
        -p "$SSHD_PORT" 127.0.0.1 echo reached
    assert_output reached
    "${SSH[@]}" -o ProxyCommand="vsap-connect -s $CONTROL %h %p" \
        -p "$SSHD_PORT" 127.0.0.1 cat <big >back
    cmp big back
    mkfifo keys
    for server in "$CONTROL" "$CONTROL_UNIX"; do
        "${SSH[@]}" -o ProxyCommand="vsap-connect -F -s $server %h %p" \
            -o ProxyUseFdpass=yes -p "$SSHD_PORT" 127.0.0.1 \
            'echo up; exec cat' <keys >back 3>&- &
        pid=$!
        STARTED+=("$pid")
        exec 7>keys
        wait_for 20 grep -q up back
        assert_equal "$(pids_of vsap-connect)" ''
        cat big >&7
        exec 7>&-
        wait "$pid"
        tail -c +4 back | cmp - big
    done
}

# ---- credentials ---------------------------------------------------------

passwords() {
    python3 -c 'import crypt; print("anna:" + crypt.crypt("secret",
        crypt.mksalt(crypt.METHOD_SHA512, rounds=1000)))' 2>/dev/null >pw
    chmod 600 pw
    start_vsapd -A "$PWD/pw"
}

@test "credentials: from the environment, from a file, wrong, none" {
    passwords
    service upper
    VSAP_AUTH=anna:secret run vsap-connect -v -s "$CONTROL" "$SERVICE" <<<a
    assert_success
    assert_line A
    assert_line --partial '> AUTH'
    refute_output --partial secret
    (umask 077; echo anna:secret >auth)
    VSAP_AUTH_FILE=auth run vsap-connect -s "$CONTROL_UNIX" "$SERVICE" <<<a
    assert_output A
    VSAP_AUTH=anna:wrong run vsap-connect -s "$CONTROL" "$SERVICE" <<<a
    assert_failure 100
    assert_output --partial 'credentials refused: 410'
    run vsap-connect -s "$CONTROL" "$SERVICE" <<<a
    assert_failure 100
    assert_output --partial '410'
    assert_output --partial 'VSAP_AUTH'
    refute_output --partial secret
}

@test "after a refused AUTH nothing is sent" {
    fake 'AUTH=410 forbidden' VSAP=CLOSE
    VSAP_AUTH=a:b run vsap-connect -s "$FAKE" h:1 </dev/null
    assert_failure 100
    wait_log "$FAKE_LOG" '^1 \(end\)'
    assert_equal "$(grep -c '^1 ' "$FAKE_LOG")" 2 # AUTH and the end
}

@test "too many of something: waited for within -w, else 111; nothing is wrong with us" {
    many='410 forbidden: too many wrong passwords: try again in'
    fake "AUTH:1=$many 1 s" 'AUTH=200 OK' 'VSAP=540 cannot connect'
    began=${EPOCHREALTIME/./}
    VSAP_AUTH=a:b run timeout 20 vsap-connect -s "$FAKE" h:1 </dev/null
    assert_failure 111
    [ $((${EPOCHREALTIME/./} - began)) -ge 1000000 ]
    assert_line --index 0 --regexp "not let in for now: $many 1 s; trying again\$"
    assert_line --index 1 --partial '540 cannot connect'
    # longer than one would wait, or nobody knows how long
    for answer in "$many 9 s" "$many a minute"; do
        fake "AUTH=$answer"
        SECONDS=0
        VSAP_AUTH=a:b run timeout 20 vsap-connect -w 8 -s "$FAKE" h:1 </dev/null
        assert_failure 111
        assert_output "vsap-connect: $FAKE: not let in for now: $answer"
        [ "$SECONDS" -lt 8 ]
    done
    fake 'VSAP=410 forbidden: too many: limit requests 9: try again in a minute'
    run timeout 20 vsap-connect -s "$FAKE" h:1 </dev/null
    assert_failure 111
    assert_output --partial 'too many: limit requests 9'
    refute_output --partial VSAP_AUTH
}

@test "a file that others can read is refused, with what to do" {
    echo anna:secret >auth
    chmod 644 auth
    VSAP_AUTH_FILE=auth run vsap-connect -s 127.0.0.1:1 h:1
    assert_failure 100
    assert_output --partial 'chmod 600 auth'
    VSAP_AUTH_FILE=/nonexistent run vsap-connect -s 127.0.0.1:1 h:1
    assert_failure 100
    assert_output --partial '/nonexistent: No such file'
    VSAP_AUTH=nocolon run vsap-connect -s 127.0.0.1:1 h:1
    assert_failure 100
    assert_output --partial 'user:password'
    refute_output --partial nocolon
}

@test "the password is neither in argv nor in the environment" {
    fake 'AUTH:0=x'
    VSAP_AUTH=anna:secret vsap-connect -s "$FAKE" h:1 </dev/null 3>&- &
    pid=$!
    STARTED+=("$pid")
    wait_log "$FAKE_LOG" 'AUTH anna'
    run grep -a secret "/proc/$pid/environ" "/proc/$pid/cmdline"
    assert_failure 1
}

@test "in clear over a network credentials are not sent unless told" {
    need_netns
    cat >inside.sh <<'END'
ip link set lo up
ip addr add 192.0.2.1/32 dev lo
: >vsapd.log
vsapd -R "$PWD/run" -f vsapd.conf 2>vsapd.log &
until grep -q listening vsapd.log; do kill -0 $! || exit 1; done
export VSAP_AUTH=anna:secret
vsap-connect -s 192.0.2.1 192.0.2.1:1 </dev/null; echo "status $?"
export VSAP_AUTH=anna:secret VSAP_AUTH_CLEARTEXT=yes
vsap-connect -s 192.0.2.1 192.0.2.1:1 </dev/null; echo "status $?"
kill $!
END
    python3 -c 'import crypt; print("anna:" + crypt.crypt("secret"))' \
        2>/dev/null >pw
    chmod 600 pw
    cat >vsapd.conf <<'END'
listen on 192.0.2.1:8706 passwords cleartext
passwords file "pw"
authentication required
admit from 192.0.2.0/24
permit connect *:*
END
    run timeout 30 unshare -n sh inside.sh
    assert_line --index 0 --partial 'VSAP_AUTH_CLEARTEXT=yes'
    assert_line --index 0 --partial 'ssh -L'
    assert_line --index 1 'status 100'
    assert_line --index 2 --partial 'cannot connect 192.0.2.1:1'
    assert_line --index 3 'status 111'
}

# ---- what it says when it cannot -----------------------------------------

@test "no gateway: which one, why, and what to look at; 111" {
    run vsap-connect -s 127.0.0.1:1 h:1 </dev/null
    assert_failure 111
    assert_output --partial '127.0.0.1:1: Connection refused'
    assert_output --partial 'vsapd'
    run vsap-connect -s "$PWD/none.sock" h:1 </dev/null
    assert_failure 111
    assert_output --partial 'none.sock: No such file or directory'
    touch file.sock
    run vsap-connect -s "$PWD/file.sock" h:1 </dev/null
    assert_failure 100
    assert_output --partial 'not trusted'
}

@test "somebody else's socket is not trusted" {
    need_root "a socket of another user"
    start_vsapd
    chown 65534 "$CONTROL_UNIX"
    run vsap-connect -s "$CONTROL_UNIX" h:1 </dev/null
    assert_failure 100
    assert_output --partial 'not trusted'
}

@test "not connected: 111; not permitted: 100, and what is missing" {
    start_vsapd -c 127.0.0.1:1
    run vsap-connect -s "$CONTROL" 127.0.0.1:1 </dev/null
    assert_failure 111
    assert_output --partial '540 cannot connect 127.0.0.1:1: Connection refused'
    run vsap-connect -s "$CONTROL" 127.0.0.1:2 </dev/null
    assert_failure 100
    assert_output --partial '410 forbidden'
    assert_output --partial '-c'
}

@test "each mistake at the command line is named; 100" {
    for args in '' 'a b c' '-q' 'host' 'host 99999' 'host port' '-w 0 h 1' \
        '-w x h 1' '-w' '/a/../b' ':1' '-s :1 h 1' '-s x:y h 1' 'name: '; do
        # shellcheck disable=SC2086 # words are meant
        run vsap-connect $args </dev/null
        [ "$status" = 100 ] || fail "$args: status $status"
        assert_output --partial 'vsap-connect: '
    done
    run vsap-connect -h
    assert_success
    assert_output --partial 'usage: vsap-connect [-46FhVv]'
    run vsap-connect -V
    assert_output --regexp '^vsap-connect [0-9.]+$'
}

@test "-w: a gateway that says nothing is given up" {
    fake 'VSAP:0=x'
    SECONDS=0
    run timeout 20 vsap-connect -w 1 -s "$FAKE" h:1 </dev/null
    assert_failure 111
    assert_output --partial "$FAKE"
    assert_output --partial '-w'
    [ "$SECONDS" -lt 10 ]
}

@test "what is no gateway is told as such, at once; 100" {
    long=$(printf '%2000s' '' | tr ' ' x)
    for answer in '220 mail ready\r\n' 'HTTP/1.1 400 no\r\n\r\n' "$long" \
        'VSAP/0.1 240 \0 connected.\r\n' '\r\n' 'VSAP/0.2 240 1\r\n'; do
        fake "VSAP!=$answer"
        run timeout 20 vsap-connect -s "$FAKE" h:1 </dev/null
        [ "$status" = 100 ] || fail "$answer: status $status: $output"
        assert_output --partial "$FAKE: not a VSAP gateway"
    done
}

@test "a gateway that leaves is told as such; 111" {
    fake VSAP=CLOSE
    run vsap-connect -s "$FAKE" h:1 </dev/null
    assert_failure 111
    # RELAY was unread: the kernel may make it a reset
    assert_output --regexp "$FAKE: (closed by the gateway|Connection reset)"
}

@test "a gateway's text cannot drive the terminal" {
    fake 'VSAP!=VSAP/0.1 540 \x{1b}[2Jcleared\r\n'
    run vsap-connect -v -s "$FAKE" h:1 </dev/null
    assert_failure 111
    refute_output --partial $'\033'
    assert_output --partial cleared
}

@test "standard descriptors that are closed or full" {
    start_vsapd
    service upper
    run bash -c "vsap-connect -s $CONTROL $SERVICE <&-"
    assert_success
    assert_output ''
    run bash -c "echo a | vsap-connect -s $CONTROL $SERVICE >/dev/full"
    assert_failure 111
    assert_output --partial 'No space left'
    run bash -c "echo a | vsap-connect -s $CONTROL $SERVICE >&-"
    refute_output --partial Sanitizer
    run vsap-connect -s "$CONTROL" "$SERVICE" <"$PWD"
    assert_failure 111
    assert_output --partial 'directory'
}

# ---- names ---------------------------------------------------------------

@test "a gateway's name: DNS, several addresses, the dead ones passed over" {
    need_netns
    cat >dns.py <<'END'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("ready", flush=True)
A = {"two.test": ["127.0.0.8", "127.0.0.9"], "silent.test": None}
while True:
    q, peer = s.recvfrom(512)
    name, i = [], 12
    while q[i]:
        name.append(q[i + 1:i + 1 + q[i]].decode())
        i += 1 + q[i]
    kind, name = struct.unpack(">H", q[i + 1:i + 3])[0], ".".join(name)
    if A.get(name, 0) is None:
        continue
    ips = A.get(name, []) if kind == 1 else []
    code = 0 if name in A else 3
    r = q[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(ips), 0, 0)
    r += q[12:i + 5]
    for ip in ips:
        r += struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + socket.inet_aton(ip)
    s.sendto(r, peer)
END
    cat >inside.sh <<'END'
ip link set lo up
echo 'nameserver 127.0.0.1' >conf
mount --bind conf /etc/resolv.conf || exit 77
python3 dns.py >dns.log & dns=$!
vsapd -R "$PWD/run" -l 127.0.0.9:8706 2>vsapd.log & gateway=$!
until grep -qs ready dns.log && grep -qs listening vsapd.log; do
    kill -0 $dns && kill -0 $gateway || exit 1
done
vsap-connect -s two.test 127.0.0.1:1 </dev/null; echo "status $?"
vsap-connect -s none.test 127.0.0.1:1 </dev/null; echo "status $?"
vsap-connect -6 -s two.test 127.0.0.1:1 </dev/null; echo "status $?"
vsap-connect -w 1 -s silent.test 127.0.0.1:1 </dev/null; echo "status $?"
vsap-connect -s 127.0.0.9 two.test:1 </dev/null; echo "status $?"
kill $gateway $dns
END
    [ -e /etc/resolv.conf ] || skip "no /etc/resolv.conf to put ours over"
    run timeout 60 unshare -nm sh inside.sh
    [ "$status" != 77 ] || skip "nothing can be mounted here"
    assert_line --index 0 --partial 'two.test: 540 cannot connect 127.0.0.1:1'
    assert_line --index 1 'status 111'
    assert_line --index 2 --partial 'none.test: no such host'
    assert_line --index 4 --partial 'two.test: the host has no address of that'
    assert_line --index 6 --partial 'silent.test: the name servers do not'
    assert_line --index 8 --partial 'two.test:1: Connection refused'
}
