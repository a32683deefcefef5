#!/bin/sh
# compile_commands.json on standard output: compdb.sh CC FLAG... -- FILE...
set -eu

json() {
    printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

command=
while [ "$1" != -- ]; do
    command="$command$(json "$1"), "
    shift
done
shift
dir=$(json "$PWD")
comma='['
for f; do
    file=$(json "$f")
    printf '%s\n{ "directory": %s, "file": %s,\n  "arguments": [%s"-c", %s] }' \
        "$comma" "$dir" "$file" "$command" "$file"
    comma=,
done
printf '\n]\n'
