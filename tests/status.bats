# STAT, STAT -j, Prometheus and SIGUSR1.

load lib/common

# A stream through the gateway that stands: cat behind a published port.
stream() {
    start bind vsap-bind -s "$CONTROL" 127.0.0.1:0 cat </dev/null
    AT=$(wait_log bind.log 'listening on' | sed 's/.*listening on //; s/ .*//')
    session_open v "$AT"
    say v hello
    assert_equal "$(hear v)" hello
}

json() { # EXPRESSION of j
    printf 'STAT -j\r\nQUIT\r\n' | timeout 10 nc.openbsd -N "${CONTROL%:*}" "${CONTROL##*:}" |
        sed -n 's/^VSAP.0.1 200 {/{/p' | python3 -c "import json, sys
j = json.load(sys.stdin)
print($1)"
}

@test "STAT: what is bound with its acceptors, streams with bytes and rates" {
    start_vsapd
    stream
    run vsap_lines "$CONTROL" STAT QUIT
    assert_line --regexp "bound $AT by anonymous: sessions [0-9]+, acceptors waiting [0-9]+, .* queue 0, longest wait [0-9]+ s"
    assert_line --regexp "stream s[0-9]+ by anonymous: [0-9]+ s, in [1-9][0-9]* B at [0-9]+ B/s, out [1-9][0-9]* B at [0-9]+ B/s: $AT 127\.0\.0\.1:"
}

@test "STAT -j: the same for programs" {
    start_vsapd
    stream
    run json 'j["bound"][0]["address"], j["bound"][0]["owner"], j["bound_left_out"]'
    assert_output "$AT anonymous 0"
    run json 'j["relayed"][0]["in"], j["relayed"][0]["out"], j["relayed"][0]["tls"], j["streams"]'
    assert_output '7 7 False 1'
    run json 'sorted(j["totals"])[:3], j["refused_by_limit"]'
    assert_output "['accepted', 'binds', 'bytes'] {}"
}

@test "a rate is that of now" {
    start_vsapd
    start bind vsap-bind -s "$CONTROL" 127.0.0.1:0 cat /dev/zero </dev/null
    AT=$(wait_log bind.log 'listening on' | sed 's/.*listening on //; s/ .*//')
    start sink nc.openbsd -d 127.0.0.1 "${AT##*:}" </dev/null
    mv sink.log sink.data
    fast() { [ "$(json 'int(j["relayed"][0]["in_rate"] > 1000)')" = 1 ]; }
    wait_for 10 fast
}

@test "Prometheus: text that its own parser takes, on a listener of its own" {
    cat >vsapd.conf <<'EOF'
listen on 127.0.0.1:0
listen on 127.0.0.1:0 metrics
permit from local { bind, connect, forward, stat } any
EOF
    start_vsapd -f vsapd.conf
    local metrics
    metrics=$(listening_on "$VSAPD_LOG" 2)
    stream
    curl -sS --max-time 10 -D head -o text "http://$metrics/metrics"
    grep -q '^Content-Type: text/plain; version=0.0.4' head
    run env PYTHONPATH=/usr/lib/python3/dist-packages python3 -c '
from prometheus_client.parser import text_string_to_metric_families as parse
m = {s.name: s.value for f in parse(open("text").read()) for s in f.samples if not s.labels}
n = sum(1 for f in parse(open("text").read()) for s in f.samples if s.labels)
print(int(m["vsapd_streams"]), int(m["vsapd_bound_addresses"]), m["vsapd_relayed_bytes_total"] >= 12,
      m["vsapd_sessions_total"] >= 1, n > 10)'
    assert_output '1 1 True True True'
    run curl -sS --max-time 10 -o /dev/null -w '%{http_code}' "http://$metrics/"
    assert_output 404
    run curl -sS --max-time 10 -o /dev/null -w '%{http_code}' -d x "http://$metrics/metrics"
    assert_output 405
    run curl -sS --max-time 10 -I "http://$metrics/metrics"
    assert_line --partial '200 OK'
    # Nothing else is spoken there, and no figures elsewhere.
    run vsap_lines "$metrics" 'ECHO x' QUIT
    refute_line --partial '] x'
    run curl -sS --max-time 10 -o /dev/null -w '%{http_code}' "http://$CONTROL/metrics"
    assert_output 405
}

@test "Prometheus: nothing for those whom no rule permits it" {
    cat >vsapd.conf <<'EOF'
listen on 127.0.0.1:0 metrics
permit from 192.0.2.1 stat
EOF
    start_vsapd -f vsapd.conf
    run curl -sS --max-time 10 -w '%{http_code}' "http://$CONTROL/metrics"
    assert_line --partial 'no rule permits it'
    assert_line --partial 403
}

@test "STAT of who may not: his own alone" {
    cat >vsapd.conf <<'EOF'
listen on 127.0.0.1:0
permit { bind, connect, forward } any
EOF
    start_vsapd -f vsapd.conf
    start other vsap-bind -s "$CONTROL" name:mine cat </dev/null
    wait_log other.log 'listening on'
    run vsap_lines "$CONTROL" STAT QUIT
    assert_line --partial 'bound name:mine by anonymous'
    cat >vsapd.conf <<EOF
listen on 127.0.0.1:0
listen on $PWD/x.sock
permit { bind, connect, forward } any
EOF
    VSAPD_NAME=second start_vsapd -f vsapd.conf
    start third vsap-bind -s "$PWD/x.sock" name:theirs cat </dev/null
    wait_log third.log 'listening on'
    run vsap_lines "$CONTROL" STAT QUIT
    refute_line --partial 'name:theirs'
}

@test "SIGUSR1: the status goes to the log" {
    start_vsapd
    stream
    kill -USR1 "$VSAPD_PID"
    wait_log "$VSAPD_LOG" 'status: up [0-9]+ s, .* 1 streams'
    wait_log "$VSAPD_LOG" "status: bound $AT by anonymous: [0-9]+ sessions, [0-9]+ waiting, queue 0 of [0-9]+$"
    wait_log "$VSAPD_LOG" "status: stream s[0-9]+ by anonymous: [0-9]+ s, in 7 B at [0-9]+ B/s, out 7 B at [0-9]+ B/s: $AT 127.0.0.1:[0-9]+$"
    refute grep -q 'refused by limit' "$VSAPD_LOG"
    assert_alive
}

@test "SIGUSR1: what limits refused; of many addresses and streams so many lines" {
    local i n
    start_vsapd_with_limit
    start echo echod
    ECHO=$(listening_on "$LOG")
    export ECHO
    for ((i = 0; i < 251; i++)); do
        n=$((i / 50))
        [ $((i % 50)) != 0 ] || echo "open B$n \$CONTROL"
        echo "say B$n BIND name:n$i"
        echo "hear B$n .* $([ "$i" = 250 ] && echo 510 || echo 210) .*"
    done >steps
    for ((i = 0; i < 205; i++)); do
        echo "open S$i \$CONTROL"
        echo "send S$i CONNECT \$ECHO\\r\\nRELAY\\r\\n"
        echo "hear S$i .* 240 .*"
    done >>steps
    cat >>steps <<'END'
stat $CONTROL up .*, streams 205, .*
run kill -USR1 $VSAPD_PID
wait grep -q 'status: and 5 more streams$' vsapd.log
END
    talk 30 <steps
    wait_log "$VSAPD_LOG" 'status: and 50 more bound$'
    assert_equal "$(log_count "$VSAPD_LOG" 'status: bound name:n[0-9]+ by anonymous')" 200
    assert_equal "$(log_count "$VSAPD_LOG" 'status: stream s[0-9]+ by anonymous')" 200
    wait_log "$VSAPD_LOG" 'status: refused by limit binds per user: 1$'
}

start_vsapd_with_limit() {
    cat >vsapd.conf <<'EOF'
listen on 127.0.0.1:0
permit from local { bind, connect, stat } any
limit binds per user 250
EOF
    start_vsapd -f vsapd.conf
}
