# 10,000 registered clients that say nothing: memory of each, and the
# server's processor time in ten seconds.  Each round in new servers, all at
# the same time, as they have nothing to do.

. "$HERE/irc.bash"

ircidle_round() {
    local s waiting=
    irc_cores || return
    for s in ircd-lite inspircd ngircd; do
        irc_start "$s" || continue
        LIMIT=300 irc_load "$s" irc_idle -n "$IRC_N" -t 10 &
        waiting="$waiting $!"
    done
    PIN=
    [ -z "$waiting" ] || wait $waiting
    stop_all
}

topic_ircidle() {
    irc_limit
    rounds ircidle_round
}
