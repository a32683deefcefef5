#!/usr/bin/env bats
# SIGHUP: vsapd.conf, passwords, certificates and the log read again, whole or
# not at all, and nothing that is established is cut.

load lib/common
load lib/tls
load lib/load

# conf in this test's folder: two listeners, and these lines.
conf() { # [LINE...]
    printf '%s\n' 'listen on 127.0.0.1:0' \
        "listen on \"$PWD/run/vsapd.sock\"" "$@" >conf
    chmod 600 conf
}

everything='permit { bind, connect, forward, stat } any'

# A gateway by ./conf; sets what start_vsapd does.
gateway() { # [vsapd's arguments]
    VSAPD_DIR=$PWD/run
    start vsapd vsapd -R "$VSAPD_DIR" -f conf "$@" </dev/null
    VSAPD_PID=$PID
    VSAPD_LOG=$LOG
    wait_log "$VSAPD_LOG" 'control started'
    CONTROL=$(listening_on "$VSAPD_LOG")
    CONTROL_UNIX=$VSAPD_DIR/vsapd.sock
    CONTROL_PID=$(control_of "$VSAPD_PID")
}

# Read it again, and wait until that is done: PATTERN is in the log then.
reload() { # [PATTERN]
    local done='conf: read again|stay(s)? in force' n

    n=$(log_count "$VSAPD_LOG" "$done")
    kill -HUP "$VSAPD_PID"
    wait_for 10 log_has "$VSAPD_LOG" "$done" $((n + 1)) || {
        echo "no reload"
        tail -n 5 "$VSAPD_LOG"
        return 1
    }
    grep -aE "$done" "$VSAPD_LOG" | tail -n 1 | grep -qE "${1:-read again}" || {
        echo "another answer than ${1:-read again}:"
        tail -n 5 "$VSAPD_LOG"
        return 1
    }
}

# The reply to a line, without the version.
answer() { # LINE [ADDRESS]
    vsap_lines "${2:-$CONTROL}" "$1" QUIT | sed -n '1s|^VSAP/0.1 ||p'
}

# What is said on a stream, to a visitor that looks at each byte.
reply() { # NAME LINE
    printf '%s\n' "$2" >&"${TALK_IN[$1]}"
}

same_control() {
    assert_equal "$(control_of "$VSAPD_PID")" "$CONTROL_PID"
}

# ---- nothing is lost -----------------------------------------------------

# CONNECTs one after another, "ok" or "lost" a line in connects.log.
connects() { # ADDRESS
    # shellcheck disable=SC2016 # for the other shell
    start connects bash -c 'n=0
        while [ ! -e connects.end ]; do
            n=$((n + 1))
            got=$(echo "$n" | timeout 10 vsap-connect -s "$1" "$2")
            if [ "$got" = "$n" ]; then echo ok; else echo "lost $n: $got"; fi
        done' - "$CONTROL" "$1" </dev/null
}

@test "reload under load: streams, ACCEPTs, queues, CONNECTs: nothing is lost" {
    conf "$everything"
    gateway
    serve_echo
    publish one -t "$SERVICE" 127.0.0.1:0
    keep_visitors 10 "$BOUND"
    load_start visitors -r 100 "$BOUND"
    connects "$SERVICE"
    # Who waits in ACCEPT, and who waits in a queue nobody takes from.
    acceptor waits 127.0.0.1:0
    waits=$TAKEN
    session_open idle "$CONTROL"
    say idle 'BIND 127.0.0.1:0'
    queue=$(hear idle | awk '{ print $4 }')
    say idle 'LISTEN 10'
    hear idle | grep -q ' 220 '
    visitor queued "$queue"
    queued() { ss -Htln "sport = :${queue##*:}" | awk '{ exit $2 != 1 }'; }
    wait_for 10 queued
    # Rules, limits and listeners come and go meanwhile.
    for n in $(seq "$(scaled 20 5)"); do
        if [ $((n % 2)) = 1 ]; then
            conf 'deny bind *:1' 'listen on 127.0.0.1:0' \
                'limit connections 4000' "$everything"
        else
            conf "$everything"
        fi
        reload
        load_more visitors 10
    done
    say_all
    assert_equal "$(kept_alive)" 10
    say idle ACCEPT
    hear idle | grep -q ' 230 '
    say idle RELAY
    assert_equal "$(hear idle)" queued
    reply idle queued
    session_eof idle
    answered queued 60000
    visitor late "$waits"
    hear waits | grep -q ' 230 '
    say waits RELAY
    assert_equal "$(hear waits)" late
    reply waits late
    session_eof waits
    answered late 10000
    touch connects.end
    wait_for 20 log_has connects.log '^ok' 20
    assert_equal "$(log_count connects.log '^lost')" 0
    load_end visitors
    assert_equal "$LOST" 0
    same_control
}

@test "control killed after a reload: it comes back with what is in force" {
    conf 'permit stat'
    gateway
    run answer 'BIND 127.0.0.1:0'
    assert_output --regexp '^410 '
    conf "$everything" 'listen on 127.0.0.1:0'
    reload
    other=$(listening_on "$VSAPD_LOG" 3)
    kill -KILL "$CONTROL_PID"
    wait_for 10 log_has "$VSAPD_LOG" 'control started' 2
    run answer 'BIND 127.0.0.1:0' "$other"
    assert_output --regexp '^210 '
    run answer 'BIND 127.0.0.1:0' "$CONTROL_UNIX"
    assert_output --regexp '^210 '
    # One that dies before it has heard a word of it.
    control=$(control_of "$VSAPD_PID")
    kill -STOP "$control"
    conf 'permit stat'
    reload
    kill -KILL "$control"
    wait_for 10 log_has "$VSAPD_LOG" 'control started' 3
    run answer 'BIND 127.0.0.1:0'
    assert_output --regexp '^410 '
    refute listens "$other"
}

# ---- all or nothing ------------------------------------------------------

@test "a bad file keeps the old one, whatever is wrong with it, and says so" {
    conf "$everything"
    gateway
    busy=$(free_port)
    start busy nc.openbsd -lk 127.0.0.1 "$busy" </dev/null
    wait_listen "127.0.0.1:$busy"
    new=$(free_port)
    bad=(
        '/conf:4: .*nonsense' 'nonsense here'
        '/conf:[456]: ' 'permit bind { 127.0.0.1:1'
        '/nowhere/cert.pem: No such file'
        'tls { certificate "/nowhere/cert.pem" key "/nowhere/key.pem" }'
        '/nowhere/passwords: No such file'
        'passwords file "/nowhere/passwords"'
        '/nowhere: No such file' 'log file "/nowhere/log"'
        "127.0.0.1:$busy: .*another program" "listen on 127.0.0.1:$busy"
        "listen on :$new: 127.0.0.1:$new in .*/conf:3 has this port already"
        "listen on :$new"$'\n''permit bind 8080'
    )
    for ((n = 0; n < ${#bad[@]}; n += 2)); do
        echo "${bad[n + 1]}"
        conf "listen on 127.0.0.1:$new" "${bad[n + 1]}" 'deny bind any'
        reload "${bad[n]}.*configuration read before stays in force"
        refute listens "127.0.0.1:$new"
        run answer 'BIND 127.0.0.1:0'
        assert_output --regexp '^210 '
    done
    # One that is cut off, and one that is not there.
    conf "$everything"
    truncate -s -1 conf
    reload '/conf:3: .*stays in force'
    rm conf
    reload '/conf: No such file.*stays in force'
    same_control
    conf 'deny bind any'
    reload
    run answer 'BIND 127.0.0.1:0'
    assert_output --regexp '^410 '
}

@test "what only a restart changes is said, and everything else holds" {
    mkdir names
    conf 'workers 1' "root \"$PWD/names\"" "$everything"
    gateway
    run answer 'BIND /tmp/here'
    assert_output --regexp '^210 1 /tmp/here'
    [ -S names/tmp/here ]
    conf 'workers 2' "run directory \"$PWD/other\"" "root \"$PWD\"" \
        'sandbox off' 'permit stat'
    reload
    for what in workers 'run directory' root sandbox; do
        grep -qF "conf: $what: changed, which takes a restart" "$VSAPD_LOG"
    done
    assert_equal "$(workers_of "$VSAPD_PID" | wc -l)" 1
    run answer 'BIND 127.0.0.1:0'
    assert_output --regexp '^410 '
    # What is as it was is not mentioned again.
    n=$(log_count "$VSAPD_LOG" 'takes a restart')
    conf 'workers 1' "root \"$PWD/names\"" "$everything"
    reload
    run answer 'BIND /tmp/here'
    assert_output --regexp '^210 1 /tmp/here'
    assert_equal "$(log_count "$VSAPD_LOG" 'takes a restart')" "$n"
}

# ---- listeners -----------------------------------------------------------

@test "a listener is added and removed; who came by it stays" {
    port=$(free_port)
    conf "$everything"
    gateway
    conf "listen on 127.0.0.1:$port" "listen on \"$PWD/run/ops.sock\"" \
        "$everything"
    reload
    wait_log "$VSAPD_LOG" "listening on 127.0.0.1:$port"
    run answer 'ECHO new' "127.0.0.1:$port"
    assert_output --partial new
    run answer 'ECHO new' "$PWD/run/ops.sock"
    assert_output --partial new
    session_open tcp "127.0.0.1:$port"
    session_open unix "$PWD/run/ops.sock"
    session_open old "$CONTROL"
    for s in tcp unix old; do
        say "$s" 'ECHO before'
        hear "$s" | grep -q before
    done
    conf "$everything"
    reload
    wait_log "$VSAPD_LOG" "no longer listening on 127.0.0.1:$port"
    wait_log "$VSAPD_LOG" "no longer listening on $PWD/run/ops.sock"
    gone() { ! listens "127.0.0.1:$port"; }
    wait_for 5 gone
    [ ! -e run/ops.sock ]
    for s in tcp unix old; do
        say "$s" 'ECHO after'
        hear "$s" | grep -q after
    done
    # The one that stayed is the same socket.
    assert_equal "$(log_count "$VSAPD_LOG" "listening on $CONTROL\$")" 1
    same_control
}

@test "a listener that stays takes its new options" {
    port=$(free_port)
    printf '%s\n' "listen on 127.0.0.1:$port" "$everything" >conf
    gateway
    run answer 'ECHO vsap'
    assert_output --partial vsap
    printf '%s\n' "listen on 127.0.0.1:$port protocols { socks5 }" \
        "$everything" >conf
    reload
    run answer 'ECHO vsap'
    refute_output --partial vsap
    assert_equal "$(log_count "$VSAPD_LOG" 'listening on 127')" 1
}

@test "mode and group of a UNIX-domain socket change with the file" {
    conf "listen on \"$PWD/run/ops.sock\" mode 0660" "$everything"
    gateway
    assert_equal "$(stat -c %a run/ops.sock)" 660
    assert_equal "$(stat -c %a run/vsapd.sock)" 600
    inode=$(stat -c %i run/ops.sock)
    conf "listen on \"$PWD/run/ops.sock\" mode 0600 group $(id -gn)" \
        "$everything"
    reload
    assert_equal "$(stat -c %a run/ops.sock)" 600
    assert_equal "$(stat -c %G run/ops.sock)" "$(id -gn)"
    # The file of one that is refused keeps what it had.
    conf "listen on \"$PWD/run/ops.sock\" mode 0666" \
        'listen on 192.0.2.1:1' "$everything"
    reload '192.0.2.1:1: .*stays in force'
    assert_equal "$(stat -c %a run/ops.sock)" 600
    assert_equal "$(stat -c %i run/ops.sock)" "$inode"
}

# ---- rules, passwords, certificates --------------------------------------

@test "a rule holds for new requests, and for what is bound: it is closed, and who waits there told" {
    conf 'permit stat'
    gateway
    session_open s "$CONTROL"
    say s 'BIND 127.0.0.1:0'
    hear s | grep -q ' 410 '
    conf "$everything"
    reload
    # The session of before is asked by the rules of now.
    say s 'BIND 127.0.0.1:0'
    bound=$(hear s | awk '$2 == 210 { print $4 }')
    say s 'LISTEN 1'
    hear s | grep -q ' 220 '
    say s ACCEPT
    wait_for 10 nobody_asks s
    conf 'permit stat'
    reload
    # Nobody is let in, who waits hears why, and to ask again is refused.
    hear s | grep -q " 410 forbidden: no rule permits anonymous to bind $bound any more"
    wait_log "$VSAPD_LOG" " bind $bound by anonymous: no longer permitted: closed\$"
    visitor v "$bound"
    wait_log v.log lost
    wait_for 10 not_listens "$bound"
    say s ACCEPT
    hear s | grep -q ' 410 forbidden: .*accept at'
    say s 'LISTEN 1'
    hear s | grep -q ' 520 '
    conf "$everything"
    reload
    # What is closed does not open by itself.
    say s ACCEPT
    hear s | grep -q ' 410 forbidden: .*BIND again'
    say s "BIND $bound"
    hear s | grep -q ' 210 2 '
    say s 'ACCEPT #1'
    hear s | grep -q ' 530 '
    say s ACCEPT
    visitor w "$bound"
    hear s | grep -q ' 230 '
    say s RELAY
    assert_equal "$(hear s)" w
    reply s w
    session_eof s
    answered w 10000
    conf 'permit stat'
    reload
    session_open t "$CONTROL"
    say t 'BIND 127.0.0.1:0'
    hear t | grep -q ' 410 '
}

not_listens() { ! listens "$1"; }

@test "of those who share an address a rule is taken from some: the others serve on" {
    conf 'permit from { 127.0.0.1, 127.0.0.2 } bind *:*'
    mv conf both
    conf 'permit from 127.0.0.2 bind *:*'
    mv conf second
    conf 'permit from 127.0.0.1 bind *:*'
    gateway
    export CONTROL VSAPD_PID
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<b>\S+) .*
open B $CONTROL 127.0.0.2
say B BIND $b
hear B .* 410 .*
run cp both conf
run kill -HUP $VSAPD_PID
wait [ "$(grep -c 'read again' vsapd.log)" = 1 ]
say B BIND $b
hear B .* 210 1 .*
say A ACCEPT
say B ACCEPT
say A ECHO
hear A .* 530 .*
hear A .* 200 .*
say A ACCEPT
run cp second conf
run kill -HUP $VSAPD_PID
wait [ "$(grep -c 'read again' vsapd.log)" = 2 ]
hear A .* 410 forbidden: no rule permits anonymous to bind $b any more
quiet B
open V $b
hear B .* 230 1 $b .*
END
    refute grep -q 'no longer permitted' "$VSAPD_LOG"
}

@test "what was offered before its right was taken is still relayed; FORWARD ends; the address is free" {
    conf "permit uid $(id -u) bind any"
    mv conf other
    conf "$everything"
    gateway
    start echo echod
    ECHO=$(listening_on "$LOG")
    export ECHO CONTROL CONTROL_UNIX VSAPD_PID
    talk <<'END'
open A $CONTROL
say A BIND 127.0.0.1:0
hear A .* 210 1 (?<a>\S+) .*
say A ACCEPT
open V $a
hear A .* 230 1 .*
open F $CONTROL
say F BIND 127.0.0.1:0
hear F .* 210 1 (?<f>\S+) .*
say F FORWARD $ECHO
hear F .* 260 .*
open W $f
hear F .* 230 accepted .*
say W one
hear W one
open Q $CONTROL
say Q BIND 127.0.0.1:0
hear Q .* 210 1 (?<q>\S+) .*
open X $q
run cp other conf
run kill -HUP $VSAPD_PID
hear F .* 410 forbidden: .*
hear F .* 261 .*
reset X
refused $q
send A RELAY\r\nhello\r\n
hear V hello
say V ho
hear A ho
say W two
hear W two
open U $CONTROL_UNIX
say U BIND $a
hear U .* 210 1 $a .*
say Q QUIT
hear Q .* 280 .*
END
    assert_equal "$(log_count "$VSAPD_LOG" 'no longer permitted: closed')" 3
    same_control
}

@test "a user is removed: vsap-bind says why it is not served, and comes back with him" {
    local user

    user="user ops password \"$(hash_of geheim)\""
    conf "$user" 'permit user ops bind 127.0.0.1:*'
    gateway
    export VSAP_AUTH=ops:geheim
    start bind vsap-bind -s "$CONTROL" 127.0.0.1:0 cat </dev/null
    bound=$(wait_log bind.log 'listening on' | sed 's/.*listening on //')
    conf "user other password \"$(hash_of x)\"" 'permit user other bind 127.0.0.1:*'
    reload
    wait_log bind.log 'forbidden: ops is no user here any more'
    wait_log "$VSAPD_LOG" "bind $bound by user:ops: no longer permitted: closed"
    wait_for 10 not_listens "$bound"
    conf "$user" 'permit user ops bind 127.0.0.1:*'
    reload
    wait_log bind.log "back; listening on $bound" 30
    same_control
}

hash_of() { # PASSWORD
    printf '%s\n' "$1" | vsapd -H | head -n 1
}

@test "a password changed and a user removed hold for the next AUTH" {
    conf "$everything" "user ops password \"$(hash_of old)\"" \
        "user gone password \"$(hash_of word)\""
    gateway
    run answer 'AUTH ops:old'
    assert_output '200 OK'
    run answer 'AUTH gone:word'
    assert_output '200 OK'
    conf "$everything" "user ops password \"$(hash_of new)\""
    reload
    run answer 'AUTH ops:old'
    assert_output --regexp '^410 '
    run answer 'AUTH ops:new'
    assert_output '200 OK'
    run answer 'AUTH gone:word'
    assert_output --regexp '^410 '
    # The same by a file, which is read again with the rest.
    printf 'ops:%s\n' "$(hash_of filed)" >passwords
    chmod 600 passwords
    conf "$everything" 'passwords file "passwords"'
    reload
    run answer 'AUTH ops:filed'
    assert_output '200 OK'
    run answer 'AUTH ops:new'
    assert_output --regexp '^410 '
    same_control
}

# How often any of these texts is in the memory of a process.
in_memory() { # PID TEXT...
    python3 - "$@" <<'END'
import sys
pid, texts = sys.argv[1], [t.encode() for t in sys.argv[2:]]
found = 0
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
    for line in maps:
        where, rights = line.split()[:2]
        if not rights.startswith("rw"):
            continue
        low, high = (int(x, 16) for x in where.split("-"))
        try:
            mem.seek(low)
            memory = mem.read(high - low)
        except OSError:
            continue
        found += sum(memory.count(t) for t in texts)
print(found)
END
}

@test "a limit below what is there turns nobody away who is: he may still log in" {
    local user

    user="user ops password \"$(hash_of geheim)\""
    conf "$user" "$everything"
    gateway
    session_open a "$CONTROL"
    session_open b "$CONTROL"
    say b ECHO
    hear b | grep -q ' 200 '
    conf "$user" 'limit connections 1' "$everything"
    reload
    say a 'AUTH ops:geheim'
    assert_equal "$(hear a)" 'VSAP/0.1 200 OK'
}

@test "hashes are with the parent and the helper, never in control's memory" {
    need_root "reads the memory of processes"
    [ "${VSAP_TEST_ASAN:-0}" = 0 ] || skip "the sanitizers keep what is freed"
    users=() texts=()
    for n in 1 2 3 4 5; do
        hash=$(hash_of "word$n")
        users+=("user u$n password \"$hash\"")
        texts+=("${hash: -40}")
        hash=$(hash_of "other$n")
        echo "f$n:$hash" >>passwords
        texts+=("${hash: -40}")
    done
    chmod 600 passwords
    conf "$everything" "${users[@]}" 'passwords file "passwords"'
    gateway
    for again in no yes; do
        control=$(control_of "$VSAPD_PID")
        helper=$(pgrep -P "$VSAPD_PID" -f 'vsapd: passwords')
        # Each is found where it has to be: the search is right.
        run in_memory "$helper" "${texts[@]}"
        [ "$output" -ge 10 ]
        run in_memory "$control" "${texts[@]}"
        assert_output 0
        for worker in $(workers_of "$VSAPD_PID"); do
            run in_memory "$worker" "${texts[@]}"
            assert_output 0
        done
        # A control that is started later comes from a parent with them.
        [ "$again" = no ] || break
        reload
        kill -KILL "$control"
        wait_for 10 log_has "$VSAPD_LOG" 'control started' 2
    done
}

certificate() { # NAME
    self_signed "$1" "$1" -addext subjectAltName=DNS:localhost
    ln -sf "$1.key" key.pem
    ln -sf "$1.pem" cert.pem
}

subject() { # ADDRESS
    timeout 10 openssl s_client -connect "$1" </dev/null 2>/dev/null |
        openssl x509 -noout -subject
}

@test "certificates are renewed; connections of before live on" {
    need openssl
    certificate first
    conf "$everything" 'tls {' 'certificate "cert.pem" key "key.pem"' \
        'workers 1' '}' 'listen on 127.0.0.1:0 tls'
    gateway
    at=$(listening_on "$VSAPD_LOG" 3)
    run subject "$at"
    assert_output --regexp 'CN ?= ?first'
    mkfifo tls.in
    # shellcheck disable=SC2094 # read and written by others
    start tls openssl s_client -quiet -connect "$at" <>tls.in
    exec {in}>tls.in
    printf 'ECHO before\r\n' >&"$in"
    wait_log tls.log before
    certificate second
    reload
    run subject "$at"
    assert_output --regexp 'CN ?= ?second'
    printf 'ECHO after\r\n' >&"$in"
    wait_log tls.log after
    # A key that is not the certificate's: the renewed ones stay.
    ln -sf first.key key.pem
    reload 'key.*stays in force'
    run subject "$at"
    assert_output --regexp 'CN ?= ?second'
    printf 'ECHO still\r\n' >&"$in"
    wait_log tls.log still
    exec {in}>&-
}

@test "TLS comes by a reload, and its worker that dies comes back" {
    need openssl
    conf "$everything"
    gateway
    certificate first
    conf "$everything" 'tls {' 'certificate "cert.pem" key "key.pem"' \
        'workers 1' '}' 'listen on 127.0.0.1:0 tls'
    reload
    at=$(listening_on "$VSAPD_LOG" 3)
    run subject "$at"
    assert_output --regexp 'CN ?= ?first'
    certificate second
    reload
    kill -KILL "$(tls_workers)"
    wait_log "$VSAPD_LOG" 'TLS worker .*ended by signal 9'
    renewed() { subject "$at" | grep -q second; }
    wait_for 10 renewed
}

# (By what ps shows, since a worker of another user hides its descriptors.)
tls_workers() {
    local p

    for p in $(ps -o pid= --ppid "$VSAPD_PID"); do
        tr '\0' ' ' <"/proc/$p/cmdline" | grep -q tls-worker && echo "$p"
    done
    return 0
}

# ---- the log, and signals ------------------------------------------------

@test "the log file: rotated by SIGHUP, for parent and control" {
    conf "$everything" "log file \"$PWD/file.log\""
    start vsapd vsapd -R "$PWD/run" -f conf </dev/null
    VSAPD_PID=$PID
    VSAPD_LOG=$PWD/file.log
    wait_log "$VSAPD_LOG" 'control started'
    CONTROL=$(listening_on "$VSAPD_LOG")
    grep -qE '^20[0-9-]*T[0-9:]*Z listening on' file.log
    mv file.log old.log
    kill -HUP "$VSAPD_PID"
    wait_log "$VSAPD_LOG" 'conf: read again'
    run answer 'BIND 127.0.0.1:0'
    wait_log "$VSAPD_LOG" 's[0-9]*: bind 127.0.0.1'
    refute grep -q 'read again' old.log
    # Also where the file that is read is of no use.
    mv file.log older.log
    echo nonsense >>conf
    kill -HUP "$VSAPD_PID"
    wait_log "$VSAPD_LOG" 'stays in force'
}

@test "SIGHUP again and again, and SIGUSR1: no process is the worse" {
    conf "$everything" 'workers 2'
    gateway
    workers=$(workers_of "$VSAPD_PID")
    reload
    before=$(fds_of "$VSAPD_PID")
    for n in 1 2 3 4 5; do
        reload
    done
    assert_equal "$(fds_of "$VSAPD_PID")" "$before"
    lines=$(wc -l <"$VSAPD_LOG")
    kill -USR1 "$VSAPD_PID"
    more() { [ "$(wc -l <"$VSAPD_LOG")" -gt "$lines" ]; }
    wait_for 5 more
    # As systemctl kill sends it: to all of them.
    # shellcheck disable=SC2086 # pids are words
    kill -USR1 "$CONTROL_PID" $workers
    run answer 'ECHO alive'
    assert_output --partial alive
    same_control
    assert_equal "$(workers_of "$VSAPD_PID")" "$workers"
}
