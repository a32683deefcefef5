#!/usr/bin/env bats
# ircd-lite's bad days: crowds, floods, peers that do not read, that stop,
# that vanish; full disks; processes that die.  What others notice of it, and
# what it costs in memory and time.

load lib/common
load lib/irc
load lib/load

export BATS_TEST_TIMEOUT=150

# A crowd (tests/tools/irc_crowd.c) as NAME, to which tell_crowd speaks.
declare -gA CROWD_IN
crowd() { # NAME irc_crowd's arguments
    local name=$1 fd

    shift
    mkfifo "$name.in"
    # shellcheck disable=SC2094 # the program has its own end
    start "$name" irc_crowd -p "$name" "$@" "$IRC" <>"$name.in"
    exec {fd}>"$name.in"
    CROWD_IN[$name]=$fd
    wait_log "$name.log" '^[0-9]+ here' 60
}

tell_crowd() { # NAME COMMAND
    echo "$2" >&"${CROWD_IN[$1]}"
}

# NAME says COMMAND; a new line of its log is like PATTERN.
crowd_says() { # NAME COMMAND PATTERN [SECONDS]
    local n

    n=$(log_count "$1.log" "$3")
    tell_crowd "$1" "$2"
    wait_for "${4:-30}" log_has "$1.log" "$3" $((n + 1)) || {
        echo "crowd $1: $2: no $3"
        tail -n 5 "$1.log"
        return 1
    }
}

# A PING of the crowd of one is answered within a second.
prompt() { # [CROWD]
    local ms

    crowd_says "${1:-probe}" tell '^slowest'
    ms=$(sed -n 's/^slowest \([0-9]*\) ms/\1/p' "${1:-probe}.log" | tail -n 1)
    echo "a PING took $ms ms"
    [ "$ms" -le 1000 ]
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
memory_below() { # KIB LIMIT
    [ "${VSAP_TEST_ASAN:-0}" = 1 ] || [ "$1" -lt "$2" ]
}

# N of them, or fewer where descriptors are few.
at_most() { # N
    local most=$(($(ulimit -Hn) / 2 - 100))

    echo $(($1 < most ? $1 : most))
}

# ---- floods ------------------------------------------------------------------

@test "flooders wait in the kernel, others chat, and the server sleeps" {
    start_ircd flood="2 seconds window 10 seconds"
    crowd probe -n 1
    for n in 1 2 3; do
        # PONG too, which costs little, and what is no message at all
        start "flood$n" perl -e '
            use IO::Socket::IP;
            my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0]) or die;
            print $s "NICK flood$ARGV[1]\r\nUSER f 0 * :f\r\n";
            my $bytes = ("PRIVMSG probe0 :flood\r\n", "PONG x\r\n",
                "\r\n")[$ARGV[1] - 1] x 4000;
            $s->blocking(0);
            $| = 1;
            my ($last, $sum) = (time, 0);
            while (time - $last < 2) {
                my $n = syswrite $s, $bytes;
                $sum += $n, $last = time if $n;
                select undef, undef, undef, 0.01 if !$n;
            }
            print "stuck after $sum bytes\n";
            sleep 100;
        ' "$IRC" "$n" </dev/null
    done
    prompt
    # One after the other is full, and costs nothing then.
    wait_log flood1.log '^stuck' 20
    wait_log flood2.log '^stuck' 40
    wait_log flood3.log '^stuck' 40
    sleeps "$(server_pid)"
    prompt
}

@test "bytes without end of line: no spin, no growth, the next line counts" {
    start_ircd
    crowd probe -n 1
    start endless perl -e '
        use IO::Socket::IP;
        my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0]) or die;
        print $s "x" x 65536 for 1 .. 320;
        $s->flush;
        print "sent\n"; $| = 1; print "";
        print $s "\r\nPING after\r\n";
        $s->flush;
        while (<$s>) { print }
    ' "$IRC" </dev/null
    wait_log endless.log 'PONG irc\.test\.example :after' 30
    # "sent", 451, 417, PONG
    assert_equal "$(log_count endless.log '.')" 4
    sleeps "$(server_pid)"
    memory_below "$(memory_of "$(server_pid)")" 16384
    prompt
}

# ---- crowds ------------------------------------------------------------------

@test "a crowd that never registers: a newcomer gets in, in time they all go" {
    n=$(at_most "$(scaled 10000 2000)")
    start_ircd <<-END
	registration 5 seconds
	connections 16000
	END
    crowd silent -u -n "$n"
    assert_equal "$(tail -n 1 silent.log)" "$n here"
    crowd probe -n 1
    prompt
    tell_crowd silent wait
    wait_log silent.log '^none here' 40
    assert_equal "$(grep -c '^gone' silent.log)" 1
    grep -qxF "gone $n (Connection timed out)" silent.log
    prompt
    sleeps "$(server_pid)"
}

@test "the server is full of such: a newcomer is told, then gets in" {
    start_ircd <<-END
	registration 3 seconds
	connections 50
	END
    crowd silent -u -n 50
    crowd late -n 1
    grep -qF 'gone 1 :Closing Link: the server is full' late.log
    tell_crowd silent wait
    wait_log silent.log '^none here' 20
    crowd later -n 1
    assert_equal "$(cat later.log)" '1 here'
}

@test "thousands leave at once: each who stays sees each QUIT once" {
    n=$(at_most "$(scaled 3000 600)")
    start_ircd
    crowd big -n "$n" -j '#big'
    assert_equal "$(cat big.log)" "$n here"
    crowd probe -n 1 -j '#small'
    tell_crowd big "leave $((n * 9 / 10))"
    prompt
    crowd_says big tell '^slowest' 60
    grep -qx "told $((n - n * 9 / 10)) clients, $((n * 9 / 10)) quits each" \
        big.log
}

@test "thousands are reset at once: the same" {
    n=$(at_most "$(scaled 2000 600)")
    start_ircd
    crowd big -n "$n" -j '#big'
    tell_crowd big "drop $((n * 9 / 10))"
    crowd_says big tell '^slowest' 60
    grep -qx "told $((n - n * 9 / 10)) clients, $((n * 9 / 10)) quits each" \
        big.log
    irc_alive
}

@test "all come and leave, again and again: the memory stays as it was" {
    start_ircd
    used=()
    for n in 1 2 3 4 5 6 7 8 9 10; do
        crowd "round$n" -n 300 -j '#a,#b,#c'
        tell_crowd "round$n" 'leave 300'
        tell_crowd "round$n" wait
        wait_log "round$n.log" '^none here'
        talk <<-'END'
	irc a $IRC anna
	say a LIST
	until a :\S+ 321 .*
	hear a :\S+ 323 .*
	END
        used+=("$(memory_of "$(server_pid)")")
    done
    echo "${used[*]} KiB"
    memory_below "${used[9]}" $((used[4] * 3 / 2))
}

# ---- who does not read -------------------------------------------------------

# Clients in #x that stop reading once they are there, by SIGSTOP.
stopped_crowd() { # N
    crowd deaf -n "$1" -j '#x'
    DEAF=$PID
    kill -STOP "$DEAF"
}

@test "twenty who do not read: the memory is bounded, others hear everything" {
    start_ircd class="sendq 1M"
    stopped_crowd 20
    {
        echo 'irc a $IRC anna'
        echo 'irc b $IRC bert'
        echo 'say a JOIN #x'
        echo 'sync a'
        echo 'say b JOIN #x'
        echo 'until a :bert!\S+ JOIN #x'
        for i in $(seq 150); do
            printf 'send a '
            for k in $(seq 100); do
                printf 'PRIVMSG #x :%s w{400}\\r\\n' "$i.$k"
            done
            echo
            echo "until b :anna!\S+ PRIVMSG #x :$i\\.100 w+"
        done
    } >script
    start talkers perl "$ROOT/tests/tools/vsapline" 60 <script
    highest=0
    until is_gone "$PID"; do
        now=$(memory_of "$(server_pid)")
        highest=$((now > highest ? now : highest))
        read -rt 0.05 <> <(:) || :
    done
    wait "$PID"
    echo "at most $highest KiB"
    # the queues share what was said, so 20 MiB are not even reached
    memory_below "$highest" $((20 * 1024 + 8192))
    kill -CONT "$DEAF"
    tell_crowd deaf wait
    wait_log deaf.log '^none here'
    grep -qE '^gone 20 (the end|Connection reset|.SendQ exceeded.)' deaf.log
    prompt_new
}

prompt_new() {
    crowd probe -n 1
    prompt
}

@test "a stopped client: PING finds it out, others see one QUIT" {
    start_ircd class="ping 1 second"
    stopped_crowd 2
    talk <<-'END'
	irc a $IRC anna
	say a JOIN #x
	until a :deaf[01]!\S+ QUIT :Ping timeout: 1 seconds
	until a :deaf[01]!\S+ QUIT :Ping timeout: 1 seconds
	never a :deaf.*
	END
    kill -CONT "$DEAF"
}

@test "long replies to one who does not read: others are served, no polling" {
    start_ircd
    crowd many -n 800 -j '#x'
    # more than a socket's buffer, less than the queue
    start reader perl -e '
        use IO::Socket::IP;
        my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0]) or die;
        setsockopt $s, SOL_SOCKET, SO_RCVBUF, 4096;
        print $s "NICK reader\r\nUSER r 0 * :r\r\n";
        while (<$s>) { last if / 422 / }
        print $s "WHO *\r\nNAMES #x\r\nLIST\r\n" x 40;
        $s->flush;
        $| = 1;
        print "asked\n";
        <STDIN>;
        my %n;
        while (<$s>) {
            $n{(split)[1]}++;
            # each has its end, or was refused
            last if $n{315} + $n{323} + $n{366} + $n{263} == 120;
        }
        print "$_ $n{$_}\n" for sort keys %n;
        print "done\n";
    ' "$IRC" < <(wait_for 60 test -e go)
    wait_log reader.log '^asked'
    prompt_new
    sleeps "$(server_pid)"
    touch go
    wait_log reader.log '^done' 60
    # What there was no room for was refused by 263; the rest is whole.
    cat reader.log
    who=$(sed -n 's/^315 //p' reader.log)
    lines=$(sed -n 's/^352 //p' reader.log)
    [ "$who" -gt 0 ] && [ $((lines % who)) = 0 ]
}

@test "one who closes his side only and never reads: gone in some seconds" {
    start_ircd class="sendq 4M"
    crowd many -n 300 -j '#x'
    start reader perl -e '
        use IO::Socket::IP;
        my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0]) or die;
        print $s "NICK reader\r\nUSER r 0 * :r\r\nJOIN #x\r\n";
        print $s "NAMES #x\r\n" x 200;
        shutdown $s, 1;
        sleep 100;
    ' "$IRC" </dev/null
    wait_for 20 is_nobody reader
    sleeps "$(server_pid)"
}

# WHOIS does not know the nickname (any more).
is_nobody() { # NICK
    vsap_lines "$IRC" 'NICK seeker' 'USER s 0 * :s' "WHOIS $1" >whois.out
    grep -q " 401 seeker $1 " whois.out
}

@test "who was told to go and stays: not for long, and no spin meanwhile" {
    start_ircd
    start stayer perl -e '
        use IO::Socket::IP;
        my $s = IO::Socket::IP->new(PeerAddr => $ARGV[0]) or die;
        print $s "NICK stayer\r\nUSER r 0 * :r\r\nQUIT\r\n";
        $s->flush;
        $| = 1;
        1 while <$s>;
        print "ended\n";
        $SIG{PIPE} = "IGNORE";
        while (defined syswrite $s, "PRIVMSG stayer :x\r\n" x 10) {}
        print "refused\n";
        sleep 100;
    ' "$IRC" </dev/null
    wait_log stayer.log '^ended'
    crowd probe -n 1
    prompt
    # his writes fail once the server has closed
    wait_log stayer.log '^refused' 10
    sleeps "$(server_pid)"
}

# ---- an idle server ----------------------------------------------------------

@test "an idle server uses no time: clients, held, throttled, blocked ones" {
    start_ircd ident='{ timeout 60 seconds }' flood="60 seconds window 3 minutes" \
        <<<'registration 5 minutes'
    crowd many -n 20 -j '#x'
    crowd silent -u -n 20
    # Half a line; lines that wait behind one; a line that never ends; a
    # buffer full of lines, and more in the kernel.
    FLOOD=$(printf 'PRIVMSG d :flood\\r\\n%.0s' {1..1500})
    start others perl "$ROOT/tests/tools/vsapline" 60 <<-END
	open a $IRC
	send a NICK hal
	open b $IRC
	send b NICK b\r\nUSER b 0 * :b\r\nPING 1\r\nPING 2\r\nJOIN #x\r\n
	open c $IRC
	send c x{2000}
	irc d $IRC d
	send d $FLOOD
	run echo ready
	wait [ -e over ]
	END
    wait_log others.log '^ready' 20
    sleeps "$(server_pid)"
    : >over
    wait "$PID"
}

@test "registration held by a lookup: no time is used, lines wait" {
    [ "$(id -u)" = 0 ] || skip "port 113 is for root"
    start_ircd ident='{ timeout 5 seconds }'
    # An ident peer that takes the connection and says nothing.
    start identd perl -e '
        use IO::Socket::IP;
        my $l = IO::Socket::IP->new(LocalHost => "127.0.7.77",
            LocalPort => 113, Listen => 5, ReuseAddr => 1) or die "bind: $@";
        $| = 1;
        print "up\n";
        push @c, $l->accept while 1;
    ' </dev/null
    wait_log identd.log '^up'
    start held perl "$ROOT/tests/tools/vsapline" 20 <<-'END'
	open a $IRC 127.0.7.77
	send a NICK held\r\nUSER h 0 * :h\r\n
	send a PRIVMSG held :x{400}\r\nPRIVMSG held :y{400}\r\nPING end\r\n
	run echo sent
	until a :\S+ 001 held .*
	until a :held!\S+ PRIVMSG held :x+
	until a :held!\S+ PRIVMSG held :y+
	until a :\S+ PONG \S+ :end
	END
    wait_log held.log '^sent'
    sleeps "$(server_pid)"
    wait "$PID"
}

@test "descriptors run out with more at the door: it waits without a spin" {
    start_ircd
    crowd probe -n 1
    exhaust_fds "$(server_pid)" 3
    crowd silent -u -n 40
    wait_log "$IRC_LOG" 'no new connections for now: Too many open files'
    prompt
    sleeps "$(server_pid)"
    assert_equal "$(log_count "$IRC_LOG" 'no new connections')" 1
    limit_fds "$(server_pid)" 500
    crowd late -n 1
    prompt late
}

# ---- passwords ---------------------------------------------------------------

# A hash that takes its time.
dear_hash() { # PASSWORD
    perl -e 'print crypt($ARGV[0], "\$y\$j9T\$testsalt")' "$1"
}

@test "a hundred wrong passwords at once: others do not wait for a hash" {
    hash=$(dear_hash secret)
    start_ircd <<-END
	operator "root" { password "$hash"; may all }
	END
    crowd probe -n 1
    crowd guessers -n 100
    tell_crowd guessers 'say OPER root wrong'
    prompt
    prompt
    # Who asks behind them has his answer in his turn, or is told to wait.
    talk 60 <<-'END'
	irc a $IRC anna
	say a OPER root secret
	until a :\S+ (381|263) anna .*
	sync a
	END
    prompt
}

@test "a hundred PASSes at once: who needs none comes in meanwhile" {
    hash=$(dear_hash secret)
    start_ircd <<-END
	allow from "pass@*" password "$hash"
	allow
	END
    start guessers perl -e '
        use IO::Socket::IP;
        my @s = map { IO::Socket::IP->new(PeerAddr => $ARGV[0]) } 1 .. 100;
        my $n;
        for (@s) {
            print $_ "PASS wrong\r\nNICK n", $n++, "\r\nUSER pass 0 * :p\r\n";
            $_->flush;
        }
        $| = 1;
        print "asked\n";
        my ($no, $busy) = (0, 0);
        for my $s (@s) {
            while (<$s>) { $no++ if / 464 /; $busy++ if /busy/ }
        }
        print "all ", $no + $busy, "\n";
    ' "$IRC" </dev/null
    wait_log guessers.log '^asked'
    crowd probe -n 1
    prompt
    wait_log guessers.log '^all 100' 50
}

@test "the password helper dies in the midst: who waits is told, the next works" {
    hash=$(dear_hash secret)
    start_ircd <<-END
	operator "root" { password "$hash"; may all }
	END
    crowd guessers -n 30
    old=$(helper_pid)
    kill -STOP "$old"
    tell_crowd guessers 'say OPER root secret'
    crowd probe -n 1
    prompt
    kill -KILL "$old"
    # All are answered: a PING comes after what was held.
    crowd_says guessers tell '^slowest'
    wait_for 10 another "$old" helper_pid
    # From elsewhere: those may count as wrong tries.
    talk 30 <<-'END'
	irc a $IRC anna 127.0.0.9
	say a OPER root secret
	until a :\S+ 381 anna .*
	END
}

@test "the password helper stopped: others chat, who waits may leave" {
    start_ircd <<-END
	operator "root" { password "$(irc_hash secret)"; may all }
	END
    helper=$(helper_pid)
    kill -STOP "$helper"
    HELPER=$helper talk <<-'END'
	irc a $IRC anna
	irc b $IRC bert
	say b JOIN #x
	sync b
	say a JOIN #x
	until b :anna!\S+ JOIN #x
	send a OPER root secret\r\nPRIVMSG #x :later\r\n
	irc c $IRC carl
	say c JOIN #x
	send c OPER root secret\r\n
	rst c
	until b :carl!\S+ JOIN #x
	say b PRIVMSG #x :meanwhile
	until a :bert!\S+ PRIVMSG #x :meanwhile
	never b :anna.*
	run kill -CONT $HELPER
	until b :anna!\S+ PRIVMSG #x :later
	sync a
	END
    wait_for 10 is_nobody carl
}

# ---- files -------------------------------------------------------------------

# As if the disk were full, for a process of whatever user.
limit_file_size() { # PID BYTES
    local uid gid

    uid=$(awk '/^Uid:/ { print $2 }' "/proc/$1/status")
    gid=$(awk '/^Gid:/ { print $2 }' "/proc/$1/status")
    if [ "$uid" = "$(id -u)" ]; then
        prlimit --pid "$1" --fsize="$2:"
    else
        setpriv --reuid="$uid" --regid="$gid" --clear-groups \
            prlimit --pid "$1" --fsize="$2:"
    fi
}

@test "a full disk under the log: the server goes on, and says how much is lost" {
    : >irc.txt
    start_ircd < <(
        echo "log file \"$PWD/irc.txt\""
        echo "operator \"root\" { password \"$(irc_hash secret)\"; may all }"
    )
    server=$(server_pid)
    limit_file_size "$server" 1
    {
        echo 'irc a $IRC anna'
        for i in 1 2 3; do
            echo 'say a OPER root wrong'
            echo 'until a :\S+ (464|263) anna .*'
        done
        echo 'sync a'
    } >script
    talk <script
    assert_equal "$(server_pid)" "$server"
    limit_file_size "$server" unlimited
    talk <<-'END'
	irc b $IRC bert 127.0.0.9
	say b OPER root secret
	until b :\S+ 381 bert .*
	END
    wait_log irc.txt 'OPER root: .*bert'
    grep -E 'lost|not written' irc.txt
}

@test "broken files at one REHASH after another: the first one holds" {
    start_ircd <<-END
	operator "root" { password "$(irc_hash secret)"; may all }
	END
    cp "$IRC_CONF" good
    talk <<-'END'
	irc a $IRC anna
	say a OPER root secret
	until a :\S+ 381 anna .*
	run printf 'class "a" {' >>$IRC_CONF
	say a REHASH
	until a :\S+ NOTICE anna :.*ircd\.conf:\d+: .*
	run printf '\001\002\377' >$IRC_CONF
	say a REHASH
	until a :\S+ NOTICE anna :.*ircd\.conf:1: .*
	run rm $IRC_CONF
	say a REHASH
	until a :\S+ NOTICE anna :.*ircd\.conf: No such file.*
	run mkdir $IRC_CONF
	say a REHASH
	until a :\S+ NOTICE anna :.*ircd\.conf: Is a directory.*
	run rmdir $IRC_CONF
	run cp good $IRC_CONF
	say a REHASH
	until a :\S+ NOTICE anna :.*configuration read again.*
	END
    irc_alive
}

# ---- processes ---------------------------------------------------------------

@test "the server process killed under load: others come in again at once" {
    start_ircd
    crowd one -n 200 -j '#x'
    kill -KILL "$(server_pid)"
    tell_crowd one wait
    wait_log one.log '^none here'
    crowd two -n 200 -j '#x'
    assert_equal "$(tail -n 1 two.log)" '200 here'
    [ "$(log_count "$IRC_LOG" 'ended by signal 9')" = 1 ]
}

@test "killed again and again: it comes back each time, and rests between" {
    start_ircd
    for n in 1 2 3 4; do
        wait_for 20 server_there
        kill -KILL "$(server_pid)"
        wait_for 20 log_has "$IRC_LOG" 'ended by signal 9' "$n"
    done
    wait_for 20 server_there
    irc_alive
}

server_there() {
    [ -n "$(server_pid)" ]
}

@test "the server stopped for a while: nobody is taken for silent" {
    start_ircd class="ping 2 seconds"
    crowd one -n 50 -j '#x'
    kill -STOP "$(server_pid)"
    # longer than its patience with clients
    read -rt 5 <> <(:) || :
    kill -CONT "$(server_pid)"
    crowd_says one tell '^slowest'
    assert_equal "$(tail -n 2 one.log | head -n 1)" 'told 50 clients, 0 quits each'
}
