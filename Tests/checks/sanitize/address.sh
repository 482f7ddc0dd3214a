#!/usr/bin/env bash
# The C programs under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, against a library built with
# AddressSanitizer. OpenBLAS and HDF5 are as they come, but their allocations are watched too.
set -uo pipefail
cd "$(dirname "$0")/../../.."
. Tests/checks/sanitize/build.sh

instrument address
export ASAN_OPTIONS=detect_leaks=1:exitcode=3:allocator_may_return_null=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export LSAN_OPTIONS=exitcode=5:suppressions=$PWD/Tests/checks/sanitize/leaks.supp:print_suppressions=0

for source in Tests/c/*.c; do
    case $(basename "$source" .c) in
    same_bits) ;; # arithmetic, at length
    concurrent) under address "$source" 30 ;;
    *) under address "$source" ;;
    esac
done
exit $status
