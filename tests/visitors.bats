# Who may visit what is bound: by the rule that permits the BIND, and by what
# the BIND asks for.  Sources are addresses of the loopback network.

load lib/common

# A visitor from an address: what the acceptor's side says to it.
visit() { # FROM ADDRESS
    run timeout 10 nc.openbsd -N -s "$1" "${2%:*}" "${2##*:}" </dev/null
}

# Publish "hello" at a free port.
publish() { # [ARGS of vsap-bind...]
    start bind vsap-bind -s "$CONTROL" "$@" 127.0.0.1:0 echo hello </dev/null
    AT=$(wait_log bind.log 'listening on' | sed 's/.*listening on //; s/ .*//')
}

@test "-a of vsap-bind lets in visitors from there alone; the others are reset and counted" {
    start_vsapd
    publish -a 127.0.0.2/32
    visit 127.0.0.2 "$AT"
    assert_output hello
    visit 127.0.0.3 "$AT"
    assert_output ''
    visit 127.0.0.2 "$AT"
    assert_output hello
    run vsap_lines "$CONTROL" STAT QUIT
    assert_line --partial 'visitors refused 1'
}

@test "--rate: so many a minute from one source, others are not concerned" {
    start_vsapd
    publish --rate=3
    for i in 1 2 3; do
        visit 127.0.0.2 "$AT"
        assert_output hello
    done
    visit 127.0.0.2 "$AT"
    assert_output ''
    visit 127.0.0.3 "$AT"
    assert_output hello
}

@test "a rule says where visitors come from, and a BIND can only narrow it" {
    cat >vsapd.conf <<'EOF'
listen on 127.0.0.1:0
permit from local bind 127.0.0.1:1024-65535 visitors from { 127.0.0.2, 127.0.0.3 } rate 2
EOF
    start_vsapd -f vsapd.conf
    publish -a 127.0.0.3 -a 127.0.0.4
    visit 127.0.0.2 "$AT"
    assert_output ''
    visit 127.0.0.4 "$AT"
    assert_output ''
    for i in 1 2; do
        visit 127.0.0.3 "$AT"
        assert_output hello
    done
    visit 127.0.0.3 "$AT"
    assert_output ''
}

@test "BIND -a= and -r=: what is malformed is 510; another wish for the same address too" {
    start_vsapd
    run vsap_lines "$CONTROL" 'BIND 127.0.0.1:0 -a=10.0.0.0/33' 'BIND 127.0.0.1:0 -a=' \
        'BIND 127.0.0.1:0 -r=0' 'BIND 127.0.0.1:0 -x=1' \
        "BIND 127.0.0.1:0 -a=$(printf '10.0.0.%s,' {1..17} | sed 's/,$//')" \
        'BIND name:n -a=10.0.0.0/8 -r=5 -l=3' 'BIND name:n -a=10.0.0.0/8 -r=5' \
        'BIND name:n -r=5' QUIT
    assert [ "$(grep -c ' 510 ' <<<"$output")" = 6 ]
    assert [ "$(grep -c ' 210 ' <<<"$output")" = 2 ]
    assert_line --partial 'no more than 16 networks'
    assert_line --partial 'other -a= or -r='
}

@test "visitors wait where the owner has as many associations as he may" {
    cat >vsapd.conf <<'EOF'
listen on 127.0.0.1:0
permit from local { bind, connect, forward, stat } any
limit associations per user 1
EOF
    start_vsapd -f vsapd.conf
    start bind vsap-bind -s "$CONTROL" 127.0.0.1:0 cat </dev/null
    AT=$(wait_log bind.log 'listening on' | sed 's/.*listening on //; s/ .*//')
    session_open a "$AT"
    say a one
    assert_equal "$(hear a)" one
    session_open b "$AT"
    say b two
    # CONNECT is told; a visitor waits for the first to leave.
    run vsap_lines "$CONTROL" "CONNECT $AT" QUIT
    assert_line --partial 'too many: limit associations per user 1 (vsapd.conf): try again when some have ended'
    session_close a
    assert_equal "$(hear b)" two
}
