# make install and uninstall, below a DESTDIR and with another PREFIX.

load lib/common

export BATS_TEST_TIMEOUT=300 # it may build everything

# Runs the Makefile on a copy of the build under test: another PREFIX makes
# no more anew than what knows it.
mk() {
    local b=$BATS_FILE_TMPDIR/build

    if [ ! -d "$b" ]; then
        mkdir "$b"
        cp -a "$BUILD"/libcommon "$BUILD"/bin "$BUILD"/*.a "$BUILD"/.flags \
            "$BUILD"/.deps "$b" || :
    fi
    make -s -C "$ROOT" B="$b" PREFIX=/opt/vsap \
        DESTDIR="$BATS_TEST_TMPDIR/dest" "$@" </dev/null 3>&- 4>&-
}

@test "install puts everything below DESTDIR, uninstall takes it away" {
    local d=$BATS_TEST_TMPDIR/dest/opt/vsap p page

    mk install
    for p in bin/vsap-bind bin/vsap-connect bin/vsap-relay sbin/vsapd; do
        [ -x "$d/$p" ]
    done
    [ "$(readlink "$d/libexec/vsap-relay")" = /opt/vsap/bin/vsap-relay ]
    for page in "$ROOT"/man/*.[1-9]; do
        [ -s "$d/share/man/man${page##*.}/${page##*/}" ]
    done
    for p in $PROGRAMS; do
        [ -s "$d/share/bash-completion/completions/$p" ]
        [ -s "$d/share/zsh/site-functions/_$p" ]
        [ -s "$d/share/fish/vendor_completions.d/$p.fish" ]
    done
    grep -q '^ExecStart=/opt/vsap/sbin/vsapd' \
        "$d/lib/systemd/system/vsapd.service"
    run grep -r "$BATS_TEST_TMPDIR" "$d/lib" "$d/share"
    assert_failure
    # Nothing outside the prefix.
    [ "$(ls "$BATS_TEST_TMPDIR/dest")" = opt ]

    mk uninstall
    run find "$BATS_TEST_TMPDIR/dest" ! -type d
    assert_output ""
}

@test "an installed vsapd finds its workers in LIBEXECDIR" {
    need_root "mounts the installed tree in a namespace of its own"
    unshare -m true 2>/dev/null || lacking "no mount namespaces here"
    local d=$BATS_TEST_TMPDIR/dest

    mk install
    mkdir -p run.installed
    # /opt of the namespace alone is the installed tree.
    mkdir -p /opt
    start installed unshare -m sh -c "mount --bind $d/opt /opt &&
        exec /opt/vsap/sbin/vsapd -R $BATS_TEST_TMPDIR/run.installed \
            -l 127.0.0.1:0" </dev/null
    addr=$(listening_on "$LOG")
    run vsap_lines "$addr" 'ECHO hello' QUIT
    assert_line --partial hello
    run vsap_lines "$addr" "CONNECT $addr" RELAY 'ECHO relayed' QUIT
    assert_line --partial relayed
}

@test "the systemd unit is well-formed" {
    command -v systemd-analyze >/dev/null || skip "no systemd here"
    sed "s|/usr/local/sbin/vsapd|$(command -v vsapd)|; /^Documentation/d" \
        "$ROOT/examples/vsapd.service" >vsapd.service
    run systemd-analyze verify --man=no "$PWD/vsapd.service"
    refute_output --partial vsapd.service
}

@test "compile_commands.json names every C source" {
    need python3
    (cd "$ROOT" && make -s -n compdb) >/dev/null
    (cd "$ROOT" && sh tests/tools/compdb.sh gcc '-DX="a b"' -- \
        libcommon/*.c) >c.json
    run python3 -c 'import json
for c in json.load(open("c.json")):
    assert c["arguments"][1] == "-DX=\"a b\"", c
    print(c["file"])'
    assert_success
    assert_equal "$output" "$(cd "$ROOT" && ls libcommon/*.c)"
}
