#!/bin/sh
# make help
cat <<'END'
make demo       builds; a gateway, a service and a chat published on it, two who
                talk across it; installs what is missing (Debian)
make check      every test; installs what the tests need (Debian)
make            builds build/vsapd, vsap-bind, vsap-connect, vsap-relay,
                ircd-lite
make install    to PREFIX (/usr/local), below DESTDIR if given; uninstall

make check-unit check-fuzz check-man check-bats     one kind of test
                check-bats T='tests/20*.bats' picks files
make asan       unit tests, corpus and bats under the sanitizers
make fuzz       each parser for FUZZ_SECONDS=60 under libFuzzer
make lint       layout, cppcheck, manual pages, shell syntax
make coverage   lines of ircd-lite that the tests reach (gcov)
make bench      measures against other programs; see bench/
make dist compdb clean deps peers
END
