# An IRC server of the test's own.  After lib/common:
#
#	load lib/irc

# A server with the configuration of standard input added to what every test
# has: no lookups, no flood control, one TCP listener on a free port and a
# UNIX socket.  Words given replace lines of it: flood=..., see below.  Sets
# IRC (host:port), IRC_UNIX, IRC_DIR, IRC_PID, IRC_LOG and IRC_CONF.
start_ircd() { # [NAME=VALUE...] [-- options of ircd-lite] [<CONFIGURATION]
    local word flood=none dns=off ident=off class='' server='' listen=''
    local name=${IRCD_NAME:-ircd}

    while [ $# -gt 0 ]; do
        word=$1
        shift
        case $word in
        flood=* | dns=* | ident=* | class=* | server=* | listen=*)
            printf -v "${word%%=*}" %s "${word#*=}"
            ;;
        --) break ;;
        *) fail "start_ircd: $word: what?" ;;
        esac
    done
    IRC_DIR=$BATS_TEST_TMPDIR/run.$name
    IRC_CONF=$BATS_TEST_TMPDIR/$name.conf
    IRC_UNIX=$BATS_TEST_TMPDIR/$name.sock
    mkdir -p "$IRC_DIR"
    chmod 700 "$IRC_DIR"
    {
        echo "server \"irc.test.example\" {"
        echo "    network \"TestNet\""
        echo "    $server"
        echo "}"
        echo "dns $dns"
        echo "ident $ident"
        echo "class \"default\" { flood $flood; per host unlimited; $class }"
        echo "listen on ${listen:-127.0.0.1 port 0}"
        echo "listen on \"$IRC_UNIX\""
        [ -t 0 ] || cat
    } >"$IRC_CONF"
    start "$name" ircd-lite -f "$IRC_CONF" -R "$IRC_DIR" "$@" </dev/null
    IRC_PID=$PID
    IRC_LOG=$LOG
    wait_for 10 grep -qF "listening on $IRC_DIR/ircd-lite.sock" "$IRC_LOG" || {
        echo "ircd-lite does not come up:"
        cat "$IRC_LOG"
        return 1
    }
    IRC=$(grep -o 'listening on [^/ ]*:[0-9]*$' "$IRC_LOG" |
        sed -n '1s/listening on //p')
    export IRC IRC_UNIX IRC_DIR IRC_PID IRC_LOG IRC_CONF
}

# What that server and a client from here are called.
export S=irc.test.example H=127.0.0.1

# Steps that let NAMES in: "people anna bert carl".
people() {
    printf 'irc %s $IRC %s\n' $(for n; do echo "$n $n"; done)
}

# A yescrypt hash of the cheapest sort, so that tests do not wait for it.
irc_hash() { # PASSWORD
    perl -e 'print crypt($ARGV[0], "\$y\$j75\$testsalt")' "$1"
}

# The server of start_ircd lives and answers.
irc_alive() {
    assert_alive "$IRC_PID"
    talk <<-END
	irc alive $IRC alive$$
	sync alive
	END
}

# The processes of the server of start_ircd, or of PARENT: its children with
# that title.
server_pid() { child_pid server; }
helper_pid() { child_pid passwords; }
child_pid() { # TITLE
    local p

    for p in $(pgrep -P "${PARENT:-$IRC_PID}"); do
        tr '\0' ' ' <"/proc/$p/cmdline" | grep -q "ircd-lite: $1" && echo "$p"
    done
    return 0
}

another() { # OLD command...: the command prints a pid other than OLD
    local now

    now=$("${@:2}")
    [ -n "$now" ] && [ "$now" != "$1" ]
}
