#!/usr/bin/env bats
# Hosts that vanish without a word: what is sent to them is lost, nothing
# comes back.  In network namespaces.

load lib/common
load lib/load
load lib/netns

# A gateway in a namespace, and a vsap-bind with a pool of 8 on another host,
# that asks first for every visitor.  Sets BOUND.
far_pool() { # vsap-bind's arguments
    need_nets
    net_new gw
    net_new far
    net_join gw 10.77.1.1 far 10.77.1.2
    net_vsapd gw vsapd -l 10.77.1.1:8000 -l 127.0.0.1:8000 -b 1024-65535
    net_start far far_echo echod 10.77.1.2:7
    wait_log far_echo.log listening
    net_start far far vsap-bind -s 10.77.1.1:8000 -N 8 -p 5 "$@"
    BOUND=$(listening_on far.log)
    wait_for 10 waiting_at "$BOUND" 8
}

# Another one, on the gateway's own host.
near_pool() {
    net_start gw near_echo echod -n near
    SERVICE=$(listening_on near_echo.log)
    net_start gw near vsap-bind -s 127.0.0.1:8000 -t "$SERVICE" "$BOUND"
    listening_on near.log >near.at
    wait_for 10 waiting_at "$BOUND" 12
}

@test "behind a black-holed pool of 8 the next is served within 2 seconds" {
    far_pool -t 10.77.1.2:7 :8080
    near_pool
    net_cut far gw
    LOAD=$(net_words gw) load_start visitors -g -r 50 -c 200 127.0.0.1:8080
    load_more visitors 50
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
    grep -q '230 not acknowledged: visitor taken back' "$VSAPD_LOG"
}

@test "one visitor taken back is enough to know a black-holed host" {
    far_pool -t 10.77.1.2:7 :8080
    near_pool
    net_cut far gw
    LOAD=$(net_words gw) load_start visitors -g -c 1 127.0.0.1:8080
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
    assert_equal "$(log_count "$VSAPD_LOG" 'not acknowledged')" 1
}

@test "a host that vanishes between 230 and RELAY: the next one is served" {
    # Its service does not answer at first, so RELAY is not said at once.
    far_pool -v -t 10.77.1.3:7 :8080
    near_pool
    in_net far ip neigh add 10.77.1.3 lladdr 02:00:00:00:00:01 dev to-gw
    net_start gw v visits -g -n 1 127.0.0.1:8080
    wait_log far.log 'comes by 10.77.1.1:8000'
    net_cut far gw
    LOAD=$(net_words gw) load_start visitors -g 127.0.0.1:8080
    wait_log v.log '^1 ok, 0 lost'
    grep -q '^from near 1' v.log
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 7000 ]
}

@test "a host that vanishes in mid-stream is probed, and the others go on" {
    far_pool -t 10.77.1.2:7 :8080
    net_start gw v visits -k -n 2 127.0.0.1:8080
    wait_log v.log '^2 alive'
    near_pool
    net_cut far gw
    LOAD=$(net_words gw) load_start visitors -g 127.0.0.1:8080
    load_end visitors
    assert_equal "$LOST" 0
    [ "$SLOWEST" -lt 2000 ]
    # Both streams are there, and the kernel asks for the peer after 30 s.
    run in_net gw ss -Htno state established src 10.77.1.1:8000
    echo "$output" | grep -cE 'timer:\((keepalive|on),' | grep -qx 2
}

@test "a host that is silent is asked whether it lives, on every connection" {
    far_pool -t 10.77.1.2:7 :8080
    net_start gw v visits -k -n 2 10.77.1.1:8080
    wait_log v.log '^2 alive'
    # The service's own end is its own business, and so is the visitor's.
    for net in gw far; do
        run in_net "$net" ss -Htno state established '( not sport = :7 )' \
            and not dst 127.0.0.1
        assert_line --partial ':8000'
        refute_line --regexp ':8000 [^t]*$'
        refute_line --regexp '10.77.1.2:7 [^t]*$'
        refute_line --regexp '\]:8080 [^t]*$'
    done
}
