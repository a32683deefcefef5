#!/usr/bin/env bats
# Load: many bytes, many streams, and peers that do as little as they can.

load lib/common
load lib/load

# ---- bytes ---------------------------------------------------------------

# Three gateways, each behind the one before, the outermost first: sets OUTER
# and INNER, where vsap-bind goes.
chain_of_three() {
    start_vsapd
    OUTER=$CONTROL OUTER_LOG=$VSAPD_LOG
    VSAPD_NAME=middle start_vsapd -r "$OUTER"
    VSAPD_NAME=inner start_vsapd -r "$CONTROL"
    INNER=$CONTROL
}

# So many bytes both ways at once from a visitor at BOUND to a service.
both_ways() { # BYTES
    pattern -n "$1" "$BOUND" 3>&- 4>&- || {
        cat service.log
        return 1
    }
    wait_log service.log 'bytes each way'
}

@test "1 GiB both ways at once through three hops, every byte checked" {
    chain_of_three
    bytes=$(scaled 1073741824 33554432)
    start service pattern -l -x -n "$bytes" </dev/null
    AT=$INNER publish one -t "$(listening_on service.log)" 127.0.0.1:0
    both_ways "$bytes"
    wait_log "$OUTER_LOG" "end: $bytes bytes in, $bytes out"
}
