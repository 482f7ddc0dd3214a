#!/usr/bin/env bash
# Runs a test program, which reports on stdout. The library never prints, nor does what lies beneath it, so a word on
# stderr is a failure.
set -uo pipefail
words=$(mktemp)
trap 'rm -f "$words"' EXIT
"$@" 2>"$words"
status=$?
if [ -s "$words" ]; then
    echo "not ok $(basename "$1") is silent on stderr:"
    head -c 2000 "$words"
    echo
    [ $status -eq 0 ] && status=1
fi
exit $status
