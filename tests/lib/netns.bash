# Network namespaces of a test's own, joined by veth pairs: nothing of the
# machine's network is touched, and they end with the test.  Loaded after
# lib/common and lib/load.
#
#	net_new gw; net_new far; net_join gw 10.77.1.1 far 10.77.1.2
#	in_net far vsap-bind -s 10.77.1.1:8706 ...
#
# Root makes them; others do in a user namespace of theirs, where the system
# permits it (all they start there is root's, as it seems).

declare -gA NET_PID
NET_USER=

# Can we have them at all?
need_nets() {
    need ip unshare nsenter
    if [ "$(id -u)" != 0 ]; then
        unshare -Urn true 2>/dev/null ||
            lacking "neither root nor user namespaces here"
    else
        unshare -n true 2>/dev/null || lacking "no network namespaces here"
    fi
}

# A namespace is held by a process that does nothing.
net_new() { # NAME
    local hold=(unshare -n)

    if [ "$(id -u)" != 0 ] && [ -z "$NET_USER" ]; then
        hold=(unshare -Urn)
    elif [ "$(id -u)" != 0 ]; then
        hold=(nsenter -t "$NET_USER" -U --preserve-credentials unshare -n)
    fi
    start "net.$1" "${hold[@]}" sh -c 'echo up; exec sleep 1000' </dev/null
    wait_for 10 grep -q up "net.$1.log"
    NET_PID[$1]=$PID
    [ "$(id -u)" = 0 ] || NET_USER=${NET_USER:-$PID}
    in_net "$1" ip link set lo up
}

# Run a command there.
in_net() { # NAME command...
    local pid=${NET_PID[$1]}

    shift
    if [ "$(id -u)" = 0 ]; then
        nsenter -t "$pid" -n -- "$@"
    else
        nsenter -t "$pid" -U -n --preserve-credentials -- "$@"
    fi
}

# The same as words, for start.
net_words() { # NAME
    if [ "$(id -u)" = 0 ]; then
        echo "nsenter -t ${NET_PID[$1]} -n --"
    else
        echo "nsenter -t ${NET_PID[$1]} -U -n --preserve-credentials --"
    fi
}

# A wire between two: each has the other's name as interface.
net_join() { # NAME ADDRESS NAME ADDRESS
    in_net "$1" ip link add "to-$3" type veth peer name "to-$1" \
        netns "${NET_PID[$3]}"
    in_net "$1" ip addr add "$2/24" dev "to-$3"
    in_net "$3" ip addr add "$4/24" dev "to-$1"
    in_net "$1" ip link set "to-$3" up
    in_net "$3" ip link set "to-$1" up
}

# The far end of the wire goes dark: what is sent there is lost without a
# word, and nothing comes back.
net_cut() { # NAME (whose end goes) FROM
    in_net "$1" ip link set "to-$2" down
}

# Start a command there, as start NAME.
net_start() { # NET NAME command...
    local net=$1 name=$2

    shift 2
    # shellcheck disable=SC2046 # words are meant
    start "$name" $(net_words "$net") "$@" </dev/null
}

# A vsapd there, with a UNIX socket at CONTROL_UNIX, which is of the file
# system and so reached from everywhere.  Sets VSAPD_PID and VSAPD_LOG.
net_vsapd() { # NET NAME vsapd's arguments
    local net=$1 name=$2 user=()

    shift 2
    # In a namespace of one user there is no other.
    [ "$(id -u)" = 0 ] || user=(-u root)
    CONTROL_UNIX=$BATS_TEST_TMPDIR/run.$name/vsapd.sock
    net_start "$net" "$name" vsapd -R "$BATS_TEST_TMPDIR/run.$name" \
        -l "$CONTROL_UNIX" "${user[@]}" "$@"
    VSAPD_PID=$PID VSAPD_LOG=$LOG
    wait_log "$LOG" 'control started' >/dev/null
}
