#!/bin/sh
# make demo: a gateway, services published on it, people who chat across it.
# What is printed behind "$" is what runs.  Everything listens on 127.0.0.1,
# on free ports, and is ended again.
#   demo.sh BUILD
set -u

build=$(cd "$1" && pwd) || exit
dir=$(mktemp -d /tmp/vsap-demo.XXXXXX) || exit
PATH=$build:$PATH
started=
unset VSAP_SERVER VSAP_AUTH VSAP_AUTH_FILE

finish() {
    trap - EXIT INT TERM HUP
    trap '' PIPE
    exec 6>&- 7>&-
    # shellcheck disable=SC2086 # pids are words
    kill $started 2>/dev/null
    wait 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP PIPE

if [ -t 1 ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
    bold= plain=
fi

say() {
    printf '\n%s\n' "$*"
}

type_in() { # shows a command
    printf '   %s$ %s%s\n' "$bold" "$1" "$plain"
}

show() { # shows a command, runs it, shows what comes back
    type_in "$1"
    (eval "$1") >"$dir/out" 2>&1
    status=$?
    sed 's/\r$//; s/^/   /' "$dir/out"
    return $status
}

fail() {
    echo "demo: $*" >&2
    tail -n 30 "$dir"/*.log "$dir"/*.out >&2 2>/dev/null
    exit 1
}

until_true() { # condition: polls it, up to 10 seconds
    tries=0
    until eval "$1" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || return 1
        sleep 0.05
    done
}

# Starts a program that goes on; sets address from its "listening on" line.
start() { # LOG command
    type_in "$2 &"
    eval "exec $2" >"$dir/$1.log" 2>&1 </dev/null &
    pid=$!
    started="$started $pid"
    until_true "grep -q 'listening on' $dir/$1.log" || fail "no answer: $2"
    sed 's/^/   /' "$dir/$1.log"
    address=$(sed -n '1s/.*listening on \([^ ]*\).*/\1/p' "$dir/$1.log")
}

# Two who chat, by nc.  What they type stands behind ">", what comes back and
# is of interest behind "<".
enter() { # NAME DESCRIPTOR ADDRESS
    mkfifo "$dir/$1.in"
    type_in "nc -s $3 ${irc%:*} ${irc##*:}    # $1"
    nc -N -s "$3" "${irc%:*}" "${irc##*:}" <"$dir/$1.in" \
        >"$dir/$1.out" 2>&1 &
    started="$started $!"
    eval "exec $2>$dir/$1.in"
    types "$1" "$2" "NICK $1"
    types "$1" "$2" "USER $1 0 * :$1 of the demo"
    hears "$1" ' 001 '
}

types() { # NAME DESCRIPTOR LINE
    printf '   %-5s > %s\n' "$1" "$3"
    printf '%s\r\n' "$3" >&"$2"
}

hears() { # NAME PATTERN
    until_true "grep -q '$2' $dir/$1.out" || fail "$1 does not hear: $2"
    sed -n "/$2/{s/\r\$//;s/^/   $(printf '%-5s' "$1") < /;p;}" \
        "$dir/$1.out" | tail -1
}

# The control process of the gateway: the child that runs vsapd itself.
control_of() { # PID
    for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        [ "$(cat "/proc/$child/comm")" != vsapd ] || echo "$child"
    done
}

echo "${bold}vsap: publish and reach services across a firewall${plain}"
type_in "PATH=$build:\$PATH"

say "1. A gateway.  It would run on the firewall and decides who may publish
   and reach what.  Without rules it serves this machine alone.  (-R puts
   its own files into a temporary folder; port 0 is any free port.)"
start vsapd "vsapd -R $dir/run -l 127.0.0.1:0 -l $dir/run/vsapd.sock"
gateway=$address vsapd=$pid

say "2. A service inside, published on the gateway: each visitor gets its own
   tr, as under inetd.  Nothing inside listens; vsap-bind calls out."
start upper "vsap-bind -s $gateway 127.0.0.1:0 tr a-z A-Z"
upper=$address

say "3. A visitor, with nothing but nc.  tr answers when the visitor's input
   ends: half-close is carried through."
show "echo hello from outside | nc -N ${upper%:*} ${upper##*:}" ||
    fail "the visitor got no answer"
grep -q 'HELLO FROM OUTSIDE' "$dir/out" || fail "the wrong answer"

say "4. The other direction: a client that reaches out through the gateway."
show "echo hello through it | vsap-connect -s $gateway ${upper%:*} ${upper##*:}" ||
    fail "vsap-connect got no answer"
grep -q 'HELLO THROUGH IT' "$dir/out" || fail "the wrong answer"

say "5. The protocol is plain lines; any program that can open a socket
   speaks it."
show "printf 'BIND 127.0.0.1:0\r\nLISTEN 1\r\nQUIT\r\n' | nc -N ${gateway%:*} ${gateway##*:}" ||
    fail "the gateway does not answer"

say "6. An IRC server inside, with no port on any network: a UNIX socket for
   those on its host, and one that takes connections over."
cat >"$dir/ircd-lite.conf" <<END
server "irc.demo.example" { network "Demo" }
listen on "$dir/irc.sock"
dns off
ident off
END
show "cat $dir/ircd-lite.conf"
start ircd "ircd-lite -f $dir/ircd-lite.conf -R $dir/ircd"

say "7. It is published.  vsap-bind gives each connection itself to the server:
   nobody stands between the two, and the visitor's address is the real one."
start irc "vsap-bind -s $dir/run/vsapd.sock -t fdpass:$dir/ircd/ircd-lite.sock 127.0.0.1:0"
irc=$address

say "8. Two chat across it, from two addresses."
enter alice 6 127.0.0.2
types alice 6 'JOIN #vsap'
hears alice ' JOIN #vsap'
enter bob 7 127.0.0.3
types bob 7 'JOIN #vsap'
hears alice ':bob!.* JOIN #vsap'
types bob 7 'PRIVMSG #vsap :hello from outside'
hears alice 'PRIVMSG #vsap :hello from outside'
types alice 6 'WHOIS bob'
hears alice ' 311 alice bob bob 127\.0\.0\.3 '

say "9. The gateway's control process is killed.  They go on chatting, and
   the published ports are still there for the next visitor."
control=$(control_of "$vsapd")
if [ -n "$control" ]; then
    show "kill -KILL $control    # the control process of vsapd"
    until_true "! kill -0 $control"
    types alice 6 'PRIVMSG #vsap :are you still there?'
    hears bob 'are you still there?'
    types bob 7 'PRIVMSG #vsap :of course'
    hears alice 'of course'
    show "echo still here | nc -N ${upper%:*} ${upper##*:}"
    grep -q 'STILL HERE' "$dir/out" || fail "the next visitor got no answer"
fi
types bob 7 'QUIT :good night'
hears alice 'QUIT :Quit: good night'
exec 6>&- 7>&-

if [ -t 0 ] && [ -t 1 ]; then
    say "All of it stays up.  In a second terminal, with an IRC client
   (\"apt install irssi\"):"
    type_in "irssi -c ${irc%:*} -p ${irc##*:}"
    echo "   and in it, line by line:"
    printf '      /join #vsap\n      hello\n'
    echo "   In a third one, without:"
    type_in "nc ${irc%:*} ${irc##*:}"
    printf '      %s\n' 'NICK carol' 'USER carol 0 * :Carol' 'JOIN #vsap' \
        'PRIVMSG #vsap :hello from nc' 'WHOIS carol'
    echo "   Or, as the gateway's client:"
    type_in "$build/vsap-connect -s $gateway ${irc%:*} ${irc##*:}"
    echo "   Who is bound, waiting, relayed:"
    type_in "printf 'STAT\r\n' | nc -N ${gateway%:*} ${gateway##*:}"
    printf '\nEnter ends the demo. '
    read -r _ || echo
fi
say "That was it: everything is ended.  README.md goes on from here."
