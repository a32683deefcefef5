#!/bin/sh
# Layout, static analysis, manual pages and shell syntax: lint.sh FILE...
# (C sources and manual pages).  Status 1 if anything is to be said.
set -u
bad=0

fail() {
    echo "lint: $*" >&2
    bad=1
}

sources= pages=
for f; do
    case $f in
    *.[ch]) sources="$sources $f" ;;
    *) pages="$pages $f" ;;
    esac
done

# shellcheck disable=SC2086 # file names are words, here and below
clang-format --dry-run -Werror $sources || fail "clang-format -i would change these"

# Comments are left as they were typed, so their width is looked at here.
# shellcheck disable=SC2086
long=$(for f in $sources; do
    expand "$f" | awk -v f="$f" 'length > 80 { print f ":" NR ": " $0 }'
done)
[ -z "$long" ] || fail "lines longer than 80 columns:
$long"

# One configuration: the sources have no mazes of #ifdef.  Tests and load
# generators die by abort() and err() in ways that it does not follow.
# shellcheck disable=SC2086
cppcheck -q --std=c11 --language=c --error-exitcode=1 --inline-suppr \
    --enable=warning,performance --library=posix --library=bsd \
    --max-configs=1 -D_GNU_SOURCE -D__linux__ -DLIBBSD_OVERLAY \
    -DVERSION='""' -DLIBEXECDIR='""' -DFUZZ_REPLAY \
    -Ilibcommon -Ibin -I/usr/include/bsd \
    --suppress=missingIncludeSystem --suppress=unknownMacro \
    --suppress='*:/usr/include/*' \
    $(printf '%s\n' $sources | grep -E '^(bin|libcommon)/.*\.c$') || fail cppcheck

for f in $pages; do
    mandoc -Tlint -W warning "$f" || fail "$f"
done

# Neither C string functions without a length, nor numbers without a check.
# shellcheck disable=SC2086
grep -nE '\b(sprintf|strcpy|strcat|atoi|atol|strtok|rand)\(' $sources &&
    fail "functions that are not used here (CONTRIBUTING.md)"

for f in tests/tools/*.sh examples/*.sh; do
    [ ! -e "$f" ] || sh -n "$f" || fail "$f"
done
for f in tests/lib/*.bash completions/bash/* .ci/run bench/run bench/*.bash; do
    [ ! -f "$f" ] || bash -n "$f" || fail "$f"
done
for f in tests/*.bats; do
    [ ! -e "$f" ] || bats --count "$f" >/dev/null || fail "$f"
done
for f in examples/*.pl; do
    [ ! -e "$f" ] || perl -c "$f" 2>/dev/null || fail "$f"
done
for f in completions/zsh/*; do
    [ ! -e "$f" ] || zsh -n "$f" || fail "$f"
done
for f in completions/fish/*; do
    [ ! -e "$f" ] || fish -n "$f" || fail "$f"
done

[ $bad = 0 ] && echo "lint: nothing to say"
exit $bad
