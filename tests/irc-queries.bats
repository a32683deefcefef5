#!/usr/bin/env bats
# What can be asked: LIST, WHO, WHOIS, WHOWAS, about the server, about users
# (RFC 2812, 3.2.6, 3.4 to 3.6, 4; Modern IRC for the numerics).

load lib/common
load lib/irc

setup() {
    vsap_setup
}

# A server with an operator "god" and one who may not spy, "aide".
start_with_opers() { # [words of start_ircd] <CONFIGURATION
    {
        cat <<-END
	operator "god" {
	    password "$(irc_hash secret)"
	    from "*@127.0.0.1"
	    may { kill, kline, spy }
	}
	operator "aide" {
	    password "$(irc_hash secret)"
	    may kill
	}
	END
        [ -t 0 ] || cat
    } >opers
    start_ircd "$@" <opers
}

# amy has made #c, bob is there, zed is not.
three() {
    cat <<-END
	irc amy $IRC amy
	irc bob $IRC bob
	irc zed $IRC zed
	say amy JOIN #c
	sync amy
	say bob JOIN #c
	sync bob
	sync amy
	END
}

conversation() {
    { three; cat; } >script
    talk <script
}

# ---- RPL_ISUPPORT --------------------------------------------------------

@test "005 says the limits, at most 13 tokens a line, and VERSION again" {
    start_ircd
    local limits=$ROOT/bin/ircd-lite/limits.h n t tokens
    n() { awk -v n="$1" '$2 == n { print $3 }' "$limits"; }
    vsap_lines "$IRC" 'NICK a' 'USER a 0 * :a' VERSION QUIT >out
    grep -A1 ' 004 ' out | grep -q " 005 a "
    grep -A1 ' 351 ' out | grep -q " 005 a "
    grep ' 005 ' out >lines
    [ "$(wc -l <lines)" = 4 ]
    # Nothing else is in them, and the second time it is the same.
    run ! grep -vxE ":$S 005 a ([A-Z]+(=[!-~]+)? ){1,13}:are supported by this server" lines
    [ "$(head -n 2 lines)" = "$(tail -n 2 lines)" ]
    tokens=" $(tail -n 2 lines | tr '\n' ' ') "
    for t in CASEMAPPING=rfc1459 'CHANTYPES=#&+' CHANMODES=beI,k,l,Cimnpst \
        'PREFIX=(ov)@+' 'STATUSMSG=@+' NETWORK=TestNet 'CHANLIMIT=#&+:10' \
        "NICKLEN=$(n NICKLEN)" "USERLEN=$(($(n USERLEN) + 1))" \
        "HOSTLEN=$(n HOSTLEN)" "CHANNELLEN=$(n CHANNELLEN)" \
        "TOPICLEN=$(n TOPICLEN)" "KICKLEN=$(n KICKLEN)" \
        "AWAYLEN=$(n AWAYLEN)" "KEYLEN=$(n KEYLEN)" \
        "LINELEN=$(n LINE_MAX_IRC)" "MODES=$(n MODES_MAX)" \
        "MAXLIST=beI:$(n LIST_MAX)" "MAXTARGETS=$(n TARGETS_MAX)" \
        EXCEPTS=e INVEX=I ELIST=CMNTU SAFELIST KNOCK BOT=B; do
        [[ $tokens == *" $t "* ]] || fail "$t is not in$tokens"
    done
    [[ $tokens == *KICK:$(n KICKS_MAX),* && $tokens == *WHOIS:$(n TARGETS_MAX),* ]]
}

@test "005 follows the configuration" {
    start_ircd server='casemapping ascii' class='channels 33'
    talk <<-END
	irc a $IRC a
	say a VERSION
	until a :$S 005 a .*CASEMAPPING=ascii .*CHANLIMIT=#&\\+:33 .*
	END
}

# ---- LIST ----------------------------------------------------------------

@test "LIST shows channels with members and topic, hidden ones to members" {
    start_ircd
    conversation <<-END
	say zed JOIN #s,#p
	say zed MODE #s +s
	say zed MODE #p +p
	sync zed
	say amy TOPIC #c :what it is about
	sync amy
	say amy LIST
	hear amy :$S 321 amy Channel :Users  Name
	hear amy :$S 322 amy #c 2 :what it is about
	hear amy :$S 323 amy :End of LIST
	still amy
	say amy LIST #c,#none,#s,#p
	hear amy :$S 321 .*
	hear amy :$S 322 amy #c 2 :what it is about
	hear amy :$S 323 .*
	say zed LIST #S,#p
	hear zed :$S 321 .*
	hear zed :$S 322 zed #s 1 :
	hear zed :$S 322 zed #p 1 :
	hear zed :$S 323 zed :End of LIST
	say amy LIST #none
	hear amy :$S 321 .*
	hear amy :$S 323 .*
	say amy LIST #c $S
	hear amy :$S 321 .*
	hear amy :$S 322 amy #c .*
	hear amy :$S 323 .*
	say amy LIST #c other.example
	hear amy :$S 402 amy other.example :No such server
	still amy
	END
    irc_alive
}

@test "LIST by conditions: users, masks, age, age of the topic (ELIST)" {
    start_ircd
    conversation <<-END
	say zed JOIN #other,#topic
	say zed TOPIC #topic :t
	sync zed
	say amy LIST >1
	hear amy :$S 321 .*
	hear amy :$S 322 amy #c 2 :
	hear amy :$S 323 .*
	say amy LIST <2,*o*,!#ot*
	hear amy :$S 321 .*
	hear amy :$S 322 amy #topic 1 :t
	hear amy :$S 323 .*
	say amy LIST #OTH*
	hear amy :$S 321 .*
	hear amy :$S 322 amy #other 1 :
	hear amy :$S 323 .*
	say amy LIST #c,#other,>1
	hear amy :$S 321 .*
	hear amy :$S 322 amy #c 2 :
	hear amy :$S 323 .*
	say amy LIST #c,#other <2
	hear amy :$S 321 .*
	hear amy :$S 322 amy #other 1 :
	hear amy :$S 323 .*
	say amy LIST T<1
	hear amy :$S 321 .*
	hear amy :$S 322 amy #topic 1 :t
	hear amy :$S 323 .*
	say amy LIST T>1
	hear amy :$S 321 .*
	hear amy :$S 323 .*
	say amy LIST C>1
	hear amy :$S 321 .*
	hear amy :$S 323 .*
	say amy LIST C<1,#c
	hear amy :$S 321 .*
	hear amy :$S 322 amy #c 2 :
	hear amy :$S 323 .*
	say amy LIST >,<x,,!,C>,T<-1,#c
	hear amy :$S 321 .*
	hear amy :$S 322 amy #c 2 :
	hear amy :$S 323 .*
	END
    irc_alive
}

# 2,000 channels, of clients that may have as many; "small" has a queue of
# 16 KiB, which is a fraction of what LIST says.
many_channels() {
    start_ircd class='channels 1000' <<-END
	class "small" { sendq 16K; flood none; per host unlimited }
	allow from 127.0.0.2 class "small"
	allow
	END
    local c i j list
    for c in 1 2; do
        echo "irc big$c $IRC big$c"
        for ((i = 0; i < 1000; i += 50)); do
            list=
            for ((j = i; j < i + 50; j++)); do list+=,#${c}x$j; done
            printf 'say big%d JOIN %s\nsync big%d\n' $c "${list#,}" $c
        done
    done >script
    echo "irc small $IRC small 127.0.0.2" >>script
}

@test "a LIST that is longer than the send queue comes whole" {
    many_channels
    cat >>script <<-END
	say small LIST
	hear small :$S 321 .*
	lines small 2000 :$S 322 small #[12]x\\d+ 1 :
	hear small :$S 323 small :End of LIST
	say small LIST *x99*
	hear small :$S 321 .*
	lines small 22 :$S 322 small #[12]x99\\d? 1 :
	hear small :$S 323 .*
	still small
	END
    talk 30 <script
    irc_alive
}

@test "long replies to one user follow each other; of too many, 263" {
    many_channels
    {
        printf 'send small '
        for _ in {1..10}; do printf 'LIST *\\r\\n'; done
        echo
        cat <<-END
	until small :$S 263 small LIST :Please wait a while and try again
	until small :$S 323 .*
	until small :$S 323 .*
	until small :$S 323 .*
	until small :$S 323 .*
	until small :$S 323 .*
	until small :$S 323 .*
	until small :$S 323 .*
	until small :$S 323 .*
	still small
	END
    } >>script
    talk 30 <script
    irc_alive
}

@test "who leaves in the midst of a long reply takes it with him" {
    many_channels
    {
        cat <<-END
	send small LIST\\r\\nWHO *\\r\\nLIST\\r\\nQUIT\\r\\n
	over small
	irc other $IRC other 127.0.0.2
	send other LIST\\r\\nLIST\\r\\nNICK another\\r\\nLIST\\r\\n
	until other :$S 323 another .*
	send other LIST\\r\\nLIST\\r\\nLIST\\r\\n
	rst other
	irc third $IRC third 127.0.0.2
	sync third
	END
    } >>script
    talk 30 <script
    irc_alive
}

# ---- WHO -----------------------------------------------------------------

@test "WHO of a channel, a nick, a mask, and of operators" {
    start_with_opers
    conversation <<-END
	say amy WHO #c
	hear amy :$S 352 amy #c ~?bob 127.0.0.1 $S bob H :0 Real bob
	hear amy :$S 352 amy #c ~?amy 127.0.0.1 $S amy H@ :0 Real amy
	hear amy :$S 315 amy #c :End of WHO list
	say bob AWAY :gone
	say bob MODE bob +B
	sync bob
	say zed OPER god secret
	until zed :$S 381 .*
	sync zed
	say amy MODE #c +v bob
	sync amy
	say amy WHO bob
	hear amy :$S 352 amy #c ~?bob 127.0.0.1 $S bob G\\+B :0 Real bob
	hear amy :$S 315 amy bob :End of WHO list
	say amy WHO zed
	hear amy :$S 352 amy \\* ~?zed 127.0.0.1 $S zed H\\* :0 Real zed
	hear amy :$S 315 amy zed :End of WHO list
	say amy WHO * o
	hear amy :$S 352 amy \\* ~?zed 127.0.0.1 $S zed H\\* :0 Real zed
	hear amy :$S 315 amy \\* :End of WHO list
	say amy WHO #c o
	hear amy :$S 315 amy #c :End of WHO list
	say amy WHO a*
	hear amy :$S 352 amy #c ~?amy .*
	hear amy :$S 315 amy a\\* :End of WHO list
	say amy WHO *.0.0.1
	lines amy 3 :$S 352 amy (?:#c|\\*) ~?(?:amy|bob|zed) .*
	hear amy :$S 315 amy \\*.0.0.1 :End of WHO list
	say amy WHO "real ?ob"
	hear amy :$S 315 amy "real :End of WHO list
	say amy WHO 0
	lines amy 3 :$S 352 .*
	hear amy :$S 315 amy 0 :End of WHO list
	say amy WHO
	lines amy 3 :$S 352 .*
	hear amy :$S 315 amy \\* :End of WHO list
	say amy WHO #none
	hear amy :$S 315 amy #none :End of WHO list
	still amy
	END
    irc_alive
}

@test "WHO hides invisible users and hidden channels from strangers" {
    start_with_opers
    conversation <<-END
	say bob MODE bob +i
	sync bob
	say zed WHO *
	lines zed 2 :$S 352 zed (?:#c|\\*) ~?(?:amy|zed) .*
	hear zed :$S 315 .*
	say zed WHO #c
	hear zed :$S 352 zed #c ~?amy .*
	hear zed :$S 315 .*
	say amy WHO b*
	hear amy :$S 352 amy #c ~?bob .*
	hear amy :$S 315 .*
	say zed WHO bob
	hear zed :$S 352 zed \\* ~?bob 127.0.0.1 $S bob H :0 Real bob
	hear zed :$S 315 .*
	say amy MODE #c +s
	sync amy
	say zed WHO #c
	hear zed :$S 315 zed #c :End of WHO list
	say zed WHO amy
	hear zed :$S 352 zed \\* ~?amy .*
	hear zed :$S 315 .*
	say zed OPER god secret
	until zed :$S 381 .*
	sync zed
	say zed WHO #c
	lines zed 2 :$S 352 zed #c ~?(?:amy|bob) .*
	hear zed :$S 315 .*
	END
    irc_alive
}

@test "a WHO longer than the send queue comes whole" {
    local i

    start_ircd <<-END
	class "small" { sendq 16K; flood none; per host unlimited }
	allow from 127.0.0.2 class "small"
	allow
	END
    {
        for i in {1..300}; do echo "irc u$i $IRC u$i"; done
        for i in {1..300}; do echo "say u$i JOIN #big"; done
        for i in {1..300}; do echo "sync u$i"; done
        cat <<-END
	irc small $IRC small 127.0.0.2
	say small WHO *
	lines small 301 :$S 352 small \\S+ \\S+ \\S+ $S \\S+ H@? :0 Real .*
	hear small :$S 315 small \\* :End of WHO list
	say small WHO #big
	lines small 300 :$S 352 small #big \\S+ \\S+ $S u\\d+ H@? :0 Real u\\d+
	hear small :$S 315 small #big :End of WHO list
	END
    } >script
    talk 40 <script
    irc_alive
}

# ---- WHOIS, WHOWAS -------------------------------------------------------

@test "WHOIS says what each may know" {
    start_with_opers server='description "a test server"'
    conversation <<-END
	say bob WHOIS amy
	hear bob :$S 311 bob amy ~?amy 127.0.0.1 \\* :Real amy
	hear bob :$S 319 bob amy :@#c
	hear bob :$S 312 bob amy $S :a test server
	hear bob :$S 317 bob amy \\d+ \\d{9,} :seconds idle, signon time
	hear bob :$S 318 bob amy :End of WHOIS list
	still bob
	say amy AWAY :at lunch
	say amy MODE amy +Bi
	sync amy
	say bob WHOIS $S AMY
	hear bob :$S 311 bob amy .*
	hear bob :$S 319 bob amy :@#c
	hear bob :$S 312 .*
	hear bob :$S 301 bob amy :at lunch
	hear bob :$S 335 bob amy :is a bot
	hear bob :$S 317 .*
	hear bob :$S 318 bob AMY :End of WHOIS list
	say amy WHOIS amy amy
	hear amy :$S 311 .*
	hear amy :$S 319 .*
	hear amy :$S 312 .*
	hear amy :$S 301 .*
	hear amy :$S 335 .*
	hear amy :$S 378 amy amy :is connecting from ~?amy@127.0.0.1 127.0.0.1
	hear amy :$S 379 amy amy :is using modes \\+Bi
	hear amy :$S 317 .*
	hear amy :$S 318 .*
	say zed WHOIS amy
	hear zed :$S 311 .*
	hear zed :$S 312 .*
	never zed :$S (?:319|378|379) .*
	say zed OPER god secret
	until zed :$S 381 .*
	sync zed
	say zed WHOIS amy
	until zed :$S 319 zed amy :@#c
	until zed :$S 378 zed amy :is connecting from .*
	until zed :$S 379 zed amy :is using modes \\+Bi
	until zed :$S 318 .*
	say amy WHOIS zed
	hear amy :$S 311 .*
	hear amy :$S 312 .*
	hear amy :$S 313 amy zed :is an IRC operator
	hear amy :$S 317 .*
	hear amy :$S 318 .*
	END
    irc_alive
}

@test "WHOIS of several, of nobody, elsewhere" {
    start_ircd
    conversation <<-END
	say amy WHOIS bob,none,zed
	hear amy :$S 311 amy bob .*
	until amy :$S 401 amy none :No such nick/channel
	hear amy :$S 311 amy zed .*
	until amy :$S 318 amy bob,none,zed :End of WHOIS list
	still amy
	say amy WHOIS none
	hear amy :$S 401 amy none :No such nick/channel
	hear amy :$S 318 amy none :End of WHOIS list
	say amy WHOIS
	hear amy :$S 431 amy :No nickname given
	say amy WHOIS other.example bob
	hear amy :$S 402 amy other.example :No such server
	say amy WHOIS $S :
	hear amy :$S 431 amy :No nickname given
	say amy WHOIS :a b
	hear amy :$S 401 amy a_b :No such nick/channel
	hear amy :$S 318 amy a_b :End of WHOIS list
	say amy WHOIS 1,2,3,4,bob
	lines amy 4 :$S 401 amy [1-4] :No such nick/channel
	hear amy :$S 318 amy 1,2,3,4,bob :End of WHOIS list
	still amy
	END
    irc_alive
}

@test "WHOIS splits a long list of channels, hidden ones for members only" {
    start_ircd class='channels 40'
    local n='x{43}' i
    {
        three
        for i in {10..29}; do echo "say amy JOIN #$i$n"; done
        cat <<-END
	say amy MODE #10$n +s
	sync amy
	say zed JOIN #11$n
	sync zed
	say zed WHOIS amy
	until zed :$S 319 zed amy :@#c(?: @#(?!10)\\S+){9}
	hear zed (?=.{510}\$):$S 319 zed amy :@#\\S+(?: @#\\S+){9}
	hear zed :$S 312 .*
	END
    } >script
    talk <script
    irc_alive
}

@test "WHOWAS: the newest first, as many as asked for" {
    start_with_opers
    conversation <<-END
	say zed NICK zoe
	until zed .* NICK .*
	say amy WHOWAS zed
	hear amy :$S 314 amy zed ~?zed 127.0.0.1 \\* :Real zed
	hear amy :$S 312 amy zed $S :\\w{3} \\w{3} \\d\\d \\d\\d:\\d\\d:\\d\\d \\d{4}
	hear amy :$S 369 amy zed :End of WHOWAS
	still amy
	say zed NICK zed
	until zed .* NICK .*
	say zed NICK zoe
	until zed .* NICK .*
	say zed OPER god secret
	until zed :$S 381 .*
	sync zed
	say zed WHOWAS ZED 1
	hear zed :$S 314 zoe zed .*
	hear zed :$S 338 zoe zed 127.0.0.1 :actually using host
	hear zed :$S 312 zoe zed .*
	hear zed :$S 369 zoe ZED :End of WHOWAS
	say amy WHOWAS zed 0 $S
	hear amy :$S 314 amy zed .*
	hear amy :$S 312 amy zed .*
	hear amy :$S 314 amy zed .*
	hear amy :$S 312 amy zed .*
	hear amy :$S 369 .*
	say amy WHOWAS bob,zoe
	hear amy :$S 406 amy bob :There was no such nickname
	hear amy :$S 369 amy bob :End of WHOWAS
	hear amy :$S 314 amy zoe .*
	until amy :$S 369 amy zoe :End of WHOWAS
	say amy WHOWAS
	hear amy :$S 431 amy :No nickname given
	say amy WHOWAS zed 1 other.example
	hear amy :$S 402 amy other.example :No such server
	say bob QUIT
	over bob
	until amy :bob!\\S+ QUIT .*
	say amy WHOWAS bob
	hear amy :$S 314 amy bob .*
	until amy :$S 369 .*
	END
    irc_alive
}

# ---- the server ----------------------------------------------------------

@test "MOTD, ADMIN, INFO, VERSION, TIME, LINKS, MAP" {
    printf 'hello\n\nworld' >motd
    start_ircd server="description \"a test server\"
	motd \"$PWD/motd\"
	admin { location \"Here\"; organisation \"Us\"; mail \"us@test.example\" }"
    conversation <<-END
	say amy MOTD
	hear amy :$S 375 amy :- $S Message of the day - 
	hear amy :$S 372 amy :- hello
	hear amy :$S 372 amy :- 
	hear amy :$S 372 amy :- world
	hear amy :$S 376 amy :End of MOTD command
	say amy ADMIN
	hear amy :$S 256 amy $S :Administrative info
	hear amy :$S 257 amy :Here
	hear amy :$S 258 amy :Us
	hear amy :$S 259 amy :us@test.example
	say amy INFO
	hear amy :$S 371 amy :ircd-lite-\\S+
	until amy :$S 374 amy :End of INFO list
	say amy VERSION
	hear amy :$S 351 amy ircd-lite-\\S+ $S :.*
	lines amy 2 :$S 005 .*
	say amy TIME
	hear amy :$S 391 amy $S :\\w+ \\w+ +\\d+ \\d{4} -- \\d\\d:\\d\\d:\\d\\d [-+]\\d{4}
	say amy LINKS
	hear amy :$S 364 amy \\* $S :0 a test server
	hear amy :$S 365 amy \\* :End of LINKS list
	say amy LINKS *.other
	hear amy :$S 365 amy \\* :End of LINKS list
	say amy MAP
	hear amy :$S 015 amy :$S .*
	hear amy :$S 017 amy :End of MAP
	still amy
	END
    irc_alive
}

@test "what is not configured is said to be missing; long lines are cut" {
    local e
    start_ircd
    conversation <<-END
	say amy MOTD
	hear amy :$S 422 amy :MOTD File is missing
	say amy ADMIN
	hear amy :$S 423 amy $S :No administrative info available
	END
    printf 'xx%.0s' {1..400} >motd
    # A line of two-byte letters is not cut in the midst of one.
    e=$(printf '\xc3\xa9')
    e=$(printf "$e%.0s" {1..400})
    printf '\na%s\r\n%s\n' "$e" "$e" >>motd
    IRCD_NAME=second start_ircd server="motd \"$PWD/motd\""
    talk <<-END
	irc amy $IRC amy
	say amy MOTD
	hear amy :$S 375 .*
	hear amy (?=.{510}\$):$S 372 amy :- x+
	hear amy (?=.{510}\$):$S 372 amy :- a(?:\\xc3\\xa9)+
	hear amy (?=.{509}\$):$S 372 amy :- (?:\\xc3\\xa9)+
	hear amy :$S 376 .*
	END
    irc_alive
}

@test "a query for another server is 402, for a user here it is for us" {
    local c
    start_ircd
    {
        three
        for c in ADMIN INFO LINKS LUSERS MOTD STATS TIME TRACE USERS VERSION; do
            case $c in
            LINKS) echo "say amy LINKS other.example *" ;;
            LUSERS) echo "say amy LUSERS * other.example" ;;
            STATS) echo "say amy STATS u other.example" ;;
            *) echo "say amy $c other.example" ;;
            esac
            echo "hear amy :$S 402 amy other.example :No such server"
        done
        cat <<-END
	say amy TIME irc.*
	hear amy :$S 391 .*
	say amy TIME BOB
	hear amy :$S 391 .*
	say amy TIME :x y
	hear amy :$S 402 amy x_y :No such server
	say amy TIME :
	hear amy :$S 391 .*
	still amy
	END
    } >script
    talk <script
    irc_alive
}

@test "LUSERS counts users, operators, connections and channels" {
    start_with_opers
    conversation <<-END
	say zed OPER aide secret
	until zed :$S 381 .*
	say bob MODE bob +i
	sync bob
	open stranger $IRC
	say stranger PING x
	hear stranger .*
	say amy LUSERS
	hear amy :$S 251 amy :There are 2 users and 1 invisible on 1 servers
	hear amy :$S 252 amy 1 :operator\\(s\\) online
	hear amy :$S 253 amy 1 :unknown connection\\(s\\)
	hear amy :$S 254 amy 1 :channels formed
	hear amy :$S 255 amy :I have 3 clients and 0 servers
	hear amy :$S 265 amy 3 3 :Current local users 3, max 3
	hear amy :$S 266 amy 3 3 :Current global users 3, max 3
	still amy
	say bob QUIT
	over bob
	until amy :bob!\\S+ QUIT .*
	say amy LUSERS
	hear amy :$S 251 amy :There are 2 users and 0 invisible on 1 servers
	until amy :$S 255 amy :I have 2 clients and 0 servers
	hear amy :$S 265 amy 2 3 :Current local users 2, max 3
	END
    irc_alive
}

@test "HELP comes from the table of commands" {
    start_with_opers
    conversation <<-END
	say amy HELP
	hear amy :$S 704 amy \\* :\\S.*
	hear amy :$S 705 amy \\* :
	hear amy :$S 705 amy \\* :(?:[A-Z]+ ?)+
	until amy :$S 705 amy \\* :.*WHOWAS
	hear amy :$S 705 amy \\* :
	hear amy :$S 706 amy \\* :\\S.*
	say amy HELPOP
	never amy .*KLINE.*
	say amy HELPOP whois
	hear amy :$S 704 amy WHOIS :WHOIS \\[server\\] nick.*
	hear amy :$S 705 amy WHOIS :
	hear amy :$S 705 amy WHOIS :\\S.*
	hear amy :$S 706 amy WHOIS :\\S.*
	say amy HELP :no such thing
	hear amy :$S 524 amy no_such_thing :No help available on this topic
	still amy
	say zed OPER god secret
	until zed :$S 381 .*
	say zed HELP
	until zed :$S 705 zed \\* :.*KLINE.*
	say zed HELP kill
	until zed :$S 706 zed KILL :For operators.*
	END
    # Each command has a help of its own.
    grep -oE '^	\{ "[A-Z]+"' "$ROOT/bin/ircd-lite/cmd.c" | tr -d '	{ "' >names
    {
        echo "irc amy $IRC amy"
        while read -r c; do
            cat <<-END
	say amy HELP $c
	hear amy :$S 704 amy $c :$c.*
	hear amy :$S 705 amy $c :
	hear amy :$S 705 amy $c :\\S.*
	until amy :$S 706 amy $c :.*
	END
        done <names
    } >script
    [ "$(wc -l <names)" -gt 50 ]
    talk <script
    irc_alive
}

@test "STATS: what reveals addresses is for operators" {
    local c
    start_with_opers <<-END
	kline "bad@*.test" reason "no"
	deny from 192.0.2.0/24
	allow from 2001:db8::/32
	allow
	END
    {
        three
        for c in c h i k o y; do
            echo "say amy STATS $c"
            echo "hear amy :$S 481 amy :Permission Denied- You're not an IRC operator"
            echo "hear amy :$S 219 amy $c :End of STATS report"
        done
        cat <<-END
	say amy STATS u
	hear amy :$S 242 amy :Server Up \\d+ days \\d+:\\d\\d:\\d\\d
	hear amy :$S 219 amy u :End of STATS report
	say amy STATS m
	hear amy :$S 212 amy JOIN 2 \\d+ 0
	until amy :$S 212 amy STATS 8 \\d+ 0
	until amy :$S 219 amy m :End of STATS report
	say amy STATS l
	hear amy :$S 211 amy amy\\[~?amy@127.0.0.1\\] \\d+ \\d+ \\d+ \\d+ \\d+ :\\d+
	hear amy :$S 219 amy l :End of STATS report
	say amy STATS l bob
	hear amy :$S 211 amy amy\\[.*
	hear amy :$S 219 .*
	say amy STATS ?
	lines amy 10 :$S 210 amy [chiklmouy?] :\\S.*
	hear amy :$S 219 amy \\? :End of STATS report
	say amy STATS
	hear amy :$S 219 amy \\* :End of STATS report
	say amy STATS x
	hear amy :$S 219 amy x :End of STATS report
	say bob OPER aide secret
	until bob :$S 381 .*
	sync bob
	say bob STATS i
	hear bob :$S 723 bob spy :Insufficient oper privileges
	hear bob :$S 219 .*
	say zed OPER god secret
	until zed :$S 381 .*
	sync zed
	say zed STATS i
	hear zed :$S 215 zed I \\*@2001:db8::/32 \\* \\*@2001:db8::/32 0 default
	hear zed :$S 215 zed I \\*@\\* \\* \\*@\\* 0 default
	hear zed :$S 219 zed i :End of STATS report
	say zed STATS K
	hear zed :$S 216 zed K \\*@192.0.2.0/24 \\* \\* 0 0
	hear zed :$S 216 zed K \\*.test \\* bad 0 0
	hear zed :$S 219 zed K :End of STATS report
	say zed STATS o
	hear zed :$S 243 zed O \\*@127.0.0.1 \\* god 0 \\*
	hear zed :$S 243 zed O \\*@\\* \\* aide 0 \\*
	hear zed :$S 219 .*
	say zed STATS y
	hear zed :$S 218 zed Y default 120 0 0 1048576
	hear zed :$S 219 .*
	open stranger $IRC
	say stranger PING x
	hear stranger .*
	say zed STATS l
	lines zed 3 :$S 211 zed (?:amy|bob|zed)\\[~?(?:amy|bob|zed)@127.0.0.1\\] .*
	hear zed :$S 211 zed \\*\\[unknown@127.0.0.1\\] .*
	hear zed :$S 219 .*
	say zed STATS l bob
	hear zed :$S 211 zed bob\\[.*
	hear zed :$S 219 .*
	say zed STATS c
	hear zed :$S 219 .*
	END
    } >script
    talk <script
    irc_alive
}

@test "TRACE shows operators to all, everybody to operators" {
    start_with_opers
    conversation <<-END
	say amy TRACE
	hear amy :$S 205 amy User default amy \\(127.0.0.1\\) :\\d+
	hear amy :$S 262 amy $S ircd-lite-\\S+ :End of TRACE
	say amy TRACE bob
	hear amy :$S 205 amy User default bob \\(127.0.0.1\\) :\\d+
	hear amy :$S 262 .*
	say zed OPER god secret
	until zed :$S 381 .*
	sync zed
	say bob TRACE $S
	lines bob 2 :$S (?:205 bob User default bob|204 bob Oper default zed) \\(127.0.0.1\\) :\\d+
	hear bob :$S 262 .*
	open stranger $IRC
	say stranger PING x
	hear stranger .*
	say zed TRACE
	lines zed 3 :$S 20[45] zed (?:User|Oper) default (?:amy|bob|zed) .*
	hear zed :$S 203 zed \\?\\?\\?\\? default 127.0.0.1 :\\d+
	hear zed :$S 262 .*
	END
    irc_alive
}

# ---- users ---------------------------------------------------------------

@test "AWAY, and its text is cut at AWAYLEN" {
    start_ircd
    conversation <<-END
	say amy AWAY :at lunch
	hear amy :$S 306 amy :You have been marked as being away
	say bob WHOIS amy
	until bob :$S 301 bob amy :at lunch
	sync bob
	say amy AWAY
	hear amy :$S 305 amy :You are no longer marked as being away
	say bob WHOIS amy
	never bob :$S 301 .*
	say amy AWAY :y{400}
	hear amy :$S 306 .*
	say bob WHOIS amy
	until bob :$S 301 bob amy :y{255}
	say amy AWAY :
	hear amy :$S 305 .*
	END
    irc_alive
}

@test "ISON and USERHOST" {
    start_with_opers
    conversation <<-END
	say amy ISON BOB none zed
	hear amy :$S 303 amy :bob zed
	say amy ISON :bob none  zed amy
	hear amy :$S 303 amy :bob zed amy
	say amy ISON 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 bob 16 zed
	hear amy :$S 303 amy :bob zed
	say amy ISON none
	hear amy :$S 303 amy :
	say amy ISON
	hear amy :$S 461 amy ISON :Not enough parameters
	say zed OPER god secret
	until zed :$S 381 .*
	say bob AWAY :x
	sync bob
	say amy USERHOST bob none ZED amy
	hear amy :$S 302 amy :bob=-~?bob@127.0.0.1 zed\\*=\\+~?zed@127.0.0.1 amy=\\+~?amy@127.0.0.1
	say amy USERHOST 1 2 3 4 bob amy
	hear amy :$S 302 amy :bob=-~?bob@127.0.0.1
	say amy USERHOST none
	hear amy :$S 302 amy :
	say amy USERHOST
	hear amy :$S 461 amy USERHOST :Not enough parameters
	still amy
	END
    irc_alive
}

@test "USERS, SUMMON, SERVLIST, SQUERY: what is not here" {
    start_ircd
    conversation <<-END
	say amy USERS
	hear amy :$S 446 amy :USERS has been disabled
	say amy SUMMON root
	hear amy :$S 445 amy :SUMMON has been disabled
	say amy SUMMON root other.example
	hear amy :$S 402 amy other.example :No such server
	say amy SERVLIST
	hear amy :$S 235 amy \\* \\* :End of service listing
	say amy SERVLIST dict* 1
	hear amy :$S 235 amy dict\\* 1 :End of service listing
	say amy SQUERY dict@test.example :hello
	hear amy :$S 408 amy dict@test.example :No such service
	say amy SQUERY
	hear amy :$S 411 amy :No recipient given \\(SQUERY\\)
	say amy SQUERY dict
	hear amy :$S 412 amy :No text to send
	still amy
	END
    irc_alive
}

@test "no reply is longer than 512 bytes, whatever the names" {
    # What a client says comes back in full parameters, cut if need be.
    local long='n{30}' c
    start_ircd class='channels 40' <<-END
	webirc "gate" { password "$(irc_hash secret)"; from 127.0.0.1 }
	END
    {
        cat <<-END
	open a $IRC
	say a WEBIRC secret gate h{59}.org 192.0.2.1
	say a NICK $long
	say a USER u{10} 0 * :r{128}
	until a :$S 376 .*|:$S 422 .*
	say a AWAY :w{400}
	say a JOIN #{2}c{48}
	say a TOPIC #{2}c{48} :t{400}
	sync a
	END
        for c in "LIST" "WHO #{2}c{48}" "WHO $long" "WHO *" "WHO z{480}" \
            "WHOIS $long" "WHOIS z{480}" "WHOWAS z{480}" "TIME z{480}" \
            "HELP z{480}" "STATS z{480}" "SERVLIST z{400}" "SQUERY z{400} x" \
            "USERHOST $long $long $long $long $long" "STATS l" "TRACE" \
            "ISON $long $long $long $long $long $long $long $long $long $long $long $long $long $long"; do
            echo "say a $c"
            # A trailing parameter is always there.
            echo "never a .{511,}|:\\S+ \\d+ (?:(?! :).)*"
        done
    } >script
    talk <script
    irc_alive
}
