#!/usr/bin/env bash
# The C programs under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer. The library itself is not
# instrumented, but its every allocation is: overflows of the callers' arrays, uses after free and leaks are seen.
set -uo pipefail
cd "$(dirname "$0")/../../.."

release=$PWD/.build/release
status=0
mkdir -p build/sanitize
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=3:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=4
export LSAN_OPTIONS=exitcode=5

for source in Tests/c/*.c; do
    name=$(basename "$source" .c)
    # It measures what the checker's own allocator changes, and runs for long.
    arguments=()
    case $name in
    same_bits) continue ;;
    concurrent) arguments=(40) ;;
    esac
    if ! ${CC:-cc} -std=c99 -g -O1 -DSANITIZED -fsanitize=address,undefined -fno-sanitize-recover=all -Iinclude "$source" \
        -o "build/sanitize/$name" -L"$release" -Wl,-rpath,"$release" -lapus -lpthread -lm; then
        echo "not ok address $name does not build"
        status=1
        continue
    fi
    output=$("build/sanitize/$name" "${arguments[@]}" 2>&1 </dev/null)
    result=$?
    if [ $result -eq 0 ]; then echo "ok address $name"; else
        echo "not ok address $name: status $result"
        grep -v '^ok ' <<<"$output" | head -60
        status=1
    fi
done
exit $status
