#!/usr/bin/env bats
# Modes of channels and users, and what operators of a channel do: MODE,
# TOPIC, INVITE, KICK, KNOCK (RFC 1459, 4.2; RFC 2811; RFC 2812, 3.2).

load lib/common
load lib/irc

setup() {
    vsap_setup
}

# amy is operator of #c, bob a member, zed is not there.
three() {
    cat <<-END
	irc amy $IRC amy
	irc bob $IRC bob
	irc zed $IRC zed
	say amy JOIN #c
	until amy :\\S+ 366 .*
	say bob JOIN #c
	until bob :\\S+ 366 .*
	until amy :bob!\\S+ JOIN .*
	END
}

conversation() {
    { three; cat; } >script
    talk <script
}

@test "MODE of a channel: a query shows its modes and when it was made" {
    start_ircd
    conversation <<-END
	say amy MODE #c
	hear amy :$S 324 amy #c \\+[a-zA-Z]*
	hear amy :$S 329 amy #c \\d+
	say amy MODE #c +ntk-nt+lm sesame 10
	until amy :amy!\\S+ MODE #c .*
	sync amy
	say amy MODE #C
	hear amy :$S 324 amy #c \\+mlk 10 sesame
	until amy :$S 329 .*
	sync bob
	say bob MODE #c
	hear bob :$S 324 bob #c \\+mlk 10 sesame
	until bob :$S 329 .*
	say zed MODE #c
	hear zed :$S 324 zed #c \\+mlk
	hear zed :$S 329 zed #c \\d+
	say zed MODE #none
	hear zed :$S 403 zed #none :No such channel
	say zed MODE
	hear zed :$S 461 zed MODE :Not enough parameters
	END
    irc_alive
}

@test "flags are told to all members, and only what has changed" {
    start_ircd
    conversation <<-END
	say amy MODE #c -nt
	sync amy
	sync bob
	say amy MODE #c +imntC
	hear amy :amy!amy@\\S+ MODE #c \\+imntC
	hear bob :amy!amy@\\S+ MODE #c \\+imntC
	say amy MODE #c +imnt
	still amy
	say amy MODE #c +i-i+i-m+m-n
	hear amy :amy!\\S+ MODE #c -i\\+i-m\\+m-n
	hear bob :amy!\\S+ MODE #c -i\\+i-m\\+m-n
	say amy MODE #c +
	still amy
	say amy MODE #c -i +n -m
	hear amy :amy!\\S+ MODE #c -i\\+n-m
	still zed
	END
    irc_alive
}

@test "private and secret exclude each other (RFC 2811, 4.2.6)" {
    start_ircd
    conversation <<-END
	say amy MODE #c +s
	hear amy :amy!\\S+ MODE #c \\+s
	say amy MODE #c +p
	hear amy :amy!\\S+ MODE #c -s\\+p
	say amy MODE #c +s
	hear amy :amy!\\S+ MODE #c -p\\+s
	say amy MODE #c +p-p
	hear amy :amy!\\S+ MODE #c -s\\+p-p
	END
}

@test "an unknown letter is told once each: 472" {
    start_ircd
    conversation <<-END
	say amy MODE #c +zyzzy-zQ+n
	until amy :$S 472 amy z :is unknown mode char to me
	hear amy :$S 472 amy y :is unknown mode char to me
	hear amy :$S 472 amy Q :is unknown mode char to me
	never amy :$S 472 .*
	END
}

@test "who is no operator of the channel changes nothing: 442, 482" {
    start_ircd
    conversation <<-END
	say bob MODE #c +imo bob
	hear bob :$S 482 bob #c :You're not channel operator
	still bob
	say zed MODE #c +i
	hear zed :$S 442 zed #c :You're not on that channel
	say zed MODE #c +o zed
	hear zed :$S 442 zed #c :You're not on that channel
	still amy
	say amy MODE #c -o amy
	hear amy :amy!\\S+ MODE #c -o amy
	say amy MODE #c +o amy
	hear amy :$S 482 amy #c :You're not channel operator
	END
}

@test "voice and operator are given by nickname, in one act: 401, 441" {
    start_ircd
    conversation <<-END
	say amy MODE #c +v-v+o BOB bob Bob
	hear amy :amy!\\S+ MODE #c \\+v-v\\+o bob bob bob
	until bob :amy!\\S+ MODE #c \\+v-v\\+o bob bob bob
	say bob MODE #c -o+v amy amy
	hear bob :bob!\\S+ MODE #c -o\\+v amy amy
	say bob MODE #c +vo amy bob
	still bob
	say bob MODE #c -o+m bob
	hear bob :bob!\\S+ MODE #c -o\\+m bob
	say bob MODE #c -m
	hear bob :$S 482 .*
	until amy :bob!\\S+ MODE #c -o\\+m bob
	say zed JOIN #d
	until zed :\\S+ 366 .*
	say zed MODE #d +o amy
	hear zed :$S 441 zed amy #d :They aren't on that channel
	say zed MODE #d +o nobody
	hear zed :$S 401 zed nobody :No such nick/channel
	say zed MODE #d +o
	hear zed :$S 461 zed MODE :Not enough parameters
	say zed MODE #d -vo+k
	hear zed :$S 461 zed MODE :Not enough parameters
	still zed
	END
}

@test "MODE and KICK chase one who has just changed his nickname" {
    start_ircd
    conversation <<-END
	say bob NICK bert
	until amy :bob!\\S+ NICK :?bert
	say amy MODE #c +v bob
	hear amy :amy!\\S+ MODE #c \\+v bert
	say zed NICK bob
	until zed :zed!\\S+ NICK :?bob
	say amy MODE #c +o bob
	hear amy :$S 441 amy bob #c :.*
	say zed NICK zed
	until zed :bob!\\S+ NICK :?zed
	say amy KICK #c bob :gone
	hear amy :$S 441 amy zed #c :.*
	say bob NICK bart
	until amy :bert!\\S+ NICK :?bart
	say amy KICK #c bert :gone
	hear amy :amy!\\S+ KICK #c bart :gone
	say amy PRIVMSG bert :not here
	hear amy :$S 401 amy bert :.*
	say bob QUIT
	over bob
	say amy MODE #c +v bart
	hear amy :$S 401 amy bart :.*
	END
}

@test "the key: 525 for a bad one, 467 for a second one, any takes it off" {
    start_ircd
    conversation <<-END
	say amy MODE #c +k a,b
	hear amy :$S 525 amy #c :Key is not well-formed
	say amy MODE #c +k :a b
	hear amy :$S 525 amy #c :Key is not well-formed
	say amy MODE #c +k :
	hear amy :$S 525 amy #c :Key is not well-formed
	say amy MODE #c +k ::a
	hear amy :$S 525 amy #c :Key is not well-formed
	say amy MODE #c +k a\\x01b
	hear amy :$S 525 amy #c :Key is not well-formed
	say amy MODE #c +k x{24}
	hear amy :$S 525 amy #c :Key is not well-formed
	say amy MODE #c +k x{23}
	hear amy :amy!\\S+ MODE #c \\+k x{23}
	say amy MODE #c +k other
	hear amy :$S 467 amy #c :Channel key already set
	say zed JOIN #c
	hear zed :$S 475 zed #c :.*
	say amy MODE #c -k wrong
	hear amy :amy!\\S+ MODE #c -k x{23}
	say amy MODE #c -k wrong
	still amy
	say amy MODE #c +k sesame
	hear amy :amy!\\S+ MODE #c \\+k sesame
	say amy MODE #c -k
	hear amy :amy!\\S+ MODE #c -k sesame
	say amy MODE #c +k one
	hear amy :amy!\\S+ MODE #c \\+k one
	say amy MODE #c -k+k one two
	hear amy :amy!\\S+ MODE #c -k\\+k one two
	say zed JOIN #c two
	until zed :$S 366 .*
	END
}

@test "the limit: a number from 1 on, else 696" {
    start_ircd
    conversation <<-END
	say amy MODE #c +l 0
	hear amy :$S 696 amy #c l 0 :.*
	say amy MODE #c +l -1
	hear amy :$S 696 amy #c l -1 :.*
	say amy MODE #c +l 5x
	hear amy :$S 696 amy #c l 5x :.*
	say amy MODE #c +l 99999999999999999999
	hear amy :$S 696 amy #c l 9{20} :.*
	say amy MODE #c +l :a b
	hear amy :$S 696 amy #c l a_b :.*
	say amy MODE #c +l
	hear amy :$S 461 amy MODE :.*
	say amy MODE #c +l 2
	hear amy :amy!\\S+ MODE #c \\+l 2
	say amy MODE #c +l 2
	still amy
	say zed JOIN #c
	hear zed :$S 471 zed #c :.*
	say amy MODE #c +l 003
	hear amy :amy!\\S+ MODE #c \\+l 3
	say amy MODE #c -l 7
	hear amy :amy!\\S+ MODE #c -l
	say amy MODE #c -l
	still amy
	say zed JOIN #c
	until zed :$S 366 .*
	END
}

@test "bans: set, shown to everybody, lifted; the other lists to operators" {
    start_ircd
    conversation <<-END
	say amy MODE #c +b zed
	hear amy :amy!\\S+ MODE #c \\+b zed!\\*@\\*
	say amy MODE #c +b ZED!*@*
	still amy
	say amy MODE #c +bb a@b.example **!**@**c
	hear amy :amy!\\S+ MODE #c \\+bb \\*!a@b.example \\*!\\*@\\*c
	say zed MODE #c b
	hear zed :$S 367 zed #c zed!\\*@\\* amy!amy@\\S+ \\d+
	hear zed :$S 367 zed #c \\*!a@b.example amy!amy@\\S+ \\d+
	hear zed :$S 367 zed #c \\*!\\*@\\*c amy!amy@\\S+ \\d+
	hear zed :$S 368 zed #c :End of channel ban list
	say bob MODE #c +bbb
	until bob :$S 368 .*
	still bob
	say zed JOIN #c
	hear zed :$S 474 zed #c :.*
	say bob MODE #c e
	hear bob :$S 482 .*
	say zed MODE #c I
	hear zed :$S 442 .*
	say amy MODE #c +eI z*!*@* *!zed@*
	hear amy :amy!\\S+ MODE #c \\+eI z\\*!\\*@\\* \\*!zed@\\*
	say amy MODE #c eI
	hear amy :$S 348 amy #c z\\*!\\*@\\* amy!amy@\\S+ \\d+
	hear amy :$S 349 amy #c :End of channel exception list
	hear amy :$S 346 amy #c \\*!zed@\\* amy!amy@\\S+ \\d+
	hear amy :$S 347 amy #c :End of channel invite list
	say amy MODE #c +i
	hear amy :amy!\\S+ MODE #c \\+i
	say zed JOIN #c
	until zed :$S 366 .*
	until amy :zed!\\S+ JOIN .*
	say amy MODE #c -b zed
	hear amy :amy!\\S+ MODE #c -b zed!\\*@\\*
	say amy MODE #c -b zed
	still amy
	say amy MODE #c +b :a b
	hear amy :$S 696 amy #c b a_b :.*
	say amy MODE #c +s
	hear amy :amy!\\S+ MODE #c \\+s
	irc out $IRC out
	say out MODE #c b
	hear out :$S 442 out #c :.*
	END
}

@test "a ban list is full at 100: 478 once, and room when one is lifted" {
    start_ircd
    {
        three
        for i in $(seq 1 100); do
            echo "say amy MODE #c +b u$i!*@*"
        done
        cat <<-END
	until amy :amy!\\S+ MODE #c \\+b u100!\\*@\\*
	say amy MODE #c +beI u101 u102 u103
	hear amy :$S 478 amy #c b :Channel list is full
	still amy
	say amy MODE #c -b+e u1 u101
	hear amy :amy!\\S+ MODE #c -b\\+e u1!\\*@\\* u101!\\*@\\*
	END
    } | talk
    irc_alive
}

@test "six changes with a parameter a command, however long its echo" {
    start_ircd
    conversation <<-END
	say amy MODE #c +bbbbbbb 1 2 3 4 5 6 7
	hear amy :amy!\\S+ MODE #c \\+bbbbbb 1!\\*@\\* 2!\\S+ 3!\\S+ 4!\\S+ 5!\\S+ 6!\\*@\\*
	still amy
	say amy MODE #c -bbbbbb+m 1 2 3 4 5 6
	hear amy :amy!\\S+ MODE #c -bbbbbb\\+m 1!\\S+ .*
	say amy MODE #c +bbbbbb a!b@1x{60} a!b@2x{60} a!b@3x{60} a!b@4x{60} a!b@5x{60} a!b@6x{60}
	hear amy :amy!\\S+ MODE #c \\+b{5,6} a!b@1x.{300,470}
	END
    irc_alive
}

@test "a mode string of 400 letters, each line of the echo within 512 bytes" {
    start_ircd
    {
        three
        printf 'say amy MODE #c -n\nsync amy\nsync bob\nsay amy MODE #c '
        printf '+n-n%.0s' $(seq 1 100)
        echo
        cat <<-END
	hear bob :amy!\\S+ MODE #c (\\+n-n){20,}.{0,3}
	until bob :amy!\\S+ MODE #c .*-n
	never bob .{511,}
	END
        printf 'say amy MODE #c '
        printf 'z%.0s' $(seq 1 400)
        echo
        echo 'until amy :\S+ 472 amy z :.*'
        echo 'still amy'
    } | talk
    irc_alive
}

@test "a channel without modes: t alone (RFC 2811, 2.3) and 477" {
    start_ircd
    talk <<-END
	irc amy $IRC amy
	say amy JOIN +c
	until amy :\\S+ 366 .*
	say amy MODE +c
	hear amy :$S 324 amy \\+c \\+t
	hear amy :$S 329 amy \\+c \\d+
	say amy MODE +c +i
	hear amy :$S 477 amy \\+c :Channel doesn't support modes
	say amy MODE +c +b
	hear amy :$S 477 amy \\+c :.*
	say amy TOPIC +c :mine
	hear amy :$S 477 amy \\+c :.*
	say amy KICK +c amy
	hear amy :$S 482 amy \\+c :.*
	END
}

@test "user modes: shown, changed, told; 501, 502, 401" {
    start_ircd
    conversation <<-END
	say zed MODE zed
	hear zed :$S 221 zed \\+
	say zed MODE ZED +iwB-w
	hear zed :zed!\\S+ MODE zed :?\\+Bi
	say zed MODE zed
	hear zed :$S 221 zed \\+Bi
	say zed MODE zed +i
	still zed
	say zed MODE zed -i+i-B +w
	hear zed :zed!\\S+ MODE zed :?-B\\+w
	say zed MODE zed +xyz-q+i
	hear zed :$S 501 zed :Unknown MODE flag
	still zed
	say zed MODE amy
	hear zed :$S 502 zed :Can't change mode for other users
	say zed MODE amy +i
	hear zed :$S 502 zed :.*
	say zed MODE nobody +i
	hear zed :$S 401 zed nobody :No such nick/channel
	still amy
	END
}

@test "nobody makes himself operator, and +r stays: RFC 2812, 3.1.5" {
    start_ircd
    conversation <<-END
	say amy MODE amy +o
	still amy
	say amy MODE amy +s
	hear amy :$S 481 amy :.*
	say amy MODE amy +r
	hear amy :amy!\\S+ MODE amy :?\\+r
	say amy MODE amy -r
	still amy
	say amy MODE amy
	hear amy :$S 221 amy \\+r
	say amy MODE #c +v bob
	hear amy :$S 484 amy :Your connection is restricted!
	say amy KICK #c bob
	hear amy :$S 484 amy :.*
	END
}

@test "TOPIC: shown, set, cut at its length, taken away" {
    start_ircd
    conversation <<-END
	say amy TOPIC
	hear amy :$S 461 amy TOPIC :Not enough parameters
	say amy TOPIC #none
	hear amy :$S 403 amy #none :.*
	say amy MODE #c -t
	sync amy
	sync bob
	say bob TOPIC #c
	hear bob :$S 331 bob #c :No topic is set
	say bob TOPIC #c :what we talk of
	hear bob :bob!bob@\\S+ TOPIC #c :what we talk of
	hear amy :bob!bob@\\S+ TOPIC #c :what we talk of
	say amy TOPIC #c
	hear amy :$S 332 amy #c :what we talk of
	hear amy :$S 333 amy #c bob!bob@\\S+ \\d+
	say zed TOPIC #c
	hear zed :$S 332 zed #c :what we talk of
	hear zed :$S 333 .*
	say zed TOPIC #c :mine
	hear zed :$S 442 zed #c :.*
	say amy MODE #c +t
	hear amy :amy!\\S+ MODE #c \\+t
	until bob :amy!\\S+ MODE .*
	say bob TOPIC #c :mine
	hear bob :$S 482 bob #c :.*
	say zed TOPIC #c :mine
	hear zed :$S 442 zed #c :.*
	say amy TOPIC #c :x{400}
	hear amy :amy!\\S+ TOPIC #c :x{307}
	say amy TOPIC #c :x{306}\\xc3\\xa4
	hear amy :amy!\\S+ TOPIC #c :x{306}
	say amy TOPIC #c :
	hear amy :amy!\\S+ TOPIC #c :
	say amy TOPIC #c
	hear amy :$S 331 amy #c :.*
	END
    irc_alive
}

@test "a secret channel is not there for others, a private one not shown" {
    start_ircd
    conversation <<-END
	say amy TOPIC #c :quiet
	until amy :amy!\\S+ TOPIC .*
	say amy MODE #c +s
	hear amy :amy!\\S+ MODE #c \\+s
	say zed TOPIC #c
	hear zed :$S 403 zed #c :.*
	say zed TOPIC #c :x
	hear zed :$S 403 zed #c :.*
	say zed KICK #c amy
	hear zed :$S 403 zed #c :.*
	say zed INVITE bob #c
	hear zed :$S 403 zed #c :.*
	say zed KNOCK #c
	hear zed :$S 403 zed #c :.*
	say bob TOPIC #c
	until bob :$S 332 bob #c :quiet
	say amy MODE #c +p
	hear amy :amy!\\S+ MODE #c -s\\+p
	say zed TOPIC #c
	hear zed :$S 442 zed #c :.*
	END
}

@test "KICK: one, several, lists in pairs, the reason cut" {
    start_ircd
    conversation <<-END
	say amy KICK #c
	hear amy :$S 461 amy KICK :.*
	say amy KICK #none bob
	hear amy :$S 403 amy #none :.*
	say bob KICK #c amy
	hear bob :$S 482 bob #c :.*
	say zed KICK #c amy
	hear zed :$S 442 zed #c :.*
	say amy KICK #c zed
	hear amy :$S 441 amy zed #c :.*
	say amy KICK #c nobody
	hear amy :$S 401 amy nobody :.*
	say amy MODE #c +n
	hear amy :amy!\\S+ MODE #c \\+n
	hear bob :amy!\\S+ MODE #c \\+n
	say amy KICK #c bob
	hear amy :amy!\\S+ KICK #c bob :amy
	hear bob :amy!\\S+ KICK #c bob :amy
	say bob PRIVMSG #c :still here
	hear bob :$S 404 bob #c :.*
	still amy
	say bob JOIN #c
	say zed JOIN #c
	until zed :\\S+ 366 .*
	until bob :\\S+ 366 .*
	sync amy
	sync bob
	say amy KICK #c bob,zed :r{300}
	hear amy :amy!\\S+ KICK #c bob :r{255}
	hear amy :amy!\\S+ KICK #c zed :r{255}
	hear bob :amy!\\S+ KICK #c bob :r{255}
	until zed :amy!\\S+ KICK #c zed :r{255}
	still bob
	say amy JOIN #a,#b
	until amy :\\S+ 366 amy #b .*
	say amy KICK #a,#b bob
	hear amy :$S 461 amy KICK :.*
	say bob JOIN #a,#b
	until bob :\\S+ 366 bob #b .*
	sync amy
	say amy KICK #a,#b bob,bob :out
	hear amy :amy!\\S+ KICK #a bob :out
	hear amy :amy!\\S+ KICK #b bob :out
	say amy KICK #c a,b,c,d,e
	lines amy 4 :$S 401 amy [abcd] :.*
	hear amy :$S 407 amy e :Too many targets
	say amy KICK #a amy,amy,amy
	hear amy :amy!\\S+ KICK #a amy :amy
	hear amy :$S 403 amy #a :.*
	still amy
	END
    irc_alive
}

@test "INVITE: who may, whom, and what it opens" {
    start_ircd
    conversation <<-END
	say amy INVITE zed
	hear amy :$S 461 amy INVITE :.*
	say amy INVITE nobody #c
	hear amy :$S 401 amy nobody :.*
	say amy INVITE zed #none
	hear amy :$S 403 amy #none :.*
	say zed INVITE zed #c
	hear zed :$S 442 zed #c :.*
	say amy INVITE bob #c
	hear amy :$S 443 amy bob #c :is already on channel
	say bob INVITE zed #C
	hear bob :$S 341 bob zed #c
	hear zed :bob!bob@\\S+ INVITE zed :?#c
	say zed INVITE
	hear zed :$S 337 zed :End of INVITE list
	say amy MODE #c +i
	until amy :amy!\\S+ MODE .*
	until bob :amy!\\S+ MODE .*
	say zed JOIN #c
	hear zed :$S 473 zed #c :.*
	say bob INVITE zed #c
	hear bob :$S 482 bob #c :.*
	say zed AWAY :at lunch
	until zed :$S 306 .*
	say amy INVITE zed #c
	hear amy :$S 341 amy zed #c
	hear amy :$S 301 amy zed :at lunch
	hear zed :amy!amy@\\S+ INVITE zed :?#c
	say zed INVITE
	hear zed :$S 336 zed #c
	hear zed :$S 337 zed :.*
	still bob
	say zed JOIN #c
	until zed :$S 366 .*
	say zed INVITE
	hear zed :$S 337 zed :.*
	END
    irc_alive
}

@test "an operator's invitation lets a banned user in, a member's does not" {
    start_ircd
    conversation <<-END
	say amy MODE #c +b zed
	until bob :amy!\\S+ MODE .*
	say bob INVITE zed #c
	until zed :bob!\\S+ INVITE .*
	say zed JOIN #c
	hear zed :$S 474 zed #c :.*
	say amy INVITE zed #c
	until zed :amy!\\S+ INVITE .*
	say zed JOIN #c
	until zed :$S 366 .*
	END
}

@test "KNOCK: the operators are asked, and not too often" {
    start_ircd
    conversation <<-END
	say zed KNOCK
	hear zed :$S 461 zed KNOCK :.*
	say zed KNOCK #none
	hear zed :$S 403 zed #none :.*
	say zed KNOCK #c
	hear zed :$S 713 zed #c :Channel is open
	say bob KNOCK #c
	hear bob :$S 714 bob #c :.*
	say amy MODE #c +ib bad
	until amy :amy!\\S+ MODE .*
	until bob :amy!\\S+ MODE .*
	irc bad $IRC bad
	say bad KNOCK #c
	hear bad :$S 404 bad #c :.*
	say zed KNOCK #c :let me in
	hear zed :$S 711 zed #c :.*
	hear amy :$S 710 amy #c zed!zed@\\S+ :has asked for an invite
	still bob
	say zed KNOCK #c
	hear zed :$S 712 zed #c :Too many KNOCKs
	irc yan $IRC yan
	say yan KNOCK #c
	hear yan :$S 712 yan #c :Too many KNOCKs
	still amy
	say amy MODE #c +p
	until amy :amy!\\S+ MODE .*
	say yan KNOCK #c
	hear yan :$S 404 yan #c :.*
	END
}
