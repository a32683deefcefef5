#!/bin/sh
# A VSAP client in sh and nc: what vsap-connect and vsap-bind do, in plain
# lines.  Standard input and output become the stream.
#
#	vsap-client.sh connect example.org:80	reach an address
#	vsap-client.sh bind :8080		serve one visitor there
#
# VSAP_SERVER names the gateway (127.0.0.1:8706).
set -u
usage="usage: vsap-client.sh connect|bind address"
verb=${1:?$usage} address=${2:?$usage}
server=${VSAP_SERVER:-127.0.0.1:8706}

dir=$(mktemp -d) && mkfifo "$dir/to" "$dir/from" || exit 111
trap 'rm -rf "$dir"' EXIT
nc -N "${server%:*}" "${server##*:}" <"$dir/to" >"$dir/from" &
exec 3>"$dir/to" 4<"$dir/from" 5<&0

ask() { # CODE, then the request; its reply must have that code
    code=$1
    shift
    printf '%s\r\n' "$*" >&3
    # read takes the bytes of one line and not one more
    IFS= read -r reply <&4 || { echo "$server: closed" >&2; exit 111; }
    echo "$reply" >&2
    case $reply in "VSAP/0.1 $code "*) ;; *) exit 111 ;; esac
}

case $verb in
connect)
    ask 240 "VSAP/0.1 CONNECT $address" ;;
bind)
    ask 210 "BIND $address" && ask 220 "LISTEN 1" && ask 230 "ACCEPT" ;;
*)
    echo "$usage" >&2; exit 100 ;;
esac
printf 'RELAY\r\n' >&3 # not answered: the stream begins

cat <&5 >&3 & # its end reaches the peer, as nobody else writes to nc then
exec 3>&-
cat <&4
kill $! 2>/dev/null
exit 0
