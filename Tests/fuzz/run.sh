#!/usr/bin/env bash
# The fuzz targets of this folder: run.sh [TARGET...], FUZZ_RUNS executions of each (20,000 unless set).
#
# One library for all, with AddressSanitizer, libFuzzer's coverage and checksums that count for nothing. Inputs that
# reach new code stay in build/fuzz/corpus for the next run, findings in build/fuzz/findings. Ends with status 1 after
# a finding.
set -uo pipefail
cd "$(dirname "$0")/../.."
. Tests/checks/sanitize/build.sh

runs=${FUZZ_RUNS:-20000}
folder=$PWD/build/fuzz
coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table
instrument address fuzz -Xswiftc -sanitize-coverage=$coverage -Xswiftc -DAPUS_FUZZING
mkdir -p "$folder"/{bin,corpus,findings,log}
rm -rf "$folder/seeds"
if ! PYTHONPATH=bindings/python .venv/bin/python Tests/fuzz/seeds.py "$folder/seeds" >"$folder/log/seeds" 2>&1; then
    echo "The seeds cannot be made:"
    tail -5 "$folder/log/seeds"
    exit 1
fi

# Leaks are looked for after each input. An allocation that fails returns NULL, as in any process.
export ASAN_OPTIONS=allocator_may_return_null=1
export LSAN_OPTIONS=suppressions=$PWD/Tests/checks/sanitize/leaks.supp:print_suppressions=0

# fuzz TARGET LONGEST DICTIONARY
fuzz() {
    local target=$1 log=$folder/log/$1 result
    if ! "$clang" -std=c99 -Wall -Wextra -g -O1 -fsanitize=fuzzer,address -Iinclude "Tests/fuzz/$target.c" \
        -o "$folder/bin/$target" -fuse-ld=lld -rdynamic -L"$tree/release" -Wl,-rpath,"$tree/release" -lapus \
        >"$log" 2>&1; then
        echo "not ok $target: does not build"
        head -20 "$log"
        status=1
        return
    fi
    mkdir -p "$folder/corpus/$target" "$folder/seeds/$target"
    nice "$folder/bin/$target" -runs="$runs" -max_len="$2" -timeout=30 -rss_limit_mb=3000 -print_final_stats=1 \
        -dict="Tests/fuzz/$3.dict" -artifact_prefix="$folder/findings/$target-" \
        "$folder/corpus/$target" "$folder/seeds/$target" >"$log" 2>&1
    result=$?
    statistic() { sed -nE "s/^stat::$1: +//p" "$log"; }
    printf '%-14s %9s executions %6s a second, %5s edges, %s MB\n' "$target" \
        "$(statistic number_of_executed_units)" "$(statistic average_exec_per_sec)" \
        "$(grep -oE 'cov: [0-9]+' "$log" | tail -1 | cut -c6-)" "$(statistic peak_rss_mb)"
    if [ $result -ne 0 ]; then
        status=1
        echo "not ok $target: a finding, status $result"
        grep -E 'finding:|ERROR|SUMMARY|Test unit' "$log" | head -10 | sed 's|^|    |'
    fi
}

# one TARGET: the longest input and the words that are worth trying
one() {
    case $1 in
    model | archive | weights | checkpoint | dataset) fuzz "$1" 16000 hdf5 ;;
    inflate) fuzz "$1" 4000 hdf5 ;;
    network_json) fuzz "$1" 6000 json ;;
    parameters | expression) fuzz "$1" 1000 json ;;
    *) echo "unknown target: $1" >&2; exit 2 ;;
    esac
}

targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(model archive weights checkpoint dataset inflate network_json parameters expression)
for target in "${targets[@]}"; do one "$target"; done
exit $status
