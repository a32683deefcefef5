#!/bin/sh
# What building, testing and measuring need from Debian.
#
#   deps.sh check [GROUP...]     say what is missing; status 1 if anything is
#   deps.sh install [GROUP...]   install what is missing (root or sudo)
#   deps.sh ensure [GROUP...]    check in silence, install only if needed
#
# Groups: build (the default), demo, test, lint, fuzz, bench.  Each line of a table
# below is "probe:argument package"; a package is wanted if its probe fails.
set -u

build='
cmd:gcc gcc
cmd:make make
cmd:pkg-config pkg-config
header:stdio.h libc6-dev
header:crypt.h libcrypt-dev
pc:libbsd-overlay libbsd-dev
pc:libevent_core libevent-dev
pc:libcares libc-ares-dev
pc:libtls libtls-dev
pc:libcrypto libssl-dev
pc:libseccomp libseccomp-dev
cmd:bison bison
'
test='
cmd:bats bats
file:/usr/lib/bats/bats-support/load.bash bats-support
file:/usr/lib/bats/bats-assert/load.bash bats-assert
cmd:nc.openbsd netcat-openbsd
cmd:socat socat
cmd:curl curl
cmd:openssl openssl
cmd:ssh openssh-client
perl:Time::HiRes perl
python:http.server python3
cmd:ip iproute2
cmd:mandoc mandoc
cmd:zsh zsh
cmd:fish fish
cmd:pkill procps
cmd:tmux tmux
file:/etc/protocols netbase
file:/usr/lib/python3/dist-packages/prometheus_client/parser.py python3-prometheus-client
'
lint='
cmd:clang-format clang-format
cmd:cppcheck cppcheck
cmd:mandoc mandoc
cmd:zsh zsh
cmd:fish fish
cmd:bats bats
'
demo='
cmd:nc.openbsd netcat-openbsd
'
fuzz='
cmd:clang clang
glob:/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-* libclang-rt-14-dev
'
bench='
python:http.server python3
cmd:socat socat
cmd:ssh openssh-client
cmd:openssl openssl
cmd:nc.openbsd netcat-openbsd
cmd:gnuplot gnuplot-nox
'

group() {
    case $1 in
    build) printf '%s' "$build" ;;
    test) printf '%s' "$test" ;;
    lint) printf '%s' "$lint" ;;
    fuzz) printf '%s' "$fuzz" ;;
    demo) printf '%s' "$demo" ;;
    bench) printf '%s' "$bench" ;;
    *)
        echo "deps.sh: $1: no such group (build demo test lint fuzz bench)" >&2
        exit 2
        ;;
    esac
}

present() { # PROBE:ARGUMENT
    arg=${1#*:}
    case $1 in
    cmd:*) command -v "$arg" ;;
    file:*) test -e "$arg" ;;
    glob:*) set -- $arg && test -e "$1" ;;
    perl:*) perl "-M$arg" -e 1 ;;
    python:*) python3 -c "import $arg" ;;
    pc:*) pkg-config --exists "$arg" ;;
    header:*) echo "#include <$arg>" | "${CC:-gcc}" -E - ;;
    esac >/dev/null 2>&1
}

# The packages that the groups lack, one a line, each once.
missing() {
    for g; do
        group "$g" | while read -r probe package; do
            [ -z "$probe" ] || present "$probe" || echo "$package"
        done
    done | sort -u
}

check() {
    want=$(missing "$@" | tr '\n' ' ')
    [ -n "$want" ] || return 0
    cat >&2 <<END
Not installed, but needed here ($*): $want
On Debian this installs it:
    make deps
or  apt-get install --no-install-recommends $want
END
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "deps.sh: neither root nor sudo; as root, run: $*" >&2
        return 1
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
        install --no-install-recommends "$@" </dev/null
}

install() {
    # The names are words: one package each.
    set -- $(missing "$@")
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || {
        echo "deps.sh: no apt-get here; the Debian names of what is" \
            "missing are: $*" >&2
        return 1
    }
    echo "Installing with apt-get: $*"
    log=$(mktemp) || return
    # Package lists that are absent or old make the first try fail.
    apt_install "$@" >"$log" 2>&1 || {
        as_root apt-get -q -o DPkg::Lock::Timeout=120 update \
            >"$log" 2>&1 </dev/null && apt_install "$@" >>"$log" 2>&1
    } || {
        cat "$log" >&2
        rm -f "$log"
        return 1
    }
    rm -f "$log"
}

verb=${1:-check}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- build
for g; do
    group "$g" >/dev/null || exit
done
case $verb in
check) check "$@" ;;
install) install "$@" && check "$@" ;;
ensure) check "$@" 2>/dev/null || { install "$@" && check "$@"; } ;;
*)
    echo "usage: deps.sh check|install|ensure [build|demo|test|lint|fuzz|bench]..." >&2
    exit 2
    ;;
esac
