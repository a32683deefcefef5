# Network namespaces of a test's own, joined by veth pairs: nothing of the
# machine's network is touched, and they end with the test.  Loaded after
# lib/common and lib/load.
#
#	net_new gw; net_new far; net_join gw 10.77.1.1 far 10.77.1.2
#	in_net far vsap-bind -s 10.77.1.1:8706 ...
#
# Root makes them; others do in a user namespace of theirs, where the system
# permits it.

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
