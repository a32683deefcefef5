#!/usr/bin/env bats
# What is said and how it arrives: PRIVMSG and NOTICE, their targets and
# errors, bytes, colons, blanks, parameters, the length of lines (RFC 1459,
# 2.3 and 4.4; RFC 2812, 3.3).

load lib/common
load lib/irc

# ---- targets ----------------------------------------------------------------

@test "PRIVMSG and NOTICE go to a user, to oneself, to a channel but not back" {
    start_ircd
    { people anna bert carl; cat <<'END'; } | talk
	say anna PRIVMSG BERT :hello
	hear bert :anna!anna@$H PRIVMSG bert :hello
	say anna notice bert hello
	hear bert :anna!anna@$H NOTICE bert :hello
	say anna PrivMsg anna :me
	hear anna :anna!anna@$H PRIVMSG anna :me
	say anna JOIN #x
	until anna :\S+ 366 .*
	say bert JOIN #x
	until bert :\S+ 366 .*
	until anna :bert!\S+ JOIN #x
	say anna PRIVMSG #X :all
	hear bert :anna!anna@$H PRIVMSG #x :all
	say anna NOTICE #x :all
	hear bert :anna!anna@$H NOTICE #x :all
	still anna
	still carl
END
}

@test "several targets: each once, wrong ones are told, the fifth is too many" {
    start_ircd
    { people anna bert carl; cat <<'END'; } | talk
	say bert JOIN #x
	until bert :\S+ 366 .*
	say anna PRIVMSG bert,#x,carl,anna :four
	hear bert :anna!\S+ PRIVMSG bert :four
	hear bert :anna!\S+ PRIVMSG #x :four
	hear carl :anna!\S+ PRIVMSG carl :four
	hear anna :anna!\S+ PRIVMSG anna :four
	say anna PRIVMSG bert,BERT,,bert,#X,#x,carl :each once
	hear bert :anna!\S+ PRIVMSG bert :each once
	hear bert :anna!\S+ PRIVMSG #x :each once
	hear carl :anna!\S+ PRIVMSG carl :each once
	say anna PRIVMSG nobody,bert,#none,carl :some
	hear anna :$S 401 anna nobody :No such nick/channel
	hear anna :$S 403 anna #none :No such channel
	hear bert :anna!\S+ PRIVMSG bert :some
	hear carl :anna!\S+ PRIVMSG carl :some
	say anna PRIVMSG bert,a,b,c,carl,d :many
	hear bert :anna!\S+ PRIVMSG bert :many
	lines anna 3 :$S 401 anna [abc] :.*
	hear anna :$S 407 anna carl :Too many targets
	say anna NOTICE bert,a,b,c,carl,d :many
	hear bert :anna!\S+ NOTICE bert :many
	say anna PRIVMSG ,,, :nobody
	still anna
	still bert
	still carl
END
}

@test "401, 403, 404, 411, 412 for PRIVMSG; NOTICE is answered by nothing" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	send bert JOIN #x\r\nMODE #x +n\r\n
	until bert .*\+n
	say anna PRIVMSG
	hear anna :$S 411 anna :No recipient given \(PRIVMSG\)
	say anna PRIVMSG :
	hear anna :$S 411 anna :No recipient given \(PRIVMSG\)
	say anna PRIVMSG  :  
	hear anna :$S 412 anna :No text to send
	say anna PRIVMSG bert
	hear anna :$S 412 anna :No text to send
	say anna PRIVMSG bert :
	hear anna :$S 412 anna :No text to send
	say anna PRIVMSG :bert hello
	hear anna :$S 412 anna :No text to send
	say anna PRIVMSG nobody :x
	hear anna :$S 401 anna nobody :No such nick/channel
	say anna PRIVMSG irc.test.example :x
	hear anna :$S 401 anna irc.test.example :No such nick/channel
	say anna PRIVMSG *,bert!*@*,b?rt :x
	hear anna :$S 401 anna \* :.*
	hear anna :$S 401 anna bert!\*@\* :.*
	hear anna :$S 401 anna b\?rt :.*
	say anna PRIVMSG x,:y :x
	hear anna :$S 401 anna x :.*
	hear anna :$S 401 anna 0:y :.*
	say anna PRIVMSG #x :x
	hear anna :$S 404 anna #x :Cannot send to channel
	say anna PRIVMSG #none :x
	hear anna :$S 403 anna #none :No such channel
	say anna PRIVMSG # :x
	hear anna :$S 403 anna # :No such channel
	say anna PRIVMSG n{450} :x
	hear anna :$S 401 anna n{100,200} :No such nick/channel
	say anna NOTICE
	say anna NOTICE :
	say anna NOTICE bert
	say anna NOTICE bert :
	say anna NOTICE nobody,nobody2 :x
	say anna NOTICE #none :x
	say anna NOTICE #x :x
	say anna NOTICE @ :x
	say anna NOTICE $* :x
	still anna
	still bert
END
    irc_alive
}

# ---- masks -------------------------------------------------------------------

@test "masks of servers and hosts are for operators who may; 413, 414, 481" {
    start_ircd <<END
	operator "root" { password "$(irc_hash secret)"; may all }
	operator "lame" { password "$(irc_hash secret)"; may none }
END
    { people root lame anna; cat <<'END'; } | talk
	irc bert $IRC bert 127.0.0.2
	say root OPER root secret
	until root .* MODE root :\+o
	say lame OPER lame secret
	until lame .* MODE lame :\+o
	say anna JOIN #x
	until anna :\S+ 366 .*
	say root PRIVMSG \x24*.example :to all
	hear anna :root!\S+ PRIVMSG \$\*\.example :to all
	hear bert :root!\S+ PRIVMSG \$\*\.example :to all
	hear lame :root!\S+ PRIVMSG \$\*\.example :to all
	say root NOTICE \x24\x24irc.test.example :to all
	hear anna :root!\S+ NOTICE \S+ :to all
	hear bert :root!\S+ NOTICE \S+ :to all
	hear lame .*
	say root PRIVMSG \x24other.example :nobody
	say root PRIVMSG #127.0.0.2 :hosts
	hear bert :root!\S+ PRIVMSG #127\.0\.0\.2 :hosts
	say root PRIVMSG #*.2 :hosts
	hear bert :root!\S+ PRIVMSG #\*\.2 :hosts
	say root PRIVMSG #x :a channel
	hear anna :root!\S+ PRIVMSG #x :a channel
	still anna
	still bert
	still root
	say root PRIVMSG \x24nodot :x
	hear root :$S 413 root nodot :No toplevel domain specified
	say root PRIVMSG \x24 :x
	hear root :$S 413 root \S+ :No toplevel domain specified
	say root PRIVMSG \x24*.* :x
	hear root :$S 414 root \*\.\* :Wildcard in toplevel domain
	say root PRIVMSG #*.ex?mple :x
	hear root :$S 414 root \*\.ex\?mple :Wildcard in toplevel domain
	say root NOTICE \x24nodot,\x24*.* :x
	still root
	say lame PRIVMSG \x24*.example :x
	hear lame :$S (481|723) lame .*
	say lame PRIVMSG #*.example :x
	hear lame :$S 403 lame #\*\.example :.*
	say anna PRIVMSG \x24*.example :x
	hear anna :$S 481 anna :Permission Denied- You're not an IRC operator
	say anna PRIVMSG #*.2 :x
	hear anna :$S 403 anna #\*\.2 :.*
	still bert
END
}

# ---- away --------------------------------------------------------------------

@test "301 for each PRIVMSG and INVITE to one who is away, for no NOTICE" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say bert AWAY :gone: \xff for lunch 
	hear bert :$S 306 bert :.*
	say anna PRIVMSG bert :1
	hear anna :$S 301 anna bert :gone: \xff for lunch 
	hear bert :anna!\S+ PRIVMSG bert :1
	say anna PRIVMSG BERT,anna :2
	hear anna :$S 301 anna bert :gone: .*
	hear anna :anna!\S+ PRIVMSG anna :2
	say anna NOTICE bert :3
	still anna
	say bert JOIN #x
	until bert :\S+ 366 .*
	say anna PRIVMSG #x :to a channel
	still anna
	say anna JOIN #y
	until anna :\S+ 366 .*
	say anna INVITE bert #y
	hear anna :$S 341 anna bert #y
	hear anna :$S 301 anna bert :gone: .*
	say bert AWAY
	until bert :$S 305 bert :.*
	say anna PRIVMSG bert :4
	still anna
	# who is away himself is told like others
	say anna AWAY :me
	hear anna :$S 306 anna :.*
	say anna PRIVMSG anna :x
	hear anna :anna!\S+ PRIVMSG anna :x
	hear anna :$S 301 anna anna :me
END
}

# ---- bytes -------------------------------------------------------------------

@test "every byte but NUL, CR and LF is relayed as it came" {
    start_ircd
    bytes=$(for i in $(seq 1 255); do
        case $i in 10 | 13) ;; *) printf '\\x%02x' "$i" ;; esac
    done)
    export BYTES="$bytes"
    { people anna bert; cat <<'END'; } | talk
	irc unix $IRC_UNIX unix
	say bert JOIN #x
	until bert :\S+ 366 .*
	send anna PRIVMSG bert :$BYTES\r\n
	bytes bert :anna!anna@127.0.0.1 PRIVMSG bert :$BYTES\r\n
	send anna NOTICE #x :$BYTES\r\n
	bytes bert :anna!anna@127.0.0.1 NOTICE #x :$BYTES\r\n
	send unix PRIVMSG bert :$BYTES\r\n
	bytes bert :unix!unix@$IRC_UNIX PRIVMSG bert :$BYTES\r\n
	send bert TOPIC #x :$BYTES\r\n
	bytes bert :bert!bert@127.0.0.1 TOPIC #x :$BYTES\r\n
	send bert PART #x :$BYTES\r\n
	bytes bert :bert!bert@127.0.0.1 PART #x :$BYTES\r\n
	still bert
END
    irc_alive
}

@test "CTCP to a user passes both ways as it is" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna PRIVMSG bert :\x01VERSION\x01
	hear bert :anna!\S+ PRIVMSG bert :\x01VERSION\x01
	say bert NOTICE anna :\x01VERSION irssi: 1\x01
	hear anna :bert!\S+ NOTICE anna :\x01VERSION irssi: 1\x01
	say anna PRIVMSG bert \x01PING
	hear bert :anna!\S+ PRIVMSG bert :\x01PING
END
}

@test "colons and blanks: what is text and what is not" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna PRIVMSG bert ::
	hear bert :anna!\S+ PRIVMSG bert ::
	say anna PRIVMSG bert ::)
	hear bert :anna!\S+ PRIVMSG bert ::\)
	say anna PRIVMSG bert :a :b
	hear bert :anna!\S+ PRIVMSG bert :a :b
	say anna PRIVMSG bert a:b :c
	hear bert :anna!\S+ PRIVMSG bert :a:b
	say anna PRIVMSG bert one two
	hear bert :anna!\S+ PRIVMSG bert :one
	say anna PRIVMSG bert :  two  blanks  
	hear bert :anna!\S+ PRIVMSG bert :  two  blanks  
	say anna PRIVMSG bert : 
	hear bert :anna!\S+ PRIVMSG bert : 
	say anna PRIVMSG   bert    :x
	hear bert :anna!\S+ PRIVMSG bert :x
	say anna   PRIVMSG bert :leading
	hear bert :anna!\S+ PRIVMSG bert :leading
	say anna PRIVMSG bert word   
	hear bert :anna!\S+ PRIVMSG bert :word
	send anna PRIVMSG bert :tab\there\r\n
	hear bert :anna!\S+ PRIVMSG bert :tab\there
	send anna PRIVMSG\tbert :x\r\n
	hear anna :$S 421 anna PRIVMSG_bert :Unknown command
	send anna PRIVMSG bert :lf only\n
	hear bert :anna!\S+ PRIVMSG bert :lf only
	send anna PRIVMSG bert :cr cr lf\r\r\n
	hear bert :anna!\S+ PRIVMSG bert :cr cr lf
	still anna
	still bert
END
}

@test "sources and tags of clients are nobody's: who speaks is who is connected" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna :anna PRIVMSG bert :1
	hear bert :anna!anna@$H PRIVMSG bert :1
	say anna :bert!root@localhost PRIVMSG bert :2
	hear bert :anna!anna@$H PRIVMSG bert :2
	say anna :irc.test.example PRIVMSG bert :3
	hear bert :anna!anna@$H PRIVMSG bert :3
	say anna @+typing=active;time=1 :x PRIVMSG bert :4
	hear bert :anna!anna@$H PRIVMSG bert :4
	say anna @ PRIVMSG bert :5
	hear bert :anna!anna@$H PRIVMSG bert :5
	say anna : PRIVMSG bert :6
	hear bert :anna!anna@$H PRIVMSG bert :6
	say anna :anna
	say anna @tag
	say anna @tag :anna
	say anna :
	say anna @
	say anna     
	still anna
	still bert
END
}

@test "commands that are none: 421 with the word, whatever it looks like" {
    start_ircd
    { people anna; cat <<'END'; } | talk
	say anna FOO
	hear anna :$S 421 anna FOO :Unknown command
	say anna privmsgs bert :x
	hear anna :$S 421 anna privmsgs :Unknown command
	say anna 001 anna :welcome
	hear anna :$S 421 anna 001 :Unknown command
	say anna : :x
	hear anna :$S 421 anna 0:x :Unknown command
	say anna SERVER evil.example 1 :x
	hear anna :$S 421 anna SERVER :Unknown command
	say anna NJOIN #x :@anna
	hear anna :$S 421 anna NJOIN :Unknown command
	say anna F{500}
	hear anna :$S 421 anna F{100,} :Unknown command
	send anna \x01\xff\x80\r\n
	hear anna :$S 421 anna _\xff\x80 :Unknown command
	say anna ,
	hear anna :$S 421 anna , :Unknown command
	still anna
END
}

@test "more than 15 parameters: the fifteenth is the rest of the line" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	say anna PRIVMSG bert 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18
	hear bert :anna!\S+ PRIVMSG bert :2
	# each of twenty names is looked at, for the fifteenth is a list
	say anna ISON a b c d e f g h i j k l m n o p q anna bert
	hear anna :$S 303 anna :anna bert
	say anna ISON a b c d e f g h i j k l m n :anna bert
	hear anna :$S 303 anna :anna bert
	send anna JOIN x{1}  x x x x x x x x x x x x x x x x x x x x x x x x x x\r\n
	hear anna :$S 403 anna x :.*
	send anna a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8 9\r\n
	hear anna :$S 421 anna a :Unknown command
	still anna
END
}

# ---- length ------------------------------------------------------------------

@test "no receiver's line is over 512 bytes, whatever the names; what is too much is cut" {
    start_ircd <<END
	operator "root" { password "$(irc_hash secret)"; may all }
END
    export N='abcdefghijklmnopqrstuvwxyz-{}|' W=witness-of-all-this-thirty-by-
    export C='#a-channel-with-a-name-of-fifty-letters-in-all-yes'
    cat <<'END' | sed 's/\$LONG/x{600}/' >script
	open w $IRC
	send w NICK $W\r\nUSER witnesswit 0 * :W\r\n
	until w :$S 422 .*
	open n $IRC_UNIX
	send n NICK $N\r\nUSER abcdefghij 4 * :x{400}\r\n
	until n :$S 422 .*
	say w MODE $W +w
	say n JOIN $C
	until n :$S 366 .*
	say w JOIN $C
	until w :$S 366 .*
	until n :witness\S+ JOIN $C
	send n PRIVMSG $C :$LONG\r\n
	hear w (?=.{510}$):$N!abcdefghij@$IRC_UNIX PRIVMSG $C :x+
	send n PRIVMSG $W :$LONG\r\n
	hear w (?=.{510}$):$N!abcdefghij@$IRC_UNIX PRIVMSG $W :x+
	send n NOTICE +$C :$LONG\r\n
	send n NOTICE @$C :$LONG\r\n
	send n TOPIC $C :$LONG\r\n
	hear w :$N!\S+ TOPIC $C :x{307}
	send n KICK $C $W :$LONG\r\n
	hear w :$N!\S+ KICK $C $W :x{255}
	send w JOIN $C\r\n
	until w :$S 332 $W $C :x{307}
	until w :$S 366 .*
	send n AWAY :$LONG\r\n
	send w PRIVMSG $N :x\r\n
	until w :$S 301 $W $N :x{255}
	send w WHOIS $N\r\nWHO $C\r\nWHOWAS $N\r\nNAMES $C\r\nLIST $C\r\nMODE $C b\r\nTRACE\r\nSTATS l\r\nUSERHOST $N $N $N $N $N\r\nTOPIC $C\r\n
	until w :$S 333 .*
	never w .{511,}
	send n OPER root secret\r\n
	until n .* MODE \S+ :\+o
	send n WALLOPS :$LONG\r\n
	hear w (?=.{510}$):$N!abcdefghij@$IRC_UNIX WALLOPS :x+
	send n PRIVMSG \x24*.example :$LONG\r\n
	hear w (?=.{510}$):$N!\S+ PRIVMSG \$\*\.example :x+
	send n INVITE $W &x\r\n
	send n PART $C :$LONG\r\n
	hear w :$N!\S+ PART $C :x{255}
	send n JOIN $C\r\n
	hear w :$N!\S+ JOIN $C
	send n QUIT :$LONG\r\n
	hear w :$N!\S+ QUIT :Quit: x{249}
	send w JOIN x{490}\r\n
	hear w :$S 403 \S+ x{100,200} :No such channel
	send w MODE x{490}\r\nMODE #x{490}\r\nTOPIC #x{490}\r\nPART #x{490}\r\nKICK #x{490} y\r\nWHO x{490}\r\nWHOIS x{490}\r\nWHOWAS x{490}\r\nNAMES x{490}\r\nLIST #x{490}\r\nINVITE x{240} #x{240}\r\nUSERHOST x{490}\r\nISON x{490}\r\nSTATS x{490}\r\nVERSION x{490}\r\nTIME x{490}\r\nLINKS x{490}\r\nSERVLIST x{240} x{240}\r\nSQUERY x{240} :x{240}\r\nHELP x{490}\r\nKNOCK #x{490}\r\nKILL x{240} :x{240}\r\nPING x{490}\r\nCAP x{490}\r\nCAP REQ :x{480}\r\nOPER x{240} x{240}\r\n
	never w .{511,}
END
    talk <script
    irc_alive
}

@test "a line of exactly 512 bytes is whole, of 513 cut; half a line is none" {
    start_ircd
    { people anna bert; cat <<'END'; } | talk
	# "PRIVMSG bert :" are 14 bytes, CR LF two
	send anna PRIVMSG bert :x{496}\r\n
	hear bert :anna!anna@127\.0\.0\.1 PRIVMSG bert :x+
	still anna
	send anna PRIVMSG bert :x{496}\n
	hear bert :anna!anna@127\.0\.0\.1 PRIVMSG bert :x+
	still anna
	send anna PRIVMSG bert :x{497}\r\n
	hear bert :anna!anna@127\.0\.0\.1 PRIVMSG bert :x+
	hear anna :$S 417 anna :Input line was too long
	# what has no end when its sender goes was never said
	say bert JOIN #x
	sync bert
	say anna JOIN #x
	until anna :$S 366 .*
	send anna PRIVMSG bert :half
	sync bert
	close anna
	hear bert :anna!\S+ QUIT :.*
	still bert
END
}

@test "five thousand messages arrive complete and in order, at a user and a channel" {
    start_ircd
    {
        people bert anna
        echo 'say bert JOIN #x'
        echo 'say anna JOIN #x'
        echo 'until bert :anna!\S+ JOIN #x'
        printf 'send anna '
        for i in $(seq 2500); do
            printf 'PRIVMSG bert :u%d\\r\\nPRIVMSG #x :c%d\\r\\n' "$i" "$i"
        done
        echo
        for i in $(seq 2500); do
            echo "hear bert :\\S+ PRIVMSG bert :u$i"
            echo "hear bert :\\S+ PRIVMSG #x :c$i"
        done
        echo 'still bert'
    } >script
    talk <script
}

@test "one who reads late hears all of it, in order and to the byte" {
    start_ircd class="sendq 16M"
    {
        echo 'irc late $IRC_UNIX late'
        people anna bert
        echo 'say late JOIN #x,#y'
        echo 'until late :\S+ 366 late #y :.*'
        echo 'say anna JOIN #x,#y'
        echo 'until anna :\S+ 366 anna #y :.*'
        echo 'say bert JOIN #x'
        echo 'until anna :bert!\S+ JOIN #x'
        echo 'sync bert'
        awk 'BEGIN {
            srand(11)
            split("#x #y late", to)
            for (i = 1; i <= 3000; i++) {
                t = to[int(rand() * 3) + 1]
                n = int(rand() * 440) + 1
                text = sprintf("%d:%*s|", i, n, "")
                printf "send anna PRIVMSG %s :%s\\r\\n\n", t, text
                want[i] = sprintf("hear late :anna!\\S+ PRIVMSG %s :%d: {%d}\\|", t, i, n)
                # others are heard meanwhile
                if (i % 500 == 0)
                    print "sync bert"
            }
            print "until late :anna!\\S+ JOIN #y"
            print "until late :bert!\\S+ JOIN #x"
            for (i = 1; i <= 3000; i++)
                print want[i]
        }'
        echo 'still late'
    } >script
    talk 20 <script
}

@test "no line is free: PONG, PASS, ERROR, empty and overlong ones wait too" {
    start_ircd flood="2 seconds window 10 seconds"
    times() { for _ in $(seq "$1"); do printf '%s' "$2"; done; }
    {
        echo 'irc b $IRC bert'
        n=0
        for line in 'PONG x\r\n' 'PASS x\r\n' 'ERROR x\r\n' '\r\n' ' : \n' \
            '@\n'; do
            n=$((n + 1))
            echo "open c$n \$IRC"
            echo "send c$n $(times 500 "$line")PING over\\r\\n"
        done
        echo 'open long $IRC'
        echo "send long $(times 20 "@$(printf '%4500s' '' | tr ' ' x)\\r\\n")"
        echo 'say b PING 1'
        echo 'hear b .* PONG \S+ :1'
        echo 'sync b'
        for i in $(seq $n); do echo "quiet c$i"; done
        echo 'lines long 6 :$S 417 \* :Input line was too long'
        echo 'quiet long'
    } >script
    talk <script
}
