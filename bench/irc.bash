# What the IRC topics share: the servers, each on a core of its own with the
# generator on another.  Sourced by the topics; bash.

IRC_N=10000 # clients of the idle and the storm topics

# Where descriptors are few, fewer clients.
irc_limit() {
    local limit
    limit=$(ulimit -n)
    [ "$IRC_N" -gt $((limit - 200)) ] || return 0
    IRC_N=$((limit - 200))
    skip "only $limit descriptors: $IRC_N clients instead of 10,000"
}

irc_cores() {
    two_cores || return
    PIN=$SERVERCORE
}

irc_conf() { # NAME PORT: its configuration from the template
    chmod 755 "$TMP"
    mkdir -p -m 755 "$TMP/$1.run"
    sed -e "s|PORT|$2|; s|DIR|$TMP/$1.run|g" -e "s|MODULES|$(irc_modules)|" \
        "$HERE/irc/$1.conf" >"$TMP/$1.conf"
}

irc_modules() {
    local d
    for d in "$B/peers/root/usr/lib/inspircd/modules" \
        /usr/lib/inspircd/modules; do
        [ ! -d "$d" ] || { echo "$d"; return; }
    done
}

irc_start() { # ircd-lite | inspircd | ngircd | bare
    local p root=
    ports p
    case $1 in
    ircd-lite)
        [ -x "$B/ircd-lite" ] || { skip "ircd-lite is not built"; return 1; }
        irc_conf "$1" "$p"
        start "$1" "$p" "$B/ircd-lite" -f "$TMP/$1.conf" -R "$TMP/$1.run"
        ;;
    inspircd)
        have inspircd || { skip "inspircd is not here"; return 1; }
        irc_conf "$1" "$p"
        [ "$(id -u)" != 0 ] || root=--runasroot
        start "$1" "$p" "${PEER[inspircd]}" --config "$TMP/$1.conf" \
            --nofork $root
        ;;
    ngircd)
        have ngircd || { skip "ngircd is not here"; return 1; }
        irc_conf "$1" "$p"
        start "$1" "$p" "${PEER[ngircd]}" -n -f "$TMP/$1.conf"
        ;;
    bare)
        start "$1" "$p" "$G/bare_fanout" "$p"
        ;;
    esac
}

# Clients that register at once: ngircd has a queue of 10, InspIRCd lets
# them in once a second.
irc_window() {
    [ "$1" = ngircd ] && echo 8 || echo 1000
}

irc_load() { # SERIES GENERATOR OPTION...
    local name=$1 gen=$2
    shift 2
    ! up "$name" || measure "$name" taskset -c "$LOADCORE" "$G/$gen" \
        -p "${PID[$name]}" -c "$(irc_window "$name")" "$@" \
        127.0.0.1 "${PORT[$name]}"
}

irc_seconds() { # of the server's processor, three at least
    [ "$SECS" -gt 3 ] && echo "$SECS" || echo 3
}
