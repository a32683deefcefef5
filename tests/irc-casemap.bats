#!/usr/bin/env bats
# Which names are the same: CASEMAPPING rfc1459 and ascii (RFC 1459, 2.2;
# Modern IRC, "CASEMAPPING Parameter").

load lib/common
load lib/irc

@test "rfc1459: A-Z and []\\~ are the capitals of a-z and {}|^" {
    start_ircd
    talk <<'END'
	open a $IRC
	send a NICK Anna[]\\^\r\nUSER a 0 * :A\r\n
	until a :$S 005 .* CASEMAPPING=rfc1459 .*
	until a :$S 422 .*
	irc b $IRC bert
	say b NICK aNNA{}|^
	hear b :$S 433 bert aNNA\{\}\|\^ :Nickname is already in use
	say b PRIVMSG anna{}|^ :hi
	hear a :bert!\S+ PRIVMSG Anna\[\]\\\^ :hi
	say b ISON anna{]\\^
	hear b :$S 303 bert :Anna\[\]\\\^
	say b WHOIS ANNA{}|^
	hear b :$S 311 bert Anna\[\]\\\^ a $H \* :A
	until b :$S 318 .*
	# - and _, @ and `, are not
	say b NICK anna[]\\_
	hear b :bert!\S+ NICK :anna\[\]\\_
	say b NICK bert
	hear b .* NICK :bert
	# one changes the case of his own
	say a NICK anna{}|^
	hear a :Anna\[\]\\\^!\S+ NICK :anna\{\}\|\^
	say a JOIN #A[]\\~
	hear a :anna\{\}\|\^!\S+ JOIN #A\[\]\\~
	until a :$S 366 .*
	say b JOIN #a{}|^
	hear b :bert!\S+ JOIN #A\[\]\\~
	until b :$S 366 .*
	until a :bert!\S+ JOIN .*
	# in masks, in lists of targets, in lists of users
	say a MODE #a{}|^ +b BERT!*@*
	until a .* MODE #A\[\]\\~ \+b BERT!\*@\*
	until b .* MODE #A\[\]\\~ \+b BERT!\*@\*
	say b PRIVMSG #a[}\\^ :x
	hear b :$S 404 bert #a\[\}\\\^ :.*
	say a MODE #a{}|^ -b bert!*@*
	until a .* MODE #A\[\]\\~ -b (?i:BERT)!\*@\*
	until b .* MODE #A\[\]\\~ -b (?i:BERT)!\*@\*
	say b PRIVMSG #a[]\\~,#A{}|^,anna[]|^,ANNA{}\\^ :once
	hear a :bert!\S+ PRIVMSG #A\[\]\\~ :once
	hear a :bert!\S+ PRIVMSG anna\{\}\|\^ :once
	still a
	still b
	say a KICK #a[]|~ Bert :out
	hear b :anna\S+ KICK #A\[\]\\~ bert :out
	say a MODE #a[]|~ +i
	say a INVITE BERT #a{}\\~
	until b .* INVITE bert :?#A\[\]\\~
	say b JOIN #A{}|^
	hear b :bert!\S+ JOIN #A\[\]\\~
	say b NICK other
	say b WHOWAS BERT
	until b :$S 314 other bert .*
END
}

@test "ascii: only A-Z; [ and { are two" {
    start_ircd server="casemapping ascii"
    talk <<'END'
	open a $IRC
	send a NICK Anna[]\\\r\nUSER a 0 * :A\r\n
	until a :$S 005 .* CASEMAPPING=ascii .*
	until a :$S 422 .*
	irc b $IRC bert
	say b NICK aNNA[]\\
	hear b :$S 433 bert aNNA\[\]\\ :Nickname is already in use
	say b NICK anna{}|
	hear b :bert!\S+ NICK :anna\{\}\|
	say b PRIVMSG ANNA[]\\ :hi
	hear a :anna\{\}\|!\S+ PRIVMSG Anna\[\]\\ :hi
	say a JOIN #x[~
	until a :$S 366 .*
	say b JOIN #x{^
	hear b :\S+ JOIN #x\{\^
	hear b :$S 353 \S+ = #x\{\^ :@anna\{\}\|
	until b :$S 366 .*
	say b JOIN #X[^
	hear b :\S+ JOIN #X\[\^
	until b :$S 366 .*
	say b JOIN #X[~
	hear b :\S+ JOIN #x\[~
	until b :$S 366 .*
	until a :\S+ JOIN #x\[~
	say a MODE #x[~ +b anna[]|!*@*
	until a .*\+b .*
	until b .*\+b .*
	say b PRIVMSG #x[~ :not me
	hear a :anna\{\}\|!\S+ PRIVMSG #x\[~ :not me
	say a MODE #x[~ +b ANNA{}|!*@*
	until b .*\+b .*
	say b PRIVMSG #x[~ :me
	hear b :$S 404 .*
END
}

@test "bytes beyond ASCII have no case" {
    start_ircd
    talk <<'END'
	irc a $IRC anna
	send a JOIN #\xc3\x84,#\xc3\xa4,#\xc4,#\xe4\r\n
	until a :anna!\S+ JOIN #\xc3\x84
	until a :anna!\S+ JOIN #\xc3\xa4
	until a :anna!\S+ JOIN #\xc4
	until a :anna!\S+ JOIN #\xe4
	until a :$S 366 anna #\xe4 :.*
END
}

@test "the mapping of the start holds until the next one" {
    start_ircd server="casemapping rfc1459"
    talk <<'END'
	irc a $IRC anna[
	run sed -i 's/casemapping rfc1459/casemapping ascii/' $IRC_CONF
	run kill -HUP $IRC_PID
	wait grep -q 'configuration read again' $IRC_LOG
	irc b $IRC bert
	say b PRIVMSG ANNA{ :hi
	hear a :bert!\S+ PRIVMSG anna\[ :hi
	say b NICK anna{
	hear b :$S 433 .*
	say b VERSION
	until b :$S 005 .* CASEMAPPING=rfc1459 .*
END
}
