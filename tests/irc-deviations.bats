#!/usr/bin/env bats
# One test for each difference of ircd-lite from RFC 1459, 2811 and 2812 that
# no other file shows.  DEVIATIONS.md names these tests: their names are to
# stay.

load lib/common
load lib/irc

# ---- coming -----------------------------------------------------------------

@test "of two who want a nickname the first to be ready has it" {
    start_ircd
    talk <<-'END'
	open a $IRC
	say a NICK anna
	open b $IRC
	say b NICK Anna
	say b USER b 0 * :B
	until b :\S+ 001 Anna .*
	sync b
	say a USER a 0 * :A
	hear a :\S+ 433 anna anna :.*
	say a NICK otto
	until a :\S+ 001 otto .*
	END
    irc_alive
}

@test "CAP LS is answered by an empty list, REQ by NAK" {
    start_ircd
    talk <<-'END'
	open a $IRC
	say a CAP LS 302
	hear a :\S+ CAP \* LS :
	say a NICK anna
	say a USER a 0 * :A
	say a CAP REQ :sasl multi-prefix
	hear a :\S+ CAP anna NAK :sasl multi-prefix
	say a CAP END
	hear a :\S+ 001 anna .*
	until a :\S+ 422 .*
	say a CAP LIST
	hear a :\S+ CAP anna LIST :
	say a CAP FOO
	hear a :\S+ 410 anna FOO :.*
	END
}

@test "services are not taken" {
    start_ircd
    talk <<-'END'
	open a $IRC
	say a SERVICE dict * *.example 0 0 :Dictionary
	hear a :\S+ 400 \* SERVICE :.*
	irc b $IRC bert
	say b SQUERY dict :HELP
	hear b :\S+ 408 bert dict :.*
	say b SERVLIST
	hear b :\S+ 235 bert .*
	END
}

@test "a CR in a line ends it, but does not begin another one" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	send a PING one\rPING two\r\nPING three\nPING four\r\n
	hear a :\S+ PONG \S+ :one
	hear a :\S+ PONG \S+ :three
	hear a :\S+ PONG \S+ :four
	still a
	END
}

@test "PONG names the server, then the token" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	say a PING :a token
	hear a :irc\.test\.example PONG irc\.test\.example :a token
	END
}

# ---- names and targets --------------------------------------------------------

@test "NAMES without a channel lists nobody" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	say a JOIN #x
	until a :\S+ 366 anna #x :.*
	say a NAMES
	hear a :\S+ 366 anna \* :.*
	still a
	END
}

@test "user%host and user@server are no targets" {
    start_ircd
    talk <<-'END'
	irc b $IRC bert
	irc a $IRC anna
	say a PRIVMSG bert%127.0.0.1 :hello
	hear a :\S+ 401 anna bert%127\.0\.0\.1 :.*
	say a PRIVMSG bert@irc.test.example :hello
	hear a :\S+ 401 anna bert@irc\.test\.example :.*
	say a PRIVMSG bert!bert@127.0.0.1 :hello
	hear a :\S+ 401 anna bert!bert@127\.0\.0\.1 :.*
	still b
	END
}

@test "WHOIS takes nicknames, not masks" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	say a WHOIS a*
	hear a :\S+ 401 anna a\* :.*
	hear a :\S+ 318 anna a\* :.*
	END
}

# ---- channels -----------------------------------------------------------------

@test "no ! channels, and no modes a, q, r and O" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	say a JOIN !x
	hear a :\S+ 403 anna !x :.*
	say a JOIN !!x
	hear a :\S+ 403 anna !!x :.*
	say a JOIN #x
	until a :\S+ 366 .*
	say a MODE #x +aqrO
	hear a :\S+ 472 anna a :.*
	hear a :\S+ 472 anna q :.*
	hear a :\S+ 472 anna r :.*
	hear a :\S+ 472 anna O :.*
	still a
	END
}

@test "a channel has to be there for an INVITE" {
    start_ircd
    talk <<-'END'
	irc b $IRC bert
	irc a $IRC anna
	say a INVITE bert #nowhere
	hear a :\S+ 403 anna #nowhere :.*
	still b
	END
}

@test "who is banned from a channel keeps his nickname there" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	say a JOIN #x
	irc b $IRC bert
	say b JOIN #x
	until a :bert!\S+ JOIN #x
	say a MODE #x +b bert
	until b :anna!\S+ MODE #x \+b bert!\*@\*
	say b NICK otto
	hear b :\S+ 437 bert #x :.*
	say a MODE #x +v bert
	until b :anna!\S+ MODE #x \+v bert
	say b NICK otto
	hear b :bert!\S+ NICK :otto
	END
}

@test "a QUIT's own text comes behind Quit:" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	say a JOIN #x
	irc b $IRC bert
	say b JOIN #x
	until a :bert!\S+ JOIN #x
	say b QUIT :Ping timeout
	hear a :bert!\S+ QUIT :Quit: Ping timeout
	until b ERROR :.*
	eof b
	END
}
