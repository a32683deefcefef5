#!/usr/bin/env bats
# vsapd.conf(5) as people meet it: -n on the examples and on mistakes, -T, and
# what goes with a file and what does not.  Nothing is started here.

load lib/common
load lib/tls

# A configuration of the standard input, and what -n says of it.
conf() { # lines of vsapd.conf
    printf '%s\n' "$@" >vsapd.conf
    chmod 600 vsapd.conf
}

check() { # lines of vsapd.conf
    conf "$@"
    run vsapd -n -f vsapd.conf
}

# It is refused with this behind the file's name.
wrong() { # MESSAGE lines of vsapd.conf
    local want=$1

    shift
    check "$@"
    assert_failure 1
    assert_output "vsapd: $PWD/vsapd.conf:$want"
}

# Hashes of "secret", made once for all tests.
setup_file() {
    # shellcheck disable=SC2155 # its status shows in the tests
    export HASHES=$(echo secret | "$BUILD/vsapd" -H)
}

hash_of() { # crypt|scram
    case $1 in
    crypt) sed -n 1p <<<"$HASHES" ;;
    scram) sed -n 2p <<<"$HASHES" ;;
    esac
}

# ---- the examples -----------------------------------------------------------

example() { # NAME, SED...: a copy of it, with the paths of this test
    local name=$1

    shift
    sed "$@" "$ROOT/examples/$name" >vsapd.conf
    chmod 600 vsapd.conf
}

@test "each example is fine, and says how much it has" {
    example vsapd.conf -e ''
    run vsapd -n -f vsapd.conf
    assert_success
    assert_output "$PWD/vsapd.conf: fine: 10 rules, 2 listeners, 3 users"
    example vsapd-office.conf -e ''
    run vsapd -n -f vsapd.conf
    assert_success
    assert_output "$PWD/vsapd.conf: fine: 3 rules, 2 listeners, 1 user"
    example vsapd-balancer.conf -e ''
    run vsapd -n -f vsapd.conf
    assert_success
    assert_output "$PWD/vsapd.conf: fine: 2 rules, 2 listeners, 1 user"
}

@test "the example with TLS is fine once there is a certificate" {
    example vsapd-tls.conf -e "s|/etc/vsapd/|$PWD/|g"
    run vsapd -n -f vsapd.conf
    assert_failure 1
    assert_output --partial "$PWD/cert.pem: No such file or directory"
    self_signed cert
    mv cert.key key.pem
    run vsapd -n -f vsapd.conf
    assert_success
    assert_output "$PWD/vsapd.conf: fine: 2 rules, 2 listeners, 1 user"
    # By its own words: the command of its comment makes such a certificate.
    run sed -n 's/^#	\(openssl req.*\)/\1/p' "$ROOT/examples/vsapd-tls.conf"
    assert_output --partial 'openssl req -x509'
}

@test "what the full example has in comments is right, too" {
    self_signed cert
    mv cert.key key.pem
    : >users.conf
    printf 'guest:%s\n' "$(hash_of scram)" >vsapd.passwd
    chmod 600 vsapd.passwd
    mkdir names
    # Statements behind "# ", not the prose.
    example vsapd.conf -E \
        -e '/^# upstream firewall/d; /^# listen on 127.0.0.1:8706/d' \
        -e 's/^# (include "|listen on|tls \{|\}|passwords file|permit cert)/\1/' \
        -e 's/^# (authentication req|upstream|workers|log [sv]|sandbox)/\1/' \
        -e 's/^# (root|run (as|directory)) "/\1 "/' \
        -e 's/^#	(certificate|client|protocols|workers) /\1 /' \
        -e "s|/etc/vsapd/users.conf|$PWD/users.conf|" \
        -e "s|/etc/vsapd/clients.pem|$PWD/cert.pem|" \
        -e "s|/etc/vsapd/ca.pem|$PWD/cert.pem|" \
        -e "s|/etc/vsapd/|$PWD/|g; s|/etc/vsapd.passwd|$PWD/vsapd.passwd|" \
        -e "s|/var/lib/vsapd/names|$PWD/names|" \
        -e "s|run as \"vsapd\"|run as \"$(id -un)\"|"
    run vsapd -n -f vsapd.conf
    assert_line "$PWD/vsapd.conf: fine: 11 rules, 7 listeners, 4 users"
    assert_success
}

@test "an example cut off anywhere within a statement is an error" {
    local n size

    size=$(wc -c <"$ROOT/examples/vsapd-balancer.conf")
    for n in $(seq $((size - 60)) 7 $((size - 1))); do
        head -c "$n" "$ROOT/examples/vsapd-balancer.conf" >vsapd.conf
        chmod 600 vsapd.conf
        run vsapd -n -f vsapd.conf
        if [ "$(tail -c 1 vsapd.conf)" != "" ]; then
            assert_failure 1
            assert_output --regexp 'vsapd.conf:[0-9]+: .*(cut off|ends|expected)'
        fi
    done
}

@test "the manual's examples are right" {
    self_signed cert
    awk '/^\.Sh EXAMPLES/ { on = 1 } /^\.Sh SEE/ { on = 0 }
        on && /^\.Bd/ { n++; next } /^\.Ed/ { next }
        on && n && !/^\./ && !/:[0-9]+: |^    / {
            gsub("\\\\e", "\\"); print > "page" n ".conf" }
        on && /^\.(Pp|Ed)/ { }' "$ROOT/man/vsapd.conf.5"
    # (Prose between the displays belongs to none of them.)
    for f in page?.conf; do
        grep -E '^(listen|tls|admit|auth|user|permit|deny|office)' "$f" |
            sed -e "s|/etc/vsapd/cert.pem|$PWD/cert.pem|" \
                -e "s|/etc/vsapd/key.pem|$PWD/cert.key|" \
                -e "s|\"\$y\$j9T\$...\"|\"$(hash_of crypt)\"|" \
                -e "s|\"SCRAM-SHA-256\$...\"|\"$(hash_of scram)\"|" >"v$f"
        chmod 600 "v$f"
        [ -s "v$f" ] || continue
        run vsapd -n -f "v$f"
        assert_success
        assert_output --partial 'fine'
        echo "$f" >>tried
    done
    [ "$(wc -l <tried)" -ge 5 ]
}

# ---- mistakes ---------------------------------------------------------------

@test "a mistake is told with file, line, what stands there and what could" {
    wrong '3: found clear, expected cleartext' \
        '# a comment' '' 'listen on :1 passwords clear'
    wrong '1: found allow, expected a statement; what a rule lets through it begins with permit' \
        'allow bind 80'
    wrong '1: found x, expected on' 'listen x'
    wrong '2: found }, expected key' 'tls {' 'certificate "c" }'
    wrong '1: found connect, expected a text or {; as a text this word stands in quotes' \
        'permit user connect connect any'
    wrong '1: found ,, expected the end of the line, certificate, fingerprint, from, gid, group, over, rate, send, uid, user or visitors; several stand in braces: { a, b }' \
        'permit bind 80, 81'
}

@test "what is out of range, there twice or does not go together is told" {
    wrong '1: timeout idle 25 hours: at most 1 day' 'timeout idle 25 hours'
    wrong '1: workers 65: at most 64' 'workers 65'
    wrong "2: workers is set already in $PWD/vsapd.conf:1" \
        'workers 1' 'workers 2'
    wrong '1: listen on :1: metrics are all that it has: no protocols' \
        'listen on :1 metrics protocols http'
    wrong '1: listen on :1: mode is for UNIX-domain sockets' \
        'listen on :1 mode 0600'
    wrong '2: listen on /x: there is a listener at this address already' \
        'listen on /x' 'listen on /x'
    wrong '1: rate belongs to permit, not to deny' 'deny bind 80 rate 5'
}

@test "an address or a network that is none is told, with what to write" {
    check 'permit connect 10.0.0.0/33:*'
    assert_failure 1
    assert_output --partial 'vsapd.conf:1: 10.0.0.0/33'
    check 'permit bind *:99999'
    assert_failure 1
    assert_output --partial 'vsapd.conf:1: *:99999: "99999" is neither a port'
    check 'admit from example.org'
    assert_failure 1
    assert_output --partial 'vsapd.conf:1: admit from example.org'
    check 'listen on gw.example.org:1'
    assert_failure 1
    assert_output --partial 'vsapd.conf:1: listen on gw.example.org:1'
}

@test "half a file is not taken for a whole one" {
    printf 'permit stat\npermit bind 80' >vsapd.conf
    run vsapd -n -f vsapd.conf
    assert_failure 1
    assert_output --partial 'vsapd.conf:2: the last line does not end'
    printf 'tls {\n certificate "c" key "k"\n' >vsapd.conf
    run vsapd -n -f vsapd.conf
    assert_failure 1
    assert_output --partial 'vsapd.conf:3: the file ends inside of the block that begins in line 1'
    printf 'user a password "$y$j9' >vsapd.conf
    run vsapd -n -f vsapd.conf
    assert_failure 1
    assert_output --partial 'vsapd.conf:1: the text that begins here has no closing quote'
}

@test "an included file's mistake is told with its own name" {
    mkdir sub
    printf 'x = 1\npermit bund 80\n' >sub/rules.conf
    check 'include "sub/rules.conf"'
    assert_failure 1
    assert_output --partial "vsapd: $PWD/sub/rules.conf:2: found bund, expected"
    wrong "1: $PWD/sub/nix: No such file or directory" 'include "sub/nix"'
}

@test "a file that is not there, or a folder" {
    run vsapd -n -f nix
    assert_failure 1
    assert_output "vsapd: $PWD/nix: No such file or directory"
    run vsapd -n -f .
    assert_failure 1
    assert_output --partial 'Is a directory'
}

# ---- what cannot be used stops the start --------------------------------------

@test "what the system does not have is told with the statement that wants it" {
    [ "$(id -u)" != 0 ] || wrong '2: run as nobody-at-all: the system has no such user' \
        'permit bind any' 'run as "nobody-at-all"'
    wrong '2: root /nowhere: No such file or directory' 'permit bind any' 'root "/nowhere"'
    wrong '1: log file in /nowhere: No such file or directory' 'log file "/nowhere/log"'
    wrong "1: $PWD/nix.pem: No such file or directory" \
        'tls {' 'certificate "nix.pem" key "nix.key"' '}'
    wrong "2: $PWD/nix.pem: No such file or directory" \
        'permit bind any' 'upstream tls:127.0.0.1:1 {' 'ca "nix.pem"' '}'
}

@test "what decides nothing is said, and is no mistake" {
    check 'permit from local stat' 'permit bind http://www.example.org/docs/*' \
        'permit over tls stat'
    assert_success
    assert_line "vsapd: $PWD/vsapd.conf:2: http:// addresses cannot be bound or reached: the rule decides nothing"
    assert_line "vsapd: $PWD/vsapd.conf:3: no listener has tls: the rule decides nothing"
    assert_line --partial 'fine: 3 rules'
    check 'upstream 127.0.0.1:1' 'permit connect 10.0.0.1:80 send proxy v1'
    assert_line "vsapd: $PWD/vsapd.conf:2: send proxy: the upstream connects, and sends none"
    make_ca ca
    DAYS=-1 make_cert ca old localhost
    check 'listen on 127.0.0.1:0 tls' 'permit from local stat' \
        'tls { certificate "old.pem" key "old.key" }'
    assert_success
    assert_line "vsapd: $PWD/old.pem: the certificate has expired: clients will refuse it"
}

@test "several mistakes are all told, those of one statement once" {
    conf 'listen on nowhere' 'permit bond any' 'permit bind { 127.0.0.1:1, x y }' 'deny any at all'
    run vsapd -n -f vsapd.conf
    assert_failure 1
    [ "$(grep -c "^vsapd: $PWD/vsapd.conf:[1-4]: " <<<"$output")" = 4 ]
}

@test "a credential that cannot be used stops the start" {
    wrong '1: password of user a: not a hash; make its two by vsapd -H' \
        'user a password secret'
    check 'user a password "$y$j9T$cut"'
    assert_failure 1
    assert_output --partial 'vsapd.conf:1: user a: '
    check 'user a password "SCRAM-SHA-256$65536:x"'
    assert_failure 1
    assert_output --partial 'vsapd.conf:1: user a: '
    check "user a password \"$(hash_of crypt)\" password \"$(hash_of scram)\""
    assert_success
    check 'passwords file "nix"'
    assert_failure 1
    assert_output "vsapd: $PWD/vsapd.conf:1: $PWD/nix: No such file or directory"
    wrong '1: authentication required, and there are no users: add user NAME password "HASH", or passwords file "FILE"' \
        'authentication required'
}

@test "a rule for somebody who is not there stops the start" {
    wrong '1: user "bob": there is no such user' 'permit user bob stat'
    wrong '2: group "ops": there is no such group; a group of the system is gid' \
        '' 'permit group ops stat'
    wrong '1: user "bob": there is no such user' 'group ops { bob }'
    wrong '1: user "no-such-user": the system has no such user' \
        'permit uid no-such-user stat'
    wrong '1: group "no-such-group": the system has no such group' \
        'listen on /x group no-such-group'
    printf 'bob:%s\n' "$(hash_of scram)" >people
    chmod 600 people
    check 'passwords file people' 'permit user bob stat'
    assert_success
    assert_output --partial '1 rule, 2 listeners, 1 user'
}

@test "certificates are tried before anything listens" {
    wrong '1: tls: there is no certificate for it; add tls { certificate "FILE" key "FILE" }' \
        'listen on :1 tls'
    wrong '1: no client is asked for a certificate; add client ca "FILE" to tls { }' \
        'permit certificate "x" over tls stat'
    self_signed one
    self_signed two
    check 'tls { certificate one.pem key one.key }' 'listen on :1 tls' \
        'permit stat'
    assert_success
    check 'tls { certificate one.pem key two.key }'
    assert_failure 1
    assert_output --partial 'one.pem'
    chmod 644 one.key
    check 'tls { certificate one.pem key one.key }'
    assert_failure 1
    assert_output --partial 'one.key'
}

@test "passwords that others may read, and a file that all may write" {
    conf "user a password \"$(hash_of scram)\""
    chmod 644 vsapd.conf
    run vsapd -n -f vsapd.conf
    assert_failure 1
    assert_output "vsapd: $PWD/vsapd.conf: it has passwords, and others may read it: chmod o= $PWD/vsapd.conf"
    conf 'permit stat'
    chmod 644 vsapd.conf
    run vsapd -n -f vsapd.conf
    assert_success
    chmod 646 vsapd.conf
    run vsapd -n -f vsapd.conf
    assert_failure 1
    assert_output --partial 'everybody may write it'
}

@test "a listener for strangers needs a rule for them" {
    wrong '1: listen on *:1 can be reached from other machines, but nothing is permitted to them: add a rule for what they may do, as "permit from 10.0.0.0/8 bind 8080-8081"; or listen on 127.0.0.1' \
        'listen on :1' 'permit from local connect any' 'deny stat'
    check 'listen on :1' 'permit connect *.example.org:22'
    assert_success
    check 'listen on 127.0.0.1:1' 'listen on /x' 'listen on :2 metrics'
    assert_success
    wrong '1: listen on *:1 is named by upstream, too: a gateway is not its own upstream' \
        'listen on :1' 'upstream localhost:1' 'permit connect any'
}

# ---- options, and a file ------------------------------------------------------

@test "what a file says is not said by options, too" {
    conf 'permit stat'
    for o in '-l :1|listen on ADDRESS' '-b 80|permit bind PORTS' \
        '-c x:1|permit { connect, forward } DESTINATION' \
        '-a *|admit from NETWORK' '-r gw:1|upstream ADDRESS' \
        '-A x|passwords file "FILE", and authentication required' \
        "-g $(id -gn)|group GROUP behind listen on PATH"; do
        read -r -a words <<<"${o%%|*}"
        run vsapd -n "${words[@]}" -f vsapd.conf
        assert_failure 1
        assert_output "vsapd: ${words[0]} does not go with -f; write in $PWD/vsapd.conf: ${o#*|}"
    done
}

@test "options of the process go with a file, and before it" {
    conf 'workers 3' 'run directory "/run/of-the-file"' 'permit stat'
    run vsapd -n -v -f vsapd.conf
    assert_line 'workers 3'
    assert_line 'run directory /run/of-the-file'
    run vsapd -n -v -f vsapd.conf -j 2 -R "$PWD/run" -u "$(id -un)" -d
    assert_success
    assert_line 'workers 2'
    assert_line "run directory $PWD/run"
    refute_line 'log verbose'
}

@test "options alone are checked, too" {
    run vsapd -n -R "$PWD/run" -l :1 -b 8080-8081
    assert_success
    assert_output --regexp '^options: fine: [0-9]+ rules, 1 listener, 0 users$'
    run vsapd -n -R "$PWD/run" -l :1
    assert_failure 1
    assert_output --partial 'nothing is permitted to them: add -b PORTS'
    run vsapd -n -R "$PWD/run" -l 127.0.0.1:8706 -r localhost:8706
    assert_failure 1
    assert_output 'vsapd: -r names what -l listens on: a gateway is not its own upstream'
}

@test "-n -v prints all that is in force, and no hash" {
    conf 'inside = { 10.0.0.0/8, fd00::/8 }' 'listen on :8706' \
        "user a password \"$(hash_of crypt)\"" \
        'permit user a from $inside bind { *:80, *:443 }' \
        'limit binds per user 5'
    run vsapd -n -v -f vsapd.conf
    assert_success
    assert_line 'listen on *:8706'
    assert_line 'user a'
    assert_line "# $PWD/vsapd.conf:4"
    assert_line 'permit user a from { 10.0.0.0/8, fd00::/8 } bind { *:80, *:443 }'
    assert_line 'limit binds per user 5'
    assert_line '# limit binds per source 4000 (not for local peers)'
    assert_line 'timeout hello 60 seconds'
    refute_output --partial '$y$'
}

# ---- -T -----------------------------------------------------------------------

# What -T says to a query; the file is named F.
decides() { # STATUS ANSWER QUERY
    run vsapd -f vsapd.conf -T "$3"
    assert_equal "$3: ${output//$PWD\/vsapd.conf/F}" "$3: $2"
    assert_equal "$3: $status" "$3: $1"
}

@test "-T says which rule decides, for whom and where" {
    local who=10.1.2.3 no='denied: no rule matches' r11

    self_signed cert
    conf "user ops password \"$(hash_of scram)\"" \
        "user boss password \"$(hash_of scram)\"" 'group admins { boss }' \
        'tls { certificate cert.pem key cert.key client ca cert.pem }' \
        'listen on 127.0.0.1:8706' \
        'admit from { 10.0.0.0/8, 127.0.0.0/8 }' \
        'deny connect 10.255.0.0/16:*' \
        'permit user ops from 10.0.0.0/8 bind *:8080-8090' \
        'permit group admins all' \
        'permit from 10.0.0.0/8 connect { 192.0.2.0/24:80, *.example.org:22 }' \
        'permit uid root connect /tmp/*' \
        'permit gid 12345 bind name:*' \
        'permit certificate "*.ops" over tls stat' \
        'permit from local connect { *:*, localhost:22 }' \
        'permit from local bind 127.0.0.1:1024-65535'
    r11='F:9: permit group admins all'

    decides 0 'permitted by F:8: permit user ops from 10.0.0.0/8 bind *:8080-8090' \
        "user ops from $who bind :8080"
    decides 0 'permitted by F:8: permit user ops from 10.0.0.0/8 bind *:8080-8090 (a port of 8080 to 8090)' \
        "user ops from $who bind :0"
    decides 1 "$no" "user ops from $who bind :8091"
    decides 1 "$no" "from $who bind :8080"
    decides 1 "$no" "user ops from local bind :8080"
    decides 0 "permitted by $r11" "user boss from $who bind :22"
    decides 0 "permitted by $r11" "user boss from $who stat"
    decides 1 'denied by F:7: deny connect 10.255.0.0/16:*' \
        "user boss from $who connect 10.255.1.1:80"
    decides 0 "permitted by $r11" "user boss from $who forward 10.255.1.1:80"
    decides 0 "permitted by $r11 (a listener of the gateway)" \
        "user boss from $who connect 127.0.0.1:8706"
    decides 0 'permitted by F:10: permit from 10.0.0.0/8 connect { 192.0.2.0/24:80, *.example.org:22 }' \
        "from $who connect 192.0.2.7:80"
    decides 1 "$no" "from $who connect 192.0.2.7:81"
    decides 1 "$no" "from $who connect 127.0.0.1:22"
    decides 1 "$no" "from $who stat"
    decides 1 'denied: this address is not admitted (admit from, -a)' \
        'from 192.0.2.1 stat'
    decides 0 'permitted by F:11: permit uid 0 connect /tmp/*' \
        'uid root connect /tmp/x'
    decides 1 "$no" 'uid 4242 connect /tmp/x'
    decides 0 'permitted by F:12: permit gid 12345 bind name:*' \
        'uid 4242 gid 12345 bind name:x'
    decides 0 'permitted by F:13: permit certificate *.ops over tls stat' \
        "certificate web.ops over tls from $who stat"
    decides 1 "$no" "certificate web.dev over tls from $who stat"
    decides 0 '127.0.0.1: permitted by F:14: permit from local connect { *:*, localhost:22 }' \
        'from local connect localhost:22'
    decides 0 'permitted by F:14: permit from local connect { *:*, localhost:22 }' \
        'from 127.0.0.1 connect 192.0.2.1:99'
    decides 1 "$no" 'from local connect 127.0.0.1:25'
    decides 1 "$no (a listener of the gateway)" \
        'from local connect 127.0.0.1:8706'
    decides 0 'permitted by F:15: permit from local bind 127.0.0.1:1024-65535' \
        'from local bind localhost:8080'
    decides 1 "$no" 'from local bind :8080'
}

@test "-T answers for options, and for nothing at all" {
    run vsapd -R "$PWD/run" -l :1 -b 8080-8081 -T 'from 10.0.0.1 bind :8080'
    assert_success
    assert_output 'permitted by -b: permit bind 8080-8081'
    run vsapd -R "$PWD/run" -l :1 -b 8080-8081 -T 'from local connect 127.0.0.1:9'
    assert_success
    assert_output 'permitted built in: permit from local { connect, forward } any'
    run vsapd -R "$PWD/run" -l :1 -b 80 -a 10.0.0.0/8 -T 'from 192.0.2.1 bind :80'
    assert_failure 1
    assert_output 'denied: this address is not admitted (admit from, -a)'
}

@test "-T looks at authentication required, and at the upstream" {
    conf "user ops password \"$(hash_of scram)\"" 'authentication required' \
        'upstream 192.0.2.1:8706' 'permit connect *.example.org:22'
    decides 1 'denied: nobody may do anything without a user name (authentication required, -A)' \
        'from local connect www.example.org:22'
    decides 0 'permitted by F:4: permit connect *.example.org:22 (the upstream looks at its addresses)' \
        'user ops from local connect www.example.org:22'
}

@test "-T says what is wrong with a query" {
    conf 'permit stat'
    decides 1 'vsapd: -T: query: found x, expected bind, certificate, connect, fingerprint, forward, from, gid, over, stat, uid or user' 'x'
    decides 1 'vsapd: -T: query: expected bind, connect, forward or stat' \
        'from local'
    decides 1 'vsapd: -T: query: user "ops": there is no such user' \
        'user ops stat'
    decides 1 'vsapd: -T: query: from 10.0.0.0/8: expected one address, as 10.1.2.3, or local' \
        'from 10.0.0.0/8 stat'
    decides 1 'vsapd: -T: query: connect h: no port; write h:port' 'connect h'
}
