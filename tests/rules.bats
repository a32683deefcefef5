#!/usr/bin/env bats
# Who may what: -b, -c, -a, -A and what holds without them; what vsapd says
# when it refuses, at a request and at its start.

load lib/common

# Two ports that are free now, one behind the other, in PORT and PORT2.
two_ports() {
    PORT=$(python3 -c 'import socket
while True:
    a, b = socket.socket(), socket.socket()
    try:
        a.bind(("127.0.0.1", 0))
        b.bind(("127.0.0.1", a.getsockname()[1] + 1))
    except (OSError, OverflowError):
        continue
    print(a.getsockname()[1])
    break')
    PORT2=$((PORT + 1))
    export PORT PORT2
}

# What one request is answered with, after the prefix.
answer() { # REQUEST [ADDR]
    vsap_lines "${2:-$CONTROL}" "$1" QUIT | sed -n '1s/^VSAP.0.1 //p'
}

# Network and mounts of our own, with addresses that a wildcard must not
# reach (and some that it may).  In it: in_net COMMAND; vsapd runs there.
own_net() {
    need_netns
    mkdir -p etc
    cat >etc/hosts <<'END'
127.0.0.1 localhost evil.test
::1 localhost six.test
169.254.169.254 metadata.test
::ffff:127.0.0.1 mapped.test
10.9.8.7 good.test
END
    start net unshare -nm sh -c '
        mount --make-rprivate / && mount --bind "$1/etc/hosts" /etc/hosts &&
        mount -t tmpfs none /run && ip link set lo up &&
        for a in 10.9.8.7 169.254.169.254 198.51.100.7 fe80::7 2001:db8::7; do
            case $a in *:*) n=128 ;; *) n=32 ;; esac
            ip addr add $a/$n dev lo $([ $n = 32 ] || echo nodad) || exit
        done
        echo ready; exec sleep 1000' - "$BATS_TEST_TMPDIR" </dev/null
    NET_PID=$PID
    wait_log "$LOG" '^ready' || lacking "no network namespaces here"
    vsapd() { exec nsenter -t "$NET_PID" -n -m -- "$BATS_TEST_TMPDIR/bin/vsapd" "$@"; }
    in_net() { nsenter -t "$NET_PID" -n -m --wd="$PWD" -- "$@"; }
    talk_there() { in_net perl "$ROOT/tests/tools/vsapline" "$@" 3>&- 4>&-; }
}

passwords() { # USER PASSWORD [SETTING]...: lines of ./passwords
    perl -e 'while (@ARGV) { my ($u, $p) = splice @ARGV, 0, 2;
        print "$u:", crypt($p, "\$y\$j75\$saltsalt"), "\n" }' "$@" >passwords
    chmod 600 passwords
}

# vsapd does not start: status 1, and what is said is like PATTERN.
refuses() { # PATTERN arg...
    local want=$1

    shift
    run timeout 10 vsapd "$@" </dev/null
    echo "vsapd $*"
    assert_failure 1
    refute_output --partial "listening"
    assert_line --index 0 --regexp "^vsapd: .*$want"
}

# ---- BIND ------------------------------------------------------------------

@test "without rules: loopback above 1023, names, paths, nothing else" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 .*
say A BIND [::1]:0
hear A .* 210 2 .*
say A BIND name:n
hear A .* 210 3 .*
say A BIND /tmp/p
hear A .* 210 4 .*
say A BIND :0
hear A VSAP/0\.1 410 forbidden: no rule permits anonymous to bind :0 .*-b.*
say A BIND 127.0.0.1:80
hear A .* 410 .*
say A BIND 0.0.0.0:0
hear A .* 410 .*
say A BIND [::]:0
hear A .* 410 .*
say A BIND 192.0.2.1:8080
hear A .* 410 .*
END
}

@test "-b: these ports and no other, for everybody" {
    two_ports
    start_vsapd -b "$PORT-$PORT2"
    talk <<'END'
open A $CONTROL
say A BIND :$PORT
hear A .* 210 1 0\.0\.0\.0:$PORT bound\.
say A BIND 127.0.0.1:$PORT2
hear A .* 210 2 127\.0\.0\.1:$PORT2 bound\.
say A BIND 127.0.0.1:55
hear A .* 410 .*
say A BIND 127.0.0.1:0
hear A .* 510 not bound 127\.0\.0\.1:0: .*
say A BIND name:still
hear A .* 210 3 .*
open B $CONTROL_UNIX
say B BIND 127.0.0.1:55555
hear B .* 410 .*
END
}

@test "-b: port 0 is a free one of the range" {
    two_ports
    start_vsapd -b "$PORT-$PORT2"
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 127\.0\.0\.1:(?<p>\d+) bound\.
run test $p = $PORT -o $p = $PORT2
say A BIND 127.0.0.1:0
hear A .* 210 2 127\.0\.0\.1:(?<q>\d+) bound\.
run test $p != $q -a \( $q = $PORT -o $q = $PORT2 \)
END
}

@test "-b with an address permits that address only; several add up" {
    two_ports
    start_vsapd -b "127.0.0.1:$PORT" -b "127.0.0.2:$PORT,$PORT2"
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:$PORT
hear A .* 210 1 .*
say A BIND 127.0.0.2:$PORT2
hear A .* 210 2 .*
say A BIND 127.0.0.1:$PORT2
hear A .* 410 .*
say A BIND :$PORT2
hear A .* 410 .*
say A BIND 127.0.0.3:$PORT
hear A .* 410 .*
END
}

@test "a port that another program has is 510, and says so" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A BIND $T
hear A VSAP/0\.1 510 not bound $T: Address already in use: by another program on the gateway
END
}

@test "every address and one of them on one port: 510 names what is bound" {
    two_ports
    start_vsapd -b "$PORT"
    talk <<'END'
open A $CONTROL
say A BIND :$PORT
hear A .* 210 1 .*
say A BIND 127.0.0.1:$PORT
hear A VSAP/0\.1 510 not bound 127\.0\.0\.1:$PORT: in use: 0\.0\.0\.0:$PORT is bound by anonymous
END
}

# ---- owners ----------------------------------------------------------------

@test "a second user's BIND of an owned port is 510" {
    passwords alice one bob two
    start_vsapd -A passwords
    talk <<'END'
open A $CONTROL
say A AUTH alice:one
hear A .* 200 OK
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
open B $CONTROL
say B AUTH bob:two
hear B .* 200 OK
say B BIND $b
hear B VSAP/0\.1 510 not bound $b: in use by user:alice
open C $CONTROL_UNIX
say C AUTH alice:one
hear C .* 200 OK
say C BIND $b
hear C .* 210 1 $b .*
close A
close C
say B BIND $b
hear B .* 510 .* in use by user:alice
END
}

@test "the owner of an address is the user, else the uid, else anonymous" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND name:a
hear A .* 210 1 .*
open U $CONTROL_UNIX
say U BIND name:u
hear U .* 210 1 .*
say A BIND name:u
hear A .* 510 .*
say U BIND name:a
hear U .* 510 .* in use by anonymous
open X $CONTROL_UNIX
say X BIND name:u
hear X .* 210 1 .*
END
    wait_log "$VSAPD_LOG" "bind name:u by uid:$(id -u) at"
}

# ---- CONNECT ---------------------------------------------------------------

@test "-c '*:port' reaches no loopback address by any spelling" {
    talk 60 <<'END' >trap.log 2>&1 &
listen T
run echo "$T" >target.new && mv target.new target
accept P T
run echo reached
END
    STARTED+=("$!")
    wait_for 5 test -e target
    port=$(port_of "$(cat target)")
    start_vsapd -c "*:$port" -c '0.0.0.0/0:*' -c '[::]/0:*'
    for host in 127.0.0.1 localhost LocalHost localhost. 127.1 127.0.1 \
        0x7f.1 0x7f000001 2130706433 017700000001 0177.0.0.1 127.000.000.001 \
        0.0.0.0 0 00 '[::1]' '[::]' '[0:0:0:0:0:0:0:1]' '[::ffff:127.0.0.1]' \
        '[::ffff:7f00:1]' '[::127.0.0.1]' '[::ffff:0:127.0.0.1]' \
        '[64:ff9b::127.0.0.1]' '[64:ff9b:1::127.0.0.1]' '[2002:7f00:1::]' \
        '[::ffff:0.0.0.0]' 127.255.255.254 ip6-localhost "$(hostname)" \
        localhost.localdomain '' '*' '[::1%lo]' '127.0.0.1.' ::1; do
        run answer "CONNECT $host:$port"
        echo "$host: $output"
        assert_output --regexp '^(410|540) '
    done
    run answer "CONNECT $port"
    assert_output --regexp '^(410|540) '
    run grep reached trap.log
    assert_failure
}

@test "-c '*:port' reaches no link-local and metadata address by any spelling" {
    start_vsapd -c '*:80'
    for host in 169.254.169.254 169.254.1.1 0xa9fea9fe 2852039166 \
        0251.0376.0251.0376 169.254.43518 '[::ffff:169.254.169.254]' \
        '[::ffff:a9fe:a9fe]' '[::169.254.169.254]' '[64:ff9b::a9fe:a9fe]' \
        '[2002:a9fe:a9fe::]' '[fe80::1]' '[fe80::1%lo]' 224.0.0.1 \
        255.255.255.255 '[ff02::1]'; do
        run answer "CONNECT $host:80"
        echo "$host: $output"
        # Refused by rule or by grammar; nothing was tried.
        assert_output --regexp '^(410 |540 .*(column|is not an))'
    done
}

@test "names that lead to guarded addresses are refused, others reached" {
    own_net
    start_vsapd -l 127.0.0.1:0 -c '*:7777' -c '*.test:7777'
    talk_there <<'END'
listen L 127.0.0.1:7777
listen M 169.254.169.254:7777
listen G 10.9.8.7:7777
listen X [2001:db8::7]:7777
open A $CONTROL
say A CONNECT evil.test:7777
hear A .* 410 .*
say A CONNECT six.test:7777
hear A .* 410 .*
say A CONNECT metadata.test:7777
hear A .* 410 .*
say A CONNECT METADATA.TEST.:7777
hear A .* (410|540) .*
say A CONNECT mapped.test:7777
hear A .* (410|540) .*
say A CONNECT 169.254.169.254:7777
hear A .* 410 .*
say A CONNECT good.test:7777
hear A .* 240 1 10\.9\.8\.7:\d+ good\.test:7777 connected\.
say A CONNECT 10.9.8.7:7777
hear A .* 240 2 .*
say A CONNECT [2001:db8::7]:7777
hear A .* 240 3 .*
say A CONNECT [::ffff:10.9.8.7]:7777
hear A .* 240 4 .*
say A CONNECT good.test:7778
hear A .* 410 .*
END
}

@test "a rule that names a guarded address reaches it" {
    talk 60 <<'END' >target.log 2>&1 &
listen T
run echo "$T" >target.new && mv target.new target
accept P T
accept Q T
accept R T
run cat hold
END
    STARTED+=("$!")
    mkfifo hold
    wait_for 5 test -e target
    T=$(cat target)
    port=$(port_of "$T")
    for rule in "127.0.0.1:$port" "127.0.0.0/8:*" "localhost:$port"; do
        VSAPD_NAME=gw$((++n)) start_vsapd -c "$rule"
        run answer "CONNECT localhost:$port"
        assert_output --partial "connected."
    done
    # The rule for the name has the name's two addresses, and no others.
    run answer "CONNECT 127.0.0.1:$port"
    assert_output --partial "connected."
    run answer "CONNECT 127.0.0.2:$port"
    assert_output --regexp '^410 '
}

@test "-c by name and network: what it says, not its neighbours" {
    own_net
    start_vsapd -l 127.0.0.1:0 -c '*.test:7777' -c '10.9.0.0/16:7778'
    talk_there <<'END'
listen G 10.9.8.7:7777
listen H 10.9.8.7:7778
open A $CONTROL
say A CONNECT good.test:7777
hear A .* 240 .*
say A CONNECT GOOD.test:7777
hear A .* 240 .*
say A CONNECT 10.9.8.7:7777
hear A .* 410 .*
say A CONNECT 10.9.8.7:7778
hear A .* 240 .*
say A CONNECT good.test:7778
hear A .* 240 .*
say A CONNECT 10.10.8.7:7778
hear A .* 410 .*
say A CONNECT test:7777
hear A .* 410 .*
say A CONNECT good.test.evil.org:7777
hear A .* 410 .*
END
}

@test "FORWARD goes by the same rules as CONNECT" {
    start_vsapd -c '*:80'
    talk <<'END'
open A $CONTROL
say A BIND name:f
hear A .* 210 .*
say A FORWARD 127.0.0.1:81
hear A .* 410 .*
say A FORWARD 127.0.0.1:80
hear A .* 410 .*
say A FORWARD 169.254.169.254:80
hear A .* 410 .*
say A FORWARD /tmp/x
hear A .* 5[0-9][0-9] .*
END
}

@test "a stranger gets to the gateway's own control port by no wildcard" {
    own_net
    start_vsapd -l 10.9.8.7:0 -l 127.0.0.1:0 -c '*:*' -c '10.0.0.0/8:*'
    LOCAL=$(listening_on "$VSAPD_LOG" 2)
    LPORT=$(port_of "$LOCAL")
    PORT=$(port_of "$CONTROL")
    export LOCAL LPORT PORT
    talk_there <<'END'
open A $CONTROL 198.51.100.7
reset A
open A $CONTROL 10.9.8.7
say A CONNECT 10.9.8.7:$PORT
hear A .* 410 .*
say A CONNECT [::ffff:10.9.8.7]:$PORT
hear A .* 410 .*
say A CONNECT $LOCAL
hear A .* 410 .*
say A CONNECT good.test:$PORT
hear A .* 410 .*
say A BIND 10.9.8.7:0
hear A .* 410 .*
say A BIND name:x
hear A .* 410 .*
say A CONNECT name:x
hear A .* 410 .*
say A BIND /tmp/x
hear A .* 410 .*
END
}

# ---- admission -------------------------------------------------------------

@test "-a: who is not admitted is reset, and the log says who" {
    start_vsapd -a 127.0.0.2 -a 127.3.0.0/16
    talk <<'END'
open A $CONTROL 127.0.0.1
reset A
open B $CONTROL 127.0.0.2
say B ECHO x
hear B .* x
open C $CONTROL 127.3.9.9
say C ECHO x
hear C .* x
open D $CONTROL_UNIX
say D ECHO x
hear D .* x
END
    wait_log "$VSAPD_LOG" '^vsapd: 127\.0\.0\.1:[0-9]+: not admitted \(vsapd -a\)'
}

@test "without -a: loopback and private ranges, nobody else" {
    own_net
    start_vsapd -l :0 -b 5000
    PORT=$(port_of "$CONTROL") talk_there <<'END'
open A 127.0.0.1:$PORT
say A ECHO x
hear A .* x
open B 10.9.8.7:$PORT 10.9.8.7
say B BIND :5000
hear B .* 210 1 .*
open C 198.51.100.7:$PORT 198.51.100.7
reset C
open D [2001:db8::7]:$PORT 2001:db8::7
reset D
END
}

# ---- AUTH ------------------------------------------------------------------

@test "with -A nothing but ECHO, HELP and QUIT goes before AUTH" {
    passwords me right
    start_vsapd -A passwords
    for ask in BIND 'BIND name:x' 'LISTEN 1' ACCEPT 'CONNECT 127.0.0.1:1' \
        'FORWARD 127.0.0.1:1' STAT 'STAT -j'; do
        for to in "$CONTROL" "$CONTROL_UNIX"; do
            run answer "$ask" "$to"
            assert_output --regexp '^410 forbidden'
        done
    done
    talk <<'END'
open A $CONTROL
say A ECHO x
hear A .* 200 .*
send A RELAY\r\nAUTH me:right\r\n
hear A .* 410 .*
eof A
END
}

@test "wrong passwords, unknown users and half ones are 410" {
    passwords me Sesame 'co' 'lon:s:in'
    start_vsapd -v -A passwords
    talk 30 <<'END'
open A $CONTROL
say A AUTH me:Sesam
hear A VSAP/0\.1 410 forbidden.*
say A AUTH you:Sesame
hear A VSAP/0\.1 410 forbidden.*
say A AUTH me
hear A VSAP/0\.1 410 .*
say A AUTH co:
hear A VSAP/0\.1 410 .*
say A AUTH :Sesame
hear A VSAP/0\.1 410 .*
say A AUTH x{300}:Sesame
hear A VSAP/0\.1 410 .*
say A BIND name:x
hear A .* 410 .*
say A AUTH me:Sesame
hear A .* 200 OK
say A AUTH me:Sesame
hear A .* 500 .*
say A BIND name:x
hear A .* 210 1 .*
open B $CONTROL
say B AUTH co:lon:s:in
hear B .* 200 OK
END
    run grep -cE 'Sesam|lon:s' "$VSAPD_LOG"
    assert_output 0
    grep -q 'AUTH \*\*\*' "$VSAPD_LOG"
}

@test "sixteen wrong passwords end the session" {
    passwords me right
    start_vsapd -A passwords
    {
        for i in $(seq 15); do printf 'AUTH me\r\n'; done
        printf 'AUTH me:wrong\r\nAUTH me:right\r\nBIND name:x\r\n'
    } >lines
    timeout 20 nc.openbsd -N $(nc_words "$CONTROL") <lines >out
    grep -q ' 501 ' out
    ! grep -E ' 2[01]0 ' out
}

@test "a slow hash delays its own session only" {
    {
        printf 'slow:'
        perl -e 'print crypt("pw", "\$6\$rounds=900000\$salt"), "\n"'
    } >passwords
    chmod 600 passwords
    start_vsapd -A passwords
    talk 60 <<'END'
open A $CONTROL
say A AUTH slow:pw
open B $CONTROL
say B ECHO 1
hear B .* 1
say B ECHO 2
hear B .* 2
quiet A
hear A .* 200 OK
END
}

@test "one who leaves while its password is checked harms nobody" {
    passwords me right
    start_vsapd -A passwords
    talk <<'END'
open A $CONTROL
say A AUTH me:right
rst A
open B $CONTROL
say B AUTH me:wrong
close B
open C $CONTROL
say C AUTH me:right
hear C .* 200 OK
END
    assert_alive
}

@test "a malformed password file is refused with its line" {
    printf 'me:$6$salt$x\n' >passwords
    chmod 600 passwords
    refuses 'nosuch.*No such file' -R "$PWD/run" -l 127.0.0.1:0 -A nosuch
    printf '# fine\n\nnonsense\n' >passwords
    refuses 'passwords:3: .*user:hash' -R "$PWD/run" -l 127.0.0.1:0 -A passwords
    printf 'me:plainpassword\n' >passwords
    refuses 'passwords:1: .*crypt' -R "$PWD/run" -l 127.0.0.1:0 -A passwords
    refute_output --partial plainpassword
    printf ':x\n' >passwords
    refuses 'passwords:1: ' -R "$PWD/run" -l 127.0.0.1:0 -A passwords
    printf '# nobody\n' >passwords
    refuses 'passwords: .*no user' -R "$PWD/run" -l 127.0.0.1:0 -A passwords
    passwords me right
    chmod 644 passwords
    refuses 'passwords: .*(others|chmod)' -R "$PWD/run" -l 127.0.0.1:0 \
        -A passwords
}

@test "SIGHUP reads the passwords again; a bad file changes nothing" {
    passwords me old
    start_vsapd -A passwords
    passwords me new
    kill -HUP "$VSAPD_PID"
    wait_log "$VSAPD_LOG" 'passwords: read again'
    run answer "AUTH me:new"
    assert_output "200 OK"
    run answer "AUTH me:old"
    assert_output --regexp '^410 '
    echo rubbish >passwords
    kill -HUP "$VSAPD_PID"
    wait_log "$VSAPD_LOG" 'passwords:1: .*stay in force'
    run answer "AUTH me:new"
    assert_output "200 OK"
}

# ---- start -----------------------------------------------------------------

@test "a listener for strangers without a rule for them is refused" {
    for l in :0 '*:0' 0.0.0.0:0 '[::]:0'; do
        refuses 'nothing is permitted.*-b .*-c .*-r ' -R "$PWD/run" -l "$l"
    done
    start_vsapd -l :0 -b 8080
    [[ $CONTROL == 0.0.0.0:* ]]
}

@test "vsapd without arguments works and is harmless" {
    own_net
    start plain vsapd </dev/null
    wait_log "$LOG" 'listening on 127.0.0.1:8706'
    wait_log "$LOG" 'listening on /run/vsapd/vsapd.sock'
    talk_there <<'END'
open A 127.0.0.1:8706
say A BIND 127.0.0.1:0
hear A .* 210 1 .*
open B /run/vsapd/vsapd.sock
say B ECHO x
hear B .* x
refused 10.9.8.7:8706
run test "$(stat -c %a /run/vsapd/vsapd.sock)" = 600
END
}

@test "as a user it lives in XDG_RUNTIME_DIR, as root it gives up root" {
    own_net
    need setpriv
    start plain vsapd -l 127.0.0.1:0 -R "$PWD/run" </dev/null
    wait_log "$LOG" 'control started'
    pid=$(sed -n 's/.*control started (pid \([0-9]*\)).*/\1/p' "$LOG")
    user=$(id -u vsapd 2>/dev/null || id -u nobody)
    is_user() {
        [ "$(awk '/^Uid/ { print $2, $3, $4 }' "/proc/$1/status")" = \
            "$user $user $user" ]
    }
    wait_for 5 is_user "$pid"
    kill "$PID"
    wait_for 5 is_gone "$PID"
    chmod 711 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test
    chmod 755 bin
    mkdir xdg
    chown nobody xdg
    chmod 700 xdg
    user() { exec nsenter -t "$NET_PID" -n -m -- setpriv --reuid nobody \
        --regid nogroup --clear-groups env XDG_RUNTIME_DIR="$PWD/xdg" \
        "$BATS_TEST_TMPDIR/bin/vsapd"; }
    start user user </dev/null
    wait_log "$LOG" "listening on $PWD/xdg/vsapd/vsapd.sock"
    wait_log "$LOG" 'listening on 127.0.0.1:8706'
    [ "$(stat -c %a xdg/vsapd/vsapd.sock)" = 600 ]
}

@test "-g opens the UNIX socket to a group" {
    group=$(id -gn)
    start_vsapd -g "$group"
    [ "$(stat -c '%a %G' "$CONTROL_UNIX")" = "660 $group" ]
    VSAPD_NAME=other start_vsapd
    [ "$(stat -c %a "$CONTROL_UNIX")" = 600 ]
}

@test "a stale socket is replaced, a live one and a file are not" {
    start_vsapd
    refuses "another vsapd runs here \(pid $VSAPD_PID\).*-R" -R "$VSAPD_DIR" \
        -l 127.0.0.1:0
    refuses "vsapd.sock.*another" -R "$PWD/run2" -l "$CONTROL_UNIX"
    kill -KILL $(pids_of vsapd) $(pids_of vsap-relay)
    wait_for 5 is_gone "$VSAPD_PID"
    [ -S "$CONTROL_UNIX" ]
    start_vsapd
    run answer "ECHO again" "$CONTROL_UNIX"
    assert_output --partial again
    echo precious >file
    refuses "file.*no socket is in the way" -R "$PWD/run3" -l "$PWD/file"
    [ "$(cat file)" = precious ]
}

@test "a port in use: the message names it and what to do" {
    start_vsapd
    refuses "$CONTROL: .*in use.*another address" -R "$PWD/run2" -l "$CONTROL"
}

@test "a run directory that others may write to is refused" {
    mkdir open
    chmod 777 open
    refuses 'open: .*no one else' -R "$PWD/open" -l 127.0.0.1:0
    refuses 'file/x: ' -R /etc/passwd/file/x -l 127.0.0.1:0
}

@test "every mistyped option has a readable message" {
    local r=(-R "$PWD/run")

    refuses '-l foo: .*port' "${r[@]}" -l foo
    refuses '-l 127.0.0.1:99999: .*65535' "${r[@]}" -l 127.0.0.1:99999
    refuses '-l 1.2.3.4.5:80: .*IPv4' "${r[@]}" -l 1.2.3.4.5:80
    refuses '-l name:x: ' "${r[@]}" -l name:x
    refuses '-l : ?.*(empty|address)' "${r[@]}" -l ''
    refuses '-l relative/path: ' "${r[@]}" -l relative/path
    refuses '-b x: .*port' "${r[@]}" -b x
    refuses '-b 0: .*port' "${r[@]}" -b 0
    refuses '-b 99999: .*65535' "${r[@]}" -b 99999
    refuses '-b 81-80: .*write 80-81' "${r[@]}" -b 81-80
    refuses '-b example.org:80: .*address' "${r[@]}" -b example.org:80
    refuses '-b : ?.*empty' "${r[@]}" -b ''
    refuses '-c 80: .*host' "${r[@]}" -c 80
    refuses '-c \*\.example\.org: .*port' "${r[@]}" -c '*.example.org'
    refuses '-c ex ample:80: .*blank' "${r[@]}" -c 'ex ample:80'
    refuses '-c 10\.0\.0\.\*:80: .*network' "${r[@]}" -c '10.0.0.*:80'
    refuses '-c ::1:80: .*bracket' "${r[@]}" -c ::1:80
    refuses '-a 10\.0\.0\.0/33: .*0 to 32' "${r[@]}" -a 10.0.0.0/33
    refuses '-a 300.1.1.1: ' "${r[@]}" -a 300.1.1.1
    refuses '-a example.org: ' "${r[@]}" -a example.org
    refuses '-j 0: .*1 to 64' "${r[@]}" -j 0
    refuses '-j many: ' "${r[@]}" -j many
    refuses '-R run: .*absolute' -R run
    refuses '-r nowhere:x: .*port' "${r[@]}" -r nowhere:x
    refuses '-r ' "${r[@]}" -r ''
    refuses '-u nobody-there: (the system has no such user|only root)' "${r[@]}" -u nobody-there
    refuses '-g nobody-there: no such group' "${r[@]}" -g nobody-there
    refuses 'stray: .*not an option' "${r[@]}" stray
    run timeout 10 vsapd -Z
    assert_failure 1
    assert_output --regexp "invalid option -- 'Z'.*usage: vsapd"
    run timeout 10 vsapd -l
    assert_failure 1
    assert_output --regexp "requires an argument -- 'l'.*usage: vsapd"
    run vsapd -i </dev/null
    assert_failure 1
    assert_output --partial "inetd"
}
