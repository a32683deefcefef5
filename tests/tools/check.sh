#!/bin/sh
# Run tests of the programs in BUILD and add up their results.
#
#   check.sh BUILD [unit] [fuzz] [man] [bats]
#
# unit  each BUILD/unit/t_*, which print TAP
# fuzz  each BUILD/fuzz/fuzz_NAME over every file of tests/corpus/NAME
# man   mandoc's lint over man/
# bats  tests/*.bats (or the files in $T), several at a time: as many as
#       $VSAP_TEST_JOBS, or one more than the processors, since tests
#       mostly wait; four at most; files named
#       *alone*.bats come last and one by one, and up to three files that
#       failed once more, alone
#
# What is of interest goes to standard output, all TAP to BUILD/check.  The last
# line is "N passed, N failed", with ", N skipped" if any; status 1 if one
# failed or nothing ran.
set -u

if [ "${1:-}" = --one ]; then # a unit, fuzz or bats file, started by lanes()
    shift
    mode=one
else
    mode=all
    build=$(cd "$1" && pwd) || exit 2
    shift
    out=$build/check
    mkdir -p "$out"
    rm -f "$out"/*
    export build out
fi

# Complete the TAP in $1.part, made by $2 with status $3: a program that
# died or did not keep its plan has failed, whatever its lines say.
judge() {
    awk -v name="$2" -v status="$3" '
        { print }
        /^1\.\.[0-9]/ { plan = substr($1, 4) + 0; planned = 1 }
        /^(not )?ok/ { n++ }
        /^not ok/ { bad++ }
        END {
            if (!planned && n + 0 == 0 && status == 0)
                print "ok - " name
            else if (status != 0 && bad + 0 == 0)
                print "not ok - " name ": status " status
            else if (planned && n + 0 != plan)
                print "not ok - " name ": planned " plan ", ran " n + 0
        }' "$1.part" >"$1"
    rm -f "$1.part"
}

# What is shown of a TAP file.  Of C programs only what failed: they make
# thousands of lines.  All of it stays in BUILD/check.
brief() {
    case $1 in
    */unit_*)
        awk '/^ok/ { n++; bad = 0; next }
            /^not ok/ { bad = 1 }
            bad || !/^(#|1\.\.)/ { print }
            END { print "# " n + 0 " passed" }' "$1"
        ;;
    */fuzz_*) grep -v '^# tests/corpus/' "$1" ;;
    *) cat "$1" ;;
    esac
}

# Run one test program and show its results in one piece.
one() { # NAME LIMIT command...
    name=$1 limit=$2
    shift 2
    tap=$out/$(echo "$name" | tr / _).tap
    began=$(date +%s)
    # timeout leads a process group, which an interrupt is to end too.
    timeout -k 10 "$limit" "$@" >"$tap.part" 2>&1 </dev/null &
    trap 'kill $!; exit 130' INT TERM HUP
    wait $!
    judge "$tap" "$name" $?
    trap - INT TERM HUP
    (
        flock 9
        echo "# $name: $(($(date +%s) - began)) s"
        brief "$tap"
    ) 9>>"$out/lock"
}

units() {
    for program in "$build"/unit/t_*; do
        case $program in *.d | *'*') continue ;; esac
        one "unit/${program##*/}" 300 "$program"
    done
}

replay() {
    for program in "$build"/fuzz/fuzz_*; do
        case $program in *.d | *'*') continue ;; esac
        name=${program##*/fuzz_}
        set -- tests/corpus/"$name"/*
        if [ -e "$1" ]; then
            one "fuzz/$name ($# files)" 300 "$program" "$@"
        else
            one "fuzz/$name" 10 sh -c 'echo no corpus; exit 1'
        fi
    done
}

pages() {
    for page in man/*.[1-9]; do
        [ -e "$page" ] || continue
        one "$page" 20 mandoc -Tlint -W warning "$page"
    done
}

# bats files are names without blanks.
lanes() { # LANES, files on standard input
    BUILD=$build xargs -P "$1" -I '{}' sh "$0" --one '{}'
}

bats_all() {
    jobs=${VSAP_TEST_JOBS:-$(($(nproc) + 1))}
    [ "$jobs" -le 4 ] || jobs=4
    # shellcheck disable=SC2086 # $T is a list of patterns
    ls -S ${T:-tests/*.bats} >"$out/files" || return # the longest first
    grep -v alone "$out/files" | lanes "$jobs"
    grep alone "$out/files" | lanes 1
    again
}

# Tests wait for conditions, with limits that a machine busy with the tests
# beside them may pass: up to three files that failed run once more, alone.
again() {
    while read -r file; do
        ! grep -q '^not ok' "$out/$(echo "$file" | tr / _).tap" ||
            echo "$file"
    done <"$out/files" >"$out/again"
    [ "$(wc -l <"$out/again")" -le 3 ] || return
    sed 's/^/# failed beside others, now alone: /' "$out/again"
    lanes 1 <"$out/again"
}

total() {
    cat "$out"/*.tap 2>/dev/null | awk '
        /^ok.* # skip/ { skipped++; next }
        /^ok/ { passed++ }
        /^not ok/ { failed++ }
        END {
            printf "%d passed, %d failed", passed, failed
            if (skipped)
                printf ", %d skipped", skipped
            printf "\n"
            exit !(failed + 0 == 0 && passed + 0 > 0)
        }'
}

if [ $mode = one ]; then
    one "$1" 1800 bats --formatter tap -T "$1"
    exit 0
fi
for part; do
    case $part in
    unit) units ;;
    fuzz) replay ;;
    man) pages ;;
    bats) bats_all ;;
    esac
done
if grep -q '^not ok' "$out"/*.tap 2>/dev/null; then
    echo "# failed:"
    grep -h '^not ok' "$out"/*.tap | sed 's/^/#   /'
fi
if grep -q '^ok.* # skip' "$out"/*.tap 2>/dev/null; then
    echo "# skipped:"
    grep -h '^ok.* # skip' "$out"/*.tap | sed 's/^/#   /'
fi
total
