# A descriptor passed by RELAY -f, and what becomes of it on the way.

load lib/common

# A UNIX socket at which a proxy relays bytes, and only bytes, to vsapd.
byte_proxy() { # PATH
    start proxy vsap-relay -l "$1" "$BATS_TEST_TMPDIR/run/vsapd.sock"
    wait_log proxy.log 'listening on'
}

@test "vsap-connect through a proxy that lets descriptors fall still connects" {
    start_vsapd -l "$BATS_TEST_TMPDIR/run/vsapd.sock" -l 127.0.0.1:0
    byte_proxy "$PWD/proxy.sock"
    start up vsap-bind -s "$CONTROL" 127.0.0.1:0 tr a-z A-Z
    wait_log up.log 'listening on'
    run bash -c "echo hello | vsap-connect -s '$PWD/proxy.sock' \
        '$(listening_on up.log)'"
    assert_success
    assert_output HELLO
}

@test "vsap-bind through a proxy that lets descriptors fall loses no visitor" {
    start_vsapd -l "$BATS_TEST_TMPDIR/run/vsapd.sock" -l 127.0.0.1:0
    byte_proxy "$PWD/proxy.sock"
    start up vsap-bind -s "$PWD/proxy.sock" 127.0.0.1:0 tr a-z A-Z
    wait_log up.log 'listening on'
    for n in 1 2 3; do
        run bash -c "echo visitor $n | nc -N 127.0.0.1 \
            '$(listening_on up.log | sed 's/.*://')'"
        assert_success
        assert_output "VISITOR $n"
    done
}

@test "a stream alone under vsapd -i ends at the idle limit of RELAY -t" {
    start silent vsap-relay -l 127.0.0.1:0 'exec:cat >/dev/null'
    wait_log silent.log 'listening on'
    # Both ends stay open and silent.
    run timeout 10 socat - EXEC:"vsapd -i -R $PWD/none" < <(
        printf 'CONNECT %s\nRELAY -t=1\n' "$(listening_on silent.log)"
        exec tail -f /dev/null 3>&-
    )
    assert_output --partial ' connected.'
    refute [ "$status" = 124 ]
}
