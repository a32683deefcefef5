#!/usr/bin/env bats
# The recipes of README.md, run for real, and those of the manual pages that it
# names.  The commands are taken from the text behind "<!-- recipe NAME -->",
# or from a page's examples; only what a test must not use is replaced: ports,
# host names and the run directory.

load lib/common

setup() {
    vsap_setup
    RUNS=0
    : >ports
}

# ---- from the text to commands that can run --------------------------------

# The block behind the comment, without its fences.
recipe() { # NAME
    awk -v mark="<!-- recipe $1 -->" '
        $0 == mark { found = 1; next }
        found && /^```/ { if (inside++) exit; next }
        inside { print }' "$ROOT/README.md" | grep . || {
        echo "README.md has no recipe $1" >&2
        return 1
    }
}

# The first example of a manual page that has the text: the lines of a literal
# block, or one line behind a prompt.
manual() { # PAGE TEXT
    sed 's/\\e/\\/g; s/^\.Dl /.Bd -literal\n/' "$ROOT/man/$1" |
        awk -v text="$2" '
            /^\.Bd -literal/ { block = ""; inside = 1; next }
            inside && /^\./ {
                if (index(block, text)) { printf "%s", block; exit }
                inside = 0
            }
            inside { block = block $0 "\n" }' | grep . || {
        echo "$1 has no example with $2" >&2
        return 1
    }
}

# A free port for each "host:port" of the text, the same one each time.
port_for() { # HOST:PORT
    local port

    port=$(sed -n "s/^$1 //p" ports)
    if [ -z "$port" ]; then
        port=$(free_port)
        echo "$1 $port" >>ports
    fi
    echo "$port"
}

# The text's names and ports in one command of HOST.
translate() { # HOST COMMAND
    local cmd=$2 name

    # Listeners are the host's own; a bound ":port" is the gateway's.
    cmd=$(sed -E "s/-l (127\.0\.0\.1)?:([0-9]+)/-l $1:\2/g
        s/ :([0-9]+)/ firewall:\1/g
        s/(localhost|127\.0\.0\.1):([0-9]+)/$1:\2/g
        s/nc localhost ([0-9]+)/nc $1:\1/
        s/ target ([0-9]+)/ target:\1/" <<<"$cmd")
    cmd=${cmd//8080-8081/$(port_for firewall:8080),$(port_for firewall:8081)}
    cmd=${cmd//-b 6667/-b $(port_for firewall:6667)}
    for name in $(grep -oE '[[:alpha:]]+:[0-9]+' <<<"$cmd" | sort -ru); do
        cmd=${cmd//$name/127.0.0.1:$(port_for "$name")}
    done
    cmd=$(sed "s|/run/vsapd|$BATS_TEST_TMPDIR/run|g
        s|/run/ircd-lite|$BATS_TEST_TMPDIR/irc|g; s/ -g vsap//
        s| ircd-lite -i| ircd-lite -R $BATS_TEST_TMPDIR/irc -i|
        s/nc 127.0.0.1:/nc 127.0.0.1 /" <<<"$cmd")
    case $cmd in
    "vsapd"*" -l "*)
        # Each gateway has a run directory of its own.
        RUNS=$((RUNS + 1))
        cmd="vsapd -R $BATS_TEST_TMPDIR/run$RUNS ${cmd#vsapd }"
        ;;
    "vsapd "*) # the default listeners
        cmd="-l $BATS_TEST_TMPDIR/run/vsapd.sock ${cmd#vsapd }"
        cmd="vsapd -R $BATS_TEST_TMPDIR/run -l 127.0.0.1:0 $cmd"
        ;;
    ircd-lite)
        # No other machine's configuration; else as without one.
        echo '# built in' >irc.conf
        cmd="ircd-lite -R $BATS_TEST_TMPDIR/irc -f $PWD/irc.conf"
        cmd+=" -l 127.0.0.1:$(port_for "$1:6667")"
        ;;
    "ssh "*)
        cmd=$(sed -E 's/^ssh /ssh_as_user /
            s/ (target|firewall)$/ 127.0.0.1/' <<<"$cmd")
        ;;
    esac
    printf '%s\n' "$cmd"
}

ssh_as_user() {
    "${SSH[@]}" -p "$SSHD_PORT" "$@"
}

# Run the commands of a recipe: what goes on is started and waited for; of
# the others the output comes on standard output.  What is in recipe.NAME
# already is that recipe.
cook() { # NAME
    local line host cmd n=0

    [ -s "recipe.$1" ] || recipe "$1" >"recipe.$1"
    while IFS= read -r line <&9; do
        [[ $line =~ ^([[:alpha:]]+)\$\ (.*)$ ]] || continue
        host=${BASH_REMATCH[1]}
        translate "$host" "${BASH_REMATCH[2]}" >translated
        cmd=$(<translated)
        n=$((n + 1))
        echo "# $host: $cmd" >>cooked.log
        case $cmd in
        "vsapd "* | "vsap-bind "* | "vsap-relay -l "* | "ircd-lite -R "*)
            start "$1-$n" bash -c "exec $cmd" </dev/null
            wait_log "$LOG" 'listening on' >/dev/null
            ;;
        *" -N -L "*)
            start "$1-$n" "${SSH[@]}" -p "$SSHD_PORT" \
                ${cmd#ssh_as_user } </dev/null
            wait_listen "$(grep -oE -- '-L [0-9.:]+' <<<"$cmd" |
                sed 's/-L //; s/:$//')"
            ;;
        "ssh_as_user "*) eval "$cmd true" </dev/null && echo "ssh is through" ;;
        "nc "* | "irssi "*) ;; # typed by the test
        *) eval "timeout 20 $cmd" </dev/null ;;
        esac
    done 9<"recipe.$1"
}

# A web server at the port that the text calls HOST:80.
web_server() { # HOST...
    local host

    for host; do
        mkdir -p "www.$host"
        echo "page of $host" >"www.$host/index.html"
        start "web-$host" python3 -m http.server -b 127.0.0.1 \
            -d "www.$host" "$(port_for "$host:80")" </dev/null
    done
    for host; do
        wait_listen "127.0.0.1:$(port_for "$host:80")"
    done
}

visit() { # the published page, once
    curl -sS --max-time 10 "http://127.0.0.1:$(port_for firewall:8080)/"
}

page_is() { # TEXT
    [ "$(visit)" = "$1" ]
}

# ---- the recipes -----------------------------------------------------------

@test "recipe 1: an inside client goes out" {
    need curl
    web_server target
    run cook 1
    assert_success
    assert_line "page of target"
    assert_line --partial "200 OK"
    # By the relay and by vsap-connect.
    [ "$(grep -c 'page of target' <<<"$output")" = 2 ]
}

@test "recipes 0 and 2: an inside server is published" {
    need curl
    web_server inside
    cook 0
    run cook 2
    assert_success
    assert_output --partial "page of inside"
}

@test "recipes 0 and 2 on several hosts: load balancing, and the loss of a server" {
    need curl
    web_server insideA insideB
    cook 0
    recipe 2 | sed '/^inside/{h; s/inside/insideA/; p; g; s/inside/insideB/}
        ' >recipe.3
    run cook 3
    assert_success
    assert_output --partial "page of inside"
    wait_for 20 page_is "page of insideA"
    wait_for 20 page_is "page of insideB"
    kill -KILL "$(pgrep -fx "vsap-bind .*127.0.0.1:$(port_for insideA:80) .*")"
    for _ in 1 2 3 4 5 6 7 8; do
        assert_equal "$(visit)" "page of insideB"
    done
}

@test "several hops, chained or by a plain relay" {
    need curl
    web_server internalB
    cook 0
    grep -qF '`vsapd -l :8000 -r firewall:8000`' "$ROOT/README.md"
    cat >recipe.4 <<'END'
internalA$ vsapd -l :8000 -r firewall:8000
internalB$ vsap-bind -s internalA:8000 -t 127.0.0.1:80 :8080
outside$ curl http://firewall:8080/
END
    run cook 4
    assert_success
    assert_output --partial "page of internalB"
    grep -qF 'vsap-relay -l :8000 firewall:8000 ' "$ROOT/man/vsapd.8"
    start plain vsap-relay -l 127.0.0.1:0 \
        "127.0.0.1:$(port_for firewall:8000)" </dev/null
    hop=$(listening_on "$LOG")
    start behind vsap-bind -s "$hop" -t "127.0.0.1:$(port_for internalB:80)" \
        "127.0.0.1:$(port_for firewall:8081)" </dev/null
    wait_log "$LOG" 'listening on'
    run curl -sS "http://127.0.0.1:$(port_for firewall:8081)/"
    assert_output "page of internalB"
}

@test "vsap(7): the session by hand comes out as printed" {
    cook 0
    manual vsap.7 'BIND localhost:8080' >text
    b=127.0.0.1:$(port_for firewall:8080)
    session_open hand "127.0.0.1:$(port_for firewall:8000)"
    while IFS= read -r line <&9; do
        line=${line//127.0.0.1:8080/$b}
        case $line in
        *" accepted.")
            session_open visitor "$b"
            heard=$(hear hand)
            [[ $heard =~ ^"${line%% 127.0.0.1:1682*} "127\.0\.0\.1:[0-9]+" accepted."$ ]]
            ;;
        VSAP/*) assert_equal "$(hear hand)" "$line" ;;
        *) say hand "${line//localhost:8080/localhost:${b#*:}}" ;;
        esac
    done 9<text
    say hand "typed by hand"
    assert_equal "$(hear visitor)" "typed by hand"
    say visitor "typed back"
    assert_equal "$(hear hand)" "typed back"
}

@test "recipe ssh: by ProxyCommand" {
    start_sshd
    echo "target:22 $SSHD_PORT" >>ports
    run cook ssh
    assert_success
    assert_line 'ssh is through'
}

@test "vsap-bind(1): a service under a name, without a port" {
    manual vsap-bind.1 'name:date date' >recipe.name
    run cook name
    assert_success
    assert_output --regexp '[0-9]{4}'
}

# Two users at the addresses talk to each other on #vsap; the second comes from
# 127.0.0.2, and that is what WHOIS shows.
two_chat() { # ADDRESS ADDRESS
    A=$1 B=$2 talk <<-'END'
	irc a $A anna
	say a JOIN #vsap
	until a :\S+ 366 anna #vsap :.*
	irc b $B bert 127.0.0.2
	say b JOIN #vsap
	until a :bert!\S+ JOIN #vsap
	say b PRIVMSG #vsap :hello
	until a :bert!\S+ PRIVMSG #vsap :hello
	say b WHOIS bert
	until b :\S+ 378 bert bert :.* 127\.0\.0\.2
	END
}

@test "recipe chat: a server without a configuration, a channel" {
    cook chat
    grep -q '^/join #vsap$' recipe.chat
    two_chat "127.0.0.1:$(port_for inside:6667)" \
        "127.0.0.1:$(port_for inside:6667)"
}

@test "recipe fdpass: the server gets the connection, with its address" {
    cook chat
    cook fdpass
    two_chat "127.0.0.1:$(port_for inside:6667)" \
        "127.0.0.1:$(port_for firewall:6667)"
}

@test "recipe fdpass on the gateway's own host: nobody is in between" {
    VSAPD_NAME=gateway start_vsapd -b "$(port_for firewall:6667)" \
        -l "$BATS_TEST_TMPDIR/run/vsapd.sock"
    cook chat
    recipe fdpass | sed 's|-s firewall:8000|-s /run/vsapd/vsapd.sock|' |
        sed -n 's/^inside\$ //p' >command
    translate firewall "$(<command)" >translated
    start publish bash -c "exec $(<translated)" </dev/null
    wait_log "$LOG" 'listening on'
    two_chat "127.0.0.1:$(port_for inside:6667)" \
        "127.0.0.1:$(port_for firewall:6667)"
    wait_log "$BATS_TEST_TMPDIR/gateway.log" 'passed 127.0.0.1:'
    run ! grep ': relay ' "$BATS_TEST_TMPDIR/gateway.log"
}

@test "ircd-lite(8): alone on a pipe, and as a command of vsap-bind" {
    {
        manual ircd-lite.8 '| ircd-lite -i'
        manual ircd-lite.8 ':6667 ircd-lite -i'
    } | sed 's/^\$ /inside$ /' >recipe.inetd

    VSAPD_NAME=gateway start_vsapd -b "$(port_for firewall:6667)" \
        -l "127.0.0.1:$(port_for firewall:8000)"
    mkdir -m 700 irc
    run cook inetd
    assert_success
    assert_line --regexp ' 001 a :Welcome '
    two_chat "127.0.0.1:$(port_for firewall:6667)" \
        "127.0.0.1:$(port_for firewall:6667)"
}

@test "vsapd(8): ssh in between, each ssh user an owner" {
    need curl
    manual vsapd.8 'ssh -N -L' >recipe.tunnel
    start_sshd
    web_server inside
    run cook tunnel
    cat cooked.log
    assert_success
    assert_output --partial "page of inside"
    grep -q "by uid:$(id -u) at unix" tunnel-1.log
}

# A file of examples/ with what a test must not use replaced.
example() { # NAME
    sed "s|8706|$PORT|; s|/usr/local/sbin/vsapd|$BATS_TEST_TMPDIR/bin/vsapd|
        s|= root|= $(id -un)|
        s|-i |-i -R $BATS_TEST_TMPDIR/run |
        s|8080-8081|1024-65535|" "$ROOT/examples/$1" >"$1"
}

gateway_answers() {
    wait_listen "127.0.0.1:$PORT"
    run vsap_lines "127.0.0.1:$PORT" 'ECHO hello' 'BIND 127.0.0.1:0' QUIT
    assert_line --partial hello
    assert_line --partial ' bound.'
}

@test "examples/inetd.conf serves under openbsd-inetd" {
    peer inetd
    need_root "inetd leaves a pid file in /run"
    PORT=$(free_port)
    example inetd.conf
    start inetd unshare -m sh -c 'mount --make-rprivate / &&
        mount -t tmpfs none /run && exec "$@"' - \
        "$PEERS/bin/inetd" -d -i "$PWD/inetd.conf" </dev/null
    gateway_answers
}

@test "examples/xinetd.vsapd serves under xinetd" {
    peer xinetd
    PORT=$(free_port)
    example xinetd.vsapd
    start xinetd xinetd -dontfork -f "$PWD/xinetd.vsapd" \
        -pidfile "$PWD/pid" -filelog "$PWD/xinetd.log" </dev/null
    gateway_answers
}

@test "every recipe of the text is run by a test" {
    grep -o '<!-- recipe [[:alnum:].]* -->' "$ROOT/README.md" |
        awk '{ print $3 }' | sort >there
    printf '%s\n' 0 1 2 chat fdpass internet internet.conf internet.use ssh |
        sort >used
    diff used there
}

@test "every test that DEVIATIONS.md names is there" {
    tr '\n' ' ' <"$ROOT/DEVIATIONS.md" | tr -s ' ' | grep -oE '\*[^*]+\*' |
        tr -d '*' >names
    [ "$(wc -l <names)" -gt 20 ]
    while IFS= read -r name; do
        grep -qF "@test \"$name\"" "$ROOT"/tests/*.bats || echo "$name"
    done <names >missing
    run cat missing
    assert_output ""
}

@test "every file that the documents link to is there" {
    local doc link

    for doc in README ARCHITECTURE CONTRIBUTING DEVIATIONS; do
        grep -oE '\]\([^)#]+' "$ROOT/$doc.md" | sed 's/^](//' |
            grep -v '^http' >links || continue
        while read -r link; do
            [ -e "$ROOT/$link" ] || echo "$doc.md: $link"
        done <links
    done >missing
    run cat missing
    assert_output ""
}

# ---- on the Internet ---------------------------------------------------------

# Two free ports next to each other; prints the first.
two_ports() {
    perl -MIO::Socket::INET -e '
        for (1 .. 200) {
            my $p = 20000 + int rand 40000;
            my @s = map { IO::Socket::INET->new(Listen => 1,
                LocalAddr => "0.0.0.0", LocalPort => $_) } $p, $p + 1;
            if ($s[0] && $s[1]) { print "$p\n"; last }
        }'
}

# The text with this test's ports and names.
here_for() {
    sed -e "s/8080-8081/$TWO-$((TWO + 1))/g; s/:8080/:$TWO/g; s/PASSWORD/geheim/g" \
        -e "s/firewall:8706/localhost:$MAIN/g; s/localhost:8706/localhost:$MAIN/g" \
        -e "s/listen on :8706/listen on 127.0.0.1:$MAIN/" \
        -e "s/tls:firewall/tls:localhost:$MAIN/; s/firewall:$TWO/localhost:$TWO/" \
        -e "s/-t 127.0.0.1:80 /-t 127.0.0.1:$(port_for inside:80) /" \
        -e "s/-D 1080/-D $LOCAL/; s/localhost:1080/localhost:$LOCAL/" \
        -e "s/-U ops /-U ops:geheim /" \
        -e "s|vsapd -f|vsapd -R $BATS_TEST_TMPDIR/run -f|"
}

@test "recipe internet: a CA, a user, two ports; what no rule permits is refused" {
    local line cmd n=0
    need curl
    web_server inside
    MAIN=$(free_port) TWO=$(two_ports) LOCAL=$(free_port)
    recipe internet | sed 's/^firewall\$ //' >steps
    sed -i 's/vsapd -H |/vsapd -H <<<geheim |/' steps
    bash -e steps
    recipe internet.conf | here_for >vsapd.conf
    recipe internet.use | here_for >use
    while IFS= read -r line <&9; do
        cmd=${line#*\$ }
        n=$((n + 1))
        case $cmd in
        *"vsapd -n "*) eval "$cmd" | grep -q fine ;;
        *"sed q "*) (eval "$cmd") < <(grep '^ops:geheim$' use) ;;
        ops:*) ;; # typed
        VSAP_AUTH_FILE=* | *"vsapd -R "*)
            start "use-$n" bash -c "${cmd/ vsap-/ exec vsap-}" </dev/null
            wait_log "$LOG" 'listening on' >/dev/null
            ;;
        *) assert_equal "$(eval "$cmd -sS --max-time 10")" "page of inside" ;;
        esac
    done 9<use
    # On one machine, with 127.0.0.1 for every name.
    run curl -sS --socks5 "127.0.0.1:$MAIN" -U ops:geheim "http://127.0.0.1:$TWO/"
    assert_output "page of inside"
    run curl -sS -p -x "https://127.0.0.1:$MAIN" -U ops:geheim --proxy-cacert ca.pem \
        "http://127.0.0.1:$TWO/"
    assert_output "page of inside"
    # What the rules forbid, in each protocol.
    export VSAP_AUTH=ops:geheim
    run vsap-connect -s "tls:localhost:$MAIN" --ca=ca.pem 127.0.0.1 "$MAIN" </dev/null
    assert_output --partial '410 forbidden: no rule permits user:ops to connect'
    run vsap-bind -s "tls:localhost:$MAIN" --ca=ca.pem ":$LOCAL" true
    assert_output --partial 'no rule permits user:ops to bind'
    run curl -sS --socks5-hostname "ops:geheim@localhost:$MAIN" \
        "http://localhost:$(port_for inside:80)/"
    assert_failure
    run curl -sS --socks5-hostname "ops:wrong@localhost:$MAIN" "http://localhost:$TWO/"
    assert_failure
    run curl -sS -p --proxy "https://localhost:$MAIN" --proxy-cacert ca.pem "http://localhost:$TWO/"
    assert_output --partial 407
    run vsapd -f vsapd.conf -T 'user ops bind :22'
    assert_failure 1
    assert_output --partial denied
}
