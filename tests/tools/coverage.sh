#!/bin/sh
# How many lines of ircd-lite the tests reach, by file.
#
#	coverage.sh [-l] [-n] [FOLDER [BATS-FILE...]]
#
# Builds into FOLDER (build/coverage), without a sandbox, runs the units, the
# fuzzers' corpora and the bats files (tests/irc-*.bats), and prints a line a
# file.  -l: and the lines that were not reached; -n: runs nothing, prints
# what was gathered before.  Status 1 if a handler (cmd_*.c, mode_*.c) is
# below 90 %.  Processes that are killed do not count.
set -eu

list=0
run=1
while getopts ln option; do
    case $option in
    l) list=1 ;;
    n) run=0 ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
build=${1:-build/coverage}
[ $# -eq 0 ] || shift
case $build in /*) ;; *) build=$PWD/$build ;; esac
[ $# -gt 0 ] || set -- tests/irc-*.bats

# Units and fuzzers that are linked with ircd-lite.
of_ircd() { # FOLDER
    grep -l '^#include "ircd-lite/' tests/"$1"/*.c | sed 's|.*/||; s|\.c$||'
}

if [ $run = 1 ]; then
    make -s -j"$(nproc)" B="$build" SANDBOX=none SAN=--coverage \
        CFLAGS='-O0 -g' HARDEN=-fPIE all units fuzzers tools
    find "$build" -name '*.gcda' -delete
    # The server process of root is somebody else, and writes there too.
    umask 0
    find "$build" -type d -exec chmod a+rwx '{}' +
    for unit in $(of_ircd unit); do
        "$build/unit/$unit" >"$build/$unit.log" 2>&1 || echo "$unit failed"
    done
    for fuzzer in $(of_ircd fuzz); do
        "$build/fuzz/$fuzzer" "tests/corpus/${fuzzer#fuzz_}" \
            >"$build/$fuzzer.log" 2>&1 || echo "$fuzzer failed"
    done
    BUILD=$build bats "$@" >"$build/bats.log" 2>&1 || :
    grep '^not ok' "$build/bats.log" || :
fi

# "PERCENT LINES FILE" of each source, the lowest first.
cd "$build/bin/ircd-lite"
gcov -n ./*.gcno 2>/dev/null | awk -F"[':% ]+" '
    /^File / { file = $2 }
    /^Lines executed/ && file ~ /^bin\/ircd-lite\/.*\.c$/ {
        printf "%6.2f %4d %s\n", $3, $5, file
        file = ""
    }' | sort -n >"$build/coverage.txt"
cd - >/dev/null
cat "$build/coverage.txt"
awk '{ all += $2; reached += $1 * $2 / 100 }
    END { printf "%6.2f %4d all\n", 100 * reached / all, all }' \
    "$build/coverage.txt"
if [ $list = 1 ]; then
    awk '$1 < 100 { print $3 }' "$build/coverage.txt" | while read -r source; do
        gcov -t -o "$build/bin/ircd-lite" "$source" 2>/dev/null </dev/null |
            awk -F: -v source="$source" '
                $1 ~ /-:?$/ && $3 == "Source" { mine = $4 == source }
                mine && $1 ~ /#####/ {
                    text = $0
                    sub(/^[^:]*:[^:]*:/, "", text)
                    print source ":" $2 + 0 ":" text
                }'
    done
fi
! awk '$3 ~ /\/(cmd|mode)_/ && $1 < 90' "$build/coverage.txt" | grep .
