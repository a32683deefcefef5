#!/usr/bin/env bats
# The whole road: people come to a port of the gateway, vsap-bind hands their
# connections to ircd-lite, and nobody there knows them by another address
# than their own.

load lib/common
load lib/irc
load lib/load

# A server, a gateway, and the one published at the other: sets BOUND.  AT is
# by which socket of the gateway, CONTROL or CONTROL_UNIX: by the second one
# the visitors' own descriptors travel, by the first there is a relay.
road() { # AT [as start_ircd]
    local at=$1

    shift
    start_ircd "$@"
    start_vsapd
    AT=${!at} publish bind -t "fdpass:$IRC_DIR/ircd-lite.sock" 127.0.0.1:0
    export BOUND
}

# The same server once more, at the same place.
again_ircd() {
    start again ircd-lite -f "$IRC_CONF" -R "$IRC_DIR" </dev/null
    IRC_PID=$PID IRC_LOG=$LOG
    wait_log "$IRC_LOG" "listening on $IRC_DIR/ircd-lite.sock"
}

# The next one in the same test; the logs begin anew.
road_ends() {
    stop_all
    sanitizers_silent
}

oper() {
    echo "operator \"root\" { password \"$(irc_hash word)\"; may all }"
}

# ---- who they are --------------------------------------------------------------

shows_addresses() {
    talk <<-'END'
	irc a $BOUND anna 127.0.0.2
	irc b $BOUND bert 127.0.0.3
	say a JOIN #x
	sync a
	say b JOIN #x
	until a :bert!bert@127\.0\.0\.3 JOIN #x
	say b WHOIS anna
	until b :\S+ 311 bert anna anna 127\.0\.0\.2 \* :Real anna
	say b WHO 127.0.0.2
	until b :\S+ 352 bert \S+ anna 127\.0\.0\.2 irc\.test\.example anna H@? :0 Real anna
	until b :\S+ 315 bert 127\.0\.0\.2 :.*
	say a PRIVMSG #x :hello
	until b :anna!anna@127\.0\.0\.2 PRIVMSG #x :hello
	say b QUIT :bye
	until a :bert!bert@127\.0\.0\.3 QUIT :Quit: bye
	until b ERROR :Closing Link: bert\[127\.0\.0\.3\] .*
	eof b
	END
}

@test "WHOIS, WHO and prefixes have the visitor's own address, through a relay" {
    road CONTROL
    shows_addresses
    assert_alive "$BIND_PID"
}

@test "the same where the gateway is reached by its UNIX socket" {
    road CONTROL_UNIX
    shows_addresses
    assert_alive "$BIND_PID"
}

@test "a visitor by IPv6, and by IPv4 at the same port" {
    start_ircd
    start_vsapd -b 1024-65535
    publish bind -t "fdpass:$IRC_DIR/ircd-lite.sock" '*:0'
    PORT=${BOUND##*:} talk <<-'END'
	irc a [::1]:$PORT anna
	irc b 127.0.0.1:$PORT bert 127.0.0.7
	say a USERHOST anna bert
	until a :\S+ 302 anna :anna=\+anna@0::1 bert=\+bert@127\.0\.0\.7 ?
	END
}

@test "two hops: the address comes through both" {
    start_ircd
    VSAPD_NAME=outer start_vsapd
    outer=$CONTROL
    VSAPD_NAME=inner start_vsapd -r "$outer"
    publish bind -t "fdpass:$IRC_DIR/ircd-lite.sock" 127.0.0.1:0
    export BOUND
    shows_addresses
    AT=$CONTROL_UNIX publish unix -t "fdpass:$IRC_DIR/ircd-lite.sock" \
        127.0.0.1:0
    shows_addresses
    start hop vsap-relay -l 127.0.0.1:0 "$outer" </dev/null
    AT=$(listening_on hop.log) publish plain \
        -t "fdpass:$IRC_DIR/ircd-lite.sock" 127.0.0.1:0
    shows_addresses
}

@test "a name without a port: vsap-connect is the way in" {
    road CONTROL_UNIX
    here=$BOUND
    AT=$CONTROL publish name -t "fdpass:$IRC_DIR/ircd-lite.sock" name:irc
    BOUND=$here
    mkfifo in
    exec {in}<>in
    start guest vsap-connect -w 10 -s "$CONTROL" name:irc <in
    talk <<-'END'
	irc a $BOUND anna 127.0.0.2
	run printf 'NICK gust\r\nUSER gust 0 * :Gust\r\n' >in
	wait grep ' 001 gust ' guest.log
	say a WHOIS gust
	until a :\S+ 311 anna gust gust \S+ \* :Gust
	run printf 'PRIVMSG anna :from a name\r\n' >in
	until a :gust!\S+ PRIVMSG anna :from a name
	END
    exec {in}>&-
    wait_for 10 is_gone "$PID"
}

@test "vsap-connect to the published port, as nc's input and output" {
    road CONTROL
    mkfifo in
    exec {in}<>in
    start guest vsap-connect -s "$CONTROL" "$BOUND" <in
    talk <<-'END'
	irc a $BOUND anna 127.0.0.2
	say a JOIN #x
	run printf 'NICK gust\r\nUSER gust 0 * :Gust\r\nJOIN #x\r\n' >in
	until a :gust!gust@127\.0\.0\.1 JOIN #x
	say a PRIVMSG #x :hello gust
	wait grep 'PRIVMSG #x :hello gust' guest.log
	run printf 'QUIT :bye\r\n' >in
	until a :gust!\S+ QUIT :Quit: bye
	wait grep 'ERROR :Closing Link' guest.log
	END
    exec {in}>&-
    wait_for 10 is_gone "$PID"
}

# ---- what holds by the address ---------------------------------------------------

@test "connections of a host are counted by the visitor's address" {
    road CONTROL <<-'END'
	class "two" { per host 2 }
	allow from any class "two"
	END
    talk <<-'END'
	irc a $BOUND anna 127.0.0.2
	irc b $BOUND bert 127.0.0.2
	open c $BOUND 127.0.0.2
	say c NICK carl
	say c USER carl 0 * :Carl
	until c ERROR :Closing Link: .*127\.0\.0\.2.*
	eof c
	close c
	irc d $BOUND dora 127.0.0.3
	say a QUIT
	over a
	close a
	wait test $(grep -c ': end:' vsapd.log) = 2
	irc e $BOUND emil 127.0.0.2
	END
}

@test "K-lines, deny and classes mean the visitor, not the gateway" {
    road CONTROL class="" < <(
        oper
        echo 'deny from 127.0.0.5 reason "not you"'
        echo 'allow from any'
    )
    talk <<-'END'
	open no $BOUND 127.0.0.5
	say no NICK nono
	say no USER nono 0 * :nono
	until no :\S+ 465 .*not you.*
	over no
	irc a $BOUND anna 127.0.0.2
	irc b $BOUND bert 127.0.0.3
	say a JOIN #x
	sync a
	say b JOIN #x
	until a :bert!\S+ JOIN #x
	say a OPER root word
	until a :\S+ 381 .*
	say a KLINE 5 *@127.0.0.3 :spam
	until a :bert!bert@127\.0\.0\.3 QUIT :.*
	over b
	open b $BOUND 127.0.0.3
	say b NICK bert
	say b USER bert 0 * :bert
	until b :\S+ 465 .*spam.*
	over b
	irc c $BOUND carl 127.0.0.4
	say a UNKLINE *@127.0.0.3
	sync a
	irc b $BOUND bert 127.0.0.3
	END
}

@test "a channel's ban and exception by the visitor's address" {
    road CONTROL_UNIX
    talk <<-'END'
	irc a $BOUND anna 127.0.0.2
	irc b $BOUND bert 127.0.0.3
	irc c $BOUND carl 127.0.0.4
	say a JOIN #x
	say a MODE #x +be *!*@127.0.0.* *!*@127.0.0.4
	until a :anna!\S+ MODE #x \+be .*
	say b JOIN #x
	until b :\S+ 474 bert #x :.*
	say c JOIN #x
	until c :\S+ 366 carl #x :.*
	END
}

# ---- nothing is lost ---------------------------------------------------------------

# What the visitor said while nobody could take him is heard.
says_early() {
    local pids

    pids=$(pids_of "$1")
    # shellcheck disable=SC2086 # pids are words
    kill -STOP $pids
    PIDS=$(echo $pids) talk 20 <<-'END'
	open a $BOUND 127.0.0.2
	send a NICK anna\r\nUSER anna 0 * :Anna\r\nJOIN #x\r\n
	drip a PING early\r\nPING la
	run kill -CONT $PIDS
	send a te\r\n
	until a :\S+ 001 anna .*anna!anna@127\.0\.0\.2
	until a :anna!\S+ JOIN #x
	until a :\S+ PONG \S+ :early
	until a :\S+ PONG \S+ :late
	END
}

@test "what a visitor says before he is handed over is heard, all of it" {
    for at in CONTROL CONTROL_UNIX; do
        road "$at"
        says_early vsap-bind
        says_early ircd-lite
        says_early vsapd
        road_ends
    done
}

@test "a visitor who says all and ends at once is heard to the end" {
    road CONTROL
    talk <<-'END'
	irc b $BOUND bert 127.0.0.3
	say b JOIN #x
	sync b
	open a $BOUND 127.0.0.2
	send a NICK anna\r\nUSER anna 0 * :Anna\r\nJOIN #x\r\nPRIVMSG #x :last words\r\n
	fin a
	until b :anna!anna@127\.0\.0\.2 JOIN #x
	until b :anna!\S+ PRIVMSG #x :last words
	until b :anna!\S+ QUIT :.*
	until a ERROR :.*
	eof a
	END
}

@test "fifty at once, each from an address of his own" {
    for at in CONTROL CONTROL_UNIX; do
        road "$at"
        {
            for n in {1..50}; do echo "open C$n $BOUND 127.0.1.$n"; done
            for n in {1..50}; do
                echo "send C$n NICK n$n\r\nUSER u$n 0 * :u\r\nJOIN #x\r\n"
            done
            for n in {1..50}; do echo "until C$n :\S+ 366 n$n #x :.*"; done
            for n in {2..50}; do
                echo "say C$n PRIVMSG #x :from $n"
                echo "until C1 :n$n!u$n@127\.0\.1\.$n PRIVMSG #x :from $n"
            done
        } | talk 30
        road_ends
    done
}

# ---- when something ends ---------------------------------------------------------------

# Two who chat, COMMAND in the midst of it, and they chat on.
chats_on() { # COMMAND
    talk 20 <<END
irc a $BOUND anna 127.0.0.2
irc b $BOUND bert 127.0.0.3
say a JOIN #x
sync a
say b JOIN #x
until a :bert!\S+ JOIN #x
say a PRIVMSG #x :before
until b :anna!\S+ PRIVMSG #x :before
run $1
say a PRIVMSG #x :after
until b :anna!\S+ PRIVMSG #x :after
say b PRIVMSG #x :yes
until a :bert!\S+ PRIVMSG #x :yes
say a WHOIS bert
until a :\S+ 311 anna bert bert 127\.0\.0\.3 .*
END
}

kill_words() { # SIGNAL PROGRAM...
    local sig=$1

    shift
    echo "kill -$sig $(for p; do pids_of "$p"; done | tr '\n' ' ')"
}

@test "vsap-bind killed: the chats go on, and a new one publishes again" {
    for at in CONTROL CONTROL_UNIX; do
        road "$at"
        chats_on "$(kill_words KILL vsap-bind)"
        AT=${!at} publish next -t "fdpass:$IRC_DIR/ircd-lite.sock" "$BOUND"
        shows_addresses
        road_ends
    done
}

@test "the gateway killed: the chats go on, and it comes back" {
    for at in CONTROL CONTROL_UNIX; do
        road "$at"
        control=$CONTROL bound=$BOUND
        chats_on "$(kill_words KILL vsapd)"
        wait_log "$BIND_LOG" 'trying again'
        start gateway vsapd -R "$VSAPD_DIR" -l "$control" -l "$CONTROL_UNIX"
        wait_log "$BIND_LOG" "back; listening on $bound"
        shows_addresses
        road_ends
    done
}

@test "ircd-lite ends and begins again: who comes meanwhile waits for it" {
    for at in CONTROL CONTROL_UNIX; do
        road "$at"
        talk <<-'END'
	irc a $BOUND anna 127.0.0.2
	run kill $IRC_PID
	until a ERROR :.*
	over a
	END
        wait_for 10 is_gone "$IRC_PID"
        start early nc.openbsd -s 127.0.0.4 127.0.0.1 "${BOUND##*:}" \
            < <(printf 'NICK early\r\nUSER e 0 * :e\r\n'; exec sleep 50 3>&-)
        wait_log "$BIND_LOG" 'withdrawn until it answers'
        again_ircd
        wait_log "$BIND_LOG" 'answers again'
        shows_addresses
        wait_log early.log '001 early .*early!e@127\.0\.0\.4'
        road_ends
    done
}

@test "SIGHUP: nobody notices; new rules hold for visitors" {
    road CONTROL
    echo 'deny from 127.0.0.9 reason "not any more"' >>"$IRC_CONF"
    chats_on "kill -HUP $IRC_PID"
    wait_log "$IRC_LOG" 'configuration read again'
    talk <<-'END'
	open no $BOUND 127.0.0.9
	say no NICK nono
	say no USER nono 0 * :nono
	until no :\S+ 465 .*not any more.*
	over no
	END
    shows_addresses
}

@test "RESTART and SIGKILL of the server: visitors come back by the same road" {
    road CONTROL_UNIX < <(oper)
    talk 20 <<-'END'
	irc a $BOUND anna 127.0.0.2
	say a OPER root word
	until a :\S+ 381 .*
	say a RESTART
	over a
	END
    wait_for 10 log_has "$IRC_LOG" "listening on $IRC_DIR/ircd-lite.sock" 2
    shows_addresses
    server=$(pgrep -P "$IRC_PID" -f 'ircd-lite: server')
    export server
    talk 20 <<-'END'
	irc a $BOUND anna 127.0.0.2
	run kill -KILL $server
	over a
	END
    wait_log "$IRC_LOG" 'ended by signal 9'
    shows_addresses
    assert_alive "$BIND_PID"
}

# ---- without a configuration -------------------------------------------------------------

@test "vsap-bind with ircd-lite -i: the first visitor's becomes the server" {
    start_vsapd
    publish bind 127.0.0.1:0 ircd-lite -i -R "$PWD/run.alone"
    export BOUND
    talk 20 <<-'END'
	irc a $BOUND anna 127.0.0.2
	irc b $BOUND bert 127.0.0.3
	say a JOIN #x
	sync a
	say b JOIN #x
	until a :bert!\S+@127\.0\.0\.3 JOIN #x
	say b PRIVMSG #x :hello
	until a :bert!\S+ PRIVMSG #x :hello
	say a QUIT :bye
	until b :anna!\S+@127\.0\.0\.2 QUIT :Quit: bye
	over a
	irc c $BOUND carl 127.0.0.4
	say c PRIVMSG bert :are you still there
	until b :carl!\S+@127\.0\.0\.4 PRIVMSG bert :.*
	say b QUIT
	over b
	say c QUIT
	over c
	irc d $BOUND dora 127.0.0.5
	say d WHOIS bert
	until d :\S+ 401 dora bert :.*
	END
}
