# Certificates for tests, and gateways that are reached by TLS.  In a test
# file:
#
#	load lib/common
#	load lib/tls

# A certificate that nobody else has signed: NAME.pem, NAME.key
self_signed() { # NAME [CN [option of openssl req...]]
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=${2:-$1}" "${@:3}" \
        2>/dev/null
    chmod 600 "$1.key"
}

# A CA of this name: NAME.pem, NAME.key
make_ca() { # NAME
    self_signed "$1" "the CA $1"
}

# A certificate by that CA for these names and addresses: NAME.pem, NAME.key,
# and both in NAME.both, as socat wants them.  DAYS=-1: it has expired.
make_cert() { # CA NAME SAN...
    local ca=$1 name=$2 san=() s

    shift 2
    for s; do
        case $s in
        *:*) san+=("IP:$s") ;;
        *[!0-9.]*) san+=("DNS:$s") ;;
        *) san+=("IP:$s") ;;
        esac
    done
    [ ${#san[@]} -gt 0 ] || san=("DNS:$name")
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
    openssl x509 -req -in "$name.csr" -CA "$ca.pem" -CAkey "$ca.key" \
        -set_serial "$RANDOM$RANDOM" -days "${DAYS:-2}" -out "$name.pem" \
        -extfile <(
            IFS=,
            echo "subjectAltName=${san[*]}"
        ) 2>/dev/null
    cat "$name.pem" "$name.key" >"$name.both"
    chmod 600 "$name.key" "$name.both"
}

fingerprint() { # CERT: as --pin takes it
    openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=/SHA256:/'
}

# TLS by socat in front of what speaks plain at ADDRESS: sets FRONT (tls: and
# its address), FRONT_PID and FRONT_LOG.
tls_front() { # NAME CERT ADDRESS [option of OPENSSL-LISTEN...]
    local name=$1 cert=$2 to=$3 option more=,verify=0

    shift 3
    [ $# -eq 0 ] || more=
    for option; do
        more+=,$option
    done
    start "$name" socat -d -d -t 30 \
        "OPENSSL-LISTEN:0,bind=127.0.0.1,fork,reuseaddr,cert=$cert$more" \
        "TCP:$to" </dev/null
    FRONT_PID=$PID
    FRONT_LOG=$LOG
    FRONT=tls:$(wait_log "$LOG" 'listening on AF=2 127.0.0.1:[0-9]+' |
        grep -oE '127.0.0.1:[0-9]+')
}
