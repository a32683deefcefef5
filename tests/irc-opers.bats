#!/usr/bin/env bats
# IRC operators and what they may: OPER, KILL, WALLOPS, KLINE, REHASH, DIE,
# RESTART, CONNECT, SQUIT (RFC 1459, 8.12.2; RFC 2812, 3.1.4, 3.7.1, 4).

load lib/common
load lib/irc

setup() {
    vsap_setup
}

# root may everything, lame nothing, far is not for this host.
opers() { # [CONFIGURATION...]
    local hash
    hash=$(irc_hash secret)

    cat <<-END
	class "opers" { flood none; sendq 4M }
	operator "root" { password "$hash"; may all; class "opers" }
	operator "lame" { password "$hash"; may none }
	operator "far" { password "$hash"; may all; from "*@192.0.2.0/24" }
	END
    [ $# -eq 0 ] || printf '%s\n' "$@"
}

# root is operator, bob a user.
two() {
    cat <<-END
	irc root $IRC root
	say root OPER root secret
	until root :root!\\S+ MODE root :?\\+o
	irc bob $IRC bob
	sync root
	END
}

conversation() {
    { two; cat; } >script
    talk <script
}

@test "OPER: 381 and +o; wrong words are told and logged, not the password" {
    start_ircd < <(opers)
    talk <<-END
	irc root $IRC root
	say root OPER root
	hear root :$S 461 root OPER :.*
	say root OPER root wrong
	hear root :$S 464 root :Password incorrect
	say root OPER nobody secret
	hear root :$S 491 root :No O-lines for your host
	say root OPER root secret
	hear root :$S 381 root :You are now an IRC operator
	hear root :root!root@\\S+ MODE root :?\\+o
	sync root
	say root MODE root
	hear root :$S 221 root \\+o
	say root OPER root wrong
	hear root :$S 381 root :.*
	say root MODE root -o
	hear root :root!\\S+ MODE root :?-o
	say root DIE
	hear root :$S 481 root :.*
	END
    wait_for 5 grep -q 'OPER root: .* is an operator now' "$IRC_LOG"
    grep -q 'OPER root: .* wrong password' "$IRC_LOG"
    grep -q 'OPER nobody: .*failed' "$IRC_LOG"
    run ! grep -q secret "$IRC_LOG"
    irc_alive
}

@test "OPER by the block's host mask alone: 491 from elsewhere" {
    start_ircd < <(opers)
    talk <<-END
	irc far $IRC far
	say far OPER far secret
	hear far :$S 491 far :.*
	END
}

@test "after three wrong OPERs in a minute further ones from there wait: 263" {
    start_ircd < <(opers)
    talk <<-END
	irc eve $IRC eve
	say eve OPER root a
	hear eve :$S 464 eve :.*
	say eve OPER root b
	hear eve :$S 464 eve :.*
	say eve OPER nobody c
	hear eve :$S 491 eve :.*
	say eve OPER root secret
	hear eve :$S 263 eve OPER :Please wait a while and try again
	irc again $IRC again
	say again OPER root secret
	hear again :$S 263 again OPER :.*
	irc root $IRC root 127.0.0.2
	say root OPER root secret
	hear root :$S 381 .*
	END
}

@test "what is said behind OPER waits for its answer" {
    start_ircd < <(opers)
    talk <<-END
	irc root $IRC root
	send root OPER root secret\\r\\nMODE root\\r\\nOPER root secret\\r\\nMODE root -o\\r\\n
	hear root :$S 381 .*
	hear root :root!\\S+ MODE root :?\\+o
	until root :$S 221 root \\+o
	hear root :$S 381 .*
	hear root :root!\\S+ MODE root :?-o
	irc bob $IRC bob
	send bob OPER root secret\\r\\n
	rst bob
	irc eve $IRC eve
	send eve OPER root wrong\\r\\nQUIT\\r\\n
	until eve :$S 464 .*
	until eve ERROR .*
	over eve
	END
    irc_alive
}

@test "an operator without a right is told which one: 723; others 481" {
    start_ircd < <(opers)
    talk <<-END
	irc lame $IRC lame
	say lame KILL lame :x
	hear lame :$S 481 lame :Permission Denied- You're not an IRC operator
	say lame OPER lame secret
	until lame :lame!\\S+ MODE lame :?\\+o
	sync lame
	say lame KILL lame :x
	hear lame :$S 723 lame kill :Insufficient oper privileges
	say lame KLINE bob@example.org :x
	hear lame :$S 723 lame kline :.*
	say lame UNKLINE bob@example.org
	hear lame :$S 723 lame kline :.*
	say lame WALLOPS :x
	hear lame :$S 723 lame wallops :.*
	say lame REHASH
	hear lame :$S 723 lame rehash :.*
	say lame DIE
	hear lame :$S 723 lame die :.*
	say lame RESTART
	hear lame :$S 723 lame die :.*
	say lame CONNECT other.example
	hear lame :$S 723 lame connect :.*
	say lame SQUIT other.example :x
	hear lame :$S 723 lame connect :.*
	END
    irc_alive
}

@test "KILL: the victim hears by whom and why, others one QUIT" {
    start_ircd < <(opers)
    conversation <<-END
	irc amy $IRC amy
	say amy JOIN #c,#d
	until amy :\\S+ 366 amy #d .*
	say bob JOIN #c,#d
	until bob :\\S+ 366 bob #d .*
	until amy :bob!\\S+ JOIN :?#d
	say root KILL bob
	until root :$S 461 root KILL :.*
	say root KILL nobody :x
	until root :$S 401 root nobody :.*
	say root KILL $S :x
	until root :$S 483 root :.*
	say root KILL bob :enough of it
	hear bob :root!root@\\S+ KILL bob :enough of it
	hear bob ERROR :Closing Link: .*Killed \\(root \\(enough of it\\)\\).*
	over bob
	hear amy :bob!bob@\\S+ QUIT :Killed \\(root \\(enough of it\\)\\)
	still amy
	END
    irc_alive
}

@test "KILL chases, and of oneself with more commands behind it is the end" {
    start_ircd < <(opers)
    conversation <<-END
	say bob NICK bert
	until bob :bob!\\S+ NICK :?bert
	say root KILL bob :got you
	until bob :root!\\S+ KILL bert :got you
	over bob
	send root KILL root :enough\\r\\nWALLOPS :never\\r\\nMODE root\\r\\nDIE\\r\\n
	until root :root!\\S+ KILL root :enough
	until root ERROR .*
	over root
	END
    irc_alive
}

@test "WALLOPS is for those with +w" {
    start_ircd < <(opers)
    conversation <<-END
	irc amy $IRC amy
	say bob MODE bob +w
	until bob :bob!\\S+ MODE .*
	say root WALLOPS :the server moves at noon
	hear bob :root!root@\\S+ WALLOPS :the server moves at noon
	still amy
	say bob WALLOPS :me too
	hear bob :$S 481 .*
	say root MODE root +w
	until root :root!\\S+ MODE .*
	say root WALLOPS :again
	until root :root!\\S+ WALLOPS :again
	END
}

@test "KLINE: who is here goes, and does not come back before UNKLINE" {
    start_ircd < <(opers)
    conversation <<-END
	irc amy $IRC amy
	say root KLINE
	until root :$S 461 root KLINE :.*
	say root KLINE *@* :all
	until root :$S NOTICE root :.*too wide.*
	say root KLINE a!b@c.example :x
	until root :$S NOTICE root :KLINE .*
	say root KLINE *oo*@127.0.0.1 :x
	until root :$S NOTICE root :.*too wide.*|:$S NOTICE root :.*is you.*
	say root KLINE *root@127.0.0.1 :x
	until root :$S NOTICE root :.*that is you.*
	say root KLINE bob@127.0.0.0/8 :spam: too much
	until bob :$S 465 bob :You are banned from this server: spam: too much
	until bob ERROR .*K-lined: spam: too much.*
	over bob
	until root :$S NOTICE root :KLINE bob@127.0.0.0/8: set; 1 user was removed
	open b2 $IRC
	say b2 NICK bert
	say b2 USER bob 0 * :Bob
	until b2 :$S 465 bert :You are banned from this server: spam: too much
	until b2 ERROR .*
	over b2
	still amy
	say root STATS k
	until root :$S 216 root K 127.0.0.0/8 \\* bob .*
	say root UNKLINE nobody@127.0.0.1
	until root :$S NOTICE root :UNKLINE nobody@127.0.0.1: there is none.*
	say root UNKLINE bob@127.0.0.0/8
	until root :$S NOTICE root :UNKLINE bob@127.0.0.0/8: removed
	irc bob2 $IRC bob
	END
    irc_alive
}

@test "a K-line that is set for some minutes says so in its file" {
    start_ircd < <(opers "klines file \"$BATS_TEST_TMPDIR/klines\"")
    conversation <<-END
	say root KLINE 10 spam@192.0.2.* :for a while
	until root :$S NOTICE root :KLINE .* set; 0 .*
	say root KLINE 99999999999 x@example.org :x
	until root :$S NOTICE root :KLINE 9+: the minutes are .*
	END
    wait_for 5 grep -q '^spam@192' klines
    run cat klines
    [[ $output =~ ^'spam@192.0.2.* '([0-9]+)' '([0-9]+)' root!root@127.0.0.1 for a while'$ ]]
    [ $((BASH_REMATCH[2] - BASH_REMATCH[1])) -eq 600 ]
}

@test "K-lines are kept across a restart, and notes in the file with them" {
    printf '# a note\nmistyped\nal@192.0.2.1 1 0 x!y@z kept\n' >klines
    printf 'old@192.0.2.1 1 2 x!y@z over\n' >>klines
    start_ircd < <(opers "klines file \"$BATS_TEST_TMPDIR/klines\"")
    wait_for 5 grep -q 'klines: line 2: ' "$IRC_LOG"
    conversation <<-END
	say root KLINE bob@127.0.0.1 :spam
	until root :$S NOTICE root :KLINE .* set; 1 .*
	END
    wait_for 5 grep -q '^bob@127' klines
    grep -q '^# a note' klines
    grep -q '^mistyped' klines
    grep -q '^al@192' klines
    run ! grep -q '^old@192' klines
    kill "$IRC_PID"
    wait_for 10 is_gone "$IRC_PID"
    start_ircd < <(opers "klines file \"$BATS_TEST_TMPDIR/klines\"")
    talk <<-END
	open bob $IRC
	say bob NICK bob
	say bob USER bob 0 * :Bob
	until bob :$S 465 bob :You are banned from this server: spam
	over bob
	END
    irc_alive
}

@test "a K-line of the configuration holds, comes by REHASH, stays by UNKLINE" {
    start_ircd < <(opers 'kline "eve@127.0.0.1" reason "by file"')
    echo 'kline "bob@127.0.0.1" reason "later"' >more
    two >script
    cat >>script <<-END
	open eve $IRC
	say eve NICK eve
	say eve USER eve 0 * :Eve
	until eve :$S 465 eve :.*by file
	over eve
	say root UNKLINE eve@127.0.0.1
	until root :$S NOTICE root :UNKLINE .*in the configuration.*
	run cat more >>$IRC_CONF
	say root REHASH
	until root :$S 382 root \\S+ :Rehashing
	until bob :$S 465 bob :.*later
	over bob
	END
    talk <script
    irc_alive
}

@test "REHASH with a broken file changes nothing and says why" {
    start_ircd < <(opers)
    conversation <<-END
	run echo 'nonsense {' >>$IRC_CONF
	say root REHASH
	until root :$S 382 root \\S+ :Rehashing
	until root :$S NOTICE root :.*nonsense.*
	say bob MODE bob
	hear bob :$S 221 bob .*
	END
    irc_alive
}

@test "DIE: of another server not, of this one everybody hears ERROR" {
    start_ircd < <(opers)
    conversation <<-END
	say root DIE other.example
	until root :$S 402 root other.example :No such server
	say root DIE
	until bob ERROR .*DIE by root.*
	over bob
	over root
	END
    wait_for 10 is_gone "$IRC_PID"
}

@test "RESTART: the server is there again, with its listeners" {
    start_ircd listen="127.0.0.1 port $(free_port)" < <(opers)
    conversation <<-END
	say root RESTART $S
	until bob ERROR .*RESTART by root.*
	over bob
	END
    wait_for 10 log_has "$IRC_LOG" "listening on $IRC\$" 2
    irc_alive
}

@test "CONNECT and SQUIT: there is no other server" {
    start_ircd < <(opers)
    conversation <<-END
	say root CONNECT
	until root :$S 461 root CONNECT :.*
	say root CONNECT other.example 6667
	until root :$S 402 root other.example :No such server
	say root SQUIT other.example :bye
	until root :$S 402 root other.example :No such server
	say root SQUIT $S :bye
	until root :$S NOTICE root :SQUIT .*itself.*
	say bob SQUIT other.example :bye
	hear bob :$S 481 .*
	END
    irc_alive
}

@test "a reason that was typed without its colon is taken whole" {
    start_ircd < <(opers)
    talk <<-END
	irc root $IRC root
	say root OPER root secret
	until root :$S 381 .*
	irc eve $IRC eve 127.0.0.3
	say root KLINE 5 *@127.0.0.3 go away now
	until eve ERROR :Closing Link: eve\\[127.0.0.3\\] \\(K-lined: go away now\\)
	irc bob $IRC bob
	say root KILL bob not you either
	until bob ERROR :.*not you either.*
	END
}
