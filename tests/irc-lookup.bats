#!/usr/bin/env bats
# Names of hosts by DNS and of users by ident (RFC 1459, 8.11; RFC 1413):
# what a client is shown as, and that whoever stalls delays only himself.

load lib/common

setup() {
    PROGRAMS="$PROGRAMS ircd-lite"
    vsap_setup
}

# ---- a server, its name server, clients from chosen addresses ----

start_dns() { # ZONELINE...
    start dns perl "$ROOT/tests/tools/dnsstub.pl" "$@" </dev/null
    DNS=$(listening_on dns.log)
    DNS_LOG=$LOG
}

# Statements in the configuration beside what all have.
start_ircd() { # STATEMENT...
    printf '%s\n' 'server irc.test { }' \
        'allow from "*"' "$@" >ircd.conf
    start ircd ircd-lite -v -f ircd.conf -l 127.0.0.1:0 \
        -R "$BATS_TEST_TMPDIR/run" </dev/null
    IRCD_PID=$PID
    SERVER=$(listening_on ircd.log)
}

# A connection from an address; what it hears is in NAME.log.
declare -gA IN
connect() { # NAME SOURCE
    local fd

    mkfifo "$1.in"
    exec {fd}<>"$1.in"
    IN[$1]=$fd
    # shellcheck disable=SC2094 # a fifo is read and written
    start "$1" nc.openbsd -s "$2" 127.0.0.1 "$(port_of "$SERVER")" <"$1.in"
}

say() { # NAME line
    printf '%s\r\n' "$2" >&"${IN[$1]}"
}

register() { # NAME SOURCE
    connect "$1" "$2"
    say "$1" "NICK $1"
    say "$1" "USER user 0 * :real"
}

welcomed() { # NAME [SECONDS]
    wait_log "$1.log" '^:irc.test 001 ' "${2:-20}" >/dev/null
}

# Who NAME is to the others: the parameters of RPL_WHOISUSER.
assert_shown() { # NAME "USER HOST"
    say "$1" "WHOIS $1"
    wait_log "$1.log" "^:irc.test 311 $1 $1 $2 \* :real"
}

# Nothing but what can be printed has been sent to NAME.
assert_printable() { # NAME
    run -1 grep -aP '[^\x20-\x7e\r]' "$1.log"
}

ident_at() { # ADDRESS MODE [ARG]
    local addr=$1 name=ident.$1

    [ "$(id -u)" = 0 ] || skip "port 113 is for root"
    shift
    start "$name" perl "$ROOT/tests/tools/identpeer.pl" -l "$addr:113" "$@" \
        </dev/null
    listening_on "$name.log" >/dev/null
}

# ---- DNS (ident off: nobody doubts the user name) ----

@test "a host is shown by its name when the name has its address" {
    start_dns '127.0.31.1 PTR one.example.test' \
        'one.example.test A 127.0.31.1'
    start_ircd "dns { server \"$DNS\" }" 'ident off'
    register a 127.0.31.1
    welcomed a
    grep -aF 'NOTICE AUTH :*** Looking up your hostname...' a.log
    grep -aF 'NOTICE AUTH :*** Found your hostname' a.log
    assert_shown a 'user one.example.test'
}

@test "a name that has other addresses is not believed" {
    start_dns '127.0.31.1 PTR bank.example.test' \
        'bank.example.test A 192.0.2.1'
    start_ircd "dns { server \"$DNS\" }" 'ident off'
    register a 127.0.31.1
    welcomed a
    grep -aF 'NOTICE AUTH :*** Your forward and reverse DNS do not match' a.log
    run -1 grep -a bank a.log
    assert_shown a 'user 127.0.31.1'
}

@test "of several names the one that has the address is taken" {
    start_dns '127.0.31.1 PTR no.test' '127.0.31.1 PTR other.test' \
        '127.0.31.1 PTR yes.test' 'other.test A 192.0.2.1' \
        'yes.test A 192.0.2.2' 'yes.test A 127.0.31.1'
    start_ircd "dns { server \"$DNS\" }" 'ident off'
    register a 127.0.31.1
    welcomed a
    assert_shown a 'user yes.test'
}

@test "a host without a name is shown by its address" {
    start_dns
    start_ircd "dns { server \"$DNS\" }" 'ident off'
    register a 127.0.31.1
    welcomed a
    grep -aF "NOTICE AUTH :*** Couldn't look up your hostname" a.log
    assert_shown a 'user 127.0.31.1'
}

@test "hostile names are never shown" {
    local long=abcdefghijklmnopqrstuvwxyz i
    local names=('\x1b[31mred.test' 'a!b@c.test' '*' '10.0.0.1' '0x7f.1'
        'a\x0d\x0aKILL.test' 'a b.test' '\xc3\xa9.test' 'a:b.test'
        "$long.$long.$long.test" 'a\x00b.test' 'a,b.test' '#chan.test')
    local zone=()

    for i in "${!names[@]}"; do
        zone+=("127.0.31.$((i + 1)) PTR ${names[i]}"
            "${names[i]} A 127.0.31.$((i + 1))")
    done
    start_dns "${zone[@]}"
    start_ircd "dns { server \"$DNS\" }" 'ident off'
    for i in "${!names[@]}"; do
        register "n$i" "127.0.31.$((i + 1))"
    done
    for i in "${!names[@]}"; do
        welcomed "n$i"
        assert_shown "n$i" "user 127.0.31.$((i + 1))"
        assert_printable "n$i"
    done
    run -1 grep -aP '[^\x20-\x7e]' ircd.log
    assert_alive "$IRCD_PID"
}

@test "answers that are no messages do no harm" {
    start_dns '127.0.31.1 GARBAGE' '127.0.31.2 SHORT' \
        '127.0.31.2 PTR short.test' '127.0.31.3 LOOP' '127.0.31.4 SERVFAIL' \
        '127.0.31.5 REFUSED'
    start_ircd "dns { server \"$DNS\"; timeout 2 seconds }" 'ident off'
    for i in 1 2 3 4 5; do
        register "n$i" "127.0.31.$i"
    done
    for i in 1 2 3 4 5; do
        welcomed "n$i"
        assert_shown "n$i" "user 127.0.31.$i"
    done
    assert_alive "$IRCD_PID"
}

@test "a resolver that stalls delays only its own client, and not for long" {
    start_dns '127.0.31.1 STALL' '127.0.31.2 PTR two.test' \
        'two.test A 127.0.31.2'
    start_ircd "dns { server \"$DNS\"; timeout 4 seconds }" 'ident off'
    register slow 127.0.31.1
    wait_log dns.log 'query 1.31.0.127'
    register quick 127.0.31.2
    welcomed quick
    run -1 grep -a ' 001 ' slow.log
    say quick 'PRIVMSG quick :still here'
    wait_log quick.log 'PRIVMSG quick :still here'
    welcomed slow
    assert_shown slow 'user 127.0.31.1'
}

@test "a client who leaves while he is looked up is no trouble" {
    start_dns '127.0.31.1 STALL'
    start_ircd "dns { server \"$DNS\"; timeout 2 seconds }" 'ident off'
    for i in 1 2 3 4 5; do
        register "gone$i" 127.0.31.1
        wait_log "gone$i.log" 'Looking up your hostname'
        kill "$PID"
    done
    register stays 127.0.31.1
    welcomed stays
    assert_alive "$IRCD_PID"
}

@test "who comes again is known without another question" {
    start_dns '127.0.31.1 PTR one.test' 'one.test A 127.0.31.1'
    start_ircd "dns { server \"$DNS\" }" 'ident off'
    for i in 1 2 3 4 5; do
        register "n$i" 127.0.31.1
    done
    for i in 1 2 3 4 5; do
        welcomed "n$i"
        assert_shown "n$i" 'user one.test'
    done
    [ "$(log_count dns.log 'query 1.31.0.127.in-addr.arpa PTR')" = 1 ]
}

@test "another name server by reload" {
    start_dns '127.0.31.1 PTR old.test' 'old.test A 127.0.31.1'
    start_ircd "dns { server \"$DNS\" }" 'ident off'
    register a 127.0.31.1
    welcomed a
    assert_shown a 'user old.test'
    start dns2 perl "$ROOT/tests/tools/dnsstub.pl" \
        '127.0.31.1 PTR new.test' 'new.test A 127.0.31.1' </dev/null
    sed -i "s/$DNS/$(listening_on dns2.log)/" ircd.conf
    kill -HUP "$IRCD_PID"
    wait_log ircd.log 'configuration read again'
    register b 127.0.31.1
    welcomed b
    assert_shown b 'user new.test'
}

@test "dns off and ident off: nobody is asked" {
    start_dns '* STALL'
    start_ircd "dns off" 'ident off'
    register a 127.0.31.1
    welcomed a
    run -1 grep -a 'NOTICE AUTH' a.log
    assert_shown a 'user 127.0.31.1'
    run -1 grep query dns.log
}

# ---- ident ----

@test "the user's name is what ident says, without a tilde" {
    ident_at 127.0.31.41 user jo
    start_ircd 'dns off'
    register a 127.0.31.41
    welcomed a
    grep -aF 'NOTICE AUTH :*** Checking ident' a.log
    grep -aF 'NOTICE AUTH :*** Got ident response' a.log
    assert_shown a 'jo 127.0.31.41'
    wait_log ident.127.0.31.41.log \
        "asked 127.0.0.1 [0-9]+ , $(port_of "$SERVER")\$"
}

@test "ident replies that are of no use leave the tilde" {
    local i=50 mode

    for mode in 'error NO-USER' 'flood' 'close' 'reply 1,2:USERID:UNIX:jo\r\n' \
        'reply nonsense\r\n' 'user @!\x01' 'user ~'; do
        # shellcheck disable=SC2086 # two words are meant
        ident_at 127.0.31.$i ${mode%% *} "${mode#* }"
        i=$((i + 1))
    done
    start_ircd 'dns off'
    for ((i--; i >= 50; i--)); do
        register "n$i" "127.0.31.$i"
        welcomed "n$i"
        grep -aF 'NOTICE AUTH :*** No ident response' "n$i.log"
        assert_shown "n$i" "~user 127.0.31.$i"
    done
}

@test "what ident says is cleaned" {
    ident_at 127.0.31.42 user '~\x1b[31mj o@evil!x'
    start_ircd 'dns off'
    register a 127.0.31.42
    welcomed a
    assert_shown a '\[31mjoevil 127.0.31.42' # cut to ten bytes
    assert_printable a
}

@test "an ident peer that stalls delays only its own client" {
    ident_at 127.0.31.43 stall
    start_ircd 'dns off' 'ident { timeout 4 seconds }'
    register slow 127.0.31.43
    wait_log ident.127.0.31.43.log asked
    register quick 127.0.31.44
    welcomed quick
    run -1 grep -a ' 001 ' slow.log
    welcomed slow
    assert_shown slow '~user 127.0.31.43'
}

@test "an ident peer that answers byte by byte" {
    ident_at 127.0.31.45 drip jo
    start_ircd 'dns off'
    register a 127.0.31.45
    welcomed a
    assert_shown a 'jo 127.0.31.45'
}
