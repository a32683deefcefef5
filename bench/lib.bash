# What the topics share: starting and ending relays, free ports, recording.
# Sourced by bench/run, which sets B, TMP, ROUNDS.  bash.

declare -A PEER PORT PID
STARTED=()

have() { # NAME...: all of them can be run
    local n
    for n; do
        case $n in
        vsapd | vsap-*) [ -x "$B/$n" ] || return 1 ;;
        *) [ -n "${PEER[$n]:-}" ] || return 1 ;;
        esac
    done
}

skip() {
    echo "bench: $TOPIC: $*: skipped" >&2
    echo "$TOPIC: $*" >>"$TMP/skipped"
}

ports() { # VARIABLE...: a free port into each
    local free_port
    for free_port in $("$G/ports" $#); do
        printf -v "$1" %s "$free_port"
        shift
    done
}

until_ok() { # SECONDS COMMAND...: again and again until it succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@" 2>/dev/null; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.02
    done
}

# Without connecting: a peer would carry the connection on.
listens() { # PORT
    grep -qsi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F:]* 0A" \
        /proc/self/net/tcp /proc/self/net/tcp6
}

# Start COMMAND as series NAME; it serves PORT.  PIN=n holds it to one core.
start() { # NAME PORT COMMAND...
    local name=$1 port=$2
    shift 2
    if [ -n "${PIN:-}" ]; then
        taskset -c "$PIN" "$@" >"$TMP/$name.log" 2>&1 </dev/null &
    else
        "$@" >"$TMP/$name.log" 2>&1 </dev/null &
    fi
    PID[$name]=$!
    STARTED+=($!)
    PORT[$name]=$port
    if [ "$port" != 0 ] && ! until_ok 10 listens "$port"; then
        unset "PORT[$name]"
        skip "$name does not listen: $(tail -n 1 "$TMP/$name.log")"
        return 1
    fi
}

# SERVERCORE and LOADCORE, for servers and load generators.
two_cores() {
    local cores
    cores=($(taskset -cp $$ | sed 's/.*: //; s/[,-]/ /g'))
    [ ${#cores[@]} -gt 1 ] || { skip "one core only"; return 1; }
    SERVERCORE=${cores[0]}
    LOADCORE=${cores[-1]}
}

# The processes that descend from PID, and PID.
tree() { # PID
    local c
    for c in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
        tree "$c"
    done
    echo "$1"
}

stop_all() {
    local p all=
    for p in "${STARTED[@]}"; do
        all="$all $(tree "$p")"
    done
    STARTED=()
    PORT=()
    PID=()
    [ -z "$all" ] || kill $all 2>/dev/null
    wait 2>/dev/null
    for p in $all; do
        until_ok 3 eval "! kill -0 $p" || kill -9 "$p" 2>/dev/null
    done
}

# --- the relays, each as a forwarder from 127.0.0.1:PORT to a target -----

start_vsap_relay() { # NAME TARGETPORT
    local p
    have vsap-relay || { skip "vsap-relay is not built"; return 1; }
    ports p
    start "$1" "$p" "$B/vsap-relay" -l "127.0.0.1:$p" "127.0.0.1:$2"
}

start_bare() { # NAME TARGETPORT
    local p
    ports p
    start "$1" "$p" "$G/bare_splice" "$p" 127.0.0.1 "$2"
}

start_socat() { # NAME TARGETPORT BLOCK
    local p
    have socat || return
    ports p
    start "$1" "$p" "${PEER[socat]}" -b "$3" \
        "tcp4-listen:$p,bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=1024" \
        "tcp4:127.0.0.1:$2,nodelay"
}

start_haproxy() { # NAME TARGETPORT
    local p
    have haproxy || return
    ports p
    cat >"$TMP/$1.cfg" <<END
global
    nbthread 1
    maxconn 4000
    tune.pipesize 1048576
defaults
    mode tcp
    option splice-auto
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen f
    bind 127.0.0.1:$p backlog 4096
    server s 127.0.0.1:$2
END
    start "$1" "$p" "${PEER[haproxy]}" -db -q -f "$TMP/$1.cfg"
}

start_nginx() { # NAME TARGETPORT BUFFER
    local p module
    have nginx || return
    ports p
    module=$(find "$B/peers/root" /usr/lib/nginx -name ngx_stream_module.so \
        2>/dev/null | head -n 1)
    cat >"$TMP/$1.cfg" <<END
${module:+load_module $module;}
daemon off;
$([ "$(id -u)" != 0 ] || echo "user $(id -un) $(id -gn);")
worker_processes 1;
pid $TMP/$1.pid;
error_log $TMP/$1.err;
events { worker_connections 8192; }
stream {
    server {
        listen 127.0.0.1:$p backlog=4096;
        proxy_pass 127.0.0.1:$2;
        proxy_buffer_size $3;
        proxy_timeout 1h;
        tcp_nodelay on;
    }
}
END
    start "$1" "$p" "${PEER[nginx]}" -p "$TMP" -e "$TMP/$1.err" \
        -c "$TMP/$1.cfg"
}

# One sshd and one ssh -R; the processes of both are the relay.
start_ssh() { # NAME TARGETPORT
    local p d
    have ssh sshd || return
    ports d p
    rm -f "$TMP/$1".{host,key}*
    ssh-keygen -q -t ed25519 -N '' -f "$TMP/$1.host" </dev/null &&
        ssh-keygen -q -t ed25519 -N '' -f "$TMP/$1.key" </dev/null &&
        cp "$TMP/$1.key.pub" "$TMP/$1.keys" || return
    cat >"$TMP/$1.cfg" <<END
ListenAddress 127.0.0.1:$d
HostKey $TMP/$1.host
PidFile none
AuthorizedKeysFile $TMP/$1.keys
PermitRootLogin yes
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
END
    start "$1.sshd" "$d" "${PEER[sshd]}" -D -e -f "$TMP/$1.cfg" &&
        start "$1" "$p" "${PEER[ssh]}" -F none -N -p "$d" \
            -c aes128-gcm@openssh.com -i "$TMP/$1.key" \
            -o ExitOnForwardFailure=yes -o StrictHostKeyChecking=no \
            -o UserKnownHostsFile=/dev/null -o BatchMode=yes \
            -R "127.0.0.1:$p:127.0.0.1:$2" 127.0.0.1
}

# --- gateways ---------------------------------------------------------------

start_microsocks() { # NAME
    local p
    have microsocks || return
    ports p
    start "$1" "$p" "${PEER[microsocks]}" -i 127.0.0.1 -p "$p"
}

# It logs nothing but errors.  One "mother" is as many as it starts by itself.
start_danted() { # NAME
    local p
    have danted || return
    ports p
    cat >"$TMP/$1.cfg" <<END
errorlog: stderr
internal: 127.0.0.1 port = $p
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: $(id -un)
user.unprivileged: $(id -un)
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 command: connect }
END
    start "$1" "$p" "${PEER[danted]}" -N 1 -f "$TMP/$1.cfg" -p "$TMP/$1.pid"
}

# A gateway of its own run directory; its TCP control port is PORT.
start_vsapd() { # NAME OPTION...
    local p name=$1
    shift
    have vsapd vsap-relay || { skip "vsapd is not built"; return 1; }
    ports p
    mkdir -p "$TMP/$name.run"
    start "$name" "$p" "$B/vsapd" -R "$TMP/$name.run" \
        -l "127.0.0.1:$p" -l "$TMP/$name.run/vsapd.sock" "$@"
}

# The same by a configuration on standard input; @PORT@ in it is its port.
start_vsapd_conf() { # NAME
    local p
    have vsapd vsap-relay || { skip "vsapd is not built"; return 1; }
    ports p
    mkdir -p "$TMP/$1.run"
    (umask 077 && sed "s|@PORT@|$p|" >"$TMP/$1.conf")
    start "$1" "$p" "$B/vsapd" -R "$TMP/$1.run" -f "$TMP/$1.conf"
}

# --- TLS in front of a plain target ---------------------------------------

# One certificate for all, and what generators offer: one suite.
tls_files() { # [KEY OPTION...]
    [ $# -gt 0 ] || set -- rsa:2048
    openssl req -x509 -newkey "$@" -nodes -days 30 -subj /CN=localhost \
        -keyout "$TMP/key.pem" -out "$TMP/cert.pem" 2>"$TMP/openssl.err" ||
        { skip "no certificate: $(tail -n 1 "$TMP/openssl.err")"; return 1; }
    (umask 077 && cat "$TMP/cert.pem" "$TMP/key.pem" >"$TMP/both.pem")
    cat >"$TMP/openssl.cnf" <<END
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = defaults
[defaults]
Ciphersuites = TLS_AES_128_GCM_SHA256
END
}

start_relay_tls() { # NAME TARGETPORT
    local p
    have vsap-relay || { skip "vsap-relay is not built"; return 1; }
    ports p
    start "$1" "$p" "$B/vsap-relay" -l "tls:127.0.0.1:$p" \
        --cert="$TMP/cert.pem" --key="$TMP/key.pem" "127.0.0.1:$2"
}

start_haproxy_tls() { # NAME TARGETPORT BUFSIZE
    local p
    have haproxy || return
    ports p
    cat >"$TMP/$1.cfg" <<END
global
    nbthread 1
    maxconn 4000
    tune.bufsize $3
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen f
    bind 127.0.0.1:$p backlog 4096 ssl crt $TMP/both.pem
    server s 127.0.0.1:$2
END
    start "$1" "$p" "${PEER[haproxy]}" -db -q -f "$TMP/$1.cfg"
}

start_stunnel() { # NAME TARGETPORT
    local p
    have stunnel4 || return
    ports p
    cat >"$TMP/$1.cfg" <<END
foreground = yes
pid =
debug = err
[f]
accept = 127.0.0.1:$p
connect = 127.0.0.1:$2
cert = $TMP/both.pem
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
END
    start "$1" "$p" "${PEER[stunnel4]}" "$TMP/$1.cfg"
}

# A service published at a free port of the gateway GATEWAY.
start_published() { # NAME GATEWAY SERVER TARGET OPTION...
    local p name=$1 gateway=$2 server=$3 target=$4
    shift 4
    have vsap-bind || { skip "vsap-bind is not built"; return 1; }
    [ -n "${PORT[$gateway]:-}" ] || return
    ports p
    start "$name" "$p" "$B/vsap-bind" -s "$server" -t "$target" "$@" \
        "127.0.0.1:$p"
}

# --- recording ------------------------------------------------------------

# The line "KEY value KEY value ..." of a generator into the raw file.
# SUFFIX is appended to the keys.
record() { # SERIES ROUND WORDS...
    local series=$1 round=$2
    shift 2
    while [ $# -ge 2 ]; do
        printf '%s\t%s\t%s\t%s\t%s\n' "$TOPIC" "$1${SUFFIX:-}" "$series" \
            "$round" "$2"
        shift 2
    done >>"$RAW"
}

# Run a generator for SERIES in this ROUND, LIMIT seconds at most; a failure
# is told and left out.
measure() { # SERIES COMMAND...
    local series=$1 out
    shift
    if out=$(timeout "${LIMIT:-90}" "$@" 2>"$TMP/$series.err"); then
        record "$series" "$ROUND" $out
    else
        echo "bench: $TOPIC: $series:" \
            "$(tail -n 1 "$TMP/$series.err")" >&2
        echo "$TOPIC: $series failed in round $ROUND" >>"$TMP/skipped"
    fi
}

# Is SERIES running?
up() {
    [ -n "${PORT[$1]:-}" ]
}

rounds() { # FUNCTION: once each round, so that the series are interleaved
    for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
        "$1"
    done
}
