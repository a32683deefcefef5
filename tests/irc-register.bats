#!/usr/bin/env bats
# Coming in, seen from outside: PASS, NICK, USER and CAP in any order, names
# that are none, races for one name, who is let in and who is not (RFC 1459,
# 4.1; RFC 2812, 3.1; ircd-lite.conf(5), WHO MAY CONNECT).

load lib/common
load lib/irc

# Stop and continue every process of the server: what is sent meanwhile is
# there at the same instant.
stop_go() {
    IRC_ALL=$(pids_of ircd-lite | xargs)
    export IRC_ALL
}

# ---- orders -----------------------------------------------------------------

@test "NICK, USER, PASS and CAP in every order, in one packet and in pieces" {
    start_ircd
    n=0
    # what comes last completes it
    while read -r order; do
        for how in send drip; do
            n=$((n + 1))
            line=''
            for w in $order; do
                case $w in
                P) line+='PASS secret\r\n' ;;
                N) line+="NICK n$n\\r\\n" ;;
                U) line+="USER u$n 0 * :Real $n\\r\\n" ;;
                L) line+='CAP LS 302\r\n' ;;
                R) line+='CAP REQ :sasl\r\n' ;;
                E) line+='CAP END\r\n' ;;
                esac
            done
            cat <<END
open c$n \$IRC
$how c$n $line
until c$n :\$S 001 n$n :Welcome to the TestNet Network, n$n!u$n@\$H
until c$n :\$S 422 n$n :.*
still c$n
say c$n QUIT
over c$n
END
        done
    done >script <<'END'
N U
U N
P N U
P U N
N P U
U P N
E N U
L N U E
L U N E
N L U E
U L N E
N L E U
L E U N
L P N U R E
R N U E
R U N E
N R U L E E
P P U L N P E
N N N U
END
    talk 15 <script
}

@test "CAP holds the welcome back until CAP END" {
    start_ircd
    talk <<'END'
	open a $IRC
	say a CAP LS
	hear a :$S CAP \* LS :
	send a NICK anna\r\nUSER anna 0 * :A\r\n
	still a
	say a CAP REQ :multi-prefix away-notify
	hear a :$S CAP anna NAK :multi-prefix away-notify
	say a JOIN #x
	hear a :$S 451 anna :You have not registered
	say a NICK otto
	still a
	say a CAP END
	hear a :$S 001 otto :Welcome to the TestNet Network, otto!anna@$H
	until a :$S 422 .*
	# and later it holds nothing
	say a CAP LS 302
	hear a :$S CAP otto LS :
	say a CAP END
	still a
END
}

@test "NICK may be said again and again; the last one counts" {
    start_ircd
    {
        echo 'open a $IRC'
        for i in $(seq 100); do echo "say a NICK n$i"; done
        echo 'say a USER a 0 * :A'
        echo 'hear a :$S 001 n100 :.*'
        echo 'irc b $IRC n1'
    } >script
    talk <script
}

@test "before the welcome everything else is 451, PING is answered" {
    start_ircd
    talk <<'END'
	open a $IRC
	say a JOIN #x
	hear a :$S 451 \* :You have not registered
	say a PRIVMSG anna :hi
	hear a :$S 451 \* :You have not registered
	say a NONSENSE
	hear a :$S 451 \* :You have not registered
	say a OPER a b
	hear a :$S 451 \* :.*
	say a LIST
	hear a :$S 451 \* :.*
	say a PING :one two
	hear a :$S PONG $S :one two
	say a PING
	hear a :$S 409 \* :No origin specified
	say a PONG
	say a ERROR :x
	still a
	say a NICK anna
	say a MODE anna +i
	hear a :$S 451 anna :You have not registered
	say a QUIT :early
	hear a ERROR :Closing Link: anna\[$H\] \(Quit: early\)
	eof a
	open b $IRC
	say b QUIT
	hear b ERROR :Closing Link: \*\[$H\] \(Quit\)
	eof b
END
}

@test "461 and 462: what PASS, NICK and USER need, and when it is too late" {
    start_ircd
    talk <<'END'
	open a $IRC
	say a PASS
	hear a :$S 461 \* PASS :Not enough parameters
	say a NICK
	hear a :$S 431 \* :No nickname given
	say a NICK :
	hear a :$S 431 \* :No nickname given
	say a USER
	hear a :$S 461 \* USER :Not enough parameters
	say a USER a 0 *
	hear a :$S 461 \* USER :.*
	say a USER a 0 * :
	hear a :$S 461 \* USER :.*
	say a CAP
	hear a :$S 461 \* CAP :.*
	say a CAP :no such
	hear a :$S 410 \* no_such :Invalid CAP command
	say a USER a 0 * :A
	say a USER b 0 * :B
	hear a :$S 462 \* :You may not reregister
	say a NICK anna
	hear a :$S 001 anna .*anna!a@.*
	until a :$S 422 .*
	say a USER b 0 * :B
	hear a :$S 462 anna :You may not reregister
	say a PASS x
	hear a :$S 462 anna :You may not reregister
	say a PASS
	hear a :$S 462 anna :You may not reregister
	say a WEBIRC a b c d
	hear a :$S 462 anna :You may not reregister
	say a NICK
	hear a :$S 431 anna :No nickname given
	say a nick
	hear a :$S 431 anna :No nickname given
	still a
END
}

# ---- nicknames --------------------------------------------------------------

@test "432: nicknames that are none, and 433; all letters that are good" {
    start_ircd
    {
        echo 'open a $IRC'
        while IFS= read -r bad; do
            echo "say a NICK $bad"
            echo 'hear a :$S 432 \* \S+ :Erroneus nickname'
        done <<'END'
1anna
-anna
an.na
an!na
an@na
an~na
an#na
an,na
an:na
an*na
an?na
\x24anna
#anna
&anna
+anna
@anna
:anna otto
: anna
anna\xc3\xa4
\xe4nna
an\x01na
an\x7fna
an\tna
anna/away
a{31}
a{490}
END
        cat <<'END'
	say a NICK a{30}
	say a USER u 0 * :U
	hear a :$S 001 a{30} :.*
	until a :$S 422 .*
	say a NICK []\\`_^{|}-09azAZ
	hear a :a{30}!u@$H NICK :\[\]\\`_\^\{\|\}-09azAZ
	irc b $IRC bert
	say b NICK {}|`_~[
	hear b :$S 432 bert \S+ :Erroneus nickname
	say b NICK {}\\`_~{\\}-09AZaz
	hear b :$S 432 .*
	say b NICK {]|`_^[\\]-09AZaz
	hear b :$S 433 bert \S+ :Nickname is already in use
	still a
END
    } >script
    talk <script
}

@test "a change of nickname is told once to each neighbour, the name is free at once" {
    start_ircd
    talk <<'END'
	irc a $IRC anna
	irc b $IRC bert
	irc c $IRC carl
	say a JOIN #x,#y
	until a :$S 366 anna #y :.*
	say b JOIN #x,#y
	until b :$S 366 bert #y :.*
	until a :bert!\S+ JOIN #y
	say a NICK anna
	still a
	say a NICK Anna
	hear a :anna!anna@$H NICK :Anna
	hear b :anna!anna@$H NICK :Anna
	say a NICK BERT
	hear a :$S 433 Anna BERT :Nickname is already in use
	say a NICK otto
	hear a :Anna!anna@$H NICK :otto
	hear b :Anna!anna@$H NICK :otto
	still b
	still c
	say c NICK anna
	hear c :carl!carl@$H NICK :anna
	still b
	say b PRIVMSG anna :hi
	hear c :bert!\S+ PRIVMSG anna :hi
	say b PRIVMSG otto :hi
	hear a :bert!\S+ PRIVMSG otto :hi
	say b NAMES #x
	hear b :$S 353 bert = #x :(@otto bert|bert @otto)
	until b :$S 366 .*
	say a QUIT
	over a
	hear b :otto!anna@$H QUIT :Quit
	irc d $IRC otto
END
}

@test "who has not registered is not there: no WHOIS, no message, no name taken" {
    start_ircd
    talk <<'END'
	open a $IRC
	say a NICK anna
	sync a
	irc b $IRC bert
	say b WHOIS anna
	hear b :$S 401 bert anna :.*
	until b :$S 318 .*
	say b PRIVMSG anna :hi
	hear b :$S 401 bert anna :.*
	say b ISON anna
	hear b :$S 303 bert :
	say b MODE anna
	hear b :$S 401 bert anna :.*
	say b INVITE anna #x
	hear b :$S 401 bert anna :.*
	say b NICK anna
	hear b :bert!\S+ NICK :anna
	say b PRIVMSG anna :me
	hear b :anna!\S+ PRIVMSG anna :me
	still a
	say a USER a 0 * :A
	hear a :$S 433 anna anna :Nickname is already in use
	say a NICK anna
	hear a :$S 433 \* anna :Nickname is already in use
	say a NICK bert
	hear a :$S 001 bert .*
END
}

@test "two for one nickname at the same instant: one has it, the other chooses again" {
    start_ircd
    stop_go
    talk <<'END'
	open a $IRC
	open b $IRC
	say a USER a 0 * :A
	say b USER b 0 * :B
	sync a
	sync b
	run kill -STOP $IRC_ALL
	say a NICK anna
	say b NICK ANNA
	run kill -CONT $IRC_ALL
	hear a :$S (?<RA>001|433) .*
	hear b :$S (?<RB>001|433) .*
	run test $RA != $RB
	sync a
	sync b
	# each says a name of his own, whoever has won
	say a NICK otto
	say b NICK bert
	until a :$S 001 otto .*|:\S+ NICK :otto
	until b :$S 001 bert .*|:\S+ NICK :bert
	sync a
	sync b
	# and both with all of it in one packet
	open c $IRC
	open d $IRC
	sync c
	sync d
	run kill -STOP $IRC_ALL
	send c NICK anna\r\nUSER c 0 * :C\r\nJOIN #c\r\n
	send d NICK anna\r\nUSER d 0 * :D\r\nJOIN #d\r\n
	run kill -CONT $IRC_ALL
	hear c :$S (?<RC>001|433) .*
	hear d :$S (?<RD>001|433) .*
	run test $RC != $RD
	# and two who are in
	sync c
	sync d
	run kill -STOP $IRC_ALL
	say a NICK dora
	say b NICK Dora
	run kill -CONT $IRC_ALL
	hear a :(otto!\S+ NICK :dora|$S 433 otto dora :.*)
	hear b :(bert!\S+ NICK :Dora|$S 433 bert Dora :.*)
	irc e $IRC emil
	say e ISON otto bert dora
	hear e :$S 303 emil :(otto dora|bert Dora|otto Dora|bert dora)
END
    irc_alive
}

@test "the name is lost while CAP or the password is waited for: 433, and the next is taken" {
    start_ircd <<END
	allow from "slow@*" password "$(irc_hash secret)"
	allow from any
END
    talk <<'END'
	open a $IRC
	send a CAP LS\r\nNICK anna\r\nUSER a 0 * :A\r\n
	sync a
	open p $IRC
	send p PASS secret\r\nCAP LS\r\nNICK anna\r\nUSER slow 0 * :P\r\n
	sync p
	irc b $IRC anna
	say a CAP END
	hear a :$S 433 anna anna :.*
	say a NICK bert
	hear a :$S 001 bert .*
	say p CAP END
	hear p :$S 433 anna anna :.*
	say p NICK carl
	hear p :$S 001 carl .*slow@.*
END
    irc_alive
}

# ---- USER -------------------------------------------------------------------

@test "USER's second parameter: 4 is w, 8 is i, nothing else counts" {
    start_ircd
    n=0
    while read -r mode want; do
        n=$((n + 1))
        cat <<END
open c$n \$IRC
send c$n NICK n$n\\r\\nUSER u $mode * :R\\r\\nMODE n$n\\r\\n
until c$n :\$S 221 n$n $want
END
    done >script <<'END'
0 \+
4 \+w
8 \+i
12 \+iw
15 \+iw
255 \+iw
3 \+
-8 \+
8x \+
* \+
256 \+
99999999999999999999 \+
+iwo \+
END
    talk <script
}

@test "user names lose what must not be in a source, and are cut at 10" {
    start_ircd
    n=0
    while read -r name want; do
        n=$((n + 1))
        cat <<END
open c$n \$IRC
send c$n NICK n$n\\r\\nUSER $name 0 * :R\\r\\n
until c$n :\$S 001 n$n :.*, n$n!$want@\$H
END
    done >script <<'END'
plain plain
a!b@c abc
@@root root
!root root
a\x01\x02\x1fb ab
\xc3\xa4bc bc
abcdefghijklmno abcdefghij
!@!@abcdefghijklm abcdefghij
a\x7fb ab
a:b a:b
END
    cat >>script <<'END'
	open x $IRC
	say x NICK x
	say x USER !@\x01\xff 0 * :R
	hear x :$S 461 x USER :.*
	say x USER ok 0 * :R
	hear x :$S 001 x .*ok@.*
END
    talk <script
}

@test "real names: bytes as they came, cut at 128 and in no letter's midst" {
    start_ircd
    talk <<'END'
	irc w $IRC witness
	open a $IRC
	send a NICK a\r\nUSER a 0 * :\x01\x02 \xff\xe4 :@! *\r\n
	until a :$S 422 .*
	say w WHOIS a
	hear w :$S 311 witness a a $H \* :\x01\x02 \xff\xe4 :@! \*
	until w :$S 318 .*
	open b $IRC
	send b NICK b\r\nUSER b 0 * :x{400}\r\n
	until b :$S 422 .*
	say w WHOIS b
	hear w :$S 311 witness b b $H \* :x{128}
	until w :$S 318 .*
	open c $IRC
	send c NICK c\r\nUSER c 0 * :x{127}\xc3\xa4\r\n
	until c :$S 422 .*
	say w WHOIS c
	hear w :$S 311 witness c c $H \* :x{127}
	until w :$S 318 .*
	# without the colon the name is a word
	open d $IRC
	send d NICK d\r\nUSER d 0 * one two\r\n
	until d :$S 422 .*
	say w WHOIS d
	hear w :$S 311 witness d d $H \* :one
	# blanks alone are a name, if a poor one
	open e $IRC
	send e NICK e\r\nUSER e 0 * : \r\n
	hear e :$S 001 e .*
END
}

# ---- who is let in ----------------------------------------------------------

@test "deny with a reason: 465 and the end, without a nickname lost" {
    start_ircd <<'END'
	deny from "spam*@*" reason "no spam here: go"
	deny from "quiet@*"
END
    talk <<'END'
	open a $IRC
	send a NICK anna\r\nUSER spammer 0 * :A\r\nJOIN #x\r\n
	hear a :$S 465 anna :You are banned from this server: no spam here: go
	hear a ERROR :Closing Link: anna\[$H\] \(.*no spam here: go\)
	eof a
	open b $IRC
	send b NICK anna\r\nUSER quiet 0 * :A\r\n
	hear b :$S 465 anna :You are banned from this server: .*
	hear b ERROR .*
	eof b
	irc c $IRC anna
END
    irc_alive
}

@test "who comes by a UNIX socket is meant by its path" {
    start_ircd <<END
	deny from "$BATS_TEST_TMPDIR/ircd.sock" reason "not this way"
END
    talk <<'END'
	open a $IRC_UNIX
	send a NICK a\r\nUSER a 0 * :A\r\n
	hear a :$S 465 a :You are banned from this server: not this way
	hear a ERROR :Closing Link: a\[$IRC_UNIX\] \(.*not this way\)
	eof a
	irc b $IRC b
END
}

@test "the first rule that fits decides; whom none fits is out if there is any allow" {
    start_ircd <<'END'
	deny from "bad@127.0.0.0/8" reason "first"
	allow from 127.0.0.2
	deny from 127.0.0.3 reason "three"
	allow from "127.0.0.?"
	deny from any reason "never"
END
    talk <<'END'
	open a $IRC 127.0.0.2
	send a NICK a\r\nUSER bad 0 * :A\r\n
	hear a :$S 465 a :You are banned from this server: first
	open b $IRC 127.0.0.3
	send b NICK b\r\nUSER b 0 * :A\r\n
	hear b :$S 465 b :You are banned from this server: three
	irc c $IRC c 127.0.0.2
	irc d $IRC d 127.0.0.4
	open e $IRC 127.0.0.44
	send e NICK e\r\nUSER e 0 * :A\r\n
	hear e :$S 465 e :You are banned from this server: never
END
    IRCD_NAME=two start_ircd <<'END'
	allow from { 127.0.0.2, "ok@*" }
END
    talk <<'END'
	irc a $IRC a 127.0.0.2
	irc b $IRC ok
	open c $IRC
	send c NICK c\r\nUSER c 0 * :A\r\n
	hear c :$S 463 c :Your host isn't among the privileged
	hear c ERROR :Closing Link: c\[$H\] \(Access denied: no rule allows your host\)
	eof c
END
}

@test "hours: a rule fits on its days and at its times only" {
    # two days, so that midnight does no harm
    today=$(LC_ALL=C date +%a | tr A-Z a-z)
    tomorrow=$(LC_ALL=C date -d '+1 day' +%a | tr A-Z a-z)
    later=$(LC_ALL=C date -d '+3 days' +%a | tr A-Z a-z)
    start_ircd <<END
	deny from "now@*" hours $today-$tomorrow reason "not today"
	deny from "later@*" hours $later reason "not then"
	deny from "always@*" hours 00:00-24:00 reason "never"
	deny from "both@*" hours $later, $today-$tomorrow 00:00-24:00 reason "twice"
END
    talk <<'END'
	open a $IRC
	send a NICK a\r\nUSER now 0 * :A\r\n
	hear a :$S 465 a :You are banned from this server: not today
	irc b $IRC later
	open c $IRC
	send c NICK c\r\nUSER always 0 * :A\r\n
	hear c :$S 465 c :You are banned from this server: never
	open d $IRC
	send d NICK d\r\nUSER both 0 * :A\r\n
	hear d :$S 465 d :You are banned from this server: twice
END
}

@test "a password: the last PASS counts; none and a wrong one are 464 and the end" {
    start_ircd <<END
	allow from "pw@*" password "$(irc_hash secret)"
	allow from any
END
    talk <<'END'
	open a $IRC
	send a NICK a\r\nUSER pw 0 * :A\r\n
	hear a :$S 464 a :Password incorrect
	hear a ERROR :Closing Link: a\[$H\] \(Bad password\)
	eof a
	open b $IRC
	send b PASS Secret\r\nNICK b\r\nUSER pw 0 * :A\r\n
	hear b :$S 464 b :Password incorrect
	hear b ERROR :.*
	eof b
	open c $IRC
	send c PASS wrong\r\nNICK c\r\nPASS secret\r\nUSER pw 0 * :A\r\nJOIN #x\r\nPRIVMSG c :waited\r\n
	hear c :$S 001 c .*
	until c :c!\S+ JOIN #x
	until c :c!\S+ PRIVMSG c :waited
	open d $IRC
	send d PASS :secret\r\nPASS wrong\r\nNICK d\r\nUSER pw 0 * :A\r\n
	hear d :$S 464 .*
	# whom the rule does not mean needs none, and may say any
	open e $IRC
	send e PASS wrong\r\nNICK e\r\nUSER e 0 * :A\r\n
	hear e :$S 001 e .*
END
    run ! grep -q ecret "$IRC_LOG"
}

@test "who leaves while the password is looked at does no harm" {
    start_ircd <<END
	allow from any password "$(irc_hash secret)"
END
    {
        for i in $(seq 30); do
            echo "open c$i \$IRC"
            echo "send c$i PASS secret\\r\\nNICK n$i\\r\\nUSER u 0 * :U\\r\\nQUIT\\r\\n"
            [ $((i % 3)) = 0 ] || echo "rst c$i"
        done
        echo 'open a $IRC'
        echo 'send a PASS secret\r\nNICK anna\r\nUSER a 0 * :A\r\n'
        echo 'hear a :$S 001 anna .*'
    } >script
    talk <script
    assert_alive "$IRC_PID"
}

@test "restricted: +r from the start, no new nickname, no operator of channels" {
    start_ircd <<'END'
	allow from "kid@*" restricted
	allow from any
END
    talk <<'END'
	open a $IRC
	send a NICK kid\r\nUSER kid 8 * :K\r\nMODE kid\r\n
	until a :$S 221 kid \+ir
	say a NICK other
	hear a :$S 484 kid :Your connection is restricted!
	say a JOIN #x
	hear a :kid!\S+ JOIN #x
	hear a :$S 353 kid = #x :kid
	until a :$S 366 .*
	say a MODE kid -r
	still a
	say a NICK kid
	still a
END
}

# ---- how many ---------------------------------------------------------------

# The default class of start_ircd takes N connections of a host from now on.
per_host() { # N
    sed -i "s/per host unlimited/per host $1/" "$IRC_CONF"
    kill -HUP "$IRC_PID"
    wait_log "$IRC_LOG" 'configuration read again' 10
}

@test "per host: the next one is told, another address is not meant, a place is free again" {
    start_ircd
    per_host 2
    talk <<'END'
	irc a $IRC anna
	open b $IRC
	sync b
	open c $IRC
	hear c ERROR :Closing Link: .*Too many connections from your host.
	eof c
	irc d $IRC dora 127.0.0.2
	close b
	say a QUIT
	over a
	close a
	sync d
	irc e $IRC emil
	irc f $IRC fred
	open g $IRC
	hear g ERROR .*
	eof g
END
}

@test "per host: each class has its own number" {
    start_ircd <<'END'
	class "few" { per host 1; flood none }
	allow from "few@*" class "few"
	allow from any
END
    per_host 4
    talk <<'END'
	irc a $IRC anna
	open b $IRC
	send b NICK b\r\nUSER few 0 * :B\r\n
	hear b ERROR :Closing Link: b\[$H\] \(Too many connections from your host\)
	eof b
	close b
	sync a
	irc c $IRC carl
	irc d $IRC dora
	irc e $IRC emil
	open f $IRC
	hear f ERROR .*
END
}

@test "connections of a class, and in all" {
    start_ircd <<'END'
	connections 4
	class "two" { connections 2; per host unlimited; flood none }
	allow from "two@*" class "two"
	allow from any
END
    talk <<'END'
	irc a $IRC two 127.0.0.2
	open b $IRC
	send b NICK b\r\nUSER two 0 * :B\r\n
	hear b :$S 001 b .*
	open c $IRC
	send c NICK c\r\nUSER two 0 * :C\r\n
	hear c ERROR :Closing Link: c\[$H\] \(No more connections in your class\)
	eof c
	close c
	irc d $IRC dora
	irc e $IRC emil
	open f $IRC
	hear f ERROR :Closing Link: the server is full
	eof f
	say a QUIT
	over a
	close a
	sync d
	open g $IRC
	send g NICK g\r\nUSER two 0 * :G\r\n
	hear g :$S 001 g .*
END
}

@test "ten at one instant for four places: four are in, six are told" {
    start_ircd
    per_host 4
    stop_go
    {
        echo 'run kill -STOP $IRC_ALL'
        for i in $(seq 10); do
            echo "open c$i \$IRC"
            echo "send c$i NICK n$i\\r\\nUSER u 0 * :U\\r\\n"
        done
        echo 'run kill -CONT $IRC_ALL'
        for i in $(seq 10); do
            echo "hear c$i (?<GOT>:\\S+ 001|ERROR :Closing Link: .*Too many).*"
            echo 'run printf "%s\\n" "$GOT" | cut -c1-5 >>got'
        done
        echo 'irc x $IRC x 127.0.0.2'
        echo 'say x LUSERS'
        echo 'until x :\S+ 265 x 5 5 :.*'
    } >script
    talk <script
    assert_equal "$(sort got | uniq -c | xargs)" '4 :irc. 6 ERROR'
    assert_alive "$IRC_PID"
}
