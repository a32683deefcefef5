# RFC 1459, section 8, item by item ("Current implementations").

load lib/common
load lib/irc

# ---- 8.1 network -----------------------------------------------------------

@test "8.1: TCP over IPv4 and IPv6, and a UNIX socket whose file is the host" {
    start_ircd <<-END
	listen on ::1 port 0
	END
    local six
    six=$(listening_on "$IRC_LOG" 3)
    [[ $six == "[::1]:"* ]]
    export six
    talk <<-'END'
	irc a $IRC anna
	irc b $six bert
	irc c $IRC_UNIX carl
	say c WHOIS anna,bert,carl
	until c :\S+ 311 carl anna anna 127\.0\.0\.1 \* :Real anna
	until c :\S+ 311 carl bert bert 0::1 \* :Real bert
	until c :\S+ 311 carl carl carl $IRC_UNIX \* :Real carl
	say a PRIVMSG carl :hello
	until c :anna!anna@127\.0\.0\.1 PRIVMSG carl :hello
	say c PRIVMSG anna :hello
	until a :carl!carl@$IRC_UNIX PRIVMSG anna :hello
	END
}

# ---- 8.2 command parsing ---------------------------------------------------

@test "8.2: several commands in one read are all carried out, in order" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	send a PING 1\r\nPING 2\nPING 3\r\n\r\n\n  \r\nPING 4\r\n
	hear a :\S+ PONG \S+ :1
	hear a :\S+ PONG \S+ :2
	hear a :\S+ PONG \S+ :3
	hear a :\S+ PONG \S+ :4
	still a
	END
}

@test "8.2: commands that come byte by byte" {
    start_ircd
    talk <<-'END'
	open a $IRC
	drip a NICK anna\r\nUSER anna 0 * :An Na\r\nJOIN #x\r\n
	until a :anna!anna@127\.0\.0\.1 JOIN #x
	drip a @tag=1 :anna PRIVMSG  anna   :a  b\r\n
	until a :anna!anna@127\.0\.0\.1 PRIVMSG anna :a  b
	END
}

@test "8.2: one who is removed by a command in his buffer says nothing of the rest" {
    start_ircd <<-END
	operator "root" { password "$(irc_hash secret)"; may all }
	END
    talk <<-'END'
	irc b $IRC bert
	irc a $IRC anna
	say b JOIN #x
	sync b
	send a JOIN #x\r\nQUIT :enough\r\nPRIVMSG #x :after\r\nPRIVMSG bert :after\r\n
	hear b :anna!\S+ JOIN #x
	hear b :anna!\S+ QUIT :Quit: enough
	still b
	until a ERROR :.*enough.*
	eof a
	irc c $IRC carl
	say c OPER root secret
	until c :\S+ 381 carl .*
	send c JOIN #x\r\nKILL carl :myself\r\nPRIVMSG #x :after\r\n
	hear b :carl!\S+ JOIN #x
	hear b :carl!\S+ QUIT :Killed .*myself.*
	still b
	until c ERROR :.*
	eof c
	END
}

@test "8.2: a line over 512 bytes is cut, 417 says so, the next one counts" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	say a PRIVMSG anna :x{600}
	hear a :anna!\S+ PRIVMSG anna :x+
	hear a :\S+ 417 anna :Input line was too long
	send a PRIVMSG anna :y{100000}
	say a z
	hear a :anna!\S+ PRIVMSG anna :y+
	hear a :\S+ 417 anna :Input line was too long
	still a
	send a x{510}\r\nPING ok\r\n
	hear a :\S+ 421 anna \S+ :Unknown command
	hear a :\S+ PONG \S+ :ok
	send a @t=x{4000} PRIVMSG anna :tagged\r\n
	hear a :anna!\S+ PRIVMSG anna :tagged
	send a @t=x{9000} PRIVMSG anna :tagged\r\n
	hear a :\S+ 417 anna :.*
	still a
	END
}

@test "8.2: NUL ends a line; what follows it up to the LF is dropped" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	send a PING one\0two\r\nPING three\r\n\0\0\0\r\nPING four\r\n
	hear a :\S+ PONG \S+ :one
	hear a :\S+ PONG \S+ :three
	hear a :\S+ PONG \S+ :four
	still a
	END
}

# ---- 8.3 message delivery --------------------------------------------------

@test "8.3: one who does not read is closed at the class's sendq; others are not kept waiting" {
    start_ircd class="sendq 64K; "
    {
        echo 'irc slow $IRC_UNIX slow'
        echo 'irc a $IRC anna'
        echo 'irc b $IRC bert'
        echo 'say slow JOIN #x'
        echo 'say a JOIN #x'
        echo 'say b JOIN #x'
        echo 'until a :bert!\S+ JOIN #x'
        echo 'sync slow'
        # more than a UNIX socket's buffer and the queue
        for i in $(seq 1500); do echo 'say a PRIVMSG #x :w{400}'; done
        echo 'until b :slow!\S+ QUIT :SendQ exceeded'
        echo 'say b PRIVMSG anna :still here'
        echo 'until a :bert!\S+ PRIVMSG anna :still here'
    } >script
    talk 20 <script
    irc_alive
}

# ---- 8.4 liveness ----------------------------------------------------------

@test "8.4: PING after silence; no answer ends the connection, an answer does not" {
    start_ircd class="ping 1 second"
    talk <<-'END'
	irc a $IRC anna
	irc b $IRC bert
	say a JOIN #x
	sync a
	say b JOIN #x
	sync b
	until a :bert!\S+ JOIN #x
	until a PING :irc\.test\.example
	say a PONG irc.test.example
	until b PING :irc\.test\.example
	until a :bert!\S+ QUIT :Ping timeout: 1 seconds
	until b ERROR :Closing Link: bert\[127\.0\.0\.1\] \(Ping timeout: 1 seconds\)
	eof b
	END
}

@test "8.4: one who does not register has a time of his own" {
    start_ircd <<-END
	registration 1 second
	END
    talk <<-'END'
	irc b $IRC bert
	open a $IRC
	say a NICK anna
	until a ERROR :Closing Link: anna\[127\.0\.0\.1\] \(Connection timed out\)
	eof a
	sync b
	END
}

# ---- 8.5 establishing a connection -----------------------------------------

@test "8.5: 001 to 005, LUSERS and the MOTD, in order" {
    printf 'first line\nsecond line\n' >motd
    start_ircd server="motd \"$PWD/motd\""
    run vsap_lines "$IRC" 'NICK anna' 'USER anna 0 * :Anna'
    assert_line -n 0 ':irc.test.example 001 anna :Welcome to the TestNet Network, anna!anna@127.0.0.1'
    assert_line -n 1 --regexp '^:irc.test.example 002 anna :Your host is irc.test.example, running version ircd-lite-[0-9.]+$'
    assert_line -n 2 --regexp '^:irc.test.example 003 anna :This server was created .+$'
    assert_line -n 3 --regexp '^:irc.test.example 004 anna irc.test.example ircd-lite-[0-9.]+ [A-Za-z]+ [A-Za-z]+ [A-Za-z]+$'
    numbers=$(printf '%s\n' "${lines[@]}" | awk '/^:irc/ { print $2 }' | uniq | xargs)
    assert_equal "$numbers" '001 002 003 004 005 251 255 265 266 375 372 376'
    assert_line ':irc.test.example 372 anna :- first line'
    assert_line ':irc.test.example 372 anna :- second line'
}

# ---- 8.7 -------------------------------------------------------------------

@test "8.7: exactly one QUIT to each who shares a channel, none to others" {
    start_ircd
    talk <<-'END'
	irc a $IRC anna
	irc b $IRC bert
	irc c $IRC carl
	say a JOIN #x,#y,#z
	say b JOIN #x,#y,#z
	say c JOIN #other
	sync a
	sync b
	sync c
	say a QUIT :gone
	until b :anna!\S+ QUIT :Quit: gone
	still b
	still c
	END
}

# ---- 8.9 nickname history --------------------------------------------------

@test "8.9: KILL, KICK and MODE +o/-o find one who has just changed his name; PRIVMSG and WHOIS do not" {
    start_ircd <<-END
	operator "root" { password "$(irc_hash secret)"; may all }
	END
    talk <<-'END'
	irc a $IRC anna
	say a OPER root secret
	until a :\S+ 381 anna .*
	say a JOIN #x
	sync a
	irc b $IRC bert
	say b JOIN #x
	say b NICK newbert
	until a :bert!\S+ NICK :newbert
	say a MODE #x +o bert
	until b :anna!\S+ MODE #x \+o newbert
	say a PRIVMSG bert :you?
	until a :\S+ 401 anna bert :.*
	say a WHOIS bert
	until a :\S+ 401 anna bert :.*
	until a :\S+ 318 anna bert :.*
	say a WHOWAS bert
	until a :\S+ 314 anna bert bert 127\.0\.0\.1 \* :Real bert
	until a :\S+ 369 anna bert :.*
	say a KICK #x bert :out
	until b :anna!\S+ KICK #x newbert :out
	say b NICK thirdbert
	until b :newbert!\S+ NICK :thirdbert
	say a KILL newbert :bye
	until b ERROR :.*
	over b
	END
}

@test "8.9: a name taken by another is his: nobody is chased past him" {
    start_ircd <<-END
	operator "root" { password "$(irc_hash secret)"; may all }
	END
    talk <<-'END'
	irc a $IRC anna
	say a OPER root secret
	until a :\S+ 381 anna .*
	irc b $IRC bert
	say b NICK innocent
	until b :bert!\S+ NICK :innocent
	irc c $IRC bert
	say a KILL bert :the name's owner
	until c ERROR :.*
	over c
	sync b
	END
}

# ---- 8.10 flood control ----------------------------------------------------

@test "8.10: messages come at their pace, none is lost, nobody is closed" {
    start_ircd flood="20 ms window 100 ms" class="ping 1 second"
    {
        echo 'irc b $IRC bert'
        echo 'say b JOIN #x'
        echo 'sync b'
        echo 'irc a $IRC anna'
        echo 'say a JOIN #x'
        echo 'until b :anna!\S+ JOIN #x'
        printf 'send a '
        for i in $(seq 200); do printf 'PRIVMSG #x :line %s\\r\\n' "$i"; done
        printf 'PONG x\\r\\n\n'
        for i in $(seq 200); do echo "until b :anna!\S+ PRIVMSG #x :line $i"; done
        echo 'sync a'
    } >script
    start=$(date +%s%N)
    talk 30 <script
    # 200 times 20 ms, but for the window
    [ $((($(date +%s%N) - start) / 1000000)) -ge 3800 ]
}

@test "8.10: RFC 1459's figures: five lines at once, then one in two seconds" {
    start_ircd flood="2 seconds window 10 seconds"
    talk <<-'END'
	irc a $IRC anna
	send a PING 1\r\nPING 2\r\nPING 3\r\nPING 4\r\nPING 5\r\nPING 6\r\nPING 7\r\n
	until a :\S+ PONG \S+ :4
	quiet a
	until a :\S+ PONG \S+ :5
	quiet a
	END
}

@test "8.10: a throttled client's departure is noticed" {
    start_ircd flood="1 second window 3 seconds"
    talk <<-'END'
	irc b $IRC bert
	say b JOIN #x
	irc a $IRC anna
	say a JOIN #x
	until b :anna!\S+ JOIN #x
	send a PING{1} 1\r\nPING 2\r\nPING 3\r\nPING 4\r\nPING 5\r\nPING 6\r\nPING 7\r\nPING 8\r\nPING 9\r\nPING 10\r\nPING 11\r\nPING 12\r\nPING 13\r\n
	until a :\S+ PONG \S+ :1
	close a
	until b :anna!\S+ QUIT :.*
	END
}

@test "8.10: half a connection that was shut still gets its lines through" {
    start_ircd flood="50 ms window 100 ms"
    {
        echo 'irc b $IRC bert'
        echo 'irc a $IRC anna'
        printf 'send a '
        for i in $(seq 20); do printf 'PRIVMSG bert :line %s\\r\\n' "$i"; done
        echo
        echo 'fin a'
        for i in $(seq 20); do echo "hear b :anna!\S+ PRIVMSG bert :line $i"; done
        echo 'until a ERROR :.*'
        echo 'eof a'
    } >script
    talk <script
}

# ---- 8.12, 8.13 ------------------------------------------------------------

@test "8.13: ten channels a user, and as many as the class says" {
    start_ircd <<-END
	class "many" { channels 12; flood none; per host unlimited }
	allow from "bert@*" class "many"
	allow from "*"
	END
    talk <<-'END'
	irc a $IRC anna
	say a JOIN #1,#2,#3,#4,#5,#6,#7,#8,#9,&10,#11
	until a :\S+ 366 anna &10 :.*
	until a :\S+ 405 anna #11 :You have joined too many channels
	say a JOIN 0
	until a :anna!\S+ PART #1
	until a :anna!\S+ PART &10
	say a JOIN #11
	until a :anna!\S+ JOIN #11
	irc b $IRC bert
	say b JOIN #1,#2,#3,#4,#5,#6,#7,#8,#9,#10,#11,#12,#13
	until b :\S+ 366 bert #12 :.*
	until b :\S+ 405 bert #13 :.*
	END
}
