# A channel of 10,000: 100 members ask NAMES at once, then 5,000 leave at
# once, while two others talk elsewhere.  How long their messages take, and
# who is dropped.  InspIRCd in the first round only: it needs minutes until
# the 10,000 have joined.  ngIRCd, with its queue of 32 KiB, is left out.

. "$HERE/irc.bash"

ircstorm_one() { # SERIES
    irc_cores && irc_start "$1" || return
    PIN=
    LIMIT=600 irc_load "$1" irc_storm -n "$IRC_N" -a 100 \
        -l $((IRC_N / 2))
    stop_all
}

ircstorm_round() {
    ircstorm_one ircd-lite
    [ "$ROUND" != 1 ] || ircstorm_one inspircd
}

topic_ircstorm() {
    irc_limit
    rounds ircstorm_round
}
