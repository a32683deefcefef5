#!/usr/bin/env bats
# What a hostile reading of ircd-lite has found, each by the promise broken.

load lib/common
load lib/irc
load lib/load

# ---- input ------------------------------------------------------------------

@test "an overlong line whose LF comes alone ends there: the next one counts" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	irc b $IRC bert
	send a PRIVMSG anna :x{600}
	sync b
	send a \nPING next\r\n
	hear a :anna!\S+ PRIVMSG anna :x+
	hear a :\S+ 417 anna :.*
	hear a :\S+ PONG \S+ :next
	send a PRIVMSG anna :x{600}
	sync b
	send a \r\nPING next\r\n
	hear a :anna!\S+ PRIVMSG anna :x+
	hear a :\S+ 417 anna :.*
	hear a :\S+ PONG \S+ :next
	still a
	END
}

@test "what costs nothing once is not free in any number" {
    local line n=0
    start_ircd flood='2 seconds'
    for line in PONG 'PONG x' 'ERROR :x' 'CAP LIST' 'PASS x' '' '@t=x{4200}'; do
        talk 5 <<-END
	irc a \$IRC a$((n += 1))
	cram a $line\\r\\n
	close a
	END
    done
    irc_alive
}

# ---- memory -----------------------------------------------------------------

@test "one who does not read holds what is queued for him, not the blocks it came in" {
    local pid before after
    [ "${VSAP_TEST_ASAN:-0}" != 1 ] || skip "memory is not measured there"
    start_ircd
    pid=$(server_pid)
    {
        echo 'irc slow $IRC_UNIX slow'
        echo 'irc b $IRC bert'
        echo 'say slow JOIN #x'
        echo 'sync slow'
        echo 'say b JOIN #x'
        # past what his socket takes
        for i in {1..800}; do echo 'say b PRIVMSG slow :w{450}'; done
        echo 'sync b'
        echo 'run grep -q . /dev/null || awk "/^RssAnon/ { print \$2 }" /proc/'"$pid"'/status >before'
        for i in {1..2000}; do
            echo 'say b PRIVMSG #x :w{40}'
            echo 'sync b'
        done
        echo 'run awk "/^RssAnon/ { print \$2 }" /proc/'"$pid"'/status >after'
    } >script
    talk 20 <script
    before=$(<before) after=$(<after)
    echo "$before KiB, then $after KiB"
    [ $((after - before)) -lt 4000 ]
    irc_alive
}

# ---- who somebody is --------------------------------------------------------

@test "clients without an address take nobody out of the count of ::1" {
    local six
    start_ircd <<-END
	class "few" { per host 3 }
	allow from ::1 class "few"
	allow from any
	listen on ::1 port 0
	END
    six=$(listening_on "$IRC_LOG" 3)
    export six
    talk <<-'END'
	irc a $six anna
	irc b $six bert
	irc c $six carl
	irc u $IRC_UNIX una
	irc v $IRC_UNIX vera
	say u QUIT
	over u
	say v QUIT
	over v
	close u
	close v
	sync a
	open d $six
	send d NICK dora\r\nUSER dora 0 * :D\r\n
	until d ERROR :Closing Link: .*[Tt]oo many connections.*
	END
}

@test "a class without a limit is none for those who cannot be in it" {
    start_ircd <<-END
	class "few" { per host 2 }
	allow from 127.0.0.2 class "default"
	allow from any class "few"
	END
    talk <<-'END'
	open a $IRC 127.0.0.9
	open b $IRC 127.0.0.9
	send a PING\r\n
	hear a .*
	send b PING\r\n
	hear b .*
	open c $IRC 127.0.0.9
	hear c ERROR :Closing Link: .*Too many connections from your host.
	eof c
	irc d $IRC dora 127.0.0.2
	irc e $IRC ella 127.0.0.2
	irc f $IRC fred 127.0.0.2
	END
}

@test "who is refused as a gateway does not fill the log" {
    local i
    start_ircd
    {
        for i in {1..30}; do
            echo "open a$i \$IRC"
            echo "say a$i WEBIRC a b c 192.0.2.1"
            echo "over a$i"
        done
    } >script
    talk <script
    [ "$(grep -c 'WEBIRC from' "$IRC_LOG")" = 1 ]
}

@test "a host's name that looks like an address is not taken for one" {
    start dns perl "$ROOT/tests/tools/dnsstub.pl" \
        '127.0.31.1 PTR 192.168.evil.test' '192.168.evil.test A 127.0.31.1' \
        '127.0.31.2 PTR x.good.test' 'x.good.test A 127.0.31.2' </dev/null
    start_ircd dns="{ server \"$(listening_on dns.log)\" }" <<-END
	operator "root" { password "$(irc_hash secret)"; from "*@192.168.*"; may all }
	operator "name" { password "$(irc_hash secret)"; from "*@x.good.*"; may all }
	operator "addr" { password "$(irc_hash secret)"; from "*@127.0.*"; may all }
	END
    talk <<-'END'
	irc a $IRC anna 127.0.31.1
	say a OPER root secret
	until a :\S+ (?<was>491|381) anna .*
	run test $was = 491
	irc b $IRC bert 127.0.31.2
	say b OPER name secret
	until b :\S+ 381 bert .*
	say a OPER addr secret
	until a :\S+ 381 anna .*
	END
}

@test "who comes by a gateway has neither its ident nor a name that somebody vouches for" {
    [ "$(id -u)" = 0 ] || skip "port 113 is for root"
    start ident perl "$ROOT/tests/tools/identpeer.pl" -l 127.0.0.1:113 \
        user gateway </dev/null
    listening_on ident.log >/dev/null
    start_ircd ident=on <<-END
	webirc "gate" { password "$(irc_hash secret)"; from 127.0.0.1 }
	END
    talk <<-'END'
	open a $IRC
	until a NOTICE AUTH :\*\*\* Got ident response
	say a WEBIRC secret gate host.example.org 192.0.2.7
	say a NICK anna
	say a USER root 0 * :A
	until a :\S+ 001 anna :.*
	say a WHOIS anna
	until a :\S+ 311 anna anna ~root host.example.org .*
	END
}

# ---- passwords --------------------------------------------------------------

@test "a K-line that is set while a password is looked at holds" {
    local helper
    start_ircd <<-END
	operator "root" { password "$(irc_hash secret)"; may all }
	allow from 127.0.0.2 password "$(irc_hash word)"
	allow from any
	END
    helper=$(helper_pid)
    export helper
    talk <<-'END'
	irc o $IRC oper
	say o OPER root secret
	until o :\S+ 381 .*
	run kill -STOP $helper
	open a $IRC 127.0.0.2
	say a PASS word
	say a NICK anna
	say a USER anna 0 * :A
	sync o
	say o KLINE *@127.0.0.2 :go
	until o :\S+ NOTICE oper :KLINE .*
	run kill -CONT $helper
	until a ERROR :.*K-lined.*
	END
}

@test "REHASH takes an operator's rights with his block" {
    start_ircd <<-END
	operator "root" { password "$(irc_hash secret)"; may all }
	operator "half" { password "$(irc_hash secret)"; may all }
	operator "gone" { password "$(irc_hash secret)"; may all }
	END
    export IRC_CONF
    talk <<-'END'
	irc o $IRC oper
	say o OPER root secret
	until o :\S+ 381 .*
	irc h $IRC half
	say h OPER half secret
	until h :\S+ 381 .*
	irc g $IRC gone
	say g OPER gone secret
	until g :\S+ 381 .*
	run sed -i '/^operator "gone"/d; /^operator "half"/s/may all/may wallops/' $IRC_CONF
	say o REHASH
	until o :\S+ NOTICE oper :.*configuration read again
	until g :gone!\S+ MODE gone :-o
	say g KILL half :x
	until g :\S+ 481 gone .*
	say h KILL oper :x
	until h :\S+ 723 half kill .*
	say h WALLOPS :still here
	say o KILL nobody :x
	until o :\S+ 401 oper nobody .*
	sync h
	END
}

@test "wrong OPERs of one address are counted when they are asked, not when answered" {
    local helper n
    start_ircd <<-END
	operator "root" { password "$(irc_hash secret)"; may all }
	END
    helper=$(helper_pid)
    export helper
    {
        for n in {1..6}; do echo "irc a$n \$IRC a$n"; done
        echo 'run kill -STOP $helper'
        for n in {1..6}; do echo "say a$n OPER root wrong"; done
        for n in 4 5 6; do echo "until a$n :\\S+ 263 a$n OPER :.*"; done
        echo 'run kill -CONT $helper'
        for n in 1 2 3; do echo "until a$n :\\S+ 464 a$n :.*"; done
    } >script
    talk <script
}
