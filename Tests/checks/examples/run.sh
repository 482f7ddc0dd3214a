#!/usr/bin/env bash
# Every example builds without a warning and does what it says.
set -uo pipefail
cd "$(dirname "$0")/../../.."

root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

expect() {
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then echo "ok example $name"; else
        echo "not ok example $name"
        tail -30 "$work/log"
        status=1
    fi
}
# What an example includes beside apus.h it is linked with: hdf5.h with libhdf5, by either of its names in pkg-config.
libraries() {
    grep -q '#include <hdf5.h>' "$1" || return 0
    if pkg-config --exists hdf5; then pkg-config --cflags --libs hdf5; else pkg-config --cflags --libs hdf5-serial; fi
}
build() {
    local source=examples/c/$1.c
    # shellcheck disable=SC2046 # flags are words
    "${CC:-cc}" -std=c99 -Wall -Wextra -pedantic -Werror -O2 -Iinclude "$source" -o "$work/$1" \
        -L.build/release -Wl,-rpath,"$root/.build/release" -lapus $(libraries "$source") -lm
}
run() { (cd "$work" && "./$1" "${@:2}"); }

# block LANGUAGE: the first block of code of that language in the readme
block() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } inside && /^```/ { exit } inside' README.md; }

for source in examples/c/*.c; do
    name=$(basename "$source" .c)
    expect "$name builds" build "$name"
    case $name in
    quickstart) expect "$name runs" run "$name" "$root/examples/data/digits.csv" ;;
    *) expect "$name runs" run "$name" "$root/examples/data" ;;
    esac
done
expect 'quickstart predicts the same in C, Python and Keras' env PYTHONPATH="$root/bindings/python" \
    "$root/.venv/bin/python" examples/python/read_digits.py --require-keras "$work/digits.h5" "$work/digits_predictions.csv"
expect 'quickstart draws a bar on a terminal' sh -c "cd '$work' &&
    script -qec './quickstart \"$root/examples/data/digits.csv\"' /dev/null | tr '\\r' '\\n' | grep -q '\[=*\] 100 %.*samples/s'"

block c >"$work/marks.c"
expect 'the C of the readme builds' "${CC:-cc}" -std=c99 -Wall -Wextra -Werror -Iinclude "$work/marks.c" -o "$work/marks" \
    -L.build/release -Wl,-rpath,"$root/.build/release" -lapus
expect 'the C of the readme runs' sh -c "'$work/marks' | grep -q 'After six hours: 72.3 marks'"
block python >"$work/sign.py"
expect 'the Python of the readme runs' sh -c "cd '$work' && PYTHONPATH='$root/bindings/python' '$root/.venv/bin/python' sign.py"
exit $status
