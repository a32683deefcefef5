# make demo, as a new user sees it.

load lib/common

@test "the demo shows bytes crossing and ends by itself" {
    need nc
    run timeout 60 sh "$ROOT/tests/tools/demo.sh" "$BATS_TEST_TMPDIR/bin" \
        </dev/null
    assert_success
    assert_line '   HELLO FROM OUTSIDE'
    assert_line '   HELLO THROUGH IT'
    assert_line '   VSAP/0.1 220 listen ok.'
    assert_line '   STILL HERE'
}

@test "the demo leaves neither processes nor files" {
    need nc
    timeout 60 sh "$ROOT/tests/tools/demo.sh" "$BATS_TEST_TMPDIR/bin" \
        </dev/null >demo.log 2>&1 3>&- 4>&-
    dir=$(grep -om1 '/tmp/vsap-demo\.[[:alnum:]]*' demo.log)
    [ -n "$dir" ]
    [ ! -e "$dir" ]
    wait_for 5 nothing_left || {
        ps -o pid,ppid,stat,args -p "$(test_pids | paste -sd,)"
        return 1
    }
}

nothing_left() {
    [ -z "$(test_pids)" ]
}

@test "the demo stays up on a terminal until Enter is typed" {
    need nc script
    mkfifo keys
    start demo script -qefc \
        "sh $ROOT/tests/tools/demo.sh $BATS_TEST_TMPDIR/bin" /dev/null <>keys
    wait_log "$LOG" 'Enter ends the demo' 60
    addr=$(grep -aoE 'nc 127\.0\.0\.1 [0-9]+' "$LOG" | tail -1)
    run bash -c "echo typed | nc.openbsd -N ${addr#nc }"
    assert_output typed
    echo >keys
    wait_for 10 is_gone "$PID"
    wait_log "$LOG" 'everything is ended'
}
