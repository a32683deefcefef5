#!/bin/sh
# Run each libFuzzer program of BUILD for SECONDS, starting from the corpus;
# what it finds stays in BUILD/found/NAME, a crash stops everything.
#   fuzz.sh BUILD SECONDS
set -eu

build=$1
seconds=$2
for fuzzer in "$build"/fuzz/fuzz_*; do
    name=${fuzzer##*/fuzz_}
    case $name in *.d) continue ;; esac
    mkdir -p "$build/found/$name"
    log=$build/found/$name.log
    "$fuzzer" -max_total_time="$seconds" -timeout=5 -max_len=8192 \
        -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$build/found/$name-" \
        "$build/found/$name" "tests/corpus/$name" \
        >"$log" 2>&1 </dev/null || {
        cat "$log"
        exit 1
    }
    inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "fuzz_$name: $seconds seconds, $inputs inputs, nothing found"
done
