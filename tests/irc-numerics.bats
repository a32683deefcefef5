#!/usr/bin/env bats
# Every numeric that the server can send: one line that provokes it, and the
# exact reply (RFC 1459, 6; RFC 2812, 5; Modern IRC, "Numerics").
#
# table() below has a row for each:
#
#	NNN NAME WHO | LINE | what follows ":irc.test.example NNN WHO "
#
# LINE empty: it is a further reply to the line before.  In the reply <...>
# is a regular expression, all else is taken to the letter.  Rows that begin
# with "!" are steps of tests/tools/vsapline, "?" is a row of another server
# that has neither MOTD nor ADMIN.

load lib/common
load lib/irc

HEADER=$ROOT/bin/ircd-lite/numeric.h

setup() {
    vsap_setup
    export S=irc.test.example
}

# Numerics that no line provokes, and why.
left_out() {
    cat <<'END'
RPL_TRACELINK	links to servers are to come
RPL_SERVLIST	there are no services to list
RPL_USERSSTART	USERS is not answered: 446
RPL_USERS	USERS is not answered: 446
RPL_ENDOFUSERS	USERS is not answered: 446
RPL_NOUSERS	USERS is not answered: 446
ERR_NICKCOLLISION	names collide between servers only
ERR_NOLOGIN	SUMMON looks nobody up: 445
ERR_UNIQOPPRIVSNEEDED	no channel has an original operator (mode O)
END
}

table() {
    cat <<'END'
# ---- coming
!open anna $IRC
451 ERR_NOTREGISTERED *     | JOIN #x | :You have not registered
410 ERR_INVALIDCAPCMD *     | CAP NONSENSE | NONSENSE :Invalid CAP command
431 ERR_NONICKNAMEGIVEN *   | NICK | :No nickname given
432 ERR_ERRONEUSNICKNAME *  | NICK 1st | 1st :Erroneus nickname
400 ERR_UNKNOWNERROR *      | SERVICE dict * * 0 0 :x | SERVICE :Services are not taken here
001 RPL_WELCOME anna        | NICK anna\r\nUSER anna 0 * :Real anna | :Welcome to the TestNet Network, anna!anna@127.0.0.1
002 RPL_YOURHOST anna       | | :Your host is irc.test.example, running version ircd-lite-<[0-9.]+>
003 RPL_CREATED anna        | | :This server was created <\w{3} \w{3} \d\d \d{4} at [0-9:]{8} \S+>
004 RPL_MYINFO anna         | | irc.test.example ircd-lite-<[0-9.]+> Biorsw CIbeiklmnopstv Ibeklov
005 RPL_ISUPPORT anna       | | <(\S+ ){1,13}>:are supported by this server
251 RPL_LUSERCLIENT anna    | | :There are 1 users and 0 invisible on 1 servers
255 RPL_LUSERME anna        | | :I have 1 clients and 0 servers
265 RPL_LOCALUSERS anna     | | 1 1 :Current local users 1, max 1
266 RPL_GLOBALUSERS anna    | | 1 1 :Current global users 1, max 1
375 RPL_MOTDSTART anna      | | :- irc.test.example Message of the day - 
372 RPL_MOTD anna           | | :- Good evening
376 RPL_ENDOFMOTD anna      | | :End of MOTD command
462 ERR_ALREADYREGISTRED anna | USER a 0 * :A | :You may not reregister
!irc bert $IRC bert
!irc dora $IRC dora
!irc root $IRC root
!irc lame $IRC lame
433 ERR_NICKNAMEINUSE bert  | NICK ANNA | ANNA :Nickname is already in use
463 ERR_NOPERMFORHOST out   | ! open out $IRC 127.0.0.2 !send out NICK out\r\nUSER out 0 * :O\r\n | :Your host isn't among the privileged
465 ERR_YOUREBANNEDCREEP bad | ! open bad $IRC !send bad NICK bad\r\nUSER bad 0 * :B\r\n | :You are banned from this server: go away
464 ERR_PASSWDMISMATCH pw   | ! open pw $IRC !send pw NICK pw\r\nUSER pw 0 * :P\r\n | :Password incorrect
# ---- lines and commands
421 ERR_UNKNOWNCOMMAND anna | NONSENSE x | NONSENSE :Unknown command
461 ERR_NEEDMOREPARAMS anna | JOIN | JOIN :Not enough parameters
417 ERR_INPUTTOOLONG anna   | PING x{600} | :Input line was too long
409 ERR_NOORIGIN anna       | PING | :No origin specified
402 ERR_NOSUCHSERVER anna   | VERSION other.example | other.example :No such server
# ---- channels
!say anna JOIN #x
331 RPL_NOTOPIC anna        | TOPIC #x | #x :No topic is set
!say anna TOPIC #x :what we talk of
!say bert JOIN #x
332 RPL_TOPIC bert          | | #x :what we talk of
333 RPL_TOPICWHOTIME bert   | | #x anna!anna@127.0.0.1 <\d{10}>
353 RPL_NAMREPLY bert       | | = #x :<(@anna bert|bert @anna)>
366 RPL_ENDOFNAMES bert     | | #x :End of NAMES list
!until anna :bert!\S+ JOIN #x
324 RPL_CHANNELMODEIS anna  | MODE #x | #x +
329 RPL_CREATIONTIME anna   | | #x <\d{10}>
!send anna MODE #x +be *!*@ban.example *!*@except.example\r\nMODE #x +I *!*@invex.example\r\n
367 RPL_BANLIST anna        | MODE #x b | #x *!*@ban.example anna!anna@127.0.0.1 <\d{10}>
368 RPL_ENDOFBANLIST anna   | | #x :End of channel ban list
348 RPL_EXCEPTLIST anna     | MODE #x e | #x *!*@except.example anna!anna@127.0.0.1 <\d{10}>
349 RPL_ENDOFEXCEPTLIST anna | | #x :End of channel exception list
346 RPL_INVEXLIST anna      | MODE #x I | #x *!*@invex.example anna!anna@127.0.0.1 <\d{10}>
347 RPL_ENDOFINVEXLIST anna | | #x :End of channel invite list
472 ERR_UNKNOWNMODE anna    | MODE #x +Z | Z :is unknown mode char to me
696 ERR_INVALIDMODEPARAM anna | MODE #x +l none | #x l none :<.+>
525 ERR_INVALIDKEY anna     | MODE #x +k a,b | #x :Key is not well-formed
!say anna MODE #x +k key
467 ERR_KEYSET anna         | MODE #x +k other | #x :Channel key already set
475 ERR_BADCHANNELKEY dora  | JOIN #x | #x :Cannot join channel (+k)
!send anna MODE #x -k key\r\nMODE #x +l 1\r\n
!sync anna
471 ERR_CHANNELISFULL dora  | JOIN #x | #x :Cannot join channel (+l)
!send anna MODE #x -l+b dora\r\n
!sync anna
474 ERR_BANNEDFROMCHAN dora | JOIN #x | #x :Cannot join channel (+b)
713 ERR_CHANOPEN dora       | KNOCK #x | #x :Channel is open
!send anna MODE #x -b+i dora\r\n
!sync anna
473 ERR_INVITEONLYCHAN dora | JOIN #x | #x :Cannot join channel (+i)
711 RPL_KNOCKDLVR dora      | KNOCK #x | #x :Your KNOCK has been delivered
712 ERR_TOOMANYKNOCK dora   | KNOCK #x | #x :Too many KNOCKs
710 RPL_KNOCK anna          | | #x dora!dora@127.0.0.1 :has asked for an invite
714 ERR_KNOCKONCHAN bert    | KNOCK #x | #x :You are already on that channel
341 RPL_INVITING anna       | INVITE dora #x | dora #x
336 RPL_INVITELIST dora     | INVITE | #x
337 RPL_ENDOFINVITELIST dora | | :End of INVITE list
476 ERR_BADCHANMASK dora    | JOIN #x{50} | #x<x{49}> :Bad Channel Mask
477 ERR_NOCHANMODES dora    | JOIN +x\r\nMODE +x +i | +x :Channel doesn't support modes
403 ERR_NOSUCHCHANNEL dora  | PART #none | #none :No such channel
442 ERR_NOTONCHANNEL dora   | PART #x | #x :You're not on that channel
443 ERR_USERONCHANNEL anna  | INVITE bert #x | bert #x :is already on channel
441 ERR_USERNOTINCHANNEL anna | KICK #x dora | dora #x :They aren't on that channel
482 ERR_CHANOPRIVSNEEDED bert | KICK #x anna | #x :You're not channel operator
404 ERR_CANNOTSENDTOCHAN dora | ! say anna MODE #x +n !sync anna !say dora PRIVMSG #x :hi | #x :Cannot send to channel
437 ERR_UNAVAILRESOURCE bert | ! say anna MODE #x +b bert !sync anna !say bert NICK other | #x :Nick/channel is temporarily unavailable
!say anna MODE #x -b bert
405 ERR_TOOMANYCHANNELS dora | JOIN #1,#2,#3,#4,#5,#6,#7,#8,#9,#10,#11 | #10 :You have joined too many channels
!say dora JOIN 0
478 ERR_BANLISTFULL anna    | $BANS | #x b :Channel list is full
321 RPL_LISTSTART anna      | LIST #x | Channel :Users  Name
322 RPL_LIST anna           | | #x 2 :what we talk of
323 RPL_LISTEND anna        | | :End of LIST
# ---- messages
411 ERR_NORECIPIENT anna    | PRIVMSG | :No recipient given (PRIVMSG)
412 ERR_NOTEXTTOSEND anna   | PRIVMSG bert | :No text to send
401 ERR_NOSUCHNICK anna     | PRIVMSG nobody :x | nobody :No such nick/channel
407 ERR_TOOMANYTARGETS anna | NOTICE a :x\r\nPRIVMSG a,b,c,d,e :x | e :Too many targets
306 RPL_NOWAWAY dora        | AWAY :at lunch | :You have been marked as being away
301 RPL_AWAY anna           | PRIVMSG dora :x | dora :at lunch
305 RPL_UNAWAY dora         | AWAY | :You are no longer marked as being away
408 ERR_NOSUCHSERVICE anna  | SQUERY dict :x | dict :No such service
# ---- users
221 RPL_UMODEIS dora        | MODE dora +wB\r\nMODE dora | +Bw
501 ERR_UMODEUNKNOWNFLAG dora | MODE dora +x | :Unknown MODE flag
502 ERR_USERSDONTMATCH dora | MODE anna +i | :Can't change mode for other users
302 RPL_USERHOST anna       | USERHOST dora nobody bert | :dora=+dora@127.0.0.1 bert=+bert@127.0.0.1
303 RPL_ISON anna           | ISON dora nobody bert | :dora bert
352 RPL_WHOREPLY anna       | WHO bert | <(\*|#x)> bert 127.0.0.1 irc.test.example bert H :0 Real bert
315 RPL_ENDOFWHO anna       | | bert :End of WHO list
311 RPL_WHOISUSER anna      | WHOIS dora | dora dora 127.0.0.1 * :Real dora
312 RPL_WHOISSERVER anna    | | dora irc.test.example :IRC server
335 RPL_WHOISBOT anna       | | dora :is a bot
317 RPL_WHOISIDLE anna      | | dora <\d+> <\d{10}> :seconds idle, signon time
318 RPL_ENDOFWHOIS anna     | | dora :End of WHOIS list
319 RPL_WHOISCHANNELS bert  | WHOIS anna | anna :@#x
378 RPL_WHOISHOST anna      | WHOIS anna | anna :is connecting from anna@127.0.0.1 127.0.0.1
379 RPL_WHOISMODES anna     | | anna :is using modes +
406 ERR_WASNOSUCHNICK anna  | WHOWAS nobody | nobody :There was no such nickname
369 RPL_ENDOFWHOWAS anna    | | nobody :End of WHOWAS
!say dora NICK dodo
!until dora .* NICK :dodo
314 RPL_WHOWASUSER anna     | WHOWAS dora | dora dora 127.0.0.1 * :Real dora
!say dora NICK dora
!until dora .* NICK :dora
484 ERR_RESTRICTED dora     | MODE dora +r\r\nNICK other | :Your connection is restricted!
# ---- the server
351 RPL_VERSION anna        | VERSION | ircd-lite-<[0-9.]+>. irc.test.example :<.*>
391 RPL_TIME anna           | TIME | irc.test.example :<\w+day \w+ [ \d]\d \d{4} -- [0-9:]{8} [+-]\d{4}>
256 RPL_ADMINME anna        | ADMIN | irc.test.example :Administrative info
257 RPL_ADMINLOC1 anna      | | :Here
258 RPL_ADMINLOC2 anna      | | :Us
259 RPL_ADMINEMAIL anna     | | :us@test.example
371 RPL_INFO anna           | INFO | :ircd-lite-<.*>
374 RPL_ENDOFINFO anna      | | :End of INFO list
364 RPL_LINKS anna          | LINKS | * irc.test.example :0 IRC server
365 RPL_ENDOFLINKS anna     | | * :End of LINKS list
015 RPL_MAP anna            | MAP | :irc.test.example [5 users]
017 RPL_MAPEND anna         | | :End of MAP
704 RPL_HELPSTART anna      | HELP ISON | ISON :ISON <.*>
705 RPL_HELPTXT anna        | | ISON :<.*>
706 RPL_ENDOFHELP anna      | | ISON :End of HELP
524 ERR_HELPNOTFOUND anna   | HELP NONSENSE | NONSENSE :No help available on this topic
235 RPL_SERVLISTEND anna    | SERVLIST | * * :End of service listing
445 ERR_SUMMONDISABLED anna | SUMMON bert | :SUMMON has been disabled
446 ERR_USERSDISABLED anna  | USERS | :USERS has been disabled
242 RPL_STATSUPTIME anna    | STATS u | :Server Up 0 days 0:0<\d:\d\d>
219 RPL_ENDOFSTATS anna     | | u :End of STATS report
212 RPL_STATSCOMMANDS anna  | STATS m | ADMIN 1 <\d+> 0
211 RPL_STATSLINKINFO anna  | STATS l | anna[anna@127.0.0.1] <\d+ \d+ \d+ \d+ \d+ :\d+>
210 RPL_STATSHELP anna      | STATS ? | u :<.*>
254 RPL_LUSERCHANNELS anna  | LUSERS | 1 :channels formed
# ---- operators
481 ERR_NOPRIVILEGES anna   | REHASH | :Permission Denied- You're not an IRC operator
491 ERR_NOOPERHOST anna     | OPER far secret | :No O-lines for your host
263 RPL_TRYAGAIN try        | ! irc try $IRC try 127.0.0.3 !say try OPER x x\r\nOPER x x\r\nOPER x x\r\nOPER x x | OPER :Please wait a while and try again
381 RPL_YOUREOPER root      | OPER root secret | :You are now an IRC operator
!until root .* MODE root :\+o
313 RPL_WHOISOPERATOR anna  | WHOIS root | root :is an IRC operator
252 RPL_LUSEROP root        | LUSERS | 1 :operator(s) online
!open new $IRC
!sync new
253 RPL_LUSERUNKNOWN root   | LUSERS | <\d> :unknown connection(s)
203 RPL_TRACEUNKNOWN root   | TRACE | ???? default 127.0.0.1 :<\d+>
205 RPL_TRACEUSER root      | TRACE bert | User default bert (127.0.0.1) :<\d+>
204 RPL_TRACEOPERATOR root  | TRACE root | Oper default root (127.0.0.1) :<\d+>
262 RPL_TRACEEND root       | | irc.test.example ircd-lite-<[0-9.]+> :End of TRACE
338 RPL_WHOISACTUALLY root  | WHOWAS dodo | dodo 127.0.0.1 :actually using host
215 RPL_STATSILINE root     | STATS i | I *@127.0.0.1 * *@127.0.0.1 0 default
216 RPL_STATSKLINE root     | STATS k | K kline.example * spam 0 0
218 RPL_STATSYLINE root     | STATS y | Y default 120 0 0 1048576
243 RPL_STATSOLINE root     | STATS o | O *@* * root 0 *
413 ERR_NOTOPLEVEL root     | PRIVMSG \x24nodot :x | nodot :No toplevel domain specified
414 ERR_WILDTOPLEVEL root   | PRIVMSG \x24a.* :x | a.* :Wildcard in toplevel domain
483 ERR_CANTKILLSERVER root | KILL irc.test.example :x | :You can't kill a server!
382 RPL_REHASHING root      | REHASH | <\S+> :Rehashing
!say lame OPER lame secret
!until lame .* MODE lame :\+o
723 ERR_NOPRIVS lame        | KILL bert :x | kill :Insufficient oper privileges
# ---- a server that has nothing
?422 ERR_NOMOTD anna        | MOTD | :MOTD File is missing
?423 ERR_NOADMININFO anna   | ADMIN | irc.test.example :No administrative info available
END
}

# Rows as steps; $1 is what they begin with: "" or "?".
steps() {
    table | perl -ne '
        BEGIN { $want = shift @ARGV // "" }
        chomp;
        next if /^#/ || /^\s*$/;
        if (/^!(.*)/) { print "$1\n" if $want eq ""; next }
        s/^\?// ? ($want eq "?" or next) : ($want eq "" or next);
        my ($head, $line, $reply) = /^(.*?)\s*\|\s?(.*?) ?\| (.*)$/
            or die "row: $_\n";
        my ($n, $name, $who) = split " ", $head;
        if ($line =~ s/^! //) { print "$_\n" for split / !/, $line }
        elsif ($line ne "") { print "say ", $who eq "*" ? "anna" : $who, " $line\n" }
        $reply = join "", map { /^<(.*)>$/s ? "(?:$1)" : quotemeta }
            split /(<.*?>(?=[^>]*(?:<|$)))/, $reply;
        $who = $who eq "*" ? "anna :\$S $n \\*" : "$who :\$S $n $who";
        print "until $who $reply\n";
    ' -- "${1:-}"
}

@test "each numeric of numeric.h is provoked below, or left out with a reason" {
    bad=0
    sed -e ':a;/\\$/{N;s/\\\n//;ta}' "$HEADER" |
        sed -n 's/^#define \([A-Z]*_[A-Z0-9]*\)[[:space:]]*\([0-9][0-9]*\),.*/\1 \2/p' \
            >header
    [ "$(wc -l <header)" -gt 100 ]
    table | sed -n 's/^?\{0,1\}\([0-9]\{3\}\) \([A-Z_0-9]*\) .*/\2 \1/p' >rows
    left_out | cut -f1 >out
    while read -r name number; do
        used=$(grep -lw "$name" "$ROOT"/bin/ircd-lite/*.c | wc -l)
        row=$(awk -v n="$name" '$1 == n { print $2; exit }' rows)
        if [ -n "$row" ] && [ "$((10#$row))" != "$number" ]; then
            echo "$name is $number in numeric.h, and $row in the table"
            bad=1
        elif [ -n "$row" ] && grep -qx "$name" out; then
            echo "$name is left out and has a row"
            bad=1
        elif [ -z "$row" ] && ! grep -qx "$name" out; then
            echo "$name ($number) has no row (used in $used files)"
            bad=1
        elif [ -z "$row" ] && [ "$used" -gt 0 ]; then
            echo "$name is left out, but the sources use it"
            bad=1
        fi
    done <header
    while read -r name number; do
        grep -q "^$name " header || {
            echo "$name is in the table, but not in numeric.h"
            bad=1
        }
    done <rows
    return $bad
}

@test "every numeric comes from numeric.h, but for 353, which is built by pieces" {
    run grep -nE '":%s ([0-24-9][0-9]{2}|3[0-46-9][0-9]|35[0-24-9]) ' \
        "$ROOT"/bin/ircd-lite/*.c
    assert_failure
}

@test "each numeric, provoked by its line, is answered to the letter" {
    echo 'Good evening' >motd
    # masks for a list that is full: 3 are there already
    BANS=$(for i in $(seq 20); do
        m=''
        for j in 1 2 3 4 5 6; do m+=" $i-$j"; done
        printf '%s' "MODE #x +bbbbbb$m\\r\\n"
    done)
    export BANS=${BANS%\\r\\n}
    start_ircd server="motd \"$PWD/motd\"; admin { location \"Here\"; organisation \"Us\"; mail \"us@test.example\" }" <<END
	operator "root" { password "$(irc_hash secret)"; may all }
	operator "lame" { password "$(irc_hash secret)"; may none }
	operator "far" { password "$(irc_hash secret)"; may all; from 192.0.2.1 }
	kline "spam@kline.example"
	deny from "bad@*" reason "go away"
	allow from "pw@*" password "$(irc_hash secret)"
	allow from { 127.0.0.1, 127.0.0.3 }
END
    steps >script
    talk <script
    irc_alive
}

@test "what a server without MOTD and ADMIN says" {
    start_ircd
    { echo 'irc anna $IRC anna'; steps '?'; } >script
    talk <script
}
