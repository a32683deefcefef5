#!/bin/sh
# Fetch programs that the tests and the benchmarks meet, but which would
# start by themselves or conflict if they were installed: their packages are
# downloaded and unpacked below the build folder, with the libraries that
# this machine lacks.  Nothing is installed, configured or enabled.
#
#   peers.sh [NAME...]    sshd inetd xinetd irssi weechat-headless ii sic
#                         proxychains4 haproxy (the default), ngircd inspircd
#                         nginx microsocks danted stunnel4 socat
#
# Leaves $PEERS/bin/NAME (PEERS defaults to build/peers); of IRC clients that
# are installed here, a starter alone.  Says what could not be had, and then
# has status 1.
#
# inspircd finds its modules by its configuration:
#	<path moduledir="$PEERS/root/usr/lib/inspircd/modules">
# and asks for --runasroot where it is started so; the other paths in that
# tag (configdir datadir logdir runtimedir) are best given as well.
set -u

here=$(cd "$(dirname "$0")/../.." && pwd)
PEERS=${PEERS:-$here/build/peers}
root=$PEERS/root
apt_options="-q -o Acquire::Retries=1 -o Acquire::http::Timeout=20"

package_of() {
    case $1 in
    sshd) echo openssh-server ;;
    inetd) echo openbsd-inetd ;;
    weechat-headless) echo weechat-headless weechat-core ;;
    nginx) echo nginx libnginx-mod-stream ;;
    danted) echo dante-server ;;
    proxychains4) echo proxychains4 libproxychains4 ;;
    *) echo "$1" ;;
    esac
}

# Where the program lies below the root of its package.
program_of() {
    case $1 in
    microsocks | socat | stunnel4 | proxychains4 | irssi | \
        weechat-headless | ii | sic)
        echo "usr/bin/$1"
        ;;
    *) echo "usr/sbin/$1" ;;
    esac
}

# Packages to unpack for PACKAGE...: they and those libraries that
# installing them would add here.
closure() {
    printf '%s\n' "$@"
    apt-get -s $apt_options --no-install-recommends install "$@" \
        2>/dev/null </dev/null | awk '
        # Inst NAME [installed version] (candidate ...): libraries only, and
        # none that is here in another version.
        $1 == "Inst" && $2 ~ /^lib/ && $3 !~ /^\[/ { print $2 }'
}

unpack() { # PACKAGE...
    dir=$PEERS/debs
    mkdir -p "$dir" "$root" || return
    (cd "$dir" && apt-get $apt_options download "$@" >log 2>&1 </dev/null) ||
        return
    for p; do
        for deb in "$dir/${p%%:*}"_*.deb; do
            [ -e "$deb" ] && dpkg -x "$deb" "$root" || return
        done
    done
}

libraries() {
    find "$root/lib" "$root/usr/lib" -name '*.so.*' 2>/dev/null |
        sed 's|/[^/]*$||' | sort -u | tr '\n' ':'
}

# A starter that sets the library path.  sshd as root wants a user of its
# own and a folder in /run: it gets both in a mount namespace.  weechat has
# its protocols in plugins, proxychains4 looks for its library in its folder.
wrap() { # NAME PROGRAM
    program=$2
    [ -x "$program" ] || return
    mkdir -p "$PEERS/bin"
    for library in "$root"/usr/lib/*/libproxychains.so.4; do
        [ "$1" != proxychains4 ] || [ ! -e "$library" ] ||
            ln -sf "$library" "$root/usr/bin/" || return
    done
    {
        echo '#!/bin/sh'
        echo "LD_LIBRARY_PATH='$(libraries)'"'${LD_LIBRARY_PATH:-}'
        echo 'LD_LIBRARY_PATH=${LD_LIBRARY_PATH%:}'
        echo '[ -z "$LD_LIBRARY_PATH" ] || export LD_LIBRARY_PATH'
        if [ "$1" = sshd ]; then
            cat <<'END'
if [ "$(id -u)" = 0 ] && [ -z "${SSHD_NS:-}" ]; then
    SSHD_NS=1 exec unshare -m sh "$0" "$@"
fi
if [ -n "${SSHD_NS:-}" ]; then
    unset SSHD_NS
    mount -t tmpfs -o mode=755 none /run && mkdir -m 755 /run/sshd || exit
    { grep -v '^sshd:' /etc/passwd &&
        echo 'sshd:x:65534:65534::/run/sshd:/usr/sbin/nologin'
    } >/run/passwd
    echo 'root:*:19000:0:99999:7:::' >/run/shadow && chmod 600 /run/shadow
    mount --bind /run/passwd /etc/passwd
    mount --bind /run/shadow /etc/shadow
fi
END
        fi
        if [ "$1" = weechat-headless ]; then
            for plugins in "$root"/usr/lib/*/weechat/plugins; do
                [ ! -d "$plugins" ] ||
                    echo "export WEECHAT_EXTRA_LIBDIR='${plugins%/*}'"
            done
        fi
        echo "exec '$program' \"\$@\""
    } >"$PEERS/bin/$1.new" && chmod 755 "$PEERS/bin/$1.new" &&
        mv "$PEERS/bin/$1.new" "$PEERS/bin/$1"
}

# All libraries of the program, and of the plugin that it is here for, are
# found.
runs() { # NAME
    case $1 in
    weechat*) set -- "$1" "$root"/usr/lib/*/weechat/plugins/irc.so ;;
    esac
    name=$1
    shift
    set -- "$root/$(program_of "$name")" "$@"
    (LD_LIBRARY_PATH=$(libraries)${LD_LIBRARY_PATH:-}
    export LD_LIBRARY_PATH
    ! ldd "$@" 2>/dev/null | grep -q 'not found')
}

# Some hosts have no package lists yet.
lists() {
    apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]' && return
    [ "$(id -u)" != 0 ] || apt-get $apt_options update >/dev/null 2>&1 \
        </dev/null
}

# One that starts nothing by itself and that somebody has installed is as good.
installed() { # NAME
    case $1 in
    irssi | weechat-headless | ii | sic | haproxy | proxychains4)
        command -v "$1"
        ;;
    *) false ;;
    esac
}

fetch() { # NAME
    [ ! -x "$PEERS/bin/$1" ] || return 0
    if path=$(installed "$1"); then
        wrap "$1" "$path"
        return
    fi
    set -- "$1" $(package_of "$1")
    name=$1
    shift
    lists "$1"
    # Most libraries are here already, and apt takes its time to say which.
    { unpack "$@" && runs "$name"; } ||
        { unpack $(closure "$@" | sort -u) && runs "$name"; } || return
    wrap "$name" "$root/$(program_of "$name")"
}

command -v apt-get >/dev/null && command -v dpkg >/dev/null || {
    echo "peers.sh: no apt-get and dpkg here" >&2
    exit 1
}
[ $# -gt 0 ] || set -- sshd inetd xinetd irssi weechat-headless ii sic \
    proxychains4 haproxy
status=0
for peer; do
    if fetch "$peer"; then
        echo "peer $peer: $PEERS/bin/$peer"
    else
        echo "peers.sh: $peer could not be fetched" >&2
        status=1
    fi
done
exit $status
