#!/bin/sh
# make demo: a gateway, a service published on it, bytes crossing.  What is
# printed behind "$" is what runs.  Everything listens on 127.0.0.1, on free
# ports, and is ended again.
#   demo.sh BUILD
set -u

build=$(cd "$1" && pwd) || exit
dir=$(mktemp -d /tmp/vsap-demo.XXXXXX) || exit
PATH=$build:$PATH
started=
unset VSAP_SERVER VSAP_AUTH VSAP_AUTH_FILE

finish() {
    trap - EXIT INT TERM HUP
    exec 8>&-
    # shellcheck disable=SC2086 # pids are words
    kill $started 2>/dev/null
    wait 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

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
    cat "$dir"/*.log >&2
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

# A word to the open stream and back.
round_trip() {
    printf '   %-20s (typed)\n' "$1"
    echo "$1" >&8
    until_true "grep -q $1 $dir/back" || return
    printf '   %-20s (came back)\n' "$1"
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
   its own sockets into a temporary folder; port 0 is any free port.)"
start vsapd "vsapd -R $dir/run -l 127.0.0.1:0"
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

say "6. Streams outlive the gateway's control process.  One is opened to a
   published cat, control is killed, and the stream goes on."
start cat "vsap-bind -s $gateway 127.0.0.1:0 cat"
cat=$address
mkfifo "$dir/in"
type_in "nc -N ${cat%:*} ${cat##*:}"
nc -N "${cat%:*}" "${cat##*:}" <"$dir/in" >"$dir/back" 2>&1 &
started="$started $!"
exec 8>"$dir/in"
round_trip before || fail "nothing comes back"
control=$(control_of "$vsapd")
if [ -n "$control" ]; then
    show "kill -KILL $control    # the control process of vsapd"
    until_true "! kill -0 $control"
    round_trip after || fail "the stream has ended"
    say "   And the published port is still there for the next visitor:"
    show "echo still here | nc -N ${upper%:*} ${upper##*:}"
    grep -q 'STILL HERE' "$dir/out" || fail "the next visitor got no answer"
fi
exec 8>&-

if [ -t 0 ] && [ -t 1 ]; then
    say "The gateway and both services stay up.  In a second terminal:"
    type_in "nc ${cat%:*} ${cat##*:}"
    echo "   and type; every line comes back.  Or, as the gateway's client:"
    type_in "$build/vsap-connect -s $gateway ${cat%:*} ${cat##*:}"
    echo "   Who is bound, waiting, relayed:"
    type_in "printf 'STAT\r\n' | nc -N ${gateway%:*} ${gateway##*:}"
    printf '\nEnter ends the demo. '
    read -r _ || echo
fi
say "That was it: everything is ended.  README.md goes on from here."
