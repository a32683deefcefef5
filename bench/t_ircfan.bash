# Deliveries of an IRC server for each second of its processor: 2,000 clients
# in channels of 100, 5,000 in channels of 500; one speaks in each channel,
# 64 messages in flight.  "spread": eight speak, in turn.  ngIRCd in three
# rounds only: its 5,000 need a minute to join.

. "$HERE/irc.bash"

ircfan_all() { # SUFFIX OPTION...
    local s
    SUFFIX=$1
    shift
    for s in ircd-lite inspircd ngircd bare; do
        [ "$s" != ngircd ] || [ "$ROUND" -le 3 ] || continue
        LIMIT=300 irc_load "$s" irc_fanout -t "$(irc_seconds)" -w 64 "$@"
    done
    SUFFIX=
}

ircfan_round() {
    ircfan_all _100 -n 2000 -s 100
    ircfan_all _500 -n 5000 -s 500
    ircfan_all _spread -n 2000 -s 100 -k 8
}

topic_ircfan() {
    local s
    irc_cores || return
    for s in ircd-lite inspircd ngircd bare; do
        irc_start "$s"
    done
    PIN=
    rounds ircfan_round
}
