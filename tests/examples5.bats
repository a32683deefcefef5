#!/usr/bin/env bats
# The five examples of the mail of 1997, numbered as there, between hosts:
#
#	out 203.0.113.2 --- 203.0.113.1 firewall 10.77.1.1 --- 10.77.1.2 inside
#	                      and 10.77.2.1 --- 10.77.2.2 inside2
#	inside 10.77.3.1 --- 10.77.3.2 deep
#
# "target" is the host outside, which serves port 80.

load lib/common
load lib/load
load lib/netns

FIREWALL=10.77.1.1:8000

# The network, with a service on port 80 of the hosts that are named.
hosts() { # NAME...
    local name

    need_nets
    net_new firewall
    net_new out
    net_new inside
    net_join firewall 203.0.113.1 out 203.0.113.2
    net_join firewall 10.77.1.1 inside 10.77.1.2
    for name; do
        serve_at "$name"
    done
}

serve_at() { # NAME: its service says its name, and then is an echo
    net_start "$1" "echo.$1" echod -n "$1" :80
    wait_log "echo.$1.log" listening >/dev/null
}

# Say hello there from the host NAME; what comes back, on one line.
hello() { # NAME HOST PORT
    in_net "$1" sh -c 'echo hello | timeout 10 nc.openbsd -N "$1" "$2"' - \
        "$2" "$3" 3>&- 4>&- | tr '\n' ' '
}

# What the gateway answers to a line said from host NAME.
reply() { # NAME HOST PORT LINE
    printf '%s\r\nQUIT\r\n' "$4" |
        in_net "$1" timeout 10 nc.openbsd -N "$2" "$3" 3>&- 4>&- |
        tr -d '\r' | head -n 1
}

inside_server() { # [HOST [GATEWAY]]
    local host=${1:-inside}

    net_start "$host" "bind.$host" vsap-bind -s "${2:-$FIREWALL}" \
        -t 127.0.0.1:80 :8080
    wait_log "bind.$host.log" 'listening on 0.0.0.0:8080' >/dev/null
}

@test "0: a gateway that lets ports 8080-8081 be bound" {
    hosts
    net_vsapd firewall vsapd -l :8000 -b 8080-8081
    grep -q 'listening on 0.0.0.0:8000' vsapd.log
    # A port that the firewall chooses is one of them.
    run reply inside 10.77.1.1 8000 "BIND :0"
    assert_output --regexp '210 1 0\.0\.0\.0:808[01] bound'
    run reply inside 10.77.1.1 8000 "BIND :8080"
    assert_output 'VSAP/0.1 210 1 0.0.0.0:8080 bound.'
    run reply inside 10.77.1.1 8000 "BIND :8081"
    assert_output 'VSAP/0.1 210 1 0.0.0.0:8081 bound.'
    run reply inside 10.77.1.1 8000 "BIND :8082"
    assert_output --partial 'VSAP/0.1 410 forbidden: '
    run reply inside 10.77.1.1 8000 "BIND :0"
    assert_output 'VSAP/0.1 510 not bound :0: Address already in use: every port that may be bound'
    # It lets ports be bound, and nothing else, and not by strangers.
    run reply inside 10.77.1.1 8000 "CONNECT 203.0.113.2:80"
    assert_output --partial 'VSAP/0.1 410 forbidden: '
    run reply out 203.0.113.1 8000 "BIND :8080"
    assert_output ''
    wait_log vsapd.log '203.0.113.2: not admitted|not admitted'
}

@test "1: an inside client goes out through it" {
    hosts out
    net_vsapd firewall vsapd -l :8000 -b 8080-8081 -c '203.0.113.2:80'
    net_start inside relay vsap-relay -l 127.0.0.1:8080 -s "$FIREWALL" \
        203.0.113.2:80
    wait_log relay.log 'listening on 127.0.0.1:8080'
    assert_equal "$(hello inside 127.0.0.1 8080)" 'out hello '
    assert_equal "$(hello inside 127.0.0.1 8080)" 'out hello '
    got=$(echo hello | in_net inside vsap-connect -s "$FIREWALL" \
        203.0.113.2 80 3>&- 4>&-)
    assert_equal "$got" "$(printf 'out\nhello')"
    # Only there.
    run in_net inside vsap-connect -s "$FIREWALL" 203.0.113.2 81
    assert_failure 100
    assert_output --partial '410 forbidden'
}

@test "2: an inside server is published on it" {
    hosts inside
    net_vsapd firewall vsapd -l :8000 -b 8080-8081
    inside_server
    assert_equal "$(hello out 203.0.113.1 8080)" 'inside hello '
    # Its address outside is the gateway's: the service itself is not.
    run in_net out nc.openbsd -z -w 1 10.77.1.2 80
    assert_failure
}

@test "3: load balancing: the same command on several inside hosts" {
    hosts inside
    net_new inside2
    net_join firewall 10.77.2.1 inside2 10.77.2.2
    serve_at inside2
    net_vsapd firewall vsapd -l :8000 -b 8080-8081
    inside_server
    inside_server inside2 10.77.2.1:8000
    LOAD=$(net_words out) load_start visitors -g -r 100 -t 6 203.0.113.1:8080
    load_more visitors 50
    # One is switched off, with no word to anybody.
    net_cut inside2 firewall
    load_more visitors 50
    load_end visitors
    [ "$(load_from visitors inside)" -gt 20 ]
    [ "$(load_from visitors inside2)" -gt 5 ]
    assert_equal "$(sed -n '/^lost/{/before the/!p}' visitors.log)" ''
    [ "$LOST" -le 16 ]
}

@test "4: several hops: a gateway inside whose upstream is the firewall" {
    hosts
    net_new deep
    net_join inside 10.77.3.1 deep 10.77.3.2
    serve_at deep
    serve_at out
    net_vsapd firewall vsapd -l :8000 -b 8080-8081 -c 203.0.113.2:80
    net_vsapd inside internalA -l :8000 -r "$FIREWALL"
    inside_server deep 10.77.3.1:8000
    assert_equal "$(hello out 203.0.113.1 8080)" 'deep hello '
    # And out again the same way.
    got=$(echo hello | in_net deep vsap-connect -s 10.77.3.1:8000 \
        203.0.113.2 80 3>&- 4>&-)
    assert_equal "$got" "$(printf 'out\nhello')"
    # What the firewall forbids its hop cannot permit.
    run reply deep 10.77.3.1 8000 "BIND :8082"
    assert_output --partial 'VSAP/0.1 410 forbidden'
}

@test "4: several hops: a plain vsap-relay as the hop" {
    hosts
    net_new deep
    net_join inside 10.77.3.1 deep 10.77.3.2
    serve_at deep
    net_vsapd firewall vsapd -l :8000 -b 8080-8081
    net_start inside hop vsap-relay -l :8000 "$FIREWALL"
    wait_log hop.log 'listening on 0.0.0.0:8000'
    inside_server deep 10.77.3.1:8000
    assert_equal "$(hello out 203.0.113.1 8080)" 'deep hello '
}

@test "and the mail's rendezvous: BIND /tmp/dgsock1, CONNECT /tmp/dgsock1" {
    hosts inside
    net_vsapd firewall vsapd -l :8000 -b 8080-8081 \
        -b '/tmp/*' -c '/tmp/*'
    net_start inside bind vsap-bind -s "$FIREWALL" -t 127.0.0.1:80 \
        /tmp/dgsock1
    wait_log bind.log 'listening on /tmp/dgsock1'
    run reply inside 10.77.1.1 8000 "CONNECT /tmp/dgsock1"
    assert_output 'VSAP/0.1 240 1 /tmp/dgsock1 /tmp/dgsock1 connected.'
    got=$(echo hello | in_net inside vsap-connect -s "$FIREWALL" \
        /tmp/dgsock1 3>&- 4>&-)
    assert_equal "$got" "$(printf 'inside\nhello')"
    # A name beneath the gateway's own root, not a file of the machine's.
    [ ! -e /tmp/dgsock1 ]
    run reply inside 10.77.1.1 8000 "BIND /etc/x"
    assert_output --partial 'VSAP/0.1 410 forbidden: '
}
