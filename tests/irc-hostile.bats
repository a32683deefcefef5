#!/usr/bin/env bats
# What somebody who means harm says to ircd-lite, the sort of lines that other
# servers fell over among it.

load lib/common
load lib/irc
load lib/load

export BATS_TEST_TIMEOUT=120

server_pid() {
    local p

    for p in $(pgrep -P "$IRC_PID"); do
        tr '\0' ' ' <"/proc/$p/cmdline" | grep -q "ircd-lite: server" &&
            echo "$p"
    done
    return 0
}

# It is the process that was there at the start: none has died.
stands() {
    irc_alive
    assert_equal "$(log_count "$IRC_LOG" 'ended by signal')" 0
}

# Each PING of step "sync" in this conversation is answered in a second.
talk_promptly() {
    talk 1
}

oper_conf() {
    echo "operator \"root\" { password \"$(irc_hash secret)\"; may all }"
}

# Over two seconds it uses at most two hundredths of one.
sleeps() { # PID
    local before after

    before=$(ticks "$1")
    # A rate needs a time.
    read -rt 2 <> <(:) || :
    after=$(ticks "$1")
    echo "$((after - before)) ticks of 200"
    [ $((after - before)) -le 2 ]
}

# The sanitizers take what they want.
memory_below() { # KIB
    [ "${VSAP_TEST_ASAN:-0}" = 1 ] ||
        [ "$(memory_of "$(server_pid)")" -lt "$1" ]
}

# ---- at the same instant -----------------------------------------------------

# What is said between "run kill -STOP" and "-CONT" is read in one turn.

@test "three want one nickname in the same instant: one has it, all see so" {
    start_ircd
    SERVER=$(server_pid) talk <<-'END'
	irc a $IRC anna
	irc b $IRC bert
	irc c $IRC carl
	say a JOIN #x
	sync a
	say b JOIN #x
	sync b
	say c JOIN #x
	until a :carl!\S+ JOIN #x
	until b :carl!\S+ JOIN #x
	sync c
	run kill -STOP $SERVER
	say a NICK [wanted]
	say b NICK {Wanted}
	say c NICK {wanted]
	run kill -CONT $SERVER
	until a (:\S+ 433 anna .*|:anna!\S+ NICK :.*)
	sync a
	sync b
	sync c
	say a NAMES #x
	until a :\S+ 353 \S+ = #x :(?<all>.*)
	irc d $IRC dora
	say d WHOIS [wanted]
	until d :\S+ 311 dora (?<nick>\S+) .*
	say d ISON anna bert carl
	until d :\S+ 303 dora :(?<left>.*)
	run test $(echo "$left" | wc -w) = 2
	run case "$all" in *"$nick"*) ;; *) exit 1 ;; esac
	END
    stands
}

@test "two operators against each other in the same instant: one wins" {
    start_ircd
    SERVER=$(server_pid) talk <<-'END'
	irc a $IRC anna
	irc b $IRC bert
	say a JOIN #x
	sync a
	say b JOIN #x
	until a :bert!\S+ JOIN #x
	say a MODE #x +o bert
	until b :anna!\S+ MODE #x \+o bert
	sync a
	run kill -STOP $SERVER
	send a MODE #x -o bert\r\nKICK #x bert\r\n
	send b MODE #x -o anna\r\nKICK #x anna\r\n
	run kill -CONT $SERVER
	until a :(?<won>anna|bert)!\S+ MODE #x -o .*
	until a :(?<kicker>anna|bert)!\S+ KICK #x .*
	run test $won = $kicker
	sync a
	sync b
	irc c $IRC carl
	say c NAMES #x
	until c :\S+ 353 carl = #x :@(?<alone>\S+)
	run test $alone = $won
	END
    stands
}

@test "the last one leaves as another comes: who is there knows it" {
    start_ircd
    SERVER=$(server_pid) talk <<-'END'
	irc a $IRC anna
	irc b $IRC bert
	say a JOIN #x
	say a MODE #x +k word
	sync a
	run kill -STOP $SERVER
	send a PART #x\r\nJOIN #x\r\nPART #x\r\nQUIT\r\n
	send b JOIN #x word\r\nMODE #x\r\n
	run kill -CONT $SERVER
	until b :bert!\S+ JOIN #x
	until b :\S+ 324 bert #x .*
	sync b
	say b NAMES #x
	until b :\S+ 353 bert = #x :@?bert
	over a
	END
    stands
}

@test "one who is killed, kicked, banned and renamed in one turn leaves once" {
    start_ircd < <(oper_conf)
    SERVER=$(server_pid) talk <<-'END'
	irc a $IRC anna
	say a OPER root secret
	until a :\S+ 381 .*
	irc b $IRC bert
	irc c $IRC carl
	say a JOIN #x,#y
	sync a
	say b JOIN #x,#y
	sync b
	say c JOIN #x
	until a :carl!\S+ JOIN #x
	until c :\S+ 366 .*
	sync b
	sync a
	run kill -STOP $SERVER
	send a KILL bert :one\r\nKICK #x bert\r\nMODE #x +b bert\r\nKLINE bert@127.0.0.1 :two\r\nKILL bert :three\r\n
	send b NICK bert2\r\nPART #x\r\nQUIT :mine\r\nJOIN #z\r\nPRIVMSG carl :boo\r\n
	run kill -CONT $SERVER
	until c :bert2?!\S+ (QUIT|PART) .*
	never c :bert2?!\S+ (QUIT|PRIVMSG) .*(mine|boo).*mine.*
	over b
	sync a
	say a WHOIS bert2,bert
	until a :\S+ 401 anna bert2 .*
	until a :\S+ 401 anna bert .*
	END
    stands
}

# ---- patterns and lists ------------------------------------------------------

@test "masks of many stars in a busy channel: everybody else is served at once" {
    start_ircd < <(
        oper_conf
        echo 'class "slow" { flood none }'
    )
    stars=$(printf '*a%.0s' {1..45})
    mkfifo in
    # Names of many a's, and a ban list full of masks that nearly fit.
    # shellcheck disable=SC2094 # the program has its own end
    start crowd irc_crowd -n 150 -p aaaaaaaaaaaaaaaaaaaaaaaaaa -j '#x' "$IRC" <>in
    exec {crowd}>in
    wait_log crowd.log '^150 here'
    {
        echo 'irc a $IRC anna'
        echo 'say a OPER root secret'
        echo 'until a :\S+ 381 .*'
        echo 'say a JOIN #y'
        for n in $(seq 100); do
            echo "say a MODE #y +b ${stars}b$n!*@*"
        done
        echo 'sync a'
        echo 'say a MODE #y b'
        echo 'until a :\S+ 368 .*'
    } >script
    talk <script
    grep -c . script
    echo 'first MODE #x' >&"$crowd"
    # The first of them is the channel's operator.
    for n in $(seq 100); do
        echo "first MODE #x +b ${stars}b$n!*@*"
    done >&"$crowd"
    for n in $(seq 20); do
        echo 'say PRIVMSG #x :does the ban list fit me'
        # makes what was found out about him worthless
        echo "first MODE #x -b+b ${stars}b1!*@* ${stars}b1!*@*"
    done >&"$crowd"
    talk_promptly <<-END
	irc p \$IRC prober
	sync p
	say p WHO $stars*b
	until p :\\S+ 315 .*
	say p LIST $stars*b
	until p :\\S+ 323 .*
	sync p
	sync p
	END
    stands
}

@test "a K-line of many stars for thousands who come" {
    start_ircd < <(oper_conf)
    stars=$(printf '*a%.0s' {1..40})
    {
        echo 'irc a $IRC anna'
        echo 'say a OPER root secret'
        echo 'until a :\S+ 381 .*'
        for n in $(seq 200); do
            echo "say a KLINE ${stars}b$n@* :x"
        done
        echo 'sync a'
    } >script
    talk <script
    start crowd irc_crowd -n 500 -p aaaaaaaaaaaaaaaaaaaaaaaaaa "$IRC" </dev/null
    talk_promptly <<-'END'
	irc p $IRC prober
	sync p
	sync p
	END
    wait_log crowd.log '^500 here' 20
    stands
}

@test "masks with odd networks are none, and harm nobody" {
    start_ircd < <(oper_conf)
    {
        echo 'irc a $IRC anna'
        echo 'say a OPER root secret'
        echo 'until a :\S+ 381 .*'
        echo 'say a JOIN #x'
        for mask in '*@127.0.0.1/-1' '*@127.0.0.1/33' '*@127.0.0.1/' \
            '*@127.0.0.1/99999999999999999999' '*@::/129' '*@::1/-0' '@' '!' \
            '!@' '*!' '@*' '/' '@/' '*@/8' '*@1.2.3/8' '*@%n%s' '~:x' \
            '$*a' '*!*@*!*@*!*' '@@@@' '!!!!' '\' '*\' '?' '**?**' ; do
            for verb in 'KLINE' 'UNKLINE' 'WHO' 'MODE #x +beI-beI'; do
                echo "say a $verb $mask x $mask $mask $mask $mask $mask"
            done
        done
        echo 'sync a'
        echo 'irc b $IRC bert'
    } >script
    talk <script
    stands
}

@test "mode strings of 400 letters: bounded answers, at once" {
    start_ircd
    {
        echo 'irc p $IRC prober'
        echo 'irc a $IRC anna'
        echo 'say a JOIN #x'
        echo 'sync a'
        for what in 'o{400}' 'b{400}' 'x{400}' '+-{200}' '-{400}' 'k{400}' \
            'l{400}' '+lklklklklk{300}' '\x80{400}' 'bbbbeeeeIIII{200}' \
            'i{400}' 'ovovovovov{200}' '*{400}'; do
            echo "say a MODE #x $what 1 2 3 4 5 6 7 8 9 10 11 12 13"
            echo "say a MODE anna $what"
            echo 'sync p'
        done
        echo 'sync a'
        echo 'say a MODE #x'
        echo 'until a :\S+ 324 anna #x \S+.*'
    } >script
    talk_promptly <script
    stands
}

@test "long lists: one line asks for as much as it can, others do not wait" {
    start_ircd
    start crowd irc_crowd -n 1500 -j '#x' "$IRC" < <(wait_for 60 test -e over)
    wait_log crowd.log '^1500 here' 30
    list=$(printf '#x,%.0s' {1..160})
    nicks=$(printf 'c0,%.0s' {1..160})
    {
        echo 'irc p $IRC prober'
        for n in 1 2 3; do
            echo "irc a$n \$IRC anna$n"
            for verb in NAMES LIST WHO JOIN PART WHOIS WHOWAS PRIVMSG \
                'KICK #x' INVITE; do
                echo "say a$n $verb $list :x"
                echo "say a$n $verb $nicks :x"
            done
            echo "say a$n ISON ${nicks//,/ }"
            echo "say a$n USERHOST ${nicks//,/ }"
            echo 'sync p'
            echo 'sync p'
        done
        for n in 1 2 3; do
            echo "sync a$n"
        done
    } >script
    talk_promptly <script
    : >over
    stands
}

# ---- words -------------------------------------------------------------------

@test "printf's signs are letters, wherever they stand, the log included" {
    start_ircd -- -v < <(oper_conf)
    f='%s%n%p%1000000d%*s'
    F=$f talk <<-END
	irc b \$IRC bert
	say b OPER root secret
	until b :\\S+ 381 .*
	say b MODE bert +s
	say b JOIN #x
	open a \$IRC
	say a NICK \$F
	until a :$S 432 \\* \$F :.*
	say a PASS \$F
	say a NICK anna
	say a USER \$F \$F \$F :\$F
	until a :$S 422 .*
	say a \$F \$F
	until a :$S 421 anna \$F :.*
	say a JOIN #\$F,#x
	until a :anna!\\S+ JOIN #\$F
	say a TOPIC #\$F :\$F
	until a :anna!\\S+ TOPIC #\$F :\$F
	say a MODE #\$F +b \$F
	until a :anna!\\S+ MODE #\$F \\+b \$F.*
	say a MODE #\$F +k \$F
	until a :anna!\\S+ MODE #\$F \\+k \$F
	say a PRIVMSG bert :\$F
	until b :anna!\\S+ PRIVMSG bert :\$F
	say a AWAY :\$F
	say b PRIVMSG anna :x
	until b :$S 301 bert anna :\$F
	say a WHOIS \$F
	until a :$S 401 anna \$F :.*
	say a OPER \$F \$F
	until b :\\S+ NOTICE bert :.*OPER \$F.*
	say b KLINE \$F@\$F \$F :\$F
	say b KILL nobody\$F :\$F
	say b WALLOPS :\$F
	say a QUIT :\$F
	until b :anna!\\S+ QUIT :Quit: \$F
	END
    grep -qF "OPER $f" "$IRC_LOG"
    grep -qF "left: Quit: $f" "$IRC_LOG"
    stands
}

@test "no byte in a text makes a line of its own" {
    start_ircd < <(oper_conf)
    talk <<-'END'
	irc a $IRC anna
	irc b $IRC bert
	say a JOIN #x
	sync a
	say b JOIN #x
	until a :bert!\S+ JOIN #x
	sync b
	send a PRIVMSG bert :one\r:forged!x@y PRIVMSG bert :two\r\n
	hear b :anna!\S+ PRIVMSG bert :one
	send a PRIVMSG bert :one\0:forged!x@y PRIVMSG bert :two\r\n
	hear b :anna!\S+ PRIVMSG bert :one
	send a :forged!x@y PRIVMSG bert :three\r\n
	hear b :anna!\S+ PRIVMSG bert :three
	send a PRIVMSG bert\r\r\r\n
	send a NOTICE bert :\x85\xe2\x80\xa8\x0b\x0c\x1e:forged PRIVMSG bert :x\r\n
	hear b :anna!\S+ NOTICE bert :\x85\xe2\x80\xa8\x0b\x0c\x1e:forged PRIVMSG bert :x
	send a TOPIC #x :\x01\x02\x03\rQUIT\r\n
	hear b :anna!\S+ TOPIC #x :\x01\x02\x03
	send a MODE #x +k :a\rb\r\n
	hear b :anna!\S+ MODE #x \+k a
	send a QUIT :x\ny PRIVMSG bert z\r\n
	hear b :anna!\S+ QUIT :Quit: x
	still b
	END
    stands
}

@test "user names, real names and hosts put nothing into anybody's line" {
    hash=$(irc_hash secret)
    start_ircd < <(
        oper_conf
        echo "webirc \"gate\" { password \"$hash\"; from 127.0.0.1 }"
    )
    {
        echo 'irc b $IRC bert'
        n=0
        for bad in 'a!b@c' 'a b' ':a' '\x01\x02' '\xff\xfe' '@' '*' 'a\rb' 'a,b'; do
            n=$((n + 1))
            echo "open a $IRC"
            echo "send a WEBIRC secret gate $bad 192.0.2.$n\\r\\n"
            echo "send a NICK nick$n\\r\\nUSER $bad 0 * :$bad\\r\\n"
            echo "send a USER x 0 * :x\\r\\n"
            echo "say b WHOIS nick$n"
            echo 'until b :\S+ 318 .*'
            echo 'close a'
        done
        echo 'sync b'
    } >script
    talk <script
    stands
}

# The sort of line that has ended an IRC server before: lengths, lists,
# missing parameters, twice the same, what is not there any more.
killers() {
    cat <<-'END'
	HELP
	HELP \x01
	HELP {400}
	LINKS * * *
	LINKS {500}
	CAP REQ :
	CAP REQ : 
	CAP REQ :-
	CAP REQ :~=-
	CAP REQ :a{500}
	CAP LS
	CAP LS 99999999999999999999
	CAP END
	CAP
	CAP :
	AUTHENTICATE
	AUTHENTICATE *
	STARTTLS
	AB;id
	PONG
	PONG :
	PONG \xff
	PING :
	PING x{600}
	MONITOR + a,b,c
	MONITOR - *
	NJOIN #x :a
	SERVER x 1 1 :x
	NICK
	NICK :
	NICK a a a a a a a a
	NICK ::a
	USER
	USER a
	USER :
	JOIN
	JOIN :
	JOIN ,
	JOIN ,,,,,,,,,,
	JOIN 0,0,0,#x,0
	JOIN #x,#x,#x,#x
	JOIN #x , , ,
	JOIN #x :
	PART ,
	PART #x,#x,#x
	JOIN #x
	MODE
	MODE :
	MODE #x :
	MODE #x +
	MODE #x -
	MODE #x +k
	MODE #x +k :
	MODE #x +k :a b
	MODE #x +k k{500}
	MODE #x -k
	MODE #x -k *
	MODE #x +l
	MODE #x +l -1
	MODE #x +l 0
	MODE #x +l 99999999999999999999
	MODE #x +l :
	MODE #x +b :
	MODE #x -b
	MODE #x -b nothing
	MODE #x +o :
	MODE #x +o nobody
	MODE #x -ooooooo anna anna anna anna anna anna anna
	MODE #x +bbb-bbb a a a a a a
	MODE anna :
	MODE anna +
	MODE anna +oooo
	KICK #x
	KICK #x ,
	KICK #x anna,anna,anna,anna
	KICK #none anna
	KICK #x nobody :x
	KICK ,,, ,,,
	JOIN #x
	TOPIC #x
	TOPIC #x :
	TOPIC #x :t{600}
	TOPIC #x :\x03\x02\xff
	INVITE
	INVITE anna
	INVITE anna #x
	INVITE nobody #x
	INVITE anna #none
	INVITE anna :
	PRIVMSG
	PRIVMSG anna
	PRIVMSG anna :
	PRIVMSG , :x
	PRIVMSG ,,,anna,,, :x
	PRIVMSG @ :x
	PRIVMSG @+@#x :x
	PRIVMSG $ :x
	PRIVMSG $* :x
	PRIVMSG #* :x
	PRIVMSG anna%anna@anna :x
	PRIVMSG anna!a@b :x
	NOTICE anna :\x01\x01
	NOTICE anna :\x01DCC SEND x 0 0 0\x01
	WHO
	WHO :
	WHO 0
	WHO * o o o
	WHO #x,#x
	WHO {500}
	WHOIS
	WHOIS :
	WHOIS ,
	WHOIS anna anna anna
	WHOIS irc.test.example anna
	WHOIS *,?,anna
	WHOWAS
	WHOWAS anna -1
	WHOWAS anna 99999999999999999999
	WHOWAS , 1
	WHOWAS *
	USERHOST ,
	USERHOST : : : : : : : :
	ISON :
	ISON : : : : : : : :
	LIST :
	LIST ,
	LIST >,<,>99999999999999999999,<-1
	LIST C>x,T<
	NAMES :
	NAMES ,
	STATS
	STATS :
	STATS *
	STATS \xff
	STATS kkkkkkkk
	TRACE
	TRACE :
	TRACE anna
	TRACE nobody
	SQUERY
	SQUERY x
	KILL
	KILL anna
	OPER
	OPER x
	OPER : :
	OPER {400} {400}
	WALLOPS
	WALLOPS :
	SUMMON
	USERS
	KNOCK
	KNOCK #x
	KNOCK #none
	AWAY :
	AWAY :a{600}
	AWAY
	SQUIT
	SQUIT irc.test.example
	CONNECT irc.test.example 99999 x
	ERROR
	ERROR :x
	WEBIRC
	WEBIRC a b c d
	PASS
	SERVICE a b c d e f
	@ PING x
	@a
	@a=b :c PING x
	@{4095} PING x
	: PING x
	:a!b@c
	:a!b@c PRIVMSG anna :x
	: 
	 PING x
	\x01PING x\x01
	\xef\xbb\xbfPING x
	PING\tx
	001 anna :welcome
	433
	999
	END
}

# X{600} in the list above is for the words of "send"; {400} alone, too.
killer_lines() { # NAME
    killers | sed "s/ {\([0-9]*\)}/ x{\1}/g; s/^/send $1 /; s/\$/\\\\r\\\\n/"
}

@test "lines that ended other servers: to a user, an operator, a stranger" {
    start_ircd < <(oper_conf)
    {
        echo 'irc p $IRC prober'
        echo 'irc a $IRC anna'
        killer_lines a
        echo 'sync a'
        echo 'irc o $IRC oper'
        echo 'say o OPER root secret'
        echo 'until o :\S+ 381 .*'
        killer_lines o
        echo 'sync o'
        echo 'open s $IRC'
        # what would end the conversation at once
        killer_lines s | grep -vE 'WEBIRC [^ ]'
        echo 'never s (?!)'
        echo 'sync p'
    } >script
    talk 20 <script
    stands
}

@test "anything at all: thousands of lines, and those who chat beside are served" {
    start_ircd class="sendq 64K" < <(oper_conf)
    start monkey perl "$ROOT/tests/tools/irc_monkey.pl" \
        -n "$(scaled 8000 3000)" "$IRC" root secret </dev/null
    until is_gone "$PID"; do
        talk 5 <<-'END'
	irc a $IRC anna 127.0.0.7
	say a JOIN #mine
	sync a
	END
    done
    cat monkey.log
    grep -q '^said' monkey.log
    stands
}

# ---- other protocols ---------------------------------------------------------

@test "HTTP, TLS, SSH and others at the plain port: closed, nothing relayed" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	say a JOIN #x
	sync a
	open h $IRC
	send h POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nNICK evil\r\nUSER e 0 * :e\r\nJOIN #x\r\nPRIVMSG #x :bought\r\n
	over h
	open g $IRC
	drip g GET /x HTTP/1.0\r\n\r\nNICK evil2\r\nUSER e 0 * :e\r\nPRIVMSG anna :x\r\n
	over g
	open t $IRC
	send t \x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03
	over t
	open u $IRC
	drip u \x16\x03\x01\x00\x05\n\n\n\nNICK evil3\r\nUSER e 0 * :e\r\n
	close u
	open s $IRC
	send s SSH-2.0-OpenSSH_9.2\r\nEHLO x\r\nMAIL FROM:<x>\r\nUSER x\r\nRETR 1\r\n
	until s :\S+ 451 .*
	close s
	open p $IRC
	send p PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nNICK prox\r\nUSER p 0 * :p\r\n
	until p :\S+ 422 prox .*
	say p USERHOST prox
	until p :\S+ 302 prox :?prox=\+.?p@127\.0\.0\.1 ?
	say p QUIT
	open r $IRC
	send r \xff\xfb\x1f\xff\xfd\x18*1\r\n$4\r\nPING\r\n
	close r
	still a
	END
    sleeps "$(server_pid)"
    stands
}

# ---- sockets -----------------------------------------------------------------

@test "urgent data, half-closed and unfinished ones: no spin, nothing held" {
    start_ircd <<<'registration 4 seconds'
    fds=$(fds_of "$(server_pid)")
    start odd perl "$ROOT/tests/tools/vsapline" 20 <<-'END'
	irc a $IRC anna
	urgent a !
	say a PING after
	urgent a !
	until a :\S+ PONG \S+ :after
	urgent a !
	open b $IRC
	urgent b !
	open c $IRC
	fin c
	over c
	open d $IRC
	send d NICK half
	fin d
	over d
	open e $IRC
	send e NICK e\r\nUSER e 0 * :e\r\nPRIVMSG e :unfinished
	fin e
	until e ERROR .*
	run echo ready
	wait [ -e over ]
	END
    wait_log odd.log '^ready'
    sleeps "$(server_pid)"
    : >over
    wait "$PID"
    wait_for 10 fds_are "$fds"
    stands
}

fds_are() { # N
    [ "$(fds_of "$(server_pid)")" -le "$1" ]
}

@test "a thousand connections that are reset at once leave nothing" {
    start_ircd
    fds=$(fds_of "$(server_pid)")
    perl -MIO::Socket::IP -MSocket -e '
        for my $n (1 .. 1000) {
            my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0]) or die;
            syswrite $s, ("", "NICK x", "NICK x$n\r\nUSER x 0 * :x\r\n",
                "QUIT\r\n")[$n % 4];
            setsockopt $s, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0);
            close $s;
        }' "$IRC"
    wait_for 10 fds_are "$fds"
    talk <<-'END'
	irc a $IRC anna
	say a LUSERS
	until a :\S+ 251 anna :There are 1 users and .*
	never a :\S+ 253 .*
	END
    stands
}

@test "bytes that drip do not put off the time to register" {
    start_ircd <<<'registration 2 seconds'
    start drip perl -MIO::Socket::IP -e '
        $| = 1;
        $SIG{PIPE} = "IGNORE";
        my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0]) or die;
        my $began = time;
        $s->blocking(0);
        while (time - $began < 20) {
            last if !defined syswrite $s, "x";
            last if defined sysread $s, my $in, 1000;
            select undef, undef, undef, 0.05;
        }
        print "closed after ", time - $began, "\n";
    ' "$IRC" </dev/null
    after=$(wait_log drip.log '^closed' 20)
    [ "${after#closed after }" -le 4 ]
    stands
}

@test "a nickname changed twenty thousand times: memory stays, WHOWAS answers" {
    start_ircd
    perl -MIO::Socket::IP -e '
        my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0]) or die;
        print $s "NICK n0\r\nUSER n 0 * :n\r\n";
        for my $n (1 .. 20) {
            print $s "NICK n" . ($n * 1000 + $_) . "\r\n" for 1 .. 1000;
            print $s "PING $n\r\n";
            $s->flush;
            while (<$s>) { last if / PONG \S+ :$n\r/ }
        }' "$IRC"
    talk_promptly <<-'END'
	irc a $IRC anna
	say a WHOWAS n20999
	until a :\S+ 314 anna n20999 .*
	until a :\S+ 369 .*
	say a WHOWAS n1001
	until a :\S+ 406 .*
	END
    memory_below 20480
    stands
}

@test "channels and bans as many as one can make: bounded, and gone with him" {
    start_ircd
    {
        echo 'irc a $IRC anna'
        for c in 1 2 3 4 5 6 7 8 9 10 11; do
            echo "say a JOIN #$c"
            for n in $(seq 35); do
                echo "say a MODE #$c +bbb $n.a!*@* $n.b!*@* $n.c!*@*"
            done
            echo "say a TOPIC #$c :t{400}"
            echo "say a MODE #$c +k k{60}"
            echo 'sync a'
        done
        echo 'say a MODE #10 b'
        echo 'until a :\S+ 368 .*'
        echo 'close a'
        echo 'irc b $IRC bert'
        echo 'say b LIST'
        echo 'until b :\S+ 321 .*'
        echo 'hear b :\S+ 323 .*'
    } >script
    talk <script
    memory_below 10240
    stands
}
