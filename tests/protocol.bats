#!/usr/bin/env bats
# The protocol of vsapd, byte by byte: every verb and reply, how lines may
# come, what is refused, and that no byte is lost on the way to the stream.

load lib/common

# Ticks of processor time that the gateway's processes have used.
ticks() {
    local p sum=0 n

    for p in $(pids_of vsapd); do
        n=$(awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$p/stat")
        sum=$((sum + n))
    done
    echo "$sum"
}

# The transcript so far, with its line ends shown.
heard() { # FILE
    sed 's/\r$/<CRLF>/' "$1"
}

bound_nothing() {
    ! grep -E ': bind [^ ]+ by ' "$VSAPD_LOG"
}

# ---- the mail --------------------------------------------------------------

@test "the mail's session comes out over nc as printed there" {
    start_vsapd
    port=$(free_port)
    mkfifo keys
    nc.openbsd -N $(nc_words "$CONTROL") <keys >screen 2>/dev/null 3>&- &
    STARTED+=("$!")
    exec {keys}>keys
    printf 'BIND localhost:%s\n' "$port" >&"$keys"
    wait_for 5 grep -q 'bound' screen
    printf 'LISTEN 1\n' >&"$keys"
    wait_for 5 grep -q 'listen' screen
    printf 'ACCEPT\n' >&"$keys"
    mkfifo typed
    visitor=$(free_port)
    nc.openbsd -N -p "$visitor" 127.0.0.1 "$port" <typed >seen \
        3>&- {keys}>&- &
    STARTED+=("$!")
    exec {typed}>typed
    wait_for 5 grep -q 'accepted' screen
    printf 'RELAY\n' >&"$keys"
    printf 'from within\n' >&"$keys"
    wait_for 5 grep -q 'within' seen
    printf 'from outside\n' >&"$typed"
    wait_for 5 grep -q 'outside' screen
    exec {typed}>&- {keys}>&-
    wait_for 5 is_gone "${STARTED[-1]}" "${STARTED[-2]}"
    cat >want <<END
VSAP/0.1 210 1 127.0.0.1:$port bound.<CRLF>
VSAP/0.1 220 listen ok.<CRLF>
VSAP/0.1 230 1 127.0.0.1:$port 127.0.0.1:$visitor accepted.<CRLF>
from outside
END
    diff want <(heard screen)
    diff <(echo "from within") seen
}

@test "nothing is said before the first request" {
    start_vsapd
    talk <<'END'
open A $CONTROL
open B $CONTROL
say B ECHO
hear B VSAP/0.1 200 .*
quiet A
fin A
eof A
END
}

# ---- every verb ------------------------------------------------------------

@test "ECHO answers time and text, blanks and all" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A ECHO a  b	c 
hear A VSAP/0\.1 200 \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [-+]\d{4}\] a  b	c 
say A ECHO
hear A VSAP/0\.1 200 \[[^]]*\] 
END
}

@test "AUTH where nobody has to say it is OK, whatever it says" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A AUTH any:thing
hear A VSAP/0.1 200 OK
say A AUTH thing
hear A VSAP/0.1 200 OK
END
}

@test "BIND takes every form of the grammar and names what is bound" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A VSAP/0\.1 210 1 127\.0\.0\.1:(?<p>\d+) bound\.
say A BIND localhost:0
hear A VSAP/0\.1 210 2 127\.0\.0\.1:\d+ bound\.
say A BIND LOCALHOST:0 -l=7
hear A VSAP/0\.1 210 3 127\.0\.0\.1:\d+ bound\.
say A BIND /tmp/one
hear A VSAP/0\.1 210 4 /tmp/one bound\.
say A BIND name:two
hear A VSAP/0\.1 210 5 name:two bound\.
say A BIND 127.1.2.3:0
hear A VSAP/0\.1 210 6 127\.1\.2\.3:\d+ bound\.
open V 127.0.0.1:$p
END
}

@test "BIND of every address is shown as 0.0.0.0 in every spelling" {
    start_vsapd -b 1024-65535
    talk <<'END'
open A $CONTROL
say A BIND :0
hear A VSAP/0\.1 210 1 0\.0\.0\.0:(?<p>\d+) bound\.
say A BIND *:$p
hear A VSAP/0\.1 210 2 0\.0\.0\.0:$p bound\.
say A BIND $p
hear A VSAP/0\.1 210 3 0\.0\.0\.0:$p bound\.
say A BIND 0.0.0.0:$p
hear A VSAP/0\.1 210 4 0\.0\.0\.0:$p bound\.
say A BIND [::]:$p
hear A VSAP/0\.1 210 5 0\.0\.0\.0:$p bound\.
say A BIND
hear A VSAP/0\.1 210 6 0\.0\.0\.0:\d+ bound\.
END
}

@test "LISTEN says listen ok, and for a SID that is named" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 .*
say A BIND name:b
hear A .* 210 2 .*
say A LISTEN 5
hear A VSAP/0\.1 220 listen ok\.
say A LISTEN #1 9
hear A VSAP/0\.1 220 listen ok\.
say A LISTEN #3 9
hear A VSAP/0\.1 520 .*BIND.*
END
}

@test "ACCEPT without a socket, with words it does not know, in vain: 530" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A ACCEPT
hear A VSAP/0\.1 530 no socket to accept: BIND first
say A BIND 127.0.0.1:0
hear A .* 210 1 .*
say A ACCEPT 1
hear A VSAP/0\.1 530 accept fail: write ACCEPT .*
say A ACCEPT -t=x
hear A VSAP/0\.1 530 .*
say A ACCEPT #2
hear A VSAP/0\.1 530 .*
say A ACCEPT -t=1
hear A VSAP/0\.1 530 accept fail: nobody came in time
say A ECHO still here
hear A .* 200 .*still here
END
}

@test "CONNECT: both addresses, and the reason why not" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A CONNECT $T
accept P T
hear A VSAP/0\.1 240 1 127\.0\.0\.1:\d+ $T connected\.
say A CONNECT 127.0.0.1:1
hear A VSAP/0\.1 540 cannot connect 127\.0\.0\.1:1: Connection refused
eof P
say A CONNECT name:nobody
hear A VSAP/0\.1 540 cannot connect name:nobody: .*
say A CONNECT localhost:1
hear A VSAP/0\.1 540 cannot connect localhost:1: .*
say A CONNECT /tmp/nothing
hear A VSAP/0\.1 540 cannot connect /tmp/nothing: .*
say A CONNECT
hear A VSAP/0\.1 540 .*
say A CONNECT $T -t=x
hear A VSAP/0\.1 540 .*
END
}

@test "STAT says who is bound, waiting, relayed; -j says it as JSON" {
    start_vsapd
    talk >out <<'END'
open A $CONTROL
send A BIND name:shown\r\nACCEPT\r\n
hear A .* 210 1 .*
open B $CONTROL_UNIX
say B STAT
hear B VSAP/0\.1 200-up \d+ s, sessions 2 of \d+, .*
hear B VSAP/0\.1 200-since start: .*
hear B VSAP/0\.1 200-bound name:shown by anonymous: .*acceptors waiting 1.*
hear B VSAP/0\.1 200 you are uid:\d+ .*
say B STAT -j
hear B VSAP/0\.1 200 (?<json>\{.*\})
run printf '%s\n' "$json"
say B STAT -x
hear B VSAP/0\.1 500 .*
END
    run python3 -c 'import json, sys
j = json.load(sys.stdin)
b = j["bound"][0]
print(j["sessions"], b["address"], b["owner"], b["waiting"])' <out
    assert_output "2 name:shown anonymous 1"
}

@test "STAT with thousands of names answers what there is room for" {
    start_vsapd
    cat >names.py <<'END'
import os, socket
host, port = os.environ["CONTROL"].rsplit(":", 1)
open_ = []

def ask(lines, n):
    s = socket.create_connection((host, int(port)))
    s.settimeout(20)
    f = s.makefile("rb")
    s.sendall(lines)
    open_.append(s)
    return [f.readline() for _ in range(n)] if n else f.read().split(b"\r\n")

for i in range(50):
    name = b"name:" + b"long" * 20
    for line in ask(b"".join(b"BIND %s-%d-%d\r\n" % (name, i, j)
                             for j in range(60)), 60):
        assert b" 210 " in line, line
text = ask(b"STAT\r\nQUIT\r\n", 0)
shown = sum(1 for line in text if b"200-bound" in line)
more = [line for line in text if line.startswith(b"VSAP/0.1 200-and ")]
assert shown > 500 and shown + int(more[0].split()[2]) == 3000, text[-4:]
assert text[-2] == b"VSAP/0.1 280 bye.", text[-4:]
json = ask(b"STAT -j\r\nQUIT\r\n", 0)
assert json[-2] == b"VSAP/0.1 280 bye.", json[-4:]
print("ok")
END
    run timeout 40 python3 names.py
    assert_output ok
}

@test "sixty-four BINDs on one connection, not one more" {
    start_vsapd
    for i in $(seq 65); do echo "BIND name:n$i"; done >lines
    timeout 10 nc.openbsd -N $(nc_words "$CONTROL") <lines | tr -d '\r' >out
    assert_equal "$(grep -c ' 210 ' out)" 64
    assert_equal "$(tail -n 1 out)" \
        "VSAP/0.1 510 not bound name:n65: no more than 64 on one connection"
}

@test "HELP lists every verb, HELP verb the one; the last line has no dash" {
    start_vsapd
    vsap_lines "$CONTROL" HELP QUIT >all
    for v in ECHO AUTH BIND LISTEN ACCEPT CONNECT RELAY FORWARD STAT HELP QUIT; do
        grep -qE "^VSAP/0.1 200-$v " all
    done
    assert_equal "$(grep -c '^VSAP/0.1 200 ' all)" 1
    run vsap_lines "$CONTROL" "help bind" QUIT
    assert_line --index 0 --regexp '^VSAP/0.1 200-BIND address '
    assert_line --index 1 --regexp '^VSAP/0.1 200 '
    assert_line --index 2 'VSAP/0.1 280 bye.'
}

@test "QUIT says bye and closes; what stands behind it is not run" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A QUIT\r\nBIND 127.0.0.1:0\r\n
bytes A VSAP/0.1 280 bye.\r\n
eof A
END
    bound_nothing
}

@test "an unknown verb is 500 with the line, and the session goes on" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A VSAP/0.1 SOCKET 1  2
bytes A VSAP/0.1 500 VSAP/0.1 SOCKET 1  2\r\n
say A BREAK
bytes A VSAP/0.1 500 BREAK\r\n
say A QUIT now
hear A VSAP/0\.1 500 QUIT: write QUIT
say A QUIT
hear A VSAP/0\.1 280 bye\.
END
}

# ---- how lines come --------------------------------------------------------

@test "byte by byte, each in its own packet" {
    start_vsapd
    talk 20 <<'END'
listen T
open A $CONTROL
drip A VSAP/0.1 BIND 127.0.0.1:0\r\n
hear A VSAP/0\.1 210 1 127\.0\.0\.1:(?<p>\d+) bound\.
drip A LISTEN 1\r\nACCEPT\r\n
hear A VSAP/0\.1 220 listen ok\.
open V 127.0.0.1:$p
hear A VSAP/0\.1 230 1 .*
drip A RELAY\r\nhello
bytes V hello
drip V there
bytes A there
open B $CONTROL
drip B CONNECT $T\r\nRELAY\r\nfirst
accept P T
bytes P first
END
}

@test "CRLF, LF, blanks, tabs, any case, any version; one prefix only" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A ECHO a\r\nECHO b\n\t  echo\tc\r\nVSAP/9.9 eChO d\nVSAP/ ECHO e\n
hear A .* 200 \[.*\] a
hear A .* 200 \[.*\] b
hear A .* 200 \[.*\] c
hear A .* 200 \[.*\] d
hear A .* 200 \[.*\] e
say A vsap/0.1 ECHO x
hear A .* 500 vsap/0.1 ECHO x
say A VSAP/0.1 VSAP/0.1 ECHO x
hear A .* 500 .*
say A ECHOx
hear A .* 500 ECHOx
END
}

@test "requests sent all at once are answered in order" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A ECHO 1\r\nBIND 127.0.0.1:0\r\nLISTEN 3\r\nCONNECT localhost:1\r\nBIND name:x\r\nECHO 2\r\nQUIT\r\n
hear A .* 200 .* 1
hear A .* 210 1 .*
hear A .* 220 .*
hear A .* 540 .*
hear A .* 210 2 name:x bound.
hear A .* 200 .* 2
hear A .* 280 .*
eof A
END
}

@test "a last line without its end is a request too" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A ECHO first\r\nECHO last
fin A
hear A .* first
hear A .* last
eof A
END
}

@test "1023 bytes are a line; its answer is cut, its line end is not" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A ECHO x{1018}\r\n
hear A VSAP/0\.1 200 .*x
send A ECHO x{1018}\n
hear A VSAP/0\.1 200 .*x
send A ECHO y\r\n
hear A .* y
END
}

@test "a line of 1024 bytes: 501 and the end, nothing behind it is run" {
    start_vsapd
    for end in '\r\n' '\n'; do
        talk <<END
open A \$CONTROL
send A ECHO x{1019}${end}BIND 127.0.0.1:0\r\n
hear A VSAP/0\.1 501 .*1023 bytes
eof A
END
    done
    # Where the original would have begun a new line.
    talk <<'END'
open A $CONTROL
send A ECHO x{1018}BIND 127.0.0.1:0\r\n
hear A VSAP/0\.1 501 .*
eof A
END
    bound_nothing
    assert_alive
}

@test "a line that never ends: 501, whoever goes on sending" {
    start_vsapd
    talk <<'END'
open A $CONTROL
flood A 300000
hear A VSAP/0\.1 501 .*
over A
open B $CONTROL
say B ECHO alive
hear B .* alive
END
}

@test "a NUL: 501 and the end" {
    start_vsapd
    for line in 'ECHO a\0b\r\n' '\0' 'ECHO a\0' 'ECHO a\r\n\0\r\n'; do
        talk <<END
open A \$CONTROL
send A ECHO before\r\n${line}BIND 127.0.0.1:0\r\n
hear A .* before
over A
END
    done
    talk <<'END'
open A $CONTROL
send A ECHO a\0b\r\nECHO c\r\n
hear A VSAP/0\.1 501 .*NUL.*
eof A
END
    bound_nothing
}

@test "bytes above 127 are echoed as they are" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A ECHO \xc3\xa4\xff\xfe\r\n
hear A .* 200 \[.*\] \xc3\xa4\xff\xfe
END
}

@test "more than 64 words: 501" {
    start_vsapd
    words=$(seq -s ' ' 65)
    talk <<END
open A \$CONTROL
say A ACCEPT $words
hear A VSAP/0\.1 501 .*
eof A
END
}

@test "sixteen errors end the session, and nothing behind them is run" {
    start_vsapd
    {
        for i in $(seq 20); do printf 'NONSENSE %s\r\n' "$i"; done
        printf 'BIND 127.0.0.1:0\r\n'
    } >lines
    timeout 10 nc.openbsd -N $(nc_words "$CONTROL") <lines | tr -d '\r' >out
    assert_equal "$(grep -c ' 500 ' out)" 16
    assert_equal "$(tail -n 1 out)" "VSAP/0.1 501 too many errors, good bye"
    bound_nothing
    talk <<'END'
open A $CONTROL
say A BIND :x
hear A .* 510 .*
say A AUTH a:b
hear A .* 200 .*
say A BIND :x
hear A .* 510 .*
END
}

@test "one who waits again and again in vain has made no error" {
    start_vsapd
    {
        printf 'BIND name:patient\r\n'
        for i in $(seq 20); do printf 'ACCEPT\r\n'; done
        printf 'ECHO here\r\n'
    } >lines
    timeout 10 nc.openbsd -N $(nc_words "$CONTROL") <lines | tr -d '\r' >out
    # Each is cancelled by the next: that is said, not held against one.
    run grep -c ' 530 ' out
    assert_output 20
    grep -q ' 200 .* here' out
}

# ---- refused by its looks --------------------------------------------------

@test "a web page's request drives nothing: curl -d 'BIND :0' is told 405" {
    start_vsapd
    run curl -s -m 10 -o /dev/null -w '%{http_code}' -d 'BIND 127.0.0.1:0' \
        "http://$CONTROL/"
    assert_output 405
    run curl -s -m 10 -X BIND -H 'Content-Type: text/plain' -o /dev/null \
        -w '%{http_code}' --data-binary $'\r\nBIND 127.0.0.1:0\r\n' \
        "http://$CONTROL/"
    assert_output 405
    run curl -s -m 10 --unix-socket "$CONTROL_UNIX" -o /dev/null \
        -w '%{http_code}' -d 'BIND :0' http://x/
    assert_output 405
    bound_nothing
    run grep -c 'HTTP 405' "$VSAPD_LOG"
    assert_output 3
}

@test "an HTTP request line or Host: ends it, at once or later" {
    start_vsapd
    for line in 'GET / HTTP/1.0' 'get / http/1.1' 'PRI * HTTP/2.0' \
        'Host: x' 'host: 127.0.0.1' '	HOST:y' 'CONNECT a:1 HTTP/1.1' \
        'ECHO x HTTP/1.1 ' 'BIND 127.0.0.1:0 HTTP/1.1'; do
        talk <<END
open A \$CONTROL
send A $line\r\nBIND 127.0.0.1:0\r\n
over A
open B \$CONTROL
send B ECHO x\r\n$line\r\nBIND 127.0.0.1:0\r\n
hear B .* 200 .* x
eof B
END
    done
    bound_nothing
}

@test "nothing behind a RELAY is a request: CONNECT fails, BIND is not run" {
    start_vsapd
    talk <<'END'
open A $CONTROL
send A CONNECT 127.0.0.1:1\r\nRELAY\r\nBIND :0\r\n
hear A VSAP/0.1 540 .*
hear A VSAP/0.1 501 .*
eof A
open B $CONTROL
send B RELAY x y z\r\nBIND 127.0.0.1:0\r\n
hear B VSAP/0.1 50[01] .*
eof B
open C $CONTROL
send C BIND 127.0.0.1:x\r\nRELAY -q\r\nBIND 127.0.0.1:0\r\n
hear C VSAP/0.1 510 .*
hear C VSAP/0.1 501 .*
eof C
open D $CONTROL
send D CONNECT name:none -t=1\r\nRELAY\r\nBIND 127.0.0.1:0\r\n
hear D VSAP/0.1 540 .*
hear D VSAP/0.1 501 .*
eof D
END
    bound_nothing
}

@test "what a peer sends is harmless in the log" {
    start_vsapd -v
    talk <<'END'
open A $CONTROL
send A BIND \x1b[31m:1\r\nNOPE \x1b]0;x\x07\r\nCONNECT \x1b[2J:80\r\n
hear A .* 510 .*
hear A .* 500 .*
hear A .* 540 .*
END
    wait_log "$VSAPD_LOG" 'connect.*2J'
    run grep -c $'\x1b' "$VSAPD_LOG"
    assert_output 0
}

# ---- the stream ------------------------------------------------------------

@test "not a byte is lost behind RELAY, however much comes with it" {
    start_vsapd
    head -c 3000000 /dev/urandom >blob
    for n in 1 2047 2048 8150 8192 8193 65536 3000000; do
        port=$(free_port)
        start sink socat -u "TCP-LISTEN:$port,bind=127.0.0.1" CREATE:got
        wait_listen "127.0.0.1:$port"
        {
            printf 'CONNECT 127.0.0.1:%s\r\nRELAY\r\n' "$port"
            head -c "$n" blob
        } >lines
        timeout 20 nc.openbsd -N $(nc_words "$CONTROL") <lines >out
        wait_for 10 is_gone "$PID"
        head -c "$n" blob | cmp - got
        assert_equal "$(wc -l <out)" 1
    done
}

@test "not a byte is lost behind RELAY pipelined with ACCEPT" {
    start_vsapd
    head -c 200000 /dev/urandom >blob
    for n in 1 2048 8192 8193 200000; do
        mkfifo keys
        nc.openbsd -N $(nc_words "$CONTROL") <keys >out 3>&- &
        STARTED+=("$!")
        exec {keys}>keys
        {
            printf 'BIND 127.0.0.1:0\r\nACCEPT\r\nRELAY\r\n'
            head -c "$n" blob
        } >&"$keys"
        addr=$(bound_on out)
        timeout 20 nc.openbsd -d $(nc_words "$addr") >got 3>&- {keys}>&- &
        pid=$!
        STARTED+=("$pid")
        wait_for 10 grep -q accepted out
        exec {keys}>&-
        wait_for 10 is_gone "$pid"
        head -c "$n" blob | cmp - got
        rm keys
    done
}

@test "what the peer sent before RELAY comes first" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 127.0.0.1:(?<p>\d+) .*
say A ACCEPT
open V 127.0.0.1:$p
send V early
hear A .* 230 .*
say A ECHO between
hear A .* between
say A RELAY
bytes A early
send A late
bytes V late
END
}

@test "half-close is carried by CONNECT, either side first" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
send A CONNECT $T\r\nRELAY\r\nquestion
fin A
accept P T
hear A .* 240 .*
bytes P question
eof P
send P answer
bytes A answer
close P
eof A
open A $CONTROL
send A CONNECT $T\r\nRELAY\r\n
accept P T
hear A .* 240 .*
send P all there is
fin P
bytes A all there is
eof A
send A thanks
bytes P thanks
fin A
eof P
END
}

@test "half-close is carried by ACCEPT, either side first" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 127.0.0.1:(?<p>\d+) .*
say A ACCEPT
open V 127.0.0.1:$p
send V question
fin V
hear A .* 230 .*
say A RELAY
bytes A question
eof A
send A answer
fin A
bytes V answer
eof V
open A $CONTROL
say A BIND 127.0.0.1:$p
hear A .* 210 1 .*
say A ACCEPT
open V 127.0.0.1:$p
hear A .* 230 .*
send A RELAY\r\nlast words
fin A
bytes V last words
eof V
send V and a reply
bytes A and a reply
END
}

@test "a peer that left meanwhile: RELAY delivers what it left, then the end" {
    start_vsapd
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 127.0.0.1:(?<p>\d+) .*
open V 127.0.0.1:$p
send V my testament
close V
say A ACCEPT
hear A .* 230 .*
say A RELAY
bytes A my testament
eof A
END
}

@test "a peer's reset is a reset for the other" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
send A CONNECT $T\r\nRELAY\r\n
hear A .* 240 .*
accept P T
send P x
bytes A x
rst P
over A
END
}

@test "RELAY -t ends a stream that is idle" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
send A CONNECT $T\r\nRELAY -t=1\r\nx
hear A .* 240 .*
accept P T
bytes P x
over A
over P
END
    wait_log "$VSAPD_LOG" 'end: 1 bytes in, 0 out'
}

@test "BIND before CONNECT chooses the source; a 240's address can be bound" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A BIND 127.0.0.77:0
hear A .* 210 1 127.0.0.77:\d+ bound.
say A CONNECT $T
hear A .* 240 2 127.0.0.77:\d+ $T connected.
open B $CONTROL
say B CONNECT $T
hear B .* 240 1 (?<ip>127.0.0.1):\d+ .*
open C $CONTROL
say C BIND $ip:0
hear C .* 210 1 127.0.0.1:\d+ bound.
say C CONNECT $T
hear C .* 240 2 127.0.0.1:\d+ .*
END
}

@test "another CONNECT closes the connection before it" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A CONNECT $T
hear A .* 240 1 .*
accept P T
say A CONNECT $T
hear A .* 240 2 .*
accept Q T
eof P
send A RELAY\r\nsecond
bytes Q second
END
}

@test "RELAY -f over TCP is refused, and plain RELAY still works" {
    start_vsapd
    talk <<'END'
listen T
open A $CONTROL
say A CONNECT $T
hear A .* 240 .*
accept P T
say A RELAY -f
hear A VSAP/0.1 500 .*say RELAY
send A RELAY\r\nplain
bytes P plain
END
}

# ---- those who do not behave -----------------------------------------------

@test "one who does not read its replies is not fed without end" {
    start_vsapd
    talk 30 <<'END'
open A $CONTROL
cram A ECHO hello\r\n
open B $CONTROL
say B ECHO others
hear B .* others
lines A $crammed .* hello
say A ECHO done
hear A .* done
END
    for p in $(pids_of vsapd); do
        [ "$(awk '/^VmHWM/ { print $2 }' "/proc/$p/status")" -lt \
            "$(scaled 20000 200000)" ]
    done
}

@test "whatever state a session is in, nobody spins" {
    start_vsapd -c '127.0.0.1:*'
    mkfifo go
    talk 30 >talk.log 2>&1 <<'END' &
listen T
open A $CONTROL
send A ECHO half a li
open B $CONTROL
send B BIND name:b\r\nACCEPT\r\nRELAY\r\n
flood B 20000
open C $CONTROL
send C QUIT\r\n
open D $CONTROL
send D CONNECT $T\r\n
fin D
open E $CONTROL
send E BIND name:e\r\nCONNECT name:e\r\n
open F $CONTROL
send F CONNECT name:late -t=20\r\nRELAY\r\n
fin F
open G $CONTROL
send G BIND name:g\r\nFORWARD $T\r\n
hear G .* 210 .*
hear G .* 260 .*
run : >ready
run cat go
END
    pid=$!
    STARTED+=("$pid")
    wait_for 10 test -e ready
    before=$(ticks)
    began=${EPOCHREALTIME/./}
    # A rate needs a time: as long as sixty conversations take.
    for i in $(seq 60); do
        vsap_lines "$CONTROL" "ECHO $i" QUIT >/dev/null
    done
    spent=$((($(ticks) - before) * 10000))
    lasted=$((${EPOCHREALTIME/./} - began))
    echo "$spent of $lasted us"
    [ "$spent" -lt $((lasted / 3)) ]
    echo >go
    wait "$pid"
}

@test "a thousand who come and go leave nothing behind" {
    start_vsapd
    control=$(pids_of vsapd)
    talk <<'END'
open A $CONTROL
say A ECHO warm
hear A .* warm
END
    fds() { for p in $control; do ls "/proc/$p/fd" | wc -l; done; }
    before=$(fds)
    perl -MIO::Socket::IP -e '
        my @way = ("", "ECHO", "BIND 127.0.0.1:0\r\n", "BIND name:n\r\n",
            "BIND name:n\r\nACCEPT\r\n", "CONNECT name:x -t=9\r\n",
            "CONNECT localhost:1\r\n", "BIND name:n\r\nCONNECT name:n\r\n",
            "RELAY\r\n", "BIND name:n\r\nFORWARD 127.0.0.1:1\r\n");
        for (1 .. 1000) {
            my $s = IO::Socket::IP->new(PeerAddr => $ENV{CONTROL}) or die $!;
            syswrite $s, $way[$_ % @way];
            setsockopt $s, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0) if $_ % 3;
        }'
    same() { [ "$(fds)" = "$before" ]; }
    wait_for 15 same
    run vsap_lines "$CONTROL_UNIX" STAT QUIT
    refute_output --partial "bound "
    assert_alive
}

@test "whatever is said, in any order: the gateway and a hop live" {
    start_vsapd -j 2
    first=$CONTROL unix=$CONTROL_UNIX log=$VSAPD_LOG
    VSAPD_NAME=hop start_vsapd -j 2 -r "$first"
    controls=$(sed -n 's/.*control started (pid \([0-9]*\)).*/\1/p' "$log" \
        "$VSAPD_LOG")
    fds() { for p in $controls; do ls "/proc/$p/fd" | wc -l; done; }
    wait_for 5 vsap_lines "$CONTROL" QUIT
    before=$(fds)
    seed=${VSAP_TEST_SEED:-$RANDOM}
    echo "VSAP_TEST_SEED=$seed"
    timeout 80 perl "$ROOT/tests/tools/monkey.pl" "$seed" \
        "$(scaled 4000 2000)" "$first" "$unix" "$CONTROL"
    same() { [ "$(fds)" = "$before" ]; }
    # Listeners linger, nothing else does.
    wait_for 15 same
    UNIX=$unix talk 15 <<'END'
stat $UNIX up .*, sessions 1 of .*, streams 0,.*
open A $UNIX
say A STAT
lines A 2 .*
hear A .* 200 you are .*
END
    # Neither control died on the way.
    run grep -c 'control started' "$log" "$VSAPD_LOG"
    refute_output --regexp ':[^1]'
}
