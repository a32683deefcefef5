# make demo, as a new user sees it.

load lib/common

nothing_left() {
    [ -z "$(test_pids)" ]
}

folder_of() { # LOG
    grep -ao '/tmp/vsap-demo\.[[:alnum:]]*' "$1" | head -1
}

# The demo on a terminal of its own, up to where it waits; what is written
# to keys is typed there.
start_on_terminal() {
    mkfifo keys
    start demo script -qefc \
        "sh $ROOT/tests/tools/demo.sh $BATS_TEST_TMPDIR/bin" /dev/null <>keys
    wait_log "$LOG" 'Enter ends the demo' 60
    IRC=$(grep -aoE 'irssi -c 127\.0\.0\.1 -p [0-9]+' "$LOG" |
        sed 's/irssi -c //; s/ -p /:/')
    DIR=$(folder_of "$LOG")
    [ -d "$DIR" ]
    export IRC
}

@test "the demo shows bytes crossing and people chatting, and ends by itself" {
    need nc
    run timeout 60 sh "$ROOT/tests/tools/demo.sh" "$BATS_TEST_TMPDIR/bin" \
        </dev/null
    assert_success
    assert_line '   HELLO FROM OUTSIDE'
    assert_line '   HELLO THROUGH IT'
    assert_line '   VSAP/0.1 220 listen ok.'
    assert_line --regexp '   alice < :bob!bob@127\.0\.0\.3 PRIVMSG #vsap :hello from outside'
    assert_line --regexp '   alice < :[a-z.]+ 311 alice bob bob 127\.0\.0\.3 \* :bob'
    assert_line --regexp '   bob   < .* :are you still there\?'
    assert_line '   STILL HERE'
}

@test "the demo leaves neither processes nor files" {
    need nc
    timeout 60 sh "$ROOT/tests/tools/demo.sh" "$BATS_TEST_TMPDIR/bin" \
        </dev/null >demo.log 2>&1 3>&- 4>&-
    dir=$(folder_of demo.log)
    [ -n "$dir" ]
    [ ! -e "$dir" ]
    wait_for 5 nothing_left || {
        ps -o pid,ppid,stat,args -p "$(test_pids | paste -sd,)"
        return 1
    }
}

@test "the demo stays up on a terminal until Enter is typed" {
    need nc script
    start_on_terminal
    talk <<-'END'
	irc dora $IRC dora 127.0.0.4
	say dora JOIN #vsap
	until dora :dora!dora@127\.0\.0\.4 JOIN #vsap
	irc emil $IRC emil 127.0.0.5
	say emil JOIN #vsap
	say emil PRIVMSG #vsap :hello
	until dora :emil!emil@127\.0\.0\.5 PRIVMSG #vsap :hello
	say dora WHOIS dora
	until dora \S+ 378 dora dora :.* 127\.0\.0\.4
	END
    echo >keys
    wait_for 10 is_gone "$PID"
    wait_log "$LOG" 'everything is ended'
    [ ! -e "$DIR" ]
}

@test "Ctrl-C ends the demo, and nothing is left of it" {
    need nc script
    start_on_terminal
    printf '\003' >keys
    wait_for 10 is_gone "$PID"
    [ ! -e "$DIR" ]
    wait_for 5 nothing_left
}
