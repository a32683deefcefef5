#!/usr/bin/env bats
# Bandwidth caps: what a user's streams move together, whoever carries them.
# (Times are measured coarsely: a busy machine may be late, not early.)

load lib/common
load lib/tls

MB=1000000

# A gateway on which ops and eve have a megabyte a second each.
start_capped() {
    local hash

    hash=$(openssl passwd -6 secret)
    self_signed cert localhost
    (umask 077 && cat >vsapd.conf) <<END
listen on 127.0.0.1:0 tls optional
tls { certificate "$PWD/cert.pem" key "$PWD/cert.key" }
user ops password "$hash"
user eve password "$hash"
workers 2
permit connect any
limit bandwidth per user $MB
END
    start_vsapd -f vsapd.conf
}

# Sets SOURCE, which sends that many bytes to who comes.
start_source() { # BYTES
    start "source$1" socat -d -d -U \
        TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr \
        EXEC:"head -c $1 /dev/zero"
    wait_for 10 grep -q 'listening on' "$LOG"
    SOURCE=$(sed -n 's/.*listening on AF=2 //p' "$LOG")
}

# What the source sends goes to FILE, in the background.
fetch() { # USER FILE [vsap-connect's options]
    local user=$1 file=$2

    shift 2
    [ $# -gt 0 ] || set -- -s "$CONTROL"
    VSAP_AUTH=$user:secret vsap-connect "$@" "$SOURCE" </dev/null >"$file" \
        2>"$file.log" 3>&- 4>&- &
    STARTED+=("$!")
    FETCHES+=("$!")
}

# All that were begun have come, each with that many bytes.  Sets TOOK (ms).
fetched() { # BYTES FILE...
    local bytes=$1 f

    wait "${FETCHES[@]}"
    FETCHES=()
    TOOK=$(((${EPOCHREALTIME/./} - BEGAN) / 1000))
    shift
    for f; do
        [ "$(wc -c <"$f")" -eq "$bytes" ]
    done
}

now() { BEGAN=${EPOCHREALTIME/./}; }

@test "caps: a user's streams move together what he may" {
    start_capped
    start_source $((MB * 3 / 2))
    now
    fetch ops one
    fetch ops two
    fetched $((MB * 3 / 2)) one two
    echo "$TOOK ms for three seconds"
    [ "$TOOK" -ge 2000 ]
    [ "$TOOK" -lt 20000 ]
}

@test "caps: streams by TLS and without share one" {
    start_capped
    start_source $((MB * 3 / 2))
    now
    fetch ops plain
    fetch ops tls -s "tls:$CONTROL" --ca=cert.pem --tls-name=localhost
    fetched $((MB * 3 / 2)) plain tls
    echo "$TOOK ms for three seconds"
    [ "$TOOK" -ge 2000 ]
    [ "$TOOK" -lt 20000 ]
}

@test "caps: what one user does is not another's loss" {
    start_capped
    start_source $((3 * MB))
    for f in a b c d e f g h; do
        fetch ops "$f"
    done
    wait_for 20 test -s h
    start_source "$MB"
    FETCHES=()
    now
    fetch eve eves
    fetched "$MB" eves
    # shared by nine, it would be hers when they had eight megabytes
    [ "$(cat ? | wc -c)" -lt $((5 * MB)) ]
}

@test "caps: both ways together, and nothing is lost" {
    start_capped
    start service pattern -l -x -n "$MB" </dev/null
    SOURCE=$(listening_on "$LOG")
    now
    # (The last of what goes out may stand in sockets when all has come in:
    # the clock is read when the gateway says that it is over.)
    # shellcheck disable=SC2016 # for the shell that socat starts
    SOURCE=$SOURCE VSAP_AUTH=ops:secret socat -t 30 EXEC:"pattern -n $MB -" \
        SYSTEM:'exec vsap-connect -s $CONTROL $SOURCE' 2>both.log 3>&- 4>&-
    wait_log service.log "^$MB bytes each way" >/dev/null
    wait_log "$VSAPD_LOG" "end: $MB bytes in, $MB out" >/dev/null
    TOOK=$(((${EPOCHREALTIME/./} - BEGAN) / 1000))
    echo "$TOOK ms for two seconds"
    [ "$TOOK" -ge 1300 ]
}
