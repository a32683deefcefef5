#!/usr/bin/env bats
# Channels seen from outside: JOIN, PART, NAMES, who may come in, who may
# speak, what is hidden from whom (RFC 1459, 4.2; RFC 2811; RFC 2812, 3.2).
# MODE, TOPIC, KICK and INVITE themselves are in irc-modes.bats.

load lib/common
load lib/irc

# ---- JOIN -------------------------------------------------------------------

@test "JOIN: who founds a channel is its operator; JOIN, topic, names, in order" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	hear anna :anna!anna@$H JOIN #x
	hear anna :$S 353 anna = #x :@anna
	hear anna :$S 366 anna #x :End of NAMES list
	still anna
	say anna TOPIC #x :of this: and that
	until anna .* TOPIC .*
	say bert JOIN #x
	hear bert :bert!bert@$H JOIN #x
	hear bert :$S 332 bert #x :of this: and that
	hear bert :$S 333 bert #x anna!anna@$H \d{10}
	hear bert :$S 353 bert = #x :@anna bert|:$S 353 bert = #x :bert @anna
	hear bert :$S 366 bert #x :End of NAMES list
	still bert
	hear anna :bert!bert@$H JOIN #x
	still anna
	# again is nothing, under whatever spelling
	say bert JOIN #X
	still bert
	still anna
END
}

@test "JOIN: names are as the founder wrote them, however others do" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #{Rooms}~
	until anna :\S+ 366 anna #\{Rooms\}~ :.*
	say bert JOIN #[rOOMS]^
	hear bert :bert!\S+ JOIN #\{Rooms\}~
	until bert :\S+ 366 bert #\{Rooms\}~ :.*
	say bert PRIVMSG #[ROOMS]~ :hi
	until anna :bert!\S+ PRIVMSG #\{Rooms\}~ :hi
	say bert PART #[ROOMS]^
	until anna :bert!\S+ PART #\{Rooms\}~
END
}

@test "JOIN: several at once, each with its own key, one refusal stops no other" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #a,#b,#c,#d
	until anna :\S+ 366 anna #d :.*
	send anna MODE #a +k one\r\nMODE #b +i\r\nMODE #d +k four\r\n
	until anna .* MODE #d \+k four
	say bert JOIN #a,#b,#c,#d,,nix,#e,#a one,two,three,four,x
	hear bert :bert!\S+ JOIN #a
	until bert :\S+ 366 bert #a :.*
	hear bert :$S 473 bert #b :Cannot join channel \(\+i\)
	hear bert :bert!\S+ JOIN #c
	until bert :\S+ 366 bert #c :.*
	hear bert :bert!\S+ JOIN #d
	until bert :\S+ 366 bert #d :.*
	hear bert :$S 403 bert nix :No such channel
	hear bert :bert!\S+ JOIN #e
	until bert :\S+ 366 bert #e :.*
	still bert
	say bert PART #a,#d
	until bert .* PART #d
	# keys belong to places, and their case counts
	say bert JOIN #d,#a one,four
	hear bert :$S 475 bert #d :Cannot join channel \(\+k\)
	hear bert :$S 475 bert #a :Cannot join channel \(\+k\)
	say bert JOIN #a,#d One
	hear bert :$S 475 bert #a :.*
	hear bert :$S 475 bert #d :.*
	say bert JOIN #c,#d ,four
	hear bert :bert!\S+ JOIN #d
	until bert :\S+ 366 .*
	still bert
END
}

@test "JOIN: names that are none" {
    start_ircd
    { people anna; cat <<'END'; } | talk
	say anna JOIN
	hear anna :$S 461 anna JOIN :Not enough parameters
	say anna JOIN :
	hear anna :$S 461 anna JOIN :Not enough parameters
	say anna JOIN x
	hear anna :$S 403 anna x :No such channel
	say anna JOIN !x
	hear anna :$S 403 anna !x :No such channel
	say anna JOIN @#x
	hear anna :$S 403 anna @#x :No such channel
	say anna JOIN :#two words
	hear anna :$S 403 anna #two_words :No such channel
	say anna JOIN x,:#y
	hear anna :$S 403 anna x :.*
	hear anna :$S 403 anna 0:#y :.*
	say anna JOIN #be\x07ll
	hear anna :$S 403 anna #be_ll :.*
	say anna JOIN #a:b
	hear anna :$S 403 anna #a:b :.*
	# a status and a channel would look the same
	say anna JOIN +#x
	hear anna :$S 403 anna \+#x :.*
	say anna JOIN #x{50}
	hear anna :$S 476 anna #x{50} :Bad Channel Mask
	say anna JOIN #x{400}
	hear anna :$S 476 anna #x{100,} :Bad Channel Mask
	say anna JOIN #x{49}
	hear anna :anna!\S+ JOIN #x{49}
	until anna :\S+ 366 .*
	say anna JOIN #
	hear anna :anna!\S+ JOIN #
	until anna :\S+ 366 .*
	still anna
END
    irc_alive
}

@test "JOIN: a name is bytes: UTF-8, Latin-1, colours" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	send anna JOIN #k\xc3\xa4se,#k\xe4se,#\xff\xfe\x80\r\n
	until anna :anna!\S+ JOIN #k\xc3\xa4se
	until anna :anna!\S+ JOIN #k\xe4se
	until anna :anna!\S+ JOIN #\xff\xfe\x80
	until anna :\S+ 366 anna #\xff\xfe\x80 :.*
	send bert JOIN #k\xe4se\r\n
	hear bert :bert!\S+ JOIN #k\xe4se
	until bert :\S+ 366 .*
	hear anna :bert!\S+ JOIN #k\xe4se
	send bert PRIVMSG #k\xe4se :\xe4\xff\x80\x01\x1f\xc3\r\n
	hear anna :bert!\S+ PRIVMSG #k\xe4se :\xe4\xff\x80\x01\x1f\xc3
	still anna
END
}

@test "JOIN: in a line of 120 names some are joined, the others told" {
    start_ircd
    names=$(printf '#%d,' $(seq 120))
    {
        people anna
        echo "say anna JOIN $names"
        for i in $(seq 10); do echo "until anna :\S+ 366 anna #$i :.*"; done
        for i in $(seq 11 120); do
            # the line is cut somewhere
            [ $(($(printf '#%d,' $(seq "$i") | wc -c) + 5)) -lt 510 ] || break
            echo "hear anna :\$S 405 anna #$i :You have joined too many channels"
        done
        echo 'sync anna'
        echo 'say anna JOIN 0'
        for i in $(seq 10); do echo 'until anna :anna!\S+ PART #\d+'; done
        echo 'still anna'
    } >script
    talk <script
}

@test "JOIN 0: leaves every channel, and only as the whole parameter" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN 0
	still anna
	say anna JOIN #a,&b,+c
	until anna :\S+ 366 anna \+c :.*
	say bert JOIN #a,&b,+c
	until bert :\S+ 366 bert \+c :.*
	sync anna
	say anna JOIN 0
	until bert :anna!\S+ PART (?<ONE>\S+)
	until bert :anna!\S+ PART (?<TWO>\S+)
	until bert :anna!\S+ PART (?<THREE>\S+)
	run printf '%s\n' $ONE $TWO $THREE | sort | tr -d '\n' | grep -qx '#a&b+c'
	still bert
	lines anna 3 :anna!anna@$H PART \S+
	still anna
	say bert NAMES #a
	hear bert :$S 353 bert = #a :bert
	hear bert :$S 366 .*
	say anna JOIN 00
	hear anna :$S 403 anna 00 :No such channel
END
}

@test "the last who leaves takes the channel with its modes, topic and bans" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	send anna MODE #x +ikb key anna\r\nTOPIC #x :old\r\nPART #x\r\n
	until anna :anna!\S+ PART #x
	say anna MODE #x
	hear anna :$S 403 anna #x :No such channel
	say bert JOIN #x
	hear bert :bert!\S+ JOIN #x
	hear bert :$S 353 bert = #x :@bert
	hear bert :$S 366 .*
	say bert MODE #x
	hear bert :$S 324 bert #x \+
	until bert :$S 329 .*
	say bert MODE #x b
	hear bert :$S 368 .*
	say bert TOPIC #x
	hear bert :$S 331 .*
END
}

# ---- who may come in ---------------------------------------------------------

@test "+l: 471, exactly at the limit; an invitation passes" {
    start_ircd
    { people anna bert carl; cat <<'END'; } | talk
	say anna JOIN #x
	say anna MODE #x +l 2
	until anna .* MODE #x \+l 2
	say bert JOIN #x
	until bert :\S+ 366 .*
	say carl JOIN #x
	hear carl :$S 471 carl #x :Cannot join channel \(\+l\)
	sync anna
	say anna INVITE carl #x
	hear anna :$S 341 anna carl #x
	hear carl :anna!\S+ INVITE carl #x
	say carl JOIN #x
	hear carl :carl!\S+ JOIN #x
	until carl :\S+ 366 .*
	send carl PART #x\r\nJOIN #x\r\n
	hear carl :carl!\S+ PART #x
	hear carl :$S 471 .*
END
}

@test "+b: 474 by nickname, user, address and case; +e passes, an invitation too" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	send anna MODE #x +b BERT!*@*\r\nMODE #x +b-b *!b?rt@* bert!*@*\r\n
	until anna .*\+b-b .*
	say bert JOIN #x
	hear bert :$S 474 bert #x :Cannot join channel \(\+b\)
	say anna MODE #x -b+b *!b?rt@* *!*@127.0.0.*
	until anna .*-b\+b .*
	say bert JOIN #x
	hear bert :$S 474 .*
	say anna MODE #x +e ber*!*@*
	until anna .*\+e .*
	say bert JOIN #x
	hear bert :bert!\S+ JOIN #x
	until bert :\S+ 366 .*
	say bert PART #x
	say anna MODE #x -e ber*!*@*
	until anna .*-e .*
	say bert JOIN #x
	until bert :$S 474 .*
	say anna INVITE bert #x
	until bert .* INVITE bert #x
	say bert JOIN #x
	hear bert :bert!\S+ JOIN #x
	# a mask that is close does not hit
	say anna MODE #x -b+bb *!*@127.0.0.* bertram!*@* *!*@27.0.0.1
	until anna .*-b\+bb .*
	say bert PART #x
	say bert JOIN #x
	until bert :bert!\S+ JOIN #x
END
}

@test "+i: 473; +I passes it but neither a ban nor a key" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	send anna MODE #x +iI *!*@127.0.0.1\r\n
	until anna .*\+iI .*
	say bert JOIN #x
	hear bert :bert!\S+ JOIN #x
	until bert :\S+ 366 .*
	say bert PART #x
	until anna .* PART #x
	say anna MODE #x +b bert
	until anna .* MODE .*
	say bert JOIN #x
	until bert :$S 474 bert #x :.*
	say anna MODE #x -b+k bert key
	until anna .* MODE .*
	say bert JOIN #x wrong
	hear bert :$S 475 bert #x :.*
	say anna MODE #x -I+k *!*@127.0.0.1 key
	until anna .* MODE .*
	say bert JOIN #x key
	hear bert :$S 473 bert #x :Cannot join channel \(\+i\)
	# an invitation does not tell the key
	say anna INVITE bert #x
	until bert .* INVITE .*
	say bert JOIN #x
	hear bert :$S 475 .*
	say bert JOIN #x key
	hear bert :bert!\S+ JOIN #x
	# it has been used
	say bert PART #x
	say bert JOIN #x key
	until bert :$S 473 .*
END
}

@test "an invitation is to the channel that was, not to its name" {
    start_ircd
    { people anna bert carl; cat <<'END'; } | talk
	say anna JOIN #x
	say anna INVITE bert #x
	until bert .* INVITE bert #x
	say anna PART #x
	until anna .* PART #x
	send carl JOIN #x\r\nMODE #x +i\r\n
	until carl .* MODE #x \+i
	say bert JOIN #x
	hear bert :$S 473 bert #x :.*
	say bert INVITE
	hear bert :$S 337 bert :End of INVITE list
END
}

@test "16 invitations are kept; the oldest goes" {
    start_ircd class="channels 20"
    {
        people anna bert
        for i in $(seq 17); do
            echo "send anna JOIN #$i\\r\\nMODE #$i +i\\r\\nINVITE bert #$i\\r\\n"
            echo "until bert .* INVITE bert #$i"
        done
        echo 'say bert INVITE'
        for i in $(seq 2 17); do echo "hear bert :\$S 336 bert #$i"; done
        echo 'hear bert :$S 337 .*'
        echo 'say bert JOIN #1'
        echo 'hear bert :$S 473 bert #1 :.*'
        echo 'say bert JOIN #2'
        echo 'hear bert :bert!\S+ JOIN #2'
    } >script
    talk <script
}

@test "KNOCK: its way to the operators, and each refusal" {
    start_ircd
    { people anna bert carl dora; cat <<'END'; } | talk
	say anna JOIN #x
	sync anna
	say carl JOIN #x
	until carl :\S+ 366 .*
	until anna :carl!\S+ JOIN #x
	say anna MODE #x +v carl
	until carl .*\+v carl
	until anna .*\+v carl
	say bert KNOCK
	hear bert :$S 461 bert KNOCK :.*
	say bert KNOCK #none
	hear bert :$S 403 bert #none :.*
	say bert KNOCK #x
	hear bert :$S 713 bert #x :Channel is open
	say carl KNOCK #x
	hear carl :$S 714 carl #x :You are already on that channel
	say anna MODE #x +i
	until anna .*\+i
	until carl .*\+i
	say anna MODE #x +b dora
	until anna .*\+b dora!\*@\*
	until carl .*\+b dora!\*@\*
	say dora KNOCK #x
	hear dora :$S 404 dora #x :.*
	say bert KNOCK #X :let me in
	hear bert :$S 711 bert #x :Your KNOCK has been delivered
	hear anna :$S 710 anna #x bert!bert@$H :has asked for an invite
	still carl
	say bert KNOCK #x
	hear bert :$S 712 bert #x :Too many KNOCKs
	still anna
	say anna MODE #x +p
	until anna .*\+p
	say dora KNOCK #x
	hear dora :$S 404 .*
	say anna MODE #x +s
	until anna .*\+s
	say dora KNOCK #x
	hear dora :$S 403 dora #x :.*
END
}

# ---- PART --------------------------------------------------------------------

@test "PART: one, several, with and without a text" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #a,#b,#c
	until anna :\S+ 366 anna #c :.*
	say bert JOIN #a,#b,#c
	until bert :\S+ 366 bert #c :.*
	sync anna
	say anna PART
	hear anna :$S 461 anna PART :Not enough parameters
	say anna PART :
	hear anna :$S 461 anna PART :Not enough parameters
	say anna PART #none,x,,#A,#a :bye: all
	hear anna :$S 403 anna #none :No such channel
	hear anna :$S 403 anna x :No such channel
	hear anna :anna!anna@$H PART #a :bye: all
	hear anna :$S 442 anna #a :You're not on that channel
	hear bert :anna!anna@$H PART #a :bye: all
	say anna PART #b :
	hear anna :anna!anna@$H PART #b
	hear bert :anna!anna@$H PART #b
	say anna PART #c :x{400}
	hear anna :anna!anna@$H PART #c :x{255}
	hear bert :anna!anna@$H PART #c :x{255}
	still bert
	say anna PART :#two words
	hear anna :$S 403 anna #two_words :No such channel
	# no half of a letter
	say anna JOIN #d
	until anna :\S+ 366 .*
	say anna PART #d :x{254}\xc3\xa4
	hear anna :anna!\S+ PART #d :x{254}
END
}

@test "who may not speak leaves without a word" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	say anna MODE #x +m
	until anna .*\+m
	say bert JOIN #x
	until anna .* JOIN #x
	say bert PART #x :buy this
	hear anna :bert!\S+ PART #x
	say anna MODE #x -m
	until anna .*-m
	say bert JOIN #x
	until anna .* JOIN #x
	say anna MODE #x +b bert
	until anna .*\+b .*
	say bert PART #x :buy this
	hear anna :bert!\S+ PART #x
END
}

# ---- NAMES and what is hidden ------------------------------------------------

@test "NAMES: several, none, one that is not there" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #a,#b
	until anna :\S+ 366 anna #b :.*
	say bert NAMES #A,,#none,#b,nix
	hear bert :$S 353 bert = #a :@anna
	hear bert :$S 366 bert #a :End of NAMES list
	hear bert :$S 366 bert #none :End of NAMES list
	hear bert :$S 353 bert = #b :@anna
	hear bert :$S 366 bert #b :End of NAMES list
	hear bert :$S 366 bert nix :End of NAMES list
	still bert
	say bert NAMES
	hear bert :$S 366 bert \* :End of NAMES list
	say bert NAMES :
	hear bert :$S 366 bert \* :End of NAMES list
	say bert NAMES :#two words
	hear bert :$S 366 bert #two_words :End of NAMES list
	say bert NAMES #a irc.test.example
	until bert :$S 366 bert #a :.*
	say bert NAMES 1,2,3,4,5,6
	lines bert 4 :$S 366 bert [1234] :End of NAMES list
	hear bert :$S 407 bert 5 :Too many targets
	say bert NAMES #a other.example
	hear bert :$S 402 bert other.example :No such server
	still bert
END
}

@test "NAMES: @ before +, one sign each; the channel's sign tells s and p" {
    start_ircd
    { people anna bert carl; cat <<'END'; } | talk
	say anna JOIN #x
	until anna :\S+ 366 .*
	say bert JOIN #x
	until bert :\S+ 366 .*
	sync anna
	say anna MODE #x +vv anna bert
	until anna .* MODE .*
	say anna NAMES #x
	hear anna :$S 353 anna = #x :(@anna \+bert|\+bert @anna)
	hear anna :$S 366 .*
	say anna MODE #x +p
	until anna .* MODE .*
	say anna NAMES #x
	hear anna :$S 353 anna \* #x :.*
	hear anna :$S 366 .*
	say carl NAMES #x
	hear carl :$S 366 carl #x :.*
	say anna MODE #x +s
	until anna .* MODE .*
	say anna NAMES #x
	hear anna :$S 353 anna @ #x :.*
	say carl NAMES #x
	hear carl :$S 366 carl #x :.*
	still carl
END
}

@test "NAMES: the invisible are seen by members alone" {
    start_ircd
    { people anna bert carl; cat <<'END'; } | talk
	say anna MODE anna +i
	until anna .* MODE .*
	say anna JOIN #x
	until anna :\S+ 366 .*
	say bert JOIN #x
	until bert :$S 353 bert = #x :(@anna bert|bert @anna)
	say carl NAMES #x
	hear carl :$S 353 carl = #x :bert
	hear carl :$S 366 .*
	say bert PART #x
	until anna :bert!\S+ PART #x
	say carl NAMES #x
	hear carl :$S 366 carl #x :.*
	still carl
END
}

@test "NAMES: of 80 long nicknames each is named once, no line is over 512 bytes" {
    start_ircd
    nick() { printf 'nick-of-the-longest-kind---%03d' "$1"; }
    {
        for i in $(seq 80); do
            echo "irc u$i \$IRC $(nick "$i")"
            echo "say u$i JOIN #a-channel-with-a-name-of-fifty-letters-in-all-yes"
        done
        echo 'irc w $IRC witness-with-a-long-nick-30-by'
        echo 'open raw $IRC'
    } >script
    talk 15 <<END
$(cat script)
$(for i in $(seq 80); do echo "sync u$i"; done)
run printf 'NICK r\r\nUSER r 0 * :r\r\nNAMES #a-channel-with-a-name-of-fifty-letters-in-all-yes\r\nQUIT\r\n' | nc.openbsd -w 5 \$(echo \$IRC | tr : ' ') >names
END
    [ "$(awk 'length > 511' names | wc -l)" = 0 ]
    grep ' 353 r ' names | tr -d '\r' | sed 's/.* :@*//' | tr ' ' '\n' |
        tr -d @ | sort >got
    for i in $(seq 80); do nick "$i"; echo; done | sort >want
    diff want got
    irc_alive
}

# ---- who may speak -----------------------------------------------------------

@test "+n: 404 from outside; without it the outside is heard, the banned not" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	until anna :\S+ 366 .*
	say bert PRIVMSG #x :no n
	until anna :bert!\S+ PRIVMSG #x :no n
	say anna MODE #x +n
	until anna .*\+n
	say bert PRIVMSG #x :n
	hear bert :$S 404 bert #x :Cannot send to channel
	say bert NOTICE #x :n
	still bert
	still anna
	say anna MODE #x -n+b bert
	until anna .*\+b .*
	say bert PRIVMSG #x :banned
	hear bert :$S 404 bert #x :.*
	say anna MODE #x -b bert
	until anna .*-b .*
	say bert PRIVMSG #X :free
	hear anna :bert!\S+ PRIVMSG #x :free
	say bert PRIVMSG #none :x
	hear bert :$S 403 bert #none :No such channel
END
}

@test "+m: operators and voices speak; a ban silences a member at once" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	until anna :\S+ 366 .*
	say bert JOIN #x
	until bert :\S+ 366 .*
	until anna :bert!\S+ JOIN #x
	say anna MODE #x +m
	until bert .*\+m
	until anna .*\+m
	say bert PRIVMSG #x :1
	hear bert :$S 404 bert #x :.*
	say anna MODE #x +v bert
	until bert .*\+v bert
	until anna .*\+v bert
	say bert PRIVMSG #x :2
	hear anna :bert!\S+ PRIVMSG #x :2
	say anna MODE #x +b-m bert
	until bert .*\+b-m .*
	until anna .*\+b-m .*
	say bert PRIVMSG #x :3
	hear anna :bert!\S+ PRIVMSG #x :3
	say anna MODE #x -v bert
	until bert .*-v bert
	until anna .*-v bert
	say bert PRIVMSG #x :4
	hear bert :$S 404 bert #x :.*
	say bert NOTICE #x :4
	still bert
	# and he keeps his name meanwhile
	say bert NICK free
	hear bert :$S 437 bert #x :Nick/channel is temporarily unavailable
	say anna MODE #x +e *!*@127.0.0.1
	until bert .*\+e .*
	until anna .*\+e .*
	say bert PRIVMSG #x :5
	hear anna :bert!\S+ PRIVMSG #x :5
	say bert NICK free
	hear bert :bert!\S+ NICK :?free
	hear anna :bert!\S+ NICK :?free
	still anna
END
}

@test "a ban on a new nickname counts from the change on" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	say anna MODE #x +b bad!*@*
	until anna .*\+b .*
	say bert JOIN #x
	until bert :\S+ 366 .*
	say bert PRIVMSG #x :1
	until anna :bert!\S+ PRIVMSG #x :1
	say bert NICK bad
	until bert :bert!\S+ NICK :?bad
	say bert PRIVMSG #x :2
	hear bert :$S 404 bad #x :.*
	say bert NICK bert
	hear bert :$S 437 bad #x :.*
END
}

@test "after 65535 changes of its lists a channel still knows who is banned" {
    start_ircd
    {
        people anna bert
        echo 'say anna JOIN #x'
        echo 'until anna :\S+ 366 .*'
        echo 'say bert JOIN #x'
        echo 'until anna :bert!\S+ JOIN #x'
        echo 'say anna MODE #x +b other'
        echo 'until anna .*\+b .*'
        echo 'until bert .*\+b .*'
        echo 'say bert PRIVMSG #x :free'
        echo 'until anna :bert!\S+ PRIVMSG #x :free'
        printf 'send anna '
        awk 'BEGIN {
            for (i = 0; i < 65532; i += 6)
                printf "MODE #x +b-b+b-b+b-b y y y y y y\\r\\n"
        }'
        echo 'MODE #x +b-b+b y y bert\r\n'
        echo 'until anna :anna!\S+ MODE #x \+b-b\+b y!\*@\* y!\*@\* bert!\*@\*'
        echo 'until bert :anna!\S+ MODE #x \+b-b\+b y!\*@\* y!\*@\* bert!\*@\*'
        echo 'say bert PRIVMSG #x :banned'
        echo 'hear bert :$S 404 bert #x :.*'
        echo 'still anna'
    } >script
    talk 20 <script
}

@test "+C: no CTCP but ACTION, neither asked nor answered" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN #x
	sync anna
	say bert JOIN #x
	until anna :bert!\S+ JOIN #x
	say bert PRIVMSG #x :\x01VERSION\x01
	hear anna :bert!\S+ PRIVMSG #x :\x01VERSION\x01
	say anna MODE #x +C
	until anna .*\+C
	say bert PRIVMSG #x :\x01VERSION\x01
	until bert :$S 404 bert #x :Cannot send to channel
	say bert PRIVMSG #x :\x01DCC SEND x 1 2 3
	hear bert :$S 404 .*
	say bert NOTICE #x :\x01VERSION me\x01
	still bert
	say bert PRIVMSG @#x :\x01VERSION\x01
	hear bert :$S 404 bert @#x :.*
	say bert PRIVMSG #x :\x01ACTION waves\x01
	hear anna :bert!\S+ PRIVMSG #x :\x01ACTION waves\x01
	say bert PRIVMSG #x :not \x01VERSION\x01
	hear anna :bert!\S+ PRIVMSG #x :not \x01VERSION\x01
	# operators too
	say anna PRIVMSG #x :\x01VERSION\x01
	hear anna :$S 404 .*
	still bert
END
}

@test "@#x is for its operators, +#x for its voices too, nobody else hears it" {
    start_ircd
    { people anna bert carl dora; cat <<'END'; } | talk
	say anna JOIN #x
	until anna :\S+ 366 .*
	say bert JOIN #x
	say carl JOIN #x
	until carl :\S+ 366 .*
	sync bert
	until anna :carl!\S+ JOIN #x
	say anna MODE #x +v bert
	until bert .*\+v bert
	until carl .*\+v bert
	until anna .*\+v bert
	say carl PRIVMSG @#X :op
	hear anna :carl!\S+ PRIVMSG @#x :op
	say carl NOTICE +#x :both
	hear anna :carl!\S+ NOTICE \+#x :both
	hear bert :carl!\S+ NOTICE \+#x :both
	say anna PRIVMSG +#x :from op
	hear bert :anna!\S+ PRIVMSG \+#x :from op
	say bert PRIVMSG @#x :from voice
	hear anna :bert!\S+ PRIVMSG @#x :from voice
	still anna
	still bert
	still carl
	say anna MODE #x +n
	until anna .*\+n
	say dora PRIVMSG @#x :outside
	hear dora :$S 404 dora @#x :.*
	say dora PRIVMSG @#none :x
	hear dora :$S 403 dora #none :.*
	say dora PRIVMSG @ :x
	hear dora :$S 403 dora \* :.*
	say dora PRIVMSG @dora :x
	hear dora :$S 403 dora dora :.*
	still anna
END
}

# ---- kinds of channels -------------------------------------------------------

@test "+channel: no operator, no modes, no KICK, no topic; & is like #" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna JOIN +c,&c,#c
	hear anna :anna!\S+ JOIN \+c
	hear anna :$S 353 anna = \+c :anna
	hear anna :$S 366 anna \+c :.*
	hear anna :anna!\S+ JOIN &c
	hear anna :$S 353 anna = &c :@anna
	hear anna :$S 366 anna &c :.*
	until anna :$S 366 anna #c :.*
	say bert JOIN +c,&c
	until bert :$S 366 bert &c :.*
	until anna :bert!\S+ JOIN &c
	say bert PRIVMSG +c :a
	hear anna :bert!\S+ PRIVMSG \+c :a
	say bert PRIVMSG &c :b
	hear anna :bert!\S+ PRIVMSG &c :b
	still anna
	say anna MODE +c +o anna
	hear anna :$S 477 anna \+c :Channel doesn't support modes
	say anna KICK +c bert
	hear anna :$S 482 anna \+c :.*
	say anna MODE &c +o bert
	until bert :anna!\S+ MODE &c \+o bert
END
}

# ---- order -------------------------------------------------------------------

@test "what one says to many channels and users is heard in its order" {
    start_ircd
    {
        people bert carl anna
        echo 'say bert JOIN #a,#b,#c'
        echo 'say carl JOIN #c,#b'
        echo 'sync bert'
        echo 'sync carl'
        echo 'say anna JOIN #b,#a,#c'
        echo 'until bert :anna!\S+ JOIN #c'
        echo 'until carl :anna!\S+ JOIN #c'
        awk 'BEGIN {
            srand(7)
            split("#a #b #c bert carl", to)
            printf "send anna "
            for (i = 1; i <= 150; i++) {
                t = to[int(rand() * 5) + 1]
                out = out sprintf("PRIVMSG %s :%d\\r\\n", t, i)
                if (t != "carl")
                    b = b sprintf("hear bert :anna!\\S+ PRIVMSG %s :%d\n", t, i)
                if (t != "bert" && t != "#a")
                    c = c sprintf("hear carl :anna!\\S+ PRIVMSG %s :%d\n", t, i)
            }
            print out
            printf "%s%s", b, c
        }'
        echo 'still bert'
        echo 'still carl'
    } >script
    talk <script
}

@test "who leaves in the midst of a burst hears what came before, not what came after" {
    start_ircd
    { people anna bert carl dora; cat <<'END'; } | talk
	say anna JOIN #x,#y
	until anna :\S+ 366 anna #y :.*
	say bert JOIN #x
	say carl JOIN #x
	say dora JOIN #x,#y
	until dora :\S+ 366 dora #y :.*
	sync bert
	sync carl
	until anna :dora!\S+ JOIN #y
	send anna PRIVMSG #x :1\r\nKICK #x bert :out\r\nPRIVMSG #x :2\r\nPRIVMSG bert :3\r\nMODE #x +v carl\r\nNICK ann\r\nPRIVMSG #x :4\r\nTOPIC #x :t\r\nPRIVMSG #y :5\r\nPART #x :p\r\nPRIVMSG dora :6\r\nPRIVMSG #y :7\r\nQUIT :q\r\n
	until bert :anna!\S+ PRIVMSG #x :1
	hear bert :anna!\S+ KICK #x bert :out
	hear bert :anna!\S+ PRIVMSG bert :3
	still bert
	until carl :anna!\S+ PRIVMSG #x :1
	hear carl :anna!\S+ KICK #x bert :out
	hear carl :anna!\S+ PRIVMSG #x :2
	hear carl :anna!\S+ MODE #x \+v carl
	hear carl :anna!\S+ NICK :?ann
	hear carl :ann!\S+ PRIVMSG #x :4
	hear carl :ann!\S+ TOPIC #x :t
	hear carl :ann!\S+ PART #x :p
	still carl
	hear dora :anna!\S+ PRIVMSG #x :1
	hear dora :anna!\S+ KICK #x bert :out
	hear dora :anna!\S+ PRIVMSG #x :2
	hear dora :anna!\S+ MODE #x \+v carl
	hear dora :anna!\S+ NICK :?ann
	hear dora :ann!\S+ PRIVMSG #x :4
	hear dora :ann!\S+ TOPIC #x :t
	hear dora :ann!\S+ PRIVMSG #y :5
	hear dora :ann!\S+ PART #x :p
	hear dora :ann!\S+ PRIVMSG dora :6
	hear dora :ann!\S+ PRIVMSG #y :7
	hear dora :ann!\S+ QUIT :Quit: q
	still dora
END
}

@test "the limit on channels is the class's" {
    start_ircd class="channels 2"
    { people anna; cat <<'END'; } | talk
	say anna JOIN #a,#b,#c,#a
	until anna :\S+ 366 anna #b :.*
	hear anna :$S 405 anna #c :You have joined too many channels
	still anna
	say anna PART #a
	say anna JOIN #c
	until anna :\S+ 366 anna #c :.*
END
}
