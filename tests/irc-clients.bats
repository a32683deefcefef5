#!/usr/bin/env bats
# People's own IRC clients at ircd-lite, with the flood control of RFC 1459
# and as they come: irssi on a terminal, WeeChat, ii, sic.

load lib/common
load lib/irc
load lib/screen

# They pace themselves, some at 2.5 seconds a line.
export BATS_TEST_TIMEOUT=120

setup() {
    vsap_setup
    screen_setup
    export HOME=$BATS_TEST_TMPDIR
}

teardown() {
    screen_teardown
    vsap_teardown
}

# The server as a new administrator has it, but for lookups.  Who comes from
# 127.0.0.9 is of the test itself, and in a hurry.
usual_ircd() { # as start_ircd
    start_ircd flood="2 seconds window 10 seconds" "$@" <<-END
	listen on ::1 port 0
	class "hurry" { flood none }
	allow from 127.0.0.9 class "hurry"
	allow from any
	END
    HOST=${IRC%:*} PORT=${IRC##*:}
    IRC6=$(listening_on "$IRC_LOG" 3)
    export HOST PORT IRC6
}

# ---- irssi -------------------------------------------------------------------

# irssi with a new user's configuration on the screen NAME.
irssi_start() { # NAME OPTIONS
    local name=$1

    shift
    peer irssi
    mkdir -p "$name.irssi"
    screen_start "$name" "$PEERS/bin/irssi" --home="$PWD/$name.irssi" "$@"
}

# Its status bar says that it is registered: mode i is what it asks for then.
irssi_ready() { # NAME NICK
    wait_for 15 shows "$1" "\[$2\(\+i\)\]"
}

# What was said and done in its window, without what irssi finds out by
# itself and tells when its turn has come.
irssi_window() { # NAME
    screen_text "$1" |
        grep -vE 'Irssi:|^--:-- \[|Channel .* created|^ \[|^\[|-(bert|.*\))-'
}

@test "irssi is on its channel within 10 seconds, and talks and listens there" {
    usual_ircd
    began=$SECONDS
    irssi_start it -c "$HOST" -p "$PORT" -n anna
    irssi_ready it anna
    keys it '/join #kitchen'
    wait_for 10 shows it 'anna \[.*@127.0.0.1\] has joined #kitchen'
    [ $((SECONDS - began)) -le 10 ]
    talk 30 <<-'END'
	irc b $IRC bert 127.0.0.9
	say b JOIN #kitchen
	until b :\S+ 353 bert = #kitchen :@anna bert
	wait shows it 'bert \[bert@127.0.0.9\] has joined #kitchen'
	run keys it 'hello bert'
	until b :anna!\S+@127\.0\.0\.1 PRIVMSG #kitchen :hello bert
	say b PRIVMSG #kitchen :hello anna
	wait shows it '< bert> hello anna'
	run keys it '/me waves'
	until b :anna!\S+ PRIVMSG #kitchen :\x01ACTION waves\x01
	say b PRIVMSG #kitchen :\x01ACTION waves back\x01
	wait shows it '[*] bert waves back'
	say b NOTICE anna :psst
	wait shows it '-bert\(bert@127.0.0.9\)- psst'
	run keys it '/notice bert what'
	until b :anna!\S+ NOTICE bert :what
	say b PART #kitchen :soup
	wait shows it 'bert \[bert@127.0.0.9\] has left #kitchen \[soup\]'
	END
    run irssi_window it
    assert_output - <<END
--:-- -!- anna [$(id -un)@127.0.0.1] has joined #kitchen
--:-- -!- bert [bert@127.0.0.9] has joined #kitchen
--:-- <@anna> hello bert
--:-- < bert> hello anna
--:--  * anna waves
--:--  * bert waves back
--:-- -!- bert [bert@127.0.0.9] has left #kitchen [soup]
END
}

@test "irssi shows WHOIS, sets topic and modes, makes an operator, kicks, quits" {
    usual_ircd
    irssi_start it -c "$HOST" -p "$PORT" -n anna
    irssi_ready it anna
    keys it '/join #kitchen'
    wait_for 10 shows it 'anna \[.*@127.0.0.1\] has joined #kitchen'
    talk 30 <<-'END'
	irc b $IRC bert 127.0.0.9
	say b JOIN #kitchen
	sync b
	run keys it '/topic soup at noon'
	until b :anna!\S+ TOPIC #kitchen :soup at noon
	wait shows it 'anna changed the topic of #kitchen to: soup at noon'
	run keys it '/op bert'
	until b :anna!\S+ MODE #kitchen \+o bert
	wait shows it 'mode/#kitchen \[\+o bert\] by anna'
	say b MODE #kitchen +mv anna
	wait shows it 'mode/#kitchen \[\+mv anna\] by bert'
	run keys it '/whois bert'
	wait shows it 'bert \[bert@127.0.0.9\]'
	wait shows it 'ircname *: Real bert'
	wait shows it 'channels *: @#kitchen'
	wait shows it 'server *: irc.test.example \[IRC server\]'
	wait shows it 'idle *: 0 days 0 hours .*\[signon:'
	wait shows it 'End of WHOIS'
	run keys it '/kick bert too much salt'
	until b :anna!\S+ KICK #kitchen bert :too much salt
	wait shows it 'bert was kicked from #kitchen by anna \[too much salt\]'
	run keys it '/ban *!*@192.0.2.*'
	wait shows it 'mode/#kitchen \[\+b [*]![*]@192.0.2.[*]\] by anna'
	run keys it '/mode bert +i'
	wait shows it "Can't change mode for other users|502|other users"
	run keys it '/quit the soup is ready'
	END
    wait_for 20 screen_over it
}

@test "irssi takes another nickname where its own is taken" {
    usual_ircd
    irssi_start it -c "$HOST" -p "$PORT" -n anna
    irssi_ready it anna
    irssi_start two -c "$HOST" -p "$PORT" -n anna
    irssi_ready two 'anna_'
    keys two '/nick anna'
    wait_for 10 shows two 'Nick anna is already in use'
    keys two '/nick hanna'
    wait_for 10 shows two "You're now known as hanna"
    keys two '/query anna here I am'
    wait_for 20 shows two '<hanna> here I am'
    keys it '/query hanna'
    wait_for 10 shows it '<hanna> here I am'
}

@test "irssi by IPv6, and by the server's UNIX socket" {
    usual_ircd
    irssi_start six -c ::1 -p "${IRC6##*:}" -n anna
    irssi_start file -c "$IRC_UNIX" -n emil
    irssi_ready six anna
    irssi_ready file emil
    keys six '/join #kitchen'
    wait_for 10 shows six 'anna \[.*@(0)?::1\] has joined #kitchen'
    keys file '/join #kitchen'
    wait_for 10 shows six "emil \[.*@$IRC_UNIX\] has joined #kitchen"
    keys file 'from the same room'
    wait_for 10 shows six '< emil> from the same room'
    keys six 'from far away'
    wait_for 10 shows file '<@anna> from far away'
}
