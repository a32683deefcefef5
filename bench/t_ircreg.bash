# Registrations: connect, NICK, USER, read to the end of the MOTD, leave.

. "$HERE/irc.bash"

ircreg_round() {
    local s
    for s in ircd-lite inspircd ngircd bare; do
        irc_load "$s" irc_reg -t "$(irc_seconds)"
    done
}

topic_ircreg() {
    local s
    irc_cores || return
    for s in ircd-lite inspircd ngircd bare; do
        irc_start "$s"
    done
    PIN=
    rounds ircreg_round
}
