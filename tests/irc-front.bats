#!/usr/bin/env bats
# ircd-lite: the ways in for connections (TCP, UNIX, handed over, PROXY,
# inetd, service managers), and the parent: reload, files, what dies.

load lib/common
load lib/irc
load lib/netns

# The operator of these tests: OPER root word.
oper() {
    echo "operator \"root\" { password \"$(irc_hash word)\"; may all }"
}

# $IRC_CONF with a sed(1) script run over it.
edit_conf() { # SCRIPT
    sed -i "$1" "$IRC_CONF"
}

reload() { # [PATTERN that tells it is over]
    : >"$IRC_LOG"
    kill -HUP "$IRC_PID"
    wait_log "$IRC_LOG" "${1:-configuration read again}"
}

# USERHOST of oneself at HOST.
shown_as() { # ADDR HOST [SOURCE]
    NAMED=$1 talk <<END
irc A \$NAMED who ${3:-}
say A USERHOST who
until A :\\S+ 302 who :?who=\\+~?who@$2 ?
END
}

# ---- sockets -----------------------------------------------------------------

@test "TCP: a client is shown with its address" {
    start_ircd
    shown_as "$IRC" '127\.0\.0\.1'
    shown_as "$IRC" '127\.0\.0\.7' 127.0.0.7
}

@test "TCP over IPv6, and IPv4 by a dual-stack socket unmapped" {
    start_ircd listen="::1 port 0" <<<'listen on * port 0'
    shown_as "$IRC" '0?::1'
    addr=$(listening_on "$IRC_LOG" 3)
    [[ $addr == 0.0.0.0:* ]]
    shown_as "127.0.0.1:${addr##*:}" '127\.0\.0\.1'
    shown_as "[::1]:${addr##*:}" '0?::1'
}

@test "a UNIX socket: the peer is shown as its file (RFC 1459, 8.1.1)" {
    start_ircd <<<"listen on \"$PWD/private.sock\" mode 0600"
    shown_as "$IRC_UNIX" "${IRC_UNIX//./\\.}.*"
    assert_equal "$(stat -c %a private.sock)" 600
}

@test "a stale UNIX socket is replaced, one that answers is not" {
    start_ircd
    kill -KILL "$IRC_PID"
    wait_for 5 is_gone "$IRC_PID"
    wait_for 5 services ircd-lite -eq 0
    [ -S "$IRC_UNIX" ]
    start_ircd
    run timeout 5 ircd-lite -f "$IRC_CONF" -R "$BATS_TEST_TMPDIR/run"
    assert_failure 1
    assert_output --partial "$IRC_UNIX: Address already in use; another"
    shown_as "$IRC_UNIX" '.*'
}

services() { # NAME TRUTH: processes of this test called NAME are as many
    [ "$(pids_of "$1" | wc -l)" "${@:2}" ]
}

@test "two servers in one run directory: the second says what to do" {
    start_ircd
    run timeout 5 ircd-lite -l 127.0.0.1:0 -R "$IRC_DIR"
    assert_failure 1
    assert_output --partial "another ircd-lite runs here (pid $IRC_PID)"
    assert_output --partial "its own -R"
    irc_alive
}

# ---- service managers ----------------------------------------------------------

# Start ircd-lite with listening sockets as systemd passes them, and a socket
# to notify: what it is told goes to notify.log.
managed() { # ADDRESS:PORT or /PATH ... -- OPTIONS
    start managed python3 "$ROOT/tests/tools/manager.py" ircd-lite \
        -- "$@" </dev/null
    IRC_PID=$PID
    IRC_LOG=$LOG
}

@test "LISTEN_FDS: given sockets serve, by their statement where there is one" {
    port=$(free_port)
    printf '%s\n' 'server "irc.test.example" {}' 'dns off' 'ident off' \
        "listen on 127.0.0.1 port $port proxy from 127.0.0.1" >conf
    managed "127.0.0.1:$port" "$PWD/given.sock" -- -f conf -R "$PWD/run"
    wait_log "$IRC_LOG" 'listening on .*/ircd-lite.sock'
    assert_equal "$(log_count "$IRC_LOG" "listening on 127.0.0.1:$port")" 1
    assert_equal "$(log_count "$IRC_LOG" "listening on $PWD/given.sock")" 1
    shown_as "$PWD/given.sock" "$PWD/given.*"
    talk <<END
open A 127.0.0.1:$port
send A PROXY TCP4 192.0.2.9 127.0.0.1 1 2\r\nNICK a\r\nUSER a 0 * :a\r\n
until A :\S+ 001 a .*a!~?a@192\.0\.2\.9
END
}

@test "sd_notify: READY, RELOADING, READY, STOPPING" {
    printf '%s\n' 'server "irc.test.example" {}' >conf
    managed 127.0.0.1:0 -- -f conf -R "$PWD/run"
    wait_log notify.log '^READY=1'
    kill -HUP "$IRC_PID"
    wait_log notify.log '^RELOADING=1'
    wait_for 5 log_has notify.log '^READY=1' 2
    cp conf good
    echo nonsense >conf
    kill -HUP "$IRC_PID"
    wait_for 5 log_has notify.log '^READY=1' 3
    grep -q "^STATUS=reload refused: .*conf:1: " notify.log
    cp good conf
    kill -HUP "$IRC_PID"
    wait_for 5 log_has notify.log '^READY=1' 4
    assert_equal "$(grep '^STATUS=' notify.log | tail -n 1)" 'STATUS='
    kill "$IRC_PID"
    wait_log notify.log '^STOPPING=1'
    wait_for 5 is_gone "$IRC_PID"
}

@test "RESTART keeps the process id, given sockets, and reads all anew" {
    { echo 'server "irc.test.example" { description "old" }'; oper; } >conf
    managed 127.0.0.1:0 -- -f conf -R "$PWD/run"
    addr=$(listening_on "$IRC_LOG")
    old=$(server_pid)
    sed -i 's/old/new/' conf
    # Another program, too, stands there by now.
    cp bin/ircd-lite bin/ircd-lite.new
    mv bin/ircd-lite.new bin/ircd-lite
    [[ $(readlink "/proc/$IRC_PID/exe") == *deleted* ]]
    ADDR=$addr talk <<'END'
irc A $ADDR a
say A OPER root word
until A .* 381 .*
say A RESTART
over A
END
    wait_for 10 another "$old" server_pid
    wait_for 10 log_has "$IRC_LOG" "listening on $addr" 2
    wait_for 10 log_has notify.log '^READY=1' 2
    ADDR=$addr talk <<'END'
irc A $ADDR a
say A WHOIS a
until A .* 312 a a \S+ :new
END
    [[ $(readlink "/proc/$IRC_PID/exe") != *deleted* ]]
}

# ---- hand-over -------------------------------------------------------------------

@test "vsap-bind -t fdpass: the visitor's own address, and nobody between" {
    start_ircd
    start_vsapd
    start bind vsap-bind -s "$CONTROL_UNIX" \
        -t "fdpass:$IRC_DIR/ircd-lite.sock" 127.0.0.1:0 </dev/null
    addr=$(wait_log "$LOG" 'published|bound' | grep -oE '127\.0\.0\.1:[0-9]+' |
        head -1)
    [ -n "$addr" ]
    shown_as "$addr" '127\.0\.0\.5' 127.0.0.5
    ADDR=$addr talk <<'END'
irc A $ADDR a 127.0.0.6
stat $CONTROL_UNIX .*streams?:? 0.*
END
}

# Hand a descriptor to the server, as KIND says.
give() { # KIND
    python3 - "$IRC_DIR/ircd-lite.sock" "$@" <<'END'
import array, os, socket, struct, sys
path, kind = sys.argv[1:3]
head = b"\r\n\r\n\0\r\nQUIT\n"
v2 = head + bytes([0x21, 0x11, 0, 12]) + socket.inet_aton("192.0.2.77") + \
    socket.inet_aton("192.0.2.1") + struct.pack("!HH", 4321, 6667)
first = b"NICK handed\r\nUSER h 0 * :h\r\n"
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(20)
s.connect(path)
a, b = socket.socketpair()
def rights(*fds):
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
if kind == "probe":
    s.close()
elif kind == "stream":
    s.sendmsg([v2 + first], rights(b.fileno()))
elif kind == "none":
    s.sendmsg([v2 + first])
elif kind == "two":
    s.sendmsg([v2 + first], rights(b.fileno(), b.fileno()))
elif kind == "file":
    s.sendmsg([v2], rights(os.open("/dev/null", os.O_RDWR)))
elif kind == "datagram":
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendmsg([v2], rights(u.fileno()))
elif kind == "listener":
    u = socket.socket(); u.listen(1)
    s.sendmsg([v2], rights(u.fileno()))
elif kind == "malformed":
    s.sendmsg([b"NICK x\r\n"], rights(b.fileno()))
elif kind == "silent":
    pass
b.close()
if kind != "probe":
    try:
        print("answer", s.recv(10))
    except ConnectionResetError:
        print("answer b''")
if kind == "stream":
    a.settimeout(20)
    f = a.makefile("rb")
    for line in f:
        if b" 001 " in line:
            print(line.decode().strip())
            break
END
}

@test "hand-over: acknowledged, first bytes heard, shown with its address" {
    start_ircd
    run give stream
    assert_output --partial "answer b'\\x06'"
    assert_output --regexp '001 handed .*handed!~?h@192\.0\.2\.77'
}

@test "hand-over: what is not one is refused, and the next one is served" {
    start_ircd
    local kind

    for kind in none two file datagram listener malformed silent; do
        run give "$kind"
        assert_output "answer b''"
    done
    give probe
    run give stream
    assert_output --partial "answer b'\\x06'"
    assert_equal "$(log_count "$IRC_LOG" 'hand-over: ')" 7
    irc_alive
}

@test "hand-over: 300 that say nothing hinder nobody for longer than 5 s" {
    start_ircd
    start crowd python3 - "$IRC_DIR/ircd-lite.sock" <<'END'
import socket, sys, time
s = []
for i in range(300):
    c = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    c.connect(sys.argv[1])
    s.append(c)
print("all", flush=True)
time.sleep(60)
END
    wait_log crowd.log all
    irc_alive
    run give stream
    assert_output --partial "answer b'\\x06'"
}

@test "hand-over: a foreign user is refused, a configured one is not" {
    need_root "other users"
    need setpriv
    start_ircd <<<'handover from { uid 2 }'
    chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
    chmod 711 "$IRC_DIR"
    export -f give
    run setpriv --reuid 1 --regid 1 --clear-groups bash -c 'give stream'
    refute_output --partial 'x06'
    wait_log "$IRC_LOG" 'hand-over: from user 1, who may not'
    run setpriv --reuid 2 --regid 2 --clear-groups bash -c 'give stream'
    assert_output --partial 'x06'
}

# ---- PROXY -------------------------------------------------------------------------

proxied_ircd() { # NETWORKS
    start_ircd listen="127.0.0.1 port 0 proxy from $1"
}

@test "PROXY version 1: the client's address, in pieces, with bytes behind" {
    proxied_ircd 127.0.0.1
    talk <<'END'
open A $IRC
drip A PROXY TCP4 192.0.2.1 127.0.0.1 4000 6667\r\nNICK a\r\nUSER a 0 * :a\r\n
until A :\S+ 001 a .*a!~?a@192\.0\.2\.1
open B $IRC
send B PROXY TCP6 2001:db8::5 ::1 4000 6667\r\nNICK b\r\nUSER b 0 * :b\r\n
until B :\S+ 001 b .*b!~?b@2001:db8::5
open C $IRC
send C PROXY UNKNOWN\r\nNICK c\r\nUSER c 0 * :c\r\n
until C :\S+ 001 c .*c!~?c@127\.0\.0\.1
END
}

@test "PROXY version 2: the client's address, LOCAL is the proxy itself" {
    proxied_ircd '{ 127.0.0.1 }'
    talk <<'END'
open A $IRC
send A \r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\x7f\x00\x00\x01\x10\x00\x1a\x0bNICK a\r\nUSER a 0 * :a\r\n
until A :\S+ 001 a .*a!~?a@192\.0\.2\.7
open B $IRC
drip B \r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00NICK b\r\nUSER b 0 * :b\r\n
until B :\S+ 001 b .*b!~?b@127\.0\.0\.1
END
}

@test "PROXY: without a header nobody comes in; the proxy is not blamed" {
    proxied_ircd 127.0.0.1
    talk 20 <<'END'
open A $IRC
send A NICK a\r\nUSER a 0 * :a\r\n
over A
open B $IRC
send B PROXY TCP4 1.2.3.4 5.6.7.8 1 70000\r\n
over B
open C $IRC
send C PROXY TCP4 {200}
over C
open D $IRC
send D \r\n\r\n\x00\r\nQUIT\n\x21\x11\x02\x0a
over D
open S $IRC
open E $IRC
send E PROXY TCP4 192.0.2.3 127.0.0.1 1 2\r\nNICK e\r\nUSER e 0 * :e\r\n
until E :\S+ 001 e .*
over S
END
    wait_log "$IRC_LOG" 'proxy 127\.0\.0\.1:[0-9]+: malformed PROXY header'
    assert_equal "$(log_count "$IRC_LOG" 'PROXY header')" 1
}

@test "PROXY: from who is no proxy of ours it is refused" {
    proxied_ircd 127.0.0.2
    talk <<'END'
open A $IRC
send A PROXY TCP4 192.0.2.3 127.0.0.1 1 2\r\nNICK e\r\nUSER e 0 * :e\r\n
over A
open B $IRC 127.0.0.2
send B PROXY TCP4 192.0.2.3 127.0.0.1 1 2\r\nNICK e\r\nUSER e 0 * :e\r\n
until B :\S+ 001 e .*
END
    wait_log "$IRC_LOG" 'not a proxy'
}

# ---- inetd -------------------------------------------------------------------------

# A starter of ircd-lite -i in the run directory of this test.
inetd() { # [-k] [OPTIONS of ircd-lite...]
    local keep=()

    [ "${1:-}" != -k ] || { keep=(-k); shift; }
    printf '%s\n' 'server "irc.test.example" {}' 'dns off' 'ident off' >i.conf
    start inetd "$ROOT/tests/tools/inetd.pl" "${keep[@]}" \
        "$BATS_TEST_TMPDIR/bin/ircd-lite" -i -f "$PWD/i.conf" \
        -R "$BATS_TEST_TMPDIR/run.ircd" "$@" </dev/null
    INETD_LOG=$LOG
    INETD=$(listening_on "$LOG")
    export INETD INETD_LOG
}

@test "-i on a pipe: the welcome, and the end, with status 0" {
    run --separate-stderr timeout 20 ircd-lite -i < <(
        printf 'NICK a\r\nUSER a 0 * :a\r\n')
    assert_success
    assert_line --index 0 --regexp '^:\S+ 001 a :Welcome'
    assert_output --regexp ' (376|422) a '
    printf 'NICK a\nUSER a 0 * :a\nQUIT :bye\n' >lines
    run --separate-stderr timeout 20 ircd-lite -i <lines
    assert_success
    assert_line --index 0 --regexp '^:\S+ 001 a :Welcome'
}

@test "-i on a pipe: the end comes with QUIT, whatever input still waits" {
    mkfifo keys
    exec {keys}<>keys
    printf 'NICK a\r\nUSER a 0 * :a\r\nQUIT\r\nJOIN #c\r\n' >&"$keys"
    run --separate-stderr timeout 20 ircd-lite -i <keys
    exec {keys}>&-
    assert_success
    assert_line --index -1 --regexp '^ERROR :Closing Link'
}

@test "-i on a connection: goes to the server that runs" {
    start_ircd
    inetd -k
    talk <<'END'
irc B $IRC b
irc A $INETD a 127.0.0.3
wait grep -q '^ended 0' $INETD_LOG
say A JOIN #c
until A .* 366 .*
say B JOIN #c
until B .* 366 .*
say A PRIVMSG #c :hello
until B :a!~?a@127\.0\.0\.3 PRIVMSG #c :?hello
END
}

@test "-i on connections without a server: the first becomes it, to the last" {
    inetd
    talk <<'END'
irc A $INETD a 127.0.0.3
irc B $INETD b 127.0.0.4
say A JOIN #c
until A .* 366 .*
say B JOIN #c
until B .* 366 .*
say B PRIVMSG #c :hello
until A :b!~?b@127\.0\.0\.4 PRIVMSG #c :?hello
say A QUIT
over A
say B PING x
until B .*PONG.*
say B QUIT
over B
END
    wait_for 10 services ircd-lite -eq 0
    talk <<'END'
irc A $INETD a
END
}

@test "-i: twenty at the same moment find one server" {
    inetd
    echo 'class "all" { per host unlimited; flood none }' >>i.conf
    {
        for n in {1..20}; do echo "open C$n $INETD"; done
        for n in {1..20}; do
            echo "send C$n NICK n$n\r\nUSER u 0 * :u\r\nJOIN #c\r\n"
        done
        for n in {1..20}; do echo "until C$n .* 366 .*"; done
        echo 'say C1 NAMES #c'
        for n in {1..20}; do
            echo "say C$n PRIVMSG #c :from $n"
            [ "$n" = 1 ] || echo "until C1 :n$n!.*from $n"
        done
    } | talk 30
}

@test "-i: a password is checked beside the loop, by a process of its own" {
    inetd
    oper >>i.conf
    talk <<'END'
irc A $INETD a
say A OPER root wrong
until A .* 464 .*
say A OPER root word
until A .* 381 .*
END
    [ "$(pids_of ircd-lite | wc -l)" = 2 ]
}

@test "-i on a listening socket: serves it, and who hands over there" {
    start wait python3 - "$PWD" <<'END'
import os, socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(10)
print("listening on 127.0.0.1:%d" % s.getsockname()[1], flush=True)
os.dup2(s.fileno(), 0); os.dup2(0, 1, inheritable=True)
os.execvp("ircd-lite", ["ircd-lite", "-i", "-R", sys.argv[1] + "/run.ircd"])
END
    addr=$(listening_on wait.log)
    ADDR=$addr talk <<'END'
irc A $ADDR a
END
    inetd
    talk <<'END'
irc B $INETD b
END
    [ "$(pids_of ircd-lite | wc -l)" = 3 ]
}

@test "vsap-bind with ircd-lite -i as its command: the visitor's address" {
    start_ircd
    start_vsapd
    start bind vsap-bind -s "$CONTROL" 127.0.0.1:0 \
        ircd-lite -i -R "$IRC_DIR" </dev/null
    addr=$(wait_log "$LOG" 'published|bound' | grep -oE '127\.0\.0\.1:[0-9]+' |
        head -1)
    shown_as "$addr" '127\.0\.0\.9' 127.0.0.9
}

@test "under openbsd-inetd, nowait: joins the running server" {
    peer inetd
    start_ircd
    port=$(free_port)
    printf '127.0.0.1:%s stream tcp nowait %s %s ircd-lite -i -R %s\n' \
        "$port" "$(id -un)" "$BATS_TEST_TMPDIR/bin/ircd-lite" "$IRC_DIR" >conf
    own_run=()
    [ "$(id -u)" != 0 ] || own_run=(unshare -m sh -c
        'mount --make-rprivate / && mount -t tmpfs none /run && exec "$@"' -)
    start peer "${own_run[@]}" "$PEERS/bin/inetd" -d -i "$PWD/conf" </dev/null
    wait_listen "127.0.0.1:$port"
    shown_as "127.0.0.1:$port" '127\.0\.0\.1'
    INETD=127.0.0.1:$port talk <<'END'
irc A $INETD a
irc B $IRC b
say B PRIVMSG a :hello
until A :b!.* PRIVMSG a :?hello
END
}

@test "under openbsd-inetd, wait: takes the listening socket" {
    peer inetd
    port=$(free_port)
    printf '127.0.0.1:%s stream tcp wait %s %s ircd-lite -i -R %s\n' \
        "$port" "$(id -un)" "$BATS_TEST_TMPDIR/bin/ircd-lite" \
        "$BATS_TEST_TMPDIR/run" >conf
    own_run=()
    [ "$(id -u)" != 0 ] || own_run=(unshare -m sh -c
        'mount --make-rprivate / && mount -t tmpfs none /run && exec "$@"' -)
    start peer "${own_run[@]}" "$PEERS/bin/inetd" -d -i "$PWD/conf" </dev/null
    wait_listen "127.0.0.1:$port"
    INETD=127.0.0.1:$port talk <<'END'
irc A $INETD a
irc B $INETD b
say B PRIVMSG a :hello
until A :b!.* PRIVMSG a :?hello
END
}

@test "under xinetd: joins the running server, or becomes one" {
    peer xinetd
    port=$(free_port)
    cat >conf <<END
service irc
{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    bind = 127.0.0.1
    port = $port
    wait = no
    user = $(id -un)
    server = $BATS_TEST_TMPDIR/bin/ircd-lite
    server_args = -i -R $BATS_TEST_TMPDIR/run.ircd
}
END
    mkdir -m 700 run.ircd
    start peer xinetd -dontfork -f "$PWD/conf" -pidfile "$PWD/pid" \
        -filelog "$PWD/xinetd.log" </dev/null
    wait_listen "127.0.0.1:$port"
    INETD=127.0.0.1:$port talk <<'END'
irc A $INETD a
irc B $INETD b
say B PRIVMSG a :hello
until A :b!.* PRIVMSG a :?hello
END
    wait_for 10 services ircd-lite -eq 0
    start_ircd
    INETD=127.0.0.1:$port talk <<'END'
irc A $INETD a
irc B $IRC b
say B PRIVMSG a :hello
until A :b!.* PRIVMSG a :?hello
END
}

# ---- reload --------------------------------------------------------------------------

@test "SIGHUP: new listeners open, old ones end, who is there stays" {
    start_ircd <<<"listen on \"$PWD/old.sock\""
    new=$(free_port)
    exec {script}> >(talk 20 >talk.log 2>&1; echo "talk $?" >>talk.log)
    STARTED+=("$!")
    cat >&"$script" <<END
irc A $PWD/old.sock a
run : >started
END
    wait_for 10 test -e started
    edit_conf "s|.*old.sock.*|listen on 127.0.0.1 port $new|"
    reload "no longer listening on $PWD/old.sock"
    wait_log "$IRC_LOG" "listening on 127.0.0.1:$new"
    wait_log "$IRC_LOG" "configuration read again"
    [ ! -e old.sock ]
    cat >&"$script" <<END
irc B 127.0.0.1:$new b
irc C $IRC c
say B PRIVMSG a :still here
until A :b!.* PRIVMSG a :?still here
END
    exec {script}>&-
    wait_log talk.log '^talk 0'
}

@test "SIGHUP with a broken file: operators are told, all stays" {
    start_ircd < <(oper; echo "listen on \"$PWD/old.sock\"")
    cp "$IRC_CONF" good
    printf 'listen on "%s"\nlisten on nonsense here {\n' "$PWD/new.sock" \
        >>"$IRC_CONF"
    talk <<END
irc A \$IRC a
say A OPER root word
until A .* 381 .*
run kill -HUP $IRC_PID
until A .*NOTICE.*ircd\.conf:\d+: .*
END
    wait_log "$IRC_LOG" 'ircd\.conf:[0-9]+: .*stays in force'
    [ ! -e new.sock ]
    shown_as "$PWD/old.sock" '.*'
    cp good "$IRC_CONF"
    reload
}

@test "a reload that cannot have one port has none of its listeners" {
    start_ircd <<<"listen on \"$PWD/old.sock\""
    port=$(free_port)
    start taken python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(1)
print("up", flush=True); time.sleep(60)' "$port"
    wait_log taken.log up
    edit_conf "s|.*old.sock.*|listen on \"$PWD/new.sock\"|"
    echo "listen on 127.0.0.1 port $port" >>"$IRC_CONF"
    reload "127.0.0.1:$port: Address already in use.*stays in force"
    [ ! -e new.sock ]
    shown_as "$PWD/old.sock" '.*'
}

@test "REHASH by an operator reads the file and its MOTD again" {
    echo "first text" >motd.txt
    start_ircd server="motd \"$PWD/motd.txt\"" < <(oper)
    talk <<'END'
irc A $IRC a
say A OPER root word
until A .* 381 .*
say A MOTD
until A .* 372 .*first text
run echo second text >motd.txt
say A REHASH
until A .* 382 .*
until A .*NOTICE.*read again.*
say A MOTD
until A .* 372 .*second text
END
}

@test "reloads one upon another: the last one holds, the server lives" {
    start_ircd
    server=$(server_pid)
    before=$(open_in "$server")
    for n in {1..30}; do kill -HUP "$IRC_PID"; done
    edit_conf 's/TestNet/OtherNet/'
    reload
    talk <<'END'
open A $IRC
send A NICK a\r\nUSER a 0 * :a\r\n
until A .* 005 .*NETWORK=OtherNet.*
END
    [ "$(open_in "$IRC_PID")" -lt 20 ]
    [ "$(server_pid)" = "$server" ]
    wait_for 5 test "$(open_in "$server")" -le "$before"
}

# How many descriptors it has, as far as we may see that.
open_in() { # PID
    find "/proc/$1/fd" -type l 2>/dev/null | wc -l
}

# ---- what dies -------------------------------------------------------------------------

@test "the server killed with SIGKILL comes back on the same sockets" {
    start_ircd
    old=$(server_pid)
    kill -KILL "$old"
    # Who comes at this moment waits in the queue.
    talk <<'END'
irc A $IRC a
irc B $IRC_UNIX b
END
    wait_log "$IRC_LOG" 'server .pid [0-9]+. ended by signal 9'
    another "$old" server_pid
}

@test "the password helper killed: the next OPER works again" {
    start_ircd < <(oper)
    old=$(helper_pid)
    kill -KILL "$old"
    wait_for 5 another "$old" helper_pid
    talk <<'END'
irc A $IRC a
say A OPER root word
until A .* 381 .*
END
}

@test "the parent killed: the server says good-bye and ends" {
    start_ircd
    kill -KILL "$IRC_PID"
    wait_for 10 services ircd-lite -eq 0
}

@test "SIGTERM: everybody is told, files go, status 0" {
    start_ircd
    talk <<END
irc A \$IRC a
run kill $IRC_PID
until A ERROR :.*shutting down.*
over A
END
    wait "$IRC_PID"
    [ ! -e "$IRC_UNIX" ]
    [ ! -e "$IRC_DIR/ircd-lite.sock" ]
    wait_for 5 services ircd-lite -eq 0
}

@test "DIE: the parent ends with status 0" {
    start_ircd < <(oper)
    talk <<'END'
irc A $IRC a
say A OPER root word
until A .* 381 .*
say A DIE
over A
END
    wait "$IRC_PID"
    wait_for 5 services ircd-lite -eq 0
}

@test "descriptors run out: one is told, who is there goes on, all recovers" {
    ircd-lite() {
        ulimit -n 40
        exec "$BATS_TEST_TMPDIR/bin/ircd-lite" "$@"
    }
    start_ircd
    talk 20 < <(
        echo "irc A $IRC a"
        for n in {1..60}; do echo "open C$n $IRC"; done
        echo "wait grep -q 'no new connections' $IRC_LOG"
        echo 'say A PING x'
        echo 'until A .*PONG.*'
        for n in {1..60}; do echo "close C$n"; done
        echo "irc B $IRC b"
    )
    # Told by the descriptor kept for this, before it waits.
    run timeout 20 perl -MIO::Socket::IP -e '
        my @c = map { IO::Socket::IP->new(PeerAddr => $ARGV[0]) } 1 .. 60;
        for my $c (reverse @c) {
            my $bits = "";
            vec($bits, $c->fileno, 1) = 1;
            next unless select($bits, undef, undef, 0.01);
            sysread $c, my $text, 1000;
            print $text;
        }' "$IRC"
    assert_output --partial 'ERROR :Closing Link: too many connections'
}

@test "as root: the server and the helper are somebody else" {
    need_root "another user"
    start_ircd -- -u daemon
    for p in $(server_pid) $(helper_pid); do
        assert_equal "$(awk '/^Uid/ {print $2, $3, $4}' "/proc/$p/status")" \
            "$(id -u daemon) $(id -u daemon) $(id -u daemon)"
        assert_equal "$(awk '/^NoNewPrivs/ {print $2}' "/proc/$p/status")" 1
    done
    shown_as "$IRC" '127\.0\.0\.1'
}

# ---- files -----------------------------------------------------------------------------

kline_ircd() {
    start_ircd < <(oper; echo "klines file \"$PWD/klines\"")
}

@test "K-lines: written to their file, and there after a restart" {
    kline_ircd
    talk <<'END'
irc A $IRC a
say A OPER root word
until A .* 381 .*
say A KLINE *@192.0.2.1 :no more
sync A
END
    wait_for 10 grep -q '192\.0\.2\.1' klines
    old=$(server_pid)
    kill -KILL "$old"
    wait_for 10 another "$old" server_pid
    talk <<'END'
irc A $IRC a
say A OPER root word
until A .* 381 .*
say A STATS k
until A .* 216 .*192\.0\.2\.1.*
END
}

@test "K-lines on a full disk: operators are told, the old file stays" {
    kline_ircd
    talk <<END
irc A \$IRC a
say A OPER root word
until A .* 381 .*
say A KLINE *@192.0.2.1 :first
wait grep -q 192.0.2.1 klines
run prlimit --pid $IRC_PID --fsize=10:
say A KLINE *@192.0.2.2 :second
until A .*NOTICE.*klines: File too large.*
run prlimit --pid $IRC_PID --fsize=unlimited:
END
    grep -q '192\.0\.2\.1' klines
    run grep '192\.0\.2\.2' klines
    assert_failure
    run ls klines.*
    assert_failure
    irc_alive
}

@test "log file: made, written, opened anew at SIGHUP" {
    start_ircd <<<"log file \"$PWD/irc.txt\""
    [ -e irc.txt ]
    mv irc.txt irc.old
    kill -HUP "$IRC_PID"
    wait_log irc.txt 'configuration read again'
    kill -KILL "$(server_pid)"
    wait_log irc.txt 'ended by signal 9'
    run cat irc.old
    refute_output --partial 'signal 9'
}

@test "log file that cannot be opened: said at the start and at a reload" {
    start_ircd
    cp "$IRC_CONF" bad
    echo 'log file "/nowhere/at/all"' >>bad
    grep -v '^listen' bad >first
    run timeout 5 ircd-lite -f first -l "$PWD/l.sock" -R "$PWD/run"
    assert_failure 1
    [ ! -e l.sock ]
    assert_output --partial '/nowhere/at/all: No such file or directory'
    cp bad "$IRC_CONF"
    reload '/nowhere/at/all: No such file.*stays in force'
    irc_alive
}

# ---- options ----------------------------------------------------------------------------

@test "-n: ok, or file, line and what was expected" {
    echo 'server "irc.test.example" {}' >good
    run ircd-lite -n -f good
    assert_success
    assert_output --regexp 'good: ok$'
    echo 'servant' >bad
    run ircd-lite -n -f bad
    assert_failure 1
    assert_output --regexp '^ircd-lite: .*bad:1: '
    run ircd-lite -n -f missing
    assert_failure 1
    assert_output --partial missing
    run ircd-lite -n
    assert_success
}

@test "-H: a hash that OPER takes; an empty one is refused" {
    hash=$(echo 'pass word' | ircd-lite -H)
    [[ $hash == '$y$'* ]]
    run perl -e 'print crypt($ARGV[0], $ARGV[1])' 'pass word' "$hash"
    assert_output "$hash"
    run ircd-lite -H </dev/null
    assert_failure 1
    run ircd-lite -H <<<''
    assert_failure 1
    assert_output --partial 'a password has 1 to'
}

@test "-d: in the background once it listens, its id in the lock file" {
    mkdir -m 700 run.d
    printf '%s\n' 'server "irc.test.example" {}' "log file \"$PWD/irc.txt\"" \
        >conf
    run timeout 10 ircd-lite -d -f conf -l "$PWD/irc.sock" -R "$PWD/run.d" 3>&-
    assert_success
    assert_output --partial "listening on $PWD/irc.sock"
    shown_as "$PWD/irc.sock" '.*'
    PARENT=$(cat run.d/ircd-lite.lock)
    [ -n "$(PARENT=$PARENT server_pid)" ]
    kill -HUP "$PARENT"
    wait_log irc.txt 'configuration read again'
    kill "$PARENT"
    wait_for 10 services ircd-lite -eq 0
    assert [ -e run.d/ircd-lite.lock ]
    refute [ -s run.d/ircd-lite.lock ]
}

@test "-l beside the built-in configuration: its own listener stays closed" {
    start ircd ircd-lite -l 127.0.0.1:0 -R "$PWD/run" </dev/null
    wait_log ircd.log "listening on $PWD/run/ircd-lite.sock"
    assert_equal "$(log_count ircd.log 'listening on')" 2
}
