# The clients in examples/: sh with nc, and perl.  Each one connects, and
# serves a visitor, through a gateway; and they reach each other.

load lib/common

CLIENTS="sh pl"

client() { # sh|pl, arguments
    local kind=$1

    shift
    case $kind in
    sh) VSAP_SERVER=$CONTROL sh "$ROOT/examples/vsap-client.sh" "$@" ;;
    pl) VSAP_SERVER=$CONTROL perl "$ROOT/examples/vsap-client.pl" "$@" ;;
    esac
}

# Publish by client KIND; its input is "from KIND", its output goes to
# published.out.  Sets BOUND.
publish() { # KIND ADDRESS
    echo "from $1" >published.in
    client "$1" bind "$2" <published.in >published.out 2>published.log \
        3>&- 4>&- &
    PUBLISHED=$!
    STARTED+=("$!")
    BOUND=$(bound_on published.log)
    wait_log published.log '220 listen ok'
}

@test "each publishes a port: a visitor's bytes, and the answer" {
    need nc perl
    start_vsapd
    for kind in $CLIENTS; do
        publish "$kind" 127.0.0.1:0
        run timeout 20 nc.openbsd -N "${BOUND%:*}" "${BOUND##*:}" <<<visitor
        assert_output "from $kind"
        wait_for 10 is_gone "$PUBLISHED"
        assert_equal "$(cat published.out)" visitor
        grep -q '^VSAP/0.1 230 1 ' published.log
    done
}

@test "each connects: to what each has published" {
    need nc perl
    start_vsapd
    for kind in $CLIENTS; do
        for other in $CLIENTS; do
            publish "$kind" name:service
            wait_for 10 grep -q '220' published.log
            run timeout 20 bash -c "
                ROOT=$ROOT CONTROL=$CONTROL
                $(declare -f client)
                echo hello | client $other connect name:service 2>/dev/null"
            assert_output "from $kind"
            wait_for 10 is_gone "$PUBLISHED"
            assert_equal "$(cat published.out)" hello
        done
    done
}

@test "each carries bytes of every kind" {
    need nc perl
    head -c 3000000 /dev/urandom >big
    start_vsapd
    for kind in $CLIENTS; do
        start "service.$kind" vsap-bind -s "$CONTROL" "name:$kind" cat
        wait_for 10 client "$kind" connect "name:$kind" </dev/null
        client "$kind" connect "name:$kind" <big >back 2>/dev/null
        cmp big back
    done
}

@test "each says what the gateway answered when it refuses" {
    need nc perl
    start_vsapd
    for kind in $CLIENTS; do
        run client "$kind" connect 127.0.0.1:1 </dev/null
        assert_failure
        assert_output --partial '540 cannot connect 127.0.0.1:1'
        run client "$kind"
        assert_failure
        assert_output --partial 'usage: '
        CONTROL=127.0.0.1:1 run client "$kind" connect h:1 </dev/null
        assert_failure
        assert_output --partial '127.0.0.1:1'
    done
}

@test "they are as short as the mail promises" {
    for kind in $CLIENTS; do
        run grep -cv '^ *$' "$ROOT/examples/vsap-client.$kind"
        [ "$output" -le 45 ]
    done
}
