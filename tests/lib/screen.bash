# Programs that draw on a terminal, in a tmux of the test's own.  After
# lib/common:
#
#	load lib/screen
#	setup() { vsap_setup; screen_setup; }
#	teardown() { screen_teardown; vsap_teardown; }
#
#	screen_start it irssi --home=...
#	keys it /join \#x	types a line there and Enter
#	wait_for 10 shows it '\[#x\]'
#
# "keys" and "shows" are commands in the test's bin/, so that steps of talk
# can say them too: "run keys it hello", "wait shows it 'hello'".

screen_setup() {
    SCREEN=$BATS_TEST_TMPDIR/tmux
    export SCREEN
    cat >"$BATS_TEST_TMPDIR/bin/keys" <<'END'
#!/bin/sh
# keys NAME WORD...: the words as one line, letter by letter, and Enter
to=$1
shift
tmux -S "$SCREEN" send-keys -t "=$to:" -l -- "$*" &&
    tmux -S "$SCREEN" send-keys -t "=$to:" Enter
END
    cat >"$BATS_TEST_TMPDIR/bin/shows" <<'END'
#!/bin/sh
# shows NAME REGEX: a line of its screen is like that now
tmux -S "$SCREEN" capture-pane -p -t "=$1:" | grep -qE -- "$2"
END
    chmod 755 "$BATS_TEST_TMPDIR"/bin/keys "$BATS_TEST_TMPDIR"/bin/shows
}

# What stood on the screens goes to logs, for show_logs, and all ends that
# tmux had started.
screen_teardown() {
    local name

    [ -S "${SCREEN:-}" ] || return 0
    for name in $(tmux -S "$SCREEN" list-sessions -F '#S' 2>/dev/null); do
        screen_text "$name" >"$BATS_TEST_TMPDIR/screen-$name.log" || :
    done
    tmux -S "$SCREEN" kill-server 2>/dev/null || :
}

# Start a program on a screen of its own, 150 wide so that few lines break.
screen_start() { # NAME command [arg...]
    local name=$1

    shift
    need tmux
    (clean_exec tmux -S "$SCREEN" -f /dev/null new-session -d -s "$name" \
        -x 150 -y 50 -- "$@") </dev/null
    # What ended remains to be read.
    tmux -S "$SCREEN" set-option -g remain-on-exit on
}

# A screen without its empty lines and ends; times of day are --:--.
screen_text() { # NAME
    tmux -S "$SCREEN" capture-pane -p -t "=$1:" |
        sed -E 's/[[:space:]]+$//; /^$/d; s/(^|\[)[0-9]{2}:[0-9]{2}/\1--:--/g'
}

# The program that was started there has ended.
screen_over() { # NAME
    [ "$(tmux -S "$SCREEN" display-message -p -t "=$1:" '#{pane_dead}')" = 1 ]
}
