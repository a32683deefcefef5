#!/usr/bin/env bats
# People's own IRC clients at ircd-lite, with the flood control of RFC 1459
# and as they come: irssi on a terminal, WeeChat, ii, sic.

load lib/common
load lib/irc
load lib/load
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
    # What clients call themselves, as far as the server's USERLEN goes.
    ME=$(id -un | cut -c1-10)
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
        grep -vE 'Irssi:|^--:-- \[|Channel .* created|^ \[|^\['
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
	run keys it '/window 1'
	say b NOTICE anna :psst
	wait shows it '-bert\(bert@127.0.0.9\)- psst'
	run keys it '/notice bert what'
	until b :anna!\S+ NOTICE bert :what
	run keys it '/window 2'
	say b PART #kitchen :soup
	wait shows it 'bert \[bert@127.0.0.9\] has left #kitchen \[soup\]'
	END
    run irssi_window it
    assert_output - <<END
--:-- -!- anna [$ME@127.0.0.1] has joined #kitchen
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
	run keys it '/window 1'
	run keys it '/whois bert'
	wait shows it '^[0-9:]+ -!- bert \[bert@127.0.0.9\]$'
	wait shows it 'ircname *: Real bert'
	wait shows it 'channels *: @#kitchen'
	wait shows it 'server *: irc.test.example \[IRC server\]'
	wait shows it 'idle *: 0 days 0 hours .*\[signon:'
	wait shows it 'End of WHOIS'
	run keys it '/window 2'
	run keys it '/kick bert too much salt'
	until b :anna!\S+ KICK #kitchen bert :too much salt
	wait shows it 'bert was kicked from #kitchen by anna \[too much salt\]'
	run keys it '/ban *!*@192.0.2.*'
	wait shows it 'mode/#kitchen \[\+b [*]![*]@192.0.2.[*]\] by anna'
	run keys it '/quit the soup is ready'
	END
    wait_for 20 screen_over it
}

@test "irssi shows LIST, WHO, NAMES, bans, away, the message of the day" {
    echo "soup is at noon" >motd
    usual_ircd server="motd \"$PWD/motd\""
    irssi_start it -c "$HOST" -p "$PORT" -n anna
    irssi_ready it anna
    wait_for 5 shows it 'soup is at noon'
    keys it '/join #kitchen'
    wait_for 10 shows it 'anna \[.*@127.0.0.1\] has joined #kitchen'
    keys it '/window 1'
    talk 30 <<-'END'
	irc b $IRC bert 127.0.0.9
	say b JOIN #kitchen
	say b AWAY :cooking
	sync b
	run keys it '/list -yes'
	wait shows it '-!- #kitchen 2 *$'
	wait shows it 'End of LIST'
	run keys it '/who #kitchen'
	wait shows it '#kitchen +bert +G +0 +bert@127.0.0.9 \[Real bert\]'
	wait shows it '#kitchen +anna +H@ +0 +\S+@127.0.0.1 \['
	run keys it '/whois bert'
	wait shows it 'away *: cooking'
	run keys it '/window 2'
	run keys it '/names'
	wait shows it '\[@anna\] \[ bert\]'
	run keys it '/quote MODE #kitchen +b *!*@192.0.2.*'
	until b :anna!\S+ MODE #kitchen \+b .*
	run keys it '/quote MODE #kitchen b'
	wait shows it '#kitchen: ban [*]![*]@192.0.2.[*] \[by anna'
	END
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

# ---- WeeChat -----------------------------------------------------------------

# WeeChat without a terminal, as user NAME of the server at HOST/PORT.  Its
# windows are the files logs/t.CHANNEL and logs/server.t in NAME.wee.  It is
# spoken to by "wee NAME COMMAND": an alias that a signal makes it read and
# carry out, for the plugin with the FIFO is in a package of its own.
wee_start() { # NAME HOST/PORT NICKS [COMMAND...]
    local name=$1 host=$2 nicks=$3 words=() word

    shift 3
    peer weechat-headless
    mkdir -p "$name.wee"
    cat >"$name.wee/weechat.conf" <<'END'
[signal]
sigusr1 = "/reload alias;/next"
END
    cat >"$name.wee/logger.conf" <<'END'
[file]
flush_delay = 0
mask = "$name"
time_format = ""
END
    cat >bin/wee <<'END'
#!/bin/sh
dir=$1.wee
shift
n=$(cat "$dir/said" 2>/dev/null)
n=$((${n:-0} + 1))
echo "$n" >"$dir/said"
printf '[cmd]\nnext = "/print -core done %d;%s"\n' "$n" "$*" >"$dir/alias.conf"
kill -USR1 "$(cat "$dir/pid")"
for try in $(seq 500); do
    ! grep -q "done $n\$" "$dir/logs/weechat" || exit 0
    sleep 0.02
done
exit 1
END
    chmod 755 bin/wee
    for word in '/set irc.server_default.ssl off' \
        '/set irc.server_default.tls off' \
        "/server add t $host -nicks=$nicks" "$@" '/connect t'; do
        words+=(-r "$word")
    done
    start "$name" "$PEERS/bin/weechat-headless" -d "$PWD/$name.wee" -s \
        -P irc,logger,alias "${words[@]}" </dev/null
    echo "$PID" >"$name.wee/pid"
}

wee_said() { # NAME BUFFER PATTERN
    wait_for 15 grep -qE -- "$3" "$1.wee/logs/$2" || {
        echo "WeeChat has no \"$3\" in $2:"
        tail -n 30 "$1.wee/logs/$2"
        return 1
    }
}

@test "WeeChat is on its channel at once, talks, asks WHOIS, sets modes, kicks" {
    usual_ircd
    began=$SECONDS
    wee_start wee "$HOST/$PORT" willi,willi2 \
        '/set irc.server.t.autojoin #kitchen'
    wee_said wee 't.#kitchen' 'willi \(.*@127.0.0.1\) has joined #kitchen'
    [ $((SECONDS - began)) -le 5 ]
    talk 20 <<-'END'
	irc b $IRC bert 127.0.0.9
	say b JOIN #kitchen
	until b :\S+ 353 bert = #kitchen :@willi bert
	run wee wee /msg -server t '#kitchen' hello bert
	until b :willi!\S+@127\.0\.0\.1 PRIVMSG #kitchen :hello bert
	say b PRIVMSG #kitchen :hello willi
	wait grep 'bert	hello willi' 'wee.wee/logs/t.#kitchen'
	say b PRIVMSG willi :between us
	wait grep 'bert	between us' wee.wee/logs/t.bert
	run wee wee /msg -server t bert yes
	until b :willi!\S+ PRIVMSG bert :yes
	run wee wee /command -buffer 'irc.t.#kitchen' irc /topic soup at noon
	until b :willi!\S+ TOPIC #kitchen :soup at noon
	run wee wee /command -buffer 'irc.t.#kitchen' irc /op bert
	until b :willi!\S+ MODE #kitchen \+o bert
	run wee wee /command -buffer irc.server.t irc /whois bert
	wait grep 'bert. (bert@127.0.0.9): Real bert' wee.wee/logs/server.t
	wait grep 'bert. @#kitchen' wee.wee/logs/server.t
	wait grep 'bert. irc.test.example (IRC server)' wee.wee/logs/server.t
	wait grep 'bert. End of WHOIS' wee.wee/logs/server.t
	say b MODE #kitchen +k soup
	run wee wee /command -buffer 'irc.t.#kitchen' irc /kick bert too much salt
	until b :willi!\S+ KICK #kitchen bert :too much salt
	say b JOIN #kitchen soup
	until b :\S+ 366 bert #kitchen .*
	run wee wee /command -buffer irc.server.t irc /nick wilhelm
	say b WHOIS wilhelm
	wait grep 'You are now known as wilhelm' wee.wee/logs/server.t
	say b WHOIS wilhelm
	until b :\S+ 311 bert wilhelm \S+ 127\.0\.0\.1 \* :.*
	run wee wee /quit the soup is ready
	until b :wilhelm!\S+ QUIT :Quit: the soup is ready
	END
    wait_for 10 is_gone "$(<wee.wee/pid)"
    run cut -f2- 'wee.wee/logs/t.#kitchen'
    assert_output - <<END
-->	willi ($ME@127.0.0.1) has joined #kitchen
--	Channel #kitchen: 1 nick (1 op, 0 voices, 0 normals)
-->	bert (bert@127.0.0.9) has joined #kitchen
@willi	hello bert
bert	hello willi
--	willi has changed topic for #kitchen to "soup at noon"
--	Mode #kitchen [+o bert] by willi
--	Mode #kitchen [+k soup] by bert
<--	willi has kicked bert (too much salt)
-->	bert (bert@127.0.0.9) has joined #kitchen
--	You are now known as wilhelm
END
}

@test "WeeChat takes another nickname where its own is taken; IPv6" {
    usual_ircd
    wee_start one "::1/${IRC6##*:}" willi,willi2
    wee_said one server.t 'Welcome to the TestNet Network, willi!.*@(0)?::1'
    wee_start two "$HOST/$PORT" willi,willi2
    wee_said two server.t 'nickname "willi" is already in use, trying .*willi2'
    wee_said two server.t 'Welcome to the TestNet Network, willi2!'
    wee two /msg -server t willi hello
    wee_said one t.willi2 'hello'
}

# ---- lookups, and the gateway ---------------------------------------------------

@test "while names are looked up irssi, WeeChat and ii wait for their welcome" {
    start_ircd dns=on ident=on flood="2 seconds window 10 seconds"
    HOST=${IRC%:*} PORT=${IRC##*:}
    irssi_start it -c "$HOST" -p "$PORT" -n anna
    wee_start wee "$HOST/$PORT" willi,willi2
    ii_start ilse -s "$HOST" -p "$PORT"
    irssi_ready it anna
    wait_for 5 shows it '[*][*][*] Looking up your hostname'
    wee_said wee server.t '[*][*][*] Looking up your hostname'
    wee_said wee server.t 'Welcome to the TestNet Network, willi!~'
    wait_for 15 grep -q 'Welcome to the TestNet Network, ilse!~ilse@' \
        ii.ilse/127.0.0.1/out
}

@test "irssi and WeeChat at a port of the gateway, with their own address" {
    usual_ircd
    start_vsapd
    publish bind -t "fdpass:$IRC_DIR/ircd-lite.sock" 127.0.0.1:0
    export BOUND BIND_PID
    irssi_start it -c 127.0.0.1 -p "${BOUND##*:}" -n anna
    wee_start wee "127.0.0.1/${BOUND##*:}" willi \
        '/set irc.server.t.autojoin #kitchen'
    irssi_ready it anna
    keys it '/join #kitchen'
    wait_for 10 shows it 'anna \[.*@127.0.0.1\] has joined #kitchen'
    talk 20 <<-'END'
	irc b $BOUND bert 127.0.0.9
	say b JOIN #kitchen
	wait shows it 'bert \[bert@127.0.0.9\] has joined #kitchen'
	wait grep 'bert (bert@127.0.0.9) has joined #kitchen' 'wee.wee/logs/t.#kitchen'
	run keys it 'hello from far away'
	wait grep 'anna	hello from far away' 'wee.wee/logs/t.#kitchen'
	run kill -KILL $BIND_PID $VSAPD_PID
	run wee wee /msg -server t '#kitchen' still here
	wait shows it '<.willi> still here'
	END
}

# ---- ii and sic ----------------------------------------------------------------

ii_start() { # NICK OPTIONS
    local nick=$1

    shift
    peer ii
    start "$nick" "$PEERS/bin/ii" -i "$PWD/ii.$nick" -n "$nick" "$@" </dev/null
}

@test "ii: its files, by IPv4 and by the server's UNIX socket" {
    usual_ircd
    ii_start ilse -s "$HOST" -p "$PORT"
    ii_start emil -s local -u "$IRC_UNIX"
    talk 20 <<-'END'
	irc b $IRC bert 127.0.0.9
	wait grep 'Welcome to the TestNet' ii.ilse/127.0.0.1/out
	wait grep 'Welcome to the TestNet' ii.emil/local/out
	say b JOIN #kitchen
	sync b
	run echo '/j #kitchen' >ii.ilse/127.0.0.1/in
	until b :ilse!\S+@127\.0\.0\.1 JOIN #kitchen
	run echo '/j #kitchen' >ii.emil/local/in
	until b :emil!emil@$IRC_UNIX JOIN #kitchen
	wait test -p 'ii.ilse/127.0.0.1/#kitchen/in'
	run echo 'hello all' >'ii.ilse/127.0.0.1/#kitchen/in'
	until b :ilse!\S+ PRIVMSG #kitchen :hello all
	wait grep '<ilse> hello all' 'ii.emil/local/#kitchen/out'
	say b PRIVMSG #kitchen :hello both
	wait grep '<bert> hello both' 'ii.emil/local/#kitchen/out'
	wait grep '<bert> hello both' 'ii.ilse/127.0.0.1/#kitchen/out'
	run echo '/t soup at noon' >'ii.ilse/127.0.0.1/#kitchen/in'
	until b :\S+ TOPIC #kitchen :soup at noon
	run echo '/l bye' >'ii.emil/local/#kitchen/in'
	until b :emil!\S+ PART #kitchen.*
	run echo '/q' >ii.ilse/127.0.0.1/in
	until b :ilse!\S+ QUIT :.*
	END
    run cut -d' ' -f2- 'ii.emil/local/#kitchen/out'
    assert_output - <<END
-!- emil(emil@$IRC_UNIX) has joined #kitchen
<ilse> hello all
<bert> hello both
-!- ilse changed topic to "soup at noon"
END
}

@test "ii: a paste of ten lines comes whole and in order, at the server's pace" {
    usual_ircd
    ii_start ilse -s "$HOST" -p "$PORT"
    {
        echo 'irc b $IRC bert 127.0.0.9'
        echo 'say b JOIN #kitchen'
        echo 'sync b'
        echo 'wait grep "Welcome to the TestNet" ii.ilse/127.0.0.1/out'
        echo "run echo '/j #kitchen' >ii.ilse/127.0.0.1/in"
        echo 'until b :ilse!\S+ JOIN #kitchen'
        echo "wait test -p 'ii.ilse/127.0.0.1/#kitchen/in'"
        echo "run seq -f 'line %g' 10 >'ii.ilse/127.0.0.1/#kitchen/in'"
        for n in {1..10}; do
            echo "hear b :ilse!\S+ PRIVMSG #kitchen :line $n"
        done
    } | talk 20
}

@test "sic: a pipe in, a pipe out" {
    usual_ircd
    peer sic
    mkfifo sic.in
    exec {in}<>sic.in
    start sic "$PEERS/bin/sic" -h "$HOST" -p "$PORT" -n sigi <sic.in
    talk 20 <<-'END'
	irc b $IRC bert 127.0.0.9
	say b JOIN #kitchen
	sync b
	run echo ':j #kitchen' >sic.in
	until b :sigi!sigi@127\.0\.0\.1 JOIN #kitchen
	run echo 'hello bert' >sic.in
	until b :sigi!\S+ PRIVMSG #kitchen :hello bert
	say b PRIVMSG #kitchen :hello sigi
	wait grep '<bert> hello sigi' sic.log
	run echo ':WHOIS bert' >sic.in
	wait grep '311 (sigi bert bert 127.0.0.9 [*]): Real bert' sic.log
	run echo ':QUIT :enough' >sic.in
	until b :sigi!\S+ QUIT :Quit: enough
	END
    exec {in}>&-
    wait_for 10 is_gone "$PID"
}
